# What another team writes: the modules at a tag, two chats in one state, in two
# Regions, and tables beside them.
terraform {
  required_version = ">= 1.9"

  required_providers {
    aws = {
      source  = "hashicorp/aws"
      version = ">= 5.100, < 7.0"
    }
  }
}

provider "aws" {
  region = "eu-west-1"
}

provider "aws" {
  alias  = "elsewhere"
  region = "us-west-2"
}

variable "package_dir" {
  type = string
}

variable "architecture" {
  type = string
}

variable "cognito_endpoint" {
  type = string
}

module "chat" {
  source    = "git::file://@REPOSITORY@//modules/chat?ref=@TAG@"
  for_each  = toset(["blue"])
  providers = { aws = aws, aws.us_east_1 = aws }

  name                 = "consumer-${each.key}"
  package_dir          = var.package_dir
  architecture         = var.architecture
  allowed_origins      = ["https://chat.example.com"]
  cognito_endpoint     = var.cognito_endpoint
  deletion_protection  = false
  reserved_concurrency = { authorizer = "unreserved", connect = "unreserved", disconnect = "unreserved", message = "unreserved" }
}

module "chat_elsewhere" {
  source    = "git::file://@REPOSITORY@//modules/chat?ref=@TAG@"
  count     = 1
  providers = { aws = aws.elsewhere, aws.us_east_1 = aws.elsewhere }


  name                 = "consumer-green"
  package_dir          = var.package_dir
  architecture         = var.architecture
  allowed_origins      = ["https://chat.example.com"]
  cognito_endpoint     = var.cognito_endpoint
  deletion_protection  = false
  reserved_concurrency = { authorizer = "unreserved", connect = "unreserved", disconnect = "unreserved", message = "unreserved" }
}

output "chats" {
  value = [for chat in concat(values(module.chat), module.chat_elsewhere) : {
    url       = chat.url
    region    = chat.region
    pool_id   = chat.user_pool_id
    client_id = chat.user_pool_client_id
  }]
}

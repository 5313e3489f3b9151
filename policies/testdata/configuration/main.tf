# What the configuration itself says: providers and modules.

terraform {
  required_providers {
    aws = { source = "hashicorp/aws" }
  }
}

# pass: configuration/provider-credentials
provider "aws" {
  region                      = "eu-west-1"
  access_key                  = "none"
  secret_key                  = "none"
  skip_credentials_validation = true
  skip_requesting_account_id  = true
  skip_metadata_api_check     = true
}

# fail: configuration/provider-credentials
provider "aws" {
  alias                       = "written"
  region                      = "eu-west-1"
  access_key                  = "AKIAIOSFODNN7EXAMPLE"
  secret_key                  = "wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY"
  skip_credentials_validation = true
  skip_requesting_account_id  = true
  skip_metadata_api_check     = true
}

# The environment would give it without a trace.
# fail: configuration/provider-credentials
provider "aws" {
  alias                       = "variable"
  region                      = "eu-west-1"
  access_key                  = var.access_key
  secret_key                  = "none"
  skip_credentials_validation = true
  skip_requesting_account_id  = true
  skip_metadata_api_check     = true
}

# unknown: configuration/provider-credentials
provider "aws" {
  alias                       = "sensitive"
  region                      = "eu-west-1"
  access_key                  = "none"
  secret_key                  = var.secret_key
  skip_credentials_validation = true
  skip_requesting_account_id  = true
  skip_metadata_api_check     = true
}

variable "access_key" {
  type    = string
  default = "ASIAIOSFODNN7EXAMPLE"
}

variable "secret_key" {
  type      = string
  sensitive = true
  default   = "none"
}

# What is nearby has the version of the rest.
module "nearby" {
  source = "./remote"
}

# pass: configuration/module-version
module "commit" {
  source = "git::https://git.example.com/queue.git?ref=58a1ed605d72658509778c7ebb498e117e3e5bf0"
}

# pass: configuration/module-version
module "commit_and_depth" {
  source = "git::https://git.example.com/queue.git?depth=0&ref=58a1ed605d72658509778c7ebb498e117e3e5bf0"
}

# fail: configuration/module-version
module "tag" {
  source = "git::https://git.example.com/queue.git?ref=v1.0.0"
}

# fail: configuration/module-version
module "whatever" {
  source = "git::https://git.example.com/queue.git"
}

# fail: configuration/module-version
module "github" {
  source = "github.com/portcullis-chat/queue"
}

# unknown: configuration/module-version
module "short" {
  source = "git::https://git.example.com/queue.git?ref=58a1ed605d72"
}

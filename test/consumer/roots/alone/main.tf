# Each module alone, with for_each, with count, in two Regions, and after
# something that exists only once it is applied.
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

provider "aws" {
  alias  = "us_east_1"
  region = "us-east-1"
}

variable "package_dir" {
  type = string
}

variable "architecture" {
  type = string
}

# The keys are made in the same plan: their ARNs are not known in it.
resource "aws_kms_key" "here" {}

resource "aws_kms_key" "elsewhere" {
  provider = aws.elsewhere
}

resource "terraform_data" "before" {}

module "table" {
  source   = "git::file://@REPOSITORY@//modules/table?ref=@TAG@"
  for_each = toset(["one", "two"])

  name    = "alone-${each.key}"
  kms_key = { arn = aws_kms_key.here.arn }

  depends_on = [terraform_data.before]
}

module "table_elsewhere" {
  source    = "git::file://@REPOSITORY@//modules/table?ref=@TAG@"
  count     = 1
  providers = { aws = aws.elsewhere }

  name = "alone-one"
}

module "function" {
  source   = "git::file://@REPOSITORY@//modules/function?ref=@TAG@"
  for_each = toset(["one", "two"])

  name                 = "alone-${each.key}"
  package_dir          = var.package_dir
  package_name         = "disconnect"
  architecture         = var.architecture
  reserved_concurrency = "unreserved"
  kms_key_arn          = aws_kms_key.here.arn

  statements = [{ sid = "Table", actions = ["dynamodb:DeleteItem"], resources = [module.table[each.key].arn] }]

  depends_on = [terraform_data.before]
}

module "function_elsewhere" {
  source    = "git::file://@REPOSITORY@//modules/function?ref=@TAG@"
  count     = 1
  providers = { aws = aws.elsewhere }

  name                 = "alone-three"
  package_dir          = var.package_dir
  package_name         = "disconnect"
  architecture         = var.architecture
  reserved_concurrency = "unreserved"
  kms_key_arn          = aws_kms_key.elsewhere.arn
}

module "auth" {
  source   = "git::file://@REPOSITORY@//modules/auth?ref=@TAG@"
  for_each = toset(["one", "two"])

  name                 = "auth-${each.key}"
  package_dir          = var.package_dir
  architecture         = var.architecture
  allowed_origins      = ["https://chat.example.com"]
  reserved_concurrency = "unreserved"
  kms_key_arn          = aws_kms_key.here.arn

  depends_on = [terraform_data.before]
}

module "auth_elsewhere" {
  source    = "git::file://@REPOSITORY@//modules/auth?ref=@TAG@"
  count     = 1
  providers = { aws = aws.elsewhere }

  name                 = "auth-three"
  package_dir          = var.package_dir
  architecture         = var.architecture
  allowed_origins      = ["https://chat.example.com"]
  reserved_concurrency = "unreserved"
  kms_key_arn          = aws_kms_key.elsewhere.arn
  oidc                 = { issuer = "https://id.example.com", jwks_uri = "https://id.example.com/keys", audiences = ["chat"] }
}

module "api" {
  source   = "git::file://@REPOSITORY@//modules/api?ref=@TAG@"
  for_each = toset(["one", "two"])

  name        = "alone-${each.key}"
  authorizer  = module.auth[each.key].authorizer
  kms_key_arn = aws_kms_key.here.arn

  routes = {
    "$connect" = { function = module.function[each.key].target }
    ping       = { mock = "{}" }
  }

  depends_on = [terraform_data.before]
}

module "api_elsewhere" {
  source    = "git::file://@REPOSITORY@//modules/api?ref=@TAG@"
  count     = 1
  providers = { aws = aws.elsewhere }

  name        = "alone-three"
  authorizer  = module.auth_elsewhere[0].authorizer
  kms_key_arn = aws_kms_key.elsewhere.arn
  routes      = { "$connect" = { function = module.function_elsewhere[0].target } }
}

module "account_logging" {
  source   = "git::file://@REPOSITORY@//modules/account-logging?ref=@TAG@"
  for_each = toset(["one"])

  name = "alone-apigateway-logs"

  depends_on = [terraform_data.before]
}

module "account_logging_elsewhere" {
  source    = "git::file://@REPOSITORY@//modules/account-logging?ref=@TAG@"
  count     = 1
  providers = { aws = aws.elsewhere }

  name = "alone-apigateway-logs-elsewhere"
}

module "chat" {
  source    = "git::file://@REPOSITORY@//modules/chat?ref=@TAG@"
  for_each  = toset(["one", "two"])
  providers = { aws = aws, aws.us_east_1 = aws }

  name                 = "alone-${each.key}"
  package_dir          = var.package_dir
  architecture         = var.architecture
  allowed_origins      = ["https://chat.example.com"]
  kms_key              = { arn = aws_kms_key.here.arn }
  permissions_boundary = aws_iam_policy.boundary.arn
  tags                 = { made = terraform_data.before.id }

  depends_on = [terraform_data.before]
}

module "chat_with_edge" {
  source    = "git::file://@REPOSITORY@//modules/chat?ref=@TAG@"
  count     = 1
  providers = { aws = aws.elsewhere, aws.us_east_1 = aws.us_east_1 }

  name            = "alone-edge"
  package_dir     = var.package_dir
  architecture    = var.architecture
  allowed_origins = []
  origin_secrets  = [sha256("alone")]
  edge            = {}

  depends_on = [terraform_data.before]
}

data "aws_iam_policy_document" "boundary" {
  statement {
    actions   = ["dynamodb:*", "execute-api:*", "kms:*", "logs:*", "xray:*"]
    resources = ["*"]
  }
}

resource "aws_iam_policy" "boundary" {
  policy = data.aws_iam_policy_document.boundary.json
}

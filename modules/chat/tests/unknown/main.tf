# A caller that makes in the same plan whatever it gives to the chat, so that
# nothing of it is known while planning.

terraform {
  required_version = ">= 1.9"

  required_providers {
    aws = {
      source  = "hashicorp/aws"
      version = ">= 5.100, < 7.0"
    }
  }
}

resource "terraform_data" "made" {
  input = "made-later"
}

resource "aws_kms_key" "made" {
  enable_key_rotation = true
}

resource "aws_sns_topic" "made" {
  name = "made"
}

resource "aws_route53_zone" "made" {
  name = "example.com"
}

resource "aws_acm_certificate" "made" {
  domain_name       = "ws.example.com"
  validation_method = "DNS"
}

module "own_issuer" {
  source = "../.."

  name         = terraform_data.made.output
  package_dir  = "../function/tests/package"
  architecture = "x86_64"

  allowed_origins = ["https://${terraform_data.made.output}.example.com"]
  origin_secrets  = [sha256(terraform_data.made.output)]
  kms_key         = { arn = aws_kms_key.made.arn }

  oidc = {
    issuer    = "https://${terraform_data.made.output}.example.com"
    jwks_uri  = "https://${terraform_data.made.output}.example.com/keys"
    audiences = [terraform_data.made.output]
  }

  permissions_boundary = "arn:aws:iam::111122223333:policy/${terraform_data.made.output}"
  tags                 = { made = terraform_data.made.output }

  custom_domain = {
    name        = "ws.${terraform_data.made.output}.example.com"
    certificate = { arn = aws_acm_certificate.made.arn }
    hosted_zone = { id = aws_route53_zone.made.zone_id }
  }
  disable_execute_api_endpoint = true

  alarms    = { topic = { arn = aws_sns_topic.made.arn } }
  dashboard = true
  cost_tags = true
}

# Two in one Region.
module "user_pool" {
  source   = "../.."
  for_each = { a = "first", b = "second" }

  name             = "${terraform_data.made.output}-${each.value}"
  alarms           = {}
  package_dir      = "../function/tests/package"
  allowed_origins  = [terraform_data.made.output]
  cognito_endpoint = "https://${terraform_data.made.output}.example.com"

  user_pool = {
    callback_urls  = ["https://${terraform_data.made.output}.example.com/"]
    sign_in_domain = { prefix = "${terraform_data.made.output}-${each.value}" }
  }
}

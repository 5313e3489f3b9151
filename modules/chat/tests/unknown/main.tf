# A caller that makes in the same plan whatever it gives to the chat, so that
# nothing of it is known while planning.

terraform {
  required_version = ">= 1.9"

  required_providers {
    aws = {
      source                = "hashicorp/aws"
      version               = ">= 5.100, < 7.0"
      configuration_aliases = [aws.us_east_1]
    }
  }
}

resource "terraform_data" "made" {
  input = "made-later"
}

resource "terraform_data" "made_in_aws" {
  input = {
    key_arn         = "arn:aws:kms:eu-west-1:111122223333:key/1a2b3c4d-0000-4000-8000-000000000000"
    certificate_arn = "arn:aws:acm:eu-west-1:111122223333:certificate/1a2b3c4d-0000-4000-8000-000000000000"
    topic_arn       = "arn:aws:sns:eu-west-1:111122223333:made"
    zone_id         = "Z0123456789EXAMPLE"
  }
}

module "own_issuer" {
  source = "../.."

  providers = {
    aws           = aws
    aws.us_east_1 = aws.us_east_1
  }

  name         = terraform_data.made.output
  package_dir  = "../function/tests/package"
  architecture = "x86_64"

  allowed_origins = ["https://${terraform_data.made.output}.example.com"]
  origin_secrets  = [sha256(terraform_data.made.output)]
  kms_key         = { arn = terraform_data.made_in_aws.output.key_arn }

  oidc = {
    issuer    = "https://${terraform_data.made.output}.example.com"
    jwks_uri  = "https://${terraform_data.made.output}.example.com/keys"
    audiences = [terraform_data.made.output]
  }

  permissions_boundary = "arn:aws:iam::111122223333:policy/${terraform_data.made.output}"
  tags                 = { made = terraform_data.made.output }

  custom_domain = {
    name        = "ws.${terraform_data.made.output}.example.com"
    certificate = { arn = terraform_data.made_in_aws.output.certificate_arn }
    hosted_zone = { id = terraform_data.made_in_aws.output.zone_id }
  }
  disable_execute_api_endpoint = true

  alarms    = { topic = { arn = terraform_data.made_in_aws.output.topic_arn } }
  dashboard = true
  cost_tags = true
}

# Two in one Region.
module "user_pool" {
  source   = "../.."
  for_each = { a = "first", b = "second" }

  providers = {
    aws           = aws
    aws.us_east_1 = aws.us_east_1
  }

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

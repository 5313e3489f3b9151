# Callers that make in the same plan whatever they give, so that nothing of it is
# known while planning.

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

resource "terraform_data" "made_in_aws" {
  input = {
    key_arn         = "arn:aws:kms:eu-west-1:111122223333:key/1a2b3c4d-0000-4000-8000-000000000000"
    boundary_arn    = "arn:aws:iam::111122223333:policy/made"
    certificate_arn = "arn:aws:acm:us-east-1:111122223333:certificate/1a2b3c4d-0000-4000-8000-000000000000"
  }
}

module "user_pool" {
  source   = "../.."
  for_each = { prefix = { prefix = terraform_data.made.output }, custom = { custom = { name = "auth.${terraform_data.made.output}.example.com", certificate = { arn = terraform_data.made_in_aws.output.certificate_arn } } } }

  name                 = "${terraform_data.made.output}-${each.key}"
  package_dir          = "../function/tests/package"
  reserved_concurrency = "unreserved"
  kms_key_arn          = terraform_data.made_in_aws.output.key_arn
  permissions_boundary = terraform_data.made_in_aws.output.boundary_arn
  tags                 = { made = terraform_data.made.output }

  allowed_origins  = ["https://${terraform_data.made.output}.example.com"]
  origin_secrets   = [sha256(terraform_data.made.output), sha256(terraform_data.made_in_aws.output.key_arn)]
  cognito_endpoint = "https://${terraform_data.made.output}.example.com"
  callback_urls    = ["https://${terraform_data.made.output}.example.com/"]
  logout_urls      = ["https://${terraform_data.made.output}.example.com/"]
  sign_in_domain   = each.value
  rooms            = { claim = terraform_data.made.output, prefix = terraform_data.made.output }
}

module "own_issuer" {
  source = "../.."

  name                 = terraform_data.made.output
  package_dir          = "../function/tests/package"
  reserved_concurrency = "unreserved"
  kms_key_arn          = terraform_data.made_in_aws.output.key_arn

  allowed_origins = ["https://${terraform_data.made.output}.example.com"]

  oidc = {
    issuer    = "https://${terraform_data.made.output}.example.com"
    jwks_uri  = "https://${terraform_data.made.output}.example.com/keys"
    audiences = [terraform_data.made.output]
  }
}

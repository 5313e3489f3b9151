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

resource "aws_kms_key" "made" {
  enable_key_rotation = true
}

resource "aws_iam_policy" "made" {
  name   = "made"
  policy = jsonencode({ Version = "2012-10-17", Statement = [] })
}

resource "aws_acm_certificate" "made" {
  domain_name       = "auth.example.com"
  validation_method = "DNS"
}

module "user_pool" {
  source   = "../.."
  for_each = { prefix = { prefix = terraform_data.made.output }, custom = { custom = { name = "auth.${terraform_data.made.output}.example.com", certificate = { arn = aws_acm_certificate.made.arn } } } }

  name                 = "${terraform_data.made.output}-${each.key}"
  package_dir          = "../function/tests/package"
  reserved_concurrency = "unreserved"
  kms_key_arn          = aws_kms_key.made.arn
  permissions_boundary = aws_iam_policy.made.arn
  tags                 = { made = terraform_data.made.output }

  allowed_origins  = ["https://${terraform_data.made.output}.example.com"]
  origin_secrets   = [sha256(terraform_data.made.output), sha256(aws_kms_key.made.arn)]
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
  kms_key_arn          = aws_kms_key.made.arn

  allowed_origins = ["https://${terraform_data.made.output}.example.com"]

  oidc = {
    issuer    = "https://${terraform_data.made.output}.example.com"
    jwks_uri  = "https://${terraform_data.made.output}.example.com/keys"
    audiences = [terraform_data.made.output]
  }
}

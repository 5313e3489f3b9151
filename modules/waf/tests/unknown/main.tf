# A caller that makes in the same plan whatever it gives to the edge, so that
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
  input = {
    endpoint        = "wss://a1b2c3d4e5.execute-api.eu-west-1.amazonaws.com"
    path            = "/live"
    secret          = "0123456789abcdef0123456789abcdef-1"
    url             = "https://chat.example.com"
    certificate_arn = "arn:aws:acm:us-east-1:111122223333:certificate/1a2b3c4d-0000-4000-8000-000000000000"
    key_arn         = "arn:aws:kms:us-east-1:111122223333:key/1a2b3c4d-0000-4000-8000-000000000000"
    pool_arn        = "arn:aws:cognito-idp:eu-west-1:111122223333:userpool/eu-west-1_example01"
    pool_key_arn    = "arn:aws:kms:eu-west-1:111122223333:key/1a2b3c4d-0000-4000-8000-000000000000"
    ip_set_arn      = "arn:aws:wafv2:us-east-1:111122223333:global/ipset/partner/1"
    text            = "made-later"
    country         = "XX"
    address         = "192.0.2.0/24"
    origin          = "https://id.example.com"
  }
}

module "edge" {
  source = "../.."

  providers = {
    aws           = aws
    aws.us_east_1 = aws.us_east_1
  }

  name           = "chat"
  api            = { endpoint = terraform_data.made.output.endpoint, path = terraform_data.made.output.path }
  origin_secrets = [terraform_data.made.output.secret]
  site_url       = terraform_data.made.output.url
  aliases        = ["chat.example.com"]
  certificate    = { arn = terraform_data.made.output.certificate_arn }
  kms_key        = { arn = terraform_data.made.output.key_arn }
  user_pool      = { arn = terraform_data.made.output.pool_arn, kms_key_arn = terraform_data.made.output.pool_key_arn }
  tags           = { made = terraform_data.made.output.text }

  site = {
    dir             = "tests/site"
    generated       = { "config.json" = terraform_data.made.output.text }
    connect_origins = [terraform_data.made.output.origin]
  }

  addresses    = { allow = { ipv4 = [terraform_data.made.output.address] } }
  countries    = { deny = [terraform_data.made.output.country] }
  custom_rules = { made = { priority = 1, when = { ip_set_arns = [terraform_data.made.output.ip_set_arn] } } }
}

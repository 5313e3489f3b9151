provider "aws" {
  region = var.region
}

module "chat" {
  source = "../../modules/chat"

  # us-east-1 matters to an edge only, which this chat does not have.
  providers = {
    aws           = aws
    aws.us_east_1 = aws
  }

  name         = var.name
  package_dir  = coalesce(var.package_dir, "${path.module}/../../dist/${var.architecture}")
  architecture = var.architecture

  allowed_origins  = var.allowed_origins
  cognito_endpoint = var.cognito_endpoint

  # The terminal client sends no Origin. The token decides either way; what is
  # given up is telling a browser from a script.
  allow_missing_origin = true

  # A new account has 10 instances in all and lets none be reserved. Where there
  # are more, leave this out and have the defaults.
  reserved_concurrency = {
    authorizer = "unreserved"
    connect    = "unreserved"
    disconnect = "unreserved"
    message    = "unreserved"
  }

  # This is an example to throw away: `terraform destroy` has to be able to
  # remove its tables and users, and its key soon after. Never copy these two.
  deletion_protection      = false
  kms_deletion_window_days = 7

  depends_on = [module.account_logging]
}

module "account_logging" {
  source = "../../modules/account-logging"
  count  = var.manage_account_logging ? 1 : 0

  name = "${var.name}-apigateway-logs"
}

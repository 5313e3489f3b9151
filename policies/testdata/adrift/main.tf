terraform {
  required_providers {
    aws = { source = "hashicorp/aws" }
  }
}

provider "aws" {
  region                      = "eu-west-1"
  access_key                  = "none"
  secret_key                  = "none"
  skip_credentials_validation = true
  skip_requesting_account_id  = true
  skip_metadata_api_check     = true
}

# What is known after apply: text of any meaning.
resource "terraform_data" "later" {
  for_each = toset(["text", "number", "bool"])
  input    = each.key
}

locals {
  later  = terraform_data.later["text"].output
  number = try(tonumber(terraform_data.later["number"].output), 1)
  bool   = terraform_data.later["bool"].output == "true"
}


# What belongs to a resource that is known after apply may belong to each of the
# plan.

# unknown: keys/key-policy
# pass: keys/deletion-window, keys/key-enabled, keys/lockout-check, keys/multi-region
resource "aws_kms_key" "bare" {
  description = "bare"
}

data "aws_iam_policy_document" "key" {
  statement {
    actions   = ["kms:Decrypt"]
    resources = ["*"]

    principals {
      type        = "AWS"
      identifiers = ["arn:aws:iam::111122223333:role/r"]
    }
  }
}

# pass: keys/key-open, keys/full-control, keys/lockout-check
resource "aws_kms_key_policy" "later" {
  key_id = local.later
  policy = data.aws_iam_policy_document.key.json
}

# unknown: keys/secret-rotation
# pass: keys/secret-recovery
resource "aws_secretsmanager_secret" "bare" {
  name = "bare"
}

# pass: keys/secret-rotation
resource "aws_secretsmanager_secret_rotation" "later" {
  secret_id           = local.later
  rotation_lambda_arn = "arn:aws:lambda:eu-west-1:111122223333:function:rotate"

  rotation_rules {
    automatically_after_days = 30
  }
}

# Nothing in the plan can be guarded by it; another state may have what is.
# unknown: waf/associated
# fail: waf/known-bad-inputs, waf/ip-reputation, waf/rate-limit, waf/logging
# pass: waf/blocks, waf/counting-rules, waf/counting-overrides, waf/metrics
resource "aws_wafv2_web_acl" "elsewhere" {
  name  = "elsewhere"
  scope = "REGIONAL"

  default_action {
    block {}
  }

  visibility_config {
    cloudwatch_metrics_enabled = true
    metric_name                = "elsewhere"
    sampled_requests_enabled   = true
  }
}

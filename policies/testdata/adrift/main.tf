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
# fail: encryption/key-rotation
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

# pass: keys/lockout-check, access/all-actions, access/foreign-control, access/public
resource "aws_kms_key_policy" "later" {
  key_id = local.later
  policy = data.aws_iam_policy_document.key.json
}

# unknown: keys/secret-rotation
# fail: encryption/secret-key
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

# unknown: storage/lifecycle, storage/logging, storage/object-ownership, storage/public-access-block, storage/tls-only, storage/versioning, encryption/bucket-kms
resource "aws_s3_bucket" "bare" {
  bucket = "bare"
}

# pass: storage/public-access-flags
resource "aws_s3_bucket_public_access_block" "later" {
  bucket                  = local.later
  block_public_acls       = true
  block_public_policy     = true
  ignore_public_acls      = true
  restrict_public_buckets = true
}

# pass: storage/versioning
resource "aws_s3_bucket_versioning" "later" {
  bucket = local.later

  versioning_configuration {
    status = "Enabled"
  }
}

resource "aws_s3_bucket_logging" "later" {
  bucket        = local.later
  target_bucket = "logs"
  target_prefix = "later/"
}

# pass: storage/lifecycle, storage/abort-multipart
resource "aws_s3_bucket_lifecycle_configuration" "later" {
  bucket = local.later

  rule {
    id     = "old"
    status = "Enabled"

    filter {}

    abort_incomplete_multipart_upload {
      days_after_initiation = 7
    }
  }
}

# pass: storage/object-ownership
resource "aws_s3_bucket_ownership_controls" "later" {
  bucket = local.later

  rule {
    object_ownership = "BucketOwnerEnforced"
  }
}

# pass: storage/bucket-key, encryption/bucket-kms
resource "aws_s3_bucket_server_side_encryption_configuration" "later" {
  bucket = local.later

  rule {
    bucket_key_enabled = true

    apply_server_side_encryption_by_default {
      sse_algorithm     = "aws:kms"
      kms_master_key_id = "arn:aws:kms:eu-west-1:111122223333:key/1234abcd-12ab-34cd-56ef-1234567890ab"
    }
  }
}

data "aws_iam_policy_document" "bucket" {
  statement {
    effect    = "Deny"
    actions   = ["s3:*"]
    resources = ["*"]

    principals {
      type        = "AWS"
      identifiers = ["*"]
    }

    condition {
      test     = "Bool"
      variable = "aws:SecureTransport"
      values   = ["false"]
    }
  }
}

# pass: storage/policy-lockout
resource "aws_s3_bucket_policy" "later" {
  bucket = local.later
  policy = data.aws_iam_policy_document.bucket.json
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

# Whether an account is one's own is not in this plan.
# unknown: access/foreign-control
# pass: access/all-actions, access/public, storage/policy-lockout
resource "aws_s3_bucket_policy" "of_some_account" {
  bucket = "files"
  policy = jsonencode({ Statement = { Effect = "Allow", Principal = { AWS = "arn:aws:iam::444455556666:root" }, Action = "s3:PutBucketPolicy", Resource = "arn:aws:s3:::files" } })
}

# By a condition alone others are let in, whichever account it is.
# fail: access/foreign-control
# pass: access/all-actions, access/public, storage/policy-lockout
resource "aws_s3_bucket_policy" "of_an_organisation" {
  bucket = "files"
  policy = jsonencode({ Statement = { Effect = "Allow", Principal = "*", Action = "s3:PutBucketPolicy", Resource = "arn:aws:s3:::files", Condition = { StringEquals = { "aws:PrincipalOrgID" = "o-a1b2c3d4e5" } } } })
}

# Nothing here shows which account the plan is for.
# unknown: access/all-actions
# pass: access/public
resource "aws_secretsmanager_secret_policy" "an_account_may_all" {
  secret_arn = local.later
  policy     = jsonencode({ Statement = { Effect = "Allow", Principal = { AWS = "111122223333" }, Action = "secretsmanager:*", Resource = "*" } })
}

# Of a key access/foreign-control asks it.
# fail: keys/via-service
# unknown: access/foreign-control
# pass: access/all-actions, access/public, keys/lockout-check
resource "aws_kms_key_policy" "an_account_may_all" {
  key_id = local.later
  policy = jsonencode({ Statement = { Effect = "Allow", Principal = { AWS = "111122223333" }, Action = "kms:*", Resource = "*" } })
}

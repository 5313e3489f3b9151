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


# Everything is said beside it.
# pass: storage/logging, storage/public-access-block, storage/tls-only
resource "aws_s3_bucket" "good" {
  bucket = "good"
}

# pass: storage/object-ownership
# fail: storage/lifecycle, storage/logging, storage/public-access-block, storage/tls-only, storage/versioning
resource "aws_s3_bucket" "bare" {
  bucket = "bare"
}

# Other buckets log to it.
# pass: storage/object-ownership
# fail: storage/lifecycle, storage/public-access-block, storage/tls-only, storage/versioning
resource "aws_s3_bucket" "logs" {
  bucket = "logs"
}

# CloudFront logs to it.
# fail: storage/lifecycle, storage/public-access-block, storage/tls-only, storage/versioning
resource "aws_s3_bucket" "edge_logs" {
  bucket = "edge-logs"
}

resource "aws_s3_bucket_ownership_controls" "edge_logs" {
  bucket = aws_s3_bucket.edge_logs.id

  rule {
    object_ownership = "ObjectWriter"
  }
}

resource "aws_cloudfront_distribution" "edge" {
  enabled = true

  origin {
    domain_name = "example.com"
    origin_id   = "o"
  }

  default_cache_behavior {
    allowed_methods        = ["GET", "HEAD"]
    cached_methods         = ["GET", "HEAD"]
    target_origin_id       = "o"
    viewer_protocol_policy = "https-only"
  }

  logging_config {
    bucket = aws_s3_bucket.edge_logs.bucket_domain_name
  }

  restrictions {
    geo_restriction {
      restriction_type = "none"
    }
  }

  viewer_certificate {
    cloudfront_default_certificate = true
  }
}

# fail: storage/public-access-flags
# unknown: storage/public-access-flags
resource "aws_s3_account_public_access_block" "half" {
  block_public_acls  = true
  ignore_public_acls = local.bool
}

# pass: storage/public-access-flags
resource "aws_s3_bucket_public_access_block" "good" {
  bucket                  = aws_s3_bucket.good.id
  block_public_acls       = true
  block_public_policy     = true
  ignore_public_acls      = true
  restrict_public_buckets = true
}

# pass: storage/public-access-flags
resource "aws_s3_bucket_public_access_block" "with_account" {
  bucket                  = aws_s3_bucket.good.id
  block_public_policy     = true
  ignore_public_acls      = true
  restrict_public_buckets = true
}

# fail: storage/public-access-flags
# unknown: storage/public-access-flags
resource "aws_s3_bucket_public_access_block" "none" {
  bucket = aws_s3_bucket.good.id
}

# fail: storage/public-access-flags
resource "aws_s3_bucket_public_access_block" "off" {
  bucket                  = aws_s3_bucket.good.id
  block_public_acls       = true
  block_public_policy     = false
  ignore_public_acls      = true
  restrict_public_buckets = true
}

# unknown: storage/public-access-flags
resource "aws_s3_bucket_public_access_block" "later" {
  bucket                  = aws_s3_bucket.good.id
  block_public_acls       = true
  block_public_policy     = local.bool
  ignore_public_acls      = true
  restrict_public_buckets = true
}

# pass: storage/public-acl
resource "aws_s3_bucket_acl" "private" {
  bucket = aws_s3_bucket.good.id
  acl    = "private"
}

# fail: storage/public-acl
resource "aws_s3_bucket_acl" "public" {
  bucket = aws_s3_bucket.good.id
  acl    = "public-read"
}

# fail: storage/public-acl
resource "aws_s3_bucket_acl" "authenticated" {
  bucket = aws_s3_bucket.good.id
  acl    = "authenticated-read"
}

# unknown: storage/public-acl
resource "aws_s3_bucket_acl" "later" {
  bucket = aws_s3_bucket.good.id
  acl    = local.later
}

# fail: storage/public-acl
resource "aws_s3_bucket_acl" "all_users" {
  bucket = aws_s3_bucket.good.id

  access_control_policy {
    owner {
      id = "owner"
    }

    grant {
      permission = "READ"

      grantee {
        type = "Group"
        uri  = "http://acs.amazonaws.com/groups/global/AllUsers"
      }
    }
  }
}

# pass: storage/public-acl
resource "aws_s3_bucket_acl" "log_delivery" {
  bucket = aws_s3_bucket.good.id

  access_control_policy {
    owner {
      id = "owner"
    }

    grant {
      permission = "READ"

      grantee {
        type = "Group"
        uri  = "http://acs.amazonaws.com/groups/s3/LogDelivery"
      }
    }
  }
}

# unknown: storage/public-acl
resource "aws_s3_bucket_acl" "group_later" {
  bucket = aws_s3_bucket.good.id

  access_control_policy {
    owner {
      id = "owner"
    }

    grant {
      permission = "READ"

      grantee {
        type = "Group"
        uri  = local.later
      }
    }
  }
}

# fail: storage/public-acl
resource "aws_s3_object" "public" {
  bucket  = aws_s3_bucket.good.id
  key     = "public"
  content = "x"
  acl     = "public-read"
}

# pass: storage/public-acl
resource "aws_s3_object" "private" {
  bucket  = aws_s3_bucket.good.id
  key     = "private"
  content = "x"
  acl     = "private"
}

resource "aws_s3_object" "plain" {
  bucket  = aws_s3_bucket.good.id
  key     = "plain"
  content = "x"
}

# pass: storage/object-ownership
# fail: storage/lifecycle, storage/logging, storage/public-access-block, storage/public-acl, storage/tls-only, storage/versioning
resource "aws_s3_bucket" "acl_inline" {
  bucket = "acl-inline"
  acl    = "public-read-write"
}

# pass: storage/object-ownership
# fail: storage/lifecycle, storage/logging, storage/public-access-block, storage/public-acl, storage/tls-only, storage/versioning
resource "aws_s3_bucket" "grant_inline" {
  bucket = "grant-inline"

  grant {
    type        = "Group"
    permissions = ["READ"]
    uri         = "http://acs.amazonaws.com/groups/global/AllUsers"
  }
}

data "aws_iam_policy_document" "tls" {
  statement {
    effect    = "Deny"
    actions   = ["s3:*"]
    resources = [aws_s3_bucket.good.arn, "${aws_s3_bucket.good.arn}/*"]

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
resource "aws_s3_bucket_policy" "tls" {
  bucket = aws_s3_bucket.good.id
  policy = data.aws_iam_policy_document.tls.json
}

data "aws_iam_policy_document" "locked" {
  statement {
    effect    = "Deny"
    actions   = ["s3:*"]
    resources = [aws_s3_bucket.good.arn, "${aws_s3_bucket.good.arn}/*"]

    principals {
      type        = "AWS"
      identifiers = ["*"]
    }
  }
}

# fail: storage/policy-lockout
resource "aws_s3_bucket_policy" "locked" {
  bucket = aws_s3_bucket.good.id
  policy = data.aws_iam_policy_document.locked.json
}

data "aws_iam_policy_document" "locked_but" {
  statement {
    effect    = "Deny"
    actions   = ["s3:*"]
    resources = [aws_s3_bucket.good.arn, "${aws_s3_bucket.good.arn}/*"]

    not_principals {
      type        = "AWS"
      identifiers = ["arn:aws:iam::111122223333:role/r"]
    }
  }
}

# pass: storage/policy-lockout
resource "aws_s3_bucket_policy" "locked_but" {
  bucket = aws_s3_bucket.good.id
  policy = data.aws_iam_policy_document.locked_but.json
}

data "aws_iam_policy_document" "locked_later" {
  statement {
    effect    = "Deny"
    actions   = [local.later]
    resources = [aws_s3_bucket.good.arn, "${aws_s3_bucket.good.arn}/*"]

    principals {
      type        = "AWS"
      identifiers = ["*"]
    }
  }
}

# unknown: storage/policy-lockout
resource "aws_s3_bucket_policy" "locked_later" {
  bucket = aws_s3_bucket.good.id
  policy = data.aws_iam_policy_document.locked_later.json
}

data "aws_iam_policy_document" "locked_if" {
  statement {
    effect    = "Deny"
    actions   = ["s3:*"]
    resources = [aws_s3_bucket.good.arn]

    principals {
      type        = "AWS"
      identifiers = ["*"]
    }

    dynamic "condition" {
      for_each = local.bool ? [1] : []

      content {
        test     = "Bool"
        variable = "aws:SecureTransport"
        values   = ["false"]
      }
    }
  }
}

# unknown: storage/policy-lockout
resource "aws_s3_bucket_policy" "locked_if" {
  bucket = aws_s3_bucket.good.id
  policy = data.aws_iam_policy_document.locked_if.json
}

# pass: storage/object-ownership, storage/policy-lockout
# fail: storage/lifecycle, storage/logging, storage/public-access-block, storage/tls-only, storage/versioning
resource "aws_s3_bucket" "policy_inline" {
  bucket = "policy-inline"
  policy = jsonencode({ Statement = { Effect = "Allow", Action = "s3:GetObject", Principal = "*", Resource = "arn:aws:s3:::policy-inline/*" } })
}

# pass: storage/object-ownership
# fail: storage/lifecycle, storage/logging, storage/public-access-block, storage/versioning
# unknown: storage/policy-lockout, storage/tls-only
resource "aws_s3_bucket" "policy_inline_later" {
  bucket = "policy-inline-later"
  policy = jsonencode({ Statement = { Effect = "Allow", Action = "s3:GetObject", Principal = "*", Resource = local.later } })
}

# pass: storage/object-ownership
# fail: storage/lifecycle, storage/logging, storage/public-access-block, storage/tls-only, storage/versioning
resource "aws_s3_bucket" "tls_narrow" {
  bucket = "tls-narrow"
}

data "aws_iam_policy_document" "tls_narrow" {
  statement {
    effect    = "Deny"
    actions   = ["s3:*"]
    resources = [aws_s3_bucket.good.arn, "${aws_s3_bucket.good.arn}/*"]

    principals {
      type        = "AWS"
      identifiers = ["*"]
    }

    condition {
      test     = "Bool"
      variable = "aws:SecureTransport"
      values   = ["false"]
    }

    condition {
      test     = "StringEquals"
      variable = "aws:PrincipalAccount"
      values   = ["111122223333"]
    }
  }
}

# pass: storage/policy-lockout
resource "aws_s3_bucket_policy" "tls_narrow" {
  bucket = aws_s3_bucket.tls_narrow.id
  policy = data.aws_iam_policy_document.tls_narrow.json
}

# pass: storage/object-ownership
# fail: storage/lifecycle, storage/logging, storage/public-access-block, storage/tls-only, storage/versioning
resource "aws_s3_bucket" "tls_reading" {
  bucket = "tls-reading"
}

data "aws_iam_policy_document" "tls_reading" {
  statement {
    effect    = "Deny"
    actions   = ["s3:Get*"]
    resources = [aws_s3_bucket.good.arn, "${aws_s3_bucket.good.arn}/*"]

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
resource "aws_s3_bucket_policy" "tls_reading" {
  bucket = aws_s3_bucket.tls_reading.id
  policy = data.aws_iam_policy_document.tls_reading.json
}

# pass: storage/object-ownership
# fail: storage/lifecycle, storage/logging, storage/public-access-block, storage/versioning
# unknown: storage/tls-only
resource "aws_s3_bucket" "tls_value_later" {
  bucket = "tls-value-later"
}

data "aws_iam_policy_document" "tls_value_later" {
  statement {
    effect    = "Deny"
    actions   = ["s3:*"]
    resources = [aws_s3_bucket.good.arn, "${aws_s3_bucket.good.arn}/*"]

    principals {
      type        = "AWS"
      identifiers = ["*"]
    }

    condition {
      test     = "Bool"
      variable = "aws:SecureTransport"
      values   = [local.later]
    }
  }
}

# pass: storage/policy-lockout
resource "aws_s3_bucket_policy" "tls_value_later" {
  bucket = aws_s3_bucket.tls_value_later.id
  policy = data.aws_iam_policy_document.tls_value_later.json
}

# pass: storage/object-ownership
# fail: storage/lifecycle, storage/logging, storage/public-access-block, storage/versioning
# unknown: storage/tls-only
resource "aws_s3_bucket" "tls_action_later" {
  bucket = "tls-action-later"
}

data "aws_iam_policy_document" "tls_action_later" {
  statement {
    effect    = "Deny"
    actions   = [local.later]
    resources = [aws_s3_bucket.good.arn, "${aws_s3_bucket.good.arn}/*"]

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
resource "aws_s3_bucket_policy" "tls_action_later" {
  bucket = aws_s3_bucket.tls_action_later.id
  policy = data.aws_iam_policy_document.tls_action_later.json
}

# pass: storage/object-ownership
# fail: storage/lifecycle, storage/logging, storage/public-access-block, storage/versioning
# unknown: storage/tls-only
resource "aws_s3_bucket" "tls_opaque" {
  bucket = "tls-opaque"
}

# unknown: storage/policy-lockout
resource "aws_s3_bucket_policy" "tls_opaque" {
  bucket = aws_s3_bucket.tls_opaque.id
  policy = jsonencode({ Statement = { Effect = "Deny", Action = "*", Principal = "*", Resource = aws_s3_bucket.good.arn } })
}

# pass: storage/object-ownership
# fail: storage/lifecycle, storage/logging, storage/public-access-block, storage/tls-only, storage/versioning
resource "aws_s3_bucket" "tls_allowed" {
  bucket = "tls-allowed"
}

data "aws_iam_policy_document" "tls_allowed" {
  statement {
    effect    = "Allow"
    actions   = ["s3:*"]
    resources = [aws_s3_bucket.good.arn, "${aws_s3_bucket.good.arn}/*"]

    principals {
      type        = "AWS"
      identifiers = ["arn:aws:iam::111122223333:role/r"]
    }

    condition {
      test     = "Bool"
      variable = "aws:SecureTransport"
      values   = ["false"]
    }
  }
}

# pass: storage/policy-lockout
resource "aws_s3_bucket_policy" "tls_allowed" {
  bucket = aws_s3_bucket.tls_allowed.id
  policy = data.aws_iam_policy_document.tls_allowed.json
}

# pass: storage/object-ownership
# fail: storage/lifecycle, storage/logging, storage/public-access-block, storage/tls-only, storage/versioning
resource "aws_s3_bucket" "tls_for_one" {
  bucket = "tls-for-one"
}

data "aws_iam_policy_document" "tls_for_one" {
  statement {
    effect    = "Deny"
    actions   = ["s3:*"]
    resources = [aws_s3_bucket.good.arn, "${aws_s3_bucket.good.arn}/*"]

    principals {
      type        = "AWS"
      identifiers = ["arn:aws:iam::111122223333:role/r"]
    }

    condition {
      test     = "Bool"
      variable = "aws:SecureTransport"
      values   = ["false"]
    }
  }
}

# pass: storage/policy-lockout
resource "aws_s3_bucket_policy" "tls_for_one" {
  bucket = aws_s3_bucket.tls_for_one.id
  policy = data.aws_iam_policy_document.tls_for_one.json
}

# pass: storage/object-ownership
# fail: storage/lifecycle, storage/logging, storage/public-access-block, storage/tls-only, storage/versioning
resource "aws_s3_bucket" "tls_other_key" {
  bucket = "tls-other-key"
}

data "aws_iam_policy_document" "tls_other_key" {
  statement {
    effect    = "Deny"
    actions   = ["s3:*"]
    resources = [aws_s3_bucket.good.arn, "${aws_s3_bucket.good.arn}/*"]

    principals {
      type        = "AWS"
      identifiers = ["*"]
    }

    condition {
      test     = "Bool"
      variable = "aws:MultiFactorAuthPresent"
      values   = ["false"]
    }
  }
}

# pass: storage/policy-lockout
resource "aws_s3_bucket_policy" "tls_other_key" {
  bucket = aws_s3_bucket.tls_other_key.id
  policy = data.aws_iam_policy_document.tls_other_key.json
}

# pass: storage/object-ownership
# fail: storage/lifecycle, storage/logging, storage/public-access-block, storage/tls-only, storage/versioning
resource "aws_s3_bucket" "tls_other_test" {
  bucket = "tls-other-test"
}

data "aws_iam_policy_document" "tls_other_test" {
  statement {
    effect    = "Deny"
    actions   = ["s3:*"]
    resources = [aws_s3_bucket.good.arn, "${aws_s3_bucket.good.arn}/*"]

    principals {
      type        = "AWS"
      identifiers = ["*"]
    }

    condition {
      test     = "Null"
      variable = "aws:SecureTransport"
      values   = ["false"]
    }
  }
}

# pass: storage/policy-lockout
resource "aws_s3_bucket_policy" "tls_other_test" {
  bucket = aws_s3_bucket.tls_other_test.id
  policy = data.aws_iam_policy_document.tls_other_test.json
}

# pass: storage/object-ownership
# fail: storage/lifecycle, storage/logging, storage/public-access-block, storage/tls-only, storage/versioning
resource "aws_s3_bucket" "tls_allowed_later" {
  bucket = "tls-allowed-later"
}

data "aws_iam_policy_document" "tls_allowed_later" {
  statement {
    effect    = "Allow"
    actions   = [local.later]
    resources = [aws_s3_bucket.good.arn, "${aws_s3_bucket.good.arn}/*"]

    principals {
      type        = "AWS"
      identifiers = ["arn:aws:iam::111122223333:role/r"]
    }

    condition {
      test     = "Bool"
      variable = "aws:SecureTransport"
      values   = [local.later]
    }
  }
}

# pass: storage/policy-lockout
resource "aws_s3_bucket_policy" "tls_allowed_later" {
  bucket = aws_s3_bucket.tls_allowed_later.id
  policy = data.aws_iam_policy_document.tls_allowed_later.json
}

# pass: storage/object-ownership
# fail: storage/lifecycle, storage/logging, storage/public-access-block, storage/tls-only, storage/versioning
resource "aws_s3_bucket" "tls_other_later" {
  bucket = "tls-other-later"
}

data "aws_iam_policy_document" "tls_other_later" {
  statement {
    effect    = "Deny"
    actions   = ["s3:*"]
    resources = [aws_s3_bucket.good.arn, "${aws_s3_bucket.good.arn}/*"]

    principals {
      type        = "AWS"
      identifiers = ["*"]
    }

    condition {
      test     = "StringEquals"
      variable = "aws:PrincipalAccount"
      values   = [local.later]
    }
  }
}

# pass: storage/policy-lockout
resource "aws_s3_bucket_policy" "tls_other_later" {
  bucket = aws_s3_bucket.tls_other_later.id
  policy = data.aws_iam_policy_document.tls_other_later.json
}

data "aws_iam_policy_document" "refused_reading" {
  statement {
    effect    = "Deny"
    actions   = ["s3:GetObject"]
    resources = [aws_s3_bucket.good.arn, "${aws_s3_bucket.good.arn}/*"]

    principals {
      type        = "AWS"
      identifiers = ["*"]
    }
  }
}

# pass: storage/policy-lockout
resource "aws_s3_bucket_policy" "refused_reading" {
  bucket = aws_s3_bucket.good.id
  policy = data.aws_iam_policy_document.refused_reading.json
}

data "aws_iam_policy_document" "all_of_all" {
  statement {
    effect    = "Allow"
    actions   = ["s3:*"]
    resources = [aws_s3_bucket.good.arn, "${aws_s3_bucket.good.arn}/*"]

    principals {
      type        = "AWS"
      identifiers = ["*"]
    }
  }
}

# pass: storage/policy-lockout
resource "aws_s3_bucket_policy" "all_of_all" {
  bucket = aws_s3_bucket.good.id
  policy = data.aws_iam_policy_document.all_of_all.json
}

# pass: storage/lifecycle, storage/object-ownership
# fail: storage/abort-multipart, storage/logging, storage/public-access-block, storage/tls-only, storage/versioning
resource "aws_s3_bucket" "inline_no_abort" {
  bucket = "inline-no-abort"

  lifecycle_rule {
    enabled = true

    expiration {
      days = 30
    }
  }
}

# pass: storage/versioning
resource "aws_s3_bucket_versioning" "on" {
  bucket = aws_s3_bucket.good.id

  versioning_configuration {
    status = "Enabled"
  }
}

# fail: storage/versioning
resource "aws_s3_bucket_versioning" "suspended" {
  bucket = aws_s3_bucket.good.id

  versioning_configuration {
    status = "Suspended"
  }
}

# unknown: storage/versioning
resource "aws_s3_bucket_versioning" "later" {
  bucket = aws_s3_bucket.good.id

  versioning_configuration {
    status = local.later
  }
}

# Its companion names it by text.
# pass: storage/object-ownership
# fail: storage/lifecycle, storage/logging, storage/public-access-block, storage/tls-only
resource "aws_s3_bucket" "by_name" {
  bucket = "by-name"
}

# pass: storage/versioning
resource "aws_s3_bucket_versioning" "by_name" {
  bucket = "by-name"

  versioning_configuration {
    status = "Enabled"
  }
}

resource "aws_s3_bucket_logging" "good" {
  bucket        = aws_s3_bucket.good.id
  target_bucket = aws_s3_bucket.logs.id
  target_prefix = "good/"
}

# pass: storage/abort-multipart, storage/lifecycle
resource "aws_s3_bucket_lifecycle_configuration" "both" {
  bucket = aws_s3_bucket.good.id

  rule {
    id     = "old"
    status = "Enabled"

    filter {}

    expiration {
      days = 30
    }

    abort_incomplete_multipart_upload {
      days_after_initiation = 7
    }
  }
}

# pass: storage/lifecycle
# fail: storage/abort-multipart
resource "aws_s3_bucket_lifecycle_configuration" "no_abort" {
  bucket = aws_s3_bucket.good.id

  rule {
    id     = "old"
    status = "Enabled"

    filter {}

    expiration {
      days = 30
    }
  }
}

# fail: storage/abort-multipart, storage/lifecycle
resource "aws_s3_bucket_lifecycle_configuration" "disabled" {
  bucket = aws_s3_bucket.good.id

  rule {
    id     = "old"
    status = "Disabled"

    filter {}

    expiration {
      days = 30
    }

    abort_incomplete_multipart_upload {
      days_after_initiation = 7
    }
  }
}

# unknown: storage/abort-multipart, storage/lifecycle
resource "aws_s3_bucket_lifecycle_configuration" "later" {
  bucket = aws_s3_bucket.good.id

  rule {
    id     = "old"
    status = local.later

    filter {}

    expiration {
      days = 30
    }

    abort_incomplete_multipart_upload {
      days_after_initiation = 7
    }
  }
}

# pass: storage/lifecycle
# unknown: storage/abort-multipart
resource "aws_s3_bucket_lifecycle_configuration" "abort_later" {
  bucket = aws_s3_bucket.good.id

  rule {
    id     = "old"
    status = "Enabled"

    filter {}

    expiration {
      days = 30
    }

    abort_incomplete_multipart_upload {
      days_after_initiation = local.number
    }
  }
}

# pass: storage/object-ownership
resource "aws_s3_bucket_ownership_controls" "enforced" {
  bucket = aws_s3_bucket.good.id

  rule {
    object_ownership = "BucketOwnerEnforced"
  }
}

# fail: storage/object-ownership
resource "aws_s3_bucket_ownership_controls" "writer" {
  bucket = aws_s3_bucket.good.id

  rule {
    object_ownership = "ObjectWriter"
  }
}

# unknown: storage/object-ownership
resource "aws_s3_bucket_ownership_controls" "later" {
  bucket = aws_s3_bucket.good.id

  rule {
    object_ownership = local.later
  }
}

# pass: storage/bucket-key
resource "aws_s3_bucket_server_side_encryption_configuration" "keyed" {
  bucket = aws_s3_bucket.good.id

  rule {
    bucket_key_enabled = true

    apply_server_side_encryption_by_default {
      sse_algorithm = "aws:kms"
    }
  }
}

# fail: storage/bucket-key
resource "aws_s3_bucket_server_side_encryption_configuration" "keyless" {
  bucket = aws_s3_bucket.good.id

  rule {
    apply_server_side_encryption_by_default {
      sse_algorithm = "aws:kms"
    }
  }
}

# fail: storage/bucket-key
resource "aws_s3_bucket_server_side_encryption_configuration" "key_off" {
  bucket = aws_s3_bucket.good.id

  rule {
    bucket_key_enabled = false

    apply_server_side_encryption_by_default {
      sse_algorithm = "aws:kms"
    }
  }
}

# unknown: storage/bucket-key
resource "aws_s3_bucket_server_side_encryption_configuration" "key_later" {
  bucket = aws_s3_bucket.good.id

  rule {
    bucket_key_enabled = local.bool

    apply_server_side_encryption_by_default {
      sse_algorithm = "aws:kms"
    }
  }
}

resource "aws_s3_bucket_server_side_encryption_configuration" "of_s3" {
  bucket = aws_s3_bucket.good.id

  rule {
    apply_server_side_encryption_by_default {
      sse_algorithm = "AES256"
    }
  }
}

resource "aws_s3_bucket_server_side_encryption_configuration" "twofold" {
  bucket = aws_s3_bucket.good.id

  rule {
    apply_server_side_encryption_by_default {
      sse_algorithm = "aws:kms:dsse"
    }
  }
}

# unknown: storage/bucket-key
resource "aws_s3_bucket_server_side_encryption_configuration" "algorithm_later" {
  bucket = aws_s3_bucket.good.id

  rule {
    bucket_key_enabled = false

    apply_server_side_encryption_by_default {
      sse_algorithm = local.later
    }
  }
}

# fail: storage/website
resource "aws_s3_bucket_website_configuration" "site" {
  bucket = aws_s3_bucket.good.id

  index_document {
    suffix = "index.html"
  }
}

# pass: storage/website
resource "aws_s3_bucket_website_configuration" "moved" {
  bucket = aws_s3_bucket.good.id

  redirect_all_requests_to {
    host_name = "example.com"
  }
}

# unknown: storage/website
resource "aws_s3_bucket_website_configuration" "perhaps" {
  bucket = aws_s3_bucket.good.id

  dynamic "redirect_all_requests_to" {
    for_each = local.bool ? [1] : []

    content {
      host_name = "example.com"
    }
  }
}

# pass: storage/object-ownership
# fail: storage/lifecycle, storage/logging, storage/public-access-block, storage/tls-only, storage/versioning, storage/website
resource "aws_s3_bucket" "site_inline" {
  bucket = "site-inline"

  website {
    index_document = "index.html"
  }
}

# pass: storage/object-ownership, storage/website
# fail: storage/lifecycle, storage/logging, storage/public-access-block, storage/tls-only, storage/versioning
resource "aws_s3_bucket" "moved_inline" {
  bucket = "moved-inline"

  website {
    redirect_all_requests_to = "https://example.com"
  }
}

# pass: storage/abort-multipart, storage/bucket-key, storage/lifecycle, storage/logging, storage/object-ownership, storage/versioning
# fail: storage/public-access-block, storage/tls-only
resource "aws_s3_bucket" "inline" {
  bucket = "inline"

  versioning {
    enabled = true
  }

  logging {
    target_bucket = aws_s3_bucket.logs.id
  }

  lifecycle_rule {
    enabled                                = true
    abort_incomplete_multipart_upload_days = 7

    expiration {
      days = 30
    }
  }

  server_side_encryption_configuration {
    rule {
      bucket_key_enabled = true

      apply_server_side_encryption_by_default {
        sse_algorithm = "aws:kms"
      }
    }
  }
}

# pass: storage/logging, storage/object-ownership
# fail: storage/abort-multipart, storage/bucket-key, storage/lifecycle, storage/public-access-block, storage/tls-only, storage/versioning
resource "aws_s3_bucket" "inline_off" {
  bucket = "inline-off"

  versioning {
    enabled = false
  }

  logging {
    target_bucket = aws_s3_bucket.logs.id
  }

  lifecycle_rule {
    enabled                                = false
    abort_incomplete_multipart_upload_days = 7

    expiration {
      days = 30
    }
  }

  server_side_encryption_configuration {
    rule {
      bucket_key_enabled = false

      apply_server_side_encryption_by_default {
        sse_algorithm = "aws:kms"
      }
    }
  }
}

# pass: storage/logging, storage/object-ownership
# fail: storage/public-access-block, storage/tls-only
# unknown: storage/abort-multipart, storage/bucket-key, storage/lifecycle, storage/versioning
resource "aws_s3_bucket" "inline_later" {
  bucket = "inline-later"

  versioning {
    enabled = local.bool
  }

  logging {
    target_bucket = aws_s3_bucket.logs.id
  }

  lifecycle_rule {
    enabled                                = local.bool
    abort_incomplete_multipart_upload_days = 7

    expiration {
      days = 30
    }
  }

  server_side_encryption_configuration {
    rule {
      bucket_key_enabled = local.bool

      apply_server_side_encryption_by_default {
        sse_algorithm = "aws:kms"
      }
    }
  }
}

# Requests for its objects are answered.
# fail: storage/tls-only, storage/lifecycle, storage/logging, storage/public-access-block, storage/versioning
# pass: storage/object-ownership
resource "aws_s3_bucket" "tls_of_the_bucket_alone" {
  bucket = "tls-of-the-bucket-alone"
}

# pass: storage/policy-lockout
resource "aws_s3_bucket_policy" "tls_of_the_bucket_alone" {
  bucket = aws_s3_bucket.tls_of_the_bucket_alone.id
  policy = jsonencode({ Statement = { Effect = "Deny", Principal = "*", Action = "s3:*", Resource = "arn:aws:s3:::tls-of-the-bucket-alone", Condition = { Bool = { "aws:SecureTransport" = "false" } } } })
}

# Nor are others than those of one folder.
# fail: storage/tls-only, storage/lifecycle, storage/logging, storage/public-access-block, storage/versioning
# pass: storage/object-ownership
resource "aws_s3_bucket" "tls_of_a_folder" {
  bucket = "tls-of-a-folder"
}

# pass: storage/policy-lockout
resource "aws_s3_bucket_policy" "tls_of_a_folder" {
  bucket = aws_s3_bucket.tls_of_a_folder.id
  policy = jsonencode({ Statement = { Effect = "Deny", Principal = "*", Action = "s3:*", Resource = "arn:aws:s3:::tls-of-a-folder/private/*", Condition = { Bool = { "aws:SecureTransport" = "false" } } } })
}

#### Access points ####

# pass: storage/access-point-block
resource "aws_s3_access_point" "default" {
  name   = "default"
  bucket = "files"
}

# pass: storage/access-point-block
resource "aws_s3_access_point" "empty_block" {
  name   = "empty-block"
  bucket = "files"

  public_access_block_configuration {}
}

# fail: storage/access-point-block
resource "aws_s3_access_point" "half_open" {
  for_each = toset(["block_public_acls", "block_public_policy", "ignore_public_acls", "restrict_public_buckets"])
  name     = "half-open"
  bucket   = "files"

  public_access_block_configuration {
    block_public_acls       = each.key != "block_public_acls"
    block_public_policy     = each.key != "block_public_policy"
    ignore_public_acls      = each.key != "ignore_public_acls"
    restrict_public_buckets = each.key != "restrict_public_buckets"
  }
}

# unknown: storage/access-point-block
resource "aws_s3_access_point" "later" {
  name   = "later"
  bucket = "files"

  public_access_block_configuration {
    block_public_policy = local.bool
  }
}

# unknown: storage/access-point-block
resource "aws_s3_access_point" "block_later" {
  name   = "block-later"
  bucket = "files"

  dynamic "public_access_block_configuration" {
    for_each = local.bool ? ["on"] : []

    content {
      block_public_policy = false
    }
  }
}

#### Blocks that are there or not after apply ####

# fail: storage/lifecycle, storage/logging, storage/public-access-block, storage/tls-only, storage/versioning
# unknown: storage/bucket-key, storage/public-acl
# pass: storage/object-ownership
resource "aws_s3_bucket" "blocks_perhaps" {
  bucket = "blocks-perhaps"

  dynamic "grant" {
    for_each = local.bool ? ["http://acs.amazonaws.com/groups/global/AllUsers"] : []

    content {
      type        = "Group"
      permissions = ["READ"]
      uri         = grant.value
    }
  }

  dynamic "server_side_encryption_configuration" {
    for_each = local.bool ? [1] : []

    content {
      rule {
        apply_server_side_encryption_by_default {
          sse_algorithm = "aws:kms"
        }
      }
    }
  }
}

# unknown: storage/public-acl
resource "aws_s3_bucket_acl" "grants_perhaps" {
  bucket = "blocks-perhaps"

  access_control_policy {
    dynamic "grant" {
      for_each = local.bool ? ["http://acs.amazonaws.com/groups/global/AllUsers"] : []

      content {
        permission = "READ"

        grantee {
          type = "Group"
          uri  = grant.value
        }
      }
    }

    owner {
      id = "abc"
    }
  }
}

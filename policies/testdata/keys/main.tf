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


data "aws_iam_policy_document" "good" {
  statement {
    actions   = ["kms:Decrypt"]
    resources = ["*"]

    principals {
      type        = "AWS"
      identifiers = ["arn:aws:iam::111122223333:role/r"]
    }
  }
}

# pass: keys/deletion-window, keys/key-enabled, keys/key-policy, keys/lockout-check, keys/multi-region
resource "aws_kms_key" "good" {
  policy = data.aws_iam_policy_document.good.json
}

# pass: keys/deletion-window, keys/key-enabled, keys/lockout-check, keys/multi-region
# fail: keys/key-policy
resource "aws_kms_key" "bare" {
}

# pass: keys/key-enabled, keys/key-policy, keys/lockout-check, keys/multi-region
# fail: keys/deletion-window
resource "aws_kms_key" "short" {
  policy                  = data.aws_iam_policy_document.good.json
  deletion_window_in_days = 7
}

# pass: keys/deletion-window, keys/key-enabled, keys/key-policy, keys/lockout-check, keys/multi-region
resource "aws_kms_key" "long" {
  policy                  = data.aws_iam_policy_document.good.json
  deletion_window_in_days = 14
}

# pass: keys/key-enabled, keys/key-policy, keys/lockout-check, keys/multi-region
# unknown: keys/deletion-window
resource "aws_kms_key" "window_later" {
  policy                  = data.aws_iam_policy_document.good.json
  deletion_window_in_days = local.number
}

# pass: keys/deletion-window, keys/key-policy, keys/lockout-check, keys/multi-region
# fail: keys/key-enabled
resource "aws_kms_key" "disabled" {
  policy     = data.aws_iam_policy_document.good.json
  is_enabled = false
}

# pass: keys/deletion-window, keys/key-policy, keys/lockout-check, keys/multi-region
# unknown: keys/key-enabled
resource "aws_kms_key" "enabled_later" {
  policy     = data.aws_iam_policy_document.good.json
  is_enabled = local.bool
}

# pass: keys/deletion-window, keys/key-enabled, keys/key-policy, keys/multi-region
# fail: keys/lockout-check
resource "aws_kms_key" "unchecked" {
  policy                             = data.aws_iam_policy_document.good.json
  bypass_policy_lockout_safety_check = true
}

# pass: keys/deletion-window, keys/key-enabled, keys/key-policy, keys/multi-region
# unknown: keys/lockout-check
resource "aws_kms_key" "check_later" {
  policy                             = data.aws_iam_policy_document.good.json
  bypass_policy_lockout_safety_check = local.bool
}

# pass: keys/deletion-window, keys/key-enabled, keys/key-policy, keys/lockout-check
# fail: keys/multi-region
resource "aws_kms_key" "everywhere" {
  policy       = data.aws_iam_policy_document.good.json
  multi_region = true
}

# pass: keys/deletion-window, keys/key-enabled, keys/key-policy, keys/lockout-check
# unknown: keys/multi-region
resource "aws_kms_key" "region_later" {
  policy       = data.aws_iam_policy_document.good.json
  multi_region = local.bool
}

# pass: keys/deletion-window, keys/key-enabled, keys/key-policy, keys/lockout-check, keys/multi-region
resource "aws_kms_external_key" "external" {
  policy                  = data.aws_iam_policy_document.good.json
  deletion_window_in_days = 30
}

# pass: keys/deletion-window, keys/key-policy, keys/lockout-check, keys/multi-region
# fail: keys/key-enabled
resource "aws_kms_external_key" "external_off" {
  policy  = data.aws_iam_policy_document.good.json
  enabled = false
}

# pass: keys/deletion-window, keys/key-enabled, keys/key-policy, keys/lockout-check
resource "aws_kms_replica_key" "replica" {
  policy          = data.aws_iam_policy_document.good.json
  primary_key_arn = aws_kms_key.everywhere.arn
}

# pass: keys/deletion-window, keys/key-enabled, keys/lockout-check
# fail: keys/key-policy
resource "aws_kms_replica_key" "replica_bare" {
  primary_key_arn = aws_kms_key.everywhere.arn
}

# The policy is beside it.
# pass: keys/deletion-window, keys/key-enabled, keys/key-policy, keys/lockout-check, keys/multi-region
resource "aws_kms_key" "outside" {
}

# pass: keys/lockout-check
resource "aws_kms_key_policy" "outside" {
  key_id = aws_kms_key.outside.id
  policy = data.aws_iam_policy_document.good.json
}

data "aws_iam_policy_document" "who_later" {
  statement {
    actions   = ["kms:Decrypt"]
    resources = ["*"]

    principals {
      type        = "AWS"
      identifiers = [local.later]
    }
  }
}

# pass: keys/lockout-check
# unknown: keys/via-service
resource "aws_kms_key_policy" "who_later" {
  key_id = "1234abcd-12ab-34cd-56ef-1234567890ab"
  policy = data.aws_iam_policy_document.who_later.json
}

data "aws_iam_policy_document" "account" {
  statement {
    actions   = ["kms:*"]
    resources = ["*"]

    principals {
      type        = "AWS"
      identifiers = ["arn:aws:iam::111122223333:root"]
    }
  }
}

# pass: keys/lockout-check
# fail: keys/via-service
resource "aws_kms_key_policy" "account" {
  key_id = "1234abcd-12ab-34cd-56ef-1234567890ab"
  policy = data.aws_iam_policy_document.account.json
}

data "aws_iam_policy_document" "account_by_id" {
  statement {
    actions   = ["kms:De*"]
    resources = ["*"]

    principals {
      type        = "AWS"
      identifiers = ["111122223333"]
    }
  }
}

# pass: keys/lockout-check
# fail: keys/via-service
resource "aws_kms_key_policy" "account_by_id" {
  key_id = "1234abcd-12ab-34cd-56ef-1234567890ab"
  policy = data.aws_iam_policy_document.account_by_id.json
}

data "aws_iam_policy_document" "account_administers" {
  statement {
    actions   = ["kms:PutKeyPolicy"]
    resources = ["*"]

    principals {
      type        = "AWS"
      identifiers = ["arn:aws:iam::111122223333:root"]
    }
  }
}

# pass: keys/lockout-check, keys/via-service
resource "aws_kms_key_policy" "account_administers" {
  key_id = "1234abcd-12ab-34cd-56ef-1234567890ab"
  policy = data.aws_iam_policy_document.account_administers.json
}

data "aws_iam_policy_document" "account_via" {
  statement {
    actions   = ["kms:Decrypt"]
    resources = ["*"]

    principals {
      type        = "AWS"
      identifiers = ["arn:aws:iam::111122223333:root"]
    }

    condition {
      test     = "StringEquals"
      variable = "kms:ViaService"
      values   = ["s3.eu-west-1.amazonaws.com"]
    }
  }
}

# pass: keys/lockout-check, keys/via-service
resource "aws_kms_key_policy" "account_via" {
  key_id = "1234abcd-12ab-34cd-56ef-1234567890ab"
  policy = data.aws_iam_policy_document.account_via.json
}

# pass: keys/lockout-check
# fail: keys/via-service
resource "aws_kms_key_policy" "account_all_but" {
  key_id = "1234abcd-12ab-34cd-56ef-1234567890ab"
  policy = jsonencode({ Statement = { Effect = "Allow", NotAction = "kms:Create*", Principal = { AWS = "arn:aws:iam::111122223333:root" }, Resource = "*" } })
}

# pass: keys/lockout-check, keys/via-service
resource "aws_kms_key_policy" "account_but_use" {
  key_id = "1234abcd-12ab-34cd-56ef-1234567890ab"
  policy = jsonencode({ Statement = { Effect = "Allow", NotAction = ["kms:Decrypt"], Principal = { AWS = "arn:aws:iam::111122223333:root" }, Resource = "*" } })
}

data "aws_iam_policy_document" "account_later" {
  statement {
    actions   = [local.later]
    resources = ["*"]

    principals {
      type        = "AWS"
      identifiers = ["arn:aws:iam::111122223333:root"]
    }
  }
}

# pass: keys/lockout-check
# unknown: keys/via-service
resource "aws_kms_key_policy" "account_later" {
  key_id = "1234abcd-12ab-34cd-56ef-1234567890ab"
  policy = data.aws_iam_policy_document.account_later.json
}

data "aws_iam_policy_document" "account_via_later" {
  statement {
    actions   = ["kms:Decrypt"]
    resources = ["*"]

    principals {
      type        = "AWS"
      identifiers = ["arn:aws:iam::111122223333:root"]
    }

    condition {
      test     = "StringLike"
      variable = "kms:ViaService"
      values   = [local.later]
    }
  }
}

# pass: keys/lockout-check
# unknown: keys/via-service
resource "aws_kms_key_policy" "account_via_later" {
  key_id = "1234abcd-12ab-34cd-56ef-1234567890ab"
  policy = data.aws_iam_policy_document.account_via_later.json
}

data "aws_iam_policy_document" "account_of_later" {
  statement {
    actions   = ["kms:*"]
    resources = ["*"]

    principals {
      type        = "AWS"
      identifiers = ["arn:aws:iam::${local.later}:root"]
    }
  }
}

# pass: keys/lockout-check
# fail: keys/via-service
resource "aws_kms_key_policy" "account_of_later" {
  key_id = "1234abcd-12ab-34cd-56ef-1234567890ab"
  policy = data.aws_iam_policy_document.account_of_later.json
}

data "aws_iam_policy_document" "account_refused" {
  statement {
    effect    = "Deny"
    actions   = ["kms:*"]
    resources = ["*"]

    principals {
      type        = "AWS"
      identifiers = ["arn:aws:iam::111122223333:root"]
    }
  }
}

# pass: keys/lockout-check
resource "aws_kms_key_policy" "account_refused" {
  key_id = "1234abcd-12ab-34cd-56ef-1234567890ab"
  policy = data.aws_iam_policy_document.account_refused.json
}

data "aws_iam_policy_document" "perhaps_who" {
  statement {
    actions   = ["kms:*"]
    resources = ["*"]

    dynamic "principals" {
      for_each = local.bool ? [1] : []

      content {
        type        = "AWS"
        identifiers = ["111122223333"]
      }
    }
  }
}

# pass: keys/lockout-check
# unknown: keys/via-service
resource "aws_kms_key_policy" "perhaps_who" {
  key_id = "1234abcd-12ab-34cd-56ef-1234567890ab"
  policy = data.aws_iam_policy_document.perhaps_who.json
}

data "aws_iam_policy_document" "whose_later" {
  statement {
    actions   = ["kms:*"]
    resources = ["*"]

    principals {
      type        = "AWS"
      identifiers = [local.later]
    }
  }
}

# pass: keys/lockout-check
# unknown: keys/via-service
resource "aws_kms_key_policy" "whose_later" {
  key_id = "1234abcd-12ab-34cd-56ef-1234567890ab"
  policy = data.aws_iam_policy_document.whose_later.json
}

resource "aws_iam_role" "made" {
  name               = "made"
  assume_role_policy = jsonencode({ Statement = { Effect = "Allow", Action = "sts:AssumeRole", Principal = { Service = "lambda.amazonaws.com" } } })
}

# pass: keys/grant
resource "aws_kms_grant" "narrow" {
  key_id            = aws_kms_key.good.id
  grantee_principal = aws_iam_role.made.arn
  operations        = ["Decrypt"]

  constraints {
    encryption_context_equals = { room = "lobby" }
  }
}

# pass: keys/grant
resource "aws_kms_grant" "subset" {
  key_id            = aws_kms_key.good.id
  grantee_principal = aws_iam_role.made.arn
  operations        = ["Decrypt"]

  constraints {
    encryption_context_subset = { room = "lobby" }
  }
}

# pass: keys/grant
resource "aws_kms_grant" "encrypts" {
  key_id            = aws_kms_key.good.id
  grantee_principal = aws_iam_role.made.arn
  operations        = ["Encrypt", "DescribeKey"]
}

# fail: keys/grant
resource "aws_kms_grant" "wide" {
  key_id            = aws_kms_key.good.id
  grantee_principal = aws_iam_role.made.arn
  operations        = ["Decrypt"]
}

# fail: keys/grant
resource "aws_kms_grant" "given_on" {
  key_id            = aws_kms_key.good.id
  grantee_principal = aws_iam_role.made.arn
  operations        = ["Encrypt", "CreateGrant"]

  constraints {
    encryption_context_equals = { room = "lobby" }
  }
}

# unknown: keys/grant
resource "aws_kms_grant" "later" {
  key_id            = aws_kms_key.good.id
  grantee_principal = aws_iam_role.made.arn
  operations        = [local.later]
}

# unknown: keys/grant
resource "aws_kms_grant" "all_later" {
  key_id            = aws_kms_key.good.id
  grantee_principal = aws_iam_role.made.arn
  operations        = toset([for x in [1] : local.later])
}

# unknown: keys/grant
resource "aws_kms_grant" "perhaps" {
  key_id            = aws_kms_key.good.id
  grantee_principal = aws_iam_role.made.arn
  operations        = ["Decrypt"]

  dynamic "constraints" {
    for_each = local.bool ? [1] : []

    content {
      encryption_context_equals = { room = "lobby" }
    }
  }
}

# pass: keys/grant
resource "aws_kms_grant" "context_later" {
  key_id            = aws_kms_key.good.id
  grantee_principal = aws_iam_role.made.arn
  operations        = ["Decrypt"]

  constraints {
    encryption_context_equals = { room = local.later }
  }
}

# pass: keys/secret-recovery
# fail: keys/secret-rotation
resource "aws_secretsmanager_secret" "plain" {
  name = "plain"
}

# fail: keys/secret-recovery, keys/secret-rotation
resource "aws_secretsmanager_secret" "gone" {
  name                    = "gone"
  recovery_window_in_days = 0
}

# pass: keys/secret-recovery
# fail: keys/secret-rotation
resource "aws_secretsmanager_secret" "kept" {
  name                    = "kept"
  recovery_window_in_days = 7
}

# fail: keys/secret-rotation
# unknown: keys/secret-recovery
resource "aws_secretsmanager_secret" "kept_later" {
  name                    = "kept_later"
  recovery_window_in_days = local.number
}

# pass: keys/secret-recovery
resource "aws_secretsmanager_secret" "rotated" {
  name = "rotated"
}

# pass: keys/secret-rotation
resource "aws_secretsmanager_secret_rotation" "days" {
  secret_id           = aws_secretsmanager_secret.rotated.id
  rotation_lambda_arn = "arn:aws:lambda:eu-west-1:111122223333:function:rotate"

  rotation_rules {
    automatically_after_days = 90
  }
}

# fail: keys/secret-rotation
resource "aws_secretsmanager_secret_rotation" "many_days" {
  secret_id           = aws_secretsmanager_secret.rotated.id
  rotation_lambda_arn = "arn:aws:lambda:eu-west-1:111122223333:function:rotate"

  rotation_rules {
    automatically_after_days = 91
  }
}

# unknown: keys/secret-rotation
resource "aws_secretsmanager_secret_rotation" "days_later" {
  secret_id           = aws_secretsmanager_secret.rotated.id
  rotation_lambda_arn = "arn:aws:lambda:eu-west-1:111122223333:function:rotate"

  rotation_rules {
    automatically_after_days = local.number
  }
}

# pass: keys/secret-rotation
resource "aws_secretsmanager_secret_rotation" "rate" {
  secret_id           = aws_secretsmanager_secret.rotated.id
  rotation_lambda_arn = "arn:aws:lambda:eu-west-1:111122223333:function:rotate"

  rotation_rules {
    schedule_expression = "rate(30 days)"
  }
}

# pass: keys/secret-rotation
resource "aws_secretsmanager_secret_rotation" "hours" {
  secret_id           = aws_secretsmanager_secret.rotated.id
  rotation_lambda_arn = "arn:aws:lambda:eu-west-1:111122223333:function:rotate"

  rotation_rules {
    schedule_expression = "rate(4 hours)"
  }
}

# fail: keys/secret-rotation
resource "aws_secretsmanager_secret_rotation" "slow_rate" {
  secret_id           = aws_secretsmanager_secret.rotated.id
  rotation_lambda_arn = "arn:aws:lambda:eu-west-1:111122223333:function:rotate"

  rotation_rules {
    schedule_expression = "rate(365 days)"
  }
}

# unknown: keys/secret-rotation
resource "aws_secretsmanager_secret_rotation" "rate_later" {
  secret_id           = aws_secretsmanager_secret.rotated.id
  rotation_lambda_arn = "arn:aws:lambda:eu-west-1:111122223333:function:rotate"

  rotation_rules {
    schedule_expression = local.later
  }
}

# pass: keys/secret-rotation
resource "aws_secretsmanager_secret_rotation" "monthly" {
  secret_id           = aws_secretsmanager_secret.rotated.id
  rotation_lambda_arn = "arn:aws:lambda:eu-west-1:111122223333:function:rotate"

  rotation_rules {
    schedule_expression = "cron(0 8 1 * ? *)"
  }
}

# unknown: keys/secret-rotation
resource "aws_secretsmanager_secret_rotation" "some_months" {
  secret_id           = aws_secretsmanager_secret.rotated.id
  rotation_lambda_arn = "arn:aws:lambda:eu-west-1:111122223333:function:rotate"

  rotation_rules {
    schedule_expression = "cron(0 8 1 1/6 ? *)"
  }
}

variable "given" {
  type      = string
  default   = "given"
  sensitive = true
}

# fail: keys/secret-in-state
resource "aws_secretsmanager_secret_version" "written" {
  secret_id     = aws_secretsmanager_secret.rotated.id
  secret_string = "correct-horse"
}

# fail: keys/secret-in-state
resource "aws_secretsmanager_secret_version" "given" {
  secret_id     = aws_secretsmanager_secret.rotated.id
  secret_string = var.given
}

# fail: keys/secret-in-state
resource "aws_secretsmanager_secret_version" "binary" {
  secret_id     = aws_secretsmanager_secret.rotated.id
  secret_binary = base64encode("correct-horse")
}

# fail: keys/secret-in-state
resource "aws_secretsmanager_secret_version" "made" {
  secret_id     = aws_secretsmanager_secret.rotated.id
  secret_string = aws_iam_access_key.made.secret
}

# unknown: keys/secret-in-state
resource "aws_secretsmanager_secret_version" "other" {
  secret_id     = aws_secretsmanager_secret.rotated.id
  secret_string = jsonencode({ host = aws_iam_role.made.arn })
}

# pass: keys/secret-in-state
resource "aws_secretsmanager_secret_version" "write_only" {
  secret_id                = aws_secretsmanager_secret.rotated.id
  secret_string_wo         = "correct-horse"
  secret_string_wo_version = 1
}

resource "aws_iam_access_key" "made" {
  user = "u"
}


resource "aws_ssm_parameter" "word" {
  name  = "/chat/limit"
  type  = "String"
  value = "x"
}

# fail: keys/parameter-secret
resource "aws_ssm_parameter" "token" {
  name  = "/chat/api-token"
  type  = "String"
  value = "x"
}

# fail: keys/parameter-secret
resource "aws_ssm_parameter" "password" {
  name           = "/chat/DbPassword"
  type           = "String"
  insecure_value = "x"
}


resource "aws_ssm_parameter" "about_token" {
  name  = "/chat/token_ttl"
  type  = "String"
  value = "x"
}

# pass: keys/parameter-secret, keys/secret-in-state
resource "aws_ssm_parameter" "secure" {
  name             = "/chat/api_token"
  type             = "SecureString"
  value_wo         = "x"
  value_wo_version = 1
}

# fail: keys/secret-in-state
resource "aws_ssm_parameter" "secure_in_state" {
  name  = "/chat/origin"
  type  = "SecureString"
  value = "x"
}

# unknown: keys/secret-in-state
resource "aws_ssm_parameter" "secure_later" {
  name  = "/chat/origin2"
  type  = "SecureString"
  value = local.later
}

# unknown: keys/parameter-secret
resource "aws_ssm_parameter" "name_later" {
  name  = local.later
  type  = "String"
  value = "x"
}

# pass: keys/secret-in-state
# unknown: keys/parameter-secret
resource "aws_ssm_parameter" "type_later" {
  name  = "/chat/secret"
  type  = local.later
  value = "x"
}

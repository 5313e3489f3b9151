locals {
  own_key = var.kms_key == null

  kms_key_arn = local.own_key ? aws_kms_key.this[0].arn : var.kms_key.arn

  # Known without asking AWS: arn:<partition>:kms:<region>:<account>:key/<id>.
  key_partition = split(":", local.kms_key_arn)[1]
  key_region    = split(":", local.kms_key_arn)[3]
  key_account   = split(":", local.kms_key_arn)[4]

  # https://docs.amazonaws.cn/en_us/general/latest/gr/endpoints-arns.html
  via_dynamodb = "dynamodb.${local.key_region}.${local.key_partition == "aws-cn" ? "amazonaws.com.cn" : "amazonaws.com"}"

  keys = { for key in [var.partition_key, var.sort_key] : key.name => key.type if key != null }
}

#### Key ####

# Destroyed after the table was given another key, not before: a key that waits
# for its deletion opens nothing.
resource "aws_kms_key" "this" {
  count = local.own_key ? 1 : 0

  description             = "The DynamoDB table ${var.name}, its stream and its backups."
  enable_key_rotation     = true
  deletion_window_in_days = coalesce(var.kms_deletion_window_days, 30)
  tags                    = var.tags

  lifecycle {
    create_before_destroy = true
  }
}

data "aws_iam_policy_document" "key" {
  count = local.own_key ? 1 : 0

  # Who administers the key in this account cannot read with it.
  statement {
    sid = "AccountAdministers"
    actions = [
      "kms:CancelKeyDeletion",
      "kms:CreateAlias",
      "kms:DeleteAlias",
      "kms:DescribeKey",
      "kms:DisableKey",
      "kms:DisableKeyRotation",
      "kms:EnableKey",
      "kms:EnableKeyRotation",
      "kms:GetKeyPolicy",
      "kms:GetKeyRotationStatus",
      "kms:ListGrants",
      "kms:ListKeyPolicies",
      "kms:ListKeyRotations",
      "kms:ListResourceTags",
      "kms:PutKeyPolicy",
      "kms:RevokeGrant",
      "kms:RotateKeyOnDemand",
      "kms:ScheduleKeyDeletion",
      "kms:TagResource",
      "kms:UntagResource",
      "kms:UpdateAlias",
      "kms:UpdateKeyDescription",
    ]
    resources = ["*"]

    principals {
      type        = "AWS"
      identifiers = ["arn:${local.key_partition}:iam::${local.key_account}:root"]
    }
  }

  # Those whom IAM allows it, and only by way of DynamoDB, which keeps the table
  # open by a grant.
  # https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/encryption.usagenotes.html
  statement {
    sid = "AccountUsesThroughDynamoDB"
    actions = [
      "kms:CreateGrant",
      "kms:Decrypt",
      "kms:Encrypt",
      "kms:GenerateDataKey*",
      "kms:ReEncrypt*",
    ]
    resources = ["*"]

    principals {
      type        = "AWS"
      identifiers = ["arn:${local.key_partition}:iam::${local.key_account}:root"]
    }

    condition {
      test     = "StringEquals"
      variable = "kms:ViaService"
      values   = [local.via_dynamodb]
    }
  }
}

# Apart from the key, whose ARN says which account and Region to name.
resource "aws_kms_key_policy" "this" {
  count = local.own_key ? 1 : 0

  key_id = aws_kms_key.this[0].key_id
  policy = data.aws_iam_policy_document.key[0].json
}

resource "aws_kms_alias" "this" {
  count = local.own_key ? 1 : 0

  # An alias has no dots, and a table's name no slashes.
  name          = "alias/dynamodb-${replace(var.name, ".", "/")}"
  target_key_id = aws_kms_key.this[0].key_id
}

#### Table ####

# There is no index on purpose: each access path of the callers is a key of the
# table, and the provider's index arguments change between its major versions.
resource "aws_dynamodb_table" "this" {
  name      = var.name
  hash_key  = var.partition_key.name
  range_key = var.sort_key == null ? null : var.sort_key.name

  billing_mode   = var.provisioned == null ? "PAY_PER_REQUEST" : "PROVISIONED"
  read_capacity  = var.provisioned == null ? null : var.provisioned.read_units
  write_capacity = var.provisioned == null ? null : var.provisioned.write_units

  table_class = var.table_class

  deletion_protection_enabled = var.deletion_protection

  stream_enabled   = var.stream_view_type != null
  stream_view_type = var.stream_view_type

  dynamic "attribute" {
    for_each = local.keys

    content {
      name = attribute.key
      type = attribute.value
    }
  }

  dynamic "on_demand_throughput" {
    for_each = var.on_demand_limits == null ? [] : [var.on_demand_limits]

    content {
      max_read_request_units  = on_demand_throughput.value.read_units
      max_write_request_units = on_demand_throughput.value.write_units
    }
  }

  ttl {
    enabled        = var.ttl_enabled
    attribute_name = var.ttl_attribute
  }

  point_in_time_recovery {
    enabled                 = var.point_in_time_recovery
    recovery_period_in_days = var.point_in_time_recovery ? coalesce(var.recovery_period_days, 35) : null
  }

  server_side_encryption {
    enabled     = true
    kms_key_arn = local.kms_key_arn
  }

  tags = var.tags

  # No table under a key that still has the policy that KMS gives it.
  depends_on = [aws_kms_key_policy.this]
}

#### Resource policy ####

data "aws_iam_policy_document" "resource" {
  count = length(var.resource_policy_statements) > 0 ? 1 : 0

  dynamic "statement" {
    for_each = var.resource_policy_statements

    content {
      sid       = statement.value.sid
      effect    = statement.value.effect
      actions   = statement.value.actions
      resources = [aws_dynamodb_table.this.arn]

      principals {
        type        = statement.value.principals.type
        identifiers = statement.value.principals.identifiers
      }

      dynamic "condition" {
        for_each = statement.value.conditions

        content {
          test     = condition.value.test
          variable = condition.value.variable
          values   = condition.value.values
        }
      }
    }
  }
}

resource "aws_dynamodb_resource_policy" "this" {
  count = length(var.resource_policy_statements) > 0 ? 1 : 0

  resource_arn = aws_dynamodb_table.this.arn
  policy       = data.aws_iam_policy_document.resource[0].json
}

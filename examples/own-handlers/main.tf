provider "aws" {
  region = var.region
}

locals {
  # From the API's own ARN (arn:<partition>:execute-api:<region>:<account>:<id>),
  # so that nothing has to be asked of AWS first.
  partition  = split(":", module.api.execution_arn)[1]
  account_id = split(":", module.api.execution_arn)[4]

  handlers_dir = coalesce(var.handlers_dir, "${path.module}/dist/${var.architecture}")
  package_dir  = coalesce(var.package_dir, "${path.module}/../../dist/${var.architecture}")

  # DynamoDB opens a table's key with the rights of the caller.
  table_key_statement = {
    sid       = "TableKey"
    actions   = ["kms:Decrypt"]
    resources = [aws_kms_key.this.arn]
    conditions = [{
      test     = "StringEquals"
      variable = "kms:ViaService"
      values   = ["dynamodb.${var.region}.amazonaws.com"]
    }]
  }
}

#### Your key ####

data "aws_iam_policy_document" "key" {
  # Who administers the key in this account cannot read with it.
  statement {
    sid = "AccountAdministers"
    actions = [
      "kms:CancelKeyDeletion",
      "kms:DescribeKey",
      "kms:DisableKey",
      "kms:EnableKey",
      "kms:EnableKeyRotation",
      "kms:GetKeyPolicy",
      "kms:GetKeyRotationStatus",
      "kms:ListGrants",
      "kms:ListKeyPolicies",
      "kms:ListResourceTags",
      "kms:PutKeyPolicy",
      "kms:RevokeGrant",
      "kms:ScheduleKeyDeletion",
      "kms:TagResource",
      "kms:UntagResource",
      "kms:UpdateKeyDescription",
    ]
    resources = ["*"]

    principals {
      type        = "AWS"
      identifiers = ["arn:${local.partition}:iam::${local.account_id}:root"]
    }
  }

  statement {
    sid       = "AccountUsesThroughServices"
    actions   = ["kms:CreateGrant", "kms:Decrypt", "kms:Encrypt", "kms:GenerateDataKey*", "kms:ReEncrypt*"]
    resources = ["*"]

    principals {
      type        = "AWS"
      identifiers = ["arn:${local.partition}:iam::${local.account_id}:root"]
    }

    condition {
      test     = "StringEquals"
      variable = "kms:ViaService"
      values   = ["dynamodb.${var.region}.amazonaws.com", "lambda.${var.region}.amazonaws.com"]
    }
  }

  statement {
    sid       = "LogsOfThisRoot"
    actions   = ["kms:Decrypt*", "kms:Describe*", "kms:Encrypt*", "kms:GenerateDataKey*", "kms:ReEncrypt*"]
    resources = ["*"]

    principals {
      type        = "Service"
      identifiers = ["logs.${var.region}.amazonaws.com"]
    }

    condition {
      test     = "ArnEquals"
      variable = "kms:EncryptionContext:aws:logs:arn"
      values = [for group in [
        "/aws/lambda/${var.name}-authorizer",
        "/aws/lambda/${var.name}-presence",
        "/aws/lambda/${var.name}-vote",
        module.api.access_log_group_name,
        module.api.execution_log_group_name,
      ] : "arn:${local.partition}:logs:${var.region}:${local.account_id}:log-group:${group}"]
    }
  }
}

resource "aws_kms_key" "this" {
  description             = "Table, logs and function settings of ${var.name}."
  policy                  = data.aws_iam_policy_document.key.json
  enable_key_rotation     = true
  deletion_window_in_days = 7
}

#### Your table ####

module "table" {
  source = "../../modules/table"

  name    = "${var.name}-polls"
  kms_key = { arn = aws_kms_key.this.arn }

  # Of an example to throw away.
  deletion_protection = false
}

#### Your functions ####

module "presence" {
  source = "../../modules/function"

  name         = "${var.name}-presence"
  description  = "Remembers who looks at which poll."
  package_dir  = local.handlers_dir
  package_name = "presence"
  architecture = var.architecture

  environment = { POLLS_TABLE = module.table.name }

  statements = [
    { sid = "Polls", actions = ["dynamodb:DeleteItem", "dynamodb:PutItem"], resources = [module.table.arn] },
    local.table_key_statement,
  ]

  reserved_concurrency = var.reserved_concurrency
  kms_key_arn          = aws_kms_key.this.arn
}

module "vote" {
  source = "../../modules/function"

  name         = "${var.name}-vote"
  description  = "Takes a vote and shows the tally to all who look at the poll."
  package_dir  = local.handlers_dir
  package_name = "vote"
  architecture = var.architecture

  environment = {
    POLLS_TABLE         = module.table.name
    MANAGEMENT_ENDPOINT = module.api.management_endpoint
  }

  statements = [
    { sid = "Polls", actions = ["dynamodb:PutItem", "dynamodb:Query"], resources = [module.table.arn] },
    { sid = "ShowTally", actions = ["execute-api:ManageConnections"], resources = ["${module.api.connections_arn}/POST/@connections/*"] },
    local.table_key_statement,
  ]

  reserved_concurrency = var.reserved_concurrency
  kms_key_arn          = aws_kms_key.this.arn
}

#### Who may connect ####

# The authorizer is the chat's own: it gives your functions sub, name, room,
# access and exp, and lets nobody else in.
module "auth" {
  source = "../../modules/auth"

  name         = var.name
  package_dir  = local.package_dir
  architecture = var.architecture

  allowed_origins      = var.allowed_origins
  allow_missing_origin = var.allow_missing_origin
  cognito_endpoint     = var.cognito_endpoint

  reserved_concurrency = var.reserved_concurrency
  kms_key_arn          = aws_kms_key.this.arn
  deletion_protection  = false
}

#### The API ####

module "api" {
  source = "../../modules/api"

  name       = var.name
  authorizer = module.auth.authorizer

  routes = {
    "$connect"    = { function = module.presence.target, throttle = { rate = 20, burst = 40 } }
    "$disconnect" = { function = module.presence.target }
    vote          = { function = module.vote.target, throttle = { rate = 50, burst = 100 } }
    tally         = { function = module.vote.target }
    ping          = { mock = jsonencode({ type = "pong" }) }
  }

  kms_key_arn = aws_kms_key.this.arn
}

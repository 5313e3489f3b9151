locals {
  # Taken from the API's own ARN (arn:<partition>:execute-api:<region>:<account>:<id>),
  # so that the module asks AWS for nothing before it makes something.
  partition  = split(":", module.api.execution_arn)[1]
  region     = split(":", module.api.execution_arn)[3]
  account_id = split(":", module.api.execution_arn)[4]

  kms_key_arn = var.kms_key == null ? aws_kms_key.this[0].arn : var.kms_key.arn

  # Known without the groups themselves, which cannot be made before the key.
  log_group_names = concat(
    [for function in ["authorizer", "connect", "disconnect", "message"] : "/aws/lambda/${var.name}-${function}"],
    [module.api.access_log_group_name, module.api.execution_log_group_name],
  )

  # A function's variable has no null.
  metrics_namespace = var.metrics_namespace == null ? "" : var.metrics_namespace

  # What DynamoDB asks of the caller's rights when it opens a table: the table's
  # key decrypted, by DynamoDB only.
  # https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/encryption.usagenotes.html
  table_key_statement = {
    sid       = "TableKey"
    actions   = ["kms:Decrypt"]
    resources = [local.kms_key_arn]
    conditions = [{
      test     = "StringEquals"
      variable = "kms:ViaService"
      values   = ["dynamodb.${local.region}.amazonaws.com"]
    }]
  }
}

#### Key ####

data "aws_iam_policy_document" "key" {
  count = var.kms_key == null ? 1 : 0

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
      identifiers = ["arn:${local.partition}:iam::${local.account_id}:root"]
    }
  }

  # Those whom IAM allows it, and only by way of the two services. CreateGrant
  # is how DynamoDB keeps a table open and Lambda reads an environment.
  statement {
    sid = "AccountUsesThroughServices"
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
      identifiers = ["arn:${local.partition}:iam::${local.account_id}:root"]
    }

    condition {
      test     = "StringEquals"
      variable = "kms:ViaService"
      values   = ["dynamodb.${local.region}.amazonaws.com", "lambda.${local.region}.amazonaws.com"]
    }
  }

  # https://docs.aws.amazon.com/AmazonCloudWatch/latest/logs/encrypt-log-data-kms.html
  statement {
    sid = "LogsOfThisChat"
    actions = [
      "kms:Decrypt*",
      "kms:Describe*",
      "kms:Encrypt*",
      "kms:GenerateDataKey*",
      "kms:ReEncrypt*",
    ]
    resources = ["*"]

    principals {
      type        = "Service"
      identifiers = ["logs.${local.region}.amazonaws.com"]
    }

    condition {
      test     = "ArnEquals"
      variable = "kms:EncryptionContext:aws:logs:arn"
      values   = [for name in local.log_group_names : "arn:${local.partition}:logs:${local.region}:${local.account_id}:log-group:${name}"]
    }
  }
}

resource "aws_kms_key" "this" {
  count = var.kms_key == null ? 1 : 0

  description             = "Tables, logs and function settings of the chat ${var.name}."
  policy                  = data.aws_iam_policy_document.key[0].json
  enable_key_rotation     = true
  deletion_window_in_days = var.kms_deletion_window_days
  tags                    = var.tags
}

resource "aws_kms_alias" "this" {
  count = var.kms_key == null ? 1 : 0

  name          = "alias/${var.name}"
  target_key_id = aws_kms_key.this[0].key_id
}

#### Tables ####

module "connections" {
  source = "../table"

  name                   = "${var.name}-connections"
  kms_key                = { arn = local.kms_key_arn }
  point_in_time_recovery = var.point_in_time_recovery
  deletion_protection    = var.deletion_protection
  tags                   = var.tags
}

module "messages" {
  source = "../table"

  name                   = "${var.name}-messages"
  kms_key                = { arn = local.kms_key_arn }
  point_in_time_recovery = var.point_in_time_recovery
  deletion_protection    = var.deletion_protection
  tags                   = var.tags
}

#### Functions ####

module "connect" {
  source = "../function"

  name         = "${var.name}-connect"
  description  = "Takes a connection into its room, within the limits of user and room."
  package_dir  = var.package_dir
  package_name = "connect"
  architecture = var.architecture

  environment = {
    CONNECTIONS_TABLE        = module.connections.name
    MAX_CONNECTIONS_PER_USER = tostring(var.max_connections_per_user)
    MAX_MEMBERS              = tostring(var.max_members)
    RATE_REFUSALS_PER_MINUTE = tostring(var.rate_limit.refusals_per_minute)
    METRICS_NAMESPACE        = local.metrics_namespace
  }

  statements = [
    {
      sid       = "Connections"
      actions   = ["dynamodb:PutItem", "dynamodb:Query"]
      resources = [module.connections.arn]
    },
    local.table_key_statement,
  ]

  timeout_seconds      = 10
  memory_mb            = var.memory_mb.connect
  reserved_concurrency = var.reserved_concurrency.connect
  tracing_mode         = var.tracing_mode
  kms_key_arn          = local.kms_key_arn
  permissions_boundary = var.permissions_boundary
  log_retention_days   = var.log_retention_days
  log_level            = var.log_level
  tags                 = var.tags
}

module "disconnect" {
  source = "../function"

  name         = "${var.name}-disconnect"
  description  = "Forgets a connection that has closed."
  package_dir  = var.package_dir
  package_name = "disconnect"
  architecture = var.architecture

  environment = {
    CONNECTIONS_TABLE = module.connections.name
    METRICS_NAMESPACE = local.metrics_namespace
  }

  statements = [
    {
      sid       = "Connections"
      actions   = ["dynamodb:DeleteItem"]
      resources = [module.connections.arn]
    },
    local.table_key_statement,
  ]

  timeout_seconds      = 10
  memory_mb            = var.memory_mb.disconnect
  reserved_concurrency = var.reserved_concurrency.disconnect
  tracing_mode         = var.tracing_mode
  kms_key_arn          = local.kms_key_arn
  permissions_boundary = var.permissions_boundary
  log_retention_days   = var.log_retention_days
  log_level            = var.log_level
  tags                 = var.tags
}

module "message" {
  source = "../function"

  name         = "${var.name}-message"
  description  = "Stores a message and passes it to the room; answers history and members."
  package_dir  = var.package_dir
  package_name = "message"
  architecture = var.architecture

  environment = {
    CONNECTIONS_TABLE        = module.connections.name
    MESSAGES_TABLE           = module.messages.name
    MANAGEMENT_ENDPOINT      = module.api.management_endpoint
    MESSAGE_FORMAT           = var.message_format
    MAX_TEXT_BYTES           = tostring(var.max_text_bytes)
    MESSAGE_TTL_SECONDS      = tostring(var.message_retention_days * 24 * 60 * 60)
    RATE_MESSAGES_PER_MINUTE = tostring(var.rate_limit.messages_per_minute)
    RATE_BYTES_PER_MINUTE    = tostring(var.rate_limit.bytes_per_minute)
    RATE_READS_PER_MINUTE    = tostring(var.rate_limit.reads_per_minute)
    RATE_REFUSALS_PER_MINUTE = tostring(var.rate_limit.refusals_per_minute)
    HISTORY_PAGE             = tostring(var.page_size.history)
    MEMBERS_PAGE             = tostring(var.page_size.members)
    METRICS_NAMESPACE        = local.metrics_namespace
  }

  statements = [
    {
      sid       = "Connections"
      actions   = ["dynamodb:DeleteItem", "dynamodb:Query", "dynamodb:UpdateItem"]
      resources = [module.connections.arn]
    },
    {
      sid       = "Messages"
      actions   = ["dynamodb:PutItem", "dynamodb:Query"]
      resources = [module.messages.arn]
    },
    {
      sid       = "PostToConnections"
      actions   = ["execute-api:ManageConnections"]
      resources = ["${module.api.connections_arn}/POST/@connections/*"]
    },
    {
      sid       = "CloseConnections"
      actions   = ["execute-api:ManageConnections"]
      resources = ["${module.api.connections_arn}/DELETE/@connections/*"]
    },
    local.table_key_statement,
  ]

  # Less than the 29 s that API Gateway waits, so that the function's own error
  # is what the caller sees.
  timeout_seconds      = 25
  memory_mb            = var.memory_mb.message
  reserved_concurrency = var.reserved_concurrency.message
  tracing_mode         = var.tracing_mode
  kms_key_arn          = local.kms_key_arn
  permissions_boundary = var.permissions_boundary
  log_retention_days   = var.log_retention_days
  log_level            = var.log_level
  tags                 = var.tags
}

module "auth" {
  source = "../auth"

  name = var.name
  oidc = var.oidc

  rooms                = var.rooms
  baked_jwks           = var.baked_jwks
  allowed_origins      = var.allowed_origins
  allow_missing_origin = var.allow_missing_origin
  origin_secrets       = var.origin_secrets

  cognito_endpoint    = var.cognito_endpoint
  mfa                 = var.user_pool.mfa
  threat_protection   = var.user_pool.threat_protection
  allow_self_sign_up  = var.user_pool.allow_self_sign_up
  token_validity      = var.user_pool.token_validity
  password_policy     = var.user_pool.password_policy
  callback_urls       = var.user_pool.callback_urls
  logout_urls         = var.user_pool.logout_urls
  deletion_protection = var.deletion_protection

  package_dir          = var.package_dir
  architecture         = var.architecture
  memory_mb            = var.memory_mb.authorizer
  reserved_concurrency = var.reserved_concurrency.authorizer
  tracing_mode         = var.tracing_mode
  kms_key_arn          = local.kms_key_arn
  permissions_boundary = var.permissions_boundary
  log_retention_days   = var.log_retention_days
  log_level            = var.log_level
  metrics_namespace    = var.metrics_namespace
  tags                 = var.tags
}

#### API ####

module "api" {
  source = "../api"

  name       = var.name
  stage_name = var.stage_name
  authorizer = module.auth.authorizer

  routes = {
    "$connect" = {
      function = module.connect.target
      throttle = { rate = var.throttle.connect_rate, burst = var.throttle.connect_burst }
    }
    "$disconnect" = { function = module.disconnect.target }
    "$default"    = { function = module.message.target }
    sendMessage   = { function = module.message.target }
    history       = { function = module.message.target }
    members       = { function = module.message.target }
    ping          = { mock = jsonencode({ type = "pong" }) }
  }

  throttle           = { rate = var.throttle.rate, burst = var.throttle.burst }
  detailed_metrics   = var.detailed_metrics
  kms_key_arn        = local.kms_key_arn
  log_retention_days = var.log_retention_days
  tags               = var.tags
}

#### Operators ####

# What `portcullis admin` needs. It is attached to nobody here.
data "aws_iam_policy_document" "operator" {
  statement {
    sid       = "SeeAndBanUsers"
    actions   = ["dynamodb:DeleteItem", "dynamodb:Query", "dynamodb:Scan", "dynamodb:UpdateItem"]
    resources = [module.connections.arn]
  }

  statement {
    sid       = "CloseConnections"
    actions   = ["execute-api:ManageConnections"]
    resources = ["${module.api.connections_arn}/DELETE/@connections/*"]
  }

  statement {
    sid       = local.table_key_statement.sid
    actions   = local.table_key_statement.actions
    resources = local.table_key_statement.resources

    dynamic "condition" {
      for_each = local.table_key_statement.conditions

      content {
        test     = condition.value.test
        variable = condition.value.variable
        values   = condition.value.values
      }
    }
  }
}

locals {
  # Taken from the API's own ARN (arn:<partition>:execute-api:<region>:<account>:<id>),
  # so that the module asks AWS for nothing before it makes something.
  partition  = split(":", module.api.execution_arn)[1]
  region     = split(":", module.api.execution_arn)[3]
  account_id = split(":", module.api.execution_arn)[4]

  # In the names by which services call one another. China's differ.
  # https://docs.amazonaws.cn/en_us/general/latest/gr/endpoints-arns.html
  dns_suffix = local.partition == "aws-cn" ? "amazonaws.com.cn" : "amazonaws.com"

  kms_key_arn = var.kms_key == null ? aws_kms_key.this[0].arn : var.kms_key.arn

  # Tags by part, so that a bill can be split by them. The caller's own win.
  tags = { for part in ["key", "connections", "messages", "auth", "connect", "disconnect", "message", "api", "edge", "alarms"] :
    part => merge(var.cost_tags ? { "portcullis:chat" = var.name, "portcullis:part" = part } : {}, var.tags)
  }

  # Known without the groups themselves, which cannot be made before the key.
  log_group_names = concat(
    [for function in ["authorizer", "connect", "disconnect", "message"] : "/aws/lambda/${var.name}-${function}"],
    [module.api.access_log_group_name, module.api.execution_log_group_name],
    local.protect_sign_in ? ["aws-waf-logs-${var.name}-sign-in"] : [],
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
      values   = ["dynamodb.${local.region}.${local.dns_suffix}"]
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
      values   = ["dynamodb.${local.region}.${local.dns_suffix}", "lambda.${local.region}.${local.dns_suffix}"]
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
      identifiers = ["logs.${local.region}.${local.dns_suffix}"]
    }

    condition {
      test     = "ArnEquals"
      variable = "kms:EncryptionContext:aws:logs:arn"
      values   = [for name in local.log_group_names : "arn:${local.partition}:logs:${local.region}:${local.account_id}:log-group:${name}"]
    }
  }

  # CloudWatch asks KMS itself, not by way of SNS, before it publishes to an
  # encrypted topic; refused, it drops the notification and says nothing.
  # https://repost.aws/knowledge-center/cloudwatch-receive-sns-for-alarm-trigger
  dynamic "statement" {
    for_each = local.make_topic ? [true] : []

    content {
      sid       = "AlarmsOfThisChat"
      actions   = ["kms:Decrypt", "kms:GenerateDataKey*"]
      resources = ["*"]

      principals {
        type        = "Service"
        identifiers = ["cloudwatch.amazonaws.com"]
      }

      condition {
        test     = "StringEquals"
        variable = "aws:SourceAccount"
        values   = [local.account_id]
      }

      condition {
        test     = "ArnLike"
        variable = "aws:SourceArn"
        values   = [local.alarm_arns]
      }
    }
  }
}

# Destroyed after everything was given another key, not before: a key that waits
# for its deletion opens nothing.
resource "aws_kms_key" "this" {
  count = var.kms_key == null ? 1 : 0

  description             = "Tables, logs and function settings of the chat ${var.name}."
  policy                  = data.aws_iam_policy_document.key[0].json
  enable_key_rotation     = true
  deletion_window_in_days = coalesce(var.kms_deletion_window_days, 30)
  tags                    = local.tags["key"]

  lifecycle {
    create_before_destroy = true
  }
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
  tags                   = local.tags["connections"]
}

module "messages" {
  source = "../table"

  name                   = "${var.name}-messages"
  kms_key                = { arn = local.kms_key_arn }
  point_in_time_recovery = var.point_in_time_recovery
  deletion_protection    = var.deletion_protection
  tags                   = local.tags["messages"]
}

#### Functions ####

module "connect" {
  source = "../function"

  name        = "${var.name}-connect"
  description = "Takes a connection into its room, within the limits of user and room."

  package_dir    = var.package_dir
  package_name   = var.package_dir == null ? null : "connect"
  package_object = var.package_objects == null ? null : var.package_objects.connect
  code_signing   = var.code_signing
  architecture   = var.architecture

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
  keep_logs            = var.keep_logs
  log_level            = var.log_level
  tags                 = local.tags["connect"]
}

module "disconnect" {
  source = "../function"

  name        = "${var.name}-disconnect"
  description = "Forgets a connection that has closed."

  package_dir    = var.package_dir
  package_name   = var.package_dir == null ? null : "disconnect"
  package_object = var.package_objects == null ? null : var.package_objects.disconnect
  code_signing   = var.code_signing
  architecture   = var.architecture

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
  keep_logs            = var.keep_logs
  log_level            = var.log_level
  tags                 = local.tags["disconnect"]
}

module "message" {
  source = "../function"

  name        = "${var.name}-message"
  description = "Stores a message and passes it to the room; answers history and members."

  package_dir    = var.package_dir
  package_name   = var.package_dir == null ? null : "message"
  package_object = var.package_objects == null ? null : var.package_objects.message
  code_signing   = var.code_signing
  architecture   = var.architecture

  environment = {
    CONNECTIONS_TABLE        = module.connections.name
    MESSAGES_TABLE           = module.messages.name
    MANAGEMENT_ENDPOINT      = module.api.management_endpoint
    MESSAGE_FORMAT           = var.message_format
    MAX_FRAME_BYTES          = tostring(var.max_frame_bytes)
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
  keep_logs            = var.keep_logs
  log_level            = var.log_level
  tags                 = local.tags["message"]
}

module "auth" {
  source = "../auth"

  name = var.name
  oidc = var.oidc

  rooms                = var.rooms
  baked_jwks           = var.baked_jwks
  allowed_origins      = distinct(concat(var.allowed_origins, local.site_urls))
  allow_missing_origin = var.allow_missing_origin
  origin_secrets       = var.origin_secrets

  cognito_endpoint       = var.cognito_endpoint
  mfa                    = var.user_pool.mfa
  threat_protection      = var.user_pool.threat_protection
  allow_self_sign_up     = var.user_pool.allow_self_sign_up
  refresh_token_rotation = var.user_pool.refresh_token_rotation
  token_validity         = var.user_pool.token_validity
  password_policy        = var.user_pool.password_policy
  callback_urls          = local.callback_urls
  logout_urls            = local.logout_urls
  sign_in_domain         = var.user_pool.sign_in_domain
  deletion_protection    = var.oidc == null ? var.deletion_protection : null

  package_dir          = var.package_dir
  package_object       = var.package_objects == null ? null : var.package_objects.authorizer
  code_signing         = var.code_signing
  architecture         = var.architecture
  memory_mb            = var.memory_mb.authorizer
  reserved_concurrency = var.reserved_concurrency.authorizer
  tracing_mode         = var.tracing_mode
  kms_key_arn          = local.kms_key_arn
  permissions_boundary = var.permissions_boundary
  log_retention_days   = var.log_retention_days
  keep_logs            = var.keep_logs
  log_level            = var.log_level
  metrics_namespace    = var.metrics_namespace
  tags                 = local.tags["auth"]
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

  custom_domain                = var.custom_domain
  ip_address_type              = var.ip_address_type
  disable_execute_api_endpoint = var.disable_execute_api_endpoint || var.edge != null && var.custom_domain != null

  alarms = var.alarms == null ? null : {
    actions            = [local.topic_arn]
    integration_errors = var.alarms.thresholds.integration_errors
    execution_errors   = var.alarms.thresholds.execution_errors
    client_errors      = var.alarms.thresholds.client_errors
    connects           = var.alarms.thresholds.connects
    latency_ms         = var.alarms.thresholds.latency_ms
  }

  throttle           = { rate = var.throttle.rate, burst = var.throttle.burst }
  access_log_fields  = var.access_log_fields
  detailed_metrics   = var.detailed_metrics
  kms_key_arn        = local.kms_key_arn
  log_retention_days = var.log_retention_days
  keep_logs          = var.keep_logs
  tags               = local.tags["api"]
}

#### Edge ####

locals {
  protect_sign_in = var.edge == null ? false : var.edge.protect_sign_in

  # How many there are is known in the plan, what they are may not be.
  site_urls   = module.edge[*].site_url
  has_site    = var.edge == null ? false : var.edge.site.enabled
  signs_in    = local.has_site && var.user_pool.sign_in_domain != null
  site_pages  = local.signs_in ? [for url in local.site_urls : "${url}/"] : []
  given_calls = var.user_pool.callback_urls == null ? [] : var.user_pool.callback_urls
  given_outs  = var.user_pool.logout_urls == null ? [] : var.user_pool.logout_urls

  callback_urls = concat(local.given_calls, local.site_pages)
  logout_urls   = concat(local.given_outs, local.site_pages)

  # Where Cognito's pages and tokens are. A custom name is its own; a prefix has
  # the Region in it.
  # https://docs.aws.amazon.com/cognito/latest/developerguide/cognito-user-pools-assign-domain-prefix.html
  sign_in_origins = var.user_pool.sign_in_domain == null ? [] : [
    var.user_pool.sign_in_domain.custom == null ? "https://${var.user_pool.sign_in_domain.prefix}.auth.${local.region}.amazoncognito.com" : "https://${var.user_pool.sign_in_domain.custom.name}",
  ]

  # The way to the API from the edge.
  edge_api = var.custom_domain == null ? { endpoint = module.api.api_endpoint, path = "/${var.stage_name}" } : { endpoint = "wss://${var.custom_domain.name}", path = "/${coalesce(var.custom_domain.mapping_key, var.stage_name)}" }

  url = var.edge == null ? module.api.connect_url : module.edge[0].connect_url
}

module "edge" {
  source = "../waf"
  count  = var.edge == null ? 0 : 1

  providers = {
    aws           = aws
    aws.us_east_1 = aws.us_east_1
  }

  name           = var.name
  api            = local.edge_api
  origin_secrets = var.origin_secrets

  site = !var.edge.site.enabled ? null : {
    dir             = coalesce(var.edge.site.dir, "${path.module}/../../web/site")
    error_pages     = var.edge.site.error_pages
    connect_origins = concat([regex("^https?://[^/]+", module.auth.openid_configuration_url)], local.sign_in_origins, var.edge.site.issuer_origins)
  }

  site_url            = var.edge.site_url
  aliases             = var.edge.aliases
  certificate         = var.edge.certificate
  minimum_tls         = var.edge.minimum_tls
  price_class         = var.edge.price_class
  geo_restriction     = var.edge.geo_restriction
  hsts                = var.edge.hsts
  wait_for_deployment = var.edge.wait_for_deployment
  rate                = var.edge.rate
  limits              = var.edge.limits
  addresses           = var.edge.addresses
  countries           = var.edge.countries
  managed_groups      = var.edge.managed_groups
  bot_control         = var.edge.bot_control
  custom_rules        = var.edge.custom_rules
  anti_ddos           = var.edge.anti_ddos
  count_only          = var.edge.count_only
  log_allowed         = var.edge.log_allowed
  access_log_fields   = var.edge.access_log_fields
  user_pool           = local.protect_sign_in ? { arn = module.auth.user_pool_arn, kms_key_arn = local.kms_key_arn } : null
  sign_in_rate        = var.edge.sign_in_rate
  alarms              = var.edge.alarms

  kms_key                  = var.edge.kms_key
  kms_deletion_window_days = var.edge.kms_key == null ? var.kms_deletion_window_days : null
  log_retention_days       = var.log_retention_days
  tags                     = local.tags["edge"]
}

# What the site's scripts have to know. Not a file of the edge module: the client's
# id is known after its callback URL, and that after the distribution.
resource "aws_s3_object" "config" {
  count    = local.has_site ? 1 : 0
  provider = aws.us_east_1

  bucket        = module.edge[0].bucket
  key           = "config.json"
  content_type  = "application/json"
  cache_control = "no-cache"

  content = jsonencode({
    url             = local.url
    issuer          = module.auth.issuer
    discovery       = module.auth.openid_configuration_url
    client_id       = var.oidc == null ? module.auth.user_pool_client_id : coalesce(var.edge.site.client_id, module.auth.audiences[0])
    scopes          = coalesce(var.edge.site.scopes, ["openid"])
    message_format  = var.message_format
    max_text_bytes  = var.max_text_bytes
    max_frame_bytes = var.max_frame_bytes
  })

  override_provider {
    default_tags {
      tags = {}
    }
  }

  depends_on = [module.edge]
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

#### Alarms ####

locals {
  make_topic = var.alarms == null ? false : var.alarms.topic == null
  topic_arn  = var.alarms == null ? null : local.make_topic ? aws_sns_topic.alarms[0].arn : var.alarms.topic.arn
  alarm_arns = "arn:${local.partition}:cloudwatch:${local.region}:${local.account_id}:alarm:${var.name}-*"

  functions = {
    authorizer = module.auth.authorizer.function_name
    connect    = module.connect.name
    disconnect = module.disconnect.name
    message    = module.message.name
  }

  tables = {
    connections = { name = module.connections.name, operations = ["DeleteItem", "PutItem", "Query", "UpdateItem"] }
    messages    = { name = module.messages.name, operations = ["PutItem", "Query"] }
  }

  # An alarm is the sum of a metric in five minutes. What is not called has no
  # data, which is no reason to wake anybody.
  lambda_alarms = var.alarms == null ? {} : merge(
    { for part, name in local.functions : "${part}-throttles" => {
      namespace   = "AWS/Lambda"
      metric      = "Throttles"
      dimensions  = { FunctionName = name }
      threshold   = var.alarms.thresholds.function_throttles
      description = "Lambda had no instance of ${part} for a request, which was refused. Raise reserved_concurrency.${part} or the account's quota; if clients reconnect in a loop or attack, lower the throttle of new connections."
    } },
    { for part, name in local.functions : "${part}-errors" => {
      namespace   = "AWS/Lambda"
      metric      = "Errors"
      dimensions  = { FunctionName = name }
      threshold   = var.alarms.thresholds.function_errors
      description = "${part} crashed or ran out of time or memory. Its log says which; after a deployment, take it back."
    } if part != "authorizer" },
    { authorizer-errors = {
      namespace   = "AWS/Lambda"
      metric      = "Errors"
      dimensions  = { FunctionName = local.functions.authorizer }
      threshold   = var.alarms.thresholds.authorizer_errors
      description = "The authorizer ended with an error, which is how it answers 401: many refused tokens, or crashes and timeouts. Its log says which reason; compare with the alarms of refused handshakes and of its failures."
    } },
  )

  # Of the functions' own metrics (docs/metrics.md).
  own_alarms = var.alarms == null || var.metrics_namespace == null ? {} : merge(
    { for part, name in local.functions : "${part}-failures" => {
      namespace   = var.metrics_namespace
      metric      = "Failures"
      dimensions  = { Function = name }
      threshold   = coalesce(var.alarms.thresholds.failures, 1)
      description = "${part} could not do its work by our own fault: a table, a post to connections or the issuer's keys. Its log names the reason; look at the service behind it, and at the other alarms."
    } },
    {
      refused-handshakes = {
        namespace   = var.metrics_namespace
        metric      = "Refusals"
        dimensions  = { Function = local.functions.authorizer }
        threshold   = coalesce(var.alarms.thresholds.refused_handshakes, 100)
        description = "The authorizer refuses many handshakes. Reasons token_*, origin or origin_secret: somebody tries, or a client or the edge has old settings; see Refusals by Reason, and the access log for where from."
      }
      refused-connects = {
        namespace   = var.metrics_namespace
        metric      = "Refusals"
        dimensions  = { Function = local.functions.connect }
        threshold   = coalesce(var.alarms.thresholds.refused_connects, 50)
        description = "Users with valid tokens are refused at the limits: too many connections (429), a full room (503), banned. See Refusals by Reason; raise max_members or max_connections_per_user if this is wanted use."
      }
      fanout-failures = {
        namespace   = var.metrics_namespace
        metric      = "FanoutFailures"
        dimensions  = { Function = local.functions.message }
        threshold   = coalesce(var.alarms.thresholds.fanout_failures, 10)
        description = "Messages did not reach members of their room, who find them in the history. Look for throttled or failing posts in the log of message: the account's request quota, or slow readers."
      }
      fanout-incomplete = {
        namespace   = var.metrics_namespace
        metric      = "FanoutIncomplete"
        dimensions  = { Function = local.functions.message }
        threshold   = coalesce(var.alarms.thresholds.fanout_incomplete, 1)
        description = "Messages were not passed to all of their room in time. Rooms are too big for memory_mb.message, or the table of connections is slow: look at FanoutTime and at the table's alarms."
      }
    },
  )

  table_alarms = var.alarms == null ? {} : merge(
    { for key in setproduct(keys(local.tables), ["Read", "Write"]) : "${key[0]}-${lower(key[1])}-throttles" => {
      namespace   = "AWS/DynamoDB"
      metric      = "${key[1]}ThrottleEvents"
      dimensions  = { TableName = local.tables[key[0]].name }
      threshold   = var.alarms.thresholds.table_throttles
      description = "DynamoDB throttles the table ${key[0]}. One room or user takes more than a partition gives (contributor insights, once switched on, show which), or the table's maximum or the account's quota is reached."
    } },
    { for pair in flatten([for table, settings in local.tables : [for operation in settings.operations : { table = table, operation = operation }]]) : "${pair.table}-${lower(pair.operation)}-errors" => {
      namespace   = "AWS/DynamoDB"
      metric      = "SystemErrors"
      dimensions  = { TableName = local.tables[pair.table].name, Operation = pair.operation }
      threshold   = var.alarms.thresholds.table_errors
      description = "DynamoDB failed on ${pair.operation} of the table ${pair.table}, as it rarely does for a moment. If it lasts, see AWS's health dashboard: messages are refused until it is over, and nothing acknowledged is lost."
    } },
  )
}

resource "aws_sns_topic" "alarms" {
  count = local.make_topic ? 1 : 0

  name              = "${var.name}-alarms"
  kms_master_key_id = local.kms_key_arn
  tags              = local.tags["alarms"]
}

data "aws_iam_policy_document" "alarms" {
  count = local.make_topic ? 1 : 0

  statement {
    sid       = "AlarmsOfThisChat"
    actions   = ["sns:Publish"]
    resources = [aws_sns_topic.alarms[0].arn]

    principals {
      type        = "Service"
      identifiers = ["cloudwatch.amazonaws.com"]
    }

    condition {
      test     = "StringEquals"
      variable = "aws:SourceAccount"
      values   = [local.account_id]
    }

    condition {
      test     = "ArnLike"
      variable = "aws:SourceArn"
      values   = [local.alarm_arns]
    }
  }
}

resource "aws_sns_topic_policy" "alarms" {
  count = local.make_topic ? 1 : 0

  arn    = aws_sns_topic.alarms[0].arn
  policy = data.aws_iam_policy_document.alarms[0].json
}

resource "aws_cloudwatch_metric_alarm" "this" {
  for_each = merge(local.lambda_alarms, local.own_alarms, local.table_alarms)

  alarm_name        = "${var.name}-${each.key}"
  alarm_description = each.value.description

  namespace           = each.value.namespace
  metric_name         = each.value.metric
  dimensions          = each.value.dimensions
  statistic           = "Sum"
  period              = 300
  evaluation_periods  = 1
  threshold           = each.value.threshold
  comparison_operator = "GreaterThanOrEqualToThreshold"
  treat_missing_data  = "notBreaching"

  alarm_actions = [local.topic_arn]
  ok_actions    = [local.topic_arn]
  tags          = local.tags["alarms"]
}

#### Dashboard ####

locals {
  # Rows of graphs: what each shows, as lists of namespace, metric, dimensions.
  graphs = !var.dashboard ? [] : concat(
    [
      { title = "Connections and messages", stat = "Sum", metrics = [for metric in ["ConnectCount", "MessageCount"] : ["AWS/ApiGateway", metric, "ApiId", module.api.id, "Stage", module.api.stage_name]] },
      { title = "Errors of the API", stat = "Sum", metrics = [for metric in ["ClientError", "IntegrationError", "ExecutionError"] : ["AWS/ApiGateway", metric, "ApiId", module.api.id, "Stage", module.api.stage_name]] },
      { title = "Latency of the functions behind the API (p99, ms)", stat = "p99", metrics = [["AWS/ApiGateway", "IntegrationLatency", "ApiId", module.api.id, "Stage", module.api.stage_name]] },
      { title = "Errors and throttles of the functions", stat = "Sum", metrics = concat([for metric in ["Errors", "Throttles"] : [for name in values(local.functions) : ["AWS/Lambda", metric, "FunctionName", name]]]...) },
      { title = "Functions at once", stat = "Maximum", metrics = [for name in values(local.functions) : ["AWS/Lambda", "ConcurrentExecutions", "FunctionName", name]] },
      { title = "Duration of the functions (p99, ms)", stat = "p99", metrics = [for name in values(local.functions) : ["AWS/Lambda", "Duration", "FunctionName", name]] },
      { title = "Throttles of the tables", stat = "Sum", metrics = concat([for metric in ["ReadThrottleEvents", "WriteThrottleEvents"] : [for table in values(local.tables) : ["AWS/DynamoDB", metric, "TableName", table.name]]]...) },
      { title = "Capacity that the tables used", stat = "Sum", metrics = concat([for metric in ["ConsumedReadCapacityUnits", "ConsumedWriteCapacityUnits"] : [for table in values(local.tables) : ["AWS/DynamoDB", metric, "TableName", table.name]]]...) },
    ],
    var.metrics_namespace == null ? [] : [
      { title = "Who was let in, and who was not", stat = "Sum", metrics = [[var.metrics_namespace, "Handshakes", "Function", local.functions.authorizer], [var.metrics_namespace, "Refusals", "Function", local.functions.authorizer], [var.metrics_namespace, "Connects", "Function", local.functions.connect], [var.metrics_namespace, "Refusals", "Function", local.functions.connect]] },
      { title = "Messages and posts to members", stat = "Sum", metrics = [for metric in ["Messages", "RateLimits", "FanoutDelivered", "FanoutGone", "FanoutFailures", "FanoutIncomplete"] : [var.metrics_namespace, metric, "Function", local.functions.message]] },
      { title = "Time to store and to pass on a message (p99, ms)", stat = "p99", metrics = [for metric in ["MessageTime", "FanoutTime"] : [var.metrics_namespace, metric, "Function", local.functions.message]] },
      { title = "Failures of our own", stat = "Sum", metrics = [for name in values(local.functions) : [var.metrics_namespace, "Failures", "Function", name]] },
    ],
  )
}

# Two graphs in a row of 24 columns.
resource "aws_cloudwatch_dashboard" "this" {
  count = var.dashboard ? 1 : 0

  dashboard_name = var.name
  dashboard_body = jsonencode({
    widgets = [for i, graph in local.graphs : {
      type       = "metric"
      x          = i % 2 * 12
      y          = floor(i / 2) * 6
      width      = 12
      height     = 6
      properties = { title = graph.title, region = local.region, view = "timeSeries", stat = graph.stat, period = 300, metrics = graph.metrics }
    }]
  })
}

provider "aws" {
  region = var.region

  default_tags {
    tags = var.tags
  }
}

# CloudFront takes its web ACL, certificate and logs from this Region only.
provider "aws" {
  alias  = "us_east_1"
  region = "us-east-1"

  default_tags {
    tags = var.tags
  }
}

module "chat" {
  source = "../../modules/chat"

  providers = {
    aws           = aws
    aws.us_east_1 = aws.us_east_1
  }

  name = var.name

  #### What runs ####

  # Signed packages come from S3, where AWS Signer puts them, and Lambda then
  # takes no others.
  package_dir     = var.signed_packages == null ? coalesce(var.package_dir, "${path.module}/../../dist/${var.architecture}") : null
  package_objects = var.signed_packages == null ? null : var.signed_packages.objects
  code_signing    = var.signed_packages == null ? null : { profile_version_arns = var.signed_packages.profile_version_arns }
  architecture    = var.architecture

  #### Who may connect, and where to ####

  # Web pages of these origins only: no clients without an Origin.
  allowed_origins  = var.allowed_origins
  cognito_endpoint = var.cognito_endpoint

  # A user enters the rooms that the groups name: `room:lobby`, `room:team-*`,
  # `room:news:read`.
  rooms = { claim = "cognito:groups", prefix = "room:" }

  user_pool = {
    mfa               = var.production ? "ON" : "OPTIONAL"
    threat_protection = "ENFORCED"
    token_validity    = { access_minutes = 15, id_minutes = 15, refresh_hours = 12 }
    password_policy   = { minimum_length = 14, history_size = 10 }
    callback_urls     = var.sign_in == null ? [] : var.sign_in.callback_urls
    logout_urls       = var.sign_in == null ? [] : var.sign_in.logout_urls
    sign_in_domain    = var.sign_in == null ? null : { prefix = var.sign_in.prefix }
  }

  # With a domain name of your own, the API's own endpoint refuses everybody.
  custom_domain = var.domain == null ? null : {
    name        = var.domain.name
    mapping_key = var.edge == null ? null : "ws"
    certificate = { arn = var.domain.certificate_arn }
    hosted_zone = { id = var.domain.hosted_zone_id }
  }
  disable_execute_api_endpoint = var.domain != null

  # CloudFront and a web ACL before the API, which knows them by the secrets, and
  # the web client. Nobody comes another way.
  origin_secrets = var.origin_secrets
  edge = var.edge == null ? null : {
    site_url            = var.edge.site_url
    aliases             = var.edge.aliases
    certificate         = var.edge.certificate_arn == null ? null : { arn = var.edge.certificate_arn }
    wait_for_deployment = var.edge.wait_for_deployment
    protect_sign_in     = true
  }

  #### What one user, and all together, may do ####

  message_retention_days   = 30
  max_members              = 200
  max_connections_per_user = 3
  rate_limit               = { messages_per_minute = 30, bytes_per_minute = 32768, reads_per_minute = 60, refusals_per_minute = 15 }
  throttle                 = { rate = 50, burst = 100, connect_rate = 10, connect_burst = 20 }

  reserved_concurrency = var.production ? {
    authorizer = "25"
    connect    = "25"
    disconnect = "25"
    message    = "100"
    } : {
    authorizer = "unreserved"
    connect    = "unreserved"
    disconnect = "unreserved"
    message    = "unreserved"
  }

  #### What is kept, and what is seen ####

  permissions_boundary     = aws_iam_policy.boundary.arn
  deletion_protection      = var.production
  kms_deletion_window_days = var.production ? 30 : 7
  log_retention_days       = 365
  detailed_metrics         = true

  alarms    = {}
  dashboard = true
  cost_tags = true
}

locals {
  # What ends the names by which services call one another, as in the chat module.
  # Nothing else of the boundary depends on the partition: its ARNs leave that open.
  # https://docs.amazonaws.cn/en_us/general/latest/gr/endpoints-arns.html
  dns_suffix = startswith(var.region, "cn-") ? "amazonaws.com.cn" : "amazonaws.com"
}

# The most that any role of the chat can ever have, whatever is written into it.
data "aws_iam_policy_document" "boundary" {
  statement {
    sid       = "Tables"
    actions   = ["dynamodb:DeleteItem", "dynamodb:PutItem", "dynamodb:Query", "dynamodb:UpdateItem"]
    resources = ["arn:*:dynamodb:${var.region}:*:table/${var.name}-*"]
  }

  statement {
    sid       = "TableKeys"
    actions   = ["kms:Decrypt"]
    resources = ["arn:*:kms:${var.region}:*:key/*"]

    condition {
      test     = "StringEquals"
      variable = "kms:ViaService"
      values   = ["dynamodb.${var.region}.${local.dns_suffix}"]
    }
  }

  statement {
    sid       = "Connections"
    actions   = ["execute-api:ManageConnections"]
    resources = ["arn:*:execute-api:${var.region}:*:*/*/*/@connections/*"]
  }

  statement {
    sid       = "Logs"
    actions   = ["logs:CreateLogStream", "logs:PutLogEvents"]
    resources = ["arn:*:logs:${var.region}:*:log-group:/aws/lambda/${var.name}-*"]
  }

  # X-Ray has no resource to name for these two.
  statement {
    sid       = "Traces"
    actions   = ["xray:PutTelemetryRecords", "xray:PutTraceSegments"]
    resources = ["*"]
  }
}

resource "aws_iam_policy" "boundary" {
  name        = "${var.name}-boundary"
  description = "Bounds the roles of the functions of ${var.name}."
  policy      = data.aws_iam_policy_document.boundary.json
}

# Who is told when something is wrong. Confirm the mail that AWS sends.
resource "aws_sns_topic_subscription" "alarms" {
  for_each = toset(var.alarm_emails)

  topic_arn = module.chat.alarm_topic_arn
  protocol  = "email"
  endpoint  = each.value
}

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

# pass: observability/log-retention, observability/log-retention-year
resource "aws_cloudwatch_log_group" "year" {
  name              = "year"
  retention_in_days = 365
}

# 0 is for ever.
# fail: observability/log-retention
resource "aws_cloudwatch_log_group" "long" {
  name              = "long"
  retention_in_days = 0
}

# fail: observability/log-retention
resource "aws_cloudwatch_log_group" "default" {
  name = "default"
}

# pass: observability/log-retention
# fail: observability/log-retention-year
resource "aws_cloudwatch_log_group" "short" {
  name              = "short"
  retention_in_days = 30
}

# unknown: observability/log-retention, observability/log-retention-year
resource "aws_cloudwatch_log_group" "later" {
  name              = "later"
  retention_in_days = local.number
}

resource "aws_cloudwatch_log_group" "delivery" {
  name            = "delivery"
  log_group_class = "DELIVERY"
}

data "aws_iam_policy_document" "service" {
  statement {
    actions   = ["logs:CreateLogStream", "logs:PutLogEvents"]
    resources = ["arn:aws:logs:us-east-1:111122223333:log-group:/aws/route53/*"]

    principals {
      type        = "Service"
      identifiers = ["route53.amazonaws.com"]
    }

    condition {
      test     = "StringEquals"
      variable = "aws:SourceAccount"
      values   = ["111122223333"]
    }
  }
}

# pass: observability/log-policy
resource "aws_cloudwatch_log_resource_policy" "service" {
  policy_name     = "service"
  policy_document = data.aws_iam_policy_document.service.json
}

data "aws_iam_policy_document" "service_of_anybody" {
  statement {
    actions   = ["logs:CreateLogStream", "logs:PutLogEvents"]
    resources = ["arn:aws:logs:us-east-1:111122223333:log-group:/aws/route53/*"]

    principals {
      type        = "Service"
      identifiers = ["route53.amazonaws.com"]
    }
  }
}

# fail: observability/log-policy
resource "aws_cloudwatch_log_resource_policy" "service_of_anybody" {
  policy_name     = "service_of_anybody"
  policy_document = data.aws_iam_policy_document.service_of_anybody.json
}

data "aws_iam_policy_document" "service_later" {
  statement {
    actions   = ["logs:CreateLogStream", "logs:PutLogEvents"]
    resources = ["arn:aws:logs:us-east-1:111122223333:log-group:/aws/route53/*"]

    principals {
      type        = "Service"
      identifiers = ["route53.amazonaws.com"]
    }

    condition {
      test     = "ArnLike"
      variable = "aws:SourceArn"
      values   = [local.later]
    }
  }
}

# What denies a service needs no condition.
resource "aws_cloudwatch_log_resource_policy" "service_denied" {
  policy_name     = "service_denied"
  policy_document = jsonencode({ Statement = { Effect = "Deny", Principal = { Service = "route53.amazonaws.com" }, Action = "logs:PutLogEvents", Resource = "*" } })
}

# unknown: observability/log-policy
resource "aws_cloudwatch_log_resource_policy" "service_later" {
  policy_name     = "service_later"
  policy_document = data.aws_iam_policy_document.service_later.json
}

data "aws_iam_policy_document" "delivery" {
  statement {
    actions   = ["logs:CreateLogStream", "logs:PutLogEvents"]
    resources = ["arn:aws:logs:us-east-1:111122223333:log-group:/aws/route53/*"]

    principals {
      type        = "Service"
      identifiers = ["delivery.logs.amazonaws.com"]
    }
  }
}

# Is for access/confused-deputy to say.
resource "aws_cloudwatch_log_resource_policy" "delivery" {
  policy_name     = "delivery"
  policy_document = data.aws_iam_policy_document.delivery.json
}

data "aws_iam_policy_document" "gateway" {
  statement {
    actions = ["sts:AssumeRole"]

    principals {
      type        = "Service"
      identifiers = ["apigateway.amazonaws.com"]
    }
  }
}

data "aws_iam_policy_document" "lambda" {
  statement {
    actions = ["sts:AssumeRole"]

    principals {
      type        = "Service"
      identifiers = ["lambda.amazonaws.com"]
    }
  }
}

resource "aws_iam_role" "logs" {
  name               = "logs"
  assume_role_policy = data.aws_iam_policy_document.gateway.json
}

resource "aws_iam_role" "logs_of_lambda" {
  name               = "logs_of_lambda"
  assume_role_policy = data.aws_iam_policy_document.lambda.json
}

resource "aws_iam_role" "logs_of_nobody" {
  name               = "logs_of_nobody"
  assume_role_policy = data.aws_iam_policy_document.gateway.json
}

resource "aws_iam_role" "logs_managed" {
  name                = "logs_managed"
  assume_role_policy  = data.aws_iam_policy_document.gateway.json
  managed_policy_arns = ["arn:aws:iam::aws:policy/service-role/AmazonAPIGatewayPushToCloudWatchLogs"]
}

resource "aws_iam_role" "logs_composed" {
  name               = "logs_composed"
  assume_role_policy = jsonencode({ Version = "2012-10-17", Statement = [{ Effect = "Allow", Principal = { Service = local.later }, Action = "sts:AssumeRole" }] })
}

resource "aws_iam_role_policy_attachment" "logs" {
  role       = aws_iam_role.logs.name
  policy_arn = "arn:aws:iam::aws:policy/service-role/AmazonAPIGatewayPushToCloudWatchLogs"
}

resource "aws_iam_role_policy_attachment" "logs_of_lambda" {
  role       = aws_iam_role.logs_of_lambda.name
  policy_arn = "arn:aws:iam::aws:policy/service-role/AmazonAPIGatewayPushToCloudWatchLogs"
}

resource "aws_iam_role_policy_attachment" "logs_composed" {
  role       = aws_iam_role.logs_composed.name
  policy_arn = "arn:aws:iam::aws:policy/service-role/AmazonAPIGatewayPushToCloudWatchLogs"
}

# pass: observability/gateway-role
resource "aws_api_gateway_account" "good" {
  cloudwatch_role_arn = aws_iam_role.logs.arn
}

# pass: observability/gateway-role
resource "aws_api_gateway_account" "managed" {
  cloudwatch_role_arn = aws_iam_role.logs_managed.arn
}

# pass: observability/gateway-role
resource "aws_api_gateway_account" "of_another_state" {
  cloudwatch_role_arn = "arn:aws:iam::111122223333:role/logs"
}

# fail: observability/gateway-role
resource "aws_api_gateway_account" "none" {

}

# fail: observability/gateway-role
resource "aws_api_gateway_account" "of_lambda" {
  cloudwatch_role_arn = aws_iam_role.logs_of_lambda.arn
}

# fail: observability/gateway-role
resource "aws_api_gateway_account" "of_nobody" {
  cloudwatch_role_arn = aws_iam_role.logs_of_nobody.arn
}

# unknown: observability/gateway-role
resource "aws_api_gateway_account" "composed" {
  cloudwatch_role_arn = aws_iam_role.logs_composed.arn
}

# unknown: observability/gateway-role
resource "aws_api_gateway_account" "later" {
  cloudwatch_role_arn = local.later
}

# pass: observability/websocket-alarm
resource "aws_apigatewayv2_api" "chat" {
  name                       = "chat"
  protocol_type              = "WEBSOCKET"
  route_selection_expression = "$request.body.action"
}

# fail: observability/websocket-alarm
resource "aws_apigatewayv2_api" "forgotten" {
  name                       = "forgotten"
  protocol_type              = "WEBSOCKET"
  route_selection_expression = "$request.body.action"
}

# unknown: observability/websocket-alarm
resource "aws_apigatewayv2_api" "perhaps" {
  name                       = "perhaps"
  protocol_type              = "WEBSOCKET"
  route_selection_expression = "$request.body.action"
}

resource "aws_apigatewayv2_api" "http" {
  name          = "http"
  protocol_type = "HTTP"
}

# pass: observability/access-log-fields
resource "aws_apigatewayv2_stage" "good" {
  api_id = aws_apigatewayv2_api.chat.id
  name   = "good"

  access_log_settings {
    destination_arn = aws_cloudwatch_log_group.year.arn
    format          = jsonencode({ id = "$context.requestId", user = "$context.authorizer.principalId", sub = "$context.authorizer.claims.sub", status = "$context.authorizer.status", ip = "$context.identity.sourceIp" })
  }
}

resource "aws_apigatewayv2_stage" "no_log" {
  api_id = aws_apigatewayv2_api.chat.id
  name   = "no_log"
}

# fail: observability/access-log-fields
resource "aws_apigatewayv2_stage" "context" {
  api_id = aws_apigatewayv2_api.chat.id
  name   = "context"

  access_log_settings {
    destination_arn = aws_cloudwatch_log_group.year.arn
    format          = jsonencode({ id = "$context.requestId", token = "$context.authorizer.token" })
  }
}

# fail: observability/access-log-fields
resource "aws_apigatewayv2_stage" "query" {
  api_id = aws_apigatewayv2_api.chat.id
  name   = "query"

  access_log_settings {
    destination_arn = aws_cloudwatch_log_group.year.arn
    format          = "$context.requestId $input.params('token')"
  }
}

# fail: observability/access-log-fields
resource "aws_api_gateway_stage" "override" {
  rest_api_id   = "abcdef"
  deployment_id = "ghijkl"
  stage_name    = "override"

  access_log_settings {
    destination_arn = aws_cloudwatch_log_group.year.arn
    format          = "$context.requestId $context.requestOverride.querystring.token"
  }
}

# fail: observability/access-log-fields
resource "aws_api_gateway_stage" "api_key" {
  rest_api_id   = "abcdef"
  deployment_id = "ghijkl"
  stage_name    = "api_key"

  access_log_settings {
    destination_arn = aws_cloudwatch_log_group.year.arn
    format          = "$context.requestId $context.identity.apiKey"
  }
}

# pass: observability/access-log-fields
resource "aws_api_gateway_stage" "api_key_id" {
  rest_api_id   = "abcdef"
  deployment_id = "ghijkl"
  stage_name    = "api_key_id"

  access_log_settings {
    destination_arn = aws_cloudwatch_log_group.year.arn
    format          = "$context.requestId $context.identity.apiKeyId"
  }
}

# unknown: observability/access-log-fields
resource "aws_apigatewayv2_stage" "format_later" {
  api_id = aws_apigatewayv2_api.chat.id
  name   = "format_later"

  access_log_settings {
    destination_arn = aws_cloudwatch_log_group.year.arn
    format          = local.later
  }
}

# fail: observability/access-log-fields
resource "aws_apigatewayv2_stage" "format_partly_later" {
  api_id = aws_apigatewayv2_api.chat.id
  name   = "format_partly_later"

  access_log_settings {
    destination_arn = aws_cloudwatch_log_group.year.arn
    format          = "$context.requestId $context.authorizer.jwt ${local.later}"
  }
}

# pass: observability/alarm-actions
resource "aws_cloudwatch_metric_alarm" "integration_errors" {
  alarm_name          = "integration_errors"
  namespace           = "AWS/ApiGateway"
  metric_name         = "IntegrationError"
  dimensions          = { ApiId = aws_apigatewayv2_api.chat.id, Stage = "good" }
  statistic           = "Sum"
  period              = 300
  evaluation_periods  = 1
  threshold           = 1
  comparison_operator = "GreaterThanOrEqualToThreshold"
  alarm_actions       = ["arn:aws:sns:eu-west-1:111122223333:alarms"]
}

# pass: observability/alarm-actions
resource "aws_cloudwatch_metric_alarm" "connects" {
  alarm_name          = "connects"
  namespace           = "AWS/ApiGateway"
  metric_name         = "ConnectCount"
  dimensions          = { ApiId = aws_apigatewayv2_api.forgotten.id, Stage = "good" }
  statistic           = "Sum"
  period              = 300
  evaluation_periods  = 1
  threshold           = 1
  comparison_operator = "GreaterThanOrEqualToThreshold"
  alarm_actions       = ["arn:aws:sns:eu-west-1:111122223333:alarms"]
}

# pass: observability/alarm-actions
resource "aws_cloudwatch_metric_alarm" "metric_later" {
  alarm_name          = "metric_later"
  namespace           = "AWS/ApiGateway"
  metric_name         = local.later
  dimensions          = { ApiId = aws_apigatewayv2_api.perhaps.id, Stage = "good" }
  statistic           = "Sum"
  period              = 300
  evaluation_periods  = 1
  threshold           = 1
  comparison_operator = "GreaterThanOrEqualToThreshold"
  alarm_actions       = ["arn:aws:sns:eu-west-1:111122223333:alarms"]
}

# fail: observability/alarm-actions
resource "aws_cloudwatch_metric_alarm" "silent" {
  alarm_name          = "silent"
  namespace           = "AWS/Lambda"
  metric_name         = "Throttles"
  dimensions          = { FunctionName = "forgotten" }
  statistic           = "Sum"
  period              = 300
  evaluation_periods  = 1
  threshold           = 1
  comparison_operator = "GreaterThanOrEqualToThreshold"
}

# fail: observability/alarm-actions
resource "aws_cloudwatch_metric_alarm" "empty" {
  alarm_name          = "empty"
  namespace           = "AWS/Lambda"
  metric_name         = "Throttles"
  dimensions          = { FunctionName = "forgotten" }
  statistic           = "Sum"
  period              = 300
  evaluation_periods  = 1
  threshold           = 1
  comparison_operator = "GreaterThanOrEqualToThreshold"
  alarm_actions       = []
}

# fail: observability/alarm-actions
resource "aws_cloudwatch_metric_alarm" "off" {
  alarm_name          = "off"
  namespace           = "AWS/Lambda"
  metric_name         = "Throttles"
  dimensions          = { FunctionName = "forgotten" }
  statistic           = "Sum"
  period              = 300
  evaluation_periods  = 1
  threshold           = 1
  comparison_operator = "GreaterThanOrEqualToThreshold"
  alarm_actions       = ["arn:aws:sns:eu-west-1:111122223333:alarms"]
  actions_enabled     = false
}

# unknown: observability/alarm-actions
resource "aws_cloudwatch_metric_alarm" "off_later" {
  alarm_name          = "off_later"
  namespace           = "AWS/Lambda"
  metric_name         = "Throttles"
  dimensions          = { FunctionName = "forgotten" }
  statistic           = "Sum"
  period              = 300
  evaluation_periods  = 1
  threshold           = 1
  comparison_operator = "GreaterThanOrEqualToThreshold"
  alarm_actions       = ["arn:aws:sns:eu-west-1:111122223333:alarms"]
  actions_enabled     = local.bool
}

# pass: observability/alarm-actions
resource "aws_cloudwatch_metric_alarm" "actions_later" {
  alarm_name          = "actions_later"
  namespace           = "AWS/Lambda"
  metric_name         = "Throttles"
  dimensions          = { FunctionName = "forgotten" }
  statistic           = "Sum"
  period              = 300
  evaluation_periods  = 1
  threshold           = 1
  comparison_operator = "GreaterThanOrEqualToThreshold"
  alarm_actions       = [aws_sns_topic.alarms.arn]
}

resource "aws_sns_topic" "alarms" {
  name = "alarms"
}

# Of a composite alarm, by its name.
# pass: observability/alarm-actions
resource "aws_cloudwatch_metric_alarm" "part" {
  alarm_name          = "part"
  namespace           = "AWS/Lambda"
  metric_name         = "Throttles"
  dimensions          = { FunctionName = "forgotten" }
  statistic           = "Sum"
  period              = 300
  evaluation_periods  = 1
  threshold           = 1
  comparison_operator = "GreaterThanOrEqualToThreshold"
}

# pass: observability/alarm-actions
resource "aws_cloudwatch_metric_alarm" "part_by_reference" {
  alarm_name          = "part_by_reference"
  namespace           = "AWS/Lambda"
  metric_name         = "Throttles"
  dimensions          = { FunctionName = "forgotten" }
  statistic           = "Sum"
  period              = 300
  evaluation_periods  = 1
  threshold           = 1
  comparison_operator = "GreaterThanOrEqualToThreshold"
}

# A deployment is taken back on it.
# pass: observability/alarm-actions
resource "aws_cloudwatch_metric_alarm" "rolls_back" {
  alarm_name          = "rolls_back"
  namespace           = "AWS/Lambda"
  metric_name         = "Throttles"
  dimensions          = { FunctionName = "forgotten" }
  statistic           = "Sum"
  period              = 300
  evaluation_periods  = 1
  threshold           = 1
  comparison_operator = "GreaterThanOrEqualToThreshold"
}

# pass: observability/alarm-actions
resource "aws_cloudwatch_composite_alarm" "all" {
  alarm_name    = "all"
  alarm_rule    = "ALARM(part)"
  alarm_actions = [aws_sns_topic.alarms.arn]
}

# fail: observability/alarm-actions
resource "aws_cloudwatch_composite_alarm" "silent" {
  alarm_name = "all-silent"
  alarm_rule = "ALARM(${aws_cloudwatch_metric_alarm.part_by_reference.alarm_name})"
}

resource "aws_codedeploy_deployment_group" "chat" {
  app_name              = "chat"
  deployment_group_name = "chat"
  service_role_arn      = "arn:aws:iam::111122223333:role/codedeploy"

  alarm_configuration {
    enabled = true
    alarms  = [aws_cloudwatch_metric_alarm.rolls_back.alarm_name]
  }
}

# pass: observability/function-alarm
resource "aws_lambda_function" "watched" {
  function_name = "watched"
  role          = "arn:aws:iam::111122223333:role/watched"
  filename      = "code.zip"
  runtime       = "provided.al2023"
  handler       = "bootstrap"
}

# pass: observability/function-alarm
resource "aws_lambda_function" "watched_by_name" {
  function_name = "watched_by_name"
  role          = "arn:aws:iam::111122223333:role/watched_by_name"
  filename      = "code.zip"
  runtime       = "provided.al2023"
  handler       = "bootstrap"
}

# fail: observability/function-alarm
resource "aws_lambda_function" "forgotten" {
  function_name = "forgotten"
  role          = "arn:aws:iam::111122223333:role/forgotten"
  filename      = "code.zip"
  runtime       = "provided.al2023"
  handler       = "bootstrap"
}

# unknown: observability/function-alarm
resource "aws_lambda_function" "perhaps" {
  function_name = "perhaps"
  role          = "arn:aws:iam::111122223333:role/perhaps"
  filename      = "code.zip"
  runtime       = "provided.al2023"
  handler       = "bootstrap"
}

# pass: observability/alarm-actions
resource "aws_cloudwatch_metric_alarm" "errors" {
  alarm_name          = "errors"
  namespace           = "AWS/Lambda"
  metric_name         = "Errors"
  dimensions          = { FunctionName = aws_lambda_function.watched.function_name }
  statistic           = "Sum"
  period              = 300
  evaluation_periods  = 1
  threshold           = 1
  comparison_operator = "GreaterThanOrEqualToThreshold"
  alarm_actions       = ["arn:aws:sns:eu-west-1:111122223333:alarms"]
}

# pass: observability/alarm-actions
resource "aws_cloudwatch_metric_alarm" "errors_by_name" {
  alarm_name          = "errors_by_name"
  namespace           = "AWS/Lambda"
  metric_name         = "Errors"
  dimensions          = { FunctionName = "watched_by_name" }
  statistic           = "Sum"
  period              = 300
  evaluation_periods  = 1
  threshold           = 1
  comparison_operator = "GreaterThanOrEqualToThreshold"
  alarm_actions       = ["arn:aws:sns:eu-west-1:111122223333:alarms"]
}

# pass: observability/alarm-actions
resource "aws_cloudwatch_metric_alarm" "errors_perhaps" {
  alarm_name          = "errors_perhaps"
  namespace           = "AWS/Lambda"
  metric_name         = local.later
  dimensions          = { FunctionName = aws_lambda_function.perhaps.function_name }
  statistic           = "Sum"
  period              = 300
  evaluation_periods  = 1
  threshold           = 1
  comparison_operator = "GreaterThanOrEqualToThreshold"
  alarm_actions       = ["arn:aws:sns:eu-west-1:111122223333:alarms"]
}

# pass: observability/subscription-destination
resource "aws_cloudwatch_log_subscription_filter" "function" {
  name            = "function"
  log_group_name  = "/chat"
  filter_pattern  = "ERROR"
  destination_arn = aws_lambda_function.watched.arn
}

# fail: observability/subscription-destination
resource "aws_cloudwatch_log_subscription_filter" "foreign" {
  name            = "foreign"
  log_group_name  = "/chat"
  filter_pattern  = "ERROR"
  destination_arn = "arn:aws:logs:eu-west-1:444455556666:destination:archive"
}

# pass: observability/subscription-destination
resource "aws_cloudwatch_log_subscription_filter" "stream" {
  name            = "stream"
  log_group_name  = "/chat"
  filter_pattern  = "ERROR"
  destination_arn = "arn:aws:kinesis:eu-west-1:111122223333:stream/logs"
  role_arn        = "arn:aws:iam::111122223333:role/to-stream"
}

# fail: observability/subscription-destination
resource "aws_cloudwatch_log_subscription_filter" "stream_elsewhere" {
  name            = "stream_elsewhere"
  log_group_name  = "/chat"
  filter_pattern  = "ERROR"
  destination_arn = "arn:aws:kinesis:eu-west-1:444455556666:stream/logs"
  role_arn        = "arn:aws:iam::111122223333:role/to-stream"
}

# Whose account this is, nothing says.
# unknown: observability/subscription-destination
resource "aws_cloudwatch_log_subscription_filter" "function_literal" {
  name            = "function_literal"
  log_group_name  = "/chat"
  filter_pattern  = "ERROR"
  destination_arn = "arn:aws:lambda:eu-west-1:111122223333:function:alert"
}

# unknown: observability/subscription-destination
resource "aws_cloudwatch_log_subscription_filter" "later" {
  name            = "later"
  log_group_name  = "/chat"
  filter_pattern  = "ERROR"
  destination_arn = local.later
}

locals {
  trust = { Effect = "Allow", Principal = { Service = "apigateway.amazonaws.com" }, Action = "sts:AssumeRole" }
}

# Each lacks one thing of what lets API Gateway in; what cannot be read grants.
resource "aws_iam_role" "logs_half" {
  for_each = {
    effect = { Effect = "Deny" }
    type   = { Principal = { AWS = "apigateway.amazonaws.com" } }
    who    = { Principal = { Service = "lambda.amazonaws.com" } }
    action = { Action = "sts:TagSession" }
  }

  assume_role_policy = jsonencode({ Statement = [merge(local.trust, each.value)] })

  inline_policy {
    name   = "logs"
    policy = jsonencode({ Statement = [merge(local.trust, { Resource = local.later })] })
  }
}

# fail: observability/gateway-role
resource "aws_api_gateway_account" "half" {
  for_each            = aws_iam_role.logs_half
  cloudwatch_role_arn = each.value.arn
}

# unknown: observability/alarm-actions
resource "aws_cloudwatch_metric_alarm" "told_perhaps" {
  alarm_name          = "told_perhaps"
  threshold           = 1
  statistic           = "Sum"
  namespace           = "ours"
  metric_name         = "Errors"
  comparison_operator = "GreaterThanThreshold"
  evaluation_periods  = 1
  alarm_actions       = local.bool ? ["arn:aws:sns:eu-west-1:111122223333:alarms"] : []
}

# unknown: observability/alarm-actions
resource "aws_cloudwatch_metric_alarm" "told_later" {
  alarm_name          = "told_later"
  threshold           = 1
  statistic           = "Sum"
  namespace           = "ours"
  metric_name         = "Errors"
  comparison_operator = "GreaterThanThreshold"
  evaluation_periods  = 1
  alarm_actions       = [local.later]
}

locals {
  # Host and path of the API's own domain name. A mapping stands for the stage, so
  # the stage is no part of it.
  custom_address = var.custom_domain == null ? null : join("/", compact([var.custom_domain.name, var.custom_domain.mapping_key]))

  # A disabled endpoint refuses @connections as well. Both forms are known before
  # there is a stage or a mapping.
  # https://docs.aws.amazon.com/apigateway/latest/developerguide/websocket-api-disable-default-endpoint.html
  management_endpoint = var.disable_execute_api_endpoint ? "https://${local.custom_address}" : "${replace(aws_apigatewayv2_api.this.api_endpoint, "/^ws/", "http")}/${var.stage_name}"

  integrations = {
    for key, route in var.routes : key => {
      type       = route.function != null ? "AWS_PROXY" : "MOCK"
      method     = route.function != null ? "POST" : null
      uri        = route.function != null ? route.function.invoke_arn : null
      timeout_ms = coalesce(route.timeout_ms, 29000)

      # The template of a mock names the status that its response is chosen by.
      request_templates = route.function != null ? null : { "$default" = jsonencode({ statusCode = 200 }) }
    }
  }

  routes = {
    for key, route in var.routes : key => {
      authorization_type = key == "$connect" ? "CUSTOM" : "NONE"

      # API Gateway ignores a reply on the two routes of the connection itself.
      reply = route.reply && !contains(["$connect", "$disconnect"], key)
      model = route.model
    }
  }
}

resource "aws_apigatewayv2_api" "this" {
  name                         = var.name
  description                  = var.description
  protocol_type                = "WEBSOCKET"
  route_selection_expression   = var.route_selection_expression
  disable_execute_api_endpoint = var.disable_execute_api_endpoint
  ip_address_type              = var.ip_address_type
  tags                         = var.tags
}

#### Authorizer ####

resource "aws_apigatewayv2_authorizer" "this" {
  api_id           = aws_apigatewayv2_api.this.id
  name             = var.name
  authorizer_type  = "REQUEST"
  authorizer_uri   = var.authorizer.invoke_arn
  identity_sources = var.authorizer.identity_sources
}

resource "aws_lambda_permission" "authorizer" {
  statement_id  = "api-${aws_apigatewayv2_api.this.id}-authorizer"
  action        = "lambda:InvokeFunction"
  function_name = var.authorizer.function_name
  qualifier     = var.authorizer.qualifier
  principal     = "apigateway.amazonaws.com"
  source_arn    = "${aws_apigatewayv2_api.this.execution_arn}/authorizers/${aws_apigatewayv2_authorizer.this.id}"
}

#### Integrations ####

resource "aws_apigatewayv2_integration" "this" {
  for_each = local.integrations

  api_id               = aws_apigatewayv2_api.this.id
  integration_type     = each.value.type
  integration_method   = each.value.method
  integration_uri      = each.value.uri
  request_templates    = each.value.request_templates
  timeout_milliseconds = each.value.timeout_ms
}

resource "aws_apigatewayv2_integration_response" "mock" {
  for_each = { for key, route in var.routes : key => route.mock if route.function == null }

  api_id                   = aws_apigatewayv2_api.this.id
  integration_id           = aws_apigatewayv2_integration.this[each.key].id
  integration_response_key = "$default"
  response_templates       = { "$default" = each.value }
}

resource "aws_lambda_permission" "route" {
  for_each = { for key, route in var.routes : key => route.function if route.function != null }

  # A custom route cannot begin with an underscore, so no two ids are the same.
  statement_id  = "api-${aws_apigatewayv2_api.this.id}-route-${replace(each.key, "$", "_")}"
  action        = "lambda:InvokeFunction"
  function_name = each.value.function_name
  qualifier     = each.value.qualifier
  principal     = "apigateway.amazonaws.com"
  source_arn    = "${aws_apigatewayv2_api.this.execution_arn}/${var.stage_name}/${each.key}"
}

#### Routes ####

resource "aws_apigatewayv2_model" "this" {
  for_each = var.models

  api_id       = aws_apigatewayv2_api.this.id
  name         = each.key
  description  = each.value.description
  content_type = "application/json"
  schema       = each.value.schema

  # A route has to let go of a model before it can go.
  lifecycle {
    create_before_destroy = true
  }
}

resource "aws_apigatewayv2_route" "this" {
  for_each = local.routes

  api_id    = aws_apigatewayv2_api.this.id
  route_key = each.key
  target    = "integrations/${aws_apigatewayv2_integration.this[each.key].id}"

  authorization_type = each.value.authorization_type
  authorizer_id      = each.value.authorization_type == "CUSTOM" ? aws_apigatewayv2_authorizer.this.id : null

  route_response_selection_expression = each.value.reply ? "$default" : null

  # A message whose selected model is not in the map is judged by $default.
  # https://docs.aws.amazon.com/apigateway/latest/developerguide/websocket-api-request-validation.html
  model_selection_expression = each.value.model == null ? null : var.route_selection_expression
  request_models             = each.value.model == null ? null : { "$default" = aws_apigatewayv2_model.this[each.value.model].name }
}

resource "aws_apigatewayv2_route_response" "this" {
  for_each = { for key, route in local.routes : key => route if route.reply }

  api_id             = aws_apigatewayv2_api.this.id
  route_id           = aws_apigatewayv2_route.this[each.key].id
  route_response_key = "$default"
}

#### Deployment and stage ####

# A deployment is a snapshot: whatever is in it has to be in the hash, and has
# to exist before it. The settings are hashed as they are configured and not as
# API Gateway returns them, which may be known only after the plan has said what
# the hash will be.
resource "aws_apigatewayv2_deployment" "this" {
  api_id = aws_apigatewayv2_api.this.id

  triggers = {
    configuration = sha256(jsonencode({
      route_selection_expression = var.route_selection_expression
      endpoint_disabled          = var.disable_execute_api_endpoint
      authorizer                 = { uri = var.authorizer.invoke_arn, identity_sources = sort(var.authorizer.identity_sources) }
      integrations               = local.integrations
      mocks                      = { for key, route in var.routes : key => route.mock if route.function == null }
      routes                     = local.routes
      models                     = var.models

      ids = {
        authorizer            = aws_apigatewayv2_authorizer.this.id
        integrations          = { for key, integration in aws_apigatewayv2_integration.this : key => integration.id }
        integration_responses = { for key, response in aws_apigatewayv2_integration_response.mock : key => response.id }
        models                = { for name, model in aws_apigatewayv2_model.this : name => model.id }
        routes                = { for key, route in aws_apigatewayv2_route.this : key => route.id }
        route_responses       = { for key, response in aws_apigatewayv2_route_response.this : key => response.id }
      }
    }))
  }

  depends_on = [
    aws_apigatewayv2_authorizer.this,
    aws_apigatewayv2_integration.this,
    aws_apigatewayv2_integration_response.mock,
    aws_apigatewayv2_model.this,
    aws_apigatewayv2_route.this,
    aws_apigatewayv2_route_response.this,
  ]

  # The stage has to move to the new one before the old one can go.
  lifecycle {
    create_before_destroy = true
  }
}

resource "aws_apigatewayv2_stage" "this" {
  api_id        = aws_apigatewayv2_api.this.id
  name          = var.stage_name
  deployment_id = aws_apigatewayv2_deployment.this.id

  # The data trace would write every message, and every token, to the log.
  default_route_settings {
    throttling_rate_limit    = var.throttle.rate
    throttling_burst_limit   = var.throttle.burst
    logging_level            = "ERROR"
    data_trace_enabled       = false
    detailed_metrics_enabled = var.detailed_metrics
  }

  dynamic "route_settings" {
    for_each = { for key, route in var.routes : key => route.throttle if route.throttle != null }

    content {
      route_key                = route_settings.key
      throttling_rate_limit    = route_settings.value.rate
      throttling_burst_limit   = route_settings.value.burst
      logging_level            = "ERROR"
      data_trace_enabled       = false
      detailed_metrics_enabled = var.detailed_metrics
    }
  }

  access_log_settings {
    destination_arn = aws_cloudwatch_log_group.access.arn
    format          = jsonencode(var.access_log_fields)
  }

  tags = var.tags

  # The first request must neither make the log group nor find a function that
  # API Gateway may not call yet.
  depends_on = [
    aws_cloudwatch_log_group.execution,
    aws_lambda_permission.authorizer,
    aws_lambda_permission.route,
  ]
}

#### Custom domain ####

# TLS_1_2 is the one policy that WebSocket APIs have; it takes 1.3 as well.
# https://docs.aws.amazon.com/apigateway/latest/developerguide/apigateway-custom-domain-tls-version.html
resource "aws_apigatewayv2_domain_name" "this" {
  count = var.custom_domain == null ? 0 : var.custom_domain.certificate == null ? 0 : 1

  domain_name = var.custom_domain.name

  domain_name_configuration {
    certificate_arn = var.custom_domain.certificate.arn
    endpoint_type   = "REGIONAL"
    security_policy = "TLS_1_2"
    ip_address_type = var.ip_address_type
  }

  tags = var.tags
}

resource "aws_apigatewayv2_api_mapping" "this" {
  count = var.custom_domain == null ? 0 : 1

  api_id          = aws_apigatewayv2_api.this.id
  stage           = aws_apigatewayv2_stage.this.name
  domain_name     = var.custom_domain.certificate == null ? var.custom_domain.name : aws_apigatewayv2_domain_name.this[0].domain_name
  api_mapping_key = var.custom_domain.mapping_key
}

resource "aws_route53_record" "this" {
  for_each = toset(var.custom_domain == null ? [] : var.custom_domain.hosted_zone == null ? [] : var.ip_address_type == "dualstack" ? ["A", "AAAA"] : ["A"])

  zone_id = var.custom_domain.hosted_zone.id
  name    = var.custom_domain.name
  type    = each.key

  alias {
    name                   = aws_apigatewayv2_domain_name.this[0].domain_name_configuration[0].target_domain_name
    zone_id                = aws_apigatewayv2_domain_name.this[0].domain_name_configuration[0].hosted_zone_id
    evaluate_target_health = false
  }
}

#### Logs ####

resource "aws_cloudwatch_log_group" "access" {
  name              = "/aws/apigateway/${var.name}/${var.stage_name}/access"
  kms_key_id        = var.kms_key_arn
  retention_in_days = var.log_retention_days
  skip_destroy      = var.keep_logs
  tags              = var.tags
}

# API Gateway chooses this name. A group that it made itself would be kept for
# ever under a key of AWS's.
resource "aws_cloudwatch_log_group" "execution" {
  name              = "API-Gateway-Execution-Logs_${aws_apigatewayv2_api.this.id}/${var.stage_name}"
  kms_key_id        = var.kms_key_arn
  retention_in_days = var.log_retention_days
  skip_destroy      = var.keep_logs
  tags              = var.tags
}

#### Alarms ####

locals {
  # 80% of the connections that the throttle lets through in five minutes.
  connects_to_alarm = max(1, floor(0.8 * 300 * coalesce(try(var.routes["$connect"].throttle.rate, null), var.throttle.rate)))

  alarms = var.alarms == null ? {} : {
    integration-errors = {
      metric      = "IntegrationError"
      threshold   = var.alarms.integration_errors
      description = "Functions of the API ${var.name} answered with 4XX or 5XX, handshakes that $connect refuses included. See the access log for routes and statuses, then the functions' logs."
    }
    execution-errors = {
      metric      = "ExecutionError"
      threshold   = var.alarms.execution_errors
      description = "API Gateway could not call a function of the API ${var.name}, or it failed. Look for crashes, timeouts and throttles in the functions' logs, and for the cause in the execution log; after a deployment, take it back."
    }
    client-errors = {
      metric      = "ClientError"
      threshold   = var.alarms.client_errors
      description = "Clients of the API ${var.name} were refused with 4XX: no valid token (401), not allowed in (403), throttled (429). The access log says which and from where; many 429 ask for a higher throttle, or are an attack."
    }
    connects = {
      metric      = "ConnectCount"
      threshold   = coalesce(var.alarms.connects, local.connects_to_alarm)
      description = "The API ${var.name} takes connections at nearly the rate that its throttle lets through. Clients that reconnect in a loop, an attack, or success: raise the throttle of $connect for the last only."
    }
  }
}

resource "aws_cloudwatch_metric_alarm" "this" {
  for_each = local.alarms

  alarm_name        = "${var.name}-api-${each.key}"
  alarm_description = each.value.description

  namespace           = "AWS/ApiGateway"
  metric_name         = each.value.metric
  dimensions          = { ApiId = aws_apigatewayv2_api.this.id, Stage = aws_apigatewayv2_stage.this.name }
  statistic           = "Sum"
  period              = 300
  evaluation_periods  = 1
  threshold           = each.value.threshold
  comparison_operator = "GreaterThanOrEqualToThreshold"
  treat_missing_data  = "notBreaching"

  alarm_actions = var.alarms.actions
  ok_actions    = var.alarms.actions
  tags          = var.tags
}

resource "aws_cloudwatch_metric_alarm" "latency" {
  count = var.alarms == null ? 0 : 1

  alarm_name        = "${var.name}-api-latency"
  alarm_description = "One call in a hundred of the functions of the API ${var.name} takes longer than ${var.alarms.latency_ms} ms, for two of three times five minutes. Look at the functions' durations, throttles and memory, and at what they call."

  namespace           = "AWS/ApiGateway"
  metric_name         = "IntegrationLatency"
  dimensions          = { ApiId = aws_apigatewayv2_api.this.id, Stage = aws_apigatewayv2_stage.this.name }
  extended_statistic  = "p99"
  period              = 300
  evaluation_periods  = 3
  datapoints_to_alarm = 2
  threshold           = var.alarms.latency_ms
  comparison_operator = "GreaterThanThreshold"
  treat_missing_data  = "notBreaching"

  alarm_actions = var.alarms.actions
  ok_actions    = var.alarms.actions
  tags          = var.tags
}

#### Renamed ####

# The record of IPv4, before there was one of IPv6.
moved {
  from = aws_route53_record.this[0]
  to   = aws_route53_record.this["A"]
}

# Before there was a release, integrations with functions and with mocks were two
# resources. The second is moved one by one, as two cannot be moved to one: this
# is the mock of the chat module; another is made anew, within one apply.
moved {
  from = aws_apigatewayv2_integration.function
  to   = aws_apigatewayv2_integration.this
}

moved {
  from = aws_apigatewayv2_integration.mock["ping"]
  to   = aws_apigatewayv2_integration.this["ping"]
}

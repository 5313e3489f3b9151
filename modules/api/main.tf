locals {
  management_endpoint = "${replace(aws_apigatewayv2_api.this.api_endpoint, "/^ws/", "http")}/${var.stage_name}"

  route_selection_expression = "$request.body.action"

  integrations = {
    for key, route in var.routes : key => {
      type       = route.function != null ? "AWS_PROXY" : "MOCK"
      method     = route.function != null ? "POST" : null
      uri        = route.function != null ? route.function.invoke_arn : null
      timeout_ms = route.timeout_ms

      # The template of a mock names the status that its response is chosen by.
      request_templates = route.function != null ? null : { "$default" = jsonencode({ statusCode = 200 }) }
    }
  }

  routes = {
    for key, route in var.routes : key => {
      authorization_type = key == "$connect" ? "CUSTOM" : "NONE"

      # API Gateway ignores a reply on the two routes of the connection itself.
      reply = route.reply && !contains(["$connect", "$disconnect"], key)
    }
  }
}

resource "aws_apigatewayv2_api" "this" {
  name                       = var.name
  protocol_type              = "WEBSOCKET"
  route_selection_expression = local.route_selection_expression
  tags                       = var.tags
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
  for_each = { for key, route in var.routes : key => route.mock if route.mock != null }

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

resource "aws_apigatewayv2_route" "this" {
  for_each = local.routes

  api_id    = aws_apigatewayv2_api.this.id
  route_key = each.key
  target    = "integrations/${aws_apigatewayv2_integration.this[each.key].id}"

  authorization_type = each.value.authorization_type
  authorizer_id      = each.value.authorization_type == "CUSTOM" ? aws_apigatewayv2_authorizer.this.id : null

  route_response_selection_expression = each.value.reply ? "$default" : null
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
      route_selection_expression = local.route_selection_expression
      authorizer                 = { uri = var.authorizer.invoke_arn, identity_sources = sort(var.authorizer.identity_sources) }
      integrations               = local.integrations
      mocks                      = { for key, route in var.routes : key => route.mock if route.mock != null }
      routes                     = local.routes

      ids = {
        authorizer            = aws_apigatewayv2_authorizer.this.id
        integrations          = { for key, integration in aws_apigatewayv2_integration.this : key => integration.id }
        integration_responses = { for key, response in aws_apigatewayv2_integration_response.mock : key => response.id }
        routes                = { for key, route in aws_apigatewayv2_route.this : key => route.id }
        route_responses       = { for key, response in aws_apigatewayv2_route_response.this : key => response.id }
      }
    }))
  }

  depends_on = [
    aws_apigatewayv2_authorizer.this,
    aws_apigatewayv2_integration.this,
    aws_apigatewayv2_integration_response.mock,
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

#### Logs ####

resource "aws_cloudwatch_log_group" "access" {
  name              = "/aws/apigateway/${var.name}/${var.stage_name}/access"
  kms_key_id        = var.kms_key_arn
  retention_in_days = var.log_retention_days
  tags              = var.tags
}

# API Gateway chooses this name. A group that it made itself would be kept for
# ever under a key of AWS's.
resource "aws_cloudwatch_log_group" "execution" {
  name              = "API-Gateway-Execution-Logs_${aws_apigatewayv2_api.this.id}/${var.stage_name}"
  kms_key_id        = var.kms_key_arn
  retention_in_days = var.log_retention_days
  tags              = var.tags
}

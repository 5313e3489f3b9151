locals {
  management_endpoint = "${replace(aws_apigatewayv2_api.this.api_endpoint, "/^ws/", "http")}/${var.stage_name}"

  function_routes = { for key, route in var.routes : key => route if route.function != null }
  mock_routes     = { for key, route in var.routes : key => route if route.mock != null }

  # API Gateway ignores a reply on the two routes of the connection itself.
  reply_routes = { for key, route in var.routes : key => route if route.reply && !contains(["$connect", "$disconnect"], key) }
}

resource "aws_apigatewayv2_api" "this" {
  name                       = var.name
  protocol_type              = "WEBSOCKET"
  route_selection_expression = "$request.body.action"
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

resource "aws_apigatewayv2_integration" "function" {
  for_each = local.function_routes

  api_id               = aws_apigatewayv2_api.this.id
  integration_type     = "AWS_PROXY"
  integration_method   = "POST"
  integration_uri      = each.value.function.invoke_arn
  timeout_milliseconds = each.value.timeout_ms
}

resource "aws_lambda_permission" "route" {
  for_each = local.function_routes

  # A custom route cannot begin with an underscore, so no two ids are the same.
  statement_id  = "api-${aws_apigatewayv2_api.this.id}-route-${replace(each.key, "$", "_")}"
  action        = "lambda:InvokeFunction"
  function_name = each.value.function.function_name
  qualifier     = each.value.function.qualifier
  principal     = "apigateway.amazonaws.com"
  source_arn    = "${aws_apigatewayv2_api.this.execution_arn}/${var.stage_name}/${each.key}"
}

resource "aws_apigatewayv2_integration" "mock" {
  for_each = local.mock_routes

  api_id               = aws_apigatewayv2_api.this.id
  integration_type     = "MOCK"
  timeout_milliseconds = each.value.timeout_ms

  # The template names the status that the integration response is chosen by.
  request_templates = { "$default" = jsonencode({ statusCode = 200 }) }
}

resource "aws_apigatewayv2_integration_response" "mock" {
  for_each = local.mock_routes

  api_id                   = aws_apigatewayv2_api.this.id
  integration_id           = aws_apigatewayv2_integration.mock[each.key].id
  integration_response_key = "$default"
  response_templates       = { "$default" = each.value.mock }
}

#### Routes ####

resource "aws_apigatewayv2_route" "this" {
  for_each = var.routes

  api_id    = aws_apigatewayv2_api.this.id
  route_key = each.key
  target    = "integrations/${each.value.function != null ? aws_apigatewayv2_integration.function[each.key].id : aws_apigatewayv2_integration.mock[each.key].id}"

  authorization_type = each.key == "$connect" ? "CUSTOM" : "NONE"
  authorizer_id      = each.key == "$connect" ? aws_apigatewayv2_authorizer.this.id : null

  route_response_selection_expression = contains(keys(local.reply_routes), each.key) ? "$default" : null
}

resource "aws_apigatewayv2_route_response" "this" {
  for_each = local.reply_routes

  api_id             = aws_apigatewayv2_api.this.id
  route_id           = aws_apigatewayv2_route.this[each.key].id
  route_response_key = "$default"
}

#### Deployment and stage ####

# A deployment is a snapshot: whatever is in it has to be in the hash, and has
# to exist before it.
resource "aws_apigatewayv2_deployment" "this" {
  api_id = aws_apigatewayv2_api.this.id

  triggers = {
    configuration = sha256(jsonencode({
      api = {
        route_selection_expression = aws_apigatewayv2_api.this.route_selection_expression
      }
      authorizer = {
        id               = aws_apigatewayv2_authorizer.this.id
        type             = aws_apigatewayv2_authorizer.this.authorizer_type
        uri              = aws_apigatewayv2_authorizer.this.authorizer_uri
        identity_sources = aws_apigatewayv2_authorizer.this.identity_sources
      }
      integrations = {
        for key, integration in merge(aws_apigatewayv2_integration.function, aws_apigatewayv2_integration.mock) : key => {
          id                = integration.id
          type              = integration.integration_type
          method            = integration.integration_method
          uri               = integration.integration_uri
          request_templates = integration.request_templates
          timeout_ms        = integration.timeout_milliseconds
        }
      }
      integration_responses = {
        for key, response in aws_apigatewayv2_integration_response.mock : key => {
          id        = response.id
          key       = response.integration_response_key
          templates = response.response_templates
        }
      }
      routes = {
        for key, route in aws_apigatewayv2_route.this : key => {
          id                 = route.id
          target             = route.target
          authorization_type = route.authorization_type
          authorizer_id      = route.authorizer_id
          reply              = route.route_response_selection_expression
        }
      }
      route_responses = {
        for key, response in aws_apigatewayv2_route_response.this : key => {
          id  = response.id
          key = response.route_response_key
        }
      }
    }))
  }

  depends_on = [
    aws_apigatewayv2_authorizer.this,
    aws_apigatewayv2_integration.function,
    aws_apigatewayv2_integration.mock,
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

mock_provider "aws" {
  mock_resource "aws_apigatewayv2_api" {
    defaults = {
      id            = "a1b2c3d4e5"
      api_endpoint  = "wss://a1b2c3d4e5.execute-api.eu-west-1.amazonaws.com"
      execution_arn = "arn:aws:execute-api:eu-west-1:111122223333:a1b2c3d4e5"
    }
  }

  mock_resource "aws_apigatewayv2_domain_name" {
    defaults = {
      domain_name_configuration = {
        target_domain_name = "d-1234567890.execute-api.eu-west-1.amazonaws.com"
        hosted_zone_id     = "Z1UJRXOUMOOFQ8"
      }
    }
  }

  mock_resource "aws_cloudwatch_log_group" {
    defaults = { arn = "arn:aws:logs:eu-west-1:111122223333:log-group:example" }
  }
}

variables {
  name        = "chat"
  kms_key_arn = "arn:aws:kms:eu-west-1:111122223333:key/1a2b3c4d-0000-4000-8000-000000000000"

  authorizer = { invoke_arn = "arn:aws:apigateway:authorizer", function_name = "authorizer", qualifier = "live" }

  routes = {
    "$connect" = { function = { invoke_arn = "arn:aws:apigateway:connect", function_name = "connect", qualifier = "live" } }
  }
}

run "without_them_no_route_selects_one" {
  assert {
    condition     = length(aws_apigatewayv2_model.this) == 0 && alltrue([for route in aws_apigatewayv2_route.this : route.model_selection_expression == null && route.request_models == null])
    error_message = "A model is selected that nobody made."
  }
}

run "a_route_holds_messages_against_its_model" {
  variables {
    models = { send = { schema = "{\"$schema\":\"http://json-schema.org/draft-04/schema#\",\"type\":\"object\"}", description = "A message." } }
    routes = {
      "$connect"  = { function = { invoke_arn = "arn:aws:apigateway:connect", function_name = "connect", qualifier = "live" } }
      sendMessage = { function = { invoke_arn = "arn:aws:apigateway:message", function_name = "message", qualifier = "live" }, model = "send" }
      ping        = { mock = "pong" }
    }
  }

  assert {
    condition     = aws_apigatewayv2_model.this["send"].name == "send" && aws_apigatewayv2_model.this["send"].content_type == "application/json" && aws_apigatewayv2_model.this["send"].schema == var.models.send.schema && aws_apigatewayv2_model.this["send"].description == "A message."
    error_message = "The model is another one."
  }

  # Without an expression API Gateway does not validate; without $default it
  # refuses whatever action has no model of its own.
  assert {
    condition     = aws_apigatewayv2_route.this["sendMessage"].model_selection_expression == "$request.body.action" && aws_apigatewayv2_route.this["sendMessage"].request_models == tomap({ "$default" = "send" })
    error_message = "The route's messages are not held against the model."
  }

  assert {
    condition     = alltrue([for key in ["$connect", "ping"] : aws_apigatewayv2_route.this[key].model_selection_expression == null && aws_apigatewayv2_route.this[key].request_models == null])
    error_message = "Another route has the model as well."
  }
}

# A change that does not make a new deployment never goes live. Each caller changes
# one thing from the first and gets another hash. Others forgot it altogether
# (hashicorp/terraform-provider-aws issues 12961 and 36078, and its example
# api-gateway-websocket-chat-app, which has no trigger at all) or the authorizer
# (terraform-aws-modules/terraform-aws-apigateway-v2 pull request 139).

mock_provider "aws" {
  mock_resource "aws_apigatewayv2_api" {
    defaults = {
      id            = "a1b2c3d4e5"
      api_endpoint  = "wss://a1b2c3d4e5.execute-api.eu-west-1.amazonaws.com"
      execution_arn = "arn:aws:execute-api:eu-west-1:111122223333:a1b2c3d4e5"
    }
  }

  # The same for all, so that only the configuration tells two callers apart.
  mock_resource "aws_apigatewayv2_authorizer" {
    defaults = { id = "auth01" }
  }

  mock_resource "aws_apigatewayv2_integration" {
    defaults = { id = "integ01" }
  }

  mock_resource "aws_apigatewayv2_integration_response" {
    defaults = { id = "intres1" }
  }

  mock_resource "aws_apigatewayv2_model" {
    defaults = { id = "model01" }
  }

  mock_resource "aws_apigatewayv2_route" {
    defaults = { id = "route01" }
  }

  mock_resource "aws_apigatewayv2_route_response" {
    defaults = { id = "routre1" }
  }

  mock_resource "aws_cloudwatch_log_group" {
    defaults = { arn = "arn:aws:logs:eu-west-1:111122223333:log-group:example" }
  }
}

run "a_deployment_for_each_change_that_needs_one" {
  module {
    source = "./tests/deployments"
  }

  assert {
    condition     = output.triggers.the_same_again == output.triggers.first
    error_message = "Nothing changed, and yet there would be a new deployment."
  }

  assert {
    condition     = output.triggers.another_throttle == output.triggers.first
    error_message = "A throttle, which takes effect at once, makes a new deployment."
  }

  assert {
    condition     = output.triggers.a_domain_name == output.triggers.first
    error_message = "A mapping, which takes effect at once, makes a new deployment."
  }

  assert {
    condition     = output.triggers.another_authorizer_function != output.triggers.first
    error_message = "Another authorizer would not go live."
  }

  assert {
    condition     = output.triggers.another_identity_source != output.triggers.first
    error_message = "Another identity source would not go live."
  }

  assert {
    condition     = output.triggers.another_function != output.triggers.first
    error_message = "Another function would not go live."
  }

  assert {
    condition     = output.triggers.another_timeout != output.triggers.first
    error_message = "Another timeout would not go live."
  }

  assert {
    condition     = output.triggers.no_reply != output.triggers.first
    error_message = "A route that stops replying would not go live."
  }

  assert {
    condition     = output.triggers.another_mock != output.triggers.first
    error_message = "Another mock answer would not go live."
  }

  assert {
    condition     = output.triggers.another_field != output.triggers.first
    error_message = "Messages would be routed by the field before."
  }

  assert {
    condition     = output.triggers.one_more_route != output.triggers.first
    error_message = "Another route would not go live."
  }

  assert {
    condition     = output.triggers.a_disabled_endpoint != output.triggers.first
    error_message = "The endpoint would stay open: AWS closes it with a deployment only."
  }

  assert {
    condition     = output.triggers.a_model != output.triggers.first
    error_message = "A model would not go live."
  }

  assert {
    condition     = output.triggers.another_schema != output.triggers.a_model
    error_message = "Another schema would not go live."
  }
}

# An endpoint that is not AWS's own: another scheme, a port, and a path of its own.

mock_provider "aws" {
  mock_resource "aws_apigatewayv2_api" {
    defaults = {
      id            = "a1b2c3d4e5"
      api_endpoint  = "ws://127.0.0.1:4566/_aws/execute-api/a1b2c3d4e5"
      execution_arn = "arn:aws:execute-api:eu-west-1:111122223333:a1b2c3d4e5"
    }
  }

  mock_resource "aws_cloudwatch_log_group" {
    defaults = { arn = "arn:aws:logs:eu-west-1:111122223333:log-group:example" }
  }
}

variables {
  name        = "chat"
  stage_name  = "test"
  kms_key_arn = "arn:aws:kms:eu-west-1:111122223333:key/1a2b3c4d-0000-4000-8000-000000000000"

  authorizer = { invoke_arn = "arn:aws:apigateway:authorizer", function_name = "authorizer", qualifier = "live" }

  routes = {
    "$connect" = { function = { invoke_arn = "arn:aws:apigateway:connect", function_name = "connect", qualifier = "live" } }
  }
}

run "scheme_port_and_path_are_kept" {
  assert {
    condition     = output.management_endpoint == "http://127.0.0.1:4566/_aws/execute-api/a1b2c3d4e5/test"
    error_message = "The management endpoint is another one."
  }

  assert {
    condition     = output.connect_url == "ws://127.0.0.1:4566/_aws/execute-api/a1b2c3d4e5/test"
    error_message = "The URL for clients is another one."
  }
}

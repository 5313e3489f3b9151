# A change that does not make a new deployment never goes live. Each run changes
# one thing from the first and expects another hash. Others forgot it altogether
# (hashicorp/terraform-provider-aws issues 12961 and 36078) or the authorizer
# (terraform-aws-modules/terraform-aws-apigateway-v2 pull request 139).

mock_provider "aws" {
  mock_resource "aws_apigatewayv2_api" {
    defaults = {
      id            = "a1b2c3d4e5"
      api_endpoint  = "wss://a1b2c3d4e5.execute-api.eu-west-1.amazonaws.com"
      execution_arn = "arn:aws:execute-api:eu-west-1:111122223333:a1b2c3d4e5"
    }
  }

  # The same for all, so that only the configuration tells two runs apart.
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

variables {
  name        = "chat"
  kms_key_arn = "arn:aws:kms:eu-west-1:111122223333:key/1a2b3c4d-0000-4000-8000-000000000000"

  authorizer = { invoke_arn = "arn:aws:apigateway:authorizer", function_name = "authorizer", qualifier = "live" }

  routes = {
    "$connect"  = { function = { invoke_arn = "arn:aws:apigateway:connect", function_name = "connect", qualifier = "live" } }
    sendMessage = { function = { invoke_arn = "arn:aws:apigateway:message", function_name = "message", qualifier = "live" } }
    ping        = { mock = "{\"type\":\"pong\"}" }
  }
}

run "first" {}

run "the_same_again" {
  assert {
    condition     = aws_apigatewayv2_deployment.this.triggers.configuration == run.first.deployment_trigger
    error_message = "Nothing changed, and yet there would be a new deployment."
  }
}

run "a_limit_is_no_part_of_a_deployment" {
  variables {
    throttle = { rate = 1, burst = 1 }
  }

  assert {
    condition     = aws_apigatewayv2_deployment.this.triggers.configuration == run.first.deployment_trigger
    error_message = "A throttle, which takes effect at once, makes a new deployment."
  }
}

run "a_domain_name_is_no_part_of_a_deployment" {
  variables {
    custom_domain = { name = "ws.example.com" }
  }

  assert {
    condition     = aws_apigatewayv2_deployment.this.triggers.configuration == run.first.deployment_trigger
    error_message = "A mapping, which takes effect at once, makes a new deployment."
  }
}

run "another_authorizer_function" {
  variables {
    authorizer = { invoke_arn = "arn:aws:apigateway:authorizer-2", function_name = "authorizer", qualifier = "live" }
  }

  assert {
    condition     = aws_apigatewayv2_deployment.this.triggers.configuration != run.first.deployment_trigger
    error_message = "Another authorizer would not go live."
  }
}

run "another_identity_source" {
  variables {
    authorizer = { invoke_arn = "arn:aws:apigateway:authorizer", function_name = "authorizer", qualifier = "live", identity_sources = ["route.request.header.x-origin-verify"] }
  }

  assert {
    condition     = aws_apigatewayv2_deployment.this.triggers.configuration != run.first.deployment_trigger
    error_message = "Another identity source would not go live."
  }
}

run "another_function_for_a_route" {
  variables {
    routes = {
      "$connect"  = { function = { invoke_arn = "arn:aws:apigateway:connect", function_name = "connect", qualifier = "live" } }
      sendMessage = { function = { invoke_arn = "arn:aws:apigateway:message-2", function_name = "message", qualifier = "live" } }
      ping        = { mock = "{\"type\":\"pong\"}" }
    }
  }

  assert {
    condition     = aws_apigatewayv2_deployment.this.triggers.configuration != run.first.deployment_trigger
    error_message = "Another function would not go live."
  }
}

run "another_timeout" {
  variables {
    routes = {
      "$connect"  = { function = { invoke_arn = "arn:aws:apigateway:connect", function_name = "connect", qualifier = "live" } }
      sendMessage = { function = { invoke_arn = "arn:aws:apigateway:message", function_name = "message", qualifier = "live" }, timeout_ms = 1000 }
      ping        = { mock = "{\"type\":\"pong\"}" }
    }
  }

  assert {
    condition     = aws_apigatewayv2_deployment.this.triggers.configuration != run.first.deployment_trigger
    error_message = "Another timeout would not go live."
  }
}

run "no_reply_any_more" {
  variables {
    routes = {
      "$connect"  = { function = { invoke_arn = "arn:aws:apigateway:connect", function_name = "connect", qualifier = "live" } }
      sendMessage = { function = { invoke_arn = "arn:aws:apigateway:message", function_name = "message", qualifier = "live" }, reply = false }
      ping        = { mock = "{\"type\":\"pong\"}" }
    }
  }

  assert {
    condition     = aws_apigatewayv2_deployment.this.triggers.configuration != run.first.deployment_trigger
    error_message = "A route that stops replying would not go live."
  }
}

run "another_mock_answer" {
  variables {
    routes = {
      "$connect"  = { function = { invoke_arn = "arn:aws:apigateway:connect", function_name = "connect", qualifier = "live" } }
      sendMessage = { function = { invoke_arn = "arn:aws:apigateway:message", function_name = "message", qualifier = "live" } }
      ping        = { mock = "{\"type\":\"pong\",\"v\":2}" }
    }
  }

  assert {
    condition     = aws_apigatewayv2_deployment.this.triggers.configuration != run.first.deployment_trigger
    error_message = "Another mock answer would not go live."
  }
}

run "one_more_route" {
  variables {
    routes = {
      "$connect"  = { function = { invoke_arn = "arn:aws:apigateway:connect", function_name = "connect", qualifier = "live" } }
      sendMessage = { function = { invoke_arn = "arn:aws:apigateway:message", function_name = "message", qualifier = "live" } }
      history     = { function = { invoke_arn = "arn:aws:apigateway:message", function_name = "message", qualifier = "live" } }
      ping        = { mock = "{\"type\":\"pong\"}" }
    }
  }

  assert {
    condition     = aws_apigatewayv2_deployment.this.triggers.configuration != run.first.deployment_trigger
    error_message = "Another route would not go live."
  }
}

run "a_disabled_endpoint" {
  variables {
    custom_domain                = { name = "ws.example.com" }
    disable_execute_api_endpoint = true
  }

  assert {
    condition     = aws_apigatewayv2_deployment.this.triggers.configuration != run.first.deployment_trigger
    error_message = "The endpoint would stay open: AWS closes it with a deployment only."
  }
}

run "a_model" {
  variables {
    models = { send = { schema = "{\"type\":\"object\"}" } }
    routes = {
      "$connect"  = { function = { invoke_arn = "arn:aws:apigateway:connect", function_name = "connect", qualifier = "live" } }
      sendMessage = { function = { invoke_arn = "arn:aws:apigateway:message", function_name = "message", qualifier = "live" }, model = "send" }
      ping        = { mock = "{\"type\":\"pong\"}" }
    }
  }

  assert {
    condition     = aws_apigatewayv2_deployment.this.triggers.configuration != run.first.deployment_trigger
    error_message = "A model would not go live."
  }
}

run "another_schema" {
  variables {
    models = { send = { schema = "{\"type\":\"array\"}" } }
    routes = {
      "$connect"  = { function = { invoke_arn = "arn:aws:apigateway:connect", function_name = "connect", qualifier = "live" } }
      sendMessage = { function = { invoke_arn = "arn:aws:apigateway:message", function_name = "message", qualifier = "live" }, model = "send" }
      ping        = { mock = "{\"type\":\"pong\"}" }
    }
  }

  assert {
    condition     = aws_apigatewayv2_deployment.this.triggers.configuration != run.a_model.deployment_trigger
    error_message = "Another schema would not go live."
  }
}

# Many routes: keys and not positions name what is made, so that a route that
# comes or goes leaves the others alone.

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

run "sixty_routes_of_three_functions" {
  variables {
    routes = merge(
      { "$connect" = { function = { invoke_arn = "arn:aws:apigateway:connect", function_name = "connect", qualifier = "live" } } },
      { for i in range(60) : format("route%02d", i) => { function = { invoke_arn = "arn:aws:apigateway:f${i % 3}", function_name = "f${i % 3}", qualifier = "live" } } },
    )
  }

  assert {
    condition     = length(aws_apigatewayv2_route.this) == 61 && length(aws_apigatewayv2_integration.this) == 61 && length(aws_lambda_permission.route) == 61 && length(aws_apigatewayv2_route_response.this) == 60
    error_message = "A route is missing, or lacks its integration, its permission or its response."
  }

  assert {
    condition     = alltrue([for key, permission in aws_lambda_permission.route : permission.source_arn == "arn:aws:execute-api:eu-west-1:111122223333:a1b2c3d4e5/live/${key}" && permission.function_name == var.routes[key].function.function_name])
    error_message = "A permission is for another route or function."
  }
}

# Lambda refuses a policy above 20,480 bytes: aws/aws-pdk issue 549,
# aws/serverless-application-model issue 337.
run "refuses_more_routes_than_one_function_can_serve" {
  command = plan

  variables {
    routes = merge(
      { "$connect" = { function = { invoke_arn = "arn:aws:apigateway:connect", function_name = "connect", qualifier = "live" } } },
      { for i in range(60) : format("route%02d", i) => { function = { invoke_arn = "arn:aws:apigateway:message", function_name = "message", qualifier = "live" } } },
    )
  }

  expect_failures = [var.routes]
}

run "fifty_routes_of_one_function" {
  command = plan

  variables {
    routes = merge(
      { "$connect" = { function = { invoke_arn = "arn:aws:apigateway:connect", function_name = "connect", qualifier = "live" } } },
      { for i in range(50) : format("route%02d", i) => { function = { invoke_arn = "arn:aws:apigateway:message", function_name = "message", qualifier = "live" } } },
    )
  }
}

run "two_routes" {
  module {
    source = "./tests/order"
  }

  variables {
    models = { zeta = { schema = "{}" }, alpha = { schema = "{}" } }
    routes = { zeta = { mock = "z", model = "zeta" }, alpha = { mock = "a", model = "alpha" } }
  }
}

run "the_same_in_another_order" {
  module {
    source = "./tests/order"
  }

  variables {
    models = { alpha = { schema = "{}" }, zeta = { schema = "{}" } }
    routes = { alpha = { mock = "a", model = "alpha" }, zeta = { mock = "z", model = "zeta" } }
  }

  assert {
    condition     = output.now.route_ids == output.first.route_ids && output.now.trigger == output.first.trigger
    error_message = "The order in which routes and models are written makes routes or a deployment anew."
  }
}

run "what_comes_first_leaves_the_others_alone" {
  module {
    source = "./tests/order"
  }

  variables {
    models = { aaa = { schema = "{}" }, alpha = { schema = "{}" }, zeta = { schema = "{}" } }
    routes = { aaa = { mock = "first", model = "aaa" }, alpha = { mock = "a", model = "alpha" }, zeta = { mock = "z", model = "zeta" } }
  }

  assert {
    condition     = { for key in ["$connect", "alpha", "zeta"] : key => output.now.route_ids[key] } == { for key, id in output.first.route_ids : key => id }
    error_message = "A route is made anew because another one came."
  }

  assert {
    condition     = output.now.trigger != output.first.trigger
    error_message = "Another route would not go live."
  }
}

mock_provider "aws" {
  mock_resource "aws_apigatewayv2_api" {
    defaults = {
      id            = "a1b2c3d4e5"
      api_endpoint  = "wss://a1b2c3d4e5.execute-api.eu-west-1.amazonaws.com"
      execution_arn = "arn:aws:execute-api:eu-west-1:111122223333:a1b2c3d4e5"
    }
  }

  mock_resource "aws_apigatewayv2_authorizer" {
    defaults = { id = "auth01" }
  }

  mock_resource "aws_cloudwatch_log_group" {
    defaults = { arn = "arn:aws:logs:eu-west-1:111122223333:log-group:example" }
  }
}

variables {
  name        = "chat"
  kms_key_arn = "arn:aws:kms:eu-west-1:111122223333:key/1a2b3c4d-0000-4000-8000-000000000000"

  authorizer = {
    invoke_arn    = "arn:aws:apigateway:eu-west-1:lambda:path/2015-03-31/functions/arn:aws:lambda:eu-west-1:111122223333:function:chat-authorizer:live/invocations"
    function_name = "chat-authorizer"
    qualifier     = "live"
  }

  routes = {
    "$connect" = {
      function = {
        invoke_arn    = "arn:aws:apigateway:eu-west-1:lambda:path/2015-03-31/functions/arn:aws:lambda:eu-west-1:111122223333:function:chat-connect:live/invocations"
        function_name = "chat-connect"
        qualifier     = "live"
      }
      throttle = { rate = 5, burst = 10 }
    }
    "$disconnect" = {
      function = {
        invoke_arn    = "arn:aws:apigateway:eu-west-1:lambda:path/2015-03-31/functions/arn:aws:lambda:eu-west-1:111122223333:function:chat-disconnect:live/invocations"
        function_name = "chat-disconnect"
        qualifier     = "live"
      }
    }
    "$default" = {
      function = {
        invoke_arn    = "arn:aws:apigateway:eu-west-1:lambda:path/2015-03-31/functions/arn:aws:lambda:eu-west-1:111122223333:function:chat-message:live/invocations"
        function_name = "chat-message"
        qualifier     = "live"
      }
    }
    sendMessage = {
      function = {
        invoke_arn    = "arn:aws:apigateway:eu-west-1:lambda:path/2015-03-31/functions/arn:aws:lambda:eu-west-1:111122223333:function:chat-message:live/invocations"
        function_name = "chat-message"
        qualifier     = "live"
      }
      timeout_ms = 5000
    }
    typing = {
      function = {
        invoke_arn    = "arn:aws:apigateway:eu-west-1:lambda:path/2015-03-31/functions/arn:aws:lambda:eu-west-1:111122223333:function:chat-message:live/invocations"
        function_name = "chat-message"
        qualifier     = "live"
      }
      reply = false
    }
    ping = { mock = "{\"type\":\"pong\"}" }
  }
}

# hashicorp/terraform-provider-aws issue 40833: an authorizer on another route is
# accepted and never asked. aws-samples/simple-websockets-chat-app has none at all;
# its issue 22 asks where one goes.
run "the_authorizer_is_asked_on_connect_and_there_only" {
  assert {
    condition     = aws_apigatewayv2_api.this.protocol_type == "WEBSOCKET" && aws_apigatewayv2_api.this.route_selection_expression == "$request.body.action"
    error_message = "Routes are not chosen by the field action of a message."
  }

  assert {
    condition     = aws_apigatewayv2_authorizer.this.authorizer_type == "REQUEST" && aws_apigatewayv2_authorizer.this.authorizer_uri == var.authorizer.invoke_arn
    error_message = "The authorizer is not a REQUEST authorizer that calls the given function."
  }

  assert {
    condition     = try(length(aws_apigatewayv2_authorizer.this.identity_sources), 0) == 0
    error_message = "An identity source that nobody asked for refuses clients whose token comes elsewhere."
  }

  assert {
    condition     = aws_apigatewayv2_route.this["$connect"].authorization_type == "CUSTOM" && aws_apigatewayv2_route.this["$connect"].authorizer_id == "auth01"
    error_message = "$connect is open."
  }

  assert {
    condition     = alltrue([for key, route in aws_apigatewayv2_route.this : route.authorization_type == "NONE" && route.authorizer_id == null if key != "$connect"])
    error_message = "A route other than $connect names an authorizer, which API Gateway never asks."
  }
}

# Examples without a source ARN (aws-samples/simple-websockets-chat-app), with
# /*/* (terraform-aws-modules/terraform-aws-apigateway-v2), or with a path before
# the route (aws/aws-cdk issue 22940).
run "only_this_stage_and_route_may_call_a_function" {
  assert {
    condition     = { for key, permission in aws_lambda_permission.route : key => permission.source_arn } == { for key in ["$connect", "$disconnect", "$default", "sendMessage", "typing"] : key => "arn:aws:execute-api:eu-west-1:111122223333:a1b2c3d4e5/live/${key}" }
    error_message = "A permission does not name the API, the stage and the route, or there is one too many or too few."
  }

  assert {
    condition     = aws_lambda_permission.authorizer.source_arn == "arn:aws:execute-api:eu-west-1:111122223333:a1b2c3d4e5/authorizers/auth01"
    error_message = "The authorizer's permission does not name the authorizer."
  }

  assert {
    condition     = alltrue([for permission in concat(values(aws_lambda_permission.route), [aws_lambda_permission.authorizer]) : permission.qualifier == "live" && permission.principal == "apigateway.amazonaws.com" && permission.action == "lambda:InvokeFunction"])
    error_message = "A permission is for something else than API Gateway invoking the alias live."
  }

  assert {
    condition     = length(distinct(values(aws_lambda_permission.route)[*].statement_id)) == 5
    error_message = "Two permissions of one function would have the same id."
  }
}

# terraform-aws-modules/terraform-aws-apigateway-v2 issue 151: a VPC link of version 2 is
# for HTTP APIs only. Routes here have functions and mocks.
run "functions_are_called_as_proxies" {
  assert {
    condition     = alltrue([for key, integration in aws_apigatewayv2_integration.this : integration.integration_type == "AWS_PROXY" && integration.integration_method == "POST" && integration.integration_uri == var.routes[key].function.invoke_arn if key != "ping"])
    error_message = "An integration is not an AWS_PROXY by POST."
  }

  assert {
    condition     = aws_apigatewayv2_integration.this["sendMessage"].timeout_milliseconds == 5000 && aws_apigatewayv2_integration.this["$default"].timeout_milliseconds == 29000
    error_message = "timeout_ms has no effect, or no default."
  }
}

# terraform-aws-modules/terraform-aws-apigateway-v2 issue 131: a reply needs the
# selection expression and the response.
run "replies_go_back_where_they_are_wanted" {
  assert {
    condition     = toset(keys(aws_apigatewayv2_route_response.this)) == toset(["$default", "ping", "sendMessage"])
    error_message = "There are other route responses than for the routes that reply."
  }

  assert {
    condition     = alltrue([for key, route in aws_apigatewayv2_route.this : route.route_response_selection_expression == (contains(["$default", "ping", "sendMessage"], key) ? "$default" : null)])
    error_message = "A route with a response does not select it, or one without does."
  }

  assert {
    condition     = alltrue([for response in aws_apigatewayv2_route_response.this : response.route_response_key == "$default"])
    error_message = "A route response has a key that API Gateway does not know."
  }
}

run "ping_is_answered_without_a_function" {
  assert {
    condition     = toset(keys(aws_apigatewayv2_integration_response.mock)) == toset(["ping"]) && aws_apigatewayv2_integration.this["ping"].integration_type == "MOCK" && aws_apigatewayv2_integration.this["ping"].integration_uri == null && aws_apigatewayv2_integration.this["ping"].integration_method == null
    error_message = "ping is not a MOCK integration."
  }

  assert {
    condition     = aws_apigatewayv2_integration.this["ping"].request_templates == tomap({ "$default" = "{\"statusCode\":200}" })
    error_message = "The mock does not answer 200, by which its response is chosen."
  }

  assert {
    condition     = aws_apigatewayv2_integration_response.mock["ping"].integration_response_key == "$default" && aws_apigatewayv2_integration_response.mock["ping"].response_templates == tomap({ "$default" = "{\"type\":\"pong\"}" })
    error_message = "The mock does not answer the given frame."
  }
}

# hashicorp/terraform-provider-aws issues 14742 and 43307: a limit that is left out
# is 0, and everybody gets 429. Its own example has log groups that are kept for
# ever.
run "the_stage_is_hardened_without_being_asked" {
  assert {
    condition     = aws_apigatewayv2_stage.this.default_route_settings[0].throttling_rate_limit == 100 && aws_apigatewayv2_stage.this.default_route_settings[0].throttling_burst_limit == 200
    error_message = "The stage's throttle is not the documented one."
  }

  assert {
    condition     = alltrue([for settings in concat(aws_apigatewayv2_stage.this.default_route_settings, tolist(aws_apigatewayv2_stage.this.route_settings)) : settings.logging_level == "ERROR" && !settings.data_trace_enabled])
    error_message = "Errors are not logged, or messages are."
  }

  assert {
    condition     = one(aws_apigatewayv2_stage.this.route_settings).route_key == "$connect" && one(aws_apigatewayv2_stage.this.route_settings).throttling_rate_limit == 5 && one(aws_apigatewayv2_stage.this.route_settings).throttling_burst_limit == 10
    error_message = "The route's own throttle has no effect."
  }

  assert {
    condition     = !coalesce(aws_apigatewayv2_stage.this.auto_deploy, false) && aws_apigatewayv2_stage.this.deployment_id == aws_apigatewayv2_deployment.this.id
    error_message = "The stage does not stay at the explicit deployment."
  }

  assert {
    condition     = aws_apigatewayv2_stage.this.access_log_settings[0].destination_arn == aws_cloudwatch_log_group.access.arn
    error_message = "There is no access log."
  }

  assert {
    condition     = jsondecode(aws_apigatewayv2_stage.this.access_log_settings[0].format).requestId == "$context.requestId" && length(aws_apigatewayv2_stage.this.access_log_settings[0].format) <= 3072
    error_message = "The access log has no request id, or its format is too long."
  }

  assert {
    condition     = aws_cloudwatch_log_group.access.name == "/aws/apigateway/chat/live/access" && aws_cloudwatch_log_group.execution.name == "API-Gateway-Execution-Logs_a1b2c3d4e5/live"
    error_message = "A log group has another name than the one that API Gateway writes to."
  }

  assert {
    condition     = alltrue([for group in [aws_cloudwatch_log_group.access, aws_cloudwatch_log_group.execution] : group.kms_key_id == var.kms_key_arn && group.retention_in_days == 365])
    error_message = "A log group is not encrypted with the given key, or is kept for ever."
  }

  assert {
    condition     = !aws_cloudwatch_log_group.access.skip_destroy && !aws_cloudwatch_log_group.execution.skip_destroy
    error_message = "A log group outlives the API although nobody asked for that."
  }
}

run "logs_that_outlive_the_api" {
  variables {
    keep_logs = true
  }

  assert {
    condition     = aws_cloudwatch_log_group.access.skip_destroy && aws_cloudwatch_log_group.execution.skip_destroy
    error_message = "A log group goes with the API."
  }

  assert {
    condition     = output.arn == aws_apigatewayv2_api.this.arn && output.stage_arn == aws_apigatewayv2_stage.this.arn && output.authorizer_id == "auth01" && output.log_group_arns == { access = aws_cloudwatch_log_group.access.arn, execution = aws_cloudwatch_log_group.execution.arn }
    error_message = "An output names something else."
  }
}

run "urls_come_from_what_api_gateway_returns" {
  assert {
    condition     = output.management_endpoint == "https://a1b2c3d4e5.execute-api.eu-west-1.amazonaws.com/live"
    error_message = "The management endpoint is not the stage over https."
  }

  assert {
    condition     = output.connect_url == "wss://a1b2c3d4e5.execute-api.eu-west-1.amazonaws.com/live"
    error_message = "The URL for clients is not the stage over wss."
  }

  assert {
    condition     = output.connections_arn == "arn:aws:execute-api:eu-west-1:111122223333:a1b2c3d4e5/live"
    error_message = "The prefix for grants does not name the stage."
  }

  assert {
    condition     = output.access_log_group_name == aws_cloudwatch_log_group.access.name && output.execution_log_group_name == aws_cloudwatch_log_group.execution.name
    error_message = "The key's policy would name other log groups than those that exist."
  }
}

run "an_origin_secret_is_asked_for_before_the_function" {
  variables {
    authorizer = {
      invoke_arn       = "arn:aws:apigateway:eu-west-1:lambda:path/2015-03-31/functions/arn:aws:lambda:eu-west-1:111122223333:function:chat-authorizer:live/invocations"
      function_name    = "chat-authorizer"
      qualifier        = "live"
      identity_sources = ["route.request.header.x-origin-verify"]
    }
  }

  assert {
    condition     = aws_apigatewayv2_authorizer.this.identity_sources == toset(["route.request.header.x-origin-verify"])
    error_message = "identity_sources has no effect."
  }
}

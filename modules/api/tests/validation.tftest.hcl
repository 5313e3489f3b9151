mock_provider "aws" {
  mock_resource "aws_apigatewayv2_api" {
    defaults = {
      id            = "a1b2c3d4e5"
      api_endpoint  = "wss://a1b2c3d4e5.execute-api.eu-west-1.amazonaws.com"
      execution_arn = "arn:aws:execute-api:eu-west-1:111122223333:a1b2c3d4e5"
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

run "accepts_connect_alone" {
  command = plan
}

run "refuses_an_api_without_connect" {
  command = plan

  variables {
    routes = {
      "$default" = { function = { invoke_arn = "arn:aws:apigateway:message", function_name = "message", qualifier = "live" } }
    }
  }

  expect_failures = [var.routes]
}

run "refuses_a_route_that_does_nothing" {
  command = plan

  variables {
    routes = {
      "$connect" = { function = { invoke_arn = "arn:aws:apigateway:connect", function_name = "connect", qualifier = "live" } }
      ping       = {}
    }
  }

  expect_failures = [var.routes]
}

run "refuses_a_route_that_does_both" {
  command = plan

  variables {
    routes = {
      "$connect" = { function = { invoke_arn = "arn:aws:apigateway:connect", function_name = "connect", qualifier = "live" } }
      ping       = { function = { invoke_arn = "arn:aws:apigateway:ping", function_name = "ping", qualifier = "live" }, mock = "pong" }
    }
  }

  expect_failures = [var.routes]
}

run "accepts_the_longest_description" {
  command = plan

  variables {
    description = format("%01024d", 0)
  }

  assert {
    condition     = length(aws_apigatewayv2_api.this.description) == 1024
    error_message = "The API is not described."
  }
}

run "refuses_a_longer_description_and_a_tag_of_awss" {
  command = plan

  variables {
    description = format("%01025d", 0)
    tags        = { "aws:team" = "chat" }
  }

  expect_failures = [var.description, var.tags]
}

run "refuses_a_mock_on_connect" {
  command = plan

  variables {
    routes = { "$connect" = { mock = "{}" } }
  }

  expect_failures = [var.routes]
}

run "refuses_a_mock_that_says_nothing" {
  command = plan

  variables {
    routes = {
      "$connect" = { function = { invoke_arn = "arn:aws:apigateway:connect", function_name = "connect", qualifier = "live" } }
      ping       = { mock = "pong", reply = false }
    }
  }

  expect_failures = [var.routes]
}

run "refuses_a_system_route_that_does_not_exist" {
  command = plan

  variables {
    routes = {
      "$connect" = { function = { invoke_arn = "arn:aws:apigateway:connect", function_name = "connect", qualifier = "live" } }
      "$message" = { function = { invoke_arn = "arn:aws:apigateway:message", function_name = "message", qualifier = "live" } }
    }
  }

  expect_failures = [var.routes]
}

run "refuses_a_route_that_looks_like_a_path" {
  command = plan

  variables {
    routes = {
      "$connect"   = { function = { invoke_arn = "arn:aws:apigateway:connect", function_name = "connect", qualifier = "live" } }
      "GET /rooms" = { function = { invoke_arn = "arn:aws:apigateway:message", function_name = "message", qualifier = "live" } }
    }
  }

  expect_failures = [var.routes]
}

run "refuses_a_route_that_lets_nothing_through" {
  command = plan

  variables {
    routes = {
      "$connect" = { function = { invoke_arn = "arn:aws:apigateway:connect", function_name = "connect", qualifier = "live" }, throttle = { rate = 0, burst = 1 } }
    }
  }

  expect_failures = [var.routes]
}

run "refuses_a_route_without_a_burst" {
  command = plan

  variables {
    routes = {
      "$connect" = { function = { invoke_arn = "arn:aws:apigateway:connect", function_name = "connect", qualifier = "live" }, throttle = { rate = 1, burst = 0 } }
    }
  }

  expect_failures = [var.routes]
}

run "refuses_to_wait_longer_than_api_gateway_does" {
  command = plan

  variables {
    routes = {
      "$connect" = { function = { invoke_arn = "arn:aws:apigateway:connect", function_name = "connect", qualifier = "live" }, timeout_ms = 29001 }
    }
  }

  expect_failures = [var.routes]
}

run "refuses_to_route_by_a_header" {
  command = plan

  variables {
    route_selection_expression = "$request.header.action"
  }

  expect_failures = [var.route_selection_expression]
}

run "refuses_to_route_by_two_fields" {
  command = plan

  variables {
    route_selection_expression = "$request.body.a$request.body.b"
  }

  expect_failures = [var.route_selection_expression]
}

run "refuses_a_log_without_a_request_id" {
  command = plan

  variables {
    access_log_fields = { status = "$context.status" }
  }

  expect_failures = [var.access_log_fields]
}

run "refuses_to_log_the_query_string" {
  command = plan

  variables {
    access_log_fields = { id = "$context.requestId", query = "$request.querystring.access_token" }
  }

  expect_failures = [var.access_log_fields]
}

run "refuses_to_log_an_api_key" {
  command = plan

  variables {
    access_log_fields = { id = "$context.requestId", key = "$context.identity.apiKey" }
  }

  expect_failures = [var.access_log_fields]
}

run "refuses_to_log_what_the_authorizer_passes_on" {
  command = plan

  variables {
    access_log_fields = { id = "$context.requestId", token = "$context.authorizer.token" }
  }

  expect_failures = [var.access_log_fields]
}

run "refuses_text_around_a_variable" {
  command = plan

  variables {
    access_log_fields = { id = "$context.requestId", status = "\",\"x\":\"$context.status" }
  }

  expect_failures = [var.access_log_fields]
}

run "accepts_the_other_request_id" {
  command = plan

  variables {
    access_log_fields = { id = "$context.extendedRequestId" }
  }
}

# aws/aws-cdk issue 18307.
run "refuses_an_identity_source_of_http_apis" {
  command = plan

  variables {
    authorizer = { invoke_arn = "arn:aws:apigateway:authorizer", function_name = "authorizer", qualifier = "live", identity_sources = ["$request.header.Authorization"] }
  }

  expect_failures = [var.authorizer]
}

run "refuses_what_is_too_small" {
  command = plan

  variables {
    name               = ""
    stage_name         = ""
    log_retention_days = 0
    throttle           = { rate = 0 }
    kms_key_arn        = ""
  }

  expect_failures = [var.name, var.stage_name, var.log_retention_days, var.throttle, var.kms_key_arn]
}

run "refuses_words_that_aws_does_not_know" {
  command = plan

  variables {
    name               = "-chat"
    stage_name         = "$default"
    ip_address_type    = "ipv6"
    log_retention_days = 10
    throttle           = { burst = 0.5 }
    kms_key_arn        = "alias/chat"
  }

  expect_failures = [var.name, var.stage_name, var.ip_address_type, var.log_retention_days, var.throttle, var.kms_key_arn]
}

run "refuses_a_model_that_nobody_made" {
  command = plan

  variables {
    routes = {
      "$connect"  = { function = { invoke_arn = "arn:aws:apigateway:connect", function_name = "connect", qualifier = "live" } }
      sendMessage = { function = { invoke_arn = "arn:aws:apigateway:message", function_name = "message", qualifier = "live" }, model = "send" }
    }
  }

  expect_failures = [var.routes]
}

run "refuses_a_model_where_there_is_no_message" {
  command = plan

  variables {
    models = { send = { schema = "{}" } }
    routes = {
      "$connect" = { function = { invoke_arn = "arn:aws:apigateway:connect", function_name = "connect", qualifier = "live" }, model = "send" }
    }
  }

  expect_failures = [var.routes]
}

run "refuses_a_model_name_with_a_hyphen" {
  command = plan

  variables {
    models = { send-message = { schema = "{}" } }
  }

  expect_failures = [var.models]
}

run "refuses_a_schema_that_is_no_object" {
  command = plan

  variables {
    models = { send = { schema = "[]" } }
  }

  expect_failures = [var.models]
}

run "refuses_a_schema_that_is_too_long" {
  command = plan

  variables {
    models = { send = { schema = jsonencode({ x = format("%032768d", 0) }) } }
  }

  expect_failures = [var.models]
}

run "accepts_a_domain_name_in_every_form" {
  command = plan

  variables {
    custom_domain = {
      name        = "a-1.xn--bcher-kva.example.co"
      certificate = { arn = "arn:aws-us-gov:acm:us-gov-west-1:111122223333:certificate/1a2b3c4d-0000-4000-8000-000000000000" }
      mapping_key = "chat/v1.0_a$b"
    }
  }
}

run "refuses_a_wildcard" {
  command = plan

  variables {
    custom_domain = { name = "*.example.com" }
  }

  expect_failures = [var.custom_domain]
}

run "refuses_capitals" {
  command = plan

  variables {
    custom_domain = { name = "WS.example.com" }
  }

  expect_failures = [var.custom_domain]
}

run "refuses_a_url" {
  command = plan

  variables {
    custom_domain = { name = "https://ws.example.com" }
  }

  expect_failures = [var.custom_domain]
}

run "refuses_a_name_without_a_dot" {
  command = plan

  variables {
    custom_domain = { name = "localhost" }
  }

  expect_failures = [var.custom_domain]
}

run "refuses_a_certificate_of_iam" {
  command = plan

  variables {
    custom_domain = { name = "ws.example.com", certificate = { arn = "arn:aws:iam::111122223333:server-certificate/ws" } }
  }

  expect_failures = [var.custom_domain]
}

run "refuses_a_mapping_key_with_a_slash_before_it" {
  command = plan

  variables {
    custom_domain = { name = "ws.example.com", mapping_key = "/chat" }
  }

  expect_failures = [var.custom_domain]
}

run "refuses_a_mapping_key_with_two_slashes" {
  command = plan

  variables {
    custom_domain = { name = "ws.example.com", mapping_key = "chat//v1" }
  }

  expect_failures = [var.custom_domain]
}

run "refuses_a_mapping_key_that_is_too_long" {
  command = plan

  variables {
    custom_domain = { name = "ws.example.com", mapping_key = format("%0301d", 0) }
  }

  expect_failures = [var.custom_domain]
}

run "refuses_a_zone_by_its_name" {
  command = plan

  variables {
    custom_domain = { name = "ws.example.com", certificate = { arn = "arn:aws:acm:eu-west-1:111122223333:certificate/1" }, hosted_zone = { id = "example.com" } }
  }

  expect_failures = [var.custom_domain]
}

run "refuses_a_record_for_a_domain_name_made_elsewhere" {
  command = plan

  variables {
    custom_domain = { name = "ws.example.com", hosted_zone = { id = "Z0123456789ABCDEFGHIJ" } }
  }

  expect_failures = [var.custom_domain]
}

run "refuses_to_shut_the_only_door" {
  command = plan

  variables {
    disable_execute_api_endpoint = true
  }

  expect_failures = [var.disable_execute_api_endpoint]
}

run "refuses_alarms_that_tell_nobody" {
  command = plan

  variables {
    alarms = { actions = [] }
  }

  expect_failures = [var.alarms]
}

run "refuses_alarms_that_tell_six" {
  command = plan

  variables {
    alarms = { actions = [for i in range(6) : "arn:aws:sns:eu-west-1:111122223333:alarms-${i}"] }
  }

  expect_failures = [var.alarms]
}

run "refuses_alarms_that_tell_an_address" {
  command = plan

  variables {
    alarms = { actions = ["ops@example.com"] }
  }

  expect_failures = [var.alarms]
}

run "refuses_an_alarm_that_never_ends" {
  command = plan

  variables {
    alarms = { actions = ["arn:aws:sns:eu-west-1:111122223333:alarms"], client_errors = 0 }
  }

  expect_failures = [var.alarms]
}

run "refuses_half_a_connection" {
  command = plan

  variables {
    alarms = { actions = ["arn:aws:sns:eu-west-1:111122223333:alarms"], connects = 1.5 }
  }

  expect_failures = [var.alarms]
}

run "refuses_a_field_without_a_name" {
  command = plan

  variables {
    access_log_fields = { "" = "$context.requestId" }
  }

  expect_failures = [var.access_log_fields]
}

run "refuses_a_log_line_that_is_too_long" {
  command = plan

  variables {
    access_log_fields = { for i in range(100) : format("request%057d", i) => "$context.requestId" }
  }

  expect_failures = [var.access_log_fields]
}

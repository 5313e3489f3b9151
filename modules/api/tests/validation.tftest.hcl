mock_provider "aws" {}

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

run "refuses_a_log_without_a_request_id" {
  command = plan

  variables {
    access_log_fields = { status = "$context.status" }
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
    log_retention_days = 10
    throttle           = { burst = 0.5 }
    kms_key_arn        = "alias/chat"
  }

  expect_failures = [var.name, var.stage_name, var.log_retention_days, var.throttle, var.kms_key_arn]
}

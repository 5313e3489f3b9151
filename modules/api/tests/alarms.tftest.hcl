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

run "without_them_there_is_nothing" {
  assert {
    condition     = length(aws_cloudwatch_metric_alarm.this) == 0 && length(aws_cloudwatch_metric_alarm.latency) == 0 && length(output.alarm_names) == 0
    error_message = "An alarm is made that nobody asked for."
  }
}

run "each_tells_the_given_topic" {
  variables {
    alarms = { actions = ["arn:aws:sns:eu-west-1:111122223333:alarms"] }
  }

  assert {
    condition = { for key, alarm in aws_cloudwatch_metric_alarm.this : key => { metric = alarm.metric_name, threshold = alarm.threshold } } == {
      integration-errors = { metric = "IntegrationError", threshold = 50 }
      execution-errors   = { metric = "ExecutionError", threshold = 5 }
      client-errors      = { metric = "ClientError", threshold = 200 }
      connects           = { metric = "ConnectCount", threshold = 24000 }
    }
    error_message = "Another metric is watched, or from another threshold on."
  }

  assert {
    condition = alltrue([for alarm in values(aws_cloudwatch_metric_alarm.this) :
      alarm.namespace == "AWS/ApiGateway" && alarm.dimensions == tomap({ ApiId = "a1b2c3d4e5", Stage = "live" }) && alarm.statistic == "Sum" && alarm.period == 300 && alarm.comparison_operator == "GreaterThanOrEqualToThreshold"
    ])
    error_message = "An alarm does not watch the sum of five minutes of this stage."
  }

  assert {
    condition     = aws_cloudwatch_metric_alarm.latency[0].metric_name == "IntegrationLatency" && aws_cloudwatch_metric_alarm.latency[0].extended_statistic == "p99" && aws_cloudwatch_metric_alarm.latency[0].threshold == 5000 && aws_cloudwatch_metric_alarm.latency[0].dimensions == tomap({ ApiId = "a1b2c3d4e5", Stage = "live" })
    error_message = "Nobody notices that functions are slow."
  }

  assert {
    condition     = output.alarm_arns == merge({ for key, alarm in aws_cloudwatch_metric_alarm.this : key => alarm.arn }, { latency = aws_cloudwatch_metric_alarm.latency[0].arn })
    error_message = "An alarm cannot be part of another."
  }

  assert {
    condition = alltrue([for alarm in concat(values(aws_cloudwatch_metric_alarm.this), aws_cloudwatch_metric_alarm.latency) :
      alarm.alarm_actions == toset(["arn:aws:sns:eu-west-1:111122223333:alarms"]) && alarm.ok_actions == alarm.alarm_actions && alarm.treat_missing_data == "notBreaching" && length(alarm.alarm_description) > 100
    ])
    error_message = "An alarm tells nobody, does not end when nobody calls, or does not say what to do."
  }

  assert {
    condition     = toset(values(output.alarm_names)) == toset(["chat-api-integration-errors", "chat-api-execution-errors", "chat-api-client-errors", "chat-api-connects", "chat-api-latency"])
    error_message = "The alarms have other names."
  }
}

run "thresholds_are_those_that_were_set" {
  variables {
    throttle = { rate = 50 }
    routes = {
      "$connect" = { function = { invoke_arn = "arn:aws:apigateway:connect", function_name = "connect", qualifier = "live" }, throttle = { rate = 0.001, burst = 1 } }
    }
    alarms = { actions = ["arn:aws:sns:eu-west-1:111122223333:alarms"], integration_errors = 1, execution_errors = 2, client_errors = 3, latency_ms = 4 }
  }

  assert {
    condition     = { for key, alarm in aws_cloudwatch_metric_alarm.this : key => alarm.threshold } == { integration-errors = 1, execution-errors = 2, client-errors = 3, connects = 1 } && aws_cloudwatch_metric_alarm.latency[0].threshold == 4
    error_message = "A threshold has no effect, or that of new connections does not follow the throttle of $connect."
  }
}

run "a_threshold_of_new_connections" {
  variables {
    alarms = { actions = ["arn:aws:sns:eu-west-1:111122223333:alarms"], connects = 7 }
  }

  assert {
    condition     = aws_cloudwatch_metric_alarm.this["connects"].threshold == 7
    error_message = "alarms.connects has no effect."
  }
}

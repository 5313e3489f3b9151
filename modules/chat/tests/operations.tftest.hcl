# What is switched on: alarms, dashboard, tags, domain names. Off, nothing is left.

mock_provider "aws" {
  mock_data "aws_iam_policy_document" {
    defaults = { json = "{}" }
  }

  mock_resource "aws_apigatewayv2_api" {
    defaults = {
      id            = "a1b2c3d4e5"
      api_endpoint  = "wss://a1b2c3d4e5.execute-api.eu-west-1.amazonaws.com"
      execution_arn = "arn:aws:execute-api:eu-west-1:111122223333:a1b2c3d4e5"
    }
  }

  mock_resource "aws_kms_key" {
    defaults = { arn = "arn:aws:kms:eu-west-1:111122223333:key/1a2b3c4d-0000-4000-8000-000000000000" }
  }

  mock_resource "aws_sns_topic" {
    defaults = { arn = "arn:aws:sns:eu-west-1:111122223333:chat-alarms" }
  }

  mock_resource "aws_iam_role" {
    defaults = { arn = "arn:aws:iam::111122223333:role/example" }
  }

  mock_resource "aws_cloudwatch_log_group" {
    defaults = { arn = "arn:aws:logs:eu-west-1:111122223333:log-group:example" }
  }

  mock_resource "aws_lambda_alias" {
    defaults = { invoke_arn = "arn:aws:apigateway:eu-west-1:lambda:path/2015-03-31/functions/arn:aws:lambda:eu-west-1:111122223333:function:example:live/invocations" }
  }

  mock_resource "aws_cognito_user_pool" {
    defaults = {
      id       = "eu-west-1_example01"
      endpoint = "cognito-idp.eu-west-1.amazonaws.com/eu-west-1_example01"
    }
  }

  mock_resource "aws_cognito_user_pool_client" {
    defaults = { id = "1example23456789" }
  }
}

mock_provider "aws" {
  alias = "us_east_1"
}

override_resource {
  target = module.connections.aws_dynamodb_table.this
  values = { arn = "arn:aws:dynamodb:eu-west-1:111122223333:table/chat-connections" }
}

override_resource {
  target = module.messages.aws_dynamodb_table.this
  values = { arn = "arn:aws:dynamodb:eu-west-1:111122223333:table/chat-messages" }
}

variables {
  name            = "chat"
  allowed_origins = ["https://chat.example.com"]
  package_dir     = "../function/tests/package"
}

run "nothing_of_it_is_there_unless_asked_for" {
  assert {
    condition     = length(aws_cloudwatch_metric_alarm.this) == 0 && length(aws_sns_topic.alarms) == 0 && length(aws_sns_topic_policy.alarms) == 0 && length(data.aws_iam_policy_document.alarms) == 0 && output.alarm_topic_arn == null && length(output.alarm_names) == 0
    error_message = "Something of the alarms is there that nobody asked for."
  }

  assert {
    condition     = length(aws_cloudwatch_dashboard.this) == 0 && output.dashboard_name == null
    error_message = "A dashboard is there that nobody asked for."
  }

  assert {
    condition     = output.custom_domain == null && output.sign_in_domain == null && output.url == "wss://a1b2c3d4e5.execute-api.eu-west-1.amazonaws.com/live"
    error_message = "A domain is there that nobody asked for."
  }

  assert {
    condition     = length(aws_kms_key.this[0].tags) == 0 && length(local.graphs) == 0
    error_message = "Tags are there that nobody asked for."
  }

  assert {
    condition     = module.api.access_log_fields.principalId == "$context.authorizer.principalId" && module.api.access_log_fields.status == "$context.status"
    error_message = "The access log has not the api module's fields."
  }
}

run "alarms_with_a_topic_of_the_chats_own" {
  variables {
    alarms = {}
  }

  assert {
    condition = toset(keys(output.alarm_names)) == toset([
      "api-integration-errors", "api-execution-errors", "api-client-errors", "api-connects", "api-latency",
      "authorizer-throttles", "connect-throttles", "disconnect-throttles", "message-throttles",
      "authorizer-errors", "connect-errors", "disconnect-errors", "message-errors",
      "authorizer-failures", "connect-failures", "disconnect-failures", "message-failures",
      "refused-handshakes", "refused-connects", "fanout-failures", "fanout-incomplete",
      "connections-read-throttles", "connections-write-throttles", "messages-read-throttles", "messages-write-throttles",
      "connections-deleteitem-errors", "connections-putitem-errors", "connections-query-errors", "connections-updateitem-errors",
      "messages-putitem-errors", "messages-query-errors",
    ])
    error_message = "There is an alarm more, or less."
  }

  assert {
    condition     = alltrue([for key, name in output.alarm_names : name == "chat-${key}"]) && keys(output.alarm_arns) == keys(output.alarm_names) && output.alarm_arns["connect-errors"] == aws_cloudwatch_metric_alarm.this["connect-errors"].arn
    error_message = "An alarm has a name for which the topic's policy does not let it publish."
  }

  assert {
    condition = { for key in ["connect-throttles", "authorizer-errors", "message-failures", "refused-connects", "messages-write-throttles", "connections-query-errors"] : key => {
      namespace  = aws_cloudwatch_metric_alarm.this[key].namespace
      metric     = aws_cloudwatch_metric_alarm.this[key].metric_name
      dimensions = aws_cloudwatch_metric_alarm.this[key].dimensions
      threshold  = aws_cloudwatch_metric_alarm.this[key].threshold
      } } == {
      connect-throttles        = { namespace = "AWS/Lambda", metric = "Throttles", dimensions = tomap({ FunctionName = "chat-connect" }), threshold = 1 }
      authorizer-errors        = { namespace = "AWS/Lambda", metric = "Errors", dimensions = tomap({ FunctionName = "chat-authorizer" }), threshold = 100 }
      message-failures         = { namespace = "Portcullis", metric = "Failures", dimensions = tomap({ Function = "chat-message" }), threshold = 1 }
      refused-connects         = { namespace = "Portcullis", metric = "Refusals", dimensions = tomap({ Function = "chat-connect" }), threshold = 50 }
      messages-write-throttles = { namespace = "AWS/DynamoDB", metric = "WriteThrottleEvents", dimensions = tomap({ TableName = "chat-messages" }), threshold = 1 }
      connections-query-errors = { namespace = "AWS/DynamoDB", metric = "SystemErrors", dimensions = tomap({ TableName = "chat-connections", Operation = "Query" }), threshold = 5 }
    }
    error_message = "An alarm watches something else."
  }

  assert {
    condition = alltrue([for alarm in values(aws_cloudwatch_metric_alarm.this) :
      alarm.alarm_actions == toset([output.alarm_topic_arn]) && alarm.ok_actions == alarm.alarm_actions && alarm.treat_missing_data == "notBreaching" && alarm.period == 300 && alarm.statistic == "Sum" && length(alarm.alarm_description) > 80
    ])
    error_message = "An alarm tells nobody, does not end when nobody calls, or does not say what to do."
  }

  # Each operation that a function may do on a table is watched: a grant that is
  # new needs an alarm.
  assert {
    condition = toset(flatten([for function in [module.connect, module.disconnect, module.message] : [for statement in function.policy_statements : [for action in statement.actions : "${lower(statement.sid)}-${lower(trimprefix(action, "dynamodb:"))}-errors"] if contains(["Connections", "Messages"], statement.sid)]])) == toset([
      for key in keys(aws_cloudwatch_metric_alarm.this) : key if can(regex("^(connections|messages)-[a-z]+-errors$", key))
    ])
    error_message = "An operation on a table can fail unnoticed."
  }

  # A topic under alias/aws/sns gets no alarm, nor does one whose key does not
  # know CloudWatch: aws/aws-cdk issue 11121, ASFHyP3/hyp3 issue 762.
  assert {
    condition     = aws_sns_topic.alarms[0].name == "chat-alarms" && aws_sns_topic.alarms[0].kms_master_key_id == aws_kms_key.this[0].arn
    error_message = "The topic is not encrypted with the chat's key."
  }

  assert {
    condition     = [for statement in data.aws_iam_policy_document.key[0].statement : statement.sid] == ["AccountAdministers", "AccountUsesThroughServices", "LogsOfThisChat", "AlarmsOfThisChat"] && toset(data.aws_iam_policy_document.key[0].statement[3].actions) == toset(["kms:Decrypt", "kms:GenerateDataKey*"])
    error_message = "CloudWatch may not use the key, or may do more with it than publish."
  }

  assert {
    condition = alltrue([for statement in [data.aws_iam_policy_document.key[0].statement[3], data.aws_iam_policy_document.alarms[0].statement[0]] :
      one(statement.principals).identifiers == toset(["cloudwatch.amazonaws.com"]) &&
      { for condition in statement.condition : condition.variable => condition.values } == { "aws:SourceAccount" = tolist(["111122223333"]), "aws:SourceArn" = tolist(["arn:aws:cloudwatch:eu-west-1:111122223333:alarm:chat-*"]) }
    ])
    error_message = "Alarms of somebody else may use the key, or publish to the topic."
  }

  assert {
    condition     = length(data.aws_iam_policy_document.alarms[0].statement) == 1 && data.aws_iam_policy_document.alarms[0].statement[0].actions == toset(["sns:Publish"]) && data.aws_iam_policy_document.alarms[0].statement[0].resources == toset([aws_sns_topic.alarms[0].arn])
    error_message = "The topic's policy lets somebody do more than publish to it."
  }
}

run "alarms_to_a_given_topic" {
  variables {
    alarms = { topic = { arn = "arn:aws:sns:eu-west-1:111122223333:ops" } }
  }

  assert {
    condition     = length(aws_sns_topic.alarms) == 0 && length(aws_sns_topic_policy.alarms) == 0 && output.alarm_topic_arn == "arn:aws:sns:eu-west-1:111122223333:ops"
    error_message = "A topic is made although one is given."
  }

  assert {
    condition     = alltrue([for alarm in values(aws_cloudwatch_metric_alarm.this) : alarm.alarm_actions == toset(["arn:aws:sns:eu-west-1:111122223333:ops"])])
    error_message = "An alarm tells another topic."
  }

  assert {
    condition     = length(data.aws_iam_policy_document.key[0].statement) == 3
    error_message = "CloudWatch may use the key without need."
  }
}

run "alarms_without_the_functions_own_metrics" {
  variables {
    metrics_namespace = null
    dashboard         = true
    alarms            = {}
  }

  assert {
    condition     = length(aws_cloudwatch_metric_alarm.this) == 18 && alltrue([for alarm in values(aws_cloudwatch_metric_alarm.this) : startswith(alarm.namespace, "AWS/")])
    error_message = "An alarm watches a metric that nobody writes."
  }

  assert {
    condition     = length(jsondecode(aws_cloudwatch_dashboard.this[0].dashboard_body).widgets) == 8
    error_message = "The dashboard shows metrics that nobody writes."
  }
}

# What has no effect would be believed to have one.
run "refuses_what_would_have_no_effect" {
  command = plan

  variables {
    oidc                     = { issuer = "https://id.example.com", jwks_uri = "https://id.example.com/keys", audiences = ["chat"] }
    user_pool                = { mfa = "ON" }
    metrics_namespace        = null
    alarms                   = { thresholds = { failures = 1 } }
    kms_key                  = { arn = "arn:aws:kms:eu-west-1:111122223333:key/1a2b3c4d-0000-4000-8000-000000000000" }
    kms_deletion_window_days = 7
  }

  expect_failures = [var.user_pool, var.alarms, var.kms_deletion_window_days]
}

run "refuses_logs_that_outlive_their_key" {
  command = plan

  variables {
    keep_logs = true
  }

  expect_failures = [var.keep_logs]
}

run "thresholds_are_those_that_were_set" {
  variables {
    alarms = {
      thresholds = {
        integration_errors = 11, execution_errors = 12, client_errors = 13, connects = 14, latency_ms = 15,
        failures           = 21, function_errors = 22, function_throttles = 23, authorizer_errors = 24, refused_handshakes = 25, refused_connects = 26,
        fanout_failures    = 31, fanout_incomplete = 32, table_throttles = 33, table_errors = 34
      }
    }
  }

  assert {
    condition = { for key, alarm in aws_cloudwatch_metric_alarm.this : key => alarm.threshold if !startswith(key, "disconnect") && !startswith(key, "message") } == {
      authorizer-failures           = 21, connect-failures = 21, connect-errors = 22, authorizer-throttles = 23, connect-throttles = 23, authorizer-errors = 24, refused-handshakes = 25, refused-connects = 26,
      fanout-failures               = 31, fanout-incomplete = 32, connections-read-throttles = 33, connections-write-throttles = 33,
      connections-deleteitem-errors = 34, connections-putitem-errors = 34, connections-query-errors = 34, connections-updateitem-errors = 34
    }
    error_message = "A threshold has no effect."
  }

  assert {
    condition     = module.api.alarm_thresholds == { integration-errors = 11, execution-errors = 12, client-errors = 13, connects = 14, latency = 15 }
    error_message = "A threshold of the API has no effect."
  }
}

run "the_alarm_of_connects_follows_the_throttle" {
  variables {
    throttle = { connect_rate = 10, connect_burst = 10 }
    alarms   = {}
  }

  assert {
    condition     = module.api.alarm_thresholds == { integration-errors = 50, execution-errors = 5, client-errors = 200, connects = 2400, latency = 5000 }
    error_message = "An alarm left out has not the api module's default."
  }
}

run "own_fields_of_the_access_log" {
  variables {
    access_log_fields = { id = "$context.requestId", agent = "$context.identity.userAgent" }
  }

  assert {
    condition     = module.api.access_log_fields == { id = "$context.requestId", agent = "$context.identity.userAgent" }
    error_message = "The access log has other fields than those that were given."
  }
}

run "a_dashboard" {
  variables {
    dashboard = true
  }

  assert {
    condition     = aws_cloudwatch_dashboard.this[0].dashboard_name == "chat" && output.dashboard_name == "chat"
    error_message = "The dashboard has another name."
  }

  assert {
    condition = length(jsondecode(aws_cloudwatch_dashboard.this[0].dashboard_body).widgets) == 12 && alltrue([for widget in jsondecode(aws_cloudwatch_dashboard.this[0].dashboard_body).widgets :
      widget.properties.region == "eu-west-1" && length(widget.properties.metrics) > 0 && alltrue([for metric in widget.properties.metrics : length(metric) % 2 == 0 && length(metric) >= 4])
    ])
    error_message = "A graph shows nothing, or another Region."
  }

  assert {
    condition     = length(distinct([for widget in jsondecode(aws_cloudwatch_dashboard.this[0].dashboard_body).widgets : "${widget.x} ${widget.y}"])) == 12
    error_message = "Two graphs lie upon each other."
  }

  assert {
    condition     = length(aws_cloudwatch_metric_alarm.this) == 0
    error_message = "A dashboard makes alarms as well."
  }
}

run "tags_for_a_bill_by_part" {
  variables {
    cost_tags = true
    tags      = { team = "a", "portcullis:part" = "mine" }
    alarms    = {}
  }

  assert {
    condition     = aws_kms_key.this[0].tags == tomap({ team = "a", "portcullis:chat" = "chat", "portcullis:part" = "mine" })
    error_message = "The caller's own tags do not win, or the chat's is missing."
  }
}

run "each_part_has_its_own" {
  variables {
    cost_tags = true
    alarms    = {}
  }

  assert {
    condition     = aws_kms_key.this[0].tags == tomap({ "portcullis:chat" = "chat", "portcullis:part" = "key" }) && aws_sns_topic.alarms[0].tags["portcullis:part"] == "alarms" && alltrue([for alarm in values(aws_cloudwatch_metric_alarm.this) : alarm.tags["portcullis:part"] == "alarms"])
    error_message = "A part is billed as another."
  }

  assert {
    condition     = length(local.tags) == 10 && alltrue([for part, tags in local.tags : tags["portcullis:part"] == part])
    error_message = "Two parts have the same tag."
  }
}

# The functions' posts go by the domain name, and IAM judges API and stage as
# before: aws-samples/simple-websockets-chat-app issues 40 and 51.
run "a_domain_name_as_the_only_way_in" {
  variables {
    custom_domain = {
      name        = "ws.example.com"
      certificate = { arn = "arn:aws:acm:eu-west-1:111122223333:certificate/1a2b3c4d-0000-4000-8000-000000000000" }
    }
    disable_execute_api_endpoint = true
  }

  assert {
    condition     = output.url == "wss://ws.example.com" && output.management_endpoint == "https://ws.example.com" && module.message.environment.MANAGEMENT_ENDPOINT == "https://ws.example.com" && output.custom_domain.name == "ws.example.com"
    error_message = "Clients or functions are told another way in."
  }

  assert {
    condition     = contains(module.message.policy_statements[*].resources, toset(["arn:aws:execute-api:eu-west-1:111122223333:a1b2c3d4e5/live/POST/@connections/*"]))
    error_message = "The grant does not name API and stage."
  }
}

run "pages_to_sign_in" {
  variables {
    user_pool = {
      callback_urls  = ["https://chat.example.com/"]
      sign_in_domain = { prefix = "chat-example" }
    }
  }

  assert {
    condition     = output.sign_in_domain.domain == "chat-example" && output.openid_configuration_url == "https://cognito-idp.eu-west-1.amazonaws.com/eu-west-1_example01/.well-known/openid-configuration"
    error_message = "There are no pages to sign in, or clients do not find them."
  }
}

run "refuses_to_shut_the_only_door" {
  command = plan

  variables {
    disable_execute_api_endpoint = true
  }

  expect_failures = [var.disable_execute_api_endpoint]
}

run "refuses_a_topic_by_its_name" {
  command = plan

  variables {
    alarms = { topic = { arn = "ops" } }
  }

  expect_failures = [var.alarms]
}

run "refuses_an_ordered_topic" {
  command = plan

  variables {
    alarms = { topic = { arn = "arn:aws:sns:eu-west-1:111122223333:ops.fifo" } }
  }

  expect_failures = [var.alarms]
}

run "refuses_an_alarm_that_never_ends" {
  command = plan

  variables {
    alarms = { thresholds = { failures = 0 } }
  }

  expect_failures = [var.alarms]
}

run "refuses_half_a_failure" {
  command = plan

  variables {
    alarms = { thresholds = { connects = 1.5 } }
  }

  expect_failures = [var.alarms]
}

run "refuses_a_throttle_that_lets_nothing_through" {
  command = plan

  variables {
    throttle = { rate = 0 }
  }

  expect_failures = [var.throttle]
}

run "refuses_half_a_connection" {
  command = plan

  variables {
    throttle = { connect_burst = 0.5 }
  }

  expect_failures = [var.throttle]
}

# China: another partition, and other names of services.

mock_provider "aws" {
  mock_data "aws_iam_policy_document" {
    defaults = { json = "{}" }
  }

  mock_resource "aws_apigatewayv2_api" {
    defaults = {
      id            = "a1b2c3d4e5"
      api_endpoint  = "wss://a1b2c3d4e5.execute-api.cn-north-1.amazonaws.com.cn"
      execution_arn = "arn:aws-cn:execute-api:cn-north-1:111122223333:a1b2c3d4e5"
    }
  }

  mock_resource "aws_kms_key" {
    defaults = { arn = "arn:aws-cn:kms:cn-north-1:111122223333:key/1a2b3c4d-0000-4000-8000-000000000000" }
  }

  mock_resource "aws_sns_topic" {
    defaults = { arn = "arn:aws-cn:sns:cn-north-1:111122223333:chat-alarms" }
  }

  mock_resource "aws_iam_role" {
    defaults = { arn = "arn:aws-cn:iam::111122223333:role/example" }
  }

  mock_resource "aws_cloudwatch_log_group" {
    defaults = { arn = "arn:aws-cn:logs:cn-north-1:111122223333:log-group:example" }
  }

  mock_resource "aws_lambda_alias" {
    defaults = { invoke_arn = "arn:aws-cn:apigateway:cn-north-1:lambda:path/2015-03-31/functions/arn:aws-cn:lambda:cn-north-1:111122223333:function:example:live/invocations" }
  }

  mock_resource "aws_cognito_user_pool" {
    defaults = {
      id       = "cn-north-1_example01"
      endpoint = "cognito-idp.cn-north-1.amazonaws.com.cn/cn-north-1_example01"
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
  values = { arn = "arn:aws-cn:dynamodb:cn-north-1:111122223333:table/chat-connections" }
}

override_resource {
  target = module.messages.aws_dynamodb_table.this
  values = { arn = "arn:aws-cn:dynamodb:cn-north-1:111122223333:table/chat-messages" }
}

variables {
  name            = "chat"
  allowed_origins = ["https://chat.example.com"]
  package_dir     = "../function/tests/package"
}

run "no_policy_names_another_partition" {
  variables {
    alarms = {}
  }

  assert {
    condition = alltrue([for value in flatten([
      [for statement in data.aws_iam_policy_document.key[0].statement : [[for principal in statement.principals : principal.identifiers if principal.type == "AWS"], [for condition in statement.condition : condition.values if strcontains(lower(condition.variable), "arn")]]],
      [for function in [module.connect, module.disconnect, module.message] : [for statement in function.policy_statements : statement.resources if !startswith(statement.sid, "OwnTraces")]],
    ]) : startswith(value, "arn:aws-cn:")])
    error_message = "A policy names an ARN of another partition, which AWS refuses."
  }

  assert {
    condition     = one(data.aws_iam_policy_document.key[0].statement[2].principals).identifiers == toset(["logs.cn-north-1.amazonaws.com.cn"]) && toset(one(data.aws_iam_policy_document.key[0].statement[1].condition).values) == toset(["dynamodb.cn-north-1.amazonaws.com.cn", "lambda.cn-north-1.amazonaws.com.cn"])
    error_message = "A service would not be recognised."
  }

  assert {
    condition     = output.region == "cn-north-1" && output.management_endpoint == "https://a1b2c3d4e5.execute-api.cn-north-1.amazonaws.com.cn/live" && output.issuer == "https://cognito-idp.cn-north-1.amazonaws.com.cn/cn-north-1_example01"
    error_message = "A URL was composed, and not taken from what AWS returns."
  }
}

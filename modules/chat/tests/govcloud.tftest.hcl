# AWS GovCloud (US): another partition, the same names of services.

mock_provider "aws" {
  mock_data "aws_iam_policy_document" {
    defaults = { json = "{}" }
  }

  mock_resource "aws_apigatewayv2_api" {
    defaults = {
      id            = "a1b2c3d4e5"
      api_endpoint  = "wss://a1b2c3d4e5.execute-api.us-gov-west-1.amazonaws.com"
      execution_arn = "arn:aws-us-gov:execute-api:us-gov-west-1:111122223333:a1b2c3d4e5"
    }
  }

  mock_resource "aws_kms_key" {
    defaults = { arn = "arn:aws-us-gov:kms:us-gov-west-1:111122223333:key/1a2b3c4d-0000-4000-8000-000000000000" }
  }

  mock_resource "aws_sns_topic" {
    defaults = { arn = "arn:aws-us-gov:sns:us-gov-west-1:111122223333:chat-alarms" }
  }

  mock_resource "aws_iam_role" {
    defaults = { arn = "arn:aws-us-gov:iam::111122223333:role/example" }
  }

  mock_resource "aws_cloudwatch_log_group" {
    defaults = { arn = "arn:aws-us-gov:logs:us-gov-west-1:111122223333:log-group:example" }
  }

  mock_resource "aws_lambda_alias" {
    defaults = { invoke_arn = "arn:aws-us-gov:apigateway:us-gov-west-1:lambda:path/2015-03-31/functions/arn:aws-us-gov:lambda:us-gov-west-1:111122223333:function:example:live/invocations" }
  }

  mock_resource "aws_cognito_user_pool" {
    defaults = {
      id       = "us-gov-west-1_example01"
      endpoint = "cognito-idp.us-gov-west-1.amazonaws.com/us-gov-west-1_example01"
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
  values = { arn = "arn:aws-us-gov:dynamodb:us-gov-west-1:111122223333:table/chat-connections" }
}

override_resource {
  target = module.messages.aws_dynamodb_table.this
  values = { arn = "arn:aws-us-gov:dynamodb:us-gov-west-1:111122223333:table/chat-messages" }
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
    ]) : startswith(value, "arn:aws-us-gov:")])
    error_message = "A policy names an ARN of another partition, which AWS refuses."
  }

  assert {
    condition     = one(data.aws_iam_policy_document.key[0].statement[2].principals).identifiers == toset(["logs.us-gov-west-1.amazonaws.com"]) && toset(one(data.aws_iam_policy_document.key[0].statement[1].condition).values) == toset(["dynamodb.us-gov-west-1.amazonaws.com", "lambda.us-gov-west-1.amazonaws.com"])
    error_message = "A service would not be recognised."
  }

  assert {
    condition     = output.region == "us-gov-west-1" && output.management_endpoint == "https://a1b2c3d4e5.execute-api.us-gov-west-1.amazonaws.com/live" && output.issuer == "https://cognito-idp.us-gov-west-1.amazonaws.com/us-gov-west-1_example01"
    error_message = "A URL was composed, and not taken from what AWS returns."
  }
}

run "a_key_of_another_account" {
  variables {
    kms_key = { arn = "arn:aws-us-gov:kms:us-gov-west-1:444455556666:key/99999999-0000-4000-8000-000000000000" }
    alarms  = {}
  }

  assert {
    condition     = output.kms_key_arn == "arn:aws-us-gov:kms:us-gov-west-1:444455556666:key/99999999-0000-4000-8000-000000000000" && aws_sns_topic.alarms[0].kms_master_key_id == output.kms_key_arn
    error_message = "The other account's key is not used."
  }

  assert {
    condition     = alltrue([for condition in data.aws_iam_policy_document.alarms[0].statement[0].condition : condition.variable != "aws:SourceAccount" || condition.values == tolist(["111122223333"])])
    error_message = "The chat's account is taken from the key, which is in another one."
  }
}

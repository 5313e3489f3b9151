# What a caller makes in the same plan must not decide how many of something
# there are: Terraform would refuse with "Invalid count argument".

# OpenTofu's mocks, unlike Terraform's, give values in the plan already, so these
# stand for what AWS would return. What the caller makes is unknown to both.
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

  mock_resource "aws_dynamodb_table" {
    defaults = { arn = "arn:aws:dynamodb:eu-west-1:111122223333:table/rows" }
  }

  mock_resource "aws_cloudwatch_log_group" {
    defaults = { arn = "arn:aws:logs:eu-west-1:111122223333:log-group:example" }
  }

  mock_resource "aws_iam_role" {
    defaults = { arn = "arn:aws:iam::111122223333:role/example" }
  }

  mock_resource "aws_lambda_function" {
    defaults = { code_sha256 = "47DEQpj8HBSa+/TImW+5JCeuQeRkm5NMpJWZG3hSuFU=" }
  }

  mock_resource "aws_lambda_code_signing_config" {
    defaults = { arn = "arn:aws:lambda:eu-west-1:111122223333:code-signing-config:csc-0123456789abcdef0" }
  }

  mock_resource "aws_lambda_alias" {
    defaults = { invoke_arn = "arn:aws:apigateway:eu-west-1:lambda:path/2015-03-31/functions/arn:aws:lambda:eu-west-1:111122223333:function:example:live/invocations" }
  }

  mock_resource "aws_cognito_user_pool" {
    defaults = {
      id       = "eu-west-1_example01"
      arn      = "arn:aws:cognito-idp:eu-west-1:111122223333:userpool/eu-west-1_example01"
      endpoint = "cognito-idp.eu-west-1.amazonaws.com/eu-west-1_example01"
    }
  }

  mock_resource "aws_cognito_user_pool_client" {
    defaults = { id = "1example23456789" }
  }

  mock_resource "aws_sns_topic" {
    defaults = { arn = "arn:aws:sns:eu-west-1:111122223333:alarms" }
  }
}

mock_provider "aws" {
  alias = "us_east_1"
}

run "plans_with_nothing_known" {
  command = plan

  module {
    source = "./tests/unknown"
  }
}

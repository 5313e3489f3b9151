# What a caller makes in the same plan must not decide how many of something
# there are: Terraform would refuse with "Invalid count argument".

# OpenTofu's mocks, unlike Terraform's, give values in the plan already, so these
# stand for what AWS would return. What the caller makes is unknown to both.
mock_provider "aws" {
  mock_data "aws_iam_policy_document" {
    defaults = { json = "{}" }
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
}

run "plans_with_nothing_known" {
  command = plan

  module {
    source = "./tests/unknown"
  }
}

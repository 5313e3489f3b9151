# What is made in the same plan is not known in it, and must not decide how many
# of something there are.

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
}

run "plans_with_all_that_is_given_made_in_the_same_plan" {
  command = plan

  module {
    source = "./tests/unknown"
  }

  assert {
    condition     = length(module.function) > 0
    error_message = "There is no function."
  }

  # A gate that reads the plan sees them, whatever is not known in them.
  assert {
    condition     = module.function.policy_statements[*].sid == ["OwnLogs", "OwnTraces", "OwnNetwork", "OwnFailures", "OwnFailuresKey", "Queue"]
    error_message = "What the function may do is not known in the plan."
  }
}

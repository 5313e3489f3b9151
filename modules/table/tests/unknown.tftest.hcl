# What is made in the same plan is not known in it, and must not be asked for.

# OpenTofu's mocks, unlike Terraform's, give values in the plan already, so these
# stand for what AWS would return. What the caller makes is unknown to both.
mock_provider "aws" {
  mock_data "aws_iam_policy_document" {
    defaults = { json = "{}" }
  }

  mock_resource "aws_kms_key" {
    defaults = { arn = "arn:aws:kms:eu-west-1:111122223333:key/1a2b3c4d-0000-4000-8000-000000000000" }
  }

  mock_resource "aws_dynamodb_table" {
    defaults = { arn = "arn:aws:dynamodb:eu-west-1:111122223333:table/rows" }
  }
}

run "plans_with_a_key_a_name_and_readers_of_the_same_plan" {
  command = plan

  module {
    source = "./tests/unknown"
  }

  assert {
    condition     = length(module.given_key) > 0 && length(module.own_key) > 0
    error_message = "There is no table."
  }
}

# What is made in the same plan is not known in it, and must not be asked for.

mock_provider "aws" {
  mock_data "aws_iam_policy_document" {
    defaults = { json = "{}" }
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

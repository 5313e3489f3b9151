# What is made in the same plan is not known in it, and must not decide how many
# of something there are.

mock_provider "aws" {
  mock_data "aws_iam_policy_document" {
    defaults = { json = "{}" }
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

# What a caller makes in the same plan must not decide how many of something
# there are: Terraform would refuse with "Invalid count argument".

mock_provider "aws" {
  mock_data "aws_iam_policy_document" {
    defaults = { json = "{}" }
  }
}

run "plans_with_nothing_known" {
  command = plan

  module {
    source = "./tests/unknown"
  }
}

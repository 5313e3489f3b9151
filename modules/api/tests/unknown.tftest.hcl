# What a caller makes in the same plan must not decide how many of something
# there are: Terraform would refuse with "Invalid count argument".

mock_provider "aws" {}

run "plans_with_nothing_known" {
  command = plan

  module {
    source = "./tests/unknown"
  }
}

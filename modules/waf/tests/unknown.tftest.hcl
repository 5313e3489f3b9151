# What a caller makes in the same plan must not decide how many of something
# there are: Terraform would refuse with "Invalid count argument".

mock_provider "aws" {}

mock_provider "aws" {
  alias = "us_east_1"

  mock_data "aws_service" {
    defaults = { region = "us-east-1" }
  }

  mock_resource "aws_wafv2_ip_set" {
    defaults = { arn = "arn:aws:wafv2:us-east-1:111122223333:global/ipset/chat/1a2b" }
  }
}

run "plans_with_nothing_known" {
  command = plan

  module {
    source = "./tests/unknown"
  }
}

# What a caller makes in the same plan must not decide how many of something
# there are: Terraform would refuse with "Invalid count argument".

# OpenTofu's mocks, unlike Terraform's, give values in the plan already, so these
# stand for what AWS would return. What the caller makes is unknown to both.
mock_provider "aws" {
  mock_resource "aws_apigatewayv2_api" {
    defaults = {
      id            = "a1b2c3d4e5"
      api_endpoint  = "wss://a1b2c3d4e5.execute-api.eu-west-1.amazonaws.com"
      execution_arn = "arn:aws:execute-api:eu-west-1:111122223333:a1b2c3d4e5"
    }
  }

  mock_resource "aws_cloudwatch_log_group" {
    defaults = { arn = "arn:aws:logs:eu-west-1:111122223333:log-group:example" }
  }
}

run "plans_with_nothing_known" {
  command = plan

  module {
    source = "./tests/unknown"
  }
}

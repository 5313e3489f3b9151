# What Lambda took from the bucket is known when it is applied, and not before.
# OpenTofu runs sum.tofutest.hcl instead: its mocks know it in the plan.

mock_provider "aws" {
  mock_data "aws_iam_policy_document" {
    defaults = { json = "{}" }
  }

  mock_resource "aws_iam_role" {
    defaults = { arn = "arn:aws:iam::111122223333:role/example" }
  }

  mock_resource "aws_cloudwatch_log_group" {
    defaults = { arn = "arn:aws:logs:eu-west-1:111122223333:log-group:/aws/lambda/example" }
  }

  mock_resource "aws_lambda_function" {
    defaults = { code_sha256 = "uU0nuZNNPgilLlLX2n2r+sSE7+N6U4DukIj3rOLvzek=" }
  }
}

variables {
  name                 = "example"
  package_object       = { bucket = "releases", key = "example.zip", version_id = "3HL4kqtJlcpXroDTDmJ", sha256 = "47DEQpj8HBSa+/TImW+5JCeuQeRkm5NMpJWZG3hSuFU=" }
  reserved_concurrency = "10"
  kms_key_arn          = "arn:aws:kms:eu-west-1:111122223333:key/1a2b3c4d-0000-4000-8000-000000000000"
}

run "refuses_a_zip_of_another_sum_in_the_bucket" {
  expect_failures = [aws_lambda_function.this]
}

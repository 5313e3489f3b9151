mock_provider "aws" {
  mock_data "aws_iam_policy_document" {
    defaults = { json = "{}" }
  }

  mock_resource "aws_iam_role" {
    defaults = { arn = "arn:aws-cn:iam::111122223333:role/example" }
  }

  mock_resource "aws_cloudwatch_log_group" {
    defaults = { arn = "arn:aws-cn:logs:cn-north-1:111122223333:log-group:/aws/lambda/example" }
  }
}

run "services_have_other_names_in_china" {
  variables {
    name                 = "example"
    package_dir          = "tests/package"
    package_name         = "example"
    reserved_concurrency = "10"
    kms_key_arn          = "arn:aws-cn:kms:cn-north-1:111122223333:key/1a2b3c4d-0000-4000-8000-000000000000"
    vpc                  = { subnet_ids = ["subnet-0a1b"], security_group_ids = ["sg-0a1b"] }
    on_failure           = { service = "sqs", arn = "arn:aws-cn:sqs:cn-north-1:111122223333:failures", kms_key = { arn = "arn:aws-cn:kms:cn-north-1:111122223333:key/1a2b3c4d-0000-4000-8000-000000000000" } }
  }

  assert {
    condition     = one(data.aws_iam_policy_document.this.statement[5].condition).values == tolist(["sqs.cn-north-1.amazonaws.com.cn"])
    error_message = "The queue's key is used by way of another service."
  }

  assert {
    condition     = one(data.aws_iam_policy_document.this.statement[3].condition).values == tolist(["arn:aws-cn:lambda:cn-north-1:111122223333:function:example"])
    error_message = "The function has another ARN."
  }
}

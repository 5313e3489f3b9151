# A caller whose names, key and readers are made in the same plan.

terraform {
  required_version = ">= 1.9"

  required_providers {
    aws = {
      source  = "hashicorp/aws"
      version = ">= 5.100, < 7.0"
    }
  }
}

resource "aws_kms_key" "this" {
  description         = "Made in the same plan."
  enable_key_rotation = true
}

resource "aws_iam_role" "reader" {
  name_prefix        = "reader"
  assume_role_policy = data.aws_iam_policy_document.trust.json
}

data "aws_iam_policy_document" "trust" {
  statement {
    actions = ["sts:AssumeRole"]

    principals {
      type        = "Service"
      identifiers = ["lambda.amazonaws.com"]
    }
  }
}

module "given_key" {
  source = "../.."

  name    = "rows-${aws_iam_role.reader.unique_id}"
  kms_key = { arn = aws_kms_key.this.arn }

  resource_policy_statements = [{
    sid        = "Reader"
    principals = { identifiers = [aws_iam_role.reader.arn] }
    actions    = ["dynamodb:Query"]
  }]

  tags = { reader = aws_iam_role.reader.unique_id }
}

module "own_key" {
  source = "../.."

  name = "rows-${aws_iam_role.reader.unique_id}"
}

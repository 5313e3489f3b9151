# A caller whose key, bucket, queue, network, signer and boundary are made in the
# same plan.

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

resource "aws_s3_bucket" "this" {
  bucket_prefix = "releases"
}

resource "aws_s3_object" "this" {
  bucket             = aws_s3_bucket.this.id
  key                = "example.zip"
  source             = "tests/package/example.zip"
  checksum_algorithm = "SHA256"
}

resource "aws_sqs_queue" "this" {
  name_prefix       = "failures"
  kms_master_key_id = aws_kms_key.this.id
}

resource "aws_vpc" "this" {
  cidr_block = "10.0.0.0/16"
}

resource "aws_subnet" "this" {
  vpc_id     = aws_vpc.this.id
  cidr_block = "10.0.0.0/24"
}

resource "aws_security_group" "this" {
  vpc_id = aws_vpc.this.id
}

resource "aws_signer_signing_profile" "this" {
  platform_id = "AWSLambda-SHA384-ECDSA"
}

resource "aws_iam_policy" "this" {
  name_prefix = "boundary"
  policy      = data.aws_iam_policy_document.this.json
}

data "aws_iam_policy_document" "this" {
  statement {
    actions   = ["logs:PutLogEvents"]
    resources = ["*"]
  }
}

module "function" {
  source = "../.."

  name                 = "example-${aws_vpc.this.id}"
  reserved_concurrency = "10"
  kms_key_arn          = aws_kms_key.this.arn
  permissions_boundary = aws_iam_policy.this.arn

  package_object = {
    bucket     = aws_s3_bucket.this.id
    key        = aws_s3_object.this.key
    version_id = aws_s3_object.this.version_id
    sha256     = aws_s3_object.this.checksum_sha256
  }

  code_signing = { profile_version_arns = [aws_signer_signing_profile.this.version_arn] }
  vpc          = { subnet_ids = [aws_subnet.this.id], security_group_ids = [aws_security_group.this.id] }
  on_failure   = { service = "sqs", arn = aws_sqs_queue.this.arn, kms_key = { arn = aws_kms_key.this.arn } }

  environment = { QUEUE = aws_sqs_queue.this.url }
  statements  = [{ sid = "Queue", actions = ["sqs:SendMessage"], resources = [aws_sqs_queue.this.arn] }]
}

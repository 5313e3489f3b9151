terraform {
  required_providers {
    aws = { source = "hashicorp/aws" }
  }
}
provider "aws" {
  region                      = "eu-west-1"
  access_key                  = "a"
  secret_key                  = "b"
  skip_credentials_validation = true
  skip_requesting_account_id  = true
  skip_metadata_api_check     = true
}
variable "secret" {
  type      = string
  sensitive = true
  default   = "hunter2"
}
resource "aws_kms_key" "k" { description = "x" }
resource "aws_sqs_queue" "ref" {
  for_each          = toset(["a.b", "c[\"d\"]"])
  kms_master_key_id = aws_kms_key.k.arn
  tags              = { s = var.secret }
}
resource "aws_sqs_queue" "none" { name = "x" }
data "aws_iam_policy_document" "known" {
  statement {
    actions   = ["s3:*"]
    resources = ["*"]
  }
}
data "aws_iam_policy_document" "deferred" {
  statement {
    actions   = ["kms:*"]
    resources = [aws_kms_key.k.arn, "${aws_kms_key.k.arn}/x", "a"]
    condition {
      test     = "StringEquals"
      variable = "aws:SourceArn"
      values   = [aws_kms_key.k.arn]
    }
  }
}
resource "aws_iam_role" "r" { assume_role_policy = data.aws_iam_policy_document.known.json }
resource "aws_iam_role_policy" "rp" {
  role   = aws_iam_role.r.id
  policy = data.aws_iam_policy_document.deferred.json
}
module "m" {
  source   = "./m"
  for_each = { "x.y" = 1 }
  key      = aws_kms_key.k.arn
}

terraform {
  required_providers {
    aws = { source = "hashicorp/aws" }
  }
}

variable "key" {
  type = string
}

resource "aws_sqs_queue" "with" {
  name              = "with"
  kms_master_key_id = var.key
}

resource "aws_sqs_queue" "without" {
  name = "without"
}

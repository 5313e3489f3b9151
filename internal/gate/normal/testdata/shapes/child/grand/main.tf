variable "key" {
  type = string
}

variable "stage" {
  type = string
}

resource "aws_sns_topic" "shape" {
  name         = "shape"
  display_name = "${var.stage}/${aws_kms_key.inner[0].id}"
}

resource "aws_kms_key" "inner" {
  count       = 1
  description = "inner"
}

resource "aws_sqs_queue" "deep" {
  name              = "deep"
  kms_master_key_id = var.key
}

output "key" {
  value = aws_kms_key.inner[0].arn
}

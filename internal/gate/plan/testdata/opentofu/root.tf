# OpenTofu reads root.tofu in place of this file, Terraform this file only.
resource "aws_sqs_queue" "shadowed" {
  name = "shadowed"
}

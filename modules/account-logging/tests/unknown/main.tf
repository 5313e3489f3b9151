# A caller whose boundary is made in the same plan.

terraform {
  required_version = ">= 1.9"

  required_providers {
    aws = {
      source  = "hashicorp/aws"
      version = ">= 5.100, < 7.0"
    }
  }
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

module "account_logging" {
  source = "../.."

  name                 = "logs-${aws_iam_policy.this.policy_id}"
  permissions_boundary = aws_iam_policy.this.arn
}

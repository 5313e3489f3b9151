data "aws_iam_policy_document" "trust" {
  statement {
    sid     = "ApiGatewayAssumes"
    actions = ["sts:AssumeRole"]

    principals {
      type        = "Service"
      identifiers = ["apigateway.amazonaws.com"]
    }
  }
}

resource "aws_iam_role" "this" {
  name                 = var.name
  description          = "Lets API Gateway write access and execution logs of this account and Region."
  assume_role_policy   = data.aws_iam_policy_document.trust.json
  permissions_boundary = var.permissions_boundary
  tags                 = var.tags
}

# API Gateway checks the role when it is set and wants exactly what this policy
# of AWS grants; a narrower one is refused. The partition is the role's own: a
# lookup would be put off where the caller says depends_on, and the attachment
# replaced for want of its ARN.
resource "aws_iam_role_policy_attachment" "this" {
  role       = aws_iam_role.this.name
  policy_arn = "arn:${split(":", aws_iam_role.this.arn)[1]}:iam::aws:policy/service-role/AmazonAPIGatewayPushToCloudWatchLogs"
}

resource "aws_api_gateway_account" "this" {
  cloudwatch_role_arn = aws_iam_role.this.arn

  depends_on = [aws_iam_role_policy_attachment.this]
}

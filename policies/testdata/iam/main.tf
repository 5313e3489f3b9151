terraform {
  required_providers {
    aws = { source = "hashicorp/aws" }
  }
}

provider "aws" {
  region                      = "eu-west-1"
  access_key                  = "none"
  secret_key                  = "none"
  skip_credentials_validation = true
  skip_requesting_account_id  = true
  skip_metadata_api_check     = true
}

# What is known after apply: text of any meaning.
resource "terraform_data" "later" {
  for_each = toset(["text", "number", "bool"])
  input    = each.key
}

locals {
  later  = terraform_data.later["text"].output
  number = try(tonumber(terraform_data.later["number"].output), 1)
  bool   = terraform_data.later["bool"].output == "true"
}

# pass: iam/readable-policy
resource "aws_iam_role" "task" {
  name               = "task"
  assume_role_policy = jsonencode({ Statement = { Effect = "Allow", Action = "sts:AssumeRole", Principal = { Service = "lambda.amazonaws.com" } } })
}

data "aws_iam_policy_document" "good" {
  statement {
    actions   = ["dynamodb:Query", "iam:PassRole"]
    resources = [aws_iam_role.task.arn]
  }
}

# pass: iam/readable-policy, iam/full-admin, iam/pass-role
resource "aws_iam_policy" "good" {
  policy = data.aws_iam_policy_document.good.json
}

data "aws_iam_policy_document" "later" {
  statement {
    actions   = [local.later, "iam:Pass*"]
    resources = ["*"]
  }

  statement {
    actions   = ["iam:PassRole"]
    resources = [local.later]
  }
}

# unknown: iam/readable-policy, iam/full-admin, iam/pass-role
# fail: iam/pass-role
resource "aws_iam_role_policy" "later" {
  role   = aws_iam_role.task.name
  policy = data.aws_iam_policy_document.later.json
}

# fail: iam/readable-policy
resource "aws_iam_user_policy" "opaque" {
  user   = "u"
  policy = jsonencode({ Statement = { Effect = "Allow", Action = "*", Resource = aws_iam_role.task.arn } })
}

# fail: iam/full-admin, iam/pass-role
# pass: iam/readable-policy
resource "aws_iam_group_policy" "admin" {
  group  = "g"
  policy = jsonencode({ Statement = { Effect = "Allow", Action = "*", Resource = "*" } })
}

# fail: iam/full-admin, iam/pass-role
# pass: iam/readable-policy
resource "aws_iam_policy" "admin_in_disguise" {
  policy = jsonencode({ Statement = { Effect = "Allow", Action = ["**:*", "s3:Get*", "iam:P?ssRole"], Resource = ["arn:*:*:*:*:*", "arn:aws:iam::111122223333:role/*"] } })
}

# fail: iam/full-admin
# pass: iam/readable-policy
resource "aws_iam_policy" "all_but" {
  policy = jsonencode({ Statement = { Effect = "Allow", NotAction = "iam:*", Resource = "*" } })
}

# fail: iam/pass-role
# pass: iam/readable-policy, iam/full-admin
resource "aws_iam_policy" "all_roles_but" {
  policy = jsonencode({ Statement = { Effect = "Allow", Action = "iam:PassRole", NotResource = "arn:aws:iam::111122223333:role/x" } })
}

# pass: iam/readable-policy, iam/full-admin
resource "aws_iam_policy" "denied" {
  policy = jsonencode({ Statement = { Effect = "Deny", Action = "*", Resource = "*" } })
}

# Unknown, and from no other resource.
data "aws_iam_policy_document" "from_nothing" {
  statement {
    actions   = ["iam:PassRole"]
    resources = ["arn:aws:iam::111122223333:role/${uuid()}"]
  }
}

# unknown: iam/pass-role
# pass: iam/readable-policy, iam/full-admin
resource "aws_iam_policy" "from_nothing" {
  policy = data.aws_iam_policy_document.from_nothing.json
}

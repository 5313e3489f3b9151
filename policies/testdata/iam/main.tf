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

# pass: iam/readable-policy, iam/trust-anyone
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

# fail: iam/passed-to-service
# pass: iam/cross-role, iam/escalation-pass-role, iam/full-admin, iam/pass-role, iam/read-anywhere, iam/readable-policy, iam/service-wildcard, iam/unused-admin
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

# fail: iam/pass-role, iam/passed-to-service
# unknown: iam/cross-role, iam/full-admin, iam/pass-role, iam/readable-policy, iam/service-wildcard
# pass: iam/escalation-pass-role, iam/user-policy
resource "aws_iam_role_policy" "later" {
  role   = aws_iam_role.task.name
  policy = data.aws_iam_policy_document.later.json
}

# fail: iam/readable-policy, iam/user-policy
resource "aws_iam_user_policy" "opaque" {
  user   = "u"
  policy = jsonencode({ Statement = { Effect = "Allow", Action = "*", Resource = aws_iam_role.task.arn } })
}

# fail: iam/full-admin, iam/pass-role
# pass: iam/readable-policy, iam/service-wildcard, iam/user-policy
resource "aws_iam_group_policy" "admin" {
  group  = "g"
  policy = jsonencode({ Statement = { Effect = "Allow", Action = "*", Resource = "*" } })
}

# fail: iam/full-admin, iam/pass-role, iam/passed-to-service, iam/read-anywhere, iam/service-wildcard
# pass: iam/escalation-pass-role, iam/readable-policy, iam/unused-admin
resource "aws_iam_policy" "admin_in_disguise" {
  policy = jsonencode({ Statement = { Effect = "Allow", Action = ["**:*", "s3:Get*", "iam:P?ssRole"], Resource = ["arn:*:*:*:*:*", "arn:aws:iam::111122223333:role/*"] } })
}

# fail: iam/full-admin, iam/not-action
# pass: iam/readable-policy, iam/service-wildcard, iam/unused-admin
resource "aws_iam_policy" "all_but" {
  policy = jsonencode({ Statement = { Effect = "Allow", NotAction = "iam:*", Resource = "*" } })
}

# fail: iam/not-resource, iam/pass-role, iam/passed-to-service
# pass: iam/escalation-pass-role, iam/full-admin, iam/readable-policy, iam/service-wildcard, iam/unused-admin
resource "aws_iam_policy" "all_roles_but" {
  policy = jsonencode({ Statement = { Effect = "Allow", Action = "iam:PassRole", NotResource = "arn:aws:iam::111122223333:role/x" } })
}

# pass: iam/full-admin, iam/readable-policy, iam/unused-admin
resource "aws_iam_policy" "starts_nothing" {
  policy = jsonencode({ Statement = { Effect = "Deny", Action = "*", Resource = "*" } })
}

# Unknown, and from no other resource.
data "aws_iam_policy_document" "from_nothing" {
  statement {
    actions   = ["iam:PassRole"]
    resources = ["arn:aws:iam::111122223333:role/${uuid()}"]
  }
}

# fail: iam/passed-to-service
# unknown: iam/cross-role, iam/pass-role
# pass: iam/escalation-pass-role, iam/full-admin, iam/readable-policy, iam/service-wildcard, iam/unused-admin
resource "aws_iam_policy" "from_nothing" {
  policy = data.aws_iam_policy_document.from_nothing.json
}

#### Wildcards ####

# fail: iam/service-wildcard
# pass: iam/full-admin, iam/permissions-anywhere, iam/read-anywhere, iam/readable-policy, iam/unused-admin, iam/write-anywhere
resource "aws_iam_policy" "service_wildcard" {
  policy = jsonencode({ Statement = { Effect = "Allow", Action = ["sqs:*"], Resource = "arn:aws:sqs:eu-west-1:111122223333:jobs" } })
}

# fail: iam/service-wildcard
# pass: iam/full-admin, iam/pass-role, iam/readable-policy, iam/unused-admin
resource "aws_iam_policy" "all_of_one_kind" {
  policy = jsonencode({ Statement = { Effect = "Allow", Action = "*", Resource = "arn:aws:dynamodb:*:*:table/rooms" } })
}

# Effect, and with it everything, is known after apply.
data "aws_iam_policy_document" "effect" {
  statement {
    effect      = local.bool ? "Allow" : "Deny"
    not_actions = ["iam:*"]
    resources   = ["*"]
  }

  statement {
    effect        = local.bool ? "Allow" : "Deny"
    actions       = ["s3:GetObject"]
    not_resources = ["arn:aws:s3:::public/*"]
  }
}

# unknown: iam/not-action, iam/not-resource, iam/readable-policy
# pass: iam/full-admin, iam/unused-admin
resource "aws_iam_policy" "effect" {
  policy = data.aws_iam_policy_document.effect.json
}

# pass: iam/full-admin, iam/not-action, iam/not-resource, iam/readable-policy, iam/unused-admin
resource "aws_iam_policy" "denies_the_rest" {
  policy = jsonencode({ Statement = [
    { Effect = "Deny", NotAction = "s3:*", Resource = "*" },
    { Effect = "Deny", Action = "s3:PutObject", NotResource = "arn:aws:s3:::own/*" },
  ] })
}

# By reference, and on all but one.
data "aws_iam_policy_document" "not_resource" {
  statement {
    actions       = ["s3:GetObject", "s3:PutObject"]
    not_resources = ["arn:aws:s3:::secret/*"]
  }
}

# fail: iam/not-resource, iam/read-anywhere, iam/user-policy, iam/write-anywhere
# pass: iam/full-admin, iam/readable-policy, iam/service-wildcard
resource "aws_iam_user_policy" "not_resource" {
  user   = "u"
  policy = data.aws_iam_policy_document.not_resource.json
}

# fail: iam/assume-anywhere, iam/credentials-anywhere, iam/decrypt-anywhere, iam/permissions-anywhere, iam/read-anywhere, iam/write-anywhere
# pass: iam/full-admin, iam/readable-policy, iam/service-wildcard, iam/unused-admin
resource "aws_iam_policy" "anywhere" {
  policy = jsonencode({ Statement = [
    { Effect = "Allow", Action = ["dynamodb:Put*", "logs:CreateLogStream"], Resource = "arn:aws:dynamodb:*:*:table/*" },
    { Effect = "Allow", Action = ["s3:GetObject", "secretsmanager:GetSecretValue", "ssm:GetParameter*"], Resource = "*" },
    { Effect = "Allow", Action = "kms:Decrypt", Resource = "arn:aws:kms:eu-west-1:111122223333:key/*" },
    { Effect = "Allow", Action = ["rds-db:connect"], Resource = "*" },
    { Effect = "Allow", Action = ["s3:PutBucketPolicy", "kms:CreateGrant", "sqs:AddPermission", "sns:AddPermission"], Resource = "*" },
    { Effect = "Allow", Action = "sts:AssumeRole", Resource = "arn:aws:iam::*:role/*" },
  ] })
}

# pass: iam/assume-anywhere, iam/condition-binds, iam/condition-operator, iam/credentials-anywhere, iam/cross-role, iam/decrypt-anywhere, iam/escalation-code, iam/escalation-iam, iam/full-admin, iam/permissions-anywhere, iam/read-anywhere, iam/readable-policy, iam/service-wildcard, iam/unused-admin, iam/write-anywhere
resource "aws_iam_policy" "somewhere" {
  policy = jsonencode({ Statement = [
    { Effect = "Allow", Action = ["dynamodb:PutItem"], Resource = "arn:aws:dynamodb:eu-west-1:111122223333:table/rooms" },
    { Effect = "Allow", Action = ["s3:GetObject"], Resource = "arn:aws:s3:::files/*" },
    { Effect = "Allow", Action = ["xray:PutTraceSegments", "cloudwatch:PutMetricData", "ecr:GetAuthorizationToken"], Resource = "*" },
    { Effect = "Allow", Action = "kms:Decrypt", Resource = "*", Condition = { StringEquals = { "kms:ViaService" = "sqs.eu-west-1.amazonaws.com" } } },
    { Effect = "Allow", Action = "rds-db:connect", Resource = "arn:aws:rds-db:eu-west-1:111122223333:dbuser:*/app" },
    { Effect = "Allow", Action = "s3:PutBucketPolicy", Resource = "arn:aws:s3:::files" },
    { Effect = "Allow", Action = "sts:AssumeRole", Resource = "arn:aws:iam::111122223333:role/reader" },
    { Effect = "Allow", Action = "iam:AttachRolePolicy", Resource = "arn:aws:iam::111122223333:role/reader" },
    { Effect = "Allow", Action = "lambda:UpdateFunctionCode", Resource = "arn:aws:lambda:eu-west-1:111122223333:function:elsewhere" },
  ] })
}

# A condition on who asks says nothing of what is asked for.
# fail: iam/decrypt-anywhere, iam/write-anywhere
# pass: iam/condition-binds, iam/condition-operator, iam/full-admin, iam/readable-policy, iam/service-wildcard, iam/unused-admin
resource "aws_iam_policy" "condition_on_caller" {
  policy = jsonencode({ Statement = [
    { Effect = "Allow", Action = "kms:Decrypt", Resource = "*", Condition = { Bool = { "aws:SecureTransport" = "true" } } },
    { Effect = "Allow", Action = "dynamodb:DeleteItem", Resource = "*", Condition = { StringEqualsIfExists = { "aws:ResourceTag/team" = "chat" } } },
  ] })
}

# Each on something that is known after apply and may be everything; on what a
# resource of the plan is called; and with a Region that is known after apply.
data "aws_iam_policy_document" "somewhere_later" {
  statement {
    actions   = ["dynamodb:PutItem", "s3:GetObject", "kms:Decrypt", "rds-db:connect", "s3:PutBucketPolicy", "sts:AssumeRole", "iam:AttachRolePolicy", "lambda:UpdateFunctionCode"]
    resources = [local.later]
  }

  statement {
    actions   = ["dynamodb:DeleteItem", "kms:Decrypt"]
    resources = [aws_dynamodb_table.rooms.arn, "${aws_dynamodb_table.rooms.arn}/index/*"]
  }

  statement {
    actions   = ["dynamodb:PutItem", "s3:GetObject"]
    resources = ["*"]

    dynamic "condition" {
      for_each = local.bool ? ["a"] : []

      content {
        test     = "StringEquals"
        variable = "aws:ResourceTag/team"
        values   = [condition.value]
      }
    }
  }
}

# unknown: iam/assume-anywhere, iam/credentials-anywhere, iam/cross-role, iam/decrypt-anywhere, iam/escalation-code, iam/escalation-iam, iam/permissions-anywhere, iam/read-anywhere, iam/write-anywhere
# pass: iam/full-admin, iam/readable-policy, iam/service-wildcard, iam/unused-admin
resource "aws_iam_policy" "somewhere_later" {
  policy = data.aws_iam_policy_document.somewhere_later.json
}

data "aws_iam_policy_document" "region_later" {
  statement {
    actions   = ["dynamodb:UpdateItem"]
    resources = ["arn:aws:dynamodb:${local.later}:111122223333:table/*"]
  }
}

# fail: iam/write-anywhere
# pass: iam/full-admin, iam/readable-policy, iam/service-wildcard, iam/unused-admin
resource "aws_iam_policy" "region_later" {
  policy = data.aws_iam_policy_document.region_later.json
}

resource "aws_dynamodb_table" "rooms" {
  name         = "rooms"
  billing_mode = "PAY_PER_REQUEST"
  hash_key     = "room"

  attribute {
    name = "room"
    type = "S"
  }
}

#### Escalations ####

# fail: iam/escalation-code, iam/escalation-iam, iam/permissions-anywhere, iam/write-anywhere
# pass: iam/full-admin, iam/readable-policy, iam/service-wildcard, iam/user-policy
resource "aws_iam_role_policy" "escalates" {
  role   = "deploy"
  policy = jsonencode({ Statement = { Effect = "Allow", Action = ["iam:CreatePolicyVersion", "lambda:UpdateFunction*", "cloudformation:CreateChangeSet", "cloudformation:ExecuteChangeSet"], Resource = "*" } })
}

# Half of what is needed, the other half by a managed policy of the same role.
# fail: iam/escalation-code, iam/escalation-pass-role, iam/pass-role, iam/passed-to-service
# pass: iam/full-admin, iam/managed-admin, iam/readable-policy, iam/service-wildcard, iam/trust-anyone, iam/user-policy, iam/cloudshell
resource "aws_iam_role" "half" {
  name                = "half"
  assume_role_policy  = jsonencode({ Statement = { Effect = "Allow", Action = "sts:AssumeRole", Principal = { Service = "lambda.amazonaws.com" } } })
  managed_policy_arns = [aws_iam_policy.other_half.arn]

  inline_policy {
    name = "half"
    policy = jsonencode({ Statement = [
      { Effect = "Allow", Action = ["iam:PassRole"], Resource = "*" },
      { Effect = "Allow", Action = ["ec2:ModifyInstanceAttribute"], Resource = "*" },
    ] })
  }
}

# fail: iam/write-anywhere
# pass: iam/escalation-code, iam/full-admin, iam/readable-policy, iam/service-wildcard, iam/unused-admin
resource "aws_iam_policy" "other_half" {
  policy = jsonencode({ Statement = { Effect = "Allow", Action = ["lambda:CreateFunction", "lambda:InvokeFunction", "ec2:StopInstances", "ec2:StartInstances"], Resource = "*" } })
}

# Passed to EC2 only, where it may start nothing.
resource "aws_iam_user" "starts_nothing" {
  name = "starts_nothing"
}

# fail: iam/pass-role, iam/user-policy
# pass: iam/condition-binds, iam/condition-operator, iam/escalation-iam, iam/escalation-pass-role, iam/full-admin, iam/passed-to-service, iam/permissions-anywhere, iam/readable-policy, iam/service-wildcard
resource "aws_iam_user_policy" "starts_nothing" {
  user   = aws_iam_user.starts_nothing.name
  policy = jsonencode({ Statement = { Effect = "Allow", Action = ["iam:PassRole", "iam:PutRolePolicy"], Resource = "*", Condition = { StringLike = { "iam:PassedToService" = "ec2.*" } } } })
}

# fail: iam/user-policy
# pass: iam/managed-admin, iam/cloudshell
resource "aws_iam_user_policy_attachment" "starts_nothing" {
  user       = aws_iam_user.starts_nothing.name
  policy_arn = aws_iam_policy.other_half.arn
}

# Passed to ECS, which it may not use, and not to Glue, which it may.
# fail: iam/pass-role
# pass: iam/condition-binds, iam/condition-operator, iam/escalation-pass-role, iam/full-admin, iam/passed-to-service, iam/readable-policy, iam/service-wildcard, iam/unused-admin
resource "aws_iam_policy" "passed_to_other_service" {
  policy = jsonencode({ Statement = [
    { Effect = "Allow", Action = "iam:PassRole", Resource = "*", Condition = { StringEquals = { "iam:PassedToService" = ["ecs-tasks.amazonaws.com", "build.apprunner.amazonaws.com"] } } },
    { Effect = "Allow", Action = ["glue:CreateJob", "glue:StartJobRun"], Resource = "*" },
    { Effect = "Deny", Action = "ecs:*", Resource = "*" },
  ] })
}

# fail: iam/escalation-pass-role, iam/pass-role
# pass: iam/condition-binds, iam/condition-operator, iam/full-admin, iam/passed-to-service, iam/readable-policy, iam/service-wildcard, iam/unused-admin
resource "aws_iam_policy" "passed_to_this_service" {
  policy = jsonencode({ Statement = [
    { Effect = "Allow", Action = "iam:PassRole", Resource = "arn:aws:iam::*:role/*", Condition = { StringLike = { "iam:PassedToService" = "gl*.amazonaws.com" } } },
    { Effect = "Allow", Action = ["glue:*Job*"], Resource = "arn:aws:glue:eu-west-1:111122223333:job/own" },
  ] })
}

# fail: iam/escalation-pass-role, iam/pass-role
# pass: iam/condition-binds, iam/condition-operator, iam/full-admin, iam/passed-to-service, iam/readable-policy, iam/service-wildcard, iam/unused-admin
resource "aws_iam_policy" "passed_to_builds" {
  policy = jsonencode({ Statement = [
    { Effect = "Allow", Action = "iam:PassRole", Resource = "*", Condition = { StringEquals = { "iam:PassedToService" = "build.apprunner.amazonaws.com" } } },
    { Effect = "Allow", Action = ["apprunner:CreateService"], Resource = "arn:aws:apprunner:eu-west-1:111122223333:service/own" },
  ] })
}

data "aws_iam_policy_document" "passes_later" {
  statement {
    actions   = ["iam:PassRole"]
    resources = [local.later]

    condition {
      test     = "StringEquals"
      variable = "iam:PassedToService"
      values   = [local.later]
    }
  }

  statement {
    actions   = ["ec2:RunInstances"]
    resources = ["arn:aws:ec2:*:*:instance/*"]
  }

  statement {
    actions   = ["iam:PassRole"]
    resources = ["arn:aws:iam::111122223333:role/elsewhere"]

    dynamic "condition" {
      for_each = local.bool ? ["a"] : []

      content {
        test     = "StringEquals"
        variable = "iam:PassedToService"
        values   = [condition.value]
      }
    }
  }
}

# unknown: iam/cross-role, iam/escalation-pass-role, iam/pass-role, iam/passed-to-service
# pass: iam/condition-binds, iam/condition-operator, iam/full-admin, iam/readable-policy, iam/service-wildcard, iam/unused-admin
resource "aws_iam_policy" "passes_later" {
  policy = data.aws_iam_policy_document.passes_later.json
}

#### What another role runs ####

data "aws_iam_policy_document" "lambda" {
  statement {
    actions = ["sts:AssumeRole"]

    principals {
      type        = "Service"
      identifiers = ["lambda.amazonaws.com"]
    }
  }
}

# pass: iam/readable-policy, iam/trust-anyone
resource "aws_iam_role" "billing" {
  name               = "billing"
  path               = "/"
  assume_role_policy = data.aws_iam_policy_document.lambda.json
}

# pass: iam/readable-policy, iam/trust-anyone
resource "aws_iam_role" "web" {
  for_each           = toset(["a", "b"])
  name               = "web-${each.key}"
  assume_role_policy = data.aws_iam_policy_document.lambda.json
}

resource "aws_s3_bucket" "packages" {
  bucket_prefix = "packages-"
}

resource "aws_lambda_function" "billing" {
  function_name = "billing"
  role          = aws_iam_role.billing.arn
  handler       = "bootstrap"
  runtime       = "provided.al2023"
  s3_bucket     = aws_s3_bucket.packages.bucket
  s3_key        = "billing.zip"
}

resource "aws_lambda_function" "web" {
  for_each      = toset(["a", "b"])
  function_name = "web-${each.key}"
  role          = aws_iam_role.web[each.key].arn
  handler       = "bootstrap"
  runtime       = "provided.al2023"
  s3_bucket     = "elsewhere"
  s3_key        = "web/${each.key}.zip"
}

# pass: iam/full-admin, iam/readable-policy, iam/service-wildcard, iam/unused-admin
resource "aws_iam_policy" "billing" {
  name   = "billing"
  policy = jsonencode({ Statement = { Effect = "Allow", Action = "s3:ListBucket", Resource = "arn:aws:s3:::bills" } })
}

# pass: iam/managed-admin, iam/user-policy, iam/cloudshell
resource "aws_iam_role_policy_attachment" "billing" {
  role       = aws_iam_role.billing.name
  policy_arn = aws_iam_policy.billing.arn
}

# By reference to another role's function.
data "aws_iam_policy_document" "changes_other" {
  statement {
    actions   = ["lambda:UpdateFunctionCode"]
    resources = [aws_lambda_function.billing.arn]
  }
}

# fail: iam/cross-role
# pass: iam/escalation-code, iam/full-admin, iam/readable-policy, iam/service-wildcard, iam/user-policy, iam/write-anywhere
resource "aws_iam_role_policy" "changes_other" {
  role   = aws_iam_role.web["a"].name
  policy = data.aws_iam_policy_document.changes_other.json
}

# Its own function, by each.key.
data "aws_iam_policy_document" "changes_own" {
  for_each = aws_iam_role.web

  statement {
    actions   = ["lambda:UpdateFunctionCode"]
    resources = [aws_lambda_function.web[each.key].arn]
  }
}

# pass: iam/cross-role, iam/escalation-code, iam/full-admin, iam/readable-policy, iam/service-wildcard, iam/user-policy, iam/write-anywhere
resource "aws_iam_role_policy" "changes_own" {
  for_each = aws_iam_role.web
  role     = each.value.name
  policy   = data.aws_iam_policy_document.changes_own[each.key].json
}

# All of them.
data "aws_iam_policy_document" "changes_all" {
  statement {
    actions   = ["lambda:UpdateFunctionConfiguration"]
    resources = [for f in aws_lambda_function.web : f.arn]
  }

  statement {
    actions   = ["iam:PutRolePolicy"]
    resources = [aws_iam_role.web["a"].arn]
  }
}

# fail: iam/cross-role
# pass: iam/escalation-code, iam/escalation-iam, iam/full-admin, iam/permissions-anywhere, iam/readable-policy, iam/service-wildcard, iam/user-policy, iam/write-anywhere
resource "aws_iam_role_policy" "changes_all" {
  role   = aws_iam_role.billing.name
  policy = data.aws_iam_policy_document.changes_all.json
}

# By name, by a pattern, and what it is deployed from.
# fail: iam/cross-role
# pass: iam/condition-binds, iam/condition-operator, iam/escalation-code, iam/escalation-iam, iam/escalation-pass-role, iam/full-admin, iam/pass-role, iam/passed-to-service, iam/permissions-anywhere, iam/readable-policy, iam/service-wildcard, iam/unused-admin, iam/write-anywhere
resource "aws_iam_policy" "by_name" {
  policy = jsonencode({ Statement = [
    { Effect = "Allow", Action = "lambda:UpdateFunctionCode", Resource = "arn:aws:lambda:eu-west-1:111122223333:function:bill*" },
    { Effect = "Allow", Action = ["iam:UpdateAssumeRolePolicy"], Resource = "arn:aws:iam::111122223333:role/billing" },
    { Effect = "Allow", Action = ["iam:CreatePolicyVersion"], Resource = "arn:aws:iam::111122223333:policy/billing" },
    { Effect = "Allow", Action = "iam:PassRole", Resource = "arn:aws:iam::111122223333:role/billing", Condition = { StringEquals = { "iam:PassedToService" = "lambda.amazonaws.com" } } },
    { Effect = "Allow", Action = ["lambda:CreateFunction", "lambda:InvokeFunction"], Resource = "arn:aws:lambda:eu-west-1:111122223333:function:own-*" },
    { Effect = "Allow", Action = "s3:PutObject", Resource = ["arn:aws:s3:::elsewhere/web/*", "arn:aws:s3:::else*/web/a.zip"] },
  ] })
}

data "aws_iam_policy_document" "writes_package" {
  statement {
    actions   = ["s3:PutObject"]
    resources = ["${aws_s3_bucket.packages.arn}/*"]
  }
}

# fail: iam/cross-role
# pass: iam/full-admin, iam/readable-policy, iam/service-wildcard, iam/user-policy, iam/write-anywhere
resource "aws_iam_role_policy" "writes_package" {
  role   = aws_iam_role.web["b"].name
  policy = data.aws_iam_policy_document.writes_package.json
}

# Other objects of the same buckets, and what its own function is deployed from.
data "aws_iam_policy_document" "other_objects" {
  statement {
    actions   = ["s3:PutObject"]
    resources = ["${aws_s3_bucket.packages.arn}/logs/*"]
  }

  statement {
    actions   = ["s3:PutObject"]
    resources = ["arn:aws:s3:::elsewhere/logs/*", "arn:aws:s3:::elsewhere/web/a.zip"]
  }
}

# pass: iam/cross-role, iam/full-admin, iam/readable-policy, iam/service-wildcard, iam/user-policy, iam/write-anywhere
resource "aws_iam_role_policy" "other_objects" {
  role   = aws_iam_role.web["a"].name
  policy = data.aws_iam_policy_document.other_objects.json
}

# By a dynamic block, whose statements can be told apart.
data "aws_iam_policy_document" "dynamic" {
  dynamic "statement" {
    for_each = {
      "lambda:UpdateFunctionCode" = aws_lambda_function.billing.arn
      "dynamodb:Query"            = aws_dynamodb_table.rooms.arn
    }

    content {
      actions   = [statement.key]
      resources = [statement.value]
    }
  }
}

# fail: iam/cross-role
# pass: iam/escalation-code, iam/full-admin, iam/read-anywhere, iam/readable-policy, iam/service-wildcard, iam/user-policy, iam/write-anywhere
resource "aws_iam_role_policy" "dynamic" {
  role   = "elsewhere"
  policy = data.aws_iam_policy_document.dynamic.json
}

# One of two, which one is known after apply.
data "aws_iam_policy_document" "either" {
  statement {
    actions   = ["lambda:UpdateFunctionCode"]
    resources = [local.bool ? aws_lambda_function.billing.arn : aws_dynamodb_table.rooms.arn]
  }
}

# unknown: iam/cross-role
# pass: iam/escalation-code, iam/full-admin, iam/readable-policy, iam/service-wildcard, iam/user-policy, iam/write-anywhere
resource "aws_iam_role_policy" "either" {
  role   = "elsewhere"
  policy = data.aws_iam_policy_document.either.json
}

# A bucket, or something else.
data "aws_iam_policy_document" "either_bucket" {
  statement {
    actions   = ["s3:PutObject"]
    resources = [local.bool ? "${aws_s3_bucket.packages.arn}/*" : aws_dynamodb_table.rooms.arn]
  }
}

# unknown: iam/cross-role
# pass: iam/full-admin, iam/readable-policy, iam/service-wildcard, iam/user-policy, iam/write-anywhere
resource "aws_iam_role_policy" "either_bucket" {
  role   = "elsewhere"
  policy = data.aws_iam_policy_document.either_bucket.json
}

# The first of two, and the second of another two; and rights over rights that
# another policy takes away again, here and not somewhere else.
# fail: iam/pass-role, iam/passed-to-service, iam/write-anywhere
# pass: iam/escalation-code, iam/escalation-pass-role, iam/full-admin, iam/readable-policy, iam/service-wildcard, iam/unused-admin
resource "aws_iam_policy" "parts" {
  policy = jsonencode({ Statement = [
    { Effect = "Allow", Action = ["cloudformation:CreateChangeSet", "ec2:ModifyLaunchTemplate"], Resource = "*" },
    { Effect = "Allow", Action = ["iam:PassRole", "lambda:CreateFunction"], Resource = "*" },
  ] })
}

# fail: iam/permissions-anywhere, iam/user-policy
# pass: iam/escalation-iam, iam/full-admin, iam/readable-policy, iam/service-wildcard
resource "aws_iam_user_policy" "taken_away" {
  for_each = { allow = ["Allow", "*"], deny = ["Deny", "*"] }
  user     = "bounded"
  name     = each.key
  policy   = jsonencode({ Statement = { Effect = each.value[0], Action = "iam:AttachUserPolicy", Resource = each.value[1] } })
}

# fail: iam/escalation-iam, iam/permissions-anywhere, iam/user-policy
# pass: iam/full-admin, iam/readable-policy, iam/service-wildcard
resource "aws_iam_user_policy" "not_taken_away" {
  for_each = { allow = ["Allow", "*"], deny = ["Deny", "arn:aws:iam::111122223333:user/x"] }
  user     = "half-bounded"
  name     = each.key
  policy   = jsonencode({ Statement = { Effect = each.value[0], Action = "iam:AttachUserPolicy", Resource = each.value[1] } })
}

# Which resource it is passed for says which service it is passed to.
# pass: iam/condition-binds, iam/condition-operator, iam/cross-role, iam/escalation-pass-role, iam/full-admin, iam/pass-role, iam/passed-to-service, iam/readable-policy, iam/service-wildcard, iam/unused-admin
resource "aws_iam_policy" "passed_for_resource" {
  policy = jsonencode({ Statement = { Effect = "Allow", Action = "iam:PassRole", Resource = "arn:aws:iam::111122223333:role/elsewhere", Condition = { ArnLike = { "iam:AssociatedResourceArn" = "arn:aws:ec2:*:111122223333:instance/*" } } } })
}

#### Who may take a role ####

# fail: iam/trust-anyone
# pass: iam/readable-policy, iam/trust-account
resource "aws_iam_role" "any_account" {
  assume_role_policy = jsonencode({ Statement = { Effect = "Allow", Action = "sts:AssumeRole", Principal = { AWS = "arn:aws:iam::*:root" } } })
}

# fail: iam/condition-binds, iam/trust-anyone
# pass: iam/condition-operator, iam/readable-policy
resource "aws_iam_role" "anyone" {
  assume_role_policy = jsonencode({ Statement = [
    { Effect = "Allow", Action = "sts:AssumeRole", Principal = "*" },
    { Effect = "Allow", Action = "sts:AssumeRole", Principal = { AWS = "*" }, Condition = { StringLike = { "aws:PrincipalArn" = "*" } } },
  ] })
}

# fail: iam/trust-anyone
# pass: iam/readable-policy
resource "aws_iam_role" "not_one" {
  assume_role_policy = jsonencode({ Statement = { Effect = "Allow", Action = "sts:AssumeRole", NotPrincipal = { AWS = "arn:aws:iam::111122223333:user/x" } } })
}

# pass: iam/condition-binds, iam/condition-operator, iam/readable-policy, iam/trust-anyone
resource "aws_iam_role" "organisation" {
  assume_role_policy = jsonencode({ Statement = { Effect = "Allow", Action = "sts:AssumeRole", Principal = { AWS = "*" }, Condition = { StringEquals = { "aws:PrincipalOrgID" = "o-a1b2c3d4e5" } } } })
}

data "aws_iam_policy_document" "trust_later" {
  statement {
    actions = ["sts:AssumeRole"]

    principals {
      type        = "AWS"
      identifiers = [local.later]
    }
  }

  statement {
    actions = ["sts:AssumeRole"]

    principals {
      type        = "AWS"
      identifiers = ["*"]
    }

    dynamic "condition" {
      for_each = local.bool ? ["a"] : []

      content {
        test     = "StringEquals"
        variable = "aws:PrincipalOrgID"
        values   = [condition.value]
      }
    }
  }

  statement {
    actions = ["sts:AssumeRole"]

    principals {
      type        = "AWS"
      identifiers = ["arn:aws:iam::444455556666:root"]
    }

    principals {
      type        = "Service"
      identifiers = ["scheduler.amazonaws.com"]
    }

    principals {
      type        = "Federated"
      identifiers = ["arn:aws:iam::111122223333:oidc-provider/token.actions.githubusercontent.com"]
    }

    dynamic "condition" {
      for_each = local.bool ? ["a"] : []

      content {
        test     = "StringEquals"
        variable = "sts:ExternalId"
        values   = [condition.value]
      }
    }
  }

  statement {
    actions = ["sts:AssumeRole"]

    principals {
      type        = "Service"
      identifiers = [local.later]
    }

    principals {
      type        = "Federated"
      identifiers = [local.later]
    }
  }
}

# unknown: iam/trust-account, iam/trust-anyone, iam/trust-federated, iam/trust-service
# pass: iam/readable-policy
resource "aws_iam_role" "trust_later" {
  assume_role_policy = data.aws_iam_policy_document.trust_later.json
}

# A role of the plan, by reference.
data "aws_iam_policy_document" "trusts_role" {
  statement {
    actions = ["sts:AssumeRole"]

    principals {
      type        = "AWS"
      identifiers = [aws_iam_role.billing.arn]
    }
  }
}

# pass: iam/readable-policy, iam/trust-account, iam/trust-anyone
resource "aws_iam_role" "trusts_role" {
  assume_role_policy = data.aws_iam_policy_document.trusts_role.json
}

# fail: iam/trust-account
# pass: iam/readable-policy, iam/trust-anyone
resource "aws_iam_role" "account" {
  assume_role_policy = jsonencode({ Statement = { Effect = "Allow", Action = "sts:AssumeRole", Principal = { AWS = ["444455556666", "arn:aws:iam::555566667777:role/x"] } } })
}

# pass: iam/condition-binds, iam/condition-operator, iam/readable-policy, iam/trust-account, iam/trust-anyone
resource "aws_iam_role" "account_with_id" {
  assume_role_policy = jsonencode({ Statement = { Effect = "Allow", Action = "sts:AssumeRole", Principal = { AWS = "444455556666" }, Condition = { StringEquals = { "sts:ExternalId" = "c1f0a7" } } } })
}

resource "aws_iam_openid_connect_provider" "github" {
  url            = "https://token.actions.githubusercontent.com"
  client_id_list = ["sts.amazonaws.com"]
}

data "aws_iam_policy_document" "github" {
  for_each = { open = "repo:*", owner = "repo:acme/chat:*" }

  statement {
    actions = ["sts:AssumeRoleWithWebIdentity"]

    principals {
      type        = "Federated"
      identifiers = [aws_iam_openid_connect_provider.github.arn]
    }

    condition {
      test     = "StringLike"
      variable = "token.actions.githubusercontent.com:sub"
      values   = [each.value]
    }
  }
}

# fail: iam/trust-federated
# pass: iam/condition-binds, iam/condition-operator, iam/readable-policy, iam/trust-anyone
resource "aws_iam_role" "github_open" {
  assume_role_policy = data.aws_iam_policy_document.github["open"].json
}

# pass: iam/condition-binds, iam/condition-operator, iam/readable-policy, iam/trust-anyone, iam/trust-federated
resource "aws_iam_role" "github" {
  assume_role_policy = data.aws_iam_policy_document.github["owner"].json
}

# fail: iam/trust-federated
# pass: iam/condition-binds, iam/condition-operator, iam/readable-policy, iam/trust-anyone
resource "aws_iam_role" "github_without" {
  assume_role_policy = jsonencode({ Statement = { Effect = "Allow", Action = "sts:AssumeRoleWithWebIdentity", Principal = { Federated = "arn:aws:iam::111122223333:oidc-provider/token.actions.githubusercontent.com" }, Condition = { StringEquals = { "token.actions.githubusercontent.com:aud" = "sts.amazonaws.com" } } } })
}

# fail: iam/trust-federated
# pass: iam/readable-policy, iam/trust-anyone
resource "aws_iam_role" "guests" {
  assume_role_policy = jsonencode({ Statement = [
    { Effect = "Allow", Action = "sts:AssumeRoleWithWebIdentity", Principal = { Federated = "cognito-identity.amazonaws.com" } },
    { Effect = "Allow", Action = "sts:AssumeRoleWithWebIdentity", Principal = { Federated = "arn:aws:iam::111122223333:oidc-provider/id.example.com" } },
    { Effect = "Allow", Action = "sts:AssumeRoleWithSAML", Principal = { Federated = "arn:aws:iam::111122223333:saml-provider/corp" } },
  ] })
}

# pass: iam/condition-binds, iam/condition-operator, iam/readable-policy, iam/trust-anyone, iam/trust-federated
resource "aws_iam_role" "members" {
  assume_role_policy = jsonencode({ Statement = [
    { Effect = "Allow", Action = "sts:AssumeRoleWithWebIdentity", Principal = { Federated = "cognito-identity.amazonaws.com" }, Condition = { StringEquals = { "cognito-identity.amazonaws.com:aud" = "eu-west-1:11111111-2222-3333-4444-555555555555" } } },
    { Effect = "Allow", Action = "sts:AssumeRoleWithWebIdentity", Principal = { Federated = "arn:aws:iam::111122223333:oidc-provider/id.example.com" }, Condition = { StringEquals = { "id.example.com:sub" = "chat" } } },
    { Effect = "Allow", Action = "sts:AssumeRoleWithSAML", Principal = { Federated = "arn:aws:iam::111122223333:saml-provider/corp" }, Condition = { StringEquals = { "SAML:aud" = "https://signin.aws.amazon.com/saml" } } },
  ] })
}

# fail: iam/trust-service
# pass: iam/readable-policy, iam/trust-anyone
resource "aws_iam_role" "scheduler" {
  assume_role_policy = jsonencode({ Statement = { Effect = "Allow", Action = "sts:AssumeRole", Principal = { Service = ["scheduler.amazonaws.com", "logs.eu-west-1.amazonaws.com"] } } })
}

# pass: iam/condition-binds, iam/condition-operator, iam/readable-policy, iam/trust-anyone, iam/trust-service
resource "aws_iam_role" "scheduler_of_account" {
  assume_role_policy = jsonencode({ Statement = { Effect = "Allow", Action = "sts:AssumeRole", Principal = { Service = "scheduler.amazonaws.com" }, Condition = { StringEquals = { "aws:SourceAccount" = "111122223333" } } } })
}

# Everybody can have a schedule of that name.
# fail: iam/trust-service
# pass: iam/condition-binds, iam/condition-operator, iam/readable-policy, iam/trust-anyone
resource "aws_iam_role" "scheduler_of_any_account" {
  assume_role_policy = jsonencode({ Statement = { Effect = "Allow", Action = "sts:AssumeRole", Principal = { Service = "scheduler.amazonaws.com" }, Condition = { ArnLike = { "aws:SourceArn" = "arn:aws:scheduler:*:*:schedule/default/chat" } } } })
}

#### Conditions ####

# fail: iam/condition-binds
# pass: iam/condition-operator, iam/full-admin, iam/readable-policy, iam/service-wildcard, iam/unused-admin
resource "aws_iam_policy" "conditions_that_do_not_bind" {
  policy = jsonencode({ Statement = [
    { Effect = "Allow", Action = "sns:Publish", Resource = "arn:aws:sns:eu-west-1:111122223333:a", Condition = { StringLike = { "aws:PrincipalArn" = "*" }, IpAddress = { "aws:SourceIp" = "0.0.0.0/0" }, Bool = { "aws:SecureTransport" = ["true", "false"] } } },
    { Effect = "Allow", Action = "sns:Publish", Resource = "arn:aws:sns:eu-west-1:111122223333:b", Condition = { BoolIfExists = { "aws:MultiFactorAuthPresent" = "true" } } },
    { Effect = "Allow", Action = "sns:Publish", Resource = "arn:aws:sns:eu-west-1:111122223333:c", Condition = { "ForAllValues:StringEquals" = { "aws:TagKeys" = ["team"] } } },
    { Effect = "Allow", Action = "sns:Publish", Resource = "arn:aws:sns:eu-west-1:111122223333:d", Condition = { StringNotEquals = { "aws:SourceVpce" = "vpce-1" } } },
    { Effect = "Allow", Action = "sns:Publish", Resource = "arn:aws:sns:eu-west-1:111122223333:e", Condition = { StringEquals = { "aws:PrincipalTag/team" = [] } } },
    { Effect = "Allow", Action = "sns:Publish", Resource = "arn:aws:sns:eu-west-1:111122223333:f", Condition = { Null = { "aws:SourceArn" = "true" } } },
    { Effect = "Deny", Action = "sns:Publish", Resource = "*", Condition = { Bool = { "aws:MultiFactorAuthPresent" = "false" } } },
  ] })
}

# pass: iam/condition-binds, iam/condition-operator, iam/full-admin, iam/readable-policy, iam/service-wildcard, iam/unused-admin
resource "aws_iam_policy" "conditions_that_bind" {
  policy = jsonencode({ Statement = [
    { Effect = "Allow", Action = "sns:Publish", Resource = "arn:aws:sns:eu-west-1:111122223333:a", Condition = { StringLike = { "aws:PrincipalArn" = "arn:aws:iam::111122223333:role/ci-*" }, IpAddress = { "aws:SourceIp" = "192.0.2.0/24" } } },
    { Effect = "Allow", Action = "sns:Publish", Resource = "arn:aws:sns:eu-west-1:111122223333:c", Condition = { "ForAllValues:StringEquals" = { "aws:TagKeys" = ["team"] }, Null = { "aws:TagKeys" = "false" } } },
    { Effect = "Deny", Action = "sns:Publish", Resource = "*", Condition = { BoolIfExists = { "aws:MultiFactorAuthPresent" = "false" } } },
    { Effect = "Allow", Action = "sns:Publish", Resource = "arn:aws:sns:eu-west-1:111122223333:d", Condition = { StringLike = { "aws:SourceVpce" = "vpce-1*" }, StringNotEquals = { "aws:SourceVpce" = "vpce-12" } } },
  ] })
}

variable "no_counts" {
  type    = bool
  default = false
}

# Of the documents of a condition the plan has one.
data "aws_iam_policy_document" "by_count" {
  count = 2

  statement {
    actions   = ["sns:*"]
    resources = ["${aws_sns_topic.counted[count.index].arn}:x"]
  }
}

data "aws_iam_policy_document" "not_there" {
  count = var.no_counts ? 1 : 0

  statement {
    actions   = ["sns:Publish"]
    resources = ["*"]
  }
}

resource "aws_sns_topic" "counted" {
  count = 2
  name  = "counted-${count.index}"
}

# fail: iam/service-wildcard
# pass: iam/full-admin, iam/permissions-anywhere, iam/readable-policy, iam/unused-admin, iam/write-anywhere
resource "aws_iam_policy" "by_count" {
  count  = 2
  policy = var.no_counts ? data.aws_iam_policy_document.not_there[0].json : data.aws_iam_policy_document.by_count[count.index].json
}

# fail: iam/condition-operator
# pass: iam/condition-binds, iam/full-admin, iam/readable-policy, iam/unused-admin
resource "aws_iam_policy" "operators" {
  policy = jsonencode({ Statement = [
    { Effect = "Deny", Action = "sns:Publish", Resource = "*", Condition = { StringEquals = { "aws:PrincipalTag/team" = "chat-*" } } },
    { Effect = "Deny", Action = "sns:Publish", Resource = "*", Condition = { StringMatches = { "aws:PrincipalTag/team" = "chat" } } },
  ] })
}

data "aws_iam_policy_document" "conditions_later" {
  statement {
    actions   = ["sns:Publish"]
    resources = ["arn:aws:sns:eu-west-1:111122223333:a"]

    condition {
      test     = "ArnLike"
      variable = "aws:PrincipalArn"
      values   = [local.later]
    }

    condition {
      test     = local.bool ? "StringLike" : "StringEquals"
      variable = "aws:PrincipalTag/team"
      values   = ["chat-*"]
    }

    condition {
      test     = "ArnLike"
      variable = "aws:SourceArn"
      values   = [aws_dynamodb_table.rooms.arn]
    }
  }
}

# unknown: iam/condition-binds, iam/condition-operator
# pass: iam/full-admin, iam/readable-policy, iam/service-wildcard, iam/unused-admin
resource "aws_iam_policy" "conditions_later" {
  policy = data.aws_iam_policy_document.conditions_later.json
}

#### Who has what ####

# fail: iam/managed-admin
# pass: iam/user-policy, iam/cloudshell
resource "aws_iam_role_policy_attachment" "admin" {
  role       = aws_iam_role.billing.name
  policy_arn = "arn:aws:iam::aws:policy/AdministratorAccess"
}

# The partition is known after apply, the policy is not.
# fail: iam/managed-admin
# pass: iam/user-policy, iam/cloudshell
resource "aws_iam_group_policy_attachment" "admin" {
  group      = "g"
  policy_arn = "arn:${local.later}:iam::aws:policy/IAMFullAccess"
}

# pass: iam/managed-admin, iam/user-policy, iam/cloudshell
resource "aws_iam_role_policy_attachment" "logs" {
  role       = aws_iam_role.billing.name
  policy_arn = "arn:${local.later}:iam::aws:policy/service-role/AWSLambdaBasicExecutionRole"
}

# unknown: iam/managed-admin, iam/cloudshell
# pass: iam/user-policy
resource "aws_iam_role_policy_attachment" "later" {
  role       = local.later
  policy_arn = local.later
}

# fail: iam/user-policy
# pass: iam/managed-admin, iam/cloudshell
resource "aws_iam_policy_attachment" "users" {
  name       = "users"
  users      = ["u"]
  groups     = ["g"]
  roles      = [aws_iam_role.billing.name]
  policy_arn = aws_iam_policy.billing.arn
}

# unknown: iam/user-policy
# pass: iam/managed-admin, iam/cloudshell
resource "aws_iam_policy_attachment" "users_later" {
  name       = "users"
  users      = local.bool ? ["u"] : []
  roles      = ["r"]
  policy_arn = "arn:aws:iam::111122223333:policy/elsewhere"
}

resource "aws_iam_user_group_membership" "starts_nothing" {
  user   = aws_iam_user.starts_nothing.name
  groups = ["g"]
}

# fail: iam/full-admin, iam/pass-role
# pass: iam/readable-policy, iam/service-wildcard, iam/unused-admin
resource "aws_iam_policy" "used_admin" {
  policy = jsonencode({ Statement = { Effect = "Allow", Action = "*", Resource = "*" } })
}

# pass: iam/managed-admin, iam/user-policy, iam/cloudshell
resource "aws_iam_group_policy_attachment" "used_admin" {
  group      = "admins"
  policy_arn = aws_iam_policy.used_admin.arn
}

# fail: iam/access-key
resource "aws_iam_access_key" "ci" {
  user = "ci"
}

# pass: iam/access-key
resource "aws_iam_access_key" "inactive" {
  user   = "ci"
  status = "Inactive"
}

# unknown: iam/access-key
resource "aws_iam_access_key" "later" {
  user   = "ci"
  status = local.bool ? "Active" : "Inactive"
}

# fail: iam/password-policy
resource "aws_iam_account_password_policy" "none" {
}

# pass: iam/password-policy
resource "aws_iam_account_password_policy" "good" {
  minimum_password_length   = 16
  password_reuse_prevention = 24
}

# unknown: iam/password-policy
resource "aws_iam_account_password_policy" "later" {
  minimum_password_length   = local.number
  password_reuse_prevention = 24
}

# fail: iam/credentials-anywhere, iam/escalation-iam, iam/pass-role, iam/passed-to-service, iam/permissions-anywhere, iam/service-wildcard, iam/unused-admin
# pass: iam/escalation-pass-role, iam/full-admin, iam/readable-policy
resource "aws_iam_policy" "unused_admin" {
  policy = jsonencode({ Statement = { Effect = "Allow", Action = "iam:*", Resource = "*" } })
}

data "aws_iam_policy_document" "unused_later" {
  statement {
    actions   = [local.later]
    resources = ["*"]
  }
}

# unknown: iam/full-admin, iam/readable-policy, iam/service-wildcard, iam/unused-admin
resource "aws_iam_policy" "unused_later" {
  policy = data.aws_iam_policy_document.unused_later.json
}

# fail: iam/trust-service
# pass: iam/readable-policy, iam/trust-anyone
resource "aws_iam_role" "of_services_for_anybody" {
  for_each = toset([
    "budgets", "comprehend", "comprehendmedical", "dms", "elasticmapreduce", "fis", "frauddetector", "kendra", "redshift",
    "redshift-serverless", "sms-voice", "translate",
  ])
  assume_role_policy = jsonencode({ Statement = { Effect = "Allow", Action = "sts:AssumeRole", Principal = { Service = "${each.key}.amazonaws.com" } } })
}

# fail: iam/cloudshell
# pass: iam/managed-admin, iam/user-policy
resource "aws_iam_group_policy_attachment" "shell" {
  group      = "operators"
  policy_arn = "arn:aws:iam::aws:policy/AWSCloudShellFullAccess"
}

# One's own of the same name.
# pass: iam/cloudshell, iam/managed-admin, iam/user-policy
resource "aws_iam_group_policy_attachment" "own_shell" {
  group      = "operators"
  policy_arn = "arn:aws:iam::111122223333:policy/AWSCloudShellFullAccess"
}

# Whoever has an organisation whose name begins like ours.
# fail: iam/trust-federated
# pass: iam/condition-binds, iam/condition-operator, iam/readable-policy, iam/trust-anyone
resource "aws_iam_role" "repositories_of_similar_owners" {
  assume_role_policy = jsonencode({ Statement = {
    Effect    = "Allow", Action = "sts:AssumeRoleWithWebIdentity",
    Principal = { Federated = "arn:aws:iam::111122223333:oidc-provider/token.actions.githubusercontent.com" },
    Condition = { StringLike = { "token.actions.githubusercontent.com:sub" = "repo:portcullis*/chat:*" } },
  } })
}

# A policy of an organisation grants nothing; some are no policies of IAM at all.
resource "aws_organizations_policy" "allows" {
  name    = "allows"
  content = jsonencode({ Version = "2012-10-17", Statement = { Effect = "Allow", Action = "*", Resource = "*" } })
}

resource "aws_organizations_policy" "tags" {
  name    = "tags"
  type    = "TAG_POLICY"
  content = jsonencode({ tags = { team = { tag_key = { "@@assign" = "team" } } } })
}

# Names told twice, in two cases: which one counts is nowhere said.
# fail: iam/readable-policy
resource "aws_iam_policy" "told_twice" {
  for_each = {
    two_cases = "{\"Statement\":{\"Effect\":\"Allow\",\"Action\":\"s3:GetObject\",\"action\":\"*\",\"Resource\":\"*\"}}"
    whole     = "{\"Statement\":{\"Effect\":\"Deny\",\"Action\":\"*\",\"Resource\":\"*\"},\"statement\":{\"Effect\":\"Allow\",\"Action\":\"*\",\"Resource\":\"*\"}}"
  }
  policy = each.value
}

# By its ARN the account of this plan is known: 111122223333.
# pass: iam/readable-policy
resource "aws_sns_topic_policy" "known" {
  arn    = "arn:aws:sns:eu-west-1:111122223333:jobs"
  policy = jsonencode({ Statement = { Effect = "Allow", Action = "sns:Publish", Resource = "*", Principal = { AWS = "111122223333" } } })
}

# pass: iam/readable-policy, iam/trust-account, iam/trust-anyone
resource "aws_iam_role" "own_account" {
  assume_role_policy = jsonencode({ Statement = { Effect = "Allow", Action = "sts:AssumeRole", Principal = { AWS = "arn:aws:iam::111122223333:root" } } })
}

# fail: iam/trust-anyone
# pass: iam/readable-policy
resource "aws_iam_role" "any_service" {
  for_each           = toset(["*", "*.amazonaws.com"])
  assume_role_policy = jsonencode({ Statement = { Effect = "Allow", Action = "sts:AssumeRole", Principal = { Service = each.key } } })
}

# pass: iam/condition-binds, iam/condition-operator, iam/readable-policy, iam/trust-anyone
resource "aws_iam_role" "any_service_for_us" {
  assume_role_policy = jsonencode({ Statement = { Effect = "Allow", Action = "sts:AssumeRole", Principal = { Service = "*" }, Condition = { StringEquals = { "aws:SourceAccount" = "111122223333" } } } })
}

# What it has inline is known after apply.
# fail: iam/readable-policy
# pass: iam/readable-policy, iam/trust-anyone
resource "aws_iam_role" "inline_perhaps" {
  for_each           = { perhaps = local.bool ? [1] : [], none = [] }
  assume_role_policy = jsonencode({ Statement = { Effect = "Allow", Action = "sts:AssumeRole", Principal = { Service = "lambda.amazonaws.com" } } })

  dynamic "inline_policy" {
    for_each = each.value

    content {
      name   = "all"
      policy = jsonencode({ Statement = { Effect = "Allow", Action = "*", Resource = "*" } })
    }
  }
}

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

variable "password" {
  type      = string
  sensitive = true
  default   = "correct-horse"
}

locals {
  names = { stage = "prod" }

  key = aws_kms_key.main.arn
}

resource "aws_kms_key" "main" {
  description = "main"
}

resource "aws_kms_key" "many" {
  for_each    = toset(["a.b", "c[\"d\"]"])
  description = each.key
}

resource "aws_sns_topic" "other" {
  name = "other"
}

module "child" {
  source   = "./child"
  for_each = { "x.y" = "one", "z]" = "two" }

  name     = each.value
  password = var.password
  settings = {
    key   = local.key
    topic = aws_sns_topic.other.arn
    stage = local.names.stage
  }
}

# What modules give, at the root: a reference to a resource in a module in one.
resource "aws_sqs_queue" "output" {
  name              = "output"
  kms_master_key_id = module.child["x.y"].key
}

resource "aws_sqs_queue" "local" {
  name              = "local"
  kms_master_key_id = local.key
}

resource "aws_sqs_queue" "each" {
  for_each          = aws_kms_key.many
  name              = "each-${md5(each.key)}"
  kms_master_key_id = each.value.arn
}

resource "aws_sqs_queue" "absent" {
  name = "absent"
}

# A block that plan JSON shows no expression of.
resource "aws_dynamodb_table" "dynamic" {
  name         = "dynamic"
  hash_key     = "pk"
  billing_mode = "PAY_PER_REQUEST"

  attribute {
    name = "pk"
    type = "S"
  }

  dynamic "server_side_encryption" {
    for_each = toset(["only"])

    content {
      enabled     = true
      kms_key_arn = aws_kms_key.main.arn
    }
  }
}

data "aws_iam_policy_document" "known" {
  statement {
    sid       = "Everything"
    actions   = ["S3:*"]
    resources = ["*"]
  }
}

data "aws_iam_policy_document" "base" {
  statement {
    actions   = ["kms:Decrypt"]
    resources = [aws_kms_key.main.arn]
  }
}

data "aws_iam_policy_document" "merged" {
  source_policy_documents = [
    data.aws_iam_policy_document.base.json,
    data.aws_iam_policy_document.known.json,
  ]

  statement {
    effect    = "Deny"
    actions   = ["sqs:*"]
    resources = ["arn:aws:sqs:eu-west-1:111122223333:fixed", aws_sqs_queue.local.arn]

    condition {
      test     = "StringEquals"
      variable = "AWS:SourceArn"
      values   = [aws_sns_topic.other.arn]
    }
  }
}

resource "aws_iam_role" "known" {
  name               = "known"
  assume_role_policy = data.aws_iam_policy_document.known.json
}

resource "aws_iam_role_policy" "merged" {
  name   = "merged"
  role   = aws_iam_role.known.name
  policy = data.aws_iam_policy_document.merged.json
}

resource "aws_iam_role_policy" "opaque" {
  name = "opaque"
  role = aws_iam_role.known.name
  policy = jsonencode({
    Statement = [{ Effect = "Allow", Action = "*", Resource = "${aws_kms_key.main.arn}/*" }]
  })
}

resource "aws_iam_role_policy" "written" {
  name = "written"
  role = aws_iam_role.known.name
  policy = jsonencode({
    statement = { effect = "Allow", action = "*", notresource = ["a"], condition = { StringLike = { "aws:PrincipalTag/x" = "y" } } }
  })
}

# Texts that are unknown as a whole, though most of them is written here.
resource "aws_sqs_queue_policy" "shape" {
  for_each  = toset(["$connect"])
  queue_url = aws_sqs_queue.local.id
  policy    = "${aws_sqs_queue.local.arn}/${local.names.stage}/${each.key}/x"
}

# Several dynamic blocks of one name, of which some make nothing; elements of a
# list that is composed, and blocks in blocks.
variable "stage" {
  type    = string
  default = "prod"
}

variable "traced" {
  type    = bool
  default = false
}

locals {
  key_statement = {
    sid        = "Key"
    actions    = ["kms:Decrypt"]
    resources  = [aws_kms_key.main.arn]
    conditions = [{ test = "StringEquals", variable = "kms:ViaService", values = ["sqs.${aws_sns_topic.other.name}.amazonaws.com"] }]
  }

  queues = {
    "first.one" = { key = aws_kms_key.main.arn, name = "first" }
    "second[0]" = { key = aws_sns_topic.other.arn, name = "second" }
  }
}

data "aws_iam_policy_document" "blocks" {
  statement {
    sid       = "Own"
    actions   = ["sqs:SendMessage"]
    resources = [aws_sqs_queue.local.arn]
  }

  dynamic "statement" {
    for_each = var.traced ? [true] : []

    content {
      sid       = "Traces"
      actions   = ["xray:*"]
      resources = ["*"]
    }
  }

  dynamic "statement" {
    for_each = var.traced ? [] : [aws_sns_topic.other]
    iterator = topic

    content {
      sid       = "Topic"
      actions   = ["sns:Publish"]
      resources = [topic.value.arn]
    }
  }

  dynamic "statement" {
    for_each = concat(
      [
        { sid = "Connections", actions = ["execute-api:ManageConnections"], resources = ["${aws_sns_topic.other.arn}/${var.stage}/POST/@connections/*"], conditions = [] },
        local.key_statement,
      ],
      [for name, queue in local.queues : { sid = "Queue", actions = ["sqs:*"], resources = [queue.key], conditions = [] }],
    )

    content {
      sid       = statement.value.sid
      actions   = statement.value.actions
      resources = statement.value.resources

      dynamic "condition" {
        for_each = statement.value.conditions

        content {
          test     = condition.value.test
          variable = condition.value.variable
          values   = condition.value.values
        }
      }
    }
  }
}

resource "aws_iam_role_policy" "blocks" {
  name   = "blocks"
  role   = aws_iam_role.known.name
  policy = data.aws_iam_policy_document.blocks.json
}

resource "aws_sqs_queue" "mapped" {
  for_each          = { for name, queue in local.queues : name => merge(queue, { delay = 1 }) }
  name              = each.value.name
  kms_master_key_id = each.value.key
}

# Blocks of a set, which the plan has in another order.
resource "aws_cloudwatch_metric_alarm" "set" {
  alarm_name          = "set"
  comparison_operator = "GreaterThanThreshold"
  evaluation_periods  = 1
  threshold           = 1

  metric_query {
    id          = "z"
    account_id  = aws_kms_key.main.id
    return_data = true

    metric {
      metric_name = "a"
      namespace   = "n"
      period      = 60
      stat        = "Sum"
    }
  }

  metric_query {
    id         = "a"
    account_id = aws_sns_topic.other.id

    metric {
      metric_name = "b"
      namespace   = "n"
      period      = 60
      stat        = "Sum"
    }
  }
}

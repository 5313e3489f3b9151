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

data "aws_iam_policy_document" "role" {
  statement {
    actions   = ["sqs:SendMessage"]
    resources = ["arn:aws:sqs:eu-west-1:111122223333:q"]

    principals {
      type        = "AWS"
      identifiers = ["arn:aws:iam::111122223333:role/sender"]
    }
  }
}

# pass: messaging/foreign-account
resource "aws_sqs_queue_policy" "role" {
  queue_url = "https://sqs.eu-west-1.amazonaws.com/111122223333/q"
  policy    = data.aws_iam_policy_document.role.json
}

data "aws_iam_policy_document" "who_later" {
  statement {
    actions   = ["sqs:SendMessage"]
    resources = ["arn:aws:sqs:eu-west-1:111122223333:q"]

    principals {
      type        = "AWS"
      identifiers = [local.later]
    }
  }
}

# unknown: messaging/foreign-account
resource "aws_sqs_queue_policy" "who_later" {
  queue_url = "https://sqs.eu-west-1.amazonaws.com/111122223333/q"
  policy    = data.aws_iam_policy_document.who_later.json
}

data "aws_iam_policy_document" "a_role_later" {
  statement {
    actions   = ["sqs:SendMessage"]
    resources = ["arn:aws:sqs:eu-west-1:111122223333:q"]

    principals {
      type        = "AWS"
      identifiers = [aws_iam_role.sender.arn]
    }
  }
}

# pass: messaging/foreign-account
resource "aws_sqs_queue_policy" "a_role_later" {
  queue_url = "https://sqs.eu-west-1.amazonaws.com/111122223333/q"
  policy    = data.aws_iam_policy_document.a_role_later.json
}

# unknown: messaging/foreign-account
resource "aws_sqs_queue_policy" "composed" {
  queue_url = "https://sqs.eu-west-1.amazonaws.com/111122223333/q"
  policy    = jsonencode({ Version = "2012-10-17", Statement = [{ Effect = "Allow", Principal = local.later, Action = "sqs:SendMessage", Resource = "*" }] })
}

resource "aws_iam_role" "sender" {
  name_prefix        = "sender"
  assume_role_policy = jsonencode({ Version = "2012-10-17", Statement = [] })
}

data "aws_iam_policy_document" "own_account" {
  statement {
    actions   = ["sqs:SendMessage"]
    resources = ["arn:aws:sqs:eu-west-1:111122223333:q"]

    principals {
      type        = "AWS"
      identifiers = ["arn:aws:iam::111122223333:root"]
    }
  }
}

# pass: messaging/foreign-account
resource "aws_sqs_queue_policy" "own_account" {
  queue_url = "https://sqs.eu-west-1.amazonaws.com/111122223333/q"
  policy    = data.aws_iam_policy_document.own_account.json
}

data "aws_iam_policy_document" "foreign_account" {
  statement {
    actions   = ["sqs:SendMessage"]
    resources = ["arn:aws:sqs:eu-west-1:111122223333:q"]

    principals {
      type        = "AWS"
      identifiers = ["arn:aws:iam::444455556666:root"]
    }
  }
}

# fail: messaging/foreign-account
resource "aws_sqs_queue_policy" "foreign_account" {
  queue_url = "https://sqs.eu-west-1.amazonaws.com/111122223333/q"
  policy    = data.aws_iam_policy_document.foreign_account.json
}

data "aws_iam_policy_document" "foreign_account_by_number" {
  statement {
    actions   = ["sqs:SendMessage"]
    resources = ["arn:aws:sqs:eu-west-1:111122223333:q"]

    principals {
      type        = "AWS"
      identifiers = ["444455556666"]
    }
  }
}

# fail: messaging/foreign-account
resource "aws_sqs_queue_policy" "foreign_account_by_number" {
  queue_url = "https://sqs.eu-west-1.amazonaws.com/111122223333/q"
  policy    = data.aws_iam_policy_document.foreign_account_by_number.json
}

data "aws_iam_policy_document" "foreign_role" {
  statement {
    actions   = ["sqs:SendMessage"]
    resources = ["arn:aws:sqs:eu-west-1:111122223333:q"]

    principals {
      type        = "AWS"
      identifiers = ["arn:aws:iam::444455556666:role/sender"]
    }
  }
}

# pass: messaging/foreign-account
resource "aws_sqs_queue_policy" "foreign_role" {
  queue_url = "https://sqs.eu-west-1.amazonaws.com/111122223333/q"
  policy    = data.aws_iam_policy_document.foreign_role.json
}

data "aws_iam_policy_document" "foreign_account_later" {
  statement {
    actions   = ["sqs:SendMessage"]
    resources = [aws_sqs_queue.jobs.arn]

    principals {
      type        = "AWS"
      identifiers = ["444455556666"]
    }
  }
}

# Whose account this is, is known after apply.
# unknown: messaging/foreign-account
resource "aws_sqs_queue_policy" "foreign_account_later" {
  queue_url = "https://sqs.eu-west-1.amazonaws.com/111122223333/q"
  policy    = data.aws_iam_policy_document.foreign_account_later.json
}

resource "aws_sns_topic" "news" {
  name = "news"
}

data "aws_iam_policy_document" "topic_role" {
  statement {
    actions   = ["sns:Publish"]
    resources = ["arn:aws:sns:eu-west-1:111122223333:t"]

    principals {
      type        = "AWS"
      identifiers = ["arn:aws:iam::111122223333:role/sender"]
    }
  }
}

# pass: messaging/foreign-account
resource "aws_sns_topic_policy" "topic_role" {
  arn    = "arn:aws:sns:eu-west-1:111122223333:t"
  policy = data.aws_iam_policy_document.topic_role.json
}

data "aws_iam_policy_document" "topic_who_later" {
  statement {
    actions   = ["sns:Publish"]
    resources = ["arn:aws:sns:eu-west-1:111122223333:t"]

    principals {
      type        = "AWS"
      identifiers = [local.later]
    }
  }
}

# unknown: messaging/foreign-account
resource "aws_sns_topic_policy" "topic_who_later" {
  arn    = "arn:aws:sns:eu-west-1:111122223333:t"
  policy = data.aws_iam_policy_document.topic_who_later.json
}

# unknown: messaging/foreign-account
resource "aws_sns_topic_policy" "topic_composed" {
  arn    = "arn:aws:sns:eu-west-1:111122223333:t"
  policy = jsonencode({ Version = "2012-10-17", Statement = [{ Effect = "Allow", Principal = local.later, Action = "sns:Publish", Resource = "*" }] })
}

# pass: messaging/subscription-http
resource "aws_sns_topic_subscription" "https" {
  topic_arn = aws_sns_topic.news.arn
  protocol  = "https"
  endpoint  = "https://pager.example.com/alarm"
}

# fail: messaging/subscription-http
resource "aws_sns_topic_subscription" "http" {
  topic_arn = aws_sns_topic.news.arn
  protocol  = "http"
  endpoint  = "http://pager.example.com/alarm"
}

# unknown: messaging/subscription-http
resource "aws_sns_topic_subscription" "later" {
  topic_arn = aws_sns_topic.news.arn
  protocol  = local.later
  endpoint  = "later://pager.example.com/alarm"
}

# pass: messaging/dead-letter-queue
# fail: messaging/queue-tls
resource "aws_sqs_queue" "jobs" {
  name = "jobs"

  redrive_policy = jsonencode({
    deadLetterTargetArn = aws_sqs_queue.jobs_failed.arn
    maxReceiveCount     = 5
  })
}

# pass: messaging/dead-letter-alarm, messaging/dead-letter-retention, messaging/dead-letter-sources
# fail: messaging/queue-tls
resource "aws_sqs_queue" "jobs_failed" {
  name                      = "jobs-failed"
  message_retention_seconds = 1209600
}

resource "aws_sqs_queue_redrive_allow_policy" "jobs_failed" {
  queue_url = aws_sqs_queue.jobs_failed.id

  redrive_allow_policy = jsonencode({
    redrivePermission = "byQueue"
    sourceQueueArns   = [aws_sqs_queue.jobs.arn]
  })
}

resource "aws_cloudwatch_metric_alarm" "jobs_failed" {
  alarm_name          = "jobs_failed"
  namespace           = "AWS/SQS"
  metric_name         = "ApproximateNumberOfMessagesVisible"
  dimensions          = { QueueName = aws_sqs_queue.jobs_failed.name }
  statistic           = "Maximum"
  period              = 300
  evaluation_periods  = 1
  threshold           = 1
  comparison_operator = "GreaterThanOrEqualToThreshold"
}

resource "aws_cloudwatch_metric_alarm" "literal_failed" {
  alarm_name          = "literal_failed"
  namespace           = "AWS/SQS"
  metric_name         = "ApproximateNumberOfMessagesVisible"
  dimensions          = { QueueName = "literal-failed" }
  statistic           = "Maximum"
  period              = 300
  evaluation_periods  = 1
  threshold           = 1
  comparison_operator = "GreaterThanOrEqualToThreshold"
}

resource "aws_cloudwatch_metric_alarm" "sent" {
  alarm_name          = "sent"
  namespace           = "AWS/SQS"
  metric_name         = "NumberOfMessagesSent"
  dimensions          = { QueueName = "short-failed" }
  statistic           = "Maximum"
  period              = 300
  evaluation_periods  = 1
  threshold           = 1
  comparison_operator = "GreaterThanOrEqualToThreshold"
}

# fail: messaging/dead-letter-queue, messaging/queue-tls
resource "aws_sqs_queue" "alone" {
  name = "alone"
}

# pass: messaging/dead-letter-queue
# fail: messaging/queue-tls
resource "aws_sqs_queue" "by_resource" {
  name                      = "by-resource"
  message_retention_seconds = 86400
}

resource "aws_sqs_queue_redrive_policy" "by_resource" {
  queue_url = aws_sqs_queue.by_resource.id

  redrive_policy = jsonencode({
    deadLetterTargetArn = aws_sqs_queue.by_resource_failed.arn
    maxReceiveCount     = 5
  })
}

resource "aws_cloudwatch_metric_alarm" "math" {
  alarm_name          = "math"
  evaluation_periods  = 1
  threshold           = 1
  comparison_operator = "GreaterThanOrEqualToThreshold"

  metric_query {
    id          = "all"
    expression  = "one + 0"
    return_data = true
  }

  metric_query {
    id = "one"

    metric {
      namespace   = "AWS/SQS"
      metric_name = "ApproximateNumberOfMessagesVisible"
      period      = 300
      stat        = "Maximum"
      dimensions  = { QueueName = "by-resource-failed" }
    }
  }
}

# pass: messaging/dead-letter-alarm, messaging/dead-letter-retention
# fail: messaging/dead-letter-sources
# fail: messaging/queue-tls
resource "aws_sqs_queue" "by_resource_failed" {
  name = "by-resource-failed"
}

# pass: messaging/dead-letter-queue
# fail: messaging/queue-tls
resource "aws_sqs_queue" "literal" {
  name = "literal"

  redrive_policy = jsonencode({
    deadLetterTargetArn = "arn:aws:sqs:eu-west-1:111122223333:literal-failed"
    maxReceiveCount     = 5
  })
}

# Four days each: AWS's default.
# pass: messaging/dead-letter-alarm
# fail: messaging/dead-letter-retention, messaging/dead-letter-sources, messaging/queue-tls
resource "aws_sqs_queue" "literal_failed" {
  name = "literal-failed"

  redrive_allow_policy = jsonencode({ redrivePermission = "allowAll" })
}

# pass: messaging/dead-letter-queue
# fail: messaging/queue-tls
resource "aws_sqs_queue" "short" {
  name = "short"

  redrive_policy = jsonencode({
    deadLetterTargetArn = aws_sqs_queue.short_failed.arn
    maxReceiveCount     = 5
  })
}

# pass: messaging/dead-letter-sources
# fail: messaging/dead-letter-alarm, messaging/dead-letter-retention, messaging/queue-tls
resource "aws_sqs_queue" "short_failed" {
  name                      = "short-failed"
  message_retention_seconds = 3600

  redrive_allow_policy = jsonencode({ redrivePermission = "byQueue", sourceQueueArns = ["arn:aws:sqs:eu-west-1:111122223333:short"] })
}

# pass: messaging/dead-letter-queue
# fail: messaging/queue-tls
resource "aws_sqs_queue" "later" {
  name = "later"

  redrive_policy = jsonencode({
    deadLetterTargetArn = aws_sqs_queue.later_failed.arn
    maxReceiveCount     = 5
  })
}

# fail: messaging/dead-letter-alarm
# fail: messaging/queue-tls
# unknown: messaging/dead-letter-retention, messaging/dead-letter-sources
resource "aws_sqs_queue" "later_failed" {
  name                      = "later-failed"
  message_retention_seconds = local.number

  redrive_allow_policy = local.later
}

# pass: messaging/dead-letter-queue
# fail: messaging/queue-tls
resource "aws_sqs_queue" "fifo" {
  name       = "jobs.fifo"
  fifo_queue = true

  redrive_policy = jsonencode({
    deadLetterTargetArn = aws_sqs_queue.fifo_failed.arn
    maxReceiveCount     = 5
  })
}

# A FIFO queue starts the clock anew.
# pass: messaging/dead-letter-sources
# fail: messaging/dead-letter-alarm
# fail: messaging/queue-tls
resource "aws_sqs_queue" "fifo_failed" {
  name       = "failed.fifo"
  fifo_queue = true

  redrive_allow_policy = jsonencode({ redrivePermission = "byQueue", sourceQueueArns = ["arn:aws:sqs:eu-west-1:111122223333:jobs.fifo"] })
}

# fail: messaging/queue-tls
# unknown: messaging/dead-letter-queue
resource "aws_sqs_queue" "perhaps" {
  name = "perhaps"

  redrive_policy = local.later
}

# fail: messaging/queue-tls
# unknown: messaging/dead-letter-alarm
resource "aws_sqs_queue" "perhaps_watched" {
  name = "perhaps-watched"

  redrive_allow_policy = jsonencode({ redrivePermission = "denyAll" })
}

# pass: messaging/subscription-http
resource "aws_sns_topic_subscription" "to_perhaps_watched" {
  topic_arn      = aws_sns_topic.news.arn
  protocol       = "https"
  endpoint       = "https://pager.example.com/alarm"
  redrive_policy = jsonencode({ deadLetterTargetArn = aws_sqs_queue.perhaps_watched.arn })
}

resource "aws_cloudwatch_metric_alarm" "perhaps_watched" {
  alarm_name          = "perhaps_watched"
  namespace           = "AWS/SQS"
  metric_name         = local.later
  dimensions          = { QueueName = aws_sqs_queue.perhaps_watched.name }
  statistic           = "Maximum"
  period              = 300
  evaluation_periods  = 1
  threshold           = 1
  comparison_operator = "GreaterThanOrEqualToThreshold"
}

# Of a function.
# fail: messaging/dead-letter-alarm
# fail: messaging/queue-tls
resource "aws_sqs_queue" "failures" {
  name = "failures"
}

resource "aws_lambda_function" "worker" {
  function_name = "worker"
  role          = "arn:aws:iam::111122223333:role/worker"
  filename      = "code.zip"
  runtime       = "provided.al2023"
  handler       = "bootstrap"

  dead_letter_config {
    target_arn = aws_sqs_queue.failures.arn
  }
}

# pass: messaging/dead-letter-queue, messaging/queue-tls
resource "aws_sqs_queue" "over_tls" {
  name = "over-tls"

  redrive_policy = jsonencode({
    deadLetterTargetArn = aws_sqs_queue.jobs_failed.arn
    maxReceiveCount     = 5
  })
}

data "aws_iam_policy_document" "over_tls" {
  statement {
    effect    = "Deny"
    actions   = ["sqs:*"]
    resources = [aws_sqs_queue.over_tls.arn]

    principals {
      type        = "*"
      identifiers = ["*"]
    }

    condition {
      test     = "Bool"
      variable = "aws:SecureTransport"
      values   = ["false"]
    }
  }
}

# pass: messaging/foreign-account
resource "aws_sqs_queue_policy" "over_tls" {
  queue_url = aws_sqs_queue.over_tls.id
  policy    = data.aws_iam_policy_document.over_tls.json
}

data "aws_iam_policy_document" "inline_tls" {
  statement {
    effect    = "Deny"
    actions   = ["sqs:*"]
    resources = ["*"]

    principals {
      type        = "*"
      identifiers = ["*"]
    }

    condition {
      test     = "Bool"
      variable = "aws:SecureTransport"
      values   = ["false"]
    }
  }
}

# pass: messaging/dead-letter-queue, messaging/foreign-account, messaging/queue-tls
resource "aws_sqs_queue" "inline_tls" {
  name   = "inline-tls"
  policy = data.aws_iam_policy_document.inline_tls.json

  redrive_policy = jsonencode({
    deadLetterTargetArn = aws_sqs_queue.jobs_failed.arn
    maxReceiveCount     = 5
  })
}

# pass: messaging/dead-letter-queue
# unknown: messaging/foreign-account, messaging/queue-tls
resource "aws_sqs_queue" "tls_composed" {
  name   = "tls-composed"
  policy = jsonencode({ Version = "2012-10-17", Statement = [{ Effect = "Deny", Principal = local.later, Action = "*", Resource = "*" }] })

  redrive_policy = jsonencode({
    deadLetterTargetArn = aws_sqs_queue.jobs_failed.arn
    maxReceiveCount     = 5
  })
}

# Each refuses something else than all requests without TLS.
# pass: messaging/foreign-account
# fail: messaging/dead-letter-queue, messaging/queue-tls
resource "aws_sqs_queue" "tls_half" {
  for_each = {
    effect = { Effect = "Allow" }
    who    = { Principal = { AWS = "arn:aws:iam::111122223333:role/chat" } }
    action = { Action = "sqs:SendMessage" }
    test   = { Condition = { StringNotEquals = { "aws:SecureTransport" = "false" } } }
    key    = { Condition = { Bool = { "aws:ViaAWSService" = "false" } } }
    value  = { Condition = { Bool = { "aws:SecureTransport" = "true" } } }
    more   = { Condition = { Bool = { "aws:SecureTransport" = "false" }, StringEquals = { "aws:PrincipalTag/team" = "chat" } } }
  }

  policy = jsonencode({ Statement = [merge({ Effect = "Deny", Principal = "*", Action = "sqs:*", Resource = "*", Condition = { Bool = { "aws:SecureTransport" = "false" } } }, each.value)] })
}

# pass: messaging/foreign-account, messaging/queue-tls
# fail: messaging/dead-letter-queue
resource "aws_sqs_queue" "tls_if_exists" {
  policy = jsonencode({ Statement = [{ Effect = "Deny", Principal = "*", Action = "*", Resource = "*", Condition = { BoolIfExists = { "aws:SecureTransport" = "false" } } }] })
}

#### How long the dead are kept ####

# Fourteen days is the most there is, for both.
# pass: messaging/dead-letter-queue
# fail: messaging/queue-tls
resource "aws_sqs_queue" "longest" {
  name                      = "longest"
  message_retention_seconds = 1209600

  redrive_policy = jsonencode({ deadLetterTargetArn = "arn:aws:sqs:eu-west-1:111122223333:longest-failed", maxReceiveCount = 5 })
}

# pass: messaging/dead-letter-retention
# fail: messaging/dead-letter-alarm, messaging/dead-letter-sources, messaging/queue-tls
resource "aws_sqs_queue" "longest_failed" {
  name                      = "longest-failed"
  message_retention_seconds = 1209600
}

# Nothing is kept for longer, however long the queue keeps its own.
# pass: messaging/dead-letter-queue
# fail: messaging/queue-tls
resource "aws_sqs_queue" "some_time" {
  name                      = "some-time"
  message_retention_seconds = local.number

  redrive_policy = jsonencode({ deadLetterTargetArn = "arn:aws:sqs:eu-west-1:111122223333:some-time-failed", maxReceiveCount = 5 })
}

# pass: messaging/dead-letter-retention
# fail: messaging/dead-letter-alarm, messaging/dead-letter-sources, messaging/queue-tls
resource "aws_sqs_queue" "some_time_failed" {
  name                      = "some-time-failed"
  message_retention_seconds = 1209600
}

# pass: messaging/dead-letter-queue
# fail: messaging/queue-tls
resource "aws_sqs_queue" "fifo_by_resource" {
  name       = "by-resource.fifo"
  fifo_queue = true
}

resource "aws_sqs_queue_redrive_policy" "fifo_by_resource" {
  queue_url      = aws_sqs_queue.fifo_by_resource.id
  redrive_policy = jsonencode({ deadLetterTargetArn = "arn:aws:sqs:eu-west-1:111122223333:by-resource-failed.fifo", maxReceiveCount = 5 })
}

# fail: messaging/dead-letter-alarm, messaging/dead-letter-sources, messaging/queue-tls
resource "aws_sqs_queue" "fifo_by_resource_failed" {
  name       = "by-resource-failed.fifo"
  fifo_queue = true
}

# One dead-letter queue for each, by number.
# fail: messaging/dead-letter-alarm, messaging/dead-letter-retention, messaging/dead-letter-sources, messaging/queue-tls
resource "aws_sqs_queue" "counted_last" {
  count                   = 2
  name                    = "counted-last-${count.index}"
  sqs_managed_sse_enabled = true
}

# fail: messaging/queue-tls
# pass: messaging/dead-letter-queue
resource "aws_sqs_queue" "counted" {
  count                   = 2
  name                    = "counted-${count.index}"
  sqs_managed_sse_enabled = true
  redrive_policy          = jsonencode({ deadLetterTargetArn = aws_sqs_queue.counted_last[count.index].arn, maxReceiveCount = 3 })
}

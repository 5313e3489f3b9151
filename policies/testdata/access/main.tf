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


locals {
  queue = "arn:aws:sqs:eu-west-1:111122223333:jobs"
}

resource "aws_iam_role" "producer" {
  assume_role_policy = jsonencode({ Statement = { Effect = "Allow", Action = "sts:AssumeRole", Principal = { Service = "lambda.amazonaws.com" } } })
}

#### Everybody ####

# fail: access/public
# pass: access/all-actions
resource "aws_sqs_queue" "open" {
  policy = jsonencode({ Statement = { Effect = "Allow", Principal = "*", Action = "sqs:SendMessage", Resource = local.queue } })
}

# fail: access/public
# pass: access/all-actions
resource "aws_sns_topic_policy" "open" {
  arn    = "arn:aws:sns:eu-west-1:111122223333:jobs"
  policy = jsonencode({ Statement = { Effect = "Allow", Principal = { AWS = "*" }, Action = "sns:Publish", Resource = "*", Condition = { StringLike = { "aws:PrincipalArn" = "*" }, Bool = { "aws:SecureTransport" = "true" } } } })
}

# fail: access/public
# pass: access/all-actions
resource "aws_s3_bucket" "open" {
  policy = jsonencode({ Statement = { Effect = "Allow", Principal = "*", Action = "s3:GetObject", Resource = "arn:aws:s3:::files/*" } })
}

# Everybody can have a role of that name.
# fail: access/public
# pass: access/all-actions
resource "aws_s3_bucket_policy" "any_producer" {
  bucket = "files"
  policy = jsonencode({ Statement = { Effect = "Allow", Principal = "*", Action = "s3:PutObject", Resource = "arn:aws:s3:::files/*", Condition = { ArnLike = { "aws:PrincipalArn" = "arn:aws:iam::*:role/producer" } } } })
}

# fail: access/public
# pass: access/all-actions
resource "aws_s3_bucket_policy" "all_addresses_in_halves" {
  bucket = "files"
  policy = jsonencode({ Statement = { Effect = "Allow", Principal = "*", Action = "s3:GetObject", Resource = "arn:aws:s3:::files/*", Condition = { IpAddress = { "aws:SourceIp" = ["0.0.0.0/1", "128.0.0.0/1"] } } } })
}

# pass: access/all-actions, access/public
resource "aws_kms_key_policy" "of_account" {
  key_id = "k"
  policy = jsonencode({ Statement = [
    { Effect = "Allow", Principal = { AWS = "arn:aws:iam::111122223333:root" }, Action = "kms:*", Resource = "*" },
    { Effect = "Allow", Principal = { AWS = "*" }, Action = "kms:Decrypt", Resource = "*", Condition = { StringEquals = { "kms:CallerAccount" = "111122223333", "kms:ViaService" = "sqs.eu-west-1.amazonaws.com" } } },
  ] })
}

# Everybody, and a Deny for all but one network.
# pass: access/all-actions, access/public
resource "aws_s3_bucket_policy" "fenced" {
  bucket = "files"
  policy = jsonencode({ Statement = [
    { Effect = "Allow", Principal = "*", Action = "s3:GetObject", Resource = "arn:aws:s3:::files/*" },
    { Effect = "Deny", Principal = "*", Action = "s3:*", Resource = "arn:aws:s3:::files/*", Condition = { StringNotEquals = { "aws:SourceVpce" = "vpce-1" } } },
  ] })
}

# A fence for plain HTTP, or for one network only, is none.
# fail: access/public
# pass: access/all-actions
resource "aws_s3_bucket_policy" "not_fenced" {
  bucket = "files"
  policy = jsonencode({ Statement = [
    { Effect = "Allow", Principal = "*", Action = "s3:GetObject", Resource = "arn:aws:s3:::files/*" },
    { Effect = "Deny", Principal = "*", Action = "s3:*", Resource = "arn:aws:s3:::files/*", Condition = { Bool = { "aws:SecureTransport" = "false" } } },
    { Effect = "Deny", Principal = "*", Action = "s3:*", Resource = "arn:aws:s3:::files/*", Condition = { StringEquals = { "aws:SourceVpce" = "vpce-2" } } },
  ] })
}

data "aws_iam_policy_document" "role" {
  statement {
    actions   = ["sqs:SendMessage"]
    resources = [local.queue]

    principals {
      type        = "AWS"
      identifiers = [aws_iam_role.producer.arn]
    }
  }
}

# pass: access/all-actions, access/public
resource "aws_sqs_queue_policy" "role" {
  queue_url = "https://sqs.eu-west-1.amazonaws.com/111122223333/jobs"
  policy    = data.aws_iam_policy_document.role.json
}

# Nothing is set: the owner's account alone.
resource "aws_sqs_queue" "default" {
}

data "aws_iam_policy_document" "later" {
  statement {
    actions   = ["sqs:SendMessage"]
    resources = [local.queue]

    principals {
      type        = "AWS"
      identifiers = [local.later]
    }
  }

  statement {
    actions   = ["sqs:*"]
    resources = [local.queue]

    principals {
      type        = "AWS"
      identifiers = [local.later]
    }
  }

  statement {
    actions   = ["sqs:SendMessage"]
    resources = [local.queue]

    principals {
      type        = "AWS"
      identifiers = ["*"]
    }

    principals {
      type        = "Service"
      identifiers = ["sns.amazonaws.com"]
    }

    dynamic "condition" {
      for_each = local.bool ? ["a"] : []

      content {
        test     = "ArnEquals"
        variable = "aws:SourceArn"
        values   = [condition.value]
      }
    }
  }

  statement {
    actions   = ["sqs:SendMessage"]
    resources = [local.queue]

    principals {
      type        = "Service"
      identifiers = [local.later]
    }
  }

  statement {
    actions   = ["sqs:SendMessage"]
    resources = [local.queue]

    dynamic "principals" {
      for_each = local.bool ? ["a"] : []

      content {
        type        = "AWS"
        identifiers = [principals.value]
      }
    }
  }

  statement {
    effect    = local.bool ? "Allow" : "Deny"
    actions   = ["sqs:SendMessage"]
    resources = [local.queue]

    not_principals {
      type        = "AWS"
      identifiers = ["arn:aws:iam::111122223333:root"]
    }
  }
}

# unknown: access/all-actions, access/confused-deputy, access/not-principal, access/public
resource "aws_sqs_queue_policy" "later" {
  queue_url = "https://sqs.eu-west-1.amazonaws.com/111122223333/jobs"
  policy    = data.aws_iam_policy_document.later.json
}

# The policy of an endpoint bounds what others grant.
resource "aws_vpc_endpoint_policy" "all" {
  vpc_endpoint_id = "vpce-1"
  policy          = jsonencode({ Statement = { Effect = "Allow", Principal = "*", Action = "*", Resource = "*" } })
}

#### Services ####

# fail: access/confused-deputy
# pass: access/all-actions, access/public
resource "aws_sqs_queue_policy" "any_rule" {
  queue_url = "https://sqs.eu-west-1.amazonaws.com/111122223333/jobs"
  policy    = jsonencode({ Statement = { Effect = "Allow", Principal = { Service = "events.amazonaws.com" }, Action = "sqs:SendMessage", Resource = local.queue } })
}

# pass: access/all-actions, access/confused-deputy, access/public
resource "aws_sqs_queue_policy" "one_rule" {
  queue_url = "https://sqs.eu-west-1.amazonaws.com/111122223333/jobs"
  policy    = jsonencode({ Statement = { Effect = "Allow", Principal = { Service = "events.amazonaws.com" }, Action = "sqs:SendMessage", Resource = local.queue, Condition = { ArnEquals = { "aws:SourceArn" = "arn:aws:events:eu-west-1:111122223333:rule/jobs" } } } })
}

# IfExists: who says nothing is let in.
# fail: access/confused-deputy
# pass: access/all-actions, access/public
resource "aws_s3_bucket_policy" "any_distribution" {
  bucket = "files"
  policy = jsonencode({ Statement = { Effect = "Allow", Principal = { Service = "cloudfront.amazonaws.com" }, Action = "s3:GetObject", Resource = "arn:aws:s3:::files/*", Condition = { ArnEqualsIfExists = { "aws:SourceArn" = "arn:aws:cloudfront::111122223333:distribution/E1" } } } })
}

data "aws_iam_policy_document" "logs" {
  statement {
    actions   = ["kms:Decrypt*", "kms:Encrypt*"]
    resources = ["*"]

    principals {
      type        = "Service"
      identifiers = ["logs.eu-west-1.amazonaws.com"]
    }

    condition {
      test     = "ArnEquals"
      variable = "kms:EncryptionContext:aws:logs:arn"
      values   = ["arn:aws:logs:eu-west-1:${local.later}:log-group:chat"]
    }
  }
}

# pass: access/all-actions, access/confused-deputy, access/public
resource "aws_kms_key" "logs" {
  policy = data.aws_iam_policy_document.logs.json
}

# fail: access/confused-deputy
# pass: access/all-actions, access/public
resource "aws_s3_bucket" "any_account" {
  policy = jsonencode({ Statement = { Effect = "Allow", Principal = { Service = "logging.s3.amazonaws.com" }, Action = "s3:PutObject", Resource = "arn:aws:s3:::files/*", Condition = { ArnLike = { "aws:SourceArn" = "arn:aws:s3:::*" } } } })
}

# fail: access/confused-deputy
# pass: access/all-actions, access/public
resource "aws_kms_key" "logs_of_any_account" {
  policy = jsonencode({ Statement = { Effect = "Allow", Principal = { Service = "logs.eu-west-1.amazonaws.com" }, Action = "kms:Decrypt*", Resource = "*", Condition = { ArnLike = { "kms:EncryptionContext:aws:logs:arn" = "arn:aws:logs:eu-west-1:*:*" } } } })
}

# EventBridge says nothing where a topic is meant.
# pass: access/all-actions, access/public
resource "aws_sns_topic_policy" "rule" {
  arn    = "arn:aws:sns:eu-west-1:111122223333:jobs"
  policy = jsonencode({ Statement = { Effect = "Allow", Principal = { Service = "events.amazonaws.com" }, Action = "sns:Publish", Resource = "*" } })
}

#### Actions and those left out ####

# fail: access/all-actions
# pass: access/public
resource "aws_sqs_queue_policy" "all_actions" {
  queue_url = "https://sqs.eu-west-1.amazonaws.com/111122223333/jobs"
  policy    = jsonencode({ Statement = { Effect = "Allow", Principal = { AWS = "arn:aws:iam::111122223333:role/producer" }, Action = "sqs:*", Resource = local.queue } })
}

# fail: access/not-principal
# pass: access/all-actions, access/public
resource "aws_sqs_queue_policy" "not_principal" {
  queue_url = "https://sqs.eu-west-1.amazonaws.com/111122223333/jobs"
  policy    = jsonencode({ Statement = { Effect = "Allow", NotPrincipal = { AWS = "arn:aws:iam::111122223333:user/x" }, Action = "sqs:SendMessage", Resource = local.queue } })
}

# pass: access/not-principal
resource "aws_sqs_queue_policy" "denies_the_rest" {
  queue_url = "https://sqs.eu-west-1.amazonaws.com/111122223333/jobs"
  policy    = jsonencode({ Statement = { Effect = "Deny", NotPrincipal = { AWS = "arn:aws:iam::111122223333:root" }, Action = "sqs:SendMessage", Resource = local.queue } })
}

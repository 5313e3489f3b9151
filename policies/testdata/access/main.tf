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
resource "aws_sqs_queue" "open_in_small_letters" {
  policy = jsonencode({ Statement = { Effect = "Allow", Principal = { aws = "*" }, Action = "sqs:SendMessage", Resource = local.queue } })
}

# fail: access/public
# pass: access/all-actions
resource "aws_sns_topic_policy" "open" {
  arn    = "arn:aws:sns:eu-west-1:111122223333:jobs"
  policy = jsonencode({ Statement = { Effect = "Allow", Principal = { AWS = "*" }, Action = "sns:Publish", Resource = "*", Condition = { StringLike = { "aws:PrincipalArn" = "*" }, Bool = { "aws:SecureTransport" = "true" } } } })
}

# fail: access/public
# pass: access/all-actions, access/foreign-control
resource "aws_s3_bucket" "open" {
  policy = jsonencode({ Statement = { Effect = "Allow", Principal = "*", Action = "s3:GetObject", Resource = "arn:aws:s3:::files/*" } })
}

# Everybody can have a role of that name.
# fail: access/public
# pass: access/all-actions, access/foreign-control
resource "aws_s3_bucket_policy" "any_producer" {
  bucket = "files"
  policy = jsonencode({ Statement = { Effect = "Allow", Principal = "*", Action = "s3:PutObject", Resource = "arn:aws:s3:::files/*", Condition = { ArnLike = { "aws:PrincipalArn" = "arn:aws:iam::*:role/producer" } } } })
}

# fail: access/public
# pass: access/all-actions, access/foreign-control
resource "aws_s3_bucket_policy" "all_addresses_in_halves" {
  bucket = "files"
  policy = jsonencode({ Statement = { Effect = "Allow", Principal = "*", Action = "s3:GetObject", Resource = "arn:aws:s3:::files/*", Condition = { IpAddress = { "aws:SourceIp" = ["0.0.0.0/1", "128.0.0.0/1"] } } } })
}

# pass: access/all-actions, access/public, access/foreign-control
resource "aws_kms_key_policy" "of_account" {
  key_id = "k"
  policy = jsonencode({ Statement = [
    { Effect = "Allow", Principal = { AWS = "arn:aws:iam::111122223333:root" }, Action = "kms:*", Resource = "*" },
    { Effect = "Allow", Principal = { AWS = "*" }, Action = "kms:Decrypt", Resource = "*", Condition = { StringEquals = { "kms:CallerAccount" = "111122223333", "kms:ViaService" = "sqs.eu-west-1.amazonaws.com" } } },
  ] })
}

# Everybody, and a Deny for all but one network.
# pass: access/all-actions, access/public, access/foreign-control
resource "aws_s3_bucket_policy" "fenced" {
  bucket = "files"
  policy = jsonencode({ Statement = [
    { Effect = "Allow", Principal = "*", Action = "s3:GetObject", Resource = "arn:aws:s3:::files/*" },
    { Effect = "Deny", Principal = "*", Action = "s3:*", Resource = "arn:aws:s3:::files/*", Condition = { StringNotEquals = { "aws:SourceVpce" = "vpce-1" } } },
  ] })
}

# A fence for plain HTTP, or for one network only, is none.
# fail: access/public
# pass: access/all-actions, access/foreign-control
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
# pass: access/all-actions, access/public, access/foreign-control
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

# pass: access/all-actions, access/confused-deputy, access/public, access/foreign-control
resource "aws_kms_key" "logs" {
  policy = data.aws_iam_policy_document.logs.json
}

# fail: access/confused-deputy
# pass: access/all-actions, access/public, access/foreign-control
resource "aws_s3_bucket" "any_account" {
  policy = jsonencode({ Statement = { Effect = "Allow", Principal = { Service = "logging.s3.amazonaws.com" }, Action = "s3:PutObject", Resource = "arn:aws:s3:::files/*", Condition = { ArnLike = { "aws:SourceArn" = "arn:aws:s3:::*" } } } })
}

# fail: access/confused-deputy
# pass: access/all-actions, access/public, access/foreign-control
resource "aws_kms_key" "logs_of_any_account" {
  policy = jsonencode({ Statement = { Effect = "Allow", Principal = { Service = "logs.eu-west-1.amazonaws.com" }, Action = "kms:Decrypt*", Resource = "*", Condition = { ArnLike = { "kms:EncryptionContext:aws:logs:arn" = "arn:aws:logs:eu-west-1:*:*" } } } })
}

# EventBridge says nothing where a topic is meant.
# pass: access/all-actions, access/public
resource "aws_sns_topic_policy" "rule" {
  arn    = "arn:aws:sns:eu-west-1:111122223333:jobs"
  policy = jsonencode({ Statement = { Effect = "Allow", Principal = { Service = "events.amazonaws.com" }, Action = "sns:Publish", Resource = "*" } })
}

# Services that say for whom they act, one kind of resource after the other.
# fail: access/confused-deputy
# pass: access/all-actions, access/public
resource "aws_sns_topic_policy" "any_account" {
  for_each = toset(["budgets", "events.rds", "sms-voice"])
  arn      = "arn:aws:sns:eu-west-1:111122223333:jobs"
  policy   = jsonencode({ Statement = { Effect = "Allow", Principal = { Service = "${each.key}.amazonaws.com" }, Action = "sns:Publish", Resource = "*" } })
}

# fail: access/confused-deputy
# pass: access/all-actions, access/foreign-control, access/public
resource "aws_s3_bucket_policy" "any_account" {
  for_each = toset(["appstream", "guardduty", "guardduty.me-south-1", "inspector2", "redshift"])
  bucket   = "files"
  policy   = jsonencode({ Statement = { Effect = "Allow", Principal = { Service = "${each.key}.amazonaws.com" }, Action = "s3:PutObject", Resource = "arn:aws:s3:::files/*" } })
}

# fail: access/confused-deputy
# pass: access/all-actions, access/foreign-control, access/public
resource "aws_s3_access_point" "any_account" {
  name   = "any"
  bucket = "files"
  policy = jsonencode({ Statement = { Effect = "Allow", Principal = { Service = "config.amazonaws.com" }, Action = "s3:PutObject", Resource = "*" } })
}

# fail: access/confused-deputy
# pass: access/all-actions, access/foreign-control, access/public
resource "aws_s3control_access_point_policy" "any_account" {
  access_point_arn = "arn:aws:s3:eu-west-1:111122223333:accesspoint/any"
  policy           = jsonencode({ Statement = { Effect = "Allow", Principal = { Service = "config.amazonaws.com" }, Action = "s3:PutObject", Resource = "*" } })
}

# fail: access/confused-deputy
# pass: access/all-actions, access/foreign-control, access/public
resource "aws_kms_external_key" "any_account" {
  policy = jsonencode({ Statement = { Effect = "Allow", Principal = { Service = "cloudtrail.amazonaws.com" }, Action = "kms:GenerateDataKey*", Resource = "*" } })
}

# pass: access/all-actions, access/confused-deputy, access/foreign-control, access/public
resource "aws_kms_replica_key" "one_account" {
  primary_key_arn = "arn:aws:kms:us-east-1:111122223333:key/mrk-1"
  policy          = jsonencode({ Statement = { Effect = "Allow", Principal = { Service = "cloudtrail.amazonaws.com" }, Action = "kms:GenerateDataKey*", Resource = "*", Condition = { StringEquals = { "aws:SourceAccount" = "111122223333" } } } })
}

#### Everybody, by every kind of resource ####

locals {
  for_everybody = jsonencode({ Version = "2012-10-17", Statement = { Effect = "Allow", Principal = "*", Action = "*", Resource = "*" } })
}

# fail: access/all-actions, access/public
resource "aws_cloudwatch_log_destination_policy" "open" {
  destination_name = "logs"
  access_policy    = local.for_everybody
}

# fail: access/all-actions, access/public
# pass: access/foreign-control
resource "aws_s3_access_point" "open" {
  name   = "open"
  bucket = "files"
  policy = local.for_everybody
}

# fail: access/all-actions, access/public
# pass: access/foreign-control
resource "aws_s3control_access_point_policy" "open" {
  access_point_arn = "arn:aws:s3:eu-west-1:111122223333:accesspoint/open"
  policy           = local.for_everybody
}

# fail: access/all-actions, access/public
# pass: access/foreign-control
resource "aws_kms_external_key" "open" {
  policy = local.for_everybody
}

# fail: access/all-actions, access/public
# pass: access/foreign-control
resource "aws_kms_replica_key" "open" {
  primary_key_arn = "arn:aws:kms:us-east-1:111122223333:key/mrk-1"
  policy          = local.for_everybody
}

# fail: access/all-actions, access/public
resource "aws_secretsmanager_secret_policy" "open" {
  secret_arn = "arn:aws:secretsmanager:eu-west-1:111122223333:secret:token-AbCdEf"
  policy     = local.for_everybody
}

# fail: access/all-actions, access/public
resource "aws_secretsmanager_secret" "open" {
  policy = local.for_everybody
}

# fail: access/all-actions, access/public
resource "aws_dynamodb_resource_policy" "open" {
  resource_arn = "arn:aws:dynamodb:eu-west-1:111122223333:table/rooms"
  policy       = local.for_everybody
}

# fail: access/all-actions, access/public
resource "aws_cloudwatch_event_bus_policy" "open" {
  policy = local.for_everybody
}

# fail: access/all-actions, access/public
resource "aws_cloudwatch_log_resource_policy" "open" {
  policy_name     = "open"
  policy_document = local.for_everybody
}

# fail: access/all-actions, access/public
resource "aws_ecr_repository_policy" "open" {
  repository = "chat"
  policy     = local.for_everybody
}

# fail: access/all-actions, access/public
resource "aws_kinesis_resource_policy" "open" {
  resource_arn = "arn:aws:kinesis:eu-west-1:111122223333:stream/events"
  policy       = local.for_everybody
}

# fail: access/all-actions, access/public
resource "aws_backup_vault_policy" "open" {
  backup_vault_name = "vault"
  policy            = local.for_everybody
}

# fail: access/all-actions, access/public
resource "aws_efs_file_system_policy" "open" {
  file_system_id = "fs-1234abcd"
  policy         = local.for_everybody
}

#### Conditions that bind, and those that do not ####

# fail: access/public
# pass: access/all-actions, access/foreign-control
resource "aws_s3_bucket_policy" "bound_by_nothing" {
  for_each = {
    any_endpoint    = { StringLike = { "aws:SourceVpce" = "vpce-*" } }
    every_endpoint  = { "ForAnyValue:StringLike" = { "aws:sourcevpce" = "*" } }
    has_endpoint    = { Null = { "aws:SourceVpce" = "false" } }
    if_endpoint     = { StringLikeIfExists = { "aws:SourceVpce" = "vpce-1" } }
    any_org         = { StringLike = { "aws:PrincipalOrgID" = "o-*" } }
    any_org_path    = { "ForAnyValue:StringLike" = { "aws:PrincipalOrgPaths" = "o-*/*" } }
    one_org_or_all  = { StringLike = { "aws:PrincipalOrgID" = ["o-a1b2c3d4e5", "*"] } }
    any_account     = { StringLike = { "aws:PrincipalAccount" = "????????????" } }
    any_role        = { StringLike = { "aws:userid" = "AROA*" } }
    all_values      = { "ForAllValues:StringEquals" = { "aws:PrincipalOrgID" = "o-a1b2c3d4e5" } }
    any_topic       = { StringLike = { "aws:SourceArn" = "arn:aws:sns:*" } }
    part_of_account = { ArnLike = { "aws:SourceArn" = "arn:aws:sns:eu-west-1:1*:jobs" } }
    every_address   = { IpAddress = { "aws:SourceIp" = "::/0" } }
    not_an_address  = { NotIpAddress = { "aws:SourceIp" = "192.0.2.0/24" } }
    referer         = { StringLike = { "aws:Referer" = "https://example.com/*" } }
    service_of_aws  = { Bool = { "aws:PrincipalIsAWSService" = "true" } }
    nobody_named    = { StringEquals = { "aws:PrincipalOrgID" = [] } }
  }
  bucket = "files"
  policy = jsonencode({ Statement = { Effect = "Allow", Principal = { AWS = ["arn:aws:iam::111122223333:role/producer", "*"] }, Action = "S3:getobject", Resource = "arn:aws:s3:::files/*", Condition = each.value } })
}

# pass: access/all-actions, access/foreign-control, access/public
resource "aws_s3_bucket_policy" "bound" {
  for_each = {
    endpoints = { "ForAnyValue:StringEquals" = { "aws:SourceVpce" = ["vpce-1", "vpce-2"] } }
    account   = { StringEquals = { "AWS:PrincipalAccount" = "111122223333" } }
    org_path  = { "ForAnyValue:StringLike" = { "aws:PrincipalOrgPaths" = "o-a1b2c3d4e5/r-1/*" } }
    role      = { StringLike = { "aws:userid" = "AROAEXAMPLE:*" } }
    trails    = { ArnLike = { "aws:SourceArn" = "arn:aws:cloudtrail:*:111122223333:trail/*" } }
    bucket    = { ArnLike = { "aws:SourceArn" = "arn:aws:s3:::chat-*" } }
  }
  bucket = "files"
  policy = jsonencode({ statement = { effect = "Allow", principal = "*", action = "s3:GetObject", resource = "arn:aws:s3:::files/*", condition = each.value } })
}

locals {
  # What denies everybody but one endpoint, and what looks like it.
  fence = { Effect = "Deny", Principal = "*", Action = "s3:*", Resource = "*", Condition = { StringNotEquals = { "aws:SourceVpce" = "vpce-1" } } }
  reads = { Effect = "Allow", Principal = "*", Action = "s3:GetObject", Resource = "arn:aws:s3:::files/*" }
}

# fail: access/public
# pass: access/all-actions, access/foreign-control
resource "aws_s3_bucket_policy" "fence_with_a_hole" {
  for_each = {
    other_action   = { Action = "s3:PutObject" }
    other_resource = { Resource = "arn:aws:s3:::files/private/*" }
    other_caller   = { Principal = { AWS = "arn:aws:iam::111122223333:root" } }
    never          = { Condition = { StringNotLike = { "aws:SourceVpce" = "vpce-*" } } }
    with_key_only  = { Condition = { "ForAnyValue:StringNotEquals" = { "aws:SourceVpce" = "vpce-1" } } }
    in_clear_only  = { Condition = { StringNotEquals = { "aws:SourceVpce" = "vpce-1" }, Bool = { "aws:SecureTransport" = "false" } } }
    services_only  = { Condition = { Bool = { "aws:PrincipalIsAWSService" = "false" } } }
    allowing       = { Effect = "Allow", Action = "s3:GetObject", Condition = { StringNotEquals = { "aws:SourceVpce" = "vpce-1" } } }
  }
  bucket = "files"
  policy = jsonencode({ Statement = [local.reads, merge(local.fence, each.value)] })
}

# pass: access/all-actions, access/foreign-control, access/public
resource "aws_s3_bucket_policy" "fence_but_for_services" {
  bucket = "files"
  policy = jsonencode({ Statement = [local.reads, merge(local.fence, { Condition = { StringNotEqualsIfExists = { "aws:PrincipalOrgID" = "o-a1b2c3d4e5" }, BoolIfExists = { "aws:PrincipalIsAWSService" = "false" } } })] })
}

data "aws_iam_policy_document" "fence_later" {
  statement {
    actions   = ["s3:GetObject"]
    resources = ["${aws_s3_bucket.fenced.arn}/*"]

    principals {
      type        = "*"
      identifiers = ["*"]
    }
  }

  statement {
    effect    = "Deny"
    actions   = ["s3:*"]
    resources = [aws_s3_bucket.fenced.arn, "${aws_s3_bucket.fenced.arn}/*"]

    principals {
      type        = "*"
      identifiers = ["*"]
    }

    condition {
      test     = "StringNotEquals"
      variable = "aws:SourceVpce"
      values   = ["vpce-1"]
    }
  }
}

resource "aws_s3_bucket" "fenced" {
  bucket = "fenced"
}

# pass: access/all-actions, access/foreign-control, access/public
resource "aws_s3_bucket_policy" "fence_later" {
  bucket = aws_s3_bucket.fenced.id
  policy = data.aws_iam_policy_document.fence_later.json
}

data "aws_iam_policy_document" "fence_around_something" {
  statement {
    actions   = ["s3:GetObject"]
    resources = ["${aws_s3_bucket.fenced.arn}/*"]

    principals {
      type        = "*"
      identifiers = ["*"]
    }
  }

  statement {
    effect    = "Deny"
    actions   = ["s3:*"]
    resources = [local.later]

    principals {
      type        = "*"
      identifiers = ["*"]
    }

    condition {
      test     = "StringNotEquals"
      variable = "aws:SourceVpce"
      values   = ["vpce-1"]
    }
  }
}

# unknown: access/public
# pass: access/all-actions, access/foreign-control
resource "aws_s3_bucket_policy" "fence_around_something" {
  bucket = "files"
  policy = data.aws_iam_policy_document.fence_around_something.json
}

# Names that are told apart by their case only: which one counts is nowhere said.
resource "aws_s3_bucket_policy" "told_twice" {
  bucket = "files"
  policy = "{\"Statement\":{\"Effect\":\"Allow\",\"Principal\":{\"AWS\":\"111122223333\"},\"principal\":\"*\",\"Action\":\"s3:GetObject\",\"Resource\":\"arn:aws:s3:::files/*\"}}"
}

#### Other accounts ####

# By the ARN of the topic policies the account of this plan is known: 111122223333.
# fail: access/foreign-control
# pass: access/all-actions, access/public
resource "aws_s3_bucket_policy" "partner_may_open" {
  bucket = "files"
  policy = jsonencode({ Statement = { Effect = "Allow", Principal = { AWS = "arn:aws:iam::444455556666:role/reader" }, Action = ["s3:GetObject", "s3:PutBucket*"], Resource = "arn:aws:s3:::files/*" } })
}

# pass: access/all-actions, access/foreign-control, access/public
resource "aws_s3_bucket_policy" "partner_may_read" {
  bucket = "files"
  policy = jsonencode({ Statement = { Effect = "Allow", Principal = { AWS = "arn:aws:iam::444455556666:role/reader" }, Action = "s3:GetObject", Resource = "arn:aws:s3:::files/*" } })
}

# pass: access/all-actions, access/foreign-control, access/public
resource "aws_s3_bucket_policy" "own_role_may_open" {
  bucket = "files"
  policy = jsonencode({ Statement = { Effect = "Allow", Principal = { AWS = "arn:aws:iam::111122223333:role/owner" }, Action = "s3:PutBucketPolicy", Resource = "arn:aws:s3:::files" } })
}

# fail: access/all-actions
# pass: access/public
resource "aws_secretsmanager_secret_policy" "partner_may_all" {
  secret_arn = "arn:aws:secretsmanager:eu-west-1:111122223333:secret:partner"
  policy     = jsonencode({ Statement = { Effect = "Allow", Principal = { AWS = ["111122223333", "444455556666"] }, Action = "secretsmanager:*", Resource = "*" } })
}

# pass: access/all-actions, access/public
resource "aws_secretsmanager_secret_policy" "own_account_may_all" {
  secret_arn = "arn:aws:secretsmanager:eu-west-1:111122223333:secret:own"
  policy     = jsonencode({ Statement = { Effect = "Allow", Principal = { AWS = "111122223333" }, Action = "secretsmanager:*", Resource = "*" } })
}

# fail: access/foreign-control
# pass: access/all-actions, access/public
resource "aws_s3_bucket_policy" "partner_may_all_but" {
  bucket = "files"
  policy = jsonencode({ Statement = { Effect = "Allow", Principal = { AWS = "444455556666" }, NotAction = "s3:DeleteObject", Resource = "arn:aws:s3:::files" } })
}

# pass: access/all-actions, access/foreign-control, access/public
resource "aws_s3_bucket_policy" "partner_may_nothing_here" {
  bucket = "files"
  policy = jsonencode({ Statement = { Effect = "Allow", Principal = { AWS = "444455556666" }, NotAction = "s3:*", Resource = "arn:aws:s3:::files" } })
}

# fail: access/foreign-control
# pass: access/all-actions, access/public
resource "aws_s3_bucket_policy" "organisation_may_open" {
  bucket = "files"
  policy = jsonencode({ Statement = { Effect = "Allow", Principal = "*", Action = "s3:PutObjectAcl", Resource = "arn:aws:s3:::files/*", Condition = { StringEquals = { "aws:PrincipalOrgID" = "o-a1b2c3d4e5" } } } })
}

# pass: access/all-actions, access/foreign-control, access/public
resource "aws_s3_bucket_policy" "own_account_by_condition" {
  bucket = "files"
  policy = jsonencode({ Statement = { Effect = "Allow", Principal = "*", Action = "s3:PutObjectAcl", Resource = "arn:aws:s3:::files/*", Condition = { StringEquals = { "aws:PrincipalOrgID" = "o-a1b2c3d4e5", "aws:PrincipalAccount" = "111122223333" } } } })
}

# fail: access/foreign-control
# pass: access/all-actions, access/public
resource "aws_s3_bucket_policy" "partner_by_condition" {
  bucket = "files"
  policy = jsonencode({ Statement = { Effect = "Allow", Principal = "*", Action = "s3:PutObjectAcl", Resource = "arn:aws:s3:::files/*", Condition = { StringEquals = { "aws:PrincipalAccount" = "444455556666" } } } })
}

# With IfExists the condition is none.
# fail: access/public
# pass: access/all-actions, access/foreign-control
resource "aws_s3_bucket_policy" "partner_if_exists" {
  bucket = "files"
  policy = jsonencode({ Statement = { Effect = "Allow", Principal = "*", Action = "s3:PutObjectAcl", Resource = "arn:aws:s3:::files/*", Condition = { StringEqualsIfExists = { "aws:PrincipalAccount" = "444455556666", "aws:PrincipalOrgID" = "o-1" } } } })
}

# CloudFront's identity is no account.
# pass: access/all-actions, access/foreign-control, access/public
resource "aws_s3_bucket_policy" "identity" {
  bucket = "files"
  policy = jsonencode({ Statement = { Effect = "Allow", Principal = { AWS = "arn:aws:iam::cloudfront:user/CloudFront Origin Access Identity E1" }, Action = "s3:PutObjectAcl", Resource = "arn:aws:s3:::files/*" } })
}

# fail: access/foreign-control
# pass: access/all-actions, access/public
resource "aws_kms_key_policy" "partner_may_grant" {
  for_each = {
    always  = {}
    nothing = { Bool = { "kms:GrantIsForAWSResource" = "false" } }
    perhaps = { BoolIfExists = { "kms:GrantIsForAWSResource" = "true" } }
    anybody = { StringLike = { "kms:GranteePrincipal" = "*" } }
    other   = { Bool = { "aws:SecureTransport" = "true" } }
  }
  key_id = "k"
  policy = jsonencode({ Statement = { Effect = "Allow", Principal = { AWS = "arn:aws:iam::444455556666:role/reader" }, Action = ["kms:Decrypt", "kms:CreateGrant"], Resource = "*", Condition = each.value } })
}

# pass: access/all-actions, access/foreign-control, access/public
resource "aws_kms_key_policy" "partner_may_grant_to_services" {
  for_each = {
    services = { Bool = { "kms:GrantIsForAWSResource" = "true" } }
    operator = { StringEquals = { "kms:GranteePrincipal" = "arn:aws:iam::444455556666:role/worker" } }
  }
  key_id = "k"
  policy = jsonencode({ Statement = { Effect = "Allow", Principal = { AWS = "arn:aws:iam::444455556666:role/reader" }, Action = ["kms:Decrypt", "kms:CreateGrant"], Resource = "*", Condition = each.value } })
}

# What bounds a grant bounds nothing of a bucket.
# fail: access/foreign-control
# pass: access/all-actions, access/public
resource "aws_s3_bucket_policy" "partner_via_service" {
  bucket = "files"
  policy = jsonencode({ Statement = { Effect = "Allow", Principal = { AWS = "444455556666" }, Action = "s3:PutBucketPolicy", Resource = "arn:aws:s3:::files", Condition = { StringEquals = { "kms:ViaService" = "s3.eu-west-1.amazonaws.com" } } } })
}

# KMS lets no other account change a policy, whatever the policy says.
# pass: access/all-actions, access/foreign-control, access/public
resource "aws_kms_key_policy" "without_effect" {
  key_id = "k"
  policy = jsonencode({ Statement = { Effect = "Allow", Principal = { AWS = "444455556666" }, Action = "kms:PutKeyPolicy", Resource = "*" } })
}

data "aws_iam_policy_document" "control" {
  for_each = {
    who     = { actions = ["s3:PutBucketPolicy"], who = local.later }
    what    = { actions = [local.later], who = "444455556666" }
    partner = { actions = ["s3:PutBucketPolicy"], who = "arn:aws:iam::${aws_organizations_account.partner.id}:root" }
  }

  statement {
    actions   = each.value.actions
    resources = ["arn:aws:s3:::files"]

    principals {
      type        = "AWS"
      identifiers = [each.value.who]
    }
  }

  # Made here, and so of this account.
  statement {
    actions   = ["s3:PutBucketPolicy"]
    resources = ["arn:aws:s3:::files"]

    principals {
      type        = "AWS"
      identifiers = [aws_iam_role.producer.arn]
    }
  }
}

resource "aws_organizations_account" "partner" {
  name  = "partner"
  email = "partner@example.com"
}

# unknown: access/foreign-control, access/public
# pass: access/all-actions, access/public
resource "aws_s3_bucket_policy" "control_later" {
  for_each = data.aws_iam_policy_document.control
  bucket   = "files"
  policy   = each.value.json
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

#### All services ####

# Whatever a service is asked to do, for whomever.
# fail: access/public
# pass: access/all-actions
resource "aws_sqs_queue_policy" "any_service" {
  for_each  = toset(["*", "*.amazonaws.com"])
  queue_url = "https://sqs.eu-west-1.amazonaws.com/111122223333/jobs"
  policy    = jsonencode({ Statement = { Effect = "Allow", Principal = { Service = each.key }, Action = "sqs:SendMessage", Resource = local.queue } })
}

# fail: access/public
# pass: access/all-actions
resource "aws_secretsmanager_secret_policy" "any_service" {
  secret_arn = "arn:aws:secretsmanager:eu-west-1:111122223333:secret:a"
  policy     = jsonencode({ Statement = { Effect = "Allow", Principal = { Service = "*" }, Action = "secretsmanager:GetSecretValue", Resource = "*" } })
}

# For one's own account only.
# pass: access/all-actions, access/public
resource "aws_sqs_queue_policy" "any_service_for_us" {
  queue_url = "https://sqs.eu-west-1.amazonaws.com/111122223333/jobs"
  policy    = jsonencode({ Statement = { Effect = "Allow", Principal = { Service = "*" }, Action = "sqs:SendMessage", Resource = local.queue, Condition = { StringEquals = { "aws:SourceAccount" = "111122223333" } } } })
}

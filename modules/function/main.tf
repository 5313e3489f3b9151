locals {
  package_file = var.package_dir == null || var.package_name == null ? null : "${var.package_dir}/${var.package_name}.zip"
  package_sum  = var.package_object == null ? filebase64sha256(local.package_file) : var.package_object.sha256

  # Of the log group, made before everything else: arn:<partition>:logs:<region>:<account>:…
  partition  = split(":", aws_cloudwatch_log_group.this.arn)[1]
  region     = split(":", aws_cloudwatch_log_group.this.arn)[3]
  account_id = split(":", aws_cloudwatch_log_group.this.arn)[4]

  # https://docs.amazonaws.cn/en_us/general/latest/gr/endpoints-arns.html
  dns_suffix = local.partition == "aws-cn" ? "amazonaws.com.cn" : "amazonaws.com"

  # https://docs.aws.amazon.com/lambda/latest/dg/configuration-vpc.html
  network_actions = [
    "ec2:AssignPrivateIpAddresses",
    "ec2:CreateNetworkInterface",
    "ec2:DeleteNetworkInterface",
    "ec2:DescribeNetworkInterfaces",
    "ec2:DescribeSubnets",
    "ec2:UnassignPrivateIpAddresses",
  ]
}

#### Role ####

data "aws_iam_policy_document" "trust" {
  statement {
    sid     = "LambdaAssumes"
    actions = ["sts:AssumeRole"]

    principals {
      type        = "Service"
      identifiers = ["lambda.amazonaws.com"]
    }
  }
}

resource "aws_iam_role" "this" {
  name                 = var.name
  description          = "Execution role of the function ${var.name}."
  assume_role_policy   = data.aws_iam_policy_document.trust.json
  permissions_boundary = var.permissions_boundary
  tags                 = var.tags
}

data "aws_iam_policy_document" "this" {
  statement {
    sid       = "OwnLogs"
    actions   = ["logs:CreateLogStream", "logs:PutLogEvents"]
    resources = ["${aws_cloudwatch_log_group.this.arn}:*"]
  }

  # X-Ray has no resource to name for these two.
  dynamic "statement" {
    for_each = var.tracing_mode == "Active" ? [true] : []

    content {
      sid       = "OwnTraces"
      actions   = ["xray:PutTelemetryRecords", "xray:PutTraceSegments"]
      resources = ["*"]
    }
  }

  # Lambda makes the function's network interfaces under the function's role,
  # and before it knows their names.
  dynamic "statement" {
    for_each = var.vpc == null ? [] : [true]

    content {
      sid       = "OwnNetwork"
      actions   = local.network_actions
      resources = ["*"]
    }
  }

  # Lambda itself calls without this key, so the code alone is kept from it.
  dynamic "statement" {
    for_each = var.vpc == null ? [] : [true]

    content {
      sid       = "NoNetworkForTheCode"
      effect    = "Deny"
      actions   = concat(local.network_actions, ["ec2:DetachNetworkInterface"])
      resources = ["*"]

      condition {
        test     = "ArnEquals"
        variable = "lambda:SourceFunctionArn"
        values   = ["arn:${local.partition}:lambda:${local.region}:${local.account_id}:function:${var.name}"]
      }
    }
  }

  dynamic "statement" {
    for_each = var.on_failure == null ? [] : [var.on_failure]

    content {
      sid       = "OwnFailures"
      actions   = [{ sqs = "sqs:SendMessage", sns = "sns:Publish" }[statement.value.service]]
      resources = [statement.value.arn]
    }
  }

  # What a queue or a topic with a customer-managed key asks of its senders.
  # https://docs.aws.amazon.com/AWSSimpleQueueService/latest/SQSDeveloperGuide/sqs-key-management.html
  dynamic "statement" {
    for_each = var.on_failure == null ? [] : var.on_failure.kms_key == null ? [] : [var.on_failure]

    content {
      sid       = "OwnFailuresKey"
      actions   = ["kms:Decrypt", "kms:GenerateDataKey"]
      resources = [statement.value.kms_key.arn]

      condition {
        test     = "StringEquals"
        variable = "kms:ViaService"
        values   = ["${statement.value.service}.${local.region}.${local.dns_suffix}"]
      }
    }
  }

  dynamic "statement" {
    for_each = var.statements

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

resource "aws_iam_role_policy" "this" {
  name   = "function"
  role   = aws_iam_role.this.id
  policy = data.aws_iam_policy_document.this.json
}

#### Logs ####

# Made here, before the function: a group that Lambda made itself would be kept
# for ever under a key of AWS's.
resource "aws_cloudwatch_log_group" "this" {
  name              = "/aws/lambda/${var.name}"
  kms_key_id        = var.kms_key_arn
  retention_in_days = var.log_retention_days
  skip_destroy      = var.keep_logs
  tags              = var.tags
}

#### Code signing ####

resource "aws_lambda_code_signing_config" "this" {
  count = var.code_signing == null ? 0 : 1

  description = "Who may publish the code of the function ${var.name}."
  tags        = var.tags

  allowed_publishers {
    signing_profile_version_arns = var.code_signing.profile_version_arns
  }

  policies {
    untrusted_artifact_on_deployment = "Enforce"
  }
}

#### Function ####

resource "aws_lambda_function" "this" {
  function_name = var.name
  description   = var.description
  role          = aws_iam_role.this.arn

  package_type      = "Zip"
  filename          = local.package_file
  s3_bucket         = var.package_object == null ? null : var.package_object.bucket
  s3_key            = var.package_object == null ? null : var.package_object.key
  s3_object_version = var.package_object == null ? null : var.package_object.version_id
  source_code_hash  = local.package_sum
  runtime           = "provided.al2023"
  handler           = "bootstrap"
  architectures     = [var.architecture]
  publish           = true

  code_signing_config_arn = one(aws_lambda_code_signing_config.this[*].arn)

  timeout                        = var.timeout_seconds
  memory_size                    = var.memory_mb
  reserved_concurrent_executions = var.reserved_concurrency == "unreserved" ? -1 : tonumber(var.reserved_concurrency)
  kms_key_arn                    = var.kms_key_arn

  logging_config {
    log_format            = "JSON"
    log_group             = aws_cloudwatch_log_group.this.name
    application_log_level = var.log_level
    system_log_level      = "INFO"
  }

  ephemeral_storage {
    size = var.ephemeral_storage_mb
  }

  tracing_config {
    mode = var.tracing_mode
  }

  dynamic "vpc_config" {
    for_each = var.vpc == null ? [] : [var.vpc]

    content {
      subnet_ids         = vpc_config.value.subnet_ids
      security_group_ids = vpc_config.value.security_group_ids
    }
  }

  dynamic "environment" {
    for_each = nonsensitive(length(var.environment)) > 0 ? [true] : [] # how many there are is no secret

    content {
      variables = var.environment
    }
  }

  tags = var.tags

  # The first invocation finds its rights in place, and on destroy the last one
  # still has them.
  depends_on = [aws_iam_role_policy.this]

  lifecycle {
    # A file's sum is compared before it is sent. What Lambda took from a bucket
    # is known only now, and the alias has not moved yet. While an update is
    # planned the version is unknown, and the sum still that of the zip before:
    # the comparison with the version puts the judgement off.
    postcondition {
      condition     = var.package_object == null || self.version == "" || self.code_sha256 == local.package_sum
      error_message = "Lambda holds another zip than package_object.sha256 says. The alias `live` still names the version before. Give the sum of the object's version in base64, or put the right zip into the bucket."
    }
  }
}

resource "aws_lambda_alias" "this" {
  name             = "live"
  description      = "The version that callers use."
  function_name    = aws_lambda_function.this.function_name
  function_version = aws_lambda_function.this.version
}

#### Asynchronous use ####

# Not a dead-letter queue in the function itself: that one gets the event without
# the reason, and would have to exist before the function.
resource "aws_lambda_function_event_invoke_config" "this" {
  count = var.on_failure == null ? 0 : 1

  function_name                = aws_lambda_function.this.function_name
  qualifier                    = aws_lambda_alias.this.name
  maximum_retry_attempts       = var.on_failure.retry_attempts
  maximum_event_age_in_seconds = var.on_failure.event_age_seconds

  destination_config {
    on_failure {
      destination = var.on_failure.arn
    }
  }
}

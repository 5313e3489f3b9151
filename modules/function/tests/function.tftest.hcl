mock_provider "aws" {
  mock_data "aws_iam_policy_document" {
    defaults = { json = "{}" }
  }

  mock_resource "aws_iam_role" {
    defaults = { arn = "arn:aws:iam::111122223333:role/example" }
  }

  mock_resource "aws_cloudwatch_log_group" {
    defaults = { arn = "arn:aws:logs:eu-west-1:111122223333:log-group:/aws/lambda/example" }
  }

  mock_resource "aws_lambda_function" {
    defaults = { version = "7" }
  }

  mock_resource "aws_lambda_alias" {
    defaults = { invoke_arn = "arn:aws:apigateway:eu-west-1:lambda:path/2015-03-31/functions/arn:aws:lambda:eu-west-1:111122223333:function:example:live/invocations" }
  }
}

variables {
  name                 = "example"
  package_dir          = "tests/package"
  package_name         = "example"
  reserved_concurrency = "10"
  kms_key_arn          = "arn:aws:kms:eu-west-1:111122223333:key/1a2b3c4d-0000-4000-8000-000000000000"
}

run "hardened_without_being_asked" {
  assert {
    condition     = aws_lambda_function.this.runtime == "provided.al2023" && aws_lambda_function.this.handler == "bootstrap" && aws_lambda_function.this.architectures == tolist(["arm64"])
    error_message = "The function is not a bootstrap for provided.al2023 on arm64."
  }

  assert {
    condition     = aws_lambda_function.this.source_code_hash == filebase64sha256("tests/package/example.zip")
    error_message = "A new zip would not be deployed."
  }

  assert {
    condition     = aws_lambda_function.this.publish && aws_lambda_alias.this.name == "live" && aws_lambda_alias.this.function_version == "7"
    error_message = "The alias live does not name the published version."
  }

  assert {
    condition     = aws_lambda_function.this.kms_key_arn == var.kms_key_arn && aws_cloudwatch_log_group.this.kms_key_id == var.kms_key_arn
    error_message = "Environment or log are not encrypted with the given key."
  }

  assert {
    condition     = aws_cloudwatch_log_group.this.name == "/aws/lambda/example" && aws_cloudwatch_log_group.this.retention_in_days == 365
    error_message = "The log group has another name, or no retention."
  }

  assert {
    condition     = aws_lambda_function.this.logging_config[0].log_format == "JSON" && aws_lambda_function.this.logging_config[0].log_group == "/aws/lambda/example" && aws_lambda_function.this.logging_config[0].application_log_level == "INFO"
    error_message = "The function does not log JSON at INFO into its own group."
  }

  assert {
    condition     = aws_lambda_function.this.tracing_config[0].mode == "Active"
    error_message = "The function is not traced."
  }

  assert {
    condition     = aws_lambda_function.this.reserved_concurrent_executions == 10
    error_message = "The concurrency is not bounded."
  }

  assert {
    condition     = aws_lambda_function.this.timeout == 10 && aws_lambda_function.this.memory_size == 256
    error_message = "Timeout or memory are not the documented defaults."
  }

  assert {
    condition     = length(aws_lambda_function.this.environment) == 0
    error_message = "A function without settings has an environment."
  }

  assert {
    condition     = length(data.aws_iam_policy_document.trust.statement) == 1 && alltrue([for principal in data.aws_iam_policy_document.trust.statement[0].principals : principal.type == "Service" && principal.identifiers == toset(["lambda.amazonaws.com"])])
    error_message = "Somebody other than Lambda may assume the role."
  }
}

run "may_write_its_own_logs_and_traces_only" {
  assert {
    condition     = data.aws_iam_policy_document.this.statement[*].sid == tolist(["OwnLogs", "OwnTraces"])
    error_message = "The function has a right that nobody gave."
  }

  assert {
    condition     = data.aws_iam_policy_document.this.statement[0].actions == toset(["logs:CreateLogStream", "logs:PutLogEvents"]) && data.aws_iam_policy_document.this.statement[0].resources == toset(["arn:aws:logs:eu-west-1:111122223333:log-group:/aws/lambda/example:*"])
    error_message = "The function may do more with logs than write its own."
  }

  assert {
    condition     = data.aws_iam_policy_document.this.statement[1].actions == toset(["xray:PutTelemetryRecords", "xray:PutTraceSegments"])
    error_message = "The function may do more with traces than write them."
  }
}

run "statements_stay_as_they_are_given" {
  variables {
    statements = [
      {
        sid       = "Rows"
        actions   = ["dynamodb:Query"]
        resources = ["arn:aws:dynamodb:eu-west-1:111122223333:table/rows"]
      },
      {
        sid       = "Key"
        actions   = ["kms:Decrypt"]
        resources = ["arn:aws:kms:eu-west-1:111122223333:key/1a2b3c4d-0000-4000-8000-000000000000"]
        conditions = [{
          test     = "StringEquals"
          variable = "kms:ViaService"
          values   = ["dynamodb.eu-west-1.amazonaws.com"]
        }]
      },
    ]
  }

  assert {
    condition     = data.aws_iam_policy_document.this.statement[*].sid == tolist(["OwnLogs", "OwnTraces", "Rows", "Key"])
    error_message = "The statements are not kept apart."
  }

  assert {
    condition     = data.aws_iam_policy_document.this.statement[2].actions == toset(["dynamodb:Query"]) && data.aws_iam_policy_document.this.statement[2].resources == toset(["arn:aws:dynamodb:eu-west-1:111122223333:table/rows"]) && length(data.aws_iam_policy_document.this.statement[2].condition) == 0
    error_message = "The first statement was changed."
  }

  assert {
    condition     = one(data.aws_iam_policy_document.this.statement[3].condition).variable == "kms:ViaService" && one(data.aws_iam_policy_document.this.statement[3].condition).values == tolist(["dynamodb.eu-west-1.amazonaws.com"])
    error_message = "The condition of the second statement was lost."
  }
}

run "a_route_gets_the_alias" {
  assert {
    condition = output.target == {
      invoke_arn    = "arn:aws:apigateway:eu-west-1:lambda:path/2015-03-31/functions/arn:aws:lambda:eu-west-1:111122223333:function:example:live/invocations"
      function_name = "example"
      qualifier     = "live"
    }
    error_message = "A route would call something else than the alias live."
  }
}

run "relaxed_by_name" {
  variables {
    reserved_concurrency = "unreserved"
    tracing_mode         = "PassThrough"
    log_retention_days   = 1
    architecture         = "x86_64"
    environment          = { TABLE = "rows" }
    permissions_boundary = "arn:aws:iam::111122223333:policy/boundary"
  }

  assert {
    condition     = aws_lambda_function.this.reserved_concurrent_executions == -1
    error_message = "unreserved has no effect."
  }

  assert {
    condition     = aws_lambda_function.this.tracing_config[0].mode == "PassThrough" && data.aws_iam_policy_document.this.statement[*].sid == tolist(["OwnLogs"])
    error_message = "Without tracing the right to trace is left over."
  }

  assert {
    condition     = aws_cloudwatch_log_group.this.retention_in_days == 1 && aws_lambda_function.this.architectures == tolist(["x86_64"])
    error_message = "Retention or architecture have no effect."
  }

  assert {
    condition     = aws_lambda_function.this.environment[0].variables == tomap({ TABLE = "rows" })
    error_message = "The environment is not the given one."
  }

  assert {
    condition     = aws_iam_role.this.permissions_boundary == "arn:aws:iam::111122223333:policy/boundary"
    error_message = "The boundary is not on the role."
  }
}

run "a_number_is_as_good_as_its_text" {
  variables {
    reserved_concurrency = 0
  }

  assert {
    condition     = aws_lambda_function.this.reserved_concurrent_executions == 0
    error_message = "0 does not switch the function off."
  }
}

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

# pass: function/code-signing-enforce
resource "aws_lambda_code_signing_config" "good" {
  allowed_publishers {
    signing_profile_version_arns = ["arn:aws:signer:eu-west-1:111122223333:/signing-profiles/build/abcdef1234"]
  }

  policies {
    untrusted_artifact_on_deployment = "Enforce"
  }
}

# fail: function/code-signing-enforce
resource "aws_lambda_code_signing_config" "warns" {
  allowed_publishers {
    signing_profile_version_arns = ["arn:aws:signer:eu-west-1:111122223333:/signing-profiles/build/abcdef1234"]
  }

  policies {
    untrusted_artifact_on_deployment = "Warn"
  }
}

# AWS's default is Warn.
# fail: function/code-signing-enforce
resource "aws_lambda_code_signing_config" "default" {
  allowed_publishers {
    signing_profile_version_arns = ["arn:aws:signer:eu-west-1:111122223333:/signing-profiles/build/abcdef1234"]
  }
}

# unknown: function/code-signing-enforce
resource "aws_lambda_code_signing_config" "later" {
  allowed_publishers {
    signing_profile_version_arns = ["arn:aws:signer:eu-west-1:111122223333:/signing-profiles/build/abcdef1234"]
  }

  policies {
    untrusted_artifact_on_deployment = local.later
  }
}

# pass: function/code-signing, function/concurrency, function/log-group, function/runtime, function/shared-role, function/tracing
resource "aws_lambda_function" "good" {
  function_name                  = "good"
  role                           = "arn:aws:iam::111122223333:role/good"
  filename                       = "code.zip"
  runtime                        = "provided.al2023"
  handler                        = "bootstrap"
  reserved_concurrent_executions = 5
  code_signing_config_arn        = aws_lambda_code_signing_config.good.arn

  tracing_config {
    mode = "Active"
  }
}

# pass: function/concurrency, function/log-group, function/runtime, function/shared-role, function/tracing
# fail: function/code-signing
resource "aws_lambda_function" "unsigned" {
  function_name                  = "unsigned"
  role                           = "arn:aws:iam::111122223333:role/unsigned"
  filename                       = "code.zip"
  runtime                        = "provided.al2023"
  handler                        = "bootstrap"
  reserved_concurrent_executions = 5

  tracing_config {
    mode = "Active"
  }
}

# pass: function/code-signing, function/concurrency, function/log-group, function/runtime, function/shared-role, function/tracing
resource "aws_lambda_function" "signed_by_another_state" {
  function_name                  = "signed_by_another_state"
  role                           = "arn:aws:iam::111122223333:role/signed_by_another_state"
  filename                       = "code.zip"
  runtime                        = "provided.al2023"
  handler                        = "bootstrap"
  reserved_concurrent_executions = 5
  code_signing_config_arn        = "arn:aws:lambda:eu-west-1:111122223333:code-signing-config:csc-0123456789abcdef0"

  tracing_config {
    mode = "Active"
  }
}

# pass: function/concurrency, function/log-group, function/runtime, function/shared-role, function/tracing
# unknown: function/code-signing
resource "aws_lambda_function" "signed_later" {
  function_name                  = "signed_later"
  role                           = "arn:aws:iam::111122223333:role/signed_later"
  filename                       = "code.zip"
  runtime                        = "provided.al2023"
  handler                        = "bootstrap"
  reserved_concurrent_executions = 5
  code_signing_config_arn        = local.later

  tracing_config {
    mode = "Active"
  }
}



# An image is not signed so, and has its runtime in it.
# pass: function/concurrency, function/log-group, function/shared-role, function/tracing
resource "aws_lambda_function" "image" {
  function_name                  = "image"
  role                           = "arn:aws:iam::111122223333:role/image"
  package_type                   = "Image"
  image_uri                      = "111122223333.dkr.ecr.eu-west-1.amazonaws.com/chat:1"
  reserved_concurrent_executions = 5

  tracing_config {
    mode = "Active"
  }
}

# pass: function/code-signing, function/concurrency, function/log-group, function/runtime, function/shared-role
# fail: function/tracing
resource "aws_lambda_function" "untraced" {
  function_name                  = "untraced"
  role                           = "arn:aws:iam::111122223333:role/untraced"
  filename                       = "code.zip"
  runtime                        = "provided.al2023"
  handler                        = "bootstrap"
  reserved_concurrent_executions = 5
  code_signing_config_arn        = aws_lambda_code_signing_config.good.arn
}

# pass: function/code-signing, function/concurrency, function/log-group, function/runtime, function/shared-role
# fail: function/tracing
resource "aws_lambda_function" "passes_through" {
  function_name                  = "passes_through"
  role                           = "arn:aws:iam::111122223333:role/passes_through"
  filename                       = "code.zip"
  runtime                        = "provided.al2023"
  handler                        = "bootstrap"
  reserved_concurrent_executions = 5
  code_signing_config_arn        = aws_lambda_code_signing_config.good.arn

  tracing_config {
    mode = "PassThrough"
  }
}

# pass: function/code-signing, function/concurrency, function/log-group, function/runtime, function/shared-role
# unknown: function/tracing
resource "aws_lambda_function" "traced_later" {
  function_name                  = "traced_later"
  role                           = "arn:aws:iam::111122223333:role/traced_later"
  filename                       = "code.zip"
  runtime                        = "provided.al2023"
  handler                        = "bootstrap"
  reserved_concurrent_executions = 5
  code_signing_config_arn        = aws_lambda_code_signing_config.good.arn

  tracing_config {
    mode = local.later
  }
}

# pass: function/code-signing, function/log-group, function/runtime, function/shared-role, function/tracing
# fail: function/concurrency
resource "aws_lambda_function" "without_limit" {
  function_name           = "without_limit"
  role                    = "arn:aws:iam::111122223333:role/without_limit"
  filename                = "code.zip"
  runtime                 = "provided.al2023"
  handler                 = "bootstrap"
  code_signing_config_arn = aws_lambda_code_signing_config.good.arn

  tracing_config {
    mode = "Active"
  }
}

# A decision, and the provider's default too.
# pass: function/code-signing, function/concurrency, function/log-group, function/runtime, function/shared-role, function/tracing
resource "aws_lambda_function" "all_instances" {
  function_name                  = "all_instances"
  role                           = "arn:aws:iam::111122223333:role/all_instances"
  filename                       = "code.zip"
  runtime                        = "provided.al2023"
  handler                        = "bootstrap"
  reserved_concurrent_executions = -1
  code_signing_config_arn        = aws_lambda_code_signing_config.good.arn

  tracing_config {
    mode = "Active"
  }
}

# pass: function/code-signing, function/log-group, function/runtime, function/shared-role, function/tracing
# unknown: function/concurrency
resource "aws_lambda_function" "limit_later" {
  function_name                  = "limit_later"
  role                           = "arn:aws:iam::111122223333:role/limit_later"
  filename                       = "code.zip"
  runtime                        = "provided.al2023"
  handler                        = "bootstrap"
  reserved_concurrent_executions = local.number
  code_signing_config_arn        = aws_lambda_code_signing_config.good.arn

  tracing_config {
    mode = "Active"
  }
}

# pass: function/code-signing, function/concurrency, function/log-group, function/shared-role, function/tracing
# fail: function/runtime
resource "aws_lambda_function" "old" {
  function_name                  = "old"
  role                           = "arn:aws:iam::111122223333:role/old"
  filename                       = "code.zip"
  runtime                        = "nodejs18.x"
  handler                        = "bootstrap"
  reserved_concurrent_executions = 5
  code_signing_config_arn        = aws_lambda_code_signing_config.good.arn

  tracing_config {
    mode = "Active"
  }
}

# The provider takes none that is known after apply.
# pass: function/code-signing, function/concurrency, function/log-group, function/shared-role, function/tracing
# unknown: function/runtime
resource "aws_lambda_function" "runtime_hidden" {
  function_name                  = "runtime_hidden"
  role                           = "arn:aws:iam::111122223333:role/runtime_hidden"
  filename                       = "code.zip"
  runtime                        = sensitive("provided.al2023")
  handler                        = "bootstrap"
  reserved_concurrent_executions = 5
  code_signing_config_arn        = aws_lambda_code_signing_config.good.arn

  tracing_config {
    mode = "Active"
  }
}

# pass: function/code-signing, function/concurrency, function/runtime, function/shared-role, function/tracing
# fail: function/log-group
resource "aws_lambda_function" "without_group" {
  function_name                  = "without_group"
  role                           = "arn:aws:iam::111122223333:role/without_group"
  filename                       = "code.zip"
  runtime                        = "provided.al2023"
  handler                        = "bootstrap"
  reserved_concurrent_executions = 5
  code_signing_config_arn        = aws_lambda_code_signing_config.good.arn

  tracing_config {
    mode = "Active"
  }
}

# pass: function/code-signing, function/concurrency, function/log-group, function/runtime, function/shared-role, function/tracing
resource "aws_lambda_function" "group_of_its_name" {
  function_name                  = "group_of_its_name"
  role                           = "arn:aws:iam::111122223333:role/group_of_its_name"
  filename                       = "code.zip"
  runtime                        = "provided.al2023"
  handler                        = "bootstrap"
  reserved_concurrent_executions = 5
  code_signing_config_arn        = aws_lambda_code_signing_config.good.arn

  tracing_config {
    mode = "Active"
  }
}

resource "aws_cloudwatch_log_group" "of_its_name" {
  name = "/aws/lambda/${aws_lambda_function.group_of_its_name.function_name}"
}

# pass: function/code-signing, function/concurrency, function/log-group, function/runtime, function/shared-role, function/tracing
resource "aws_lambda_function" "group_chosen" {
  function_name                  = "group_chosen"
  role                           = "arn:aws:iam::111122223333:role/group_chosen"
  filename                       = "code.zip"
  runtime                        = "provided.al2023"
  handler                        = "bootstrap"
  reserved_concurrent_executions = 5
  code_signing_config_arn        = aws_lambda_code_signing_config.good.arn

  tracing_config {
    mode = "Active"
  }

  logging_config {
    log_format = "JSON"
    log_group  = aws_cloudwatch_log_group.chosen.name
  }
}

resource "aws_cloudwatch_log_group" "chosen" {
  name_prefix = "chosen"
}

# pass: function/code-signing, function/concurrency, function/runtime, function/shared-role, function/tracing
# fail: function/log-group
resource "aws_lambda_function" "group_chosen_absent" {
  function_name                  = "group_chosen_absent"
  role                           = "arn:aws:iam::111122223333:role/group_chosen_absent"
  filename                       = "code.zip"
  runtime                        = "provided.al2023"
  handler                        = "bootstrap"
  reserved_concurrent_executions = 5
  code_signing_config_arn        = aws_lambda_code_signing_config.good.arn

  tracing_config {
    mode = "Active"
  }

  logging_config {
    log_format = "JSON"
    log_group  = "/elsewhere"
  }
}

# pass: function/code-signing, function/concurrency, function/log-group, function/runtime, function/shared-role, function/tracing
resource "aws_lambda_function" "group_default_json" {
  function_name                  = "group_default_json"
  role                           = "arn:aws:iam::111122223333:role/group_default_json"
  filename                       = "code.zip"
  runtime                        = "provided.al2023"
  handler                        = "bootstrap"
  reserved_concurrent_executions = 5
  code_signing_config_arn        = aws_lambda_code_signing_config.good.arn

  tracing_config {
    mode = "Active"
  }

  logging_config {
    log_format = "JSON"
  }
}

# pass: function/code-signing, function/concurrency, function/runtime, function/shared-role, function/tracing
# unknown: function/log-group
resource "aws_lambda_function" "group_chosen_later" {
  function_name                  = "group_chosen_later"
  role                           = "arn:aws:iam::111122223333:role/group_chosen_later"
  filename                       = "code.zip"
  runtime                        = "provided.al2023"
  handler                        = "bootstrap"
  reserved_concurrent_executions = 5
  code_signing_config_arn        = aws_lambda_code_signing_config.good.arn

  tracing_config {
    mode = "Active"
  }

  logging_config {
    log_format = "JSON"
    log_group  = local.later
  }
}

# pass: function/code-signing, function/concurrency, function/runtime, function/shared-role, function/tracing
# unknown: function/log-group
resource "aws_lambda_function" "name_later" {
  function_name                  = local.later
  role                           = "arn:aws:iam::111122223333:role/name_later"
  filename                       = "code.zip"
  runtime                        = "provided.al2023"
  handler                        = "bootstrap"
  reserved_concurrent_executions = 5
  code_signing_config_arn        = aws_lambda_code_signing_config.good.arn

  tracing_config {
    mode = "Active"
  }
}

# Neither name is known, and one is made of the other.
# pass: function/code-signing, function/concurrency, function/log-group, function/runtime, function/shared-role, function/tracing
resource "aws_lambda_function" "both_later" {
  function_name                  = local.later
  role                           = "arn:aws:iam::111122223333:role/both_later"
  filename                       = "code.zip"
  runtime                        = "provided.al2023"
  handler                        = "bootstrap"
  reserved_concurrent_executions = 5
  code_signing_config_arn        = aws_lambda_code_signing_config.good.arn

  tracing_config {
    mode = "Active"
  }
}

resource "aws_cloudwatch_log_group" "both_later" {
  name = "/aws/lambda/${aws_lambda_function.both_later.function_name}"
}

resource "aws_iam_role" "own" {
  name_prefix        = "own"
  assume_role_policy = jsonencode({ Version = "2012-10-17", Statement = [] })
}

resource "aws_iam_role" "shared" {
  name_prefix        = "shared"
  assume_role_policy = jsonencode({ Version = "2012-10-17", Statement = [] })
}

resource "aws_iam_role" "each" {
  for_each = toset(["a", "b"])

  name_prefix        = each.key
  assume_role_policy = jsonencode({ Version = "2012-10-17", Statement = [] })
}

# pass: function/code-signing, function/concurrency, function/log-group, function/runtime, function/shared-role, function/tracing
resource "aws_lambda_function" "role_of_its_own" {
  function_name                  = "role_of_its_own"
  role                           = aws_iam_role.own.arn
  filename                       = "code.zip"
  runtime                        = "provided.al2023"
  handler                        = "bootstrap"
  reserved_concurrent_executions = 5
  code_signing_config_arn        = aws_lambda_code_signing_config.good.arn

  tracing_config {
    mode = "Active"
  }
}

# pass: function/code-signing, function/concurrency, function/log-group, function/runtime, function/tracing
# fail: function/shared-role
resource "aws_lambda_function" "role_shared" {
  function_name                  = "role_shared"
  role                           = aws_iam_role.shared.arn
  filename                       = "code.zip"
  runtime                        = "provided.al2023"
  handler                        = "bootstrap"
  reserved_concurrent_executions = 5
  code_signing_config_arn        = aws_lambda_code_signing_config.good.arn

  tracing_config {
    mode = "Active"
  }
}

# pass: function/code-signing, function/concurrency, function/log-group, function/runtime, function/tracing
# fail: function/shared-role
resource "aws_lambda_function" "role_shared_too" {
  function_name                  = "role_shared_too"
  role                           = aws_iam_role.shared.arn
  filename                       = "code.zip"
  runtime                        = "provided.al2023"
  handler                        = "bootstrap"
  reserved_concurrent_executions = 5
  code_signing_config_arn        = aws_lambda_code_signing_config.good.arn

  tracing_config {
    mode = "Active"
  }
}

# pass: function/code-signing, function/concurrency, function/log-group, function/runtime, function/tracing
# fail: function/shared-role
resource "aws_lambda_function" "role_known_shared" {
  function_name                  = "role_known_shared"
  role                           = "arn:aws:iam::111122223333:role/known"
  filename                       = "code.zip"
  runtime                        = "provided.al2023"
  handler                        = "bootstrap"
  reserved_concurrent_executions = 5
  code_signing_config_arn        = aws_lambda_code_signing_config.good.arn

  tracing_config {
    mode = "Active"
  }
}

# pass: function/code-signing, function/concurrency, function/log-group, function/runtime, function/tracing
# fail: function/shared-role
resource "aws_lambda_function" "role_known_shared_too" {
  function_name                  = "role_known_shared_too"
  role                           = "arn:aws:iam::111122223333:role/known"
  filename                       = "code.zip"
  runtime                        = "provided.al2023"
  handler                        = "bootstrap"
  reserved_concurrent_executions = 5
  code_signing_config_arn        = aws_lambda_code_signing_config.good.arn

  tracing_config {
    mode = "Active"
  }
}

# pass: function/code-signing, function/concurrency, function/log-group, function/runtime, function/tracing
# unknown: function/shared-role
resource "aws_lambda_function" "role_later" {
  function_name                  = "role_later"
  role                           = local.later
  filename                       = "code.zip"
  runtime                        = "provided.al2023"
  handler                        = "bootstrap"
  reserved_concurrent_executions = 5
  code_signing_config_arn        = aws_lambda_code_signing_config.good.arn

  tracing_config {
    mode = "Active"
  }
}

# pass: function/code-signing, function/concurrency, function/log-group, function/runtime, function/shared-role, function/tracing
resource "aws_lambda_function" "role_of_each" {
  for_each = toset(["a", "b"])

  function_name                  = each.key
  role                           = aws_iam_role.each[each.key].arn
  filename                       = "code.zip"
  runtime                        = "provided.al2023"
  handler                        = "bootstrap"
  reserved_concurrent_executions = 5
  code_signing_config_arn        = aws_lambda_code_signing_config.good.arn

  tracing_config {
    mode = "Active"
  }
}

# pass: function/code-signing, function/concurrency, function/log-group, function/runtime, function/tracing
# fail: function/shared-role
resource "aws_lambda_function" "role_for_each" {
  for_each = toset(["c", "d"])

  function_name                  = each.key
  role                           = "arn:aws:iam::111122223333:role/all"
  filename                       = "code.zip"
  runtime                        = "provided.al2023"
  handler                        = "bootstrap"
  reserved_concurrent_executions = 5
  code_signing_config_arn        = aws_lambda_code_signing_config.good.arn

  tracing_config {
    mode = "Active"
  }
}

resource "aws_kms_key" "settings" {
  enable_key_rotation = true
}

# pass: function/environment-key, function/environment-secrets
# pass: function/code-signing, function/concurrency, function/log-group, function/runtime, function/shared-role, function/tracing
resource "aws_lambda_function" "settings" {
  function_name                  = "settings"
  role                           = "arn:aws:iam::111122223333:role/settings"
  filename                       = "code.zip"
  runtime                        = "provided.al2023"
  handler                        = "bootstrap"
  reserved_concurrent_executions = 5
  code_signing_config_arn        = aws_lambda_code_signing_config.good.arn
  kms_key_arn                    = aws_kms_key.settings.arn

  tracing_config {
    mode = "Active"
  }

  environment {
    variables = {
      TABLE               = "rooms"
      SECRET_ARN          = "arn:aws:secretsmanager:eu-west-1:111122223333:secret:chat"
      TOKEN_URL           = "https://example.com/token"
      REFRESH_TOKEN       = "/chat/refresh"
      VERIFY_TOKEN        = "true"
      TOKEN_TTL           = "60"
      ORIGIN_SECRET       = "chat/origin"
      ORIGIN_SECRET_COUNT = "two"
    }
  }
}

resource "aws_secretsmanager_secret" "origin" {
  name = "chat/origin"
}

# pass: function/environment-secrets
# pass: function/code-signing, function/concurrency, function/log-group, function/runtime, function/shared-role, function/tracing
# fail: function/environment-key
resource "aws_lambda_function" "settings_key_of_aws" {
  function_name                  = "settings_key_of_aws"
  role                           = "arn:aws:iam::111122223333:role/settings_key_of_aws"
  filename                       = "code.zip"
  runtime                        = "provided.al2023"
  handler                        = "bootstrap"
  reserved_concurrent_executions = 5
  code_signing_config_arn        = aws_lambda_code_signing_config.good.arn

  tracing_config {
    mode = "Active"
  }

  environment {
    variables = { TABLE = "rooms" }
  }
}

# pass: function/environment-secrets
# pass: function/code-signing, function/concurrency, function/log-group, function/runtime, function/shared-role, function/tracing
# unknown: function/environment-key
resource "aws_lambda_function" "settings_key_later" {
  function_name                  = "settings_key_later"
  role                           = "arn:aws:iam::111122223333:role/settings_key_later"
  filename                       = "code.zip"
  runtime                        = "provided.al2023"
  handler                        = "bootstrap"
  reserved_concurrent_executions = 5
  code_signing_config_arn        = aws_lambda_code_signing_config.good.arn
  kms_key_arn                    = local.later

  tracing_config {
    mode = "Active"
  }

  environment {
    variables = { TABLE = "rooms" }
  }
}

# Nothing is set: there is nothing to encrypt.
# pass: function/code-signing, function/concurrency, function/log-group, function/runtime, function/shared-role, function/tracing
resource "aws_lambda_function" "settings_none" {
  function_name                  = "settings_none"
  role                           = "arn:aws:iam::111122223333:role/settings_none"
  filename                       = "code.zip"
  runtime                        = "provided.al2023"
  handler                        = "bootstrap"
  reserved_concurrent_executions = 5
  code_signing_config_arn        = aws_lambda_code_signing_config.good.arn

  tracing_config {
    mode = "Active"
  }
}

# pass: function/environment-key
# pass: function/code-signing, function/concurrency, function/log-group, function/runtime, function/shared-role, function/tracing
# fail: function/environment-secrets
resource "aws_lambda_function" "secret_by_name" {
  function_name                  = "secret_by_name"
  role                           = "arn:aws:iam::111122223333:role/secret_by_name"
  filename                       = "code.zip"
  runtime                        = "provided.al2023"
  handler                        = "bootstrap"
  reserved_concurrent_executions = 5
  code_signing_config_arn        = aws_lambda_code_signing_config.good.arn
  kms_key_arn                    = aws_kms_key.settings.arn

  tracing_config {
    mode = "Active"
  }

  environment {
    variables = {
      DATABASE_PASSWORD = "correct horse battery staple"
      apiKey            = "0a1b2c3d"
    }
  }
}

# pass: function/environment-key
# pass: function/code-signing, function/concurrency, function/log-group, function/runtime, function/shared-role, function/tracing
# fail: function/environment-secrets
resource "aws_lambda_function" "secret_by_value" {
  function_name                  = "secret_by_value"
  role                           = "arn:aws:iam::111122223333:role/secret_by_value"
  filename                       = "code.zip"
  runtime                        = "provided.al2023"
  handler                        = "bootstrap"
  reserved_concurrent_executions = 5
  code_signing_config_arn        = aws_lambda_code_signing_config.good.arn
  kms_key_arn                    = aws_kms_key.settings.arn

  tracing_config {
    mode = "Active"
  }

  environment {
    variables = {
      ID  = "AKIAIOSFODNN7EXAMPLE"
      URL = "postgres://chat:hunter2@db.example.com/chat"
    }
  }
}

# pass: function/environment-key
# pass: function/code-signing, function/concurrency, function/log-group, function/runtime, function/shared-role, function/tracing
# fail: function/environment-secrets
resource "aws_lambda_function" "secret_by_mark" {
  function_name                  = "secret_by_mark"
  role                           = "arn:aws:iam::111122223333:role/secret_by_mark"
  filename                       = "code.zip"
  runtime                        = "provided.al2023"
  handler                        = "bootstrap"
  reserved_concurrent_executions = 5
  code_signing_config_arn        = aws_lambda_code_signing_config.good.arn
  kms_key_arn                    = aws_kms_key.settings.arn

  tracing_config {
    mode = "Active"
  }

  environment {
    variables = { SIGNING_KEY = sensitive("x") }
  }
}

# pass: function/environment-key
# pass: function/code-signing, function/concurrency, function/log-group, function/runtime, function/shared-role, function/tracing
# unknown: function/environment-secrets
resource "aws_lambda_function" "settings_sensitive" {
  function_name                  = "settings_sensitive"
  role                           = "arn:aws:iam::111122223333:role/settings_sensitive"
  filename                       = "code.zip"
  runtime                        = "provided.al2023"
  handler                        = "bootstrap"
  reserved_concurrent_executions = 5
  code_signing_config_arn        = aws_lambda_code_signing_config.good.arn
  kms_key_arn                    = aws_kms_key.settings.arn

  tracing_config {
    mode = "Active"
  }

  environment {
    variables = { DATABASE = sensitive("x") }
  }
}

# With one value that is known after apply the plan has none of them.
# pass: function/environment-key
# pass: function/code-signing, function/concurrency, function/log-group, function/runtime, function/shared-role, function/tracing
# fail: function/environment-secrets
resource "aws_lambda_function" "secret_beside_later" {
  function_name                  = "secret_beside_later"
  role                           = "arn:aws:iam::111122223333:role/secret_beside_later"
  filename                       = "code.zip"
  runtime                        = "provided.al2023"
  handler                        = "bootstrap"
  reserved_concurrent_executions = 5
  code_signing_config_arn        = aws_lambda_code_signing_config.good.arn
  kms_key_arn                    = aws_kms_key.settings.arn

  tracing_config {
    mode = "Active"
  }

  environment {
    variables = {
      QUEUE             = aws_kms_key.settings.arn
      DATABASE_PASSWORD = "correct horse battery staple"
    }
  }
}

# pass: function/environment-key
# pass: function/code-signing, function/concurrency, function/log-group, function/runtime, function/shared-role, function/tracing
# fail: function/environment-secrets
resource "aws_lambda_function" "secret_around_later" {
  function_name                  = "secret_around_later"
  role                           = "arn:aws:iam::111122223333:role/secret_around_later"
  filename                       = "code.zip"
  runtime                        = "provided.al2023"
  handler                        = "bootstrap"
  reserved_concurrent_executions = 5
  code_signing_config_arn        = aws_lambda_code_signing_config.good.arn
  kms_key_arn                    = aws_kms_key.settings.arn

  tracing_config {
    mode = "Active"
  }

  environment {
    variables = merge({ URL = "postgres://chat:hunter2@${aws_kms_key.settings.key_id}/chat" }, { TABLE = "rooms" })
  }
}

# pass: function/environment-key
# pass: function/code-signing, function/concurrency, function/log-group, function/runtime, function/shared-role, function/tracing
# pass: function/environment-secrets
resource "aws_lambda_function" "settings_beside_later" {
  function_name                  = "settings_beside_later"
  role                           = "arn:aws:iam::111122223333:role/settings_beside_later"
  filename                       = "code.zip"
  runtime                        = "provided.al2023"
  handler                        = "bootstrap"
  reserved_concurrent_executions = 5
  code_signing_config_arn        = aws_lambda_code_signing_config.good.arn
  kms_key_arn                    = aws_kms_key.settings.arn

  tracing_config {
    mode = "Active"
  }

  environment {
    variables = {
      QUEUE         = aws_kms_key.settings.arn
      ORIGIN_SECRET = "chat/origin"
      API_KEY       = "key of ${aws_kms_key.settings.key_id}"
    }
  }
}

# pass: function/environment-key
# pass: function/code-signing, function/concurrency, function/log-group, function/runtime, function/shared-role, function/tracing
# unknown: function/environment-secrets
resource "aws_lambda_function" "secret_later" {
  function_name                  = "secret_later"
  role                           = "arn:aws:iam::111122223333:role/secret_later"
  filename                       = "code.zip"
  runtime                        = "provided.al2023"
  handler                        = "bootstrap"
  reserved_concurrent_executions = 5
  code_signing_config_arn        = aws_lambda_code_signing_config.good.arn
  kms_key_arn                    = aws_kms_key.settings.arn

  tracing_config {
    mode = "Active"
  }

  environment {
    variables = { TOKEN = local.later }
  }
}

# pass: function/environment-key, function/environment-secrets
# pass: function/code-signing, function/concurrency, function/log-group, function/runtime, function/shared-role, function/tracing
resource "aws_lambda_function" "settings_later" {
  function_name                  = "settings_later"
  role                           = "arn:aws:iam::111122223333:role/settings_later"
  filename                       = "code.zip"
  runtime                        = "provided.al2023"
  handler                        = "bootstrap"
  reserved_concurrent_executions = 5
  code_signing_config_arn        = aws_lambda_code_signing_config.good.arn
  kms_key_arn                    = aws_kms_key.settings.arn

  tracing_config {
    mode = "Active"
  }

  environment {
    variables = { QUEUE = aws_sqs_queue.failures.url }
  }
}

resource "aws_db_instance" "chat" {
  instance_class    = "db.t4g.micro"
  engine            = "postgres"
  allocated_storage = 20
  username          = "chat"
  password          = "not a real one"
}

# pass: function/environment-key
# pass: function/code-signing, function/concurrency, function/log-group, function/runtime, function/shared-role, function/tracing
# unknown: function/environment-secrets
resource "aws_lambda_function" "secret_of_a_resource" {
  function_name                  = "secret_of_a_resource"
  role                           = "arn:aws:iam::111122223333:role/secret_of_a_resource"
  filename                       = "code.zip"
  runtime                        = "provided.al2023"
  handler                        = "bootstrap"
  reserved_concurrent_executions = 5
  code_signing_config_arn        = aws_lambda_code_signing_config.good.arn
  kms_key_arn                    = aws_kms_key.settings.arn

  tracing_config {
    mode = "Active"
  }

  environment {
    variables = {
      HOST = aws_db_instance.chat.endpoint
      PW   = aws_db_instance.chat.password
    }
  }
}

# pass: function/environment-key, function/environment-secrets
# pass: function/code-signing, function/concurrency, function/log-group, function/runtime, function/shared-role, function/tracing
resource "aws_lambda_function" "settings_splat" {
  function_name                  = "settings_splat"
  role                           = "arn:aws:iam::111122223333:role/settings_splat"
  filename                       = "code.zip"
  runtime                        = "provided.al2023"
  handler                        = "bootstrap"
  reserved_concurrent_executions = 5
  code_signing_config_arn        = aws_lambda_code_signing_config.good.arn
  kms_key_arn                    = aws_kms_key.settings.arn

  tracing_config {
    mode = "Active"
  }

  environment {
    variables = { QUEUES = join(",", aws_sqs_queue.failures[*].url) }
  }
}

# By its name a secret, by its reference the ARN of one.
# pass: function/environment-key, function/environment-secrets
# pass: function/code-signing, function/concurrency, function/log-group, function/runtime, function/shared-role, function/tracing
resource "aws_lambda_function" "secret_arn_later" {
  function_name                  = "secret_arn_later"
  role                           = "arn:aws:iam::111122223333:role/secret_arn_later"
  filename                       = "code.zip"
  runtime                        = "provided.al2023"
  handler                        = "bootstrap"
  reserved_concurrent_executions = 5
  code_signing_config_arn        = aws_lambda_code_signing_config.good.arn
  kms_key_arn                    = aws_kms_key.settings.arn

  tracing_config {
    mode = "Active"
  }

  environment {
    variables = { ORIGIN_SECRET = aws_secretsmanager_secret.origin.arn }
  }
}

# pass: function/environment-key
# pass: function/code-signing, function/concurrency, function/log-group, function/runtime, function/shared-role, function/tracing
# unknown: function/environment-secrets
resource "aws_lambda_function" "settings_all_later" {
  function_name                  = "settings_all_later"
  role                           = "arn:aws:iam::111122223333:role/settings_all_later"
  filename                       = "code.zip"
  runtime                        = "provided.al2023"
  handler                        = "bootstrap"
  reserved_concurrent_executions = 5
  code_signing_config_arn        = aws_lambda_code_signing_config.good.arn
  kms_key_arn                    = aws_kms_key.settings.arn

  tracing_config {
    mode = "Active"
  }

  environment {
    variables = { for key in [local.later] : key => "x" }
  }
}

resource "aws_subnet" "a" {
  vpc_id            = "vpc-0123456789abcdef0"
  cidr_block        = "10.0.1.0/24"
  availability_zone = "eu-west-1a"
}

resource "aws_subnet" "b" {
  vpc_id            = "vpc-0123456789abcdef0"
  cidr_block        = "10.0.2.0/24"
  availability_zone = "eu-west-1b"
}

# pass: function/vpc-zones
# pass: function/code-signing, function/concurrency, function/log-group, function/runtime, function/shared-role, function/tracing
resource "aws_lambda_function" "zones_two" {
  function_name                  = "zones_two"
  role                           = "arn:aws:iam::111122223333:role/zones_two"
  filename                       = "code.zip"
  runtime                        = "provided.al2023"
  handler                        = "bootstrap"
  reserved_concurrent_executions = 5
  code_signing_config_arn        = aws_lambda_code_signing_config.good.arn

  tracing_config {
    mode = "Active"
  }

  vpc_config {
    subnet_ids         = [aws_subnet.a.id, aws_subnet.b.id]
    security_group_ids = ["sg-0123456789abcdef0"]
  }
}

# pass: function/vpc-zones
# pass: function/code-signing, function/concurrency, function/log-group, function/runtime, function/shared-role, function/tracing
resource "aws_lambda_function" "zones_two_known" {
  function_name                  = "zones_two_known"
  role                           = "arn:aws:iam::111122223333:role/zones_two_known"
  filename                       = "code.zip"
  runtime                        = "provided.al2023"
  handler                        = "bootstrap"
  reserved_concurrent_executions = 5
  code_signing_config_arn        = aws_lambda_code_signing_config.good.arn

  tracing_config {
    mode = "Active"
  }

  vpc_config {
    subnet_ids         = ["subnet-0123456789abcdef0", "subnet-0123456789abcdef1"]
    security_group_ids = ["sg-0123456789abcdef0"]
  }
}

# pass: function/code-signing, function/concurrency, function/log-group, function/runtime, function/shared-role, function/tracing
# fail: function/vpc-zones
resource "aws_lambda_function" "zones_one" {
  function_name                  = "zones_one"
  role                           = "arn:aws:iam::111122223333:role/zones_one"
  filename                       = "code.zip"
  runtime                        = "provided.al2023"
  handler                        = "bootstrap"
  reserved_concurrent_executions = 5
  code_signing_config_arn        = aws_lambda_code_signing_config.good.arn

  tracing_config {
    mode = "Active"
  }

  vpc_config {
    subnet_ids         = [aws_subnet.a.id]
    security_group_ids = ["sg-0123456789abcdef0"]
  }
}

# pass: function/code-signing, function/concurrency, function/log-group, function/runtime, function/shared-role, function/tracing
# fail: function/vpc-zones
resource "aws_lambda_function" "zones_one_known" {
  function_name                  = "zones_one_known"
  role                           = "arn:aws:iam::111122223333:role/zones_one_known"
  filename                       = "code.zip"
  runtime                        = "provided.al2023"
  handler                        = "bootstrap"
  reserved_concurrent_executions = 5
  code_signing_config_arn        = aws_lambda_code_signing_config.good.arn

  tracing_config {
    mode = "Active"
  }

  vpc_config {
    subnet_ids         = ["subnet-0123456789abcdef0"]
    security_group_ids = ["sg-0123456789abcdef0"]
  }
}

# pass: function/code-signing, function/concurrency, function/log-group, function/runtime, function/shared-role, function/tracing
# unknown: function/vpc-zones
resource "aws_lambda_function" "zones_later" {
  function_name                  = "zones_later"
  role                           = "arn:aws:iam::111122223333:role/zones_later"
  filename                       = "code.zip"
  runtime                        = "provided.al2023"
  handler                        = "bootstrap"
  reserved_concurrent_executions = 5
  code_signing_config_arn        = aws_lambda_code_signing_config.good.arn

  tracing_config {
    mode = "Active"
  }

  vpc_config {
    subnet_ids         = [local.later]
    security_group_ids = ["sg-0123456789abcdef0"]
  }
}

# Which subnet is found is known after apply.
# unknown: function/vpc-zones
# fail: function/log-group
# pass: function/code-signing, function/concurrency, function/runtime, function/shared-role, function/tracing
resource "aws_lambda_function" "zones_of_others" {
  function_name                  = "zones_of_others"
  role                           = "arn:aws:iam::111122223333:role/zones_of_others"
  filename                       = "code.zip"
  runtime                        = "provided.al2023"
  handler                        = "bootstrap"
  reserved_concurrent_executions = 5
  code_signing_config_arn        = aws_lambda_code_signing_config.good.arn

  tracing_config {
    mode = "Active"
  }

  vpc_config {
    subnet_ids         = [data.aws_subnet.later.id]
    security_group_ids = ["sg-0123456789abcdef0"]
  }
}

data "aws_subnet" "later" {
  id = local.later
}

# pass: function/url-auth, function/url-cors
resource "aws_lambda_function_url" "good" {
  function_name      = aws_lambda_function.good.function_name
  authorization_type = "AWS_IAM"

  cors {
    allow_origins = ["https://chat.example.com"]
  }
}

# pass: function/url-cors
# fail: function/url-auth
resource "aws_lambda_function_url" "open" {
  function_name      = aws_lambda_function.good.function_name
  authorization_type = "NONE"
}

# pass: function/url-auth
# fail: function/url-cors
resource "aws_lambda_function_url" "any_origin" {
  function_name      = aws_lambda_function.good.function_name
  authorization_type = "AWS_IAM"

  cors {
    allow_origins = ["https://*"]
  }
}

# unknown: function/url-auth, function/url-cors
resource "aws_lambda_function_url" "later" {
  function_name      = aws_lambda_function.good.function_name
  authorization_type = local.later

  cors {
    allow_origins = [local.later]
  }
}

# pass: function/url-auth
# unknown: function/url-cors
resource "aws_lambda_function_url" "mixed" {
  function_name      = aws_lambda_function.good.function_name
  authorization_type = "AWS_IAM"

  cors {
    allow_origins = ["https://chat.example.com", local.later]
  }
}

# pass: function/permission-action
resource "aws_lambda_permission" "api" {
  action        = "lambda:InvokeFunction"
  function_name = aws_lambda_function.good.function_name
  principal     = "apigateway.amazonaws.com"
  source_arn    = "arn:aws:execute-api:eu-west-1:111122223333:abcdef/prod/$connect"
}

# pass: function/permission-account, function/permission-action
resource "aws_lambda_permission" "role" {
  action        = "lambda:InvokeFunction"
  function_name = aws_lambda_function.good.function_name
  principal     = "arn:aws:iam::111122223333:role/billing"
}

# pass: function/permission-account, function/permission-action
resource "aws_lambda_permission" "role_of_the_plan" {
  action        = "lambda:InvokeFunction"
  function_name = aws_lambda_function.good.function_name
  principal     = aws_iam_role.own.arn
}

# pass: function/permission-action
# fail: function/permission-account
resource "aws_lambda_permission" "account" {
  action        = "lambda:InvokeFunction"
  function_name = aws_lambda_function.good.function_name
  principal     = "111122223333"
}

# pass: function/permission-action
# fail: function/permission-account
resource "aws_lambda_permission" "account_root" {
  action        = "lambda:InvokeFunction"
  function_name = aws_lambda_function.good.function_name
  principal     = "arn:aws:iam::111122223333:root"
}

# pass: function/permission-action
# unknown: function/permission-account
resource "aws_lambda_permission" "principal_later" {
  action        = "lambda:InvokeFunction"
  function_name = "elsewhere"
  principal     = local.later
}

# Is for websocket/permission-source to say.
# pass: function/permission-action
resource "aws_lambda_permission" "everybody" {
  action        = "lambda:InvokeFunction"
  function_name = aws_lambda_function.good.function_name
  principal     = "*"
}

# pass: function/permission-action, function/permission-scope
resource "aws_lambda_permission" "china" {
  action        = "lambda:InvokeFunction"
  function_name = aws_lambda_function.good.function_name
  principal     = "events.amazonaws.com.cn"
  source_arn    = "arn:aws-cn:events:cn-north-1:111122223333:rule/nightly"
}

# pass: function/permission-action, function/permission-bucket-owner, function/permission-scope
resource "aws_lambda_permission" "bucket" {
  action         = "lambda:InvokeFunction"
  function_name  = aws_lambda_function.dead_letter.function_name
  principal      = "s3.amazonaws.com"
  source_arn     = "arn:aws:s3:::uploads"
  source_account = "111122223333"
}

# pass: function/permission-action, function/permission-scope
# fail: function/permission-bucket-owner
resource "aws_lambda_permission" "bucket_of_anybody" {
  action        = "lambda:InvokeFunction"
  function_name = aws_lambda_function.dead_letter.function_name
  principal     = "s3.amazonaws.com"
  source_arn    = "arn:aws:s3:::uploads"
}

# pass: function/permission-action, function/permission-scope
# unknown: function/permission-account, function/permission-bucket-owner
resource "aws_lambda_permission" "bucket_later" {
  action        = "lambda:InvokeFunction"
  function_name = aws_lambda_function.on_failure.function_name
  principal     = local.later
  source_arn    = "arn:aws:s3:::uploads"
}

# fail: function/permission-action
resource "aws_lambda_permission" "any_action" {
  action        = "lambda:*"
  function_name = aws_lambda_function.good.function_name
  principal     = "apigateway.amazonaws.com"
  source_arn    = "arn:aws:execute-api:eu-west-1:111122223333:abcdef/prod/$connect"
}

# pass: function/permission-account
# fail: function/permission-action
resource "aws_lambda_permission" "update" {
  action        = "lambda:UpdateFunctionCode"
  function_name = aws_lambda_function.good.function_name
  principal     = "arn:aws:iam::111122223333:role/build"
}

# unknown: function/permission-action
resource "aws_lambda_permission" "action_later" {
  action        = local.later
  function_name = aws_lambda_function.good.function_name
  principal     = "apigateway.amazonaws.com"
  source_arn    = "arn:aws:execute-api:eu-west-1:111122223333:abcdef/prod/$connect"
}

resource "aws_sns_topic" "news" {
  name = "news"
}

# pass: function/permission-action, function/permission-scope
resource "aws_lambda_permission" "topic" {
  action        = "lambda:InvokeFunction"
  function_name = aws_lambda_function.dead_letter.function_name
  principal     = "sns.amazonaws.com"
  source_arn    = aws_sns_topic.news.arn
}

# pass: function/permission-action
# fail: function/permission-scope
resource "aws_lambda_permission" "any_rule" {
  action        = "lambda:InvokeFunction"
  function_name = aws_lambda_function.dead_letter.function_name
  principal     = "events.amazonaws.com"
  source_arn    = "arn:aws:events:eu-west-1:111122223333:rule/*"
}

# pass: function/permission-action
# fail: function/permission-scope
resource "aws_lambda_permission" "any_account" {
  action        = "lambda:InvokeFunction"
  function_name = aws_lambda_function.dead_letter.function_name
  principal     = "events.amazonaws.com"
  source_arn    = "arn:aws:events:${local.later}:*:rule/nightly"
}

# pass: function/permission-action
# fail: function/permission-scope
resource "aws_lambda_permission" "any_rule_of_ours" {
  action        = "lambda:InvokeFunction"
  function_name = aws_lambda_function.dead_letter.function_name
  principal     = "events.amazonaws.com"
  source_arn    = "arn:aws:events:eu-west-1:${local.later}:rule/*"
}

# pass: function/permission-action, function/permission-scope
resource "aws_lambda_permission" "log_group" {
  action        = "lambda:InvokeFunction"
  function_name = aws_lambda_function.dead_letter.function_name
  principal     = "logs.amazonaws.com"
  source_arn    = "${aws_cloudwatch_log_group.chosen.arn}:*"
}

# pass: function/permission-action
# unknown: function/permission-scope
resource "aws_lambda_permission" "source_later" {
  action        = "lambda:InvokeFunction"
  function_name = aws_lambda_function.dead_letter.function_name
  principal     = "events.amazonaws.com"
  source_arn    = local.later
}

# pass: function/layer-public
resource "aws_lambda_layer_version_permission" "account" {
  layer_name     = "shared"
  version_number = 1
  statement_id   = "account"
  action         = "lambda:GetLayerVersion"
  principal      = "111122223333"
}

# pass: function/layer-public
resource "aws_lambda_layer_version_permission" "organisation" {
  layer_name      = "shared"
  version_number  = 1
  statement_id    = "organisation"
  action          = "lambda:GetLayerVersion"
  principal       = "*"
  organization_id = "o-exampleorgid"
}

# fail: function/layer-public
resource "aws_lambda_layer_version_permission" "everybody" {
  layer_name     = "shared"
  version_number = 1
  statement_id   = "everybody"
  action         = "lambda:GetLayerVersion"
  principal      = "*"
}

# pass: function/layer-public
resource "aws_lambda_layer_version_permission" "account_later" {
  layer_name     = "shared"
  version_number = 1
  statement_id   = "account_later"
  action         = "lambda:GetLayerVersion"
  principal      = aws_organizations_account.partner.id
}

resource "aws_organizations_account" "partner" {
  name  = "partner"
  email = "partner@example.com"
}

# unknown: function/layer-public
resource "aws_lambda_layer_version_permission" "later" {
  layer_name     = "shared"
  version_number = 1
  statement_id   = "later"
  action         = "lambda:GetLayerVersion"
  principal      = local.later
}

resource "aws_sqs_queue" "failures" {
  name = "failures"
}

# pass: function/async-failures
# pass: function/code-signing, function/concurrency, function/log-group, function/runtime, function/shared-role, function/tracing
resource "aws_lambda_function" "dead_letter" {
  function_name                  = "dead_letter"
  role                           = "arn:aws:iam::111122223333:role/dead_letter"
  filename                       = "code.zip"
  runtime                        = "provided.al2023"
  handler                        = "bootstrap"
  reserved_concurrent_executions = 5
  code_signing_config_arn        = aws_lambda_code_signing_config.good.arn

  tracing_config {
    mode = "Active"
  }

  dead_letter_config {
    target_arn = aws_sqs_queue.failures.arn
  }
}

# pass: function/async-failures
# pass: function/code-signing, function/concurrency, function/log-group, function/runtime, function/shared-role, function/tracing
resource "aws_lambda_function" "on_failure" {
  function_name                  = "on_failure"
  role                           = "arn:aws:iam::111122223333:role/on_failure"
  filename                       = "code.zip"
  runtime                        = "provided.al2023"
  handler                        = "bootstrap"
  reserved_concurrent_executions = 5
  code_signing_config_arn        = aws_lambda_code_signing_config.good.arn

  tracing_config {
    mode = "Active"
  }
}

resource "aws_lambda_function_event_invoke_config" "on_failure" {
  function_name = aws_lambda_function.on_failure.function_name

  destination_config {
    on_failure {
      destination = aws_sqs_queue.failures.arn
    }
  }
}

# pass: function/permission-action, function/permission-scope
resource "aws_lambda_permission" "on_failure" {
  action        = "lambda:InvokeFunction"
  function_name = aws_lambda_function.on_failure.function_name
  principal     = "sns.amazonaws.com"
  source_arn    = aws_sns_topic.news.arn
}

# pass: function/code-signing, function/concurrency, function/log-group, function/runtime, function/shared-role, function/tracing
# fail: function/async-failures
resource "aws_lambda_function" "on_success_only" {
  function_name                  = "on_success_only"
  role                           = "arn:aws:iam::111122223333:role/on_success_only"
  filename                       = "code.zip"
  runtime                        = "provided.al2023"
  handler                        = "bootstrap"
  reserved_concurrent_executions = 5
  code_signing_config_arn        = aws_lambda_code_signing_config.good.arn

  tracing_config {
    mode = "Active"
  }
}

resource "aws_lambda_function_event_invoke_config" "on_success_only" {
  function_name          = aws_lambda_function.on_success_only.function_name
  maximum_retry_attempts = 1

  destination_config {
    on_success {
      destination = aws_sqs_queue.failures.arn
    }
  }
}

# pass: function/permission-action, function/permission-scope
resource "aws_lambda_permission" "on_success_only" {
  action        = "lambda:InvokeFunction"
  function_name = aws_lambda_function.on_success_only.arn
  principal     = "sns.amazonaws.com"
  source_arn    = aws_sns_topic.news.arn
}

# pass: function/code-signing, function/concurrency, function/log-group, function/runtime, function/shared-role, function/tracing
# fail: function/async-failures
resource "aws_lambda_function" "forgets" {
  function_name                  = "forgets"
  role                           = "arn:aws:iam::111122223333:role/forgets"
  filename                       = "code.zip"
  runtime                        = "provided.al2023"
  handler                        = "bootstrap"
  reserved_concurrent_executions = 5
  code_signing_config_arn        = aws_lambda_code_signing_config.good.arn

  tracing_config {
    mode = "Active"
  }
}

# By its name.
# pass: function/permission-action, function/permission-scope
resource "aws_lambda_permission" "forgets" {
  action        = "lambda:InvokeFunction"
  function_name = "forgets"
  principal     = "events.amazonaws.com"
  source_arn    = "arn:aws:events:eu-west-1:111122223333:rule/nightly"
}

# pass: function/code-signing, function/concurrency, function/log-group, function/runtime, function/shared-role, function/tracing
# fail: function/async-failures
resource "aws_lambda_function" "forgets_by_alias" {
  function_name                  = "forgets_by_alias"
  role                           = "arn:aws:iam::111122223333:role/forgets_by_alias"
  filename                       = "code.zip"
  runtime                        = "provided.al2023"
  handler                        = "bootstrap"
  reserved_concurrent_executions = 5
  code_signing_config_arn        = aws_lambda_code_signing_config.good.arn

  tracing_config {
    mode = "Active"
  }
}

resource "aws_lambda_alias" "live" {
  name             = "live"
  function_name    = aws_lambda_function.forgets_by_alias.function_name
  function_version = "1"
}

resource "aws_scheduler_schedule" "nightly" {
  name                = "nightly"
  schedule_expression = "rate(1 day)"

  flexible_time_window {
    mode = "OFF"
  }

  target {
    arn      = aws_lambda_alias.live.arn
    role_arn = "arn:aws:iam::111122223333:role/scheduler"
  }
}

# pass: function/code-signing, function/concurrency, function/log-group, function/runtime, function/shared-role, function/tracing
# unknown: function/async-failures
resource "aws_lambda_function" "forgets_perhaps" {
  function_name                  = "forgets_perhaps"
  role                           = "arn:aws:iam::111122223333:role/forgets_perhaps"
  filename                       = "code.zip"
  runtime                        = "provided.al2023"
  handler                        = "bootstrap"
  reserved_concurrent_executions = 5
  code_signing_config_arn        = aws_lambda_code_signing_config.good.arn

  tracing_config {
    mode = "Active"
  }
}

# pass: function/permission-action, function/permission-scope
# unknown: function/permission-account, function/permission-bucket-owner
resource "aws_lambda_permission" "forgets_perhaps" {
  action        = "lambda:InvokeFunction"
  function_name = aws_lambda_function.forgets_perhaps.function_name
  principal     = local.later
  source_arn    = aws_sns_topic.news.arn
}

# pass: function/async-failures
# pass: function/code-signing, function/concurrency, function/log-group, function/runtime, function/shared-role, function/tracing
resource "aws_lambda_function" "perhaps_kept" {
  function_name                  = "perhaps_kept"
  role                           = "arn:aws:iam::111122223333:role/perhaps_kept"
  filename                       = "code.zip"
  runtime                        = "provided.al2023"
  handler                        = "bootstrap"
  reserved_concurrent_executions = 5
  code_signing_config_arn        = aws_lambda_code_signing_config.good.arn

  tracing_config {
    mode = "Active"
  }

  dead_letter_config {
    target_arn = aws_sqs_queue.failures.arn
  }
}

# pass: function/permission-action, function/permission-scope
# unknown: function/permission-account, function/permission-bucket-owner
resource "aws_lambda_permission" "perhaps_kept" {
  action        = "lambda:InvokeFunction"
  function_name = aws_lambda_function.perhaps_kept.function_name
  principal     = local.later
  source_arn    = aws_sns_topic.news.arn
}

# pass: function/permission-action, function/permission-scope
# unknown: function/permission-account, function/permission-bucket-owner
resource "aws_lambda_permission" "forgets_too" {
  action        = "lambda:InvokeFunction"
  function_name = aws_lambda_function.forgets.function_name
  principal     = local.later
  source_arn    = aws_sns_topic.news.arn
}

# pass: function/code-signing, function/concurrency, function/log-group, function/runtime, function/shared-role, function/tracing
# fail: function/async-failures
resource "aws_lambda_function" "forgets_by_arn" {
  function_name                  = "forgets_by_arn"
  role                           = "arn:aws:iam::111122223333:role/forgets_by_arn"
  filename                       = "code.zip"
  runtime                        = "provided.al2023"
  handler                        = "bootstrap"
  reserved_concurrent_executions = 5
  code_signing_config_arn        = aws_lambda_code_signing_config.good.arn

  tracing_config {
    mode = "Active"
  }
}

# pass: function/permission-action, function/permission-scope
resource "aws_lambda_permission" "forgets_by_arn" {
  action        = "lambda:InvokeFunction"
  function_name = "arn:aws:lambda:eu-west-1:111122223333:function:forgets_by_arn"
  principal     = "sns.amazonaws.com"
  source_arn    = aws_sns_topic.news.arn
}

resource "aws_dynamodb_table" "rooms" {
  name             = "rooms"
  hash_key         = "id"
  billing_mode     = "PAY_PER_REQUEST"
  stream_enabled   = true
  stream_view_type = "KEYS_ONLY"

  attribute {
    name = "id"
    type = "S"
  }
}

# pass: function/partial-batch, function/stream-failures, function/stream-retries
resource "aws_lambda_event_source_mapping" "stream" {
  event_source_arn        = aws_dynamodb_table.rooms.stream_arn
  function_name           = aws_lambda_function.worker.arn
  starting_position       = "LATEST"
  maximum_retry_attempts  = 5
  function_response_types = ["ReportBatchItemFailures"]

  destination_config {
    on_failure {
      destination_arn = aws_sqs_queue.failures.arn
    }
  }
}

# fail: function/partial-batch, function/stream-failures, function/stream-retries
resource "aws_lambda_event_source_mapping" "stream_default" {
  event_source_arn  = aws_dynamodb_table.rooms.stream_arn
  function_name     = aws_lambda_function.worker.arn
  starting_position = "LATEST"
}

# pass: function/partial-batch, function/stream-failures
# fail: function/stream-retries
resource "aws_lambda_event_source_mapping" "stream_endless" {
  event_source_arn               = aws_dynamodb_table.rooms.stream_arn
  function_name                  = aws_lambda_function.worker.arn
  starting_position              = "LATEST"
  maximum_retry_attempts         = -1
  maximum_record_age_in_seconds  = -1
  bisect_batch_on_function_error = true

  destination_config {
    on_failure {
      destination_arn = aws_sqs_queue.failures.arn
    }
  }
}

# pass: function/partial-batch, function/stream-retries
# fail: function/stream-failures
resource "aws_lambda_event_source_mapping" "stream_known" {
  event_source_arn              = "arn:aws:kinesis:eu-west-1:111122223333:stream/clicks"
  function_name                 = "worker"
  starting_position             = "LATEST"
  maximum_record_age_in_seconds = 600
  batch_size                    = 1
}

# pass: function/stream-failures
# unknown: function/partial-batch, function/stream-retries
resource "aws_lambda_event_source_mapping" "stream_later" {
  event_source_arn       = aws_dynamodb_table.rooms.stream_arn
  function_name          = aws_lambda_function.worker.arn
  starting_position      = "LATEST"
  maximum_retry_attempts = local.number
  batch_size             = local.number

  destination_config {
    on_failure {
      destination_arn = aws_sqs_queue.failures.arn
    }
  }
}

# pass: function/stream-failures, function/stream-retries
# unknown: function/partial-batch
resource "aws_lambda_event_source_mapping" "bisect_later" {
  event_source_arn               = aws_dynamodb_table.rooms.stream_arn
  function_name                  = aws_lambda_function.worker.arn
  starting_position              = "LATEST"
  maximum_retry_attempts         = 2
  bisect_batch_on_function_error = local.bool

  destination_config {
    on_failure {
      destination_arn = aws_sqs_queue.failures.arn
    }
  }
}

# A stream or not.
# unknown: function/partial-batch, function/queue-tries, function/queue-visibility, function/stream-failures, function/stream-retries
resource "aws_lambda_event_source_mapping" "source_later" {
  event_source_arn = local.later
  function_name    = aws_lambda_function.worker.arn
}

# pass: function/stream-failures, function/stream-retries
# unknown: function/partial-batch
resource "aws_lambda_event_source_mapping" "response_later" {
  event_source_arn        = aws_dynamodb_table.rooms.stream_arn
  function_name           = aws_lambda_function.worker.arn
  starting_position       = "LATEST"
  maximum_retry_attempts  = 2
  function_response_types = [local.later]

  destination_config {
    on_failure {
      destination_arn = aws_sqs_queue.failures.arn
    }
  }
}

resource "aws_lambda_event_source_mapping" "kafka" {
  event_source_arn  = "arn:aws:kafka:eu-west-1:111122223333:cluster/chat/0"
  function_name     = aws_lambda_function.worker.arn
  topics            = ["chat"]
  starting_position = "LATEST"
}

resource "aws_mq_broker" "chat" {
  broker_name        = "chat"
  engine_type        = "RabbitMQ"
  engine_version     = "3.13"
  host_instance_type = "mq.m5.large"

  user {
    username = "chat"
    password = "not a real one"
  }
}

resource "aws_lambda_event_source_mapping" "broker" {
  event_source_arn = aws_mq_broker.chat.arn
  function_name    = aws_lambda_function.worker.arn
  queues           = ["chat"]
}

# pass: function/code-signing, function/concurrency, function/log-group, function/runtime, function/shared-role, function/tracing
resource "aws_lambda_function" "worker" {
  function_name                  = "worker"
  role                           = "arn:aws:iam::111122223333:role/worker"
  filename                       = "code.zip"
  runtime                        = "provided.al2023"
  handler                        = "bootstrap"
  reserved_concurrent_executions = 5
  code_signing_config_arn        = aws_lambda_code_signing_config.good.arn
  timeout                        = 20

  tracing_config {
    mode = "Active"
  }
}

resource "aws_sqs_queue" "jobs" {
  name                       = "jobs"
  visibility_timeout_seconds = 120

  redrive_policy = jsonencode({
    deadLetterTargetArn = "arn:aws:sqs:eu-west-1:111122223333:failures"
    maxReceiveCount     = 5
  })
}

resource "aws_sqs_queue" "default_visibility" {
  name = "default_visibility"
  redrive_policy = jsonencode({
    deadLetterTargetArn = "arn:aws:sqs:eu-west-1:111122223333:failures"
    maxReceiveCount     = "3"
  })
}

resource "aws_sqs_queue" "redrive_later" {
  name                       = "redrive_later"
  visibility_timeout_seconds = local.number
}

resource "aws_sqs_queue_redrive_policy" "later" {
  queue_url = aws_sqs_queue.redrive_later.id

  redrive_policy = jsonencode({
    deadLetterTargetArn = aws_sqs_queue.failures.arn
    maxReceiveCount     = 5
  })
}

resource "aws_sqs_queue" "without_redrive" {
  name                       = "without_redrive"
  visibility_timeout_seconds = 180
}

# pass: function/partial-batch, function/queue-tries, function/queue-visibility
resource "aws_lambda_event_source_mapping" "jobs" {
  event_source_arn        = aws_sqs_queue.jobs.arn
  function_name           = aws_lambda_function.worker.arn
  function_response_types = ["ReportBatchItemFailures"]
}

# Bisecting does nothing for queues.
# fail: function/partial-batch, function/queue-tries, function/queue-visibility
resource "aws_lambda_event_source_mapping" "jobs_default" {
  event_source_arn               = aws_sqs_queue.default_visibility.arn
  function_name                  = aws_lambda_function.worker.arn
  bisect_batch_on_function_error = true
}

# pass: function/partial-batch
# unknown: function/queue-tries, function/queue-visibility
resource "aws_lambda_event_source_mapping" "jobs_later" {
  event_source_arn        = aws_sqs_queue.redrive_later.arn
  function_name           = aws_lambda_function.worker.arn
  function_response_types = ["ReportBatchItemFailures"]
}

# messaging/dead-letter-queue says that it has none.
# pass: function/partial-batch, function/queue-visibility
resource "aws_lambda_event_source_mapping" "jobs_without_redrive" {
  event_source_arn        = aws_sqs_queue.without_redrive.arn
  function_name           = aws_lambda_function.worker.arn
  function_response_types = ["ReportBatchItemFailures"]
}

# pass: function/partial-batch
resource "aws_lambda_event_source_mapping" "jobs_elsewhere" {
  event_source_arn = "arn:aws:sqs:eu-west-1:111122223333:elsewhere"
  function_name    = aws_lambda_function.worker.arn
  batch_size       = 1
}

resource "aws_cloudwatch_log_group" "of" {
  for_each = toset([
    "a",
    "all_instances",
    "b",
    "c",
    "d",
    "dead_letter",
    "forgets",
    "forgets_by_alias",
    "forgets_by_arn",
    "forgets_perhaps",
    "good",
    "group_default_json",
    "image",
    "limit_later",
    "old",
    "on_failure",
    "on_success_only",
    "passes_through",
    "perhaps_kept",
    "role_known_shared",
    "role_known_shared_too",
    "role_later",
    "role_of_its_own",
    "role_shared",
    "role_shared_too",
    "runtime_hidden",
    "secret_arn_later",
    "secret_by_mark",
    "secret_by_name",
    "secret_by_value",
    "secret_later",
    "secret_beside_later",
    "secret_around_later",
    "settings_beside_later",
    "secret_of_a_resource",
    "settings",
    "settings_all_later",
    "settings_key_later",
    "settings_key_of_aws",
    "settings_later",
    "settings_none",
    "settings_sensitive",
    "settings_splat",
    "signed_by_another_state",
    "signed_later",
    "traced_later",
    "unsigned",
    "untraced",
    "without_limit",
    "worker",
    "zones_later",
    "zones_one",
    "zones_one_known",
    "zones_two",
    "zones_two_known",
  ])

  name = "/aws/lambda/${each.key}"
}

#### Given by what may be nothing ####

variable "reserved" {
  type    = number
  default = null
}

# The provider takes null for -1.
# fail: function/concurrency
# pass: function/code-signing, function/log-group, function/runtime, function/shared-role, function/tracing
resource "aws_lambda_function" "limit_null" {
  function_name                  = "limit_null"
  role                           = "arn:aws:iam::111122223333:role/limit_null"
  filename                       = "code.zip"
  runtime                        = "provided.al2023"
  handler                        = "bootstrap"
  reserved_concurrent_executions = var.reserved
  code_signing_config_arn        = aws_lambda_code_signing_config.good.arn

  tracing_config {
    mode = "Active"
  }
}

# pass: function/code-signing, function/concurrency, function/log-group, function/runtime, function/shared-role, function/tracing
resource "aws_lambda_function" "limit_all" {
  function_name                  = "limit_all"
  role                           = "arn:aws:iam::111122223333:role/limit_all"
  filename                       = "code.zip"
  runtime                        = "provided.al2023"
  handler                        = "bootstrap"
  reserved_concurrent_executions = -1
  code_signing_config_arn        = aws_lambda_code_signing_config.good.arn

  tracing_config {
    mode = "Active"
  }
}

# unknown: function/async-failures
# pass: function/code-signing, function/concurrency, function/log-group, function/runtime, function/shared-role, function/tracing
resource "aws_lambda_function" "queue_perhaps" {
  function_name                  = "queue_perhaps"
  role                           = "arn:aws:iam::111122223333:role/queue_perhaps"
  filename                       = "code.zip"
  runtime                        = "provided.al2023"
  handler                        = "bootstrap"
  reserved_concurrent_executions = 5
  code_signing_config_arn        = aws_lambda_code_signing_config.good.arn

  tracing_config {
    mode = "Active"
  }

  dead_letter_config {
    target_arn = local.later
  }
}

# pass: function/permission-action, function/permission-scope
resource "aws_lambda_permission" "queue_perhaps" {
  action        = "lambda:InvokeFunction"
  function_name = "queue_perhaps"
  principal     = "events.amazonaws.com"
  source_arn    = "arn:aws:events:eu-west-1:111122223333:rule/nightly"
}

# unknown: function/async-failures
# pass: function/code-signing, function/concurrency, function/log-group, function/runtime, function/shared-role, function/tracing
resource "aws_lambda_function" "destination_perhaps" {
  function_name                  = "destination_perhaps"
  role                           = "arn:aws:iam::111122223333:role/destination_perhaps"
  filename                       = "code.zip"
  runtime                        = "provided.al2023"
  handler                        = "bootstrap"
  reserved_concurrent_executions = 5
  code_signing_config_arn        = aws_lambda_code_signing_config.good.arn

  tracing_config {
    mode = "Active"
  }
}

# pass: function/permission-action, function/permission-scope
resource "aws_lambda_permission" "destination_perhaps" {
  action        = "lambda:InvokeFunction"
  function_name = aws_lambda_function.destination_perhaps.function_name
  principal     = "events.amazonaws.com"
  source_arn    = "arn:aws:events:eu-west-1:111122223333:rule/nightly"
}

resource "aws_lambda_function_event_invoke_config" "destination_perhaps" {
  function_name = aws_lambda_function.destination_perhaps.function_name

  destination_config {
    on_failure {
      destination = local.later
    }
  }
}

resource "aws_cloudwatch_log_group" "perhaps" {
  for_each = toset(["limit_null", "limit_all", "queue_perhaps", "destination_perhaps"])
  name     = "/aws/lambda/${each.key}"
}

# unknown: function/permission-bucket-owner
# pass: function/permission-action, function/permission-scope
resource "aws_lambda_permission" "bucket_owner_perhaps" {
  action         = "lambda:InvokeFunction"
  function_name  = aws_lambda_function.on_failure.function_name
  principal      = "s3.amazonaws.com"
  source_arn     = "arn:aws:s3:::uploads"
  source_account = local.later
}

# unknown: function/stream-failures
# pass: function/partial-batch, function/stream-retries
resource "aws_lambda_event_source_mapping" "destination_perhaps" {
  event_source_arn               = aws_dynamodb_table.rooms.stream_arn
  function_name                  = aws_lambda_function.worker.arn
  starting_position              = "LATEST"
  maximum_retry_attempts         = 3
  bisect_batch_on_function_error = true

  destination_config {
    on_failure {
      destination_arn = local.later
    }
  }
}

# unknown: function/queue-visibility
# pass: function/partial-batch
resource "aws_lambda_event_source_mapping" "function_later" {
  event_source_arn        = aws_sqs_queue.failures.arn
  function_name           = local.later
  function_response_types = ["ReportBatchItemFailures"]
}

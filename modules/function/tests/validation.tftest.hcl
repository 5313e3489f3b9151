mock_provider "aws" {
  mock_data "aws_iam_policy_document" {
    defaults = { json = "{}" }
  }

  mock_resource "aws_cloudwatch_log_group" {
    defaults = { arn = "arn:aws:logs:eu-west-1:111122223333:log-group:example" }
  }

  mock_resource "aws_iam_role" {
    defaults = { arn = "arn:aws:iam::111122223333:role/example" }
  }

  mock_resource "aws_lambda_function" {
    defaults = { code_sha256 = "47DEQpj8HBSa+/TImW+5JCeuQeRkm5NMpJWZG3hSuFU=" }
  }

  mock_resource "aws_lambda_code_signing_config" {
    defaults = { arn = "arn:aws:lambda:eu-west-1:111122223333:code-signing-config:csc-0123456789abcdef0" }
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

#### Package ####

run "refuses_a_folder_without_sums" {
  command = plan

  variables {
    package_dir = "tests"
  }

  expect_failures = [var.package_dir]
}

run "refuses_a_missing_zip" {
  command = plan

  variables {
    package_name = "absent"
  }

  expect_failures = [var.package_name]
}

run "refuses_a_zip_that_was_changed" {
  command = plan

  variables {
    package_name = "altered"
  }

  expect_failures = [var.package_name]
}

run "refuses_a_zip_that_has_no_sum" {
  command = plan

  variables {
    package_name = "unlisted"
  }

  expect_failures = [var.package_name]
}

run "refuses_a_package_name_that_leaves_the_folder" {
  command = plan

  variables {
    package_name = "../package/example"
  }

  expect_failures = [var.package_name]
}

run "refuses_a_name_without_its_folder" {
  command = plan

  variables {
    package_dir    = null
    package_object = { bucket = "releases", key = "example.zip", version_id = "3HL4kqtJlcpXroDTDmJ", sha256 = "47DEQpj8HBSa+/TImW+5JCeuQeRkm5NMpJWZG3hSuFU=" }
  }

  expect_failures = [var.package_name]
}

run "refuses_no_package" {
  command = plan

  variables {
    package_dir  = null
    package_name = null
  }

  expect_failures = [var.package_object]
}

run "refuses_two_packages" {
  command = plan

  variables {
    package_object = { bucket = "releases", key = "example.zip", version_id = "3HL4kqtJlcpXroDTDmJ", sha256 = "47DEQpj8HBSa+/TImW+5JCeuQeRkm5NMpJWZG3hSuFU=" }
  }

  expect_failures = [var.package_object]
}

run "refuses_a_sum_in_hex" {
  command = plan

  variables {
    package_dir    = null
    package_name   = null
    package_object = { bucket = "releases", key = "example.zip", version_id = "3HL4kqtJlcpXroDTDmJ", sha256 = "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855" }
  }

  expect_failures = [var.package_object]
}

run "refuses_an_object_without_a_version" {
  command = plan

  variables {
    package_dir    = null
    package_name   = null
    package_object = { bucket = "releases", key = "example.zip", version_id = "null", sha256 = "47DEQpj8HBSa+/TImW+5JCeuQeRkm5NMpJWZG3hSuFU=" }
  }

  expect_failures = [var.package_object]
}

run "refuses_an_object_without_a_key" {
  command = plan

  variables {
    package_dir    = null
    package_name   = null
    package_object = { bucket = "releases", key = "", version_id = "3HL4kqtJlcpXroDTDmJ", sha256 = "47DEQpj8HBSa+/TImW+5JCeuQeRkm5NMpJWZG3hSuFU=" }
  }

  expect_failures = [var.package_object]
}

#### Switches ####

run "refuses_switches_that_are_empty" {
  command = plan

  variables {
    code_signing = { profile_version_arns = [] }
    vpc          = { subnet_ids = [], security_group_ids = ["sg-0a1b"] }
    on_failure   = { service = "s3", arn = "arn:aws:s3:::failures" }
  }

  expect_failures = [var.code_signing, var.vpc, var.on_failure]
}

run "refuses_switches_with_other_things" {
  command = plan

  variables {
    code_signing = { profile_version_arns = ["arn:aws:signer:eu-west-1:111122223333:/signing-profiles/releases"] }
    vpc          = { subnet_ids = ["vpc-0a1b"], security_group_ids = ["sg-0a1b"] }
    on_failure   = { service = "sqs", arn = "arn:aws:sns:eu-west-1:111122223333:failures" }
  }

  expect_failures = [var.code_signing, var.vpc, var.on_failure]
}

run "refuses_a_vpc_without_a_security_group" {
  command = plan

  variables {
    vpc = { subnet_ids = ["subnet-0a1b"], security_group_ids = [] }
  }

  expect_failures = [var.vpc]
}

run "refuses_a_fifo_queue_for_failures" {
  command = plan

  variables {
    on_failure = { service = "sqs", arn = "arn:aws:sqs:eu-west-1:111122223333:failures.fifo" }
  }

  expect_failures = [var.on_failure]
}

run "refuses_a_key_alias_for_failures" {
  command = plan

  variables {
    on_failure = { service = "sqs", arn = "arn:aws:sqs:eu-west-1:111122223333:failures", kms_key = { arn = "arn:aws:kms:eu-west-1:111122223333:alias/chat" } }
  }

  expect_failures = [var.on_failure]
}

run "refuses_more_tries_than_lambda_makes" {
  command = plan

  variables {
    on_failure = { service = "sqs", arn = "arn:aws:sqs:eu-west-1:111122223333:failures", retry_attempts = 3 }
  }

  expect_failures = [var.on_failure]
}

run "refuses_events_that_never_grow_old" {
  command = plan

  variables {
    on_failure = { service = "sqs", arn = "arn:aws:sqs:eu-west-1:111122223333:failures", event_age_seconds = 21601 }
  }

  expect_failures = [var.on_failure]
}

#### Runtime ####

run "refuses_what_is_too_small" {
  command = plan

  variables {
    name                 = ""
    timeout_seconds      = 0
    memory_mb            = 127
    ephemeral_storage_mb = 511
    reserved_concurrency = "-1"
    log_retention_days   = 0
  }

  expect_failures = [var.name, var.timeout_seconds, var.memory_mb, var.ephemeral_storage_mb, var.reserved_concurrency, var.log_retention_days]
}

run "refuses_what_is_too_large" {
  command = plan

  variables {
    name                 = format("%065d", 0)
    description          = format("%0257d", 0)
    timeout_seconds      = 901
    memory_mb            = 10241
    reserved_concurrency = "10001"
    log_retention_days   = 3654
  }

  expect_failures = [var.name, var.description, var.timeout_seconds, var.memory_mb, var.reserved_concurrency, var.log_retention_days]
}

run "refuses_what_lies_between" {
  command = plan

  variables {
    timeout_seconds      = 1.5
    memory_mb            = 128.5
    reserved_concurrency = "1.5"
    log_retention_days   = 100
  }

  expect_failures = [var.timeout_seconds, var.memory_mb, var.reserved_concurrency, var.log_retention_days]
}

run "refuses_words_that_aws_does_not_know" {
  command = plan

  variables {
    name                 = "chat.message"
    architecture         = "amd64"
    reserved_concurrency = "none"
    tracing_mode         = "On"
    log_level            = "info"
    kms_key_arn          = "arn:aws:kms:eu-west-1:111122223333:alias/chat"
    permissions_boundary = "arn:aws:iam::111122223333:role/boundary"
    environment          = { "TABLE-NAME" = "rows" }
    tags                 = { "aws:team" = "chat" }
  }

  expect_failures = [var.name, var.architecture, var.reserved_concurrency, var.tracing_mode, var.log_level, var.kms_key_arn, var.permissions_boundary, var.environment, var.tags]
}

run "refuses_a_setting_that_lambda_owns" {
  command = plan

  variables {
    environment = { AWS_REGION = "eu-west-1" }
  }

  expect_failures = [var.environment]
}

run "refuses_more_settings_than_lambda_takes" {
  command = plan

  variables {
    environment = { SETTING = format("%4083s", "x") }
  }

  expect_failures = [var.environment]
}

run "counts_bytes_of_settings_and_not_characters" {
  command = plan

  variables {
    environment = { SETTING = join("", [for n in range(1021) : "éé"]) }
  }

  expect_failures = [var.environment]
}

run "takes_as_many_settings_as_lambda_does" {
  command = plan

  variables {
    environment = { SETTING = format("%4082s", "x") }
  }
}

run "accepts_the_ends_of_every_range" {
  command = plan

  variables {
    timeout_seconds      = 900
    memory_mb            = 10240
    reserved_concurrency = "10000"
    log_retention_days   = 3653
    name                 = format("%064d", 0)
    description          = format("%0256d", 0)
  }
}

#### Rights ####

run "refuses_every_action_of_a_service" {
  command = plan

  variables {
    statements = [{
      sid       = "Rows"
      actions   = ["dynamodb:*"]
      resources = ["arn:aws:dynamodb:eu-west-1:111122223333:table/rows"]
    }]
  }

  expect_failures = [var.statements]
}

run "refuses_every_action" {
  command = plan

  variables {
    statements = [{
      sid       = "Rows"
      actions   = ["*"]
      resources = ["arn:aws:dynamodb:eu-west-1:111122223333:table/rows"]
    }]
  }

  expect_failures = [var.statements]
}

run "refuses_every_resource" {
  command = plan

  variables {
    statements = [{
      sid       = "Rows"
      actions   = ["dynamodb:Query"]
      resources = ["*"]
    }]
  }

  expect_failures = [var.statements]
}

run "refuses_every_resource_of_a_service" {
  command = plan

  variables {
    statements = [{
      sid       = "Rows"
      actions   = ["dynamodb:Query"]
      resources = ["arn:aws:dynamodb:eu-west-1:111122223333:*"]
    }]
  }

  expect_failures = [var.statements]
}

run "refuses_every_resource_of_a_service_by_a_question_mark" {
  command = plan

  variables {
    statements = [{
      sid       = "Rows"
      actions   = ["dynamodb:Query"]
      resources = ["arn:aws:dynamodb:eu-west-1:111122223333:?*"]
    }]
  }

  expect_failures = [var.statements]
}

run "refuses_a_statement_without_actions" {
  command = plan

  variables {
    statements = [{
      sid       = "Rows"
      actions   = []
      resources = ["arn:aws:dynamodb:eu-west-1:111122223333:table/rows"]
    }]
  }

  expect_failures = [var.statements]
}

run "refuses_a_statement_without_resources" {
  command = plan

  variables {
    statements = [{
      sid       = "Rows"
      actions   = ["dynamodb:Query"]
      resources = []
    }]
  }

  expect_failures = [var.statements]
}

run "refuses_two_statements_with_one_sid" {
  command = plan

  variables {
    statements = [
      { sid = "Rows", actions = ["dynamodb:Query"], resources = ["arn:aws:dynamodb:eu-west-1:111122223333:table/rows"] },
      { sid = "Rows", actions = ["dynamodb:PutItem"], resources = ["arn:aws:dynamodb:eu-west-1:111122223333:table/rows"] },
    ]
  }

  expect_failures = [var.statements]
}

run "refuses_a_statement_without_a_sid" {
  command = plan

  variables {
    statements = [{
      sid       = "all rows"
      actions   = ["dynamodb:Query"]
      resources = ["arn:aws:dynamodb:eu-west-1:111122223333:table/rows"]
    }]
  }

  expect_failures = [var.statements]
}

run "refuses_to_widen_the_modules_own_statement" {
  command = plan

  variables {
    statements = [{
      sid       = "OwnLogs"
      actions   = ["logs:DeleteLogGroup"]
      resources = ["arn:aws:logs:eu-west-1:111122223333:log-group:/aws/lambda/example:*"]
    }]
  }

  expect_failures = [var.statements]
}

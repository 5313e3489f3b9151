mock_provider "aws" {
  mock_data "aws_iam_policy_document" {
    defaults = { json = "{}" }
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

#### Runtime ####

run "refuses_what_is_too_small" {
  command = plan

  variables {
    name                 = ""
    timeout_seconds      = 0
    memory_mb            = 127
    reserved_concurrency = "-1"
    log_retention_days   = 0
  }

  expect_failures = [var.name, var.timeout_seconds, var.memory_mb, var.reserved_concurrency, var.log_retention_days]
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
  }

  expect_failures = [var.name, var.architecture, var.reserved_concurrency, var.tracing_mode, var.log_level, var.kms_key_arn, var.permissions_boundary, var.environment]
}

run "refuses_a_setting_that_lambda_owns" {
  command = plan

  variables {
    environment = { AWS_REGION = "eu-west-1" }
  }

  expect_failures = [var.environment]
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

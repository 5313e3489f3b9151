mock_provider "aws" {
  mock_data "aws_iam_policy_document" {
    defaults = { json = "{}" }
  }

  mock_resource "aws_kms_key" {
    defaults = { arn = "arn:aws:kms:eu-west-1:111122223333:key/1a2b3c4d-0000-4000-8000-000000000000" }
  }

  mock_resource "aws_dynamodb_table" {
    defaults = { arn = "arn:aws:dynamodb:eu-west-1:111122223333:table/rows" }
  }
}

variables {
  name = "chat-messages"
}

run "refuses_what_is_too_small" {
  command = plan

  variables {
    name                     = "ab"
    recovery_period_days     = 0
    table_class              = "COLD"
    kms_deletion_window_days = 6
    on_demand_limits         = { read_units = 0 }
  }

  expect_failures = [var.name, var.recovery_period_days, var.kms_deletion_window_days, var.on_demand_limits, var.table_class]
}

run "refuses_what_is_too_large" {
  command = plan

  variables {
    name                     = format("%0242d", 0)
    recovery_period_days     = 36
    kms_deletion_window_days = 31
  }

  expect_failures = [var.name, var.recovery_period_days, var.kms_deletion_window_days]
}

run "refuses_what_lies_between" {
  command = plan

  variables {
    recovery_period_days     = 1.5
    kms_deletion_window_days = 7.5
    provisioned              = { read_units = 1.5, write_units = 1 }
  }

  expect_failures = [var.recovery_period_days, var.kms_deletion_window_days, var.provisioned]
}

# A variable is not judged while one that it is compared with is refused, so
# those come apart.

run "refuses_words_that_aws_does_not_know" {
  command = plan

  variables {
    partition_key    = { name = "pk", type = "String" }
    kms_key          = { arn = "arn:aws:kms:eu-west-1:111122223333:alias/chat" }
    stream_view_type = "ALL"
    tags             = { "aws:team" = "chat" }
  }

  expect_failures = [var.partition_key, var.kms_key, var.stream_view_type, var.tags]
}

run "refuses_other_words_that_aws_does_not_know" {
  command = plan

  variables {
    name     = "chat/messages"
    sort_key = { name = "sk", type = "s" }
  }

  expect_failures = [var.name, var.sort_key]
}

run "refuses_names_that_are_none" {
  command = plan

  variables {
    partition_key = { name = "" }
    kms_key       = { arn = "1a2b3c4d-0000-4000-8000-000000000000" }
  }

  expect_failures = [var.partition_key, var.kms_key]
}

run "refuses_other_names_that_are_none" {
  command = plan

  variables {
    sort_key = { name = "room id" }
  }

  expect_failures = [var.sort_key]
}

run "refuses_an_expiry_that_is_no_name" {
  command = plan

  variables {
    ttl_attribute = "expires at"
  }

  expect_failures = [var.ttl_attribute]
}

run "refuses_a_partition_key_as_sort_key" {
  command = plan

  variables {
    sort_key = { name = "pk" }
  }

  expect_failures = [var.sort_key]
}

run "refuses_a_key_attribute_as_expiry" {
  command = plan

  variables {
    ttl_attribute = "sk"
  }

  expect_failures = [var.ttl_attribute]
}

run "refuses_the_partition_key_as_expiry" {
  command = plan

  variables {
    partition_key = { name = "expiry" }
  }

  expect_failures = [var.ttl_attribute]
}

run "refuses_limits_of_nothing" {
  command = plan

  variables {
    on_demand_limits = {}
  }

  expect_failures = [var.on_demand_limits]
}

run "refuses_limits_below_none" {
  command = plan

  variables {
    on_demand_limits = { read_units = 1, write_units = -2 }
  }

  expect_failures = [var.on_demand_limits]
}

run "refuses_limits_beside_capacity" {
  command = plan

  variables {
    on_demand_limits = { read_units = 1 }
    provisioned      = { read_units = 1, write_units = 1 }
  }

  expect_failures = [var.on_demand_limits]
}

run "refuses_no_capacity" {
  command = plan

  variables {
    provisioned = { read_units = 1, write_units = 0 }
  }

  expect_failures = [var.provisioned]
}

run "refuses_a_statement_without_a_sid" {
  command = plan

  variables {
    resource_policy_statements = [{ sid = "", principals = { identifiers = ["arn:aws:iam::444455556666:root"] }, actions = ["dynamodb:GetItem"] }]
  }

  expect_failures = [var.resource_policy_statements]
}

run "refuses_two_statements_with_one_sid" {
  command = plan

  variables {
    resource_policy_statements = [
      { sid = "Readers", principals = { identifiers = ["arn:aws:iam::444455556666:root"] }, actions = ["dynamodb:GetItem"] },
      { sid = "Readers", principals = { identifiers = ["arn:aws:iam::444455556666:root"] }, actions = ["dynamodb:Query"] },
    ]
  }

  expect_failures = [var.resource_policy_statements]
}

run "refuses_an_effect_that_is_none" {
  command = plan

  variables {
    resource_policy_statements = [{ sid = "Readers", effect = "allow", principals = { identifiers = ["arn:aws:iam::444455556666:root"] }, actions = ["dynamodb:GetItem"] }]
  }

  expect_failures = [var.resource_policy_statements]
}

run "refuses_principals_of_another_type" {
  command = plan

  variables {
    resource_policy_statements = [{ sid = "Readers", principals = { type = "Federated", identifiers = ["cognito-identity.amazonaws.com"] }, actions = ["dynamodb:GetItem"] }]
  }

  expect_failures = [var.resource_policy_statements]
}

run "refuses_a_statement_for_nobody" {
  command = plan

  variables {
    resource_policy_statements = [{ sid = "Readers", principals = { identifiers = [] }, actions = ["dynamodb:GetItem"] }]
  }

  expect_failures = [var.resource_policy_statements]
}

run "refuses_to_allow_everybody" {
  command = plan

  variables {
    resource_policy_statements = [{ sid = "Readers", principals = { identifiers = ["*"] }, actions = ["dynamodb:GetItem"] }]
  }

  expect_failures = [var.resource_policy_statements]
}

run "refuses_a_statement_without_actions" {
  command = plan

  variables {
    resource_policy_statements = [{ sid = "Readers", principals = { identifiers = ["arn:aws:iam::444455556666:root"] }, actions = [] }]
  }

  expect_failures = [var.resource_policy_statements]
}

run "refuses_to_allow_every_action" {
  command = plan

  variables {
    resource_policy_statements = [{ sid = "Readers", principals = { identifiers = ["arn:aws:iam::444455556666:root"] }, actions = ["dynamodb:*"] }]
  }

  expect_failures = [var.resource_policy_statements]
}

run "refuses_actions_of_another_service" {
  command = plan

  variables {
    resource_policy_statements = [{ sid = "Readers", effect = "Deny", principals = { identifiers = ["*"] }, actions = ["s3:*"] }]
  }

  expect_failures = [var.resource_policy_statements]
}

run "accepts_the_least" {
  command = plan

  variables {
    name                     = "abc"
    recovery_period_days     = 1
    kms_deletion_window_days = 7
    on_demand_limits         = { read_units = 1, write_units = -1 }
    stream_view_type         = "KEYS_ONLY"
  }
}

run "accepts_the_most" {
  command = plan

  variables {
    name                 = format("%0255d", 0)
    recovery_period_days = 35
    kms_key              = { arn = "arn:aws-cn:kms:cn-north-1:111122223333:key/mrk-1a2b3c4d000040008000000000000000" }
    provisioned          = { read_units = 40000, write_units = 40000 }
  }
}

mock_provider "aws" {}

variables {
  name        = "chat-messages"
  kms_key_arn = "arn:aws:kms:eu-west-1:111122223333:key/1a2b3c4d-0000-4000-8000-000000000000"
}

run "hardened_without_being_asked" {
  assert {
    condition     = aws_dynamodb_table.this.billing_mode == "PAY_PER_REQUEST"
    error_message = "The table is not on demand."
  }

  assert {
    condition     = aws_dynamodb_table.this.hash_key == "pk" && aws_dynamodb_table.this.range_key == "sk" && alltrue([for attribute in aws_dynamodb_table.this.attribute : attribute.type == "S"])
    error_message = "The keys are not the strings pk and sk."
  }

  assert {
    condition     = aws_dynamodb_table.this.server_side_encryption[0].enabled && aws_dynamodb_table.this.server_side_encryption[0].kms_key_arn == var.kms_key_arn
    error_message = "The table is not encrypted with the given key."
  }

  assert {
    condition     = aws_dynamodb_table.this.ttl[0].enabled && aws_dynamodb_table.this.ttl[0].attribute_name == "expiry"
    error_message = "Rows do not expire by the attribute expiry."
  }

  assert {
    condition     = aws_dynamodb_table.this.point_in_time_recovery[0].enabled
    error_message = "Point-in-time recovery is off."
  }

  assert {
    condition     = aws_dynamodb_table.this.deletion_protection_enabled
    error_message = "The table may be deleted."
  }

  assert {
    condition     = length(aws_dynamodb_table.this.global_secondary_index) == 0
    error_message = "The table has an index."
  }
}

run "relaxed_by_name" {
  variables {
    point_in_time_recovery = false
    deletion_protection    = false
    ttl_attribute          = "expires_at"
    tags                   = { team = "chat" }
  }

  assert {
    condition     = !aws_dynamodb_table.this.point_in_time_recovery[0].enabled
    error_message = "point_in_time_recovery = false has no effect."
  }

  assert {
    condition     = !aws_dynamodb_table.this.deletion_protection_enabled
    error_message = "deletion_protection = false has no effect."
  }

  assert {
    condition     = aws_dynamodb_table.this.ttl[0].attribute_name == "expires_at" && aws_dynamodb_table.this.ttl[0].enabled
    error_message = "ttl_attribute has no effect."
  }

  assert {
    condition     = aws_dynamodb_table.this.tags == tomap({ team = "chat" })
    error_message = "The tags are not on the table."
  }
}

run "null_means_the_default" {
  variables {
    point_in_time_recovery = null
    deletion_protection    = null
    ttl_attribute          = null
  }

  assert {
    condition     = aws_dynamodb_table.this.point_in_time_recovery[0].enabled && aws_dynamodb_table.this.deletion_protection_enabled && aws_dynamodb_table.this.ttl[0].attribute_name == "expiry"
    error_message = "A null switches a hardening off."
  }
}

run "refuses_a_short_name" {
  command = plan

  variables {
    name = "ab"
  }

  expect_failures = [var.name]
}

run "refuses_a_name_with_a_slash" {
  command = plan

  variables {
    name = "chat/messages"
  }

  expect_failures = [var.name]
}

run "refuses_a_key_alias" {
  command = plan

  variables {
    kms_key_arn = "arn:aws:kms:eu-west-1:111122223333:alias/chat"
  }

  expect_failures = [var.kms_key_arn]
}

run "refuses_a_bare_key_id" {
  command = plan

  variables {
    kms_key_arn = "1a2b3c4d-0000-4000-8000-000000000000"
  }

  expect_failures = [var.kms_key_arn]
}

run "refuses_a_key_attribute_as_expiry" {
  command = plan

  variables {
    ttl_attribute = "sk"
  }

  expect_failures = [var.ttl_attribute]
}

mock_provider "aws" {
  mock_data "aws_iam_policy_document" {
    defaults = { json = "{}" }
  }

  mock_resource "aws_kms_key" {
    defaults = {
      arn    = "arn:aws-us-gov:kms:us-gov-west-1:111122223333:key/1a2b3c4d-0000-4000-8000-000000000000"
      key_id = "1a2b3c4d-0000-4000-8000-000000000000"
    }
  }

  mock_resource "aws_dynamodb_table" {
    defaults = {
      arn        = "arn:aws-us-gov:dynamodb:us-gov-west-1:111122223333:table/chat.messages"
      stream_arn = "arn:aws-us-gov:dynamodb:us-gov-west-1:111122223333:table/chat.messages/stream/2026-11-23T00:00:00.000"
    }
  }
}

variables {
  name = "chat.messages"
}

# aws-samples/websocket-chat-application has no point-in-time recovery, and
# HashiCorp's api-gateway-websocket-chat-app five units of provisioned capacity.
run "hardened_without_being_asked" {
  assert {
    condition     = aws_dynamodb_table.this.billing_mode == "PAY_PER_REQUEST" && length(aws_dynamodb_table.this.on_demand_throughput) == 0
    error_message = "The table is not on demand, or bounded."
  }

  assert {
    condition     = aws_dynamodb_table.this.hash_key == "pk" && aws_dynamodb_table.this.range_key == "sk" && aws_dynamodb_table.this.attribute == toset([{ name = "pk", type = "S" }, { name = "sk", type = "S" }])
    error_message = "The keys are not the strings pk and sk."
  }

  assert {
    condition     = aws_dynamodb_table.this.server_side_encryption[0].enabled && aws_dynamodb_table.this.server_side_encryption[0].kms_key_arn == aws_kms_key.this[0].arn
    error_message = "The table is not encrypted with the module's own key."
  }

  assert {
    condition     = aws_dynamodb_table.this.ttl[0].enabled && aws_dynamodb_table.this.ttl[0].attribute_name == "expiry"
    error_message = "Rows do not expire by the attribute expiry."
  }

  assert {
    condition     = aws_dynamodb_table.this.point_in_time_recovery[0].enabled && aws_dynamodb_table.this.point_in_time_recovery[0].recovery_period_in_days == 35
    error_message = "Point-in-time recovery is off, or shorter than it can be."
  }

  assert {
    condition     = aws_dynamodb_table.this.deletion_protection_enabled
    error_message = "The table may be deleted."
  }

  assert {
    condition     = aws_dynamodb_table.this.table_class == "STANDARD"
    error_message = "The table is of a class that is dear to use."
  }

  assert {
    condition     = !aws_dynamodb_table.this.stream_enabled && output.stream_arn == null
    error_message = "The table has a stream that nobody asked for."
  }

  assert {
    condition     = length(aws_dynamodb_resource_policy.this) == 0 && length(data.aws_iam_policy_document.resource) == 0
    error_message = "The table has a resource policy that nobody asked for."
  }

  assert {
    condition     = length(aws_dynamodb_table.this.global_secondary_index) == 0 && length(aws_dynamodb_table.this.local_secondary_index) == 0
    error_message = "The table has an index."
  }
}

run "its_own_key_serves_the_table_only" {
  assert {
    condition     = aws_kms_key.this[0].enable_key_rotation && aws_kms_key.this[0].deletion_window_in_days == 30
    error_message = "The key is not rotated, or can be destroyed sooner than it must."
  }

  assert {
    condition     = aws_kms_key_policy.this[0].key_id == aws_kms_key.this[0].key_id && aws_kms_key_policy.this[0].policy == data.aws_iam_policy_document.key[0].json
    error_message = "The key has not the module's policy."
  }

  assert {
    condition     = aws_kms_alias.this[0].name == "alias/dynamodb-chat/messages" && aws_kms_alias.this[0].target_key_id == aws_kms_key.this[0].key_id
    error_message = "The key has no alias with the table's name."
  }

  assert {
    condition     = data.aws_iam_policy_document.key[0].statement[*].sid == tolist(["AccountAdministers", "AccountUsesThroughDynamoDB"])
    error_message = "The key's policy has a statement too many, or too few."
  }

  assert {
    condition = alltrue([for statement in data.aws_iam_policy_document.key[0].statement : alltrue([
      for principal in statement.principals : principal.type == "AWS" && principal.identifiers == toset(["arn:aws-us-gov:iam::111122223333:root"])
    ]) && length(statement.principals) == 1])
    error_message = "Somebody outside the account may use the key."
  }

  assert {
    condition     = length(setintersection(data.aws_iam_policy_document.key[0].statement[0].actions, ["kms:*", "kms:CreateGrant", "kms:Decrypt", "kms:Encrypt", "kms:GenerateDataKey", "kms:GenerateDataKey*", "kms:ReEncrypt*"])) == 0
    error_message = "Who administers the key can read with it."
  }

  assert {
    condition     = data.aws_iam_policy_document.key[0].statement[1].actions == toset(["kms:CreateGrant", "kms:Decrypt", "kms:Encrypt", "kms:GenerateDataKey*", "kms:ReEncrypt*"])
    error_message = "The key may be used for more than a table."
  }

  assert {
    condition     = data.aws_iam_policy_document.key[0].statement[1].condition == toset([{ test = "StringEquals", variable = "kms:ViaService", values = tolist(["dynamodb.us-gov-west-1.amazonaws.com"]) }])
    error_message = "The key may be used otherwise than by way of DynamoDB."
  }

  assert {
    condition = output.kms_key_arn == aws_kms_key.this[0].arn && output.key_statement == {
      sid       = "TableKey"
      actions   = ["kms:Decrypt"]
      resources = [aws_kms_key.this[0].arn]
      conditions = [{
        test     = "StringEquals"
        variable = "kms:ViaService"
        values   = ["dynamodb.us-gov-west-1.amazonaws.com"]
      }]
    }
    error_message = "What callers are told to ask for is not the right to this key by way of DynamoDB."
  }
}

run "a_given_key_leaves_no_other" {
  variables {
    kms_key = { arn = "arn:aws:kms:eu-west-1:111122223333:key/2b3c4d5e-0000-4000-8000-000000000000" }
  }

  assert {
    condition     = length(aws_kms_key.this) == 0 && length(aws_kms_key_policy.this) == 0 && length(aws_kms_alias.this) == 0 && length(data.aws_iam_policy_document.key) == 0
    error_message = "The module makes a key beside the given one."
  }

  assert {
    condition     = aws_dynamodb_table.this.server_side_encryption[0].enabled && aws_dynamodb_table.this.server_side_encryption[0].kms_key_arn == var.kms_key.arn && output.kms_key_arn == var.kms_key.arn
    error_message = "The table is not encrypted with the given key."
  }

  assert {
    condition     = output.key_statement.resources[0] == var.kms_key.arn && output.key_statement.conditions[0].values[0] == "dynamodb.eu-west-1.amazonaws.com"
    error_message = "What callers are told to ask for is not the right to the given key."
  }
}

run "a_key_in_china_is_used_by_another_name" {
  variables {
    kms_key = { arn = "arn:aws-cn:kms:cn-north-1:111122223333:key/2b3c4d5e-0000-4000-8000-000000000000" }
  }

  assert {
    condition     = output.key_statement.conditions[0].values[0] == "dynamodb.cn-north-1.amazonaws.com.cn"
    error_message = "DynamoDB has another name in China."
  }
}

run "relaxed_by_name" {
  variables {
    point_in_time_recovery   = false
    deletion_protection      = false
    ttl_enabled              = false
    ttl_attribute            = "expires_at"
    kms_deletion_window_days = 7
    tags                     = { team = "chat" }
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
    condition     = aws_dynamodb_table.this.ttl[0].attribute_name == "expires_at" && !aws_dynamodb_table.this.ttl[0].enabled
    error_message = "ttl_enabled or ttl_attribute have no effect."
  }

  assert {
    condition     = aws_kms_key.this[0].deletion_window_in_days == 7
    error_message = "kms_deletion_window_days has no effect."
  }

  assert {
    condition     = aws_dynamodb_table.this.tags == tomap({ team = "chat" }) && aws_kms_key.this[0].tags == tomap({ team = "chat" })
    error_message = "The tags are not on table and key."
  }
}

run "null_means_the_default" {
  variables {
    point_in_time_recovery     = null
    recovery_period_days       = null
    deletion_protection        = null
    ttl_enabled                = null
    ttl_attribute              = null
    kms_deletion_window_days   = null
    partition_key              = null
    resource_policy_statements = null
    tags                       = null
  }

  assert {
    condition     = aws_dynamodb_table.this.point_in_time_recovery[0].enabled && aws_dynamodb_table.this.point_in_time_recovery[0].recovery_period_in_days == 35 && aws_dynamodb_table.this.deletion_protection_enabled && aws_dynamodb_table.this.ttl[0].enabled && aws_dynamodb_table.this.ttl[0].attribute_name == "expiry" && aws_kms_key.this[0].deletion_window_in_days == 30
    error_message = "A null switches a hardening off."
  }
}

run "keys_of_other_names_and_types" {
  variables {
    table_class          = "STANDARD_INFREQUENT_ACCESS"
    partition_key        = { name = "device", type = "B" }
    sort_key             = { name = "at", type = "N" }
    recovery_period_days = 1
  }

  assert {
    condition     = aws_dynamodb_table.this.hash_key == "device" && aws_dynamodb_table.this.range_key == "at" && aws_dynamodb_table.this.attribute == toset([{ name = "device", type = "B" }, { name = "at", type = "N" }])
    error_message = "The keys are not the given ones."
  }

  assert {
    condition     = aws_dynamodb_table.this.point_in_time_recovery[0].recovery_period_in_days == 1
    error_message = "recovery_period_days has no effect."
  }

  assert {
    condition     = aws_dynamodb_table.this.table_class == "STANDARD_INFREQUENT_ACCESS"
    error_message = "table_class has no effect."
  }
}

run "without_a_sort_key" {
  variables {
    sort_key      = null
    ttl_attribute = "sk"
  }

  assert {
    condition     = aws_dynamodb_table.this.range_key == null && aws_dynamodb_table.this.attribute == toset([{ name = "pk", type = "S" }])
    error_message = "The table has a sort key."
  }
}

run "bounded_on_demand" {
  variables {
    on_demand_limits = { read_units = 100, write_units = -1 }
  }

  assert {
    condition     = aws_dynamodb_table.this.billing_mode == "PAY_PER_REQUEST" && aws_dynamodb_table.this.on_demand_throughput[0].max_read_request_units == 100 && aws_dynamodb_table.this.on_demand_throughput[0].max_write_request_units == -1
    error_message = "on_demand_limits has no effect."
  }
}

run "provisioned" {
  variables {
    provisioned = { read_units = 5, write_units = 2 }
  }

  assert {
    condition     = aws_dynamodb_table.this.billing_mode == "PROVISIONED" && aws_dynamodb_table.this.read_capacity == 5 && aws_dynamodb_table.this.write_capacity == 2 && length(aws_dynamodb_table.this.on_demand_throughput) == 0
    error_message = "provisioned has no effect."
  }
}

run "a_stream" {
  variables {
    stream_view_type = "NEW_AND_OLD_IMAGES"
  }

  assert {
    condition     = aws_dynamodb_table.this.stream_enabled && aws_dynamodb_table.this.stream_view_type == "NEW_AND_OLD_IMAGES" && output.stream_arn == aws_dynamodb_table.this.stream_arn
    error_message = "stream_view_type has no effect."
  }
}

run "a_resource_policy_of_statements" {
  variables {
    resource_policy_statements = [
      {
        sid        = "Readers"
        principals = { identifiers = ["arn:aws:iam::444455556666:role/reader"] }
        actions    = ["dynamodb:GetItem", "dynamodb:Query"]
      },
      {
        sid        = "FromOurNetworkOnly"
        effect     = "Deny"
        principals = { identifiers = ["*"] }
        actions    = ["dynamodb:*"]
        conditions = [{ test = "StringNotEquals", variable = "aws:SourceVpce", values = ["vpce-0a1b2c3d"] }]
      },
    ]
  }

  assert {
    condition     = aws_dynamodb_resource_policy.this[0].resource_arn == aws_dynamodb_table.this.arn && aws_dynamodb_resource_policy.this[0].policy == data.aws_iam_policy_document.resource[0].json
    error_message = "The table has not the policy."
  }

  assert {
    condition     = [for statement in data.aws_iam_policy_document.resource[0].statement : [statement.sid, statement.effect]] == [["Readers", "Allow"], ["FromOurNetworkOnly", "Deny"]]
    error_message = "The statements are not the given ones."
  }

  assert {
    condition     = alltrue([for statement in data.aws_iam_policy_document.resource[0].statement : statement.resources == toset([aws_dynamodb_table.this.arn])])
    error_message = "A statement is about something else than the table."
  }

  assert {
    condition     = data.aws_iam_policy_document.resource[0].statement[0].principals == toset([{ type = "AWS", identifiers = toset(["arn:aws:iam::444455556666:role/reader"]) }]) && data.aws_iam_policy_document.resource[0].statement[0].actions == toset(["dynamodb:GetItem", "dynamodb:Query"]) && length(data.aws_iam_policy_document.resource[0].statement[0].condition) == 0
    error_message = "The first statement was changed."
  }

  assert {
    condition     = data.aws_iam_policy_document.resource[0].statement[1].condition == toset([{ test = "StringNotEquals", variable = "aws:SourceVpce", values = tolist(["vpce-0a1b2c3d"]) }])
    error_message = "The condition of the second statement was lost."
  }
}

mock_provider "aws" {
  mock_data "aws_iam_policy_document" {
    defaults = { json = "{}" }
  }

  mock_resource "aws_apigatewayv2_api" {
    defaults = {
      id            = "a1b2c3d4e5"
      api_endpoint  = "wss://a1b2c3d4e5.execute-api.eu-west-1.amazonaws.com"
      execution_arn = "arn:aws:execute-api:eu-west-1:111122223333:a1b2c3d4e5"
    }
  }

  mock_resource "aws_kms_key" {
    defaults = { arn = "arn:aws:kms:eu-west-1:111122223333:key/1a2b3c4d-0000-4000-8000-000000000000" }
  }

  mock_resource "aws_iam_role" {
    defaults = { arn = "arn:aws:iam::111122223333:role/example" }
  }

  mock_resource "aws_cloudwatch_log_group" {
    defaults = { arn = "arn:aws:logs:eu-west-1:111122223333:log-group:example" }
  }

  mock_resource "aws_lambda_alias" {
    defaults = { invoke_arn = "arn:aws:apigateway:eu-west-1:lambda:path/2015-03-31/functions/arn:aws:lambda:eu-west-1:111122223333:function:example:live/invocations" }
  }

  mock_resource "aws_cognito_user_pool" {
    defaults = {
      id       = "eu-west-1_example01"
      endpoint = "cognito-idp.eu-west-1.amazonaws.com/eu-west-1_example01"
    }
  }

  mock_resource "aws_cognito_user_pool_client" {
    defaults = { id = "1example23456789" }
  }
}

mock_provider "aws" {
  alias = "us_east_1"
}

override_resource {
  target = module.connections.aws_dynamodb_table.this
  values = { arn = "arn:aws:dynamodb:eu-west-1:111122223333:table/chat-connections" }
}

override_resource {
  target = module.messages.aws_dynamodb_table.this
  values = { arn = "arn:aws:dynamodb:eu-west-1:111122223333:table/chat-messages" }
}

variables {
  name            = "chat"
  allowed_origins = ["https://chat.example.com"]
  package_dir     = "../function/tests/package"
}

# One role with every right for all functions: aws-samples/simple-websockets-chat-app
# and terraform-aws-modules/terraform-aws-apigateway-v2, examples/websocket.
run "each_function_has_exactly_its_grants" {
  assert {
    condition     = module.auth.authorizer_policy_statements[*].sid == ["OwnLogs", "OwnTraces"]
    error_message = "The authorizer may do more than write its own logs and traces."
  }

  assert {
    condition = { for statement in module.connect.policy_statements : statement.sid => { actions = statement.actions, resources = statement.resources } if !startswith(statement.sid, "Own") } == {
      Connections = { actions = toset(["dynamodb:PutItem", "dynamodb:Query"]), resources = toset(["arn:aws:dynamodb:eu-west-1:111122223333:table/chat-connections"]) }
      TableKey    = { actions = toset(["kms:Decrypt"]), resources = toset(["arn:aws:kms:eu-west-1:111122223333:key/1a2b3c4d-0000-4000-8000-000000000000"]) }
    }
    error_message = "connect may do something else than PutItem and Query on connections."
  }

  assert {
    condition = { for statement in module.disconnect.policy_statements : statement.sid => { actions = statement.actions, resources = statement.resources } if !startswith(statement.sid, "Own") } == {
      Connections = { actions = toset(["dynamodb:DeleteItem"]), resources = toset(["arn:aws:dynamodb:eu-west-1:111122223333:table/chat-connections"]) }
      TableKey    = { actions = toset(["kms:Decrypt"]), resources = toset(["arn:aws:kms:eu-west-1:111122223333:key/1a2b3c4d-0000-4000-8000-000000000000"]) }
    }
    error_message = "disconnect may do something else than DeleteItem on connections."
  }

  assert {
    condition = { for statement in module.message.policy_statements : statement.sid => { actions = statement.actions, resources = statement.resources } if !startswith(statement.sid, "Own") } == {
      Connections       = { actions = toset(["dynamodb:DeleteItem", "dynamodb:Query", "dynamodb:UpdateItem"]), resources = toset(["arn:aws:dynamodb:eu-west-1:111122223333:table/chat-connections"]) }
      Messages          = { actions = toset(["dynamodb:PutItem", "dynamodb:Query"]), resources = toset(["arn:aws:dynamodb:eu-west-1:111122223333:table/chat-messages"]) }
      PostToConnections = { actions = toset(["execute-api:ManageConnections"]), resources = toset(["arn:aws:execute-api:eu-west-1:111122223333:a1b2c3d4e5/live/POST/@connections/*"]) }
      CloseConnections  = { actions = toset(["execute-api:ManageConnections"]), resources = toset(["arn:aws:execute-api:eu-west-1:111122223333:a1b2c3d4e5/live/DELETE/@connections/*"]) }
      TableKey          = { actions = toset(["kms:Decrypt"]), resources = toset(["arn:aws:kms:eu-west-1:111122223333:key/1a2b3c4d-0000-4000-8000-000000000000"]) }
    }
    error_message = "message may do something else than the design says."
  }

  assert {
    condition = alltrue([for statement in concat(module.connect.policy_statements, module.disconnect.policy_statements, module.message.policy_statements) :
      statement.sid != "TableKey" || one(statement.conditions) == { test = "StringEquals", variable = "kms:ViaService", values = tolist(["dynamodb.eu-west-1.amazonaws.com"]) }
    ])
    error_message = "A function may use the key otherwise than through DynamoDB."
  }
}

run "an_operator_may_do_what_the_command_does" {
  assert {
    condition = { for statement in data.aws_iam_policy_document.operator.statement : statement.sid => { actions = statement.actions, resources = statement.resources } } == {
      SeeAndBanUsers   = { actions = toset(["dynamodb:DeleteItem", "dynamodb:Query", "dynamodb:Scan", "dynamodb:UpdateItem"]), resources = toset(["arn:aws:dynamodb:eu-west-1:111122223333:table/chat-connections"]) }
      CloseConnections = { actions = toset(["execute-api:ManageConnections"]), resources = toset(["arn:aws:execute-api:eu-west-1:111122223333:a1b2c3d4e5/live/DELETE/@connections/*"]) }
      TableKey         = { actions = toset(["kms:Decrypt"]), resources = toset(["arn:aws:kms:eu-west-1:111122223333:key/1a2b3c4d-0000-4000-8000-000000000000"]) }
    }
    error_message = "An operator may read messages, post to connections or do something else than the command."
  }

  assert {
    condition     = one(data.aws_iam_policy_document.operator.statement[2].condition).variable == "kms:ViaService"
    error_message = "An operator may use the key otherwise than through DynamoDB."
  }
}

# carnage-sh/lambda-go-websocket set LAMDBA_TABLE and read LAMBDA_TABLE.
run "each_function_has_its_settings" {
  assert {
    condition     = module.auth.authorizer_environment.ALLOWED_ORIGINS == "https://chat.example.com" && module.auth.authorizer_environment.ALLOW_MISSING_ORIGIN == "false"
    error_message = "The authorizer lets other origins in."
  }

  assert {
    condition = module.connect.environment == tomap({
      CONNECTIONS_TABLE        = "chat-connections"
      MAX_CONNECTIONS_PER_USER = "5"
      MAX_MEMBERS              = "500"
      RATE_REFUSALS_PER_MINUTE = "30"
      METRICS_NAMESPACE        = "Portcullis"
    })
    error_message = "connect has other settings."
  }

  assert {
    condition     = module.disconnect.environment == tomap({ CONNECTIONS_TABLE = "chat-connections", METRICS_NAMESPACE = "Portcullis" })
    error_message = "disconnect has other settings."
  }

  assert {
    condition = module.message.environment == tomap({
      CONNECTIONS_TABLE        = "chat-connections"
      MESSAGES_TABLE           = "chat-messages"
      MANAGEMENT_ENDPOINT      = "https://a1b2c3d4e5.execute-api.eu-west-1.amazonaws.com/live"
      MESSAGE_FORMAT           = "text"
      MAX_FRAME_BYTES          = "8192"
      MAX_TEXT_BYTES           = "4096"
      MESSAGE_TTL_SECONDS      = "2592000"
      RATE_MESSAGES_PER_MINUTE = "60"
      RATE_BYTES_PER_MINUTE    = "65536"
      RATE_READS_PER_MINUTE    = "120"
      RATE_REFUSALS_PER_MINUTE = "30"
      HISTORY_PAGE             = "100"
      MEMBERS_PAGE             = "100"
      METRICS_NAMESPACE        = "Portcullis"
    })
    error_message = "message has other settings."
  }
}

run "the_key_serves_this_chat_only" {
  assert {
    condition     = aws_kms_key.this[0].enable_key_rotation && aws_kms_key.this[0].deletion_window_in_days == 30
    error_message = "The key is not rotated, or can be gone within days."
  }

  assert {
    condition     = data.aws_iam_policy_document.key[0].statement[*].sid == tolist(["AccountAdministers", "AccountUsesThroughServices", "LogsOfThisChat"])
    error_message = "The key's policy has a statement more, or less."
  }

  assert {
    condition     = length(setintersection(data.aws_iam_policy_document.key[0].statement[0].actions, ["kms:*", "kms:Decrypt", "kms:Encrypt", "kms:GenerateDataKey", "kms:CreateGrant", "kms:ReEncryptFrom", "kms:ReEncryptTo"])) == 0 && !anytrue([for action in data.aws_iam_policy_document.key[0].statement[0].actions : strcontains(action, "*")])
    error_message = "Administrators of the key may read with it."
  }

  assert {
    condition     = alltrue([for statement in slice(data.aws_iam_policy_document.key[0].statement, 0, 2) : one(statement.principals).type == "AWS" && one(statement.principals).identifiers == toset(["arn:aws:iam::111122223333:root"])])
    error_message = "Somebody outside the account may use the key."
  }

  assert {
    condition     = one(data.aws_iam_policy_document.key[0].statement[1].condition).test == "StringEquals" && one(data.aws_iam_policy_document.key[0].statement[1].condition).variable == "kms:ViaService" && toset(one(data.aws_iam_policy_document.key[0].statement[1].condition).values) == toset(["dynamodb.eu-west-1.amazonaws.com", "lambda.eu-west-1.amazonaws.com"])
    error_message = "The key can be used otherwise than through DynamoDB and Lambda."
  }

  assert {
    condition     = one(data.aws_iam_policy_document.key[0].statement[2].principals).identifiers == toset(["logs.eu-west-1.amazonaws.com"])
    error_message = "Another service than CloudWatch Logs of the Region encrypts logs with the key."
  }

  assert {
    condition = one(data.aws_iam_policy_document.key[0].statement[2].condition).test == "ArnEquals" && one(data.aws_iam_policy_document.key[0].statement[2].condition).variable == "kms:EncryptionContext:aws:logs:arn" && toset(one(data.aws_iam_policy_document.key[0].statement[2].condition).values) == toset([
      "arn:aws:logs:eu-west-1:111122223333:log-group:/aws/lambda/chat-authorizer",
      "arn:aws:logs:eu-west-1:111122223333:log-group:/aws/lambda/chat-connect",
      "arn:aws:logs:eu-west-1:111122223333:log-group:/aws/lambda/chat-disconnect",
      "arn:aws:logs:eu-west-1:111122223333:log-group:/aws/lambda/chat-message",
      "arn:aws:logs:eu-west-1:111122223333:log-group:/aws/apigateway/chat/live/access",
      "arn:aws:logs:eu-west-1:111122223333:log-group:API-Gateway-Execution-Logs_a1b2c3d4e5/live",
    ])
    error_message = "The key serves other log groups, or not all of this chat."
  }

  assert {
    condition     = toset([for name in values(output.log_group_names) : "arn:aws:logs:eu-west-1:111122223333:log-group:${name}"]) == toset(one(data.aws_iam_policy_document.key[0].statement[2].condition).values)
    error_message = "The log groups that exist are not those that the key's policy names."
  }
}

run "a_key_of_ones_own" {
  variables {
    kms_key   = { arn = "arn:aws:kms:eu-west-1:111122223333:key/99999999-0000-4000-8000-000000000000" }
    keep_logs = true
  }

  assert {
    condition     = length(aws_kms_key.this) == 0 && length(aws_kms_alias.this) == 0 && length(data.aws_iam_policy_document.key) == 0
    error_message = "A key of the module's own is left over."
  }

  assert {
    condition     = output.kms_key_arn == "arn:aws:kms:eu-west-1:111122223333:key/99999999-0000-4000-8000-000000000000"
    error_message = "The given key is not used."
  }

  assert {
    condition     = alltrue([module.connect.logs_are_kept, module.disconnect.logs_are_kept, module.message.logs_are_kept, module.auth.authorizer_logs_are_kept, module.api.logs_are_kept])
    error_message = "A log goes with the chat."
  }
}

run "the_outputs_are_what_clients_and_tests_need" {
  assert {
    condition     = output.url == "wss://a1b2c3d4e5.execute-api.eu-west-1.amazonaws.com/live" && output.region == "eu-west-1" && output.stage_name == "live"
    error_message = "The URL, the Region or the stage are wrong."
  }

  assert {
    condition     = output.user_pool_id == "eu-west-1_example01" && output.user_pool_client_id == "1example23456789" && output.issuer == "https://cognito-idp.eu-west-1.amazonaws.com/eu-west-1_example01"
    error_message = "The user pool is not the one that was made."
  }

  assert {
    condition     = output.function_names == { authorizer = "chat-authorizer", connect = "chat-connect", disconnect = "chat-disconnect", message = "chat-message" }
    error_message = "The functions have other names."
  }

  assert {
    condition = {
      functions = output.function_arns, roles = output.role_names, logs = output.log_group_arns, api = [output.api_arn, output.stage_arn]
      } == {
      functions = { authorizer = module.auth.authorizer_arn, connect = module.connect.arn, disconnect = module.disconnect.arn, message = module.message.arn }
      roles     = { authorizer = "chat-authorizer", connect = "chat-connect", disconnect = "chat-disconnect", message = "chat-message" }
      logs      = { authorizer = module.auth.authorizer_log_group_arn, connect = module.connect.log_group_arn, disconnect = module.disconnect.log_group_arn, message = module.message.log_group_arn, access = module.api.log_group_arns.access, execution = module.api.log_group_arns.execution }
      api       = [module.api.arn, module.api.stage_arn]
    }
    error_message = "An output names something else."
  }
}

run "an_issuer_of_ones_own" {
  variables {
    oidc = {
      issuer    = "https://id.example.com"
      jwks_uri  = "https://id.example.com/keys"
      audiences = ["chat"]
    }
  }

  assert {
    condition     = output.user_pool_id == null && output.user_pool_arn == null && output.user_pool_client_id == null && output.issuer == "https://id.example.com"
    error_message = "There is still a user pool, or the issuer is another."
  }

  assert {
    condition     = module.auth.authorizer_environment.TOKEN_TYPE_CHECK == "typ" && module.auth.authorizer_environment.TOKEN_AUDIENCES == "chat"
    error_message = "The authorizer does not have the issuer's settings, or a type check left out is no check."
  }
}

run "what_is_set_reaches_the_functions" {
  variables {
    allowed_origins          = []
    allow_missing_origin     = true
    rooms                    = { claim = "rooms" }
    baked_jwks               = "{\"keys\":[{\"crv\":\"P-256\",\"kid\":\"k\",\"kty\":\"EC\",\"x\":\"x\",\"y\":\"y\"}]}"
    message_format           = "rich"
    max_frame_bytes          = 2048
    max_text_bytes           = 1024
    message_retention_days   = 1
    max_members              = 2
    max_connections_per_user = 1
    rate_limit               = { messages_per_minute = 6, reads_per_minute = 7, refusals_per_minute = 8 }
    page_size                = { history = 9 }
    metrics_namespace        = "acme/chat"
    stage_name               = "prod"
    cognito_endpoint         = "https://cognito-idp-fips.eu-west-1.amazonaws.com"
    origin_secrets           = ["0123456789abcdef0123456789abcdef"]
    kms_deletion_window_days = 7
    ip_address_type          = "dualstack"
    user_pool                = { refresh_token_rotation = {} }
  }

  assert {
    condition     = module.auth.authorizer_environment.ALLOWED_ORIGINS == "" && module.auth.authorizer_environment.ALLOW_MISSING_ORIGIN == "true" && module.auth.authorizer_environment.ORIGIN_SECRET_SHA256 == sha256("0123456789abcdef0123456789abcdef")
    error_message = "The authorizer does not get what is set."
  }

  assert {
    condition     = module.auth.authorizer_environment.ROOMS_CLAIM == "rooms" && module.auth.authorizer_environment.ROOMS_PREFIX == "" && module.auth.authorizer_environment.TOKEN_JWKS == var.baked_jwks
    error_message = "The authorizer does not get the rule for rooms, or the keys."
  }

  assert {
    condition     = output.jwks_uri == "https://cognito-idp-fips.eu-west-1.amazonaws.com/eu-west-1_example01/.well-known/jwks.json"
    error_message = "cognito_endpoint has no effect."
  }

  assert {
    condition     = module.connect.environment.MAX_MEMBERS == "2" && module.connect.environment.MAX_CONNECTIONS_PER_USER == "1" && module.connect.environment.RATE_REFUSALS_PER_MINUTE == "8"
    error_message = "connect does not get what is set."
  }

  assert {
    condition = (
      module.message.environment.MESSAGE_FORMAT == "rich" &&
      module.message.environment.MAX_FRAME_BYTES == "2048" &&
      module.message.environment.MAX_TEXT_BYTES == "1024" &&
      module.message.environment.MESSAGE_TTL_SECONDS == "86400" &&
      module.message.environment.RATE_MESSAGES_PER_MINUTE == "6" &&
      module.message.environment.RATE_BYTES_PER_MINUTE == "65536" &&
      module.message.environment.RATE_READS_PER_MINUTE == "7" &&
      module.message.environment.RATE_REFUSALS_PER_MINUTE == "8" &&
      module.message.environment.HISTORY_PAGE == "9" &&
      module.message.environment.MEMBERS_PAGE == "100" &&
      module.message.environment.MANAGEMENT_ENDPOINT == "https://a1b2c3d4e5.execute-api.eu-west-1.amazonaws.com/prod"
    )
    error_message = "message does not get what is set."
  }

  assert {
    condition     = alltrue([for environment in [module.auth.authorizer_environment, module.connect.environment, module.disconnect.environment, module.message.environment] : environment.METRICS_NAMESPACE == "acme/chat"])
    error_message = "A function writes its metrics elsewhere."
  }

  assert {
    condition     = contains(module.message.policy_statements[*].resources, toset(["arn:aws:execute-api:eu-west-1:111122223333:a1b2c3d4e5/prod/POST/@connections/*"]))
    error_message = "The grant names another stage."
  }

  assert {
    condition     = aws_kms_key.this[0].deletion_window_in_days == 7
    error_message = "kms_deletion_window_days has no effect."
  }

  assert {
    condition     = module.api.ip_address_type == "dualstack" && module.auth.refresh_token_rotation == { grace_seconds = 10 }
    error_message = "ip_address_type or refresh_token_rotation have no effect."
  }
}

run "refuses_what_is_too_small" {
  command = plan

  variables {
    name                     = "c"
    max_text_bytes           = 0
    message_retention_days   = 0
    max_members              = 1
    max_connections_per_user = 0
    kms_deletion_window_days = 6
  }

  expect_failures = [var.name, var.max_text_bytes, var.message_retention_days, var.max_members, var.max_connections_per_user, var.kms_deletion_window_days]
}

run "refuses_what_is_too_large" {
  command = plan

  variables {
    name                     = "c${format("%040d", 0)}"
    max_text_bytes           = 24577
    message_retention_days   = 3651
    max_members              = 5001
    max_connections_per_user = 51
    kms_deletion_window_days = 31
  }

  expect_failures = [var.name, var.max_text_bytes, var.message_retention_days, var.max_members, var.max_connections_per_user, var.kms_deletion_window_days]
}

run "refuses_frames_that_hold_no_question" {
  command = plan

  variables {
    max_frame_bytes = 1023
    max_text_bytes  = 1
  }

  expect_failures = [var.max_frame_bytes]
}

run "refuses_frames_that_api_gateway_does_not_pass" {
  command = plan

  variables {
    max_frame_bytes = 32769
  }

  expect_failures = [var.max_frame_bytes]
}

run "takes_the_longest_frames_and_texts" {
  command = plan

  variables {
    max_frame_bytes = 32768
    max_text_bytes  = 24576
  }

  assert {
    condition     = module.message.environment.MAX_FRAME_BYTES == "32768" && module.message.environment.MAX_TEXT_BYTES == "24576"
    error_message = "The message function does not get the longest frames and texts."
  }
}

run "refuses_a_text_that_no_frame_holds" {
  command = plan

  variables {
    max_frame_bytes = 4351
  }

  expect_failures = [var.max_text_bytes]
}

run "refuses_more_messages_than_a_row_remembers" {
  command = plan

  variables {
    rate_limit = { messages_per_minute = 601 }
  }

  expect_failures = [var.rate_limit]
}

run "refuses_a_rate_that_the_longest_message_exceeds" {
  command = plan

  variables {
    rate_limit = { bytes_per_minute = 4095 }
  }

  expect_failures = [var.rate_limit]
}

run "refuses_a_rate_of_nothing" {
  command = plan

  variables {
    rate_limit     = { messages_per_minute = 0 }
    message_format = "html"
  }

  expect_failures = [var.rate_limit, var.message_format]
}

run "refuses_rates_and_pages_of_nothing" {
  command = plan

  variables {
    rate_limit = { refusals_per_minute = 0 }
    page_size  = { members = 0 }
  }

  expect_failures = [var.rate_limit, var.page_size]
}

run "refuses_rates_and_pages_beyond_the_functions_limits" {
  command = plan

  variables {
    rate_limit = { reads_per_minute = 6001 }
    page_size  = { history = 101 }
  }

  expect_failures = [var.rate_limit, var.page_size]
}

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

# pass: websocket/execute-api-endpoint
resource "aws_apigatewayv2_api" "good" {
  name                         = "good"
  protocol_type                = "WEBSOCKET"
  route_selection_expression   = "$request.body.action"
  disable_execute_api_endpoint = true
}

# fail: websocket/connect-authorizer, websocket/execute-api-endpoint
resource "aws_apigatewayv2_api" "without_connect" {
  name                       = "without-connect"
  protocol_type              = "WEBSOCKET"
  route_selection_expression = "$request.body.action"
}

# unknown: websocket/execute-api-endpoint
resource "aws_apigatewayv2_api" "later" {
  name                         = "later"
  protocol_type                = "WEBSOCKET"
  route_selection_expression   = "$request.body.action"
  disable_execute_api_endpoint = local.bool
}

# An HTTP API: JWT and authorizers on each route are right there.
resource "aws_apigatewayv2_api" "http" {
  name          = "http"
  protocol_type = "HTTP"
}

resource "aws_apigatewayv2_route" "http" {
  api_id             = aws_apigatewayv2_api.http.id
  route_key          = "GET /"
  authorization_type = "JWT"
  authorizer_id      = aws_apigatewayv2_authorizer.http.id
}

resource "aws_apigatewayv2_authorizer" "http" {
  api_id           = aws_apigatewayv2_api.http.id
  name             = "http"
  authorizer_type  = "JWT"
  identity_sources = ["$request.header.Authorization"]

  jwt_configuration {
    issuer   = "https://example.com"
    audience = ["chat"]
  }
}

# pass: websocket/stage-throttling, websocket/data-trace, websocket/access-log
# pass: websocket/throttle-quota
resource "aws_apigatewayv2_stage" "http" {
  api_id      = aws_apigatewayv2_api.http.id
  name        = "http"
  auto_deploy = true

  default_route_settings {
    throttling_rate_limit  = 1
    throttling_burst_limit = 1
  }

  access_log_settings {
    destination_arn = "arn:aws:logs:eu-west-1:111122223333:log-group:access"
    format          = "$context.requestId"
  }
}

resource "aws_apigatewayv2_api_mapping" "this" {
  for_each = {
    good            = aws_apigatewayv2_api.good.id
    without_connect = aws_apigatewayv2_api.without_connect.id
    later           = aws_apigatewayv2_api.later.id
  }

  api_id      = each.value
  domain_name = "${each.key}.example.com"
  stage       = "prod"
}

# pass: websocket/connect-authorizer, websocket/jwt-authorizer
resource "aws_apigatewayv2_route" "connect" {
  api_id             = aws_apigatewayv2_api.good.id
  route_key          = "$connect"
  authorization_type = "CUSTOM"
  authorizer_id      = aws_apigatewayv2_authorizer.request.id
}

# pass: websocket/connect-authorizer, websocket/jwt-authorizer
resource "aws_apigatewayv2_route" "connect_iam" {
  api_id             = aws_apigatewayv2_api.good.id
  route_key          = "$connect"
  authorization_type = "AWS_IAM"
}

# fail: websocket/connect-authorizer
# pass: websocket/jwt-authorizer
resource "aws_apigatewayv2_route" "connect_open" {
  api_id             = aws_apigatewayv2_api.good.id
  route_key          = "$connect"
  authorization_type = "NONE"
}

# The provider's default.
# fail: websocket/connect-authorizer
# pass: websocket/jwt-authorizer
resource "aws_apigatewayv2_route" "connect_default" {
  api_id    = aws_apigatewayv2_api.good.id
  route_key = "$connect"
}

# unknown: websocket/connect-authorizer, websocket/jwt-authorizer
resource "aws_apigatewayv2_route" "connect_later" {
  api_id             = aws_apigatewayv2_api.good.id
  route_key          = "$connect"
  authorization_type = local.later
}

# fail: websocket/connect-authorizer, websocket/jwt-authorizer
resource "aws_apigatewayv2_route" "connect_jwt" {
  api_id             = aws_apigatewayv2_api.good.id
  route_key          = "$connect"
  authorization_type = "JWT"
}

# pass: websocket/authorizer-elsewhere, websocket/jwt-authorizer
resource "aws_apigatewayv2_route" "message" {
  for_each  = toset(["sendMessage", "$default", "$disconnect"])
  api_id    = aws_apigatewayv2_api.good.id
  route_key = each.key
}

# fail: websocket/authorizer-elsewhere
# pass: websocket/jwt-authorizer
resource "aws_apigatewayv2_route" "message_custom" {
  api_id             = aws_apigatewayv2_api.good.id
  route_key          = "custom"
  authorization_type = "CUSTOM"
  authorizer_id      = aws_apigatewayv2_authorizer.request.id
}

# unknown: websocket/authorizer-elsewhere, websocket/jwt-authorizer
resource "aws_apigatewayv2_route" "message_later" {
  api_id             = aws_apigatewayv2_api.good.id
  route_key          = "later"
  authorization_type = local.later
}

# pass: websocket/authorizer-elsewhere, websocket/jwt-authorizer
resource "aws_apigatewayv2_route" "without_connect" {
  api_id    = aws_apigatewayv2_api.without_connect.id
  route_key = "sendMessage"
}

# pass: websocket/jwt-authorizer
# pass: websocket/token-in-query, websocket/authorizer-settings
resource "aws_apigatewayv2_authorizer" "request" {
  api_id          = aws_apigatewayv2_api.good.id
  name            = "request"
  authorizer_type = "REQUEST"
  authorizer_uri  = "arn:aws:apigateway:eu-west-1:lambda:path/2015-03-31/functions/arn:aws:lambda:eu-west-1:111122223333:function:a/invocations"
}

# fail: websocket/jwt-authorizer
# pass: websocket/token-in-query, websocket/authorizer-settings
resource "aws_apigatewayv2_authorizer" "jwt" {
  api_id          = aws_apigatewayv2_api.good.id
  name            = "jwt"
  authorizer_type = "JWT"
}

# unknown: websocket/jwt-authorizer
# pass: websocket/token-in-query, websocket/authorizer-settings
resource "aws_apigatewayv2_authorizer" "later" {
  api_id          = aws_apigatewayv2_api.good.id
  name            = "later"
  authorizer_type = local.later
}

# pass: websocket/stage-throttling, websocket/data-trace, websocket/access-log, websocket/execution-log, websocket/auto-deploy
# pass: websocket/throttle-quota
resource "aws_apigatewayv2_stage" "good" {
  api_id = aws_apigatewayv2_api.good.id
  name   = "good"

  default_route_settings {
    throttling_rate_limit  = 10
    throttling_burst_limit = 20
    logging_level          = "ERROR"
  }

  dynamic "route_settings" {
    for_each = toset(["sendMessage"])

    content {
      route_key              = route_settings.value
      throttling_rate_limit  = 1
      throttling_burst_limit = 2
      logging_level          = "INFO"
      data_trace_enabled     = false
    }
  }

  access_log_settings {
    destination_arn = aws_cloudwatch_log_group.access.arn
    format          = "$context.requestId"
  }
}

resource "aws_cloudwatch_log_group" "access" {
  name = "access"
}

# fail: websocket/stage-throttling, websocket/access-log, websocket/execution-log
# pass: websocket/data-trace, websocket/auto-deploy
resource "aws_apigatewayv2_stage" "empty" {
  api_id = aws_apigatewayv2_api.good.id
  name   = "empty"
}

# fail: websocket/stage-throttling, websocket/data-trace, websocket/execution-log, websocket/auto-deploy
# pass: websocket/access-log
# pass: websocket/throttle-quota
resource "aws_apigatewayv2_stage" "bad" {
  api_id      = aws_apigatewayv2_api.good.id
  name        = "bad"
  auto_deploy = true

  default_route_settings {
    throttling_rate_limit = 0
    logging_level         = "OFF"
    data_trace_enabled    = true
  }

  access_log_settings {
    destination_arn = "arn:aws:logs:eu-west-1:111122223333:log-group:access"
    format          = "$context.requestId"
  }
}

# In a block for one route only.
# fail: websocket/stage-throttling, websocket/data-trace, websocket/execution-log
# pass: websocket/access-log, websocket/auto-deploy
# pass: websocket/throttle-quota
resource "aws_apigatewayv2_stage" "one_route" {
  api_id = aws_apigatewayv2_api.good.id
  name   = "one-route"

  default_route_settings {
    throttling_rate_limit  = 10
    throttling_burst_limit = 20
    logging_level          = "ERROR"
  }

  route_settings {
    route_key          = "sendMessage"
    data_trace_enabled = true
    logging_level      = "OFF"
  }

  access_log_settings {
    destination_arn = "arn:aws:logs:eu-west-1:111122223333:log-group:access"
    format          = "$context.requestId"
  }
}

# unknown: websocket/stage-throttling, websocket/data-trace, websocket/execution-log, websocket/auto-deploy, websocket/access-log
# unknown: websocket/throttle-quota
resource "aws_apigatewayv2_stage" "later" {
  api_id      = aws_apigatewayv2_api.good.id
  name        = "later"
  auto_deploy = local.bool

  default_route_settings {
    throttling_rate_limit  = local.number
    throttling_burst_limit = 20
    logging_level          = local.later
    data_trace_enabled     = local.bool
  }

  dynamic "access_log_settings" {
    for_each = local.bool ? [1] : []

    content {
      destination_arn = "arn:aws:logs:eu-west-1:111122223333:log-group:access"
      format          = local.later
    }
  }
}

# pass: websocket/permission-source, websocket/permission-scope
resource "aws_lambda_permission" "good" {
  for_each      = toset(["$connect", "sendMessage"])
  action        = "lambda:InvokeFunction"
  function_name = "f"
  principal     = "apigateway.amazonaws.com"
  source_arn    = "${aws_apigatewayv2_api.good.execution_arn}/prod/${each.key}"
}

# pass: websocket/permission-source, websocket/permission-scope
resource "aws_lambda_permission" "known" {
  action        = "lambda:InvokeFunction"
  function_name = "f"
  principal     = "apigateway.amazonaws.com"
  source_arn    = "arn:aws:execute-api:eu-west-1:111122223333:abc/prod/$connect"
}

# pass: websocket/permission-source
resource "aws_lambda_permission" "organisation" {
  action           = "lambda:InvokeFunction"
  function_name    = "f"
  principal        = "*"
  principal_org_id = "o-abc"
}

# fail: websocket/permission-source
resource "aws_lambda_permission" "without_source" {
  action        = "lambda:InvokeFunction"
  function_name = "f"
  principal     = "apigateway.amazonaws.com"
}

# fail: websocket/permission-source
resource "aws_lambda_permission" "everybody" {
  action        = "lambda:InvokeFunction"
  function_name = "f"
  principal     = "*"
}

# fail: websocket/permission-source
resource "aws_lambda_permission" "account" {
  for_each       = toset(["apigateway.amazonaws.com", "*"])
  action         = "lambda:InvokeFunction"
  function_name  = "f"
  principal      = each.key
  source_account = "111122223333"
}

# unknown: websocket/permission-source
resource "aws_lambda_permission" "later" {
  action        = "lambda:InvokeFunction"
  function_name = "f"
  principal     = local.later
}

# fail: websocket/permission-scope
# pass: websocket/permission-source
resource "aws_lambda_permission" "any_route" {
  action        = "lambda:InvokeFunction"
  function_name = "f"
  principal     = "apigateway.amazonaws.com"
  source_arn    = "${aws_apigatewayv2_api.good.execution_arn}/*/*"
}

# fail: websocket/permission-scope
# pass: websocket/permission-source
resource "aws_lambda_permission" "whole_api" {
  action        = "lambda:InvokeFunction"
  function_name = "f"
  principal     = "apigateway.amazonaws.com"
  source_arn    = "arn:aws:execute-api:eu-west-1:111122223333:abc"
}

# unknown: websocket/permission-scope, websocket/permission-source
resource "aws_lambda_permission" "arn_later" {
  action        = "lambda:InvokeFunction"
  function_name = "f"
  principal     = "apigateway.amazonaws.com"
  source_arn    = local.later
}

data "aws_iam_policy_document" "connections" {
  for_each = {
    good     = ["${aws_apigatewayv2_api.good.execution_arn}/prod/POST/@connections/*"]
    known    = ["arn:aws:execute-api:eu-west-1:111122223333:abc/prod/POST/@connections/*"]
    api      = ["${aws_apigatewayv2_api.good.execution_arn}/*"]
    wildcard = ["*"]
    later    = [local.later]
  }

  statement {
    actions   = ["execute-api:ManageConnections"]
    resources = each.value
  }
}

data "aws_iam_policy_document" "good" {
  statement {
    actions   = ["execute-api:ManageConnections"]
    resources = ["${aws_apigatewayv2_api.good.execution_arn}/prod/POST/@connections/*"]
  }
}

data "aws_iam_policy_document" "wide" {
  statement {
    actions   = ["execute-api:Manage*"]
    resources = ["${aws_apigatewayv2_api.good.execution_arn}/*/POST/@connections/*"]
  }
}

# pass: websocket/manage-connections
resource "aws_iam_policy" "good" {
  policy = data.aws_iam_policy_document.good.json
}

# pass: websocket/manage-connections
resource "aws_iam_policy" "known" {
  policy = data.aws_iam_policy_document.connections["known"].json
}

# fail: websocket/manage-connections
resource "aws_iam_policy" "wide" {
  policy = data.aws_iam_policy_document.wide.json
}

# fail: websocket/manage-connections
resource "aws_iam_policy" "wildcard" {
  policy = data.aws_iam_policy_document.connections["wildcard"].json
}

# fail: websocket/manage-connections
resource "aws_iam_policy" "all_but" {
  policy = jsonencode({ Statement = { Effect = "Allow", Action = "*", NotResource = "arn:aws:s3:::x" } })
}

# Whatever is allowed on functions and queues, it is nothing of an API.
resource "aws_iam_policy" "of_functions" {
  policy = jsonencode({ Statement = { Effect = "Allow", Action = "*", Resource = ["arn:aws:lambda:*:*:function:*", "arn:aws:sqs:*:*:*"] } })
}

# fail: websocket/manage-connections
resource "aws_iam_policy" "of_functions_and_apis" {
  policy = jsonencode({ Statement = { Effect = "Allow", Action = "*", Resource = ["arn:aws:lambda:*:*:function:*", "arn:aws:execute-api:*:*:*"] } })
}

# fail: websocket/manage-connections
resource "aws_iam_policy" "of_any_service" {
  policy = jsonencode({ Statement = { Effect = "Allow", Action = "*", Resource = "arn:aws:*:*:*:*" } })
}

# unknown: websocket/manage-connections
resource "aws_iam_policy" "later" {
  policy = data.aws_iam_policy_document.connections["later"].json
}

# It bounds a role, and is attached to nobody.
resource "aws_iam_policy" "boundary" {
  policy = data.aws_iam_policy_document.wide.json
}

# fail: websocket/manage-connections
resource "aws_iam_policy" "boundary_and_more" {
  policy = data.aws_iam_policy_document.wide.json
}

resource "aws_iam_role" "bounded" {
  permissions_boundary = aws_iam_policy.boundary.arn
  assume_role_policy   = jsonencode({ Statement = { Effect = "Allow", Action = "sts:AssumeRole", Principal = { Service = "lambda.amazonaws.com" } } })
}

resource "aws_iam_role" "bounded_and_more" {
  permissions_boundary = aws_iam_policy.boundary_and_more.arn
  assume_role_policy   = aws_iam_role.bounded.assume_role_policy
}

resource "aws_iam_role_policy_attachment" "and_more" {
  role       = aws_iam_role.bounded.name
  policy_arn = aws_iam_policy.boundary_and_more.arn
}

resource "aws_iam_policy" "another_action" {
  policy = jsonencode({ Statement = { Effect = "Allow", Action = "s3:GetObject", Resource = "*" } })
}

#### What an authorizer asks for ####

# pass: websocket/token-in-query, websocket/authorizer-settings, websocket/jwt-authorizer
resource "aws_apigatewayv2_authorizer" "room" {
  api_id           = aws_apigatewayv2_api.good.id
  name             = "room"
  authorizer_type  = "REQUEST"
  identity_sources = ["route.request.header.x-origin-verify", "route.request.querystring.room"]
}

# fail: websocket/token-in-query
# pass: websocket/authorizer-settings, websocket/jwt-authorizer
resource "aws_apigatewayv2_authorizer" "query" {
  api_id           = aws_apigatewayv2_api.good.id
  name             = "query"
  authorizer_type  = "REQUEST"
  identity_sources = ["route.request.querystring.access_token"]
}

# fail: websocket/authorizer-settings
# pass: websocket/token-in-query, websocket/jwt-authorizer
resource "aws_apigatewayv2_authorizer" "http_settings" {
  api_id                            = aws_apigatewayv2_api.good.id
  name                              = "http-settings"
  authorizer_type                   = "REQUEST"
  authorizer_result_ttl_in_seconds  = 300
  authorizer_payload_format_version = "2.0"
  enable_simple_responses           = true
}

# fail: websocket/authorizer-settings
# pass: websocket/token-in-query, websocket/jwt-authorizer
resource "aws_apigatewayv2_authorizer" "http_source" {
  api_id           = aws_apigatewayv2_api.good.id
  name             = "http-source"
  authorizer_type  = "REQUEST"
  identity_sources = ["$request.header.Authorization"]
}

# unknown: websocket/token-in-query, websocket/authorizer-settings
# pass: websocket/jwt-authorizer
resource "aws_apigatewayv2_authorizer" "source_later" {
  api_id           = aws_apigatewayv2_api.good.id
  name             = "source-later"
  authorizer_type  = "REQUEST"
  identity_sources = ["route.request.header.x", local.later]
}

#### What stages let through ####

# fail: websocket/throttle-quota
# pass: websocket/stage-throttling, websocket/data-trace, websocket/access-log
resource "aws_apigatewayv2_stage" "high" {
  api_id = aws_apigatewayv2_api.http.id
  name   = "high"

  default_route_settings {
    throttling_rate_limit  = 10000
    throttling_burst_limit = 5000
  }

  access_log_settings {
    destination_arn = "arn:aws:logs:eu-west-1:111122223333:log-group:access"
    format          = "$context.requestId"
  }
}

#### Domains ####

# pass: websocket/domain-tls
resource "aws_apigatewayv2_domain_name" "good" {
  domain_name = "chat.example.com"

  domain_name_configuration {
    certificate_arn = "arn:aws:acm:eu-west-1:111122223333:certificate/a"
    endpoint_type   = "REGIONAL"
    security_policy = "TLS_1_2"
  }
}

# pass: websocket/domain-tls
resource "aws_api_gateway_domain_name" "good" {
  domain_name              = "good.example.com"
  regional_certificate_arn = "arn:aws:acm:eu-west-1:111122223333:certificate/a"
  security_policy          = "TLS_1_2"
}

# fail: websocket/domain-tls
resource "aws_api_gateway_domain_name" "old" {
  domain_name              = "old.example.com"
  regional_certificate_arn = "arn:aws:acm:eu-west-1:111122223333:certificate/a"
  security_policy          = "TLS_1_0"
}

# fail: websocket/domain-tls
resource "aws_api_gateway_domain_name" "default" {
  domain_name              = "default.example.com"
  regional_certificate_arn = "arn:aws:acm:eu-west-1:111122223333:certificate/a"
}

# unknown: websocket/domain-tls
resource "aws_api_gateway_domain_name" "later" {
  domain_name              = "later.example.com"
  regional_certificate_arn = "arn:aws:acm:eu-west-1:111122223333:certificate/a"
  security_policy          = local.later
}

#### Integrations ####

# No server is behind these.
resource "aws_apigatewayv2_integration" "none" {
  for_each         = toset(["MOCK", "AWS_PROXY"])
  api_id           = aws_apigatewayv2_api.good.id
  integration_type = each.key
}

# pass: websocket/integration-tls
resource "aws_apigatewayv2_integration" "https" {
  api_id             = aws_apigatewayv2_api.good.id
  integration_type   = "HTTP_PROXY"
  integration_method = "POST"
  integration_uri    = "https://backend.example.com"
}

# pass: websocket/integration-tls
resource "aws_apigatewayv2_integration" "https_later" {
  api_id             = aws_apigatewayv2_api.good.id
  integration_type   = "HTTP_PROXY"
  integration_method = "POST"
  integration_uri    = "https://${local.later}/messages"
}

# pass: websocket/integration-tls
resource "aws_apigatewayv2_integration" "private" {
  api_id             = aws_apigatewayv2_api.http.id
  integration_type   = "HTTP_PROXY"
  integration_method = "ANY"
  connection_type    = "VPC_LINK"
  connection_id      = "abc"
  integration_uri    = "arn:aws:elasticloadbalancing:eu-west-1:111122223333:listener/app/a/b/c"

  tls_config {
    server_name_to_verify = "internal.example.com"
  }
}

# fail: websocket/integration-tls
resource "aws_apigatewayv2_integration" "http" {
  api_id             = aws_apigatewayv2_api.good.id
  integration_type   = "HTTP"
  integration_method = "POST"
  integration_uri    = "http://backend.example.com/messages"
}

# fail: websocket/integration-tls
resource "aws_apigatewayv2_integration" "private_clear" {
  api_id             = aws_apigatewayv2_api.http.id
  integration_type   = "HTTP_PROXY"
  integration_method = "ANY"
  connection_type    = "VPC_LINK"
  connection_id      = "abc"
  integration_uri    = "arn:aws:elasticloadbalancing:eu-west-1:111122223333:listener/app/a/b/c"
}

# unknown: websocket/integration-tls
resource "aws_apigatewayv2_integration" "uri_later" {
  api_id             = aws_apigatewayv2_api.good.id
  integration_type   = "HTTP_PROXY"
  integration_method = "POST"
  integration_uri    = local.later
}

# unknown: websocket/integration-tls
resource "aws_apigatewayv2_integration" "private_later" {
  api_id             = aws_apigatewayv2_api.http.id
  integration_type   = "HTTP_PROXY"
  integration_method = "ANY"
  connection_type    = local.later
  integration_uri    = "https://backend.example.com"
}

# unknown: websocket/integration-tls
resource "aws_apigatewayv2_integration" "tls_later" {
  api_id             = aws_apigatewayv2_api.http.id
  integration_type   = "HTTP_PROXY"
  integration_method = "ANY"
  connection_type    = "VPC_LINK"
  connection_id      = "abc"
  integration_uri    = "arn:aws:elasticloadbalancing:eu-west-1:111122223333:listener/app/a/b/c"

  dynamic "tls_config" {
    for_each = local.bool ? [1] : []

    content {
      server_name_to_verify = "internal.example.com"
    }
  }
}

#### Integrations in an OpenAPI document ####

# fail: websocket/integration-tls
resource "aws_apigatewayv2_api" "document" {
  for_each      = { json = jsonencode(local.document), yaml = yamlencode(local.document) }
  name          = "document"
  protocol_type = "HTTP"
  body          = each.value
}

locals {
  document = { openapi = "3.0.1", info = { title = "orders", version = "1" }, paths = { "/orders" = { get = {
    "x-amazon-apigateway-integration" = { type = "HTTP_PROXY", httpMethod = "GET", uri = "http://orders.example.com", payloadFormatVersion = "1.0" }
  } } } }
}

# pass: websocket/integration-tls
resource "aws_apigatewayv2_api" "document_tls" {
  name          = "document_tls"
  protocol_type = "HTTP"
  body          = replace(jsonencode(local.document), "http:", "https:")
}

# unknown: websocket/integration-tls
resource "aws_apigatewayv2_api" "document_later" {
  name          = "document_later"
  protocol_type = "HTTP"
  body          = local.later
}

#### Blocks that are there or not after apply ####

# unknown: websocket/data-trace, websocket/execution-log, websocket/stage-throttling, websocket/throttle-quota
# pass: websocket/access-log, websocket/auto-deploy
resource "aws_apigatewayv2_stage" "settings_perhaps" {
  api_id = aws_apigatewayv2_api.good.id
  name   = "settings_perhaps"

  dynamic "default_route_settings" {
    for_each = local.bool ? [1] : []

    content {
      throttling_rate_limit  = 100
      throttling_burst_limit = 100
      logging_level          = "ERROR"
    }
  }

  access_log_settings {
    destination_arn = "arn:aws:logs:eu-west-1:111122223333:log-group:access"
    format          = "$context.requestId"
  }
}

# unknown: websocket/data-trace, websocket/execution-log, websocket/stage-throttling, websocket/throttle-quota
# pass: websocket/access-log, websocket/auto-deploy
resource "aws_apigatewayv2_stage" "routes_perhaps" {
  api_id = aws_apigatewayv2_api.good.id
  name   = "routes_perhaps"

  default_route_settings {
    throttling_rate_limit  = 100
    throttling_burst_limit = 100
    logging_level          = "ERROR"
  }

  dynamic "route_settings" {
    for_each = local.bool ? [1] : []

    content {
      route_key              = "sendMessage"
      throttling_rate_limit  = 100
      throttling_burst_limit = 100
      logging_level          = "ERROR"
    }
  }

  access_log_settings {
    destination_arn = "arn:aws:logs:eu-west-1:111122223333:log-group:access"
    format          = "$context.requestId"
  }
}

# An account says enough, a role too.
# pass: websocket/permission-source
resource "aws_lambda_permission" "account_source_perhaps" {
  for_each      = toset(["444455556666", "arn:aws:iam::444455556666:role/caller"])
  action        = "lambda:InvokeFunction"
  function_name = "chat"
  principal     = each.key
  source_arn    = local.later
}

# unknown: websocket/permission-source
resource "aws_lambda_permission" "everybody_perhaps" {
  action           = "lambda:InvokeFunction"
  function_name    = "chat"
  principal        = "*"
  principal_org_id = local.later
}

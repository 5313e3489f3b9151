# The one switch of the edge.

mock_provider "aws" {
  mock_resource "aws_cloudfront_distribution" {
    defaults = {
      arn         = "arn:aws:cloudfront::111122223333:distribution/E1EXAMPLE"
      domain_name = "d111111abcdef8.cloudfront.net"
    }
  }

  mock_resource "aws_wafv2_web_acl" {
    defaults = { arn = "arn:aws:wafv2:eu-west-1:111122223333:regional/webacl/chat-sign-in/1a2b" }
  }

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
      arn      = "arn:aws:cognito-idp:eu-west-1:111122223333:userpool/eu-west-1_example01"
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

  mock_data "aws_service" {
    defaults = { region = "us-east-1" }
  }

  mock_resource "aws_kms_key" {
    defaults = {
      arn    = "arn:aws:kms:us-east-1:111122223333:key/9f8e7d6c-0000-4000-8000-000000000000"
      key_id = "9f8e7d6c-0000-4000-8000-000000000000"
    }
  }

  mock_resource "aws_wafv2_web_acl" {
    defaults = { arn = "arn:aws:wafv2:us-east-1:111122223333:global/webacl/chat/1a2b" }
  }

  mock_resource "aws_cloudwatch_log_group" {
    defaults = { arn = "arn:aws:logs:us-east-1:111122223333:log-group:aws-waf-logs-chat" }
  }

  mock_resource "aws_cloudwatch_log_delivery_destination" {
    defaults = { arn = "arn:aws:logs:us-east-1:111122223333:delivery-destination:chat-access" }
  }
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
  allowed_origins = ["https://embedded.example.com"]
  package_dir     = "../function/tests/package"
  origin_secrets  = ["0123456789abcdef0123456789abcdef-1", "0123456789abcdef0123456789abcdef-2"]
}

run "without_it_there_is_nothing_of_it" {
  command = plan

  assert {
    condition     = length(module.edge) == 0 && length(aws_s3_object.config) == 0 && output.site_url == null && output.edge == null
    error_message = "Something of the edge is there that nobody asked for."
  }
}

run "with_it_the_page_finds_the_chat" {
  variables {
    edge      = { site = { dir = "../waf/tests/site" }, protect_sign_in = true, alarms = { actions = ["arn:aws:sns:us-east-1:111122223333:alarms"] } }
    user_pool = { sign_in_domain = { prefix = "chat-example" }, callback_urls = ["https://embedded.example.com/in"] }
  }

  assert {
    condition     = output.site_url == "https://d111111abcdef8.cloudfront.net" && output.url == "wss://d111111abcdef8.cloudfront.net/live"
    error_message = "Clients and browsers do not come by the edge."
  }

  assert {
    condition     = module.auth.authorizer_environment.ALLOWED_ORIGINS == "https://embedded.example.com,https://d111111abcdef8.cloudfront.net"
    error_message = "The page is no allowed origin, or others no longer are."
  }

  assert {
    condition     = nonsensitive(module.auth.authorizer_environment.ORIGIN_SECRET_SHA256) == join(",", [for secret in nonsensitive(var.origin_secrets) : sha256(secret)]) && module.auth.authorizer.identity_sources == tolist(["route.request.header.x-origin-verify"])
    error_message = "The authorizer does not ask for the secret of the edge."
  }

  assert {
    condition     = local.callback_urls == tolist(["https://embedded.example.com/in", "https://d111111abcdef8.cloudfront.net/"]) && local.logout_urls == tolist(["https://d111111abcdef8.cloudfront.net/"])
    error_message = "Signing in or out does not come back to the page."
  }

  assert {
    condition = jsondecode(aws_s3_object.config[0].content) == {
      url             = "wss://d111111abcdef8.cloudfront.net/live"
      issuer          = "https://cognito-idp.eu-west-1.amazonaws.com/eu-west-1_example01"
      discovery       = "https://cognito-idp.eu-west-1.amazonaws.com/eu-west-1_example01/.well-known/openid-configuration"
      client_id       = "1example23456789"
      scopes          = ["openid"]
      message_format  = "text"
      max_text_bytes  = 4096
      max_frame_bytes = 8192
    } && aws_s3_object.config[0].key == "config.json" && aws_s3_object.config[0].bucket == module.edge[0].bucket && aws_s3_object.config[0].cache_control == "no-cache" && aws_s3_object.config[0].content_type == "application/json"
    error_message = "The page does not learn where the chat is."
  }

  assert {
    condition     = keys(output.edge.alarm_arns) == ["blocked", "server_errors"] && output.edge.web_acl_capacity == 1307
    error_message = "The edge's alarms are not made."
  }

  assert {
    condition     = strcontains(output.edge.content_security_policy, "connect-src 'self' https://cognito-idp.eu-west-1.amazonaws.com https://chat-example.auth.eu-west-1.amazoncognito.com;")
    error_message = "The page may not reach where its user signs in, or others too."
  }

  assert {
    condition     = module.edge[0].sign_in_web_acl_arn != null && contains(local.log_group_names, module.edge[0].sign_in_log_group_name) && contains(flatten([for s in data.aws_iam_policy_document.key[0].statement : [for c in s.condition : c.values] if s.sid == "LogsOfThisChat"]), "arn:aws:logs:eu-west-1:111122223333:log-group:aws-waf-logs-chat-sign-in")
    error_message = "The user pool has no web ACL, or the key does not serve its log."
  }
}

run "with_names_of_ones_own_nobody_comes_past_it" {
  command = plan

  variables {
    custom_domain = { name = "ws.example.com", certificate = { arn = "arn:aws:acm:eu-west-1:111122223333:certificate/1a2b3c4d-0000-4000-8000-000000000000" }, mapping_key = "talk" }

    edge = {
      site        = { enabled = false }
      aliases     = ["chat.example.com"]
      certificate = { arn = "arn:aws:acm:us-east-1:111122223333:certificate/1a2b3c4d-0000-4000-8000-000000000000" }
    }
  }

  assert {
    condition     = output.url == "wss://chat.example.com/talk" && local.edge_api == { endpoint = "wss://ws.example.com", path = "/talk" }
    error_message = "The edge does not go to the API by the API's own name."
  }

  assert {
    condition     = module.api.management_endpoint == "https://ws.example.com/talk"
    error_message = "The API's own endpoint is open past the edge."
  }

  assert {
    condition     = length(aws_s3_object.config) == 0 && length(local.site_pages) == 0
    error_message = "Without a site there is something of one."
  }
}

# A firewall that the WebSocket API's own endpoint goes past:
# aws-samples/bedrock-chat issue 900, github-aws-runners/terraform-aws-github-runner
# issue 3305.
run "an_edge_without_a_secret_is_refused" {
  command = plan

  variables {
    origin_secrets = []
    edge           = { site = { enabled = false } }
  }

  expect_failures = [var.origin_secrets]
}

run "an_edge_of_which_nobody_knows_the_path_is_refused" {
  command = plan

  variables {
    custom_domain = { name = "ws.example.com" }
    edge          = { site = { enabled = false } }
  }

  expect_failures = [var.edge]
}

run "a_web_acl_for_a_pool_that_is_not_there_is_refused" {
  command = plan

  variables {
    oidc = { issuer = "https://id.example.com/", jwks_uri = "https://id.example.com/jwks", audiences = ["chat"] }
    edge = { site = { enabled = false }, protect_sign_in = true }
  }

  expect_failures = [var.edge]
}

# What the local stack cannot serve, or what would keep the example from being
# destroyed, is behind switches: here each on, with a mocked AWS. test/gate plans
# production.tfvars, which has all of them, with the real provider.

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

  mock_resource "aws_apigatewayv2_domain_name" {
    defaults = {
      domain_name_configuration = { target_domain_name = "d-1.execute-api.eu-west-1.amazonaws.com", hosted_zone_id = "Z1" }
    }
  }

  mock_resource "aws_kms_key" {
    defaults = { arn = "arn:aws:kms:eu-west-1:111122223333:key/1a2b3c4d-0000-4000-8000-000000000000" }
  }

  mock_resource "aws_iam_role" {
    defaults = { arn = "arn:aws:iam::111122223333:role/example" }
  }

  mock_resource "aws_iam_policy" {
    defaults = { arn = "arn:aws:iam::111122223333:policy/example" }
  }

  mock_resource "aws_sns_topic" {
    defaults = { arn = "arn:aws:sns:eu-west-1:111122223333:example" }
  }

  mock_resource "aws_cloudwatch_log_group" {
    defaults = { arn = "arn:aws:logs:eu-west-1:111122223333:log-group:example" }
  }

  mock_resource "aws_dynamodb_table" {
    defaults = { arn = "arn:aws:dynamodb:eu-west-1:111122223333:table/example" }
  }

  # The sum of the signed packages below.
  mock_resource "aws_lambda_function" {
    defaults = { code_sha256 = "SaILT5pFo9L5lhIy0BUaaYln1Uk6ka4BmfTlgEwSCDw=" }
  }

  mock_resource "aws_lambda_code_signing_config" {
    defaults = { arn = "arn:aws:lambda:eu-west-1:111122223333:code-signing-config:csc-0123456789abcdef0" }
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

variables {
  package_dir = "../../modules/function/tests/package"
}

run "it_can_be_thrown_away" {
  assert {
    condition     = length(aws_sns_topic_subscription.alarms) == 0
    error_message = "Nobody may be subscribed who was not named."
  }

  assert {
    condition     = output.url == "wss://a1b2c3d4e5.execute-api.eu-west-1.amazonaws.com/live"
    error_message = "Without a domain name the API must be at its own endpoint."
  }

  assert {
    condition     = length(output.alarm_names) > 10 && output.dashboard_name != null && output.alarm_topic_arn != null
    error_message = "Alarms, their topic and the dashboard must be there."
  }
}

run "for_production" {
  variables {
    production   = true
    alarm_emails = ["ops@example.com"]
    domain       = { name = "ws.example.com", certificate_arn = "arn:aws:acm:eu-west-1:111122223333:certificate/1a2b3c4d-0000-4000-8000-000000000000", hosted_zone_id = "Z0123456789" }
    sign_in      = { prefix = "portcullis-example", callback_urls = ["https://chat.example.com/"] }
  }

  assert {
    condition     = keys(aws_sns_topic_subscription.alarms) == ["ops@example.com"]
    error_message = "Who is named must be told."
  }

  assert {
    condition     = startswith(output.url, "wss://ws.example.com")
    error_message = "Clients must connect to the domain name."
  }
}

run "with_code_that_somebody_signed" {
  variables {
    package_dir = null
    signed_packages = {
      profile_version_arns = ["arn:aws:signer:eu-west-1:111122223333:/signing-profiles/portcullis/EXAMPLE001"]
      objects = {
        authorizer = { bucket = "packages", key = "authorizer.zip", version_id = "1", sha256 = "SaILT5pFo9L5lhIy0BUaaYln1Uk6ka4BmfTlgEwSCDw=" }
        connect    = { bucket = "packages", key = "connect.zip", version_id = "1", sha256 = "SaILT5pFo9L5lhIy0BUaaYln1Uk6ka4BmfTlgEwSCDw=" }
        disconnect = { bucket = "packages", key = "disconnect.zip", version_id = "1", sha256 = "SaILT5pFo9L5lhIy0BUaaYln1Uk6ka4BmfTlgEwSCDw=" }
        message    = { bucket = "packages", key = "message.zip", version_id = "1", sha256 = "SaILT5pFo9L5lhIy0BUaaYln1Uk6ka4BmfTlgEwSCDw=" }
      }
    }
  }

  assert {
    condition     = keys(output.function_names) == ["authorizer", "connect", "disconnect", "message"]
    error_message = "Signed packages must take the place of package_dir."
  }
}

run "the_boundary_knows_the_region_s_name_of_dynamodb" {
  command = plan

  assert {
    condition     = toset(one(one([for s in data.aws_iam_policy_document.boundary.statement : s if s.sid == "TableKeys"]).condition).values) == toset(["dynamodb.eu-west-1.amazonaws.com"])
    error_message = "Outside China the boundary must let DynamoDB use the key by its usual name."
  }
}

run "the_boundary_knows_china_s_name_of_dynamodb" {
  command = plan

  variables {
    region = "cn-north-1"
  }

  assert {
    condition     = toset(one(one([for s in data.aws_iam_policy_document.boundary.statement : s if s.sid == "TableKeys"]).condition).values) == toset(["dynamodb.cn-north-1.amazonaws.com.cn"])
    error_message = "In China DynamoDB comes by another name: the boundary would close the tables."
  }
}

run "packages_of_two_places_are_refused" {
  command = plan

  variables {
    signed_packages = {
      profile_version_arns = ["arn:aws:signer:eu-west-1:111122223333:/signing-profiles/portcullis/EXAMPLE001"]
      objects = {
        authorizer = { bucket = "packages", key = "authorizer.zip", version_id = "1", sha256 = "SaILT5pFo9L5lhIy0BUaaYln1Uk6ka4BmfTlgEwSCDw=" }
        connect    = { bucket = "packages", key = "connect.zip", version_id = "1", sha256 = "SaILT5pFo9L5lhIy0BUaaYln1Uk6ka4BmfTlgEwSCDw=" }
        disconnect = { bucket = "packages", key = "disconnect.zip", version_id = "1", sha256 = "SaILT5pFo9L5lhIy0BUaaYln1Uk6ka4BmfTlgEwSCDw=" }
        message    = { bucket = "packages", key = "message.zip", version_id = "1", sha256 = "SaILT5pFo9L5lhIy0BUaaYln1Uk6ka4BmfTlgEwSCDw=" }
      }
    }
  }

  expect_failures = [var.package_dir]
}

run "a_chat_for_no_page_is_refused" {
  command = plan

  variables {
    allowed_origins = []
  }

  expect_failures = [var.allowed_origins]
}

run "an_address_that_is_none_is_refused" {
  command = plan

  variables {
    alarm_emails = ["ops"]
  }

  expect_failures = [var.alarm_emails]
}

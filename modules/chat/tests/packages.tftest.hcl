# Zips from a bucket, signed. Lambda holds the zip of each function, so that one
# that was given to another function fails the function module's own check.

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

override_resource {
  target = module.connections.aws_dynamodb_table.this
  values = { arn = "arn:aws:dynamodb:eu-west-1:111122223333:table/chat-connections" }
}

override_resource {
  target = module.messages.aws_dynamodb_table.this
  values = { arn = "arn:aws:dynamodb:eu-west-1:111122223333:table/chat-messages" }
}

override_resource {
  target = module.auth.module.authorizer.aws_lambda_function.this
  values = { code_sha256 = "SaILT5pFo9L5lhIy0BUaaYln1Uk6ka4BmfTlgEwSCDw=" }
}

override_resource {
  target = module.connect.aws_lambda_function.this
  values = { code_sha256 = "WmOKEoymc0jxBzugrtJthZBaKRKMvXGyUMnPTlmMfw0=" }
}

override_resource {
  target = module.disconnect.aws_lambda_function.this
  values = { code_sha256 = "T5NaDwPe6i+nGphnnuvOdEvxm9ODed7OnWTMySoWeDQ=" }
}

override_resource {
  target = module.message.aws_lambda_function.this
  values = { code_sha256 = "q1MKE+RZFJgrefm34/uplM/R8/si9xzqGvvwK0YMbR0=" }
}

variables {
  name            = "chat"
  allowed_origins = ["https://chat.example.com"]

  package_objects = {
    authorizer = { bucket = "packages", key = "authorizer.zip", version_id = "v-authorizer", sha256 = "SaILT5pFo9L5lhIy0BUaaYln1Uk6ka4BmfTlgEwSCDw=" }
    connect    = { bucket = "packages", key = "connect.zip", version_id = "v-connect", sha256 = "WmOKEoymc0jxBzugrtJthZBaKRKMvXGyUMnPTlmMfw0=" }
    disconnect = { bucket = "packages", key = "disconnect.zip", version_id = "v-disconnect", sha256 = "T5NaDwPe6i+nGphnnuvOdEvxm9ODed7OnWTMySoWeDQ=" }
    message    = { bucket = "packages", key = "message.zip", version_id = "v-message", sha256 = "q1MKE+RZFJgrefm34/uplM/R8/si9xzqGvvwK0YMbR0=" }
  }
}

run "each_function_is_its_own_zip" {
  assert {
    condition     = [for function in [module.connect, module.disconnect, module.message] : function.code_sha256] == [for part in ["connect", "disconnect", "message"] : var.package_objects[part].sha256]
    error_message = "A function is the zip of another."
  }

  assert {
    condition     = alltrue([for arn in values(output.code_signing_config_arns) : arn == null])
    error_message = "Zips have to be signed although nobody said by whom."
  }
}

run "signed_by_a_profile" {
  variables {
    code_signing = { profile_version_arns = ["arn:aws:signer:eu-west-1:111122223333:/signing-profiles/chat/abcdef1234"] }
  }

  assert {
    condition     = alltrue([for arn in values(output.code_signing_config_arns) : arn == "arn:aws:lambda:eu-west-1:111122223333:code-signing-config:csc-0123456789abcdef0"])
    error_message = "A function takes zips that nobody signed."
  }
}

run "refuses_packages_from_two_places" {
  command = plan

  variables {
    package_dir = "../function/tests/package"
  }

  expect_failures = [var.package_dir]
}

run "refuses_packages_from_nowhere" {
  command = plan

  variables {
    package_objects = null
  }

  expect_failures = [var.package_dir]
}

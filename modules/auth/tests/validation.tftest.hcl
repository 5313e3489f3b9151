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

  mock_resource "aws_cognito_user_pool" {
    defaults = {
      id       = "eu-west-1_example01"
      arn      = "arn:aws:cognito-idp:eu-west-1:111122223333:userpool/eu-west-1_example01"
      endpoint = "cognito-idp.eu-west-1.amazonaws.com/eu-west-1_example01"
    }
  }

  mock_resource "aws_cognito_user_pool_client" {
    defaults = { id = "1example23456789" }
  }
}

variables {
  name                 = "chat"
  allowed_origins      = ["https://chat.example.com"]
  package_dir          = "../function/tests/package"
  reserved_concurrency = "25"
  kms_key_arn          = "arn:aws:kms:eu-west-1:111122223333:key/1a2b3c4d-0000-4000-8000-000000000000"
}

run "refuses_an_origin_with_a_path_and_a_tag_of_awss" {
  command = plan

  variables {
    allowed_origins = ["https://chat.example.com/"]
    tags            = { "aws:team" = "chat" }
  }

  expect_failures = [var.allowed_origins, var.tags]
}

run "refuses_a_wildcard_origin" {
  command = plan

  variables {
    allowed_origins = ["https://*.example.com"]
  }

  expect_failures = [var.allowed_origins]
}

run "refuses_an_origin_in_upper_case" {
  command = plan

  variables {
    allowed_origins = ["https://Chat.example.com"]
  }

  expect_failures = [var.allowed_origins]
}

run "refuses_the_null_origin" {
  command = plan

  variables {
    allowed_origins = ["null"]
  }

  expect_failures = [var.allowed_origins]
}

run "refuses_an_origin_without_tls" {
  command = plan

  variables {
    allowed_origins = ["http://chat.example.com"]
  }

  expect_failures = [var.allowed_origins]
}

run "refuses_two_origins_in_one" {
  command = plan

  variables {
    allowed_origins = ["https://chat.example.com,https://evil.example"]
  }

  expect_failures = [var.allowed_origins]
}

run "refuses_to_let_nobody_in" {
  command = plan

  variables {
    allowed_origins = []
  }

  expect_failures = [var.allowed_origins]
}

run "accepts_pages_of_the_developers_machine" {
  command = plan

  variables {
    allowed_origins = ["http://localhost:8080", "http://127.0.0.1:3000", "http://[::1]", "https://chat.example.com:8443"]
  }
}

run "refuses_keys_without_tls" {
  command = plan

  variables {
    oidc = { issuer = "https://id.example.com", jwks_uri = "http://id.example.com/keys", audiences = ["chat"] }
  }

  expect_failures = [var.oidc]
}

run "refuses_keys_without_a_host" {
  command = plan

  variables {
    oidc = { issuer = "https://id.example.com", jwks_uri = "https:///keys", audiences = ["chat"] }
  }

  expect_failures = [var.oidc]
}

run "refuses_an_issuer_that_no_token_can_name" {
  command = plan

  variables {
    oidc = { issuer = "https://exämple.com/", jwks_uri = "https://id.example.com/keys", audiences = ["chat"] }
  }

  expect_failures = [var.oidc]
}

run "refuses_a_loopback_look_alike" {
  command = plan

  variables {
    oidc = { issuer = "https://id.example.com", jwks_uri = "http://127.0.0.1.example.com/keys", audiences = ["chat"] }
  }

  expect_failures = [var.oidc]
}

run "refuses_keys_with_a_query" {
  command = plan

  variables {
    oidc = { issuer = "https://id.example.com", jwks_uri = "https://id.example.com/keys?tenant=1", audiences = ["chat"] }
  }

  expect_failures = [var.oidc]
}

run "refuses_an_issuer_without_tls" {
  command = plan

  variables {
    oidc = { issuer = "http://id.example.com", jwks_uri = "https://id.example.com/keys", audiences = ["chat"] }
  }

  expect_failures = [var.oidc]
}

run "refuses_no_audience" {
  command = plan

  variables {
    oidc = { issuer = "https://id.example.com", jwks_uri = "https://id.example.com/keys", audiences = [] }
  }

  expect_failures = [var.oidc]
}

run "refuses_an_empty_audience" {
  command = plan

  variables {
    oidc = { issuer = "https://id.example.com", jwks_uri = "https://id.example.com/keys", audiences = [""] }
  }

  expect_failures = [var.oidc]
}

run "refuses_a_check_that_does_not_exist" {
  command = plan

  variables {
    oidc = { issuer = "https://id.example.com", jwks_uri = "https://id.example.com/keys", audiences = ["chat"], token_type_check = "off" }
  }

  expect_failures = [var.oidc]
}

run "accepts_an_issuer_on_loopback" {
  command = plan

  variables {
    oidc = { issuer = "http://127.0.0.1:9400", jwks_uri = "http://127.0.0.1:9400/keys", audiences = ["chat"], token_type_check = "none" }
  }
}

run "refuses_a_short_origin_secret" {
  command = plan

  variables {
    origin_secrets = ["0123456789abcdef0123456789abcde"]
  }

  expect_failures = [var.origin_secrets]
}

run "refuses_three_origin_secrets" {
  command = plan

  variables {
    origin_secrets = ["0123456789abcdef0123456789abcdef", "1123456789abcdef0123456789abcdef", "2123456789abcdef0123456789abcdef"]
  }

  expect_failures = [var.origin_secrets]
}

run "refuses_what_is_too_small" {
  command = plan

  variables {
    name            = "c"
    token_validity  = { access_minutes = 4 }
    password_policy = { minimum_length = 11 }
  }

  expect_failures = [var.name, var.token_validity, var.password_policy]
}

run "refuses_what_is_too_large" {
  command = plan

  variables {
    name            = "c${format("%052d", 0)}"
    token_validity  = { id_minutes = 1441, refresh_hours = 48 }
    password_policy = { history_size = 25 }
  }

  expect_failures = [var.name, var.token_validity, var.password_policy]
}

run "refuses_a_refresh_token_that_ends_first" {
  command = plan

  variables {
    token_validity  = { access_minutes = 120, refresh_hours = 1 }
    password_policy = { temporary_validity_days = 0 }
  }

  expect_failures = [var.token_validity, var.password_policy]
}

run "refuses_words_that_cognito_does_not_know" {
  command = plan

  variables {
    name              = "Chat"
    mfa               = "on"
    threat_protection = "BLOCK"
    cognito_endpoint  = "https://cognito-idp.eu-west-1.amazonaws.com/"
    callback_urls     = ["http://chat.example.com/"]
  }

  expect_failures = [var.name, var.mfa, var.threat_protection, var.cognito_endpoint, var.callback_urls]
}

run "refuses_a_logout_without_a_login" {
  command = plan

  variables {
    logout_urls = ["https://chat.example.com/"]
  }

  expect_failures = [var.logout_urls]
}

run "refuses_a_claim_with_a_space" {
  command = plan

  variables {
    rooms = { claim = "my rooms" }
  }

  expect_failures = [var.rooms]
}

run "refuses_a_rule_for_rooms_without_a_claim" {
  command = plan

  variables {
    rooms = { claim = "" }
  }

  expect_failures = [var.rooms]
}

run "refuses_a_prefix_with_a_space" {
  command = plan

  variables {
    rooms = { claim = "scope", prefix = "room: " }
  }

  expect_failures = [var.rooms]
}

run "refuses_keys_that_are_no_set" {
  command = plan

  variables {
    baked_jwks = "https://id.example.com/keys"
  }

  expect_failures = [var.baked_jwks]
}

run "refuses_a_set_without_keys" {
  command = plan

  variables {
    baked_jwks = "{\"keys\": []}"
  }

  expect_failures = [var.baked_jwks]
}

run "refuses_a_private_key" {
  command = plan

  variables {
    baked_jwks = "{\"keys\": [{\"kty\": \"EC\", \"kid\": \"k\", \"d\": \"x\"}]}"
  }

  expect_failures = [var.baked_jwks]
}

run "refuses_a_private_key_beside_what_is_no_key" {
  command = plan

  variables {
    baked_jwks = "{\"keys\": [{\"kty\": \"EC\", \"kid\": \"k\", \"d\": \"x\"}, null]}"
  }

  expect_failures = [var.baked_jwks]
}

run "refuses_a_text_for_keys" {
  command = plan

  variables {
    baked_jwks = "{\"keys\": \"abc\"}"
  }

  expect_failures = [var.baked_jwks]
}

run "refuses_keys_that_the_authorizer_cannot_use" {
  command = plan

  variables {
    baked_jwks = jsonencode({ keys = [
      {},
      { kty = "EC", crv = "P-384", kid = "a", x = "x", y = "y" },
      { kty = "EC", crv = "P-256", x = "x", y = "y" },
      { kty = "RSA", kid = "b", use = "enc", n = "n", e = "AQAB" },
    ] })
  }

  expect_failures = [var.baked_jwks]
}

run "refuses_two_keys_with_one_id" {
  command = plan

  variables {
    baked_jwks = jsonencode({ keys = [
      { kty = "EC", crv = "P-256", kid = "k", x = "x", y = "y" },
      { kty = "RSA", kid = "k", n = "n", e = "AQAB" },
    ] })
  }

  expect_failures = [var.baked_jwks]
}

run "refuses_keys_that_do_not_fit_a_functions_settings" {
  command = plan

  variables {
    baked_jwks = jsonencode({ keys = [for n in range(50) : { kty = "RSA", kid = "key-${n}", n = "0123456789abcdef0123456789abcdef", e = "AQAB" }] })
  }

  expect_failures = [var.baked_jwks]
}

run "refuses_an_unknown_type_check" {
  command = plan

  variables {
    oidc = {
      issuer           = "https://id.example.com"
      jwks_uri         = "https://id.example.com/keys"
      audiences        = ["chat"]
      token_type_check = "typ-claim"
    }
  }

  expect_failures = [var.oidc]
}

run "refuses_a_namespace_of_cloudwatchs_own" {
  command = plan

  variables {
    metrics_namespace = "AWS/Chat"
  }

  expect_failures = [var.metrics_namespace]
}

run "refuses_a_namespace_with_a_space" {
  command = plan

  variables {
    metrics_namespace = "my chat"
  }

  expect_failures = [var.metrics_namespace]
}

run "refuses_pages_to_sign_in_nowhere" {
  command = plan

  variables {
    callback_urls  = ["https://chat.example.com/"]
    sign_in_domain = {}
  }

  expect_failures = [var.sign_in_domain]
}

run "refuses_pages_to_sign_in_at_two_places" {
  command = plan

  variables {
    callback_urls  = ["https://chat.example.com/"]
    sign_in_domain = { prefix = "chat", custom = { name = "auth.example.com", certificate = { arn = "arn:aws:acm:us-east-1:111122223333:certificate/1" } } }
  }

  expect_failures = [var.sign_in_domain]
}

run "refuses_a_prefix_with_a_word_of_awss" {
  command = plan

  variables {
    callback_urls  = ["https://chat.example.com/"]
    sign_in_domain = { prefix = "my-cognito-chat" }
  }

  expect_failures = [var.sign_in_domain]
}

run "refuses_a_prefix_that_is_a_name" {
  command = plan

  variables {
    callback_urls  = ["https://chat.example.com/"]
    sign_in_domain = { prefix = "auth.example" }
  }

  expect_failures = [var.sign_in_domain]
}

run "refuses_a_prefix_that_ends_with_a_hyphen" {
  command = plan

  variables {
    callback_urls  = ["https://chat.example.com/"]
    sign_in_domain = { prefix = "chat-" }
  }

  expect_failures = [var.sign_in_domain]
}

run "refuses_a_sign_in_certificate_of_another_region" {
  command = plan

  variables {
    callback_urls  = ["https://chat.example.com/"]
    sign_in_domain = { custom = { name = "auth.example.com", certificate = { arn = "arn:aws:acm:eu-west-1:111122223333:certificate/1" } } }
  }

  expect_failures = [var.sign_in_domain]
}

run "refuses_a_sign_in_domain_above_which_there_is_none" {
  command = plan

  variables {
    callback_urls  = ["https://chat.example.com/"]
    sign_in_domain = { custom = { name = "example.com", certificate = { arn = "arn:aws:acm:us-east-1:111122223333:certificate/1" } } }
  }

  expect_failures = [var.sign_in_domain]
}

run "refuses_a_managed_login_that_does_not_exist" {
  command = plan

  variables {
    callback_urls  = ["https://chat.example.com/"]
    sign_in_domain = { prefix = "chat", managed_login_version = 3 }
  }

  expect_failures = [var.sign_in_domain]
}

run "refuses_pages_that_lead_nowhere" {
  command = plan

  variables {
    sign_in_domain = { prefix = "chat" }
  }

  expect_failures = [var.sign_in_domain]
}

run "refuses_cognitos_pages_for_another_issuer" {
  command = plan

  variables {
    sign_in_domain = { prefix = "chat" }
    oidc           = { issuer = "https://id.example.com", jwks_uri = "https://id.example.com/keys", audiences = ["chat"] }
  }

  expect_failures = [var.sign_in_domain]
}

run "refuses_a_package_from_two_places" {
  command = plan

  variables {
    package_object = { bucket = "packages", key = "authorizer.zip", version_id = "v1", sha256 = "47DEQpj8HBSa+/TImW+5JCeuQeRkm5NMpJWZG3hSuFU=" }
  }

  expect_failures = [var.package_dir]
}

run "refuses_a_package_from_nowhere" {
  command = plan

  variables {
    package_dir = null
  }

  expect_failures = [var.package_dir]
}

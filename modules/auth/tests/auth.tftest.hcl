mock_provider "aws" {
  mock_data "aws_iam_policy_document" {
    defaults = { json = "{}" }
  }

  mock_resource "aws_iam_role" {
    defaults = { arn = "arn:aws:iam::111122223333:role/chat-authorizer" }
  }

  mock_resource "aws_cloudwatch_log_group" {
    defaults = { arn = "arn:aws:logs:eu-west-1:111122223333:log-group:/aws/lambda/chat-authorizer" }
  }

  mock_resource "aws_lambda_function" {
    defaults = { code_sha256 = "47DEQpj8HBSa+/TImW+5JCeuQeRkm5NMpJWZG3hSuFU=" }
  }

  mock_resource "aws_lambda_code_signing_config" {
    defaults = { arn = "arn:aws:lambda:eu-west-1:111122223333:code-signing-config:csc-0123456789abcdef0" }
  }

  mock_resource "aws_lambda_alias" {
    defaults = { invoke_arn = "arn:aws:apigateway:eu-west-1:lambda:path/2015-03-31/functions/arn:aws:lambda:eu-west-1:111122223333:function:chat-authorizer:live/invocations" }
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

run "the_user_pool_is_hardened_without_being_asked" {
  assert {
    condition     = aws_cognito_user_pool.this[0].deletion_protection == "ACTIVE"
    error_message = "The user pool may be deleted."
  }

  assert {
    condition     = aws_cognito_user_pool.this[0].admin_create_user_config[0].allow_admin_create_user_only
    error_message = "Anybody may make an account."
  }

  assert {
    condition     = aws_cognito_user_pool.this[0].user_pool_add_ons[0].advanced_security_mode == "ENFORCED" && aws_cognito_user_pool.this[0].user_pool_tier == "PLUS"
    error_message = "Threat protection is not enforced."
  }

  assert {
    condition     = aws_cognito_user_pool.this[0].mfa_configuration == "OPTIONAL" && aws_cognito_user_pool.this[0].software_token_mfa_configuration[0].enabled
    error_message = "Users cannot have a second factor."
  }

  assert {
    condition = (
      aws_cognito_user_pool.this[0].password_policy[0].minimum_length == 12 &&
      aws_cognito_user_pool.this[0].password_policy[0].require_lowercase &&
      aws_cognito_user_pool.this[0].password_policy[0].require_uppercase &&
      aws_cognito_user_pool.this[0].password_policy[0].require_numbers &&
      aws_cognito_user_pool.this[0].password_policy[0].require_symbols &&
      aws_cognito_user_pool.this[0].password_policy[0].password_history_size == 5 &&
      aws_cognito_user_pool.this[0].password_policy[0].temporary_password_validity_days == 1
    )
    error_message = "The password policy is weaker than documented."
  }

  assert {
    condition     = [for mechanism in one(aws_cognito_user_pool.this[0].account_recovery_setting).recovery_mechanism : mechanism.name] == ["verified_email"]
    error_message = "An account is recovered otherwise than by its verified address."
  }

  assert {
    condition     = !aws_cognito_user_pool.this[0].username_configuration[0].case_sensitive
    error_message = "Two users may differ in case only."
  }

  assert {
    condition     = aws_cognito_user_pool.this[0].user_attribute_update_settings[0].attributes_require_verification_before_update == toset(["email"])
    error_message = "An address can be changed without proof, and the password be recovered through it."
  }
}

run "the_client_is_hardened_without_being_asked" {
  assert {
    condition     = !aws_cognito_user_pool_client.this[0].generate_secret
    error_message = "The client has a secret that browsers cannot keep."
  }

  assert {
    condition     = aws_cognito_user_pool_client.this[0].explicit_auth_flows == toset(["ALLOW_REFRESH_TOKEN_AUTH", "ALLOW_USER_SRP_AUTH"])
    error_message = "There is a sign-in that sends the password."
  }

  assert {
    condition     = aws_cognito_user_pool_client.this[0].prevent_user_existence_errors == "ENABLED"
    error_message = "Sign-in tells which users exist."
  }

  assert {
    condition     = aws_cognito_user_pool_client.this[0].enable_token_revocation
    error_message = "Refresh tokens cannot be revoked."
  }

  assert {
    condition     = length(aws_cognito_user_pool_client.this[0].refresh_token_rotation) == 0
    error_message = "Refresh tokens are replaced although nobody asked for that."
  }

  assert {
    condition     = length(aws_cognito_user_pool_domain.this) == 0 && output.sign_in_domain == null
    error_message = "There are pages to sign in that nobody asked for."
  }

  assert {
    condition     = !aws_cognito_user_pool_client.this[0].allowed_oauth_flows_user_pool_client && length(aws_cognito_user_pool_client.this[0].allowed_oauth_flows) == 0 && length(aws_cognito_user_pool_client.this[0].allowed_oauth_scopes) == 0
    error_message = "An OAuth flow is on that nobody asked for."
  }

  assert {
    condition = (
      aws_cognito_user_pool_client.this[0].access_token_validity == 30 &&
      aws_cognito_user_pool_client.this[0].id_token_validity == 30 &&
      aws_cognito_user_pool_client.this[0].refresh_token_validity == 12 &&
      aws_cognito_user_pool_client.this[0].token_validity_units[0].access_token == "minutes" &&
      aws_cognito_user_pool_client.this[0].token_validity_units[0].id_token == "minutes" &&
      aws_cognito_user_pool_client.this[0].token_validity_units[0].refresh_token == "hours"
    )
    error_message = "Tokens are good for longer than documented."
  }
}

# aws-samples/websocket-chat-application took ID tokens for credentials and checked
# no Origin.
run "the_authorizer_believes_the_pools_access_tokens_only" {
  assert {
    condition = module.authorizer.environment == tomap({
      TOKEN_ISSUER         = "https://cognito-idp.eu-west-1.amazonaws.com/eu-west-1_example01"
      TOKEN_JWKS_URI       = "https://cognito-idp.eu-west-1.amazonaws.com/eu-west-1_example01/.well-known/jwks.json"
      TOKEN_AUDIENCES      = "1example23456789"
      TOKEN_TYPE_CHECK     = "token_use"
      TOKEN_JWKS           = ""
      ROOMS_CLAIM          = ""
      ROOMS_PREFIX         = ""
      ALLOWED_ORIGINS      = "https://chat.example.com"
      ALLOW_MISSING_ORIGIN = "false"
      ORIGIN_SECRET_SHA256 = ""
      METRICS_NAMESPACE    = "Portcullis"
    })
    error_message = "The authorizer has other settings."
  }

  assert {
    condition     = module.authorizer.policy_statements[*].sid == ["OwnLogs", "OwnTraces"]
    error_message = "The authorizer may do more than write its own logs and traces."
  }

  assert {
    condition     = output.openid_configuration_url == "https://cognito-idp.eu-west-1.amazonaws.com/eu-west-1_example01/.well-known/openid-configuration"
    error_message = "Clients look for the sign-in elsewhere."
  }

  assert {
    condition     = length(output.authorizer.identity_sources) == 0
    error_message = "A client whose token comes in the other header would get 401."
  }
}

run "keys_from_another_endpoint" {
  variables {
    cognito_endpoint = "https://cognito-idp-fips.eu-west-1.amazonaws.com"
  }

  assert {
    condition     = output.jwks_uri == "https://cognito-idp-fips.eu-west-1.amazonaws.com/eu-west-1_example01/.well-known/jwks.json"
    error_message = "The keys do not come from the given endpoint."
  }

  assert {
    condition     = output.issuer == "https://cognito-idp.eu-west-1.amazonaws.com/eu-west-1_example01"
    error_message = "Another endpoint for the keys changed the issuer."
  }

  assert {
    condition     = output.openid_configuration_url == "https://cognito-idp-fips.eu-west-1.amazonaws.com/eu-west-1_example01/.well-known/openid-configuration"
    error_message = "Discovery does not go by the given endpoint."
  }
}

run "an_issuer_of_ones_own_makes_no_pool" {
  variables {
    oidc = {
      issuer    = "https://id.example.com"
      jwks_uri  = "https://id.example.com/keys"
      audiences = ["chat", "chat-test"]
    }
    allowed_origins      = []
    allow_missing_origin = true
  }

  assert {
    condition     = output.openid_configuration_url == "https://id.example.com/.well-known/openid-configuration" && length(aws_cognito_user_pool_domain.this) == 0
    error_message = "Discovery is not the issuer's own."
  }

  assert {
    condition     = length(aws_cognito_user_pool.this) == 0 && length(aws_cognito_user_pool_client.this) == 0 && output.user_pool_id == null && output.user_pool_client_id == null
    error_message = "A user pool is left over."
  }

  assert {
    condition = module.authorizer.environment == tomap({
      TOKEN_ISSUER         = "https://id.example.com"
      TOKEN_JWKS_URI       = "https://id.example.com/keys"
      TOKEN_AUDIENCES      = "chat,chat-test"
      TOKEN_TYPE_CHECK     = "typ"
      TOKEN_JWKS           = ""
      ROOMS_CLAIM          = ""
      ROOMS_PREFIX         = ""
      ALLOWED_ORIGINS      = ""
      ALLOW_MISSING_ORIGIN = "true"
      ORIGIN_SECRET_SHA256 = ""
      METRICS_NAMESPACE    = "Portcullis"
    })
    error_message = "The authorizer does not have the issuer's settings."
  }
}

# What has no effect would be believed to have one.
run "refuses_settings_of_a_pool_that_is_not_there" {
  command = plan

  variables {
    oidc                = { issuer = "https://id.example.com", jwks_uri = "https://id.example.com/keys", audiences = ["chat"] }
    mfa                 = "OPTIONAL"
    threat_protection   = "ENFORCED"
    allow_self_sign_up  = false
    deletion_protection = true
    token_validity      = {}
    password_policy     = {}

    refresh_token_rotation = {}
  }

  expect_failures = [var.mfa, var.threat_protection, var.allow_self_sign_up, var.deletion_protection, var.token_validity, var.password_policy, var.refresh_token_rotation]
}

run "settings_given_in_part_leave_the_rest_as_it_is" {
  variables {
    token_validity  = {}
    password_policy = { minimum_length = 20 }
  }

  assert {
    condition     = [aws_cognito_user_pool_client.this[0].access_token_validity, aws_cognito_user_pool_client.this[0].id_token_validity, aws_cognito_user_pool_client.this[0].refresh_token_validity] == [30, 30, 12]
    error_message = "Times given as nothing are others than times left out."
  }

  assert {
    condition = [for policy in aws_cognito_user_pool.this[0].password_policy : {
      length = policy.minimum_length, classes = [policy.require_lowercase, policy.require_uppercase, policy.require_numbers, policy.require_symbols], history = policy.password_history_size, days = policy.temporary_password_validity_days
    }] == [{ length = 20, classes = [true, true, true, true], history = 5, days = 1 }]
    error_message = "A password policy in part relaxes the rest."
  }
}

# aws-samples/serverless-patterns, waf-cloudfront-websocket-apigw-cdk-python: the
# secret itself was in the template and in the log.
run "origin_secrets_leave_as_digests" {
  variables {
    origin_secrets = ["0123456789abcdef0123456789abcdef", "fedcba9876543210fedcba9876543210"]
  }

  assert {
    condition     = module.authorizer.environment.ORIGIN_SECRET_SHA256 == "${sha256("0123456789abcdef0123456789abcdef")},${sha256("fedcba9876543210fedcba9876543210")}"
    error_message = "The authorizer does not have the digests of the secrets."
  }

  assert {
    condition     = output.authorizer.identity_sources == tolist(["route.request.header.x-origin-verify"])
    error_message = "A request without the secret's header would still call the authorizer."
  }
}

run "rooms_by_a_claim" {
  variables {
    rooms = { claim = "cognito:groups", prefix = "room:" }
  }

  assert {
    condition     = module.authorizer.environment.ROOMS_CLAIM == "cognito:groups" && module.authorizer.environment.ROOMS_PREFIX == "room:"
    error_message = "The authorizer does not know which claim lists the rooms."
  }
}

run "rooms_by_a_claim_of_its_own" {
  variables {
    rooms = { claim = "rooms" }
  }

  assert {
    condition     = module.authorizer.environment.ROOMS_CLAIM == "rooms" && module.authorizer.environment.ROOMS_PREFIX == ""
    error_message = "A claim without a prefix is not set so."
  }
}

run "keys_to_start_with" {
  variables {
    baked_jwks = <<-EOT
      {"keys": [
        {"kty": "EC", "crv": "P-256", "kid": "k", "x": "axfR8uEsQkf4vOblY6RA8ncDfYEt6zOg9KE5RdiYwpY", "y": "T-NC4v4af5uO5-tKfA-eFivOM1drMV7Oy7ZAaDe_UfU"}
      ]}
    EOT
  }

  assert {
    condition     = module.authorizer.environment.TOKEN_JWKS == jsonencode(jsondecode(var.baked_jwks)) && !strcontains(module.authorizer.environment.TOKEN_JWKS, "\n")
    error_message = "The authorizer does not start with the keys."
  }
}

run "relaxed_by_name" {
  variables {
    metrics_namespace   = null
    mfa                 = "OFF"
    threat_protection   = "OFF"
    allow_self_sign_up  = true
    deletion_protection = false
    token_validity      = { access_minutes = 60 }
    callback_urls       = ["https://chat.example.com/"]
    logout_urls         = ["http://localhost:8080/"]
  }

  assert {
    condition     = aws_cognito_user_pool.this[0].mfa_configuration == "OFF" && length(aws_cognito_user_pool.this[0].software_token_mfa_configuration) == 0
    error_message = "mfa = OFF leaves something of MFA behind."
  }

  assert {
    condition     = aws_cognito_user_pool.this[0].user_pool_add_ons[0].advanced_security_mode == "OFF" && aws_cognito_user_pool.this[0].user_pool_tier == "ESSENTIALS"
    error_message = "threat_protection = OFF still costs the Plus plan."
  }

  assert {
    condition     = !aws_cognito_user_pool.this[0].admin_create_user_config[0].allow_admin_create_user_only && aws_cognito_user_pool.this[0].deletion_protection == "INACTIVE"
    error_message = "allow_self_sign_up or deletion_protection have no effect."
  }

  assert {
    condition     = aws_cognito_user_pool_client.this[0].access_token_validity == 60 && aws_cognito_user_pool_client.this[0].id_token_validity == 30
    error_message = "A part of token_validity does not leave the rest at its defaults."
  }

  assert {
    condition     = aws_cognito_user_pool_client.this[0].allowed_oauth_flows == toset(["code"]) && aws_cognito_user_pool_client.this[0].allowed_oauth_scopes == toset(["openid"]) && aws_cognito_user_pool_client.this[0].allowed_oauth_flows_user_pool_client
    error_message = "With callback URLs another flow than the code grant is on, or none."
  }

  assert {
    condition     = module.authorizer.environment.METRICS_NAMESPACE == ""
    error_message = "metrics_namespace = null still writes metrics."
  }
}

run "refresh_tokens_that_are_good_once" {
  variables {
    refresh_token_rotation = { grace_seconds = 0 }
    keep_logs              = true
  }

  assert {
    condition     = aws_cognito_user_pool_client.this[0].refresh_token_rotation[0].feature == "ENABLED" && aws_cognito_user_pool_client.this[0].refresh_token_rotation[0].retry_grace_period_seconds == 0
    error_message = "A refresh token that was used is good once more."
  }

  assert {
    condition     = aws_cognito_user_pool_client.this[0].explicit_auth_flows == toset(["ALLOW_USER_SRP_AUTH"])
    error_message = "Cognito refuses ALLOW_REFRESH_TOKEN_AUTH beside rotation."
  }

  assert {
    condition     = module.authorizer.logs_are_kept && output.authorizer_arn == module.authorizer.arn && output.authorizer_log_group_arn == module.authorizer.log_group_arn
    error_message = "The log goes with the authorizer, or an output names something else."
  }
}

run "pages_to_sign_in_at_a_prefix" {
  variables {
    callback_urls  = ["https://chat.example.com/"]
    sign_in_domain = { prefix = "chat-example" }
  }

  assert {
    condition     = aws_cognito_user_pool_domain.this[0].domain == "chat-example" && aws_cognito_user_pool_domain.this[0].certificate_arn == null && aws_cognito_user_pool_domain.this[0].managed_login_version == 1 && aws_cognito_user_pool_domain.this[0].user_pool_id == "eu-west-1_example01"
    error_message = "The pages are elsewhere, or of a version that needs a branding style."
  }

  assert {
    condition     = output.sign_in_domain.domain == "chat-example" && output.sign_in_domain.target_domain_name == null
    error_message = "A prefix has no DNS record to make."
  }
}

# The implicit flow and a day-long ID token for a credential are what
# aws-samples/websocket-chat-application has; a token in a URL's fragment is in the
# browser's history.
run "pages_to_sign_in_at_a_domain_of_ones_own" {
  variables {
    callback_urls = ["https://chat.example.com/"]
    sign_in_domain = {
      custom                = { name = "auth.example.com", certificate = { arn = "arn:aws:acm:us-east-1:111122223333:certificate/1a2b3c4d-0000-4000-8000-000000000000" } }
      managed_login_version = 2
    }
  }

  assert {
    condition     = aws_cognito_user_pool_domain.this[0].domain == "auth.example.com" && aws_cognito_user_pool_domain.this[0].certificate_arn == var.sign_in_domain.custom.certificate.arn && aws_cognito_user_pool_domain.this[0].managed_login_version == 2
    error_message = "The pages are elsewhere, or of another version."
  }

  assert {
    condition     = output.sign_in_domain.domain == "auth.example.com" && output.sign_in_domain.target_domain_name == aws_cognito_user_pool_domain.this[0].cloudfront_distribution && output.sign_in_domain.hosted_zone_id == aws_cognito_user_pool_domain.this[0].cloudfront_distribution_zone_id
    error_message = "The caller cannot make the DNS record."
  }

  assert {
    condition     = aws_cognito_user_pool_client.this[0].allowed_oauth_flows == toset(["code"]) && !aws_cognito_user_pool_client.this[0].generate_secret
    error_message = "Pages to sign in turn another flow on than the code grant of a public client."
  }
}

run "a_signed_package_in_a_bucket" {
  variables {
    package_dir    = null
    package_object = { bucket = "packages", key = "authorizer.zip", version_id = "v1", sha256 = "47DEQpj8HBSa+/TImW+5JCeuQeRkm5NMpJWZG3hSuFU=" }
    code_signing   = { profile_version_arns = ["arn:aws:signer:eu-west-1:111122223333:/signing-profiles/chat/abcdef1234"] }
  }

  # The function module compares the zip that Lambda holds with the sum.
  assert {
    condition     = module.authorizer.code_sha256 == "47DEQpj8HBSa+/TImW+5JCeuQeRkm5NMpJWZG3hSuFU="
    error_message = "The authorizer is another package."
  }

  assert {
    condition     = module.authorizer.code_signing_config_arn == "arn:aws:lambda:eu-west-1:111122223333:code-signing-config:csc-0123456789abcdef0"
    error_message = "The authorizer takes zips that nobody signed."
  }
}

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

locals {
  texts = local.bool ? ["a"] : ["b"]
}

#### Clients ####

# pass: identity/user-existence, identity/implicit-flow, identity/token-lifetime, identity/token-revocation, identity/password-flows, identity/callback-urls, identity/oauth-scopes, identity/writable-attributes
resource "aws_cognito_user_pool_client" "good" {
  name         = "good"
  user_pool_id = "eu-west-1_abc"

  prevent_user_existence_errors = "ENABLED"
  allowed_oauth_flows           = ["code"]
  allowed_oauth_scopes          = ["openid"]
  callback_urls                 = ["https://chat.example.com/in", "http://localhost:8080/in"]
  logout_urls                   = ["https://chat.example.com/out"]
  explicit_auth_flows           = ["ALLOW_USER_SRP_AUTH", "ALLOW_REFRESH_TOKEN_AUTH"]
  write_attributes              = ["name", "custom:colour"]
  enable_token_revocation       = true
  access_token_validity         = 30
  id_token_validity             = 3600
  refresh_token_validity        = 12

  token_validity_units {
    access_token  = "minutes"
    id_token      = "seconds"
    refresh_token = "hours"
  }
}

# pass: identity/user-existence, identity/implicit-flow, identity/token-lifetime, identity/token-revocation, identity/password-flows, identity/callback-urls, identity/oauth-scopes, identity/writable-attributes
resource "aws_cognito_managed_user_pool_client" "managed" {
  name_prefix  = "managed"
  user_pool_id = "eu-west-1_abc"

  prevent_user_existence_errors = "ENABLED"
}

# Cognito takes LEGACY where nothing is set.
# pass: identity/implicit-flow, identity/token-lifetime, identity/token-revocation, identity/password-flows, identity/callback-urls, identity/oauth-scopes, identity/writable-attributes
# fail: identity/user-existence
resource "aws_cognito_user_pool_client" "empty" {
  name         = "empty"
  user_pool_id = "eu-west-1_abc"

  generate_secret = true
}

# fail: identity/user-existence, identity/implicit-flow, identity/token-lifetime, identity/token-revocation, identity/password-flows, identity/callback-urls, identity/oauth-scopes, identity/writable-attributes, identity/app-secret
resource "aws_cognito_user_pool_client" "bad" {
  name         = "bad"
  user_pool_id = "eu-west-1_abc"

  prevent_user_existence_errors = "LEGACY"
  generate_secret               = true
  allowed_oauth_flows           = ["implicit"]
  allowed_oauth_scopes          = ["openid", "aws.cognito.signin.user.admin"]
  callback_urls                 = ["http://chat.example.com/in", "chat://in"]
  logout_urls                   = ["https://*.example.com/out"]
  explicit_auth_flows           = ["ALLOW_USER_PASSWORD_AUTH", "ALLOW_REFRESH_TOKEN_AUTH"]
  write_attributes              = ["name", "custom:TenantId"]
  enable_token_revocation       = false
  access_token_validity         = 24
  id_token_validity             = 61
  refresh_token_validity        = 3650

  token_validity_units {
    access_token  = "hours"
    id_token      = "minutes"
    refresh_token = "days"
  }
}

# pass: identity/user-existence, identity/implicit-flow, identity/token-lifetime, identity/token-revocation, identity/password-flows, identity/callback-urls, identity/oauth-scopes, identity/writable-attributes, identity/app-secret
resource "aws_cognito_user_pool_client" "app" {
  name         = "app"
  user_pool_id = "eu-west-1_abc"

  access_token_validity = 1

  prevent_user_existence_errors = "ENABLED"
  callback_urls                 = ["chat://in"]
}

# pass: identity/user-existence, identity/implicit-flow, identity/token-lifetime, identity/token-revocation, identity/password-flows, identity/callback-urls, identity/oauth-scopes, identity/writable-attributes
# unknown: identity/app-secret
resource "aws_cognito_user_pool_client" "app_later" {
  name         = "app_later"
  user_pool_id = "eu-west-1_abc"

  prevent_user_existence_errors = "ENABLED"
  callback_urls                 = ["chat://in"]
  generate_secret               = local.bool
}

# unknown: identity/user-existence, identity/implicit-flow, identity/token-lifetime, identity/token-revocation, identity/password-flows, identity/callback-urls, identity/oauth-scopes, identity/writable-attributes
resource "aws_cognito_user_pool_client" "later" {
  name         = "later"
  user_pool_id = "eu-west-1_abc"

  prevent_user_existence_errors = local.later
  allowed_oauth_flows           = local.texts
  allowed_oauth_scopes          = ["openid", local.later]
  callback_urls                 = ["https://chat.example.com/in", local.later]
  explicit_auth_flows           = local.texts
  write_attributes              = split(",", local.later)
  enable_token_revocation       = local.bool
  access_token_validity         = local.number
}

# The host alone is known after apply.
# pass: identity/user-existence, identity/implicit-flow, identity/token-lifetime, identity/token-revocation, identity/password-flows, identity/callback-urls, identity/oauth-scopes, identity/writable-attributes
resource "aws_cognito_user_pool_client" "host_later" {
  name         = "host_later"
  user_pool_id = "eu-west-1_abc"

  prevent_user_existence_errors = "ENABLED"
  callback_urls                 = ["https://${local.later}/in"]
}

#### Pools ####

# pass: identity/mfa, identity/password-policy, identity/threat-protection, identity/deletion-protection, identity/self-sign-up, identity/account-recovery, identity/username-case, identity/attribute-verification
resource "aws_cognito_user_pool" "good" {
  name = "good"

  mfa_configuration        = "ON"
  deletion_protection      = "ACTIVE"
  user_pool_tier           = "PLUS"
  auto_verified_attributes = ["email"]

  username_configuration {
    case_sensitive = false
  }

  admin_create_user_config {
    allow_admin_create_user_only = true
  }

  password_policy {
    minimum_length                   = 12
    require_lowercase                = true
    require_uppercase                = true
    require_numbers                  = true
    require_symbols                  = true
    temporary_password_validity_days = 1
  }

  software_token_mfa_configuration {
    enabled = true
  }

  user_pool_add_ons {
    advanced_security_mode = "ENFORCED"
  }

  account_recovery_setting {
    recovery_mechanism {
      name     = "verified_email"
      priority = 1
    }
  }

  user_attribute_update_settings {
    attributes_require_verification_before_update = ["email"]
  }
}

# Long passwords need no classes.
# pass: identity/mfa, identity/password-policy
# fail: identity/threat-protection, identity/deletion-protection, identity/self-sign-up, identity/account-recovery, identity/username-case
resource "aws_cognito_user_pool" "long" {
  name = "long"

  mfa_configuration = "OPTIONAL"

  email_mfa_configuration {
    message = "{####}"
    subject = "code"
  }

  email_configuration {
    email_sending_account = "DEVELOPER"
    source_arn            = "arn:aws:ses:eu-west-1:111122223333:identity/example.com"
  }

  password_policy {
    minimum_length = 15
  }
}

# Cognito itself asks for 8 characters of all classes.
# pass: identity/password-policy
# fail: identity/mfa, identity/threat-protection, identity/deletion-protection, identity/self-sign-up, identity/account-recovery, identity/username-case, identity/attribute-verification
resource "aws_cognito_user_pool" "empty" {
  name = "empty"

  auto_verified_attributes = ["email"]
}

# fail: identity/mfa, identity/password-policy, identity/threat-protection, identity/deletion-protection, identity/self-sign-up, identity/account-recovery, identity/username-case
resource "aws_cognito_user_pool" "bad" {
  name = "bad"

  mfa_configuration = "ON"
  user_pool_tier    = "ESSENTIALS"

  sms_configuration {
    external_id    = "x"
    sns_caller_arn = "arn:aws:iam::111122223333:role/sms"
  }

  password_policy {
    minimum_length                   = 6
    require_lowercase                = true
    temporary_password_validity_days = 30
  }

  user_pool_add_ons {
    advanced_security_mode = "ENFORCED"
  }

  account_recovery_setting {
    recovery_mechanism {
      name     = "verified_phone_number"
      priority = 1
    }
  }
}

# No length of its own.
# fail: identity/mfa, identity/password-policy, identity/threat-protection, identity/deletion-protection, identity/self-sign-up, identity/account-recovery, identity/username-case
resource "aws_cognito_user_pool" "no_length" {
  name = "no-length"

  mfa_configuration = "OFF"

  password_policy {
    require_lowercase = true
    require_uppercase = true
    require_numbers   = true
    require_symbols   = true
  }

  user_pool_add_ons {
    advanced_security_mode = "AUDIT"
  }
}

# unknown: identity/mfa, identity/password-policy, identity/threat-protection, identity/deletion-protection, identity/self-sign-up, identity/account-recovery, identity/username-case, identity/attribute-verification
resource "aws_cognito_user_pool" "later" {
  name = "later"

  mfa_configuration        = local.later
  deletion_protection      = local.later
  auto_verified_attributes = ["email"]

  username_configuration {
    case_sensitive = local.bool
  }

  admin_create_user_config {
    allow_admin_create_user_only = local.bool
  }

  password_policy {
    minimum_length    = local.number
    require_lowercase = true
    require_uppercase = local.bool
    require_numbers   = true
  }

  user_pool_add_ons {
    advanced_security_mode = local.later
  }

  account_recovery_setting {
    recovery_mechanism {
      name     = local.later
      priority = 1
    }
  }

  user_attribute_update_settings {
    attributes_require_verification_before_update = local.texts
  }
}

# Which blocks there are is known after apply.
# fail: identity/threat-protection, identity/deletion-protection, identity/self-sign-up, identity/username-case
# unknown: identity/mfa, identity/password-policy, identity/account-recovery
resource "aws_cognito_user_pool" "blocks_later" {
  name = "blocks-later"

  mfa_configuration = "ON"

  dynamic "software_token_mfa_configuration" {
    for_each = local.bool ? [1] : []

    content {
      enabled = true
    }
  }

  dynamic "password_policy" {
    for_each = local.bool ? [1] : []

    content {
      minimum_length = 6
    }
  }

  dynamic "account_recovery_setting" {
    for_each = local.bool ? [1] : []

    content {
      recovery_mechanism {
        name     = "verified_email"
        priority = 1
      }
    }
  }
}

#### Identity pools ####

# pass: identity/guests, identity/classic-flow, identity/token-check
resource "aws_cognito_identity_pool" "good" {
  identity_pool_name = "good"

  allow_unauthenticated_identities = false
  allow_classic_flow               = false

  cognito_identity_providers {
    client_id               = "abc"
    provider_name           = "cognito-idp.eu-west-1.amazonaws.com/eu-west-1_abc"
    server_side_token_check = true
  }
}

# pass: identity/guests, identity/classic-flow
# fail: identity/token-check
resource "aws_cognito_identity_pool" "empty" {
  identity_pool_name = "empty"

  cognito_identity_providers {
    client_id     = "abc"
    provider_name = "cognito-idp.eu-west-1.amazonaws.com/eu-west-1_abc"
  }
}

# fail: identity/guests, identity/classic-flow, identity/token-check
resource "aws_cognito_identity_pool" "bad" {
  identity_pool_name = "bad"

  allow_unauthenticated_identities = true
  allow_classic_flow               = true

  cognito_identity_providers {
    client_id               = "abc"
    provider_name           = "cognito-idp.eu-west-1.amazonaws.com/eu-west-1_abc"
    server_side_token_check = false
  }
}

# unknown: identity/guests, identity/classic-flow, identity/token-check
resource "aws_cognito_identity_pool" "later" {
  identity_pool_name = "later"

  allow_unauthenticated_identities = local.bool
  allow_classic_flow               = local.bool

  cognito_identity_providers {
    client_id               = "abc"
    provider_name           = "cognito-idp.eu-west-1.amazonaws.com/eu-west-1_abc"
    server_side_token_check = local.bool
  }
}

# pass: identity/guests, identity/classic-flow
# unknown: identity/token-check
resource "aws_cognito_identity_pool" "providers_later" {
  identity_pool_name = "providers_later"

  dynamic "cognito_identity_providers" {
    for_each = local.bool ? [1] : []

    content {
      client_id     = "abc"
      provider_name = "cognito-idp.eu-west-1.amazonaws.com/eu-west-1_abc"
    }
  }
}


#### Sign-in by triggers ####

# fail: identity/custom-auth-protection, identity/account-recovery, identity/deletion-protection, identity/mfa, identity/self-sign-up, identity/username-case
# pass: identity/threat-protection, identity/password-policy
resource "aws_cognito_user_pool" "triggers" {
  for_each       = { made = aws_lambda_function.define.arn, known = "arn:aws:lambda:eu-west-1:111122223333:function:define" }
  name           = "triggers"
  user_pool_tier = "PLUS"

  lambda_config {
    define_auth_challenge = each.value
  }

  user_pool_add_ons {
    advanced_security_mode = "ENFORCED"
  }
}

resource "aws_lambda_function" "define" {
  function_name = "define"
  role          = "arn:aws:iam::111122223333:role/define"
  runtime       = "provided.al2023"
  handler       = "bootstrap"
  filename      = "define.zip"
}

# fail: identity/custom-auth-protection, identity/account-recovery, identity/deletion-protection, identity/mfa, identity/self-sign-up, identity/username-case
# pass: identity/threat-protection, identity/password-policy
resource "aws_cognito_user_pool" "triggers_audited" {
  name           = "triggers_audited"
  user_pool_tier = "PLUS"

  lambda_config {
    define_auth_challenge = "arn:aws:lambda:eu-west-1:111122223333:function:define"
  }

  user_pool_add_ons {
    advanced_security_mode = "ENFORCED"

    advanced_security_additional_flows {
      custom_auth_mode = "AUDIT"
    }
  }
}

# pass: identity/custom-auth-protection, identity/threat-protection, identity/password-policy
# fail: identity/account-recovery, identity/deletion-protection, identity/mfa, identity/self-sign-up, identity/username-case
resource "aws_cognito_user_pool" "triggers_enforced" {
  name           = "triggers_enforced"
  user_pool_tier = "PLUS"

  lambda_config {
    define_auth_challenge = "arn:aws:lambda:eu-west-1:111122223333:function:define"
  }

  user_pool_add_ons {
    advanced_security_mode = "ENFORCED"

    advanced_security_additional_flows {
      custom_auth_mode = "ENFORCED"
    }
  }
}

# Another trigger asks no questions.
# pass: identity/threat-protection, identity/password-policy
# fail: identity/account-recovery, identity/deletion-protection, identity/mfa, identity/self-sign-up, identity/username-case
resource "aws_cognito_user_pool" "other_trigger" {
  name           = "other_trigger"
  user_pool_tier = "PLUS"

  lambda_config {
    pre_sign_up = "arn:aws:lambda:eu-west-1:111122223333:function:check"
  }

  user_pool_add_ons {
    advanced_security_mode = "ENFORCED"
  }
}

# unknown: identity/custom-auth-protection
# pass: identity/threat-protection, identity/password-policy
# fail: identity/account-recovery, identity/deletion-protection, identity/mfa, identity/self-sign-up, identity/username-case
resource "aws_cognito_user_pool" "triggers_mode_later" {
  name           = "triggers_mode_later"
  user_pool_tier = "PLUS"

  lambda_config {
    define_auth_challenge = "arn:aws:lambda:eu-west-1:111122223333:function:define"
  }

  user_pool_add_ons {
    advanced_security_mode = "ENFORCED"

    advanced_security_additional_flows {
      custom_auth_mode = local.later
    }
  }
}

# unknown: identity/custom-auth-protection
# pass: identity/threat-protection, identity/password-policy
# fail: identity/account-recovery, identity/deletion-protection, identity/mfa, identity/self-sign-up, identity/username-case
resource "aws_cognito_user_pool" "triggers_later" {
  name           = "triggers_later"
  user_pool_tier = "PLUS"

  dynamic "lambda_config" {
    for_each = local.bool ? ["on"] : []

    content {
      define_auth_challenge = "arn:aws:lambda:eu-west-1:111122223333:function:define"
    }
  }

  user_pool_add_ons {
    advanced_security_mode = "ENFORCED"
  }
}

# fail: identity/account-recovery, identity/deletion-protection, identity/mfa, identity/self-sign-up, identity/username-case
# unknown: identity/threat-protection
# pass: identity/password-policy
resource "aws_cognito_user_pool" "tier_later" {
  name           = "tier_later"
  user_pool_tier = local.later

  user_pool_add_ons {
    advanced_security_mode = "ENFORCED"
  }
}

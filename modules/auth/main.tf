locals {
  use_cognito = var.oidc == null

  # Cognito's keys lie under its endpoint and the pool's id; the issuer is the
  # same URL on AWS's own endpoint, wherever the keys are fetched from.
  cognito_issuer   = one([for pool in aws_cognito_user_pool.this : "https://${pool.endpoint}"])
  cognito_jwks_uri = one([for pool in aws_cognito_user_pool.this : var.cognito_endpoint == null ? "https://${pool.endpoint}/.well-known/jwks.json" : "${var.cognito_endpoint}/${pool.id}/.well-known/jwks.json"])

  # Where a client finds the sign-in, token and sign-out URLs of the issuer.
  # https://openid.net/specs/openid-connect-discovery-1_0.html#ProviderConfig
  discovery_url = local.use_cognito ? replace(local.cognito_jwks_uri, "/jwks\\.json$/", "openid-configuration") : "${trimsuffix(var.oidc.issuer, "/")}/.well-known/openid-configuration"

  issuer           = local.use_cognito ? local.cognito_issuer : var.oidc.issuer
  jwks_uri         = local.use_cognito ? local.cognito_jwks_uri : var.oidc.jwks_uri
  audiences        = local.use_cognito ? aws_cognito_user_pool_client.this[*].id : var.oidc.audiences
  token_type_check = local.use_cognito ? "token_use" : var.oidc.token_type_check

  # Null says that nothing was given: what is given in vain, with oidc, is refused.
  mfa                 = coalesce(var.mfa, "OPTIONAL")
  threat_protection   = coalesce(var.threat_protection, "ENFORCED")
  allow_self_sign_up  = coalesce(var.allow_self_sign_up, false)
  deletion_protection = coalesce(var.deletion_protection, true)

  token_validity = var.token_validity != null ? var.token_validity : { access_minutes = 30, id_minutes = 30, refresh_hours = 12 }

  password_policy = var.password_policy != null ? var.password_policy : {
    minimum_length          = 12
    require_lowercase       = true
    require_uppercase       = true
    require_numbers         = true
    require_symbols         = true
    history_size            = 5
    temporary_validity_days = 1
  }

  # A digest of 32 random characters gives nothing away, and a plan that shows
  # it can be read.
  origin_secret_digests = nonsensitive([for secret in var.origin_secrets : sha256(secret)])
}

#### Cognito ####

resource "aws_cognito_user_pool" "this" {
  count = local.use_cognito ? 1 : 0

  name                = var.name
  deletion_protection = local.deletion_protection ? "ACTIVE" : "INACTIVE"
  user_pool_tier      = local.threat_protection == "OFF" ? "ESSENTIALS" : "PLUS"
  mfa_configuration   = local.mfa

  auto_verified_attributes = ["email"]

  # Otherwise "Ana" and "ana" are two people in one room.
  username_configuration {
    case_sensitive = false
  }

  admin_create_user_config {
    allow_admin_create_user_only = !local.allow_self_sign_up
  }

  password_policy {
    minimum_length                   = local.password_policy.minimum_length
    require_lowercase                = local.password_policy.require_lowercase
    require_uppercase                = local.password_policy.require_uppercase
    require_numbers                  = local.password_policy.require_numbers
    require_symbols                  = local.password_policy.require_symbols
    password_history_size            = local.password_policy.history_size
    temporary_password_validity_days = local.password_policy.temporary_validity_days
  }

  dynamic "software_token_mfa_configuration" {
    for_each = local.mfa == "OFF" ? [] : [true]

    content {
      enabled = true
    }
  }

  user_pool_add_ons {
    advanced_security_mode = local.threat_protection
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

  tags = var.tags
}

resource "aws_cognito_user_pool_client" "this" {
  count = local.use_cognito ? 1 : 0

  name         = var.name
  user_pool_id = aws_cognito_user_pool.this[0].id

  # A browser or a terminal cannot keep a secret.
  generate_secret               = false
  explicit_auth_flows           = var.refresh_token_rotation == null ? ["ALLOW_REFRESH_TOKEN_AUTH", "ALLOW_USER_SRP_AUTH"] : ["ALLOW_USER_SRP_AUTH"]
  prevent_user_existence_errors = "ENABLED"
  enable_token_revocation       = true
  supported_identity_providers  = ["COGNITO"]

  allowed_oauth_flows_user_pool_client = length(var.callback_urls) > 0
  allowed_oauth_flows                  = length(var.callback_urls) > 0 ? ["code"] : []
  allowed_oauth_scopes                 = length(var.callback_urls) > 0 ? ["openid"] : []
  callback_urls                        = var.callback_urls
  logout_urls                          = var.logout_urls

  access_token_validity  = local.token_validity.access_minutes
  id_token_validity      = local.token_validity.id_minutes
  refresh_token_validity = local.token_validity.refresh_hours

  token_validity_units {
    access_token  = "minutes"
    id_token      = "minutes"
    refresh_token = "hours"
  }

  # ALLOW_REFRESH_TOKEN_AUTH, which renews without replacing, does not go with it.
  # https://docs.aws.amazon.com/cognito/latest/developerguide/amazon-cognito-user-pools-using-the-refresh-token.html
  dynamic "refresh_token_rotation" {
    for_each = var.refresh_token_rotation == null ? [] : [var.refresh_token_rotation]

    content {
      feature                    = "ENABLED"
      retry_grace_period_seconds = refresh_token_rotation.value.grace_seconds
    }
  }
}

# The pages of the hosted sign-in. A custom domain is served by CloudFront, hence
# its certificate in us-east-1.
resource "aws_cognito_user_pool_domain" "this" {
  count = var.sign_in_domain == null ? 0 : 1

  user_pool_id          = aws_cognito_user_pool.this[0].id
  domain                = var.sign_in_domain.custom == null ? var.sign_in_domain.prefix : var.sign_in_domain.custom.name
  certificate_arn       = var.sign_in_domain.custom == null ? null : var.sign_in_domain.custom.certificate.arn
  managed_login_version = var.sign_in_domain.managed_login_version
}

#### Authorizer ####

module "authorizer" {
  source = "../function"

  name        = "${var.name}-authorizer"
  description = "Decides who may connect: access token, Origin, room."

  package_dir    = var.package_dir
  package_name   = var.package_dir == null ? null : "authorizer"
  package_object = var.package_object
  code_signing   = var.code_signing
  architecture   = var.architecture

  environment = {
    TOKEN_ISSUER         = local.issuer
    TOKEN_JWKS_URI       = local.jwks_uri
    TOKEN_AUDIENCES      = join(",", local.audiences)
    TOKEN_TYPE_CHECK     = local.token_type_check
    TOKEN_JWKS           = var.baked_jwks == null ? "" : jsonencode(jsondecode(var.baked_jwks))
    ROOMS_CLAIM          = var.rooms == null ? "" : var.rooms.claim
    ROOMS_PREFIX         = var.rooms == null ? "" : var.rooms.prefix
    ALLOWED_ORIGINS      = join(",", var.allowed_origins)
    ALLOW_MISSING_ORIGIN = tostring(var.allow_missing_origin)
    ORIGIN_SECRET_SHA256 = join(",", local.origin_secret_digests)
    METRICS_NAMESPACE    = var.metrics_namespace == null ? "" : var.metrics_namespace
  }

  # A client waits for the answer, and API Gateway does not say how long it
  # waits itself; the keys are fetched within two seconds or not at all.
  timeout_seconds      = 5
  memory_mb            = var.memory_mb
  reserved_concurrency = var.reserved_concurrency
  tracing_mode         = var.tracing_mode

  kms_key_arn          = var.kms_key_arn
  permissions_boundary = var.permissions_boundary
  log_retention_days   = var.log_retention_days
  keep_logs            = var.keep_logs
  log_level            = var.log_level
  tags                 = var.tags
}

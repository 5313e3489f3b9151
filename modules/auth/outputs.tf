output "authorizer" {
  description = "What the authorizer of an API needs: invoke_arn, function_name and qualifier, and identity_sources: the request parameters without which API Gateway answers 401 by itself. With an origin secret that is its header; the token is not among them, since it may come in either of two headers and API Gateway wants all that are listed."
  value = merge(module.authorizer.target, {
    identity_sources = length(local.origin_secret_digests) > 0 ? ["route.request.header.x-origin-verify"] : []
  })
}

output "authorizer_arn" {
  description = "ARN of the authorizer function, without a version or an alias."
  value       = module.authorizer.arn
}

output "authorizer_role_arn" {
  description = "ARN of the authorizer's role."
  value       = module.authorizer.role_arn
}

output "authorizer_role_name" {
  description = "Name of the authorizer's role."
  value       = module.authorizer.role_name
}

output "authorizer_log_group_name" {
  description = "Name of the authorizer's log group."
  value       = module.authorizer.log_group_name
}

output "authorizer_log_group_arn" {
  description = "ARN of the authorizer's log group, without the trailing :*."
  value       = module.authorizer.log_group_arn
}

output "authorizer_logs_are_kept" {
  description = "Whether the authorizer's log group outlives `terraform destroy`."
  value       = module.authorizer.logs_are_kept
}

output "code_signing_config_arn" {
  description = "ARN of the configuration that refuses zips for the authorizer that nobody signed; null without code_signing."
  value       = module.authorizer.code_signing_config_arn
}

output "authorizer_environment" {
  description = "Environment variables of the authorizer; of the origin secrets only the SHA-256 are among them."
  value       = module.authorizer.environment
}

output "authorizer_policy_statements" {
  description = "What the authorizer's role may do. Each: sid, actions, resources, conditions."
  value       = module.authorizer.policy_statements
}

output "issuer" {
  description = "Issuer of the tokens, exactly as their claim `iss` has it."
  value       = local.issuer
}

output "jwks_uri" {
  description = "URL that the authorizer fetches the issuer's keys from."
  value       = local.jwks_uri
}

output "openid_configuration_url" {
  description = "URL of the issuer's discovery document, by which a client finds where to sign in, to get tokens and to sign out."
  value       = local.discovery_url
}

output "audiences" {
  description = "Audiences of which a token must name one."
  value       = local.audiences
}

output "user_pool_id" {
  description = "Id of the Cognito user pool, or null with an issuer of your own."
  value       = one(aws_cognito_user_pool.this[*].id)
}

output "user_pool_arn" {
  description = "ARN of the Cognito user pool, or null with an issuer of your own."
  value       = one(aws_cognito_user_pool.this[*].arn)
}

output "user_pool_client_id" {
  description = "Id of the Cognito app client, or null with an issuer of your own."
  value       = one(aws_cognito_user_pool_client.this[*].id)
}

output "refresh_token_rotation" {
  description = "How refresh tokens are replaced, as grace_seconds: a client must then take the new one from each answer. Null where they are not, and with an issuer of your own."
  value       = one([for client in aws_cognito_user_pool_client.this : one([for rotation in client.refresh_token_rotation : { grace_seconds = rotation.retry_grace_period_seconds }])])
}

output "sign_in_domain" {
  description = "Domain of the hosted sign-in: `domain` (the prefix, or the custom name), and for a custom one what its DNS record points to, target_domain_name and hosted_zone_id. Null without sign_in_domain. It is there before the pages are; a client asks the discovery document."
  value = one([for domain in aws_cognito_user_pool_domain.this : {
    domain             = domain.domain
    target_domain_name = var.sign_in_domain.custom == null ? null : domain.cloudfront_distribution
    hosted_zone_id     = var.sign_in_domain.custom == null ? null : domain.cloudfront_distribution_zone_id
  }])
}

output "url" {
  description = "URL that clients connect to, without the query: append ?room=<room>. It is the edge's, if there is one, or else the custom domain's, if there is one."
  value       = local.url
}

output "site_url" {
  description = "URL of the site, without a slash at the end; null without an edge."
  value       = one(local.site_urls)
}

output "edge" {
  description = "The edge, null without one: `distribution` (id, arn, and what the DNS record of an alias points to, domain_name and hosted_zone_id), `web_acl_arn`, `web_acl_capacity` that the rules take at most, `metric_names` of them, `alarm_arns` and `log_group_names` (in us-east-1), `bucket` of the site and `content_security_policy`."
  value = one([for edge in module.edge : {
    distribution            = edge.distribution
    web_acl_arn             = edge.web_acl_arn
    web_acl_capacity        = edge.web_acl_capacity
    alarm_arns              = edge.alarm_arns
    metric_names            = edge.metric_names
    log_group_names         = edge.log_group_names
    bucket                  = edge.bucket
    content_security_policy = edge.content_security_policy
  }])
}

output "api_id" {
  description = "Id of the WebSocket API."
  value       = module.api.id
}

output "api_endpoint" {
  description = "Endpoint of the WebSocket API, without the stage."
  value       = module.api.api_endpoint
}

output "stage_name" {
  description = "Name of the API's stage."
  value       = module.api.stage_name
}

output "management_endpoint" {
  description = "URL for calls to connections (@connections)."
  value       = module.api.management_endpoint
}

output "execution_arn" {
  description = "Prefix of the ARNs of what can be called on the API."
  value       = module.api.execution_arn
}

output "api_arn" {
  description = "ARN of the API in API Gateway's own API, for rights to manage it."
  value       = module.api.arn
}

output "stage_arn" {
  description = "ARN of the stage in API Gateway's own API."
  value       = module.api.stage_arn
}

output "issuer" {
  description = "Issuer of the tokens, exactly as their claim `iss` has it."
  value       = module.auth.issuer
}

output "jwks_uri" {
  description = "URL that the authorizer fetches the issuer's keys from."
  value       = module.auth.jwks_uri
}

output "openid_configuration_url" {
  description = "URL of the issuer's discovery document, by which a client finds where to sign in, to get tokens and to sign out."
  value       = module.auth.openid_configuration_url
}

output "sign_in_domain" {
  description = "Domain of the hosted sign-in, and what a DNS record of a custom one points to: domain, target_domain_name, hosted_zone_id. Null without pages to sign in."
  value       = module.auth.sign_in_domain
}

output "custom_domain" {
  description = "What a DNS record of the custom domain points to: name, target_domain_name, hosted_zone_id. Null without a custom domain made here."
  value       = module.api.custom_domain
}

output "user_pool_id" {
  description = "Id of the Cognito user pool, or null with an issuer of your own."
  value       = module.auth.user_pool_id
}

output "user_pool_arn" {
  description = "ARN of the Cognito user pool, or null with an issuer of your own."
  value       = module.auth.user_pool_arn
}

output "user_pool_client_id" {
  description = "Id of the Cognito app client, or null with an issuer of your own."
  value       = module.auth.user_pool_client_id
}

output "tables" {
  description = "The tables, `connections` and `messages`: name and arn of each."
  value = {
    connections = { name = module.connections.name, arn = module.connections.arn }
    messages    = { name = module.messages.name, arn = module.messages.arn }
  }
}

output "function_names" {
  description = "Names of the functions by what they do: authorizer, connect, disconnect, message."
  value = {
    authorizer = module.auth.authorizer.function_name
    connect    = module.connect.name
    disconnect = module.disconnect.name
    message    = module.message.name
  }
}

output "function_arns" {
  description = "ARNs of the functions, without a version or an alias, by what they do: authorizer, connect, disconnect, message."
  value = {
    authorizer = module.auth.authorizer_arn
    connect    = module.connect.arn
    disconnect = module.disconnect.arn
    message    = module.message.arn
  }
}

output "role_names" {
  description = "Names of the functions' roles by what the function does: authorizer, connect, disconnect, message."
  value = {
    authorizer = module.auth.authorizer_role_name
    connect    = module.connect.role_name
    disconnect = module.disconnect.role_name
    message    = module.message.role_name
  }
}

output "role_arns" {
  description = "ARNs of the functions' roles by what the function does: authorizer, connect, disconnect, message."
  value = {
    authorizer = module.auth.authorizer_role_arn
    connect    = module.connect.role_arn
    disconnect = module.disconnect.role_arn
    message    = module.message.role_arn
  }
}

output "code_signing_config_arns" {
  description = "ARNs of what refuses zips that nobody signed, by what the function does: authorizer, connect, disconnect, message; each null without code_signing."
  value = {
    authorizer = module.auth.code_signing_config_arn
    connect    = module.connect.code_signing_config_arn
    disconnect = module.disconnect.code_signing_config_arn
    message    = module.message.code_signing_config_arn
  }
}

output "log_group_names" {
  description = "Names of the log groups: authorizer, connect, disconnect, message, and of the API access and execution."
  value = {
    authorizer = module.auth.authorizer_log_group_name
    connect    = module.connect.log_group_name
    disconnect = module.disconnect.log_group_name
    message    = module.message.log_group_name
    access     = module.api.access_log_group_name
    execution  = module.api.execution_log_group_name
  }
}

output "log_group_arns" {
  description = "ARNs of the log groups, without the trailing :*: authorizer, connect, disconnect, message, and of the API access and execution."
  value = merge(module.api.log_group_arns, {
    authorizer = module.auth.authorizer_log_group_arn
    connect    = module.connect.log_group_arn
    disconnect = module.disconnect.log_group_arn
    message    = module.message.log_group_arn
  })
}

output "kms_key_arn" {
  description = "ARN of the KMS key that encrypts tables, logs and function settings."
  value       = local.kms_key_arn
}

output "region" {
  description = "Region that the chat is in."
  value       = local.region
}

output "operator_policy_json" {
  description = "IAM policy of those who run `portcullis admin`: what listing rooms and connections, disconnecting, banning and unbanning need, and nothing else. It is attached to nobody."
  value       = data.aws_iam_policy_document.operator.json
}

output "alarm_topic_arn" {
  description = "ARN of the SNS topic that alarms tell, made here or given; null without alarms. Subscribe to it."
  value       = local.topic_arn
}

output "alarm_names" {
  description = "Names of the alarms, by what they watch; empty without alarms."
  value       = merge({ for key, alarm in aws_cloudwatch_metric_alarm.this : key => alarm.alarm_name }, { for key, name in module.api.alarm_names : "api-${key}" => name })
}

output "alarm_arns" {
  description = "ARNs of the alarms, by what they watch, for alarms that are made of others; empty without alarms."
  value       = merge({ for key, alarm in aws_cloudwatch_metric_alarm.this : key => alarm.arn }, { for key, arn in module.api.alarm_arns : "api-${key}" => arn })
}

output "dashboard_name" {
  description = "Name of the CloudWatch dashboard; null without one."
  value       = one(aws_cloudwatch_dashboard.this[*].dashboard_name)
}

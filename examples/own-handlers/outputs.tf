output "url" {
  description = "URL that clients connect to, without the query."
  value       = module.api.connect_url
}

output "room_query" {
  description = "Query to append to the URL: a poll called lunch. Polls exist as soon as somebody looks at them."
  value       = "?room=lunch"
}

output "user_pool_id" {
  description = "Id of the Cognito user pool."
  value       = module.auth.user_pool_id
}

output "user_pool_client_id" {
  description = "Id of the Cognito app client."
  value       = module.auth.user_pool_client_id
}

output "issuer" {
  description = "Issuer of the tokens."
  value       = module.auth.issuer
}

output "api_id" {
  description = "Id of the WebSocket API."
  value       = module.api.id
}

output "polls_table" {
  description = "Name of the table."
  value       = module.table.name
}

output "role_arns" {
  description = "ARNs of the functions' roles: authorizer, presence, vote."
  value = {
    authorizer = module.auth.authorizer_role_arn
    presence   = module.presence.role_arn
    vote       = module.vote.role_arn
  }
}

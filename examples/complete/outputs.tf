output "url" {
  description = "URL that clients connect to, without the query."
  value       = module.chat.url
}

output "site_url" {
  description = "URL of the web client; null without an edge."
  value       = module.chat.site_url
}

output "edge" {
  description = "The edge: its distribution, web ACL, logs and bucket; null without one."
  value       = module.chat.edge
}

output "room_query" {
  description = "Query to append to the URL: a room called lobby. Rooms exist as soon as somebody is in them."
  value       = "?room=lobby"
}

output "user_pool_id" {
  description = "Id of the Cognito user pool."
  value       = module.chat.user_pool_id
}

output "user_pool_client_id" {
  description = "Id of the Cognito app client."
  value       = module.chat.user_pool_client_id
}

output "issuer" {
  description = "Issuer of the tokens."
  value       = module.chat.issuer
}

output "region" {
  description = "Region that the chat is in."
  value       = module.chat.region
}

output "api_id" {
  description = "Id of the WebSocket API."
  value       = module.chat.api_id
}

output "stage_name" {
  description = "Name of the API's stage."
  value       = module.chat.stage_name
}

output "management_endpoint" {
  description = "URL for calls to connections (@connections)."
  value       = module.chat.management_endpoint
}

output "connections_table" {
  description = "Name of the table of connections."
  value       = module.chat.tables.connections.name
}

output "messages_table" {
  description = "Name of the table of messages."
  value       = module.chat.tables.messages.name
}

output "function_names" {
  description = "Names of the functions: authorizer, connect, disconnect, message."
  value       = module.chat.function_names
}

output "role_arns" {
  description = "ARNs of the functions' roles: authorizer, connect, disconnect, message."
  value       = module.chat.role_arns
}

output "log_group_names" {
  description = "Names of the log groups: authorizer, connect, disconnect, message, access, execution."
  value       = module.chat.log_group_names
}

output "operator_policy_json" {
  description = "IAM policy of those who run `portcullis admin`."
  value       = module.chat.operator_policy_json
}

output "alarm_topic_arn" {
  description = "ARN of the SNS topic that alarms tell. Subscribe to it."
  value       = module.chat.alarm_topic_arn
}

output "alarm_names" {
  description = "Names of the alarms, by what they watch."
  value       = module.chat.alarm_names
}

output "dashboard_name" {
  description = "Name of the CloudWatch dashboard."
  value       = module.chat.dashboard_name
}

output "id" {
  description = "Id of the API."
  value       = aws_apigatewayv2_api.this.id
}

output "api_endpoint" {
  description = "Endpoint of the API as API Gateway returns it: wss://<id>.execute-api.<region>.amazonaws.com on AWS."
  value       = aws_apigatewayv2_api.this.api_endpoint
}

output "execution_arn" {
  description = "Prefix of the ARNs of what can be called: arn:aws:execute-api:<region>:<account>:<id>."
  value       = aws_apigatewayv2_api.this.execution_arn
}

output "stage_name" {
  description = "Name of the stage."
  value       = var.stage_name
}

output "connect_url" {
  description = "URL that clients connect to, without a query. It is there once the stage is."
  value       = "${aws_apigatewayv2_api.this.api_endpoint}/${aws_apigatewayv2_stage.this.name}"
}

output "management_endpoint" {
  description = "URL for posts to connections (@connections). It is known as soon as the API is, before there is a stage, so that a route's function can have it in its environment."
  value       = local.management_endpoint
}

output "connections_arn" {
  description = "Prefix for grants of execute-api:ManageConnections on the stage's connections: append /POST/@connections/*, /GET/@connections/* or /DELETE/@connections/*."
  value       = "${aws_apigatewayv2_api.this.execution_arn}/${var.stage_name}"
}

output "access_log_group_name" {
  description = "Name of the access log's group, for the policy of the KMS key."
  value       = "/aws/apigateway/${var.name}/${var.stage_name}/access"
}

output "execution_log_group_name" {
  description = "Name of the execution log's group, for the policy of the KMS key."
  value       = "API-Gateway-Execution-Logs_${aws_apigatewayv2_api.this.id}/${var.stage_name}"
}

output "deployment_trigger" {
  description = "Hash of everything that a deployment holds. A new value means a new deployment."
  value       = aws_apigatewayv2_deployment.this.triggers.configuration
}

output "id" {
  description = "Id of the API."
  value       = aws_apigatewayv2_api.this.id
}

output "ip_address_type" {
  description = "Addresses by which the API can be reached: ipv4 or dualstack."
  value       = aws_apigatewayv2_api.this.ip_address_type
}

output "arn" {
  description = "ARN of the API in API Gateway's own API, for rights to manage it: arn:aws:apigateway:<region>::/apis/<id>."
  value       = aws_apigatewayv2_api.this.arn
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

output "stage_arn" {
  description = "ARN of the stage in API Gateway's own API."
  value       = aws_apigatewayv2_stage.this.arn
}

output "connect_url" {
  description = "URL that clients connect to, without a query: by the custom domain if there is one. It is there once the stage is."
  value       = var.custom_domain == null ? "${aws_apigatewayv2_api.this.api_endpoint}/${aws_apigatewayv2_stage.this.name}" : "wss://${join("/", compact([one(aws_apigatewayv2_api_mapping.this[*].domain_name), var.custom_domain.mapping_key]))}"
}

output "custom_domain" {
  description = "What a DNS record of the custom domain points to: name, target_domain_name and hosted_zone_id (of the target, for an alias). Null without a custom domain, and where the domain name was not made here."
  value = one([for domain in aws_apigatewayv2_domain_name.this : {
    name               = domain.domain_name
    target_domain_name = domain.domain_name_configuration[0].target_domain_name
    hosted_zone_id     = domain.domain_name_configuration[0].hosted_zone_id
  }])
}

output "management_endpoint" {
  description = "URL for posts to connections (@connections): by the custom domain if the API's own endpoint is disabled. It is known as soon as the API is, before there is a stage, so that a route's function can have it in its environment."
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

output "logs_are_kept" {
  description = "Whether the log groups outlive `terraform destroy`."
  value       = aws_cloudwatch_log_group.access.skip_destroy && aws_cloudwatch_log_group.execution.skip_destroy
}

output "log_group_arns" {
  description = "ARNs of the log groups, `access` and `execution`, without the trailing :*: for subscriptions and rights to read."
  value       = { access = aws_cloudwatch_log_group.access.arn, execution = aws_cloudwatch_log_group.execution.arn }
}

output "access_log_fields" {
  description = "Fields of a line of the access log, and the `$context` variables they hold: for queries and metric filters."
  value       = jsondecode(aws_apigatewayv2_stage.this.access_log_settings[0].format)
}

output "execution_log_group_name" {
  description = "Name of the execution log's group, for the policy of the KMS key."
  value       = "API-Gateway-Execution-Logs_${aws_apigatewayv2_api.this.id}/${var.stage_name}"
}

output "deployment_trigger" {
  description = "Hash of everything that a deployment holds. A new value means a new deployment."
  value       = aws_apigatewayv2_deployment.this.triggers.configuration
}

output "alarm_names" {
  description = "Names of the alarms, by what they watch; empty without `alarms`."
  value = merge(
    { for key, alarm in aws_cloudwatch_metric_alarm.this : key => alarm.alarm_name },
    { for alarm in aws_cloudwatch_metric_alarm.latency : "latency" => alarm.alarm_name },
  )
}

output "alarm_arns" {
  description = "ARNs of the alarms, by what they watch, for alarms that are made of others; empty without `alarms`."
  value = merge(
    { for key, alarm in aws_cloudwatch_metric_alarm.this : key => alarm.arn },
    { for alarm in aws_cloudwatch_metric_alarm.latency : "latency" => alarm.arn },
  )
}

output "authorizer_id" {
  description = "Id of the authorizer."
  value       = aws_apigatewayv2_authorizer.this.id
}

output "route_ids" {
  description = "Ids of the routes, by their key."
  value       = { for key, route in aws_apigatewayv2_route.this : key => route.id }
}

output "alarm_thresholds" {
  description = "Thresholds of the alarms, by what they watch, the defaults among them; empty without `alarms`."
  value = merge(
    { for key, alarm in aws_cloudwatch_metric_alarm.this : key => alarm.threshold },
    { for alarm in aws_cloudwatch_metric_alarm.latency : "latency" => alarm.threshold },
  )
}

output "name" {
  description = "Name of the function."
  value       = aws_lambda_function.this.function_name
}

output "arn" {
  description = "ARN of the function, without a version or an alias."
  value       = aws_lambda_function.this.arn
}

output "alias_arn" {
  description = "ARN of the alias `live`, which callers should use."
  value       = aws_lambda_alias.this.arn
}

output "version" {
  description = "Published version that the alias `live` names."
  value       = aws_lambda_function.this.version
}

output "version_arn" {
  description = "ARN of the published version that the alias `live` names."
  value       = aws_lambda_function.this.qualified_arn
}

output "target" {
  description = "What API Gateway needs to call the function through the alias `live`: invoke_arn, function_name and qualifier. Give it to a route or to the authorizer of the api module."
  value = {
    invoke_arn    = aws_lambda_alias.this.invoke_arn
    function_name = aws_lambda_alias.this.function_name
    qualifier     = aws_lambda_alias.this.name
  }
}

output "role_arn" {
  description = "ARN of the function's role."
  value       = aws_iam_role.this.arn
}

output "role_name" {
  description = "Name of the function's role."
  value       = aws_iam_role.this.name
}

output "log_group_name" {
  description = "Name of the function's log group."
  value       = aws_cloudwatch_log_group.this.name
}

output "log_group_arn" {
  description = "ARN of the function's log group, without the trailing :*."
  value       = aws_cloudwatch_log_group.this.arn
}

output "logs_are_kept" {
  description = "Whether the log group outlives `terraform destroy`."
  value       = aws_cloudwatch_log_group.this.skip_destroy
}

output "code_sha256" {
  description = "SHA-256 of the zip that Lambda holds, in base64."
  value       = aws_lambda_function.this.code_sha256
}

output "code_signing_config_arn" {
  description = "ARN of the configuration that refuses zips that nobody signed; null without code_signing."
  value       = one(aws_lambda_code_signing_config.this[*].arn)
}

output "environment" {
  description = "Environment variables that the function was given."
  value       = var.environment
}

output "policy_statements" {
  description = "What the function's role may do, in the order of its policy: OwnLogs, then OwnTraces, OwnNetwork and OwnFailures where they are switched on, then the given statements. Each: sid, actions, resources, conditions. What the policy denies is left out."
  value = [for statement in data.aws_iam_policy_document.this.statement : {
    sid       = statement.sid
    actions   = statement.actions
    resources = statement.resources
    conditions = [for condition in statement.condition : {
      test     = condition.test
      variable = condition.variable
      values   = condition.values
    }]
  } if coalesce(statement.effect, "Allow") == "Allow"]
}

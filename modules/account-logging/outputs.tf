output "role_arn" {
  description = "ARN of the role that API Gateway writes logs with."
  value       = aws_iam_role.this.arn
}

output "role_name" {
  description = "Name of the role that API Gateway writes logs with."
  value       = aws_iam_role.this.name
}

output "name" {
  description = "Name of the table."
  value       = aws_dynamodb_table.this.name
}

output "arn" {
  description = "ARN of the table, for the resources of an IAM statement."
  value       = aws_dynamodb_table.this.arn
}

output "stream_arn" {
  description = "ARN of the table's stream; null without one."
  value       = var.stream_view_type == null ? null : aws_dynamodb_table.this.stream_arn
}

output "kms_key_arn" {
  description = "ARN of the key that encrypts the table: the given one or the module's own."
  value       = local.kms_key_arn
}

# What DynamoDB asks of the caller's rights when it opens a table.
# https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/encryption.usagenotes.html
output "key_statement" {
  description = "The right to the table's key that each of its callers needs besides DynamoDB's actions: kms:Decrypt, by way of DynamoDB only. Give it to the statements of the function module."
  value = {
    sid       = "TableKey"
    actions   = ["kms:Decrypt"]
    resources = [local.kms_key_arn]
    conditions = [{
      test     = "StringEquals"
      variable = "kms:ViaService"
      values   = [local.via_dynamodb]
    }]
  }
}

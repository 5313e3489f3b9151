variable "name" {
  description = "Name of the table. Changing it replaces the table and loses its rows."
  type        = string
  nullable    = false

  validation {
    condition     = can(regex("^[a-zA-Z0-9_.-]{3,255}$", var.name))
    error_message = "name must be 3 to 255 characters of a-z, A-Z, 0-9, underscore, dot and hyphen."
  }
}

variable "kms_key_arn" {
  description = "ARN of the customer-managed KMS key that encrypts the table, its streams and its backups. Callers of the table need kms:Decrypt on it, by way of DynamoDB."
  type        = string
  nullable    = false

  validation {
    condition     = can(regex("^arn:[a-z-]+:kms:[a-z0-9-]+:[0-9]{12}:key/[A-Za-z0-9-]+$", var.kms_key_arn))
    error_message = "kms_key_arn must be the ARN of a key (arn:aws:kms:<region>:<account>:key/<id>), not an alias or a bare id."
  }
}

variable "ttl_attribute" {
  description = "Attribute with the time, in unix seconds, after which DynamoDB deletes a row. Deletion follows within a few days, so readers must check the attribute themselves."
  type        = string
  default     = "expiry"
  nullable    = false

  validation {
    condition     = can(regex("^[A-Za-z0-9_.-]{1,255}$", var.ttl_attribute)) && !contains(["pk", "sk"], var.ttl_attribute)
    error_message = "ttl_attribute must be 1 to 255 characters of a-z, A-Z, 0-9, underscore, dot and hyphen, and neither pk nor sk."
  }
}

variable "point_in_time_recovery" {
  description = "Whether the table can be restored to any second of the last 35 days. False gives up every row that a faulty release or an intruder deletes."
  type        = bool
  default     = true
  nullable    = false
}

variable "deletion_protection" {
  description = "Whether DynamoDB refuses to delete the table. False lets `terraform destroy`, or any caller with dynamodb:DeleteTable, remove it with all its rows."
  type        = bool
  default     = true
  nullable    = false
}

variable "tags" {
  description = "Tags of the table."
  type        = map(string)
  default     = {}
  nullable    = false
}

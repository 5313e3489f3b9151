variable "name" {
  description = "Name of the IAM role that API Gateway assumes to write logs. IAM names are global to an account, so two Regions need two names."
  type        = string
  nullable    = false

  validation {
    condition     = can(regex("^[A-Za-z0-9_+=,.@-]{1,64}$", var.name))
    error_message = "name must be 1 to 64 characters of a-z, A-Z, 0-9 and _ + = , . @ -"
  }
}

variable "permissions_boundary" {
  description = "ARN of an IAM policy that bounds the role, or null for none."
  type        = string
  default     = null

  validation {
    condition     = var.permissions_boundary == null || can(regex("^arn:[a-z-]+:iam::([0-9]{12}|aws):policy/.+$", var.permissions_boundary))
    error_message = "permissions_boundary must be null or the ARN of an IAM policy (arn:aws:iam::<account>:policy/<name>)."
  }
}

variable "tags" {
  description = "Tags of the role."
  type        = map(string)
  default     = {}
  nullable    = false
}

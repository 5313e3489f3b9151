variable "name" {
  description = "Name of the table. Changing it replaces the table and loses its rows."
  type        = string
  nullable    = false

  validation {
    condition     = can(regex("^[a-zA-Z0-9_.-]{3,255}$", var.name))
    error_message = "name must be 3 to 255 characters of a-z, A-Z, 0-9, underscore, dot and hyphen."
  }

  # The alias of the module's own key: alias/dynamodb-<name>, 256 characters.
  validation {
    condition     = var.kms_key != null || length(var.name) <= 241
    error_message = "name must have 241 characters or fewer where the module makes the key, since the key's alias carries it. Give kms_key for a longer one."
  }
}

#### Rows ####

variable "partition_key" {
  description = "Attribute whose value says in which partition a row lies, as { name, type }; the type is S (string), N (number) or B (binary). Changing it replaces the table and loses its rows."
  type = object({
    name = string
    type = optional(string, "S")
  })
  default  = { name = "pk" }
  nullable = false

  validation {
    condition     = can(regex("^[A-Za-z0-9_.-]{1,255}$", var.partition_key.name)) && contains(["S", "N", "B"], var.partition_key.type)
    error_message = "partition_key needs a name of 1 to 255 characters of a-z, A-Z, 0-9, underscore, dot and hyphen, and the type S, N or B."
  }
}

variable "sort_key" {
  description = "Attribute by which the rows of a partition are sorted, as { name, type }, or null for a table with one row a partition. Changing it replaces the table and loses its rows."
  type = object({
    name = string
    type = optional(string, "S")
  })
  default = { name = "sk" }

  validation {
    condition     = var.sort_key == null || (can(regex("^[A-Za-z0-9_.-]{1,255}$", var.sort_key.name)) && try(contains(["S", "N", "B"], var.sort_key.type), false))
    error_message = "sort_key must be null, or have a name of 1 to 255 characters of a-z, A-Z, 0-9, underscore, dot and hyphen, and the type S, N or B."
  }

  validation {
    condition     = try(var.sort_key.name != var.partition_key.name, true)
    error_message = "sort_key must have another name than partition_key."
  }
}

variable "ttl_enabled" {
  description = "Whether DynamoDB deletes rows whose time is over. False gives up that data goes when nobody needs it any more: rows are kept, and paid for, until somebody deletes them."
  type        = bool
  default     = true
  nullable    = false
}

variable "ttl_attribute" {
  description = "Attribute with the time, in unix seconds, after which DynamoDB deletes a row. Deletion follows within a few days, so readers must check the attribute themselves. With ttl_enabled = false it only names what is switched off. To change it, apply once with ttl_enabled = false and wait an hour: DynamoDB allows one change of TTL an hour."
  type        = string
  default     = "expiry"
  nullable    = false

  validation {
    condition     = can(regex("^[A-Za-z0-9_.-]{1,255}$", var.ttl_attribute)) && var.ttl_attribute != var.partition_key.name && try(var.ttl_attribute != var.sort_key.name, true)
    error_message = "ttl_attribute must be 1 to 255 characters of a-z, A-Z, 0-9, underscore, dot and hyphen, and neither the partition nor the sort key."
  }
}

#### Capacity ####

variable "on_demand_limits" {
  description = "The most that a table on demand serves a second, in request units: a bound for costs, above which callers are throttled. Each of read_units and write_units is a whole number from 1, or -1, which lifts a limit that was set before; DynamoDB keeps one that is merely left out. Null, the default, bounds nothing but the account's quotas."
  type = object({
    read_units  = optional(number)
    write_units = optional(number)
  })
  default = null

  validation {
    condition = var.on_demand_limits == null || try(length([
      for units in [var.on_demand_limits.read_units, var.on_demand_limits.write_units] : units if units != null
    ]) > 0, false)
    error_message = "on_demand_limits needs read_units, write_units or both; leave it null for no limit."
  }

  validation {
    condition = try(alltrue([
      for units in [var.on_demand_limits.read_units, var.on_demand_limits.write_units] : units == floor(units) && (units == -1 || units >= 1) if units != null
    ]), var.on_demand_limits == null)
    error_message = "on_demand_limits must have whole numbers from 1, or -1 for none."
  }

  validation {
    condition     = var.on_demand_limits == null || var.provisioned == null
    error_message = "on_demand_limits bounds a table on demand; leave it null where provisioned is given."
  }
}

variable "provisioned" {
  description = "Read and write capacity units that are paid for whether used or not, and above which callers are throttled. Null, the default, is a table on demand. DynamoDB allows some changes of the mode a day."
  type = object({
    read_units  = number
    write_units = number
  })
  default = null

  validation {
    condition = try(alltrue([
      for units in [var.provisioned.read_units, var.provisioned.write_units] : units == floor(units) && units >= 1
    ]), var.provisioned == null)
    error_message = "provisioned must have read_units and write_units, each a whole number from 1."
  }
}

variable "table_class" {
  description = "STANDARD, the default, or STANDARD_INFREQUENT_ACCESS, which stores for some 60% less and serves for some 25% more: for tables whose bill is mostly storage. DynamoDB allows two changes in 30 days."
  type        = string
  default     = "STANDARD"
  nullable    = false

  validation {
    condition     = contains(["STANDARD", "STANDARD_INFREQUENT_ACCESS"], var.table_class)
    error_message = "table_class must be STANDARD or STANDARD_INFREQUENT_ACCESS."
  }
}

#### Protection ####

variable "kms_key" {
  description = "A customer-managed KMS key of your own that encrypts the table, its stream and its backups, as `{ arn = ... }`; its policy must let callers use it by way of DynamoDB. Null, the default, makes one for this table alone, with rotation."
  type = object({
    arn = string
  })
  default = null

  validation {
    condition     = var.kms_key == null || can(regex("^arn:[a-z-]+:kms:[a-z0-9-]+:[0-9]{12}:key/[A-Za-z0-9-]+$", var.kms_key.arn))
    error_message = "kms_key.arn must be the ARN of a key (arn:aws:kms:<region>:<account>:key/<id>), not an alias or a bare id."
  }
}

variable "kms_deletion_window_days" {
  description = "Days that KMS waits before it destroys the module's own key, and with it every row and backup: 7 to 30. Fewer than 30 give up time in which a mistake can be undone. Null, the default, is 30."
  type        = number
  default     = null

  validation {
    condition     = var.kms_deletion_window_days == null ? true : var.kms_deletion_window_days == floor(var.kms_deletion_window_days) && var.kms_deletion_window_days >= 7 && var.kms_deletion_window_days <= 30
    error_message = "kms_deletion_window_days must be a whole number from 7 to 30."
  }

  validation {
    condition     = var.kms_deletion_window_days == null || var.kms_key == null
    error_message = "kms_deletion_window_days is for the module's own key: with kms_key there is none."
  }
}

variable "point_in_time_recovery" {
  description = "Whether the table can be restored to any second of the last recovery_period_days. False gives up every row that a faulty release or an intruder deletes."
  type        = bool
  default     = true
  nullable    = false
}

variable "recovery_period_days" {
  description = "Days back to which the table can be restored: 1 to 35. Fewer than 35 give up what was lost before and noticed late; they also end how long deleted rows remain in backups. Null, the default, is 35."
  type        = number
  default     = null

  validation {
    condition     = var.recovery_period_days == null ? true : var.recovery_period_days == floor(var.recovery_period_days) && var.recovery_period_days >= 1 && var.recovery_period_days <= 35
    error_message = "recovery_period_days must be a whole number from 1 to 35."
  }

  validation {
    condition     = var.recovery_period_days == null || var.point_in_time_recovery
    error_message = "recovery_period_days needs point_in_time_recovery: without it nothing is kept to restore."
  }
}

variable "deletion_protection" {
  description = "Whether DynamoDB refuses to delete the table. False gives that up: `terraform destroy`, or any caller with dynamodb:DeleteTable, removes it with all its rows."
  type        = bool
  default     = true
  nullable    = false
}

#### Sharing ####

variable "stream_view_type" {
  description = "What the table's stream of changes carries for 24 hours: KEYS_ONLY, NEW_IMAGE, OLD_IMAGE or NEW_AND_OLD_IMAGES. Null, the default, is no stream. A change ends the stream and begins another with an ARN of its own."
  type        = string
  default     = null

  validation {
    condition     = try(contains(["KEYS_ONLY", "NEW_IMAGE", "OLD_IMAGE", "NEW_AND_OLD_IMAGES"], var.stream_view_type), var.stream_view_type == null)
    error_message = "stream_view_type must be null, KEYS_ONLY, NEW_IMAGE, OLD_IMAGE or NEW_AND_OLD_IMAGES."
  }
}

variable "resource_policy_statements" {
  description = "Statements of a policy on the table itself, for callers in other accounts (who need the key as well) or for refusals that no role can undo. Each: sid, effect (Allow, the default, or Deny), principals (type, by default AWS, and identifiers), actions, and conditions (test, variable, values), all of which must hold. The resource is the table. Empty, the default, is no policy."
  type = list(object({
    sid    = string
    effect = optional(string, "Allow")
    principals = object({
      type        = optional(string, "AWS")
      identifiers = list(string)
    })
    actions = list(string)
    conditions = optional(list(object({
      test     = string
      variable = string
      values   = list(string)
    })), [])
  }))
  default  = []
  nullable = false

  validation {
    condition     = alltrue([for statement in var.resource_policy_statements : can(regex("^[A-Za-z0-9]{1,64}$", statement.sid))]) && length(distinct([for statement in var.resource_policy_statements : try(lower(statement.sid), "")])) == length(var.resource_policy_statements)
    error_message = "Each statement needs a sid of its own, 1 to 64 letters and digits; capitals alone do not tell two apart."
  }

  validation {
    condition     = alltrue([for statement in var.resource_policy_statements : try(contains(["Allow", "Deny"], statement.effect) && contains(["AWS", "Service"], statement.principals.type), false)])
    error_message = "Each statement needs the effect Allow or Deny, and principals of the type AWS or Service."
  }

  validation {
    condition = alltrue(flatten([for statement in var.resource_policy_statements : try([
      length(statement.principals.identifiers) > 0,
      [for identifier in statement.principals.identifiers : statement.effect == "Deny" && statement.principals.type == "AWS" && identifier == "*" || can(regex({
        AWS     = "^([0-9]{12}|arn:[a-z-]+:(iam|sts)::[0-9]{12}:(root|(user|role|assumed-role|federated-user)/[!-)+->@-~]+))$"
        Service = "^[a-z0-9-]+(\\.[a-z0-9-]+)*\\.amazonaws\\.com(\\.cn)?$"
      }[statement.principals.type], identifier))],
    ], false)]))
    error_message = "Each statement needs one or more principals: numbers of accounts, ARNs of IAM and STS (arn:aws:iam::<account>:role/<name>), or names of services (<service>.amazonaws.com). The * is for refusals only, and a part of an ARN it cannot be."
  }

  validation {
    condition = alltrue(flatten([for statement in var.resource_policy_statements : try([
      length(statement.actions) > 0,
      [for action in statement.actions : can(regex("^dynamodb:[A-Za-z0-9]+$", action)) || (statement.effect == "Deny" && can(regex("^dynamodb:[A-Za-z0-9]*\\*$", action)))],
    ], false)]))
    error_message = "Each statement needs one or more actions, each written out as dynamodb:Action. Wildcards are for refusals only: allowing, they grant what AWS adds later."
  }

  # https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_elements_condition_operators.html
  validation {
    condition     = alltrue(flatten([for statement in var.resource_policy_statements : try([for condition in statement.conditions : can(regex("^((ForAllValues:|ForAnyValue:)?(String(Not)?(Equals|EqualsIgnoreCase|Like)|(Numeric|Date)((Not)?Equals|(LessThan|GreaterThan)(Equals)?)|Bool|BinaryEquals|(Not)?IpAddress|Arn(Not)?(Equals|Like))(IfExists)?|Null)$", condition.test)) && can(regex("^[A-Za-z0-9._/-]+:[!-~]([ -~]*[!-~])?$", condition.variable))], false)]))
    error_message = "The test of each condition must be an operator of IAM (StringEquals, ArnLike, NumericLessThan, Bool, Null and so on, with ForAllValues:, ForAnyValue: or IfExists), and its variable a key with its prefix (aws:SourceAccount)."
  }

  validation {
    condition     = alltrue(flatten([for statement in var.resource_policy_statements : try([for condition in statement.conditions : length(condition.values) > 0 && alltrue([for value in condition.values : value != null && value != "" && (!can(regex("Bool|Null", condition.test)) || contains(["true", "false"], value))])], false)]))
    error_message = "Each condition needs one or more values, none empty; those of Bool and Null are true or false."
  }

  # Two would be written as one, of which either may hold.
  validation {
    condition     = alltrue([for statement in var.resource_policy_statements : try(length(distinct([for condition in statement.conditions : lower("${condition.test} ${condition.variable}")])) == length(statement.conditions), false)])
    error_message = "The conditions of a statement must differ in test or variable: all of them have to hold, and of two with the same either would do."
  }
}

variable "tags" {
  description = "Tags of the table and of the module's own key."
  type        = map(string)
  default     = {}
  nullable    = false

  validation {
    condition     = length(var.tags) <= 50 && alltrue(flatten([for key, value in var.tags : [for text in [key, value] : can(regex("^[\\p{L}\\p{Z}\\p{N}_.:/=+@-]*$", text))]]))
    error_message = "tags must be 50 or fewer, their keys and values of letters, digits, spaces and _.:/=+-@ only, and no value null."
  }

  validation {
    condition     = alltrue([for key, value in var.tags : key != "" && length(regexall(".", key)) <= 128 && try(length(regexall(".", value)) <= 256, true) && !startswith(lower(key), "aws:")])
    error_message = "tags must have keys of 1 to 128 characters that do not begin with aws:, which is AWS's own, and values of at most 256."
  }
}

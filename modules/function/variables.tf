variable "name" {
  description = "Name of the function, of its role and of its log group (/aws/lambda/<name>)."
  type        = string
  nullable    = false

  validation {
    condition     = can(regex("^[A-Za-z0-9_-]{1,64}$", var.name))
    error_message = "name must be 1 to 64 characters of a-z, A-Z, 0-9, underscore and hyphen."
  }
}

variable "description" {
  description = "What the function does, up to 256 characters. Shown in the console."
  type        = string
  default     = ""
  nullable    = false

  validation {
    condition     = length(regexall("(?s).", var.description)) <= 256
    error_message = "description must have 256 characters or fewer, each part of a composed one counted."
  }
}

#### Package ####

variable "package_dir" {
  description = "Folder with the function's zip and with SHA256SUMS, which has a line `<hex SHA-256>  <file name>` for the zip. A missing file or another sum is refused at plan time. Null, the default, where package_object is given."
  type        = string
  default     = null

  validation {
    condition     = var.package_dir == null || try(fileexists("${var.package_dir}/SHA256SUMS"), false)
    error_message = "package_dir must be a folder with SHA256SUMS; there is none in \"${coalesce(var.package_dir, "null")}\". Build the packages with `make package`, or unpack a release's zips and SHA256SUMS into one folder."
  }
}

variable "package_name" {
  description = "Name of the zip in package_dir, without .zip. It holds one executable called bootstrap."
  type        = string
  default     = null

  validation {
    condition     = var.package_name == null || can(regex("^[A-Za-z0-9_-]{1,64}$", var.package_name))
    error_message = "package_name must be 1 to 64 characters of a-z, A-Z, 0-9, underscore and hyphen, without .zip."
  }

  validation {
    condition     = (var.package_dir == null) == (var.package_name == null)
    error_message = "package_dir and package_name belong together: give both, or neither and package_object."
  }

  validation {
    condition     = var.package_name == null || var.package_dir == null || try(fileexists("${var.package_dir}/${var.package_name}.zip"), false)
    error_message = "There is no ${coalesce(var.package_name, "null")}.zip in \"${coalesce(var.package_dir, "null")}\". Build the packages with `make package`, or unpack a release's zips and SHA256SUMS into one folder."
  }

  # Written so that a missing file gets its own message above, and only that.
  validation {
    condition = try(
      contains(
        [for line in split("\n", file("${var.package_dir}/SHA256SUMS")) : replace(trimspace(line), "/ +[*]?/", " ")],
        "${filesha256("${var.package_dir}/${var.package_name}.zip")} ${var.package_name}.zip",
      ),
      try(!fileexists("${var.package_dir}/SHA256SUMS") || !fileexists("${var.package_dir}/${var.package_name}.zip"), true),
    )
    error_message = "The SHA-256 of ${coalesce(var.package_name, "null")}.zip is not the one in SHA256SUMS of \"${coalesce(var.package_dir, "null")}\": the zip was changed, is incomplete, or belongs to another release. Build both anew with `make package`, or fetch the release again."
  }
}

variable "package_object" {
  description = "The function's zip as an object in an S3 bucket of the function's Region, instead of package_dir and package_name: bucket, key, version_id, and sha256, the zip's SHA-256 in base64. The version keeps whoever writes to the bucket from changing what is deployed; should Lambda hold another zip than the sum says, the apply fails before the alias moves. Null, the default, is a zip from a folder."
  type = object({
    bucket     = string
    key        = string
    version_id = string
    sha256     = string
  })
  default = null

  validation {
    condition     = (var.package_object == null) != (var.package_dir == null)
    error_message = "Give either package_dir and package_name, or package_object."
  }

  validation {
    condition     = var.package_object == null || can(regex("^[A-Za-z0-9+/]{43}=$", var.package_object.sha256))
    error_message = "package_object.sha256 must be the zip's SHA-256 in base64, 44 characters: `openssl dgst -sha256 -binary <zip> | base64`, or the attribute checksum_sha256 of an aws_s3_object."
  }

  validation {
    condition     = var.package_object == null || try(can(regex("^[!-~]+$", var.package_object.version_id)) && var.package_object.version_id != "null", false)
    error_message = "package_object.version_id must be the id of a version. An object without one (a bucket without versioning has the id \"null\") can be overwritten."
  }

  validation {
    condition     = var.package_object == null || try(can(regex("^[a-z0-9][a-z0-9.-]{1,61}[a-z0-9]$", var.package_object.bucket)) && trimspace(var.package_object.key) != "", false)
    error_message = "package_object needs the bucket's name (3 to 63 characters of a-z, 0-9, dot and hyphen) and the object's key."
  }
}

variable "code_signing" {
  description = "Who may publish the function's code, as `{ profile_version_arns = [...] }`: 1 to 20 versions of AWS Signer profiles. Lambda then refuses every zip that none of them signed, so the zip must be one that AWS Signer returned. Null, the default, gives that up: whoever may update the function may run any code in it."
  type = object({
    profile_version_arns = list(string)
  })
  default = null

  validation {
    condition     = var.code_signing == null || try(length(var.code_signing.profile_version_arns) >= 1 && length(var.code_signing.profile_version_arns) <= 20, false)
    error_message = "code_signing.profile_version_arns must have 1 to 20 elements."
  }

  validation {
    condition     = try(alltrue([for arn in var.code_signing.profile_version_arns : can(regex("^arn:[a-z-]+:signer:[a-z0-9-]+:[0-9]{12}:/signing-profiles/[A-Za-z0-9_]+/[A-Za-z0-9]+$", arn))]), var.code_signing == null)
    error_message = "code_signing.profile_version_arns must be ARNs of versions of signing profiles (arn:aws:signer:<region>:<account>:/signing-profiles/<name>/<version>): the attribute version_arn of an aws_signer_signing_profile."
  }
}

variable "architecture" {
  description = "Instruction set that the zip was built for: arm64 or x86_64."
  type        = string
  default     = "arm64"
  nullable    = false

  validation {
    condition     = contains(["arm64", "x86_64"], var.architecture)
    error_message = "architecture must be arm64 or x86_64 (AWS's name for amd64)."
  }
}

#### Runtime ####

variable "environment" {
  description = "Environment variables of the function. They are encrypted with kms_key_arn, and anyone who may read the function's configuration and use that key can see them."
  type        = map(string)
  default     = {}
  nullable    = false

  validation {
    condition     = alltrue([for key in keys(var.environment) : can(regex("^[A-Za-z][A-Za-z0-9_]+$", key)) && !can(regex("^(AWS_|LAMBDA_|_)", key))])
    error_message = "environment names must be a letter followed by letters, digits and underscores, and must not start with AWS_ or LAMBDA_, which Lambda keeps for itself."
  }

  validation {
    condition     = alltrue([for value in values(var.environment) : value != null])
    error_message = "environment must have a value for each name: leave out what has none."
  }

  # Four characters of base64 are three bytes.
  validation {
    condition     = floor(length(replace(base64encode(jsonencode(var.environment)), "=", "")) * 3 / 4) <= 4096
    error_message = "environment must come to 4096 bytes or fewer, written as JSON with all names and values: Lambda takes 4 KB for a function."
  }
}

variable "timeout_seconds" {
  description = "Seconds after which Lambda stops an invocation. API Gateway gives up after 29."
  type        = number
  default     = 10
  nullable    = false

  validation {
    condition     = var.timeout_seconds == floor(var.timeout_seconds) && var.timeout_seconds >= 1 && var.timeout_seconds <= 900
    error_message = "timeout_seconds must be a whole number from 1 to 900."
  }
}

variable "memory_mb" {
  description = "Memory in MB. The share of a processor grows with it: 1,769 MB are one whole."
  type        = number
  default     = 256
  nullable    = false

  validation {
    condition     = var.memory_mb == floor(var.memory_mb) && var.memory_mb >= 128 && var.memory_mb <= 10240
    error_message = "memory_mb must be a whole number from 128 to 10240."
  }
}

variable "ephemeral_storage_mb" {
  description = "Size of the folder /tmp in MB, 512, the default, to 10240. More than 512 is billed by the second."
  type        = number
  default     = 512
  nullable    = false

  validation {
    condition     = var.ephemeral_storage_mb == floor(var.ephemeral_storage_mb) && var.ephemeral_storage_mb >= 512 && var.ephemeral_storage_mb <= 10240
    error_message = "ephemeral_storage_mb must be a whole number from 512 to 10240."
  }
}

variable "reserved_concurrency" {
  description = "How many instances may run at once: a whole number from 0 (the function is switched off) to 10000, or the word unreserved. Unreserved gives up the bound: a flood of calls can take the account's whole concurrency from its other functions. AWS refuses a number that leaves the account fewer than its minimum of unreserved instances."
  type        = string
  nullable    = false

  validation {
    condition     = var.reserved_concurrency == "unreserved" || can(regex("^(0|[1-9][0-9]{0,3}|10000)$", var.reserved_concurrency))
    error_message = "reserved_concurrency must be a whole number from 0 to 10000, or the word \"unreserved\"."
  }
}

variable "tracing_mode" {
  description = "Active samples calls into AWS X-Ray. PassThrough gives that up, unless the caller has sampled already."
  type        = string
  default     = "Active"
  nullable    = false

  validation {
    condition     = contains(["Active", "PassThrough"], var.tracing_mode)
    error_message = "tracing_mode must be Active or PassThrough."
  }
}

#### Rights ####

variable "statements" {
  description = "What the function may do, beyond writing its own logs and traces. Each: sid, actions, resources (ARNs), and conditions (test, variable, values), all of which must hold. They become one inline policy of the function's own role."
  type = list(object({
    sid       = string
    actions   = list(string)
    resources = list(string)
    conditions = optional(list(object({
      test     = string
      variable = string
      values   = list(string)
    })), [])
  }))
  default  = []
  nullable = false

  validation {
    condition     = alltrue([for statement in var.statements : can(regex("^[A-Za-z0-9]{1,64}$", statement.sid))]) && length(distinct([for statement in var.statements : try(lower(statement.sid), "")])) == length(var.statements)
    error_message = "Each statement needs a sid of its own, 1 to 64 letters and digits; capitals alone do not tell two apart."
  }

  validation {
    condition     = !anytrue([for statement in var.statements : try(contains(["ownlogs", "owntraces", "ownnetwork", "nonetworkforthecode", "ownfailures", "ownfailureskey"], lower(statement.sid)), false)])
    error_message = "The sids OwnLogs, OwnTraces, OwnNetwork, NoNetworkForTheCode, OwnFailures and OwnFailuresKey are the module's own; choose others."
  }

  validation {
    condition = alltrue(flatten([for statement in var.statements : try([
      length(statement.actions) > 0,
      [for action in statement.actions : can(regex("^[a-z0-9-]+:[A-Za-z0-9]+$", action))],
    ], false)]))
    error_message = "Each statement needs one or more actions, each written out as service:Action. Wildcards are refused: they grant what AWS adds later."
  }

  validation {
    condition = alltrue(flatten([for statement in var.statements : try([
      length(statement.resources) > 0,
      [for resource in statement.resources : can(regex("^arn:[^:*?\\s]+:[^:*?\\s]+:[^:\\s]*:[^:\\s]*:[^*?\\s]([ -~]*[!-~])?$", resource))],
    ], false)]))
    error_message = "Each statement needs one or more resources, each an ARN whose service and beginning of the name are written out. The bare * is refused, and so is a name that begins with * or ?."
  }

  # https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_elements_condition_operators.html
  validation {
    condition     = alltrue(flatten([for statement in var.statements : try([for condition in statement.conditions : can(regex("^((ForAllValues:|ForAnyValue:)?(String(Not)?(Equals|EqualsIgnoreCase|Like)|(Numeric|Date)((Not)?Equals|(LessThan|GreaterThan)(Equals)?)|Bool|BinaryEquals|(Not)?IpAddress|Arn(Not)?(Equals|Like))(IfExists)?|Null)$", condition.test)) && can(regex("^[A-Za-z0-9._/-]+:[!-~]([ -~]*[!-~])?$", condition.variable))], false)]))
    error_message = "The test of each condition must be an operator of IAM (StringEquals, ArnLike, NumericLessThan, Bool, Null and so on, with ForAllValues:, ForAnyValue: or IfExists), and its variable a key with its prefix (aws:SourceAccount)."
  }

  validation {
    condition     = alltrue(flatten([for statement in var.statements : try([for condition in statement.conditions : length(condition.values) > 0 && alltrue([for value in condition.values : value != null && value != "" && (!can(regex("Bool|Null", condition.test)) || contains(["true", "false"], value))])], false)]))
    error_message = "Each condition needs one or more values, none empty; those of Bool and Null are true or false."
  }

  # Two would be written as one, of which either may hold.
  validation {
    condition     = alltrue([for statement in var.statements : try(length(distinct([for condition in statement.conditions : lower("${condition.test} ${condition.variable}")])) == length(statement.conditions), false)])
    error_message = "The conditions of a statement must differ in test or variable: all of them have to hold, and of two with the same either would do."
  }
}

variable "permissions_boundary" {
  description = "ARN of an IAM policy that bounds the function's role, or null for none."
  type        = string
  default     = null

  validation {
    condition     = var.permissions_boundary == null || can(regex("^arn:[a-z-]+:iam::([0-9]{12}|aws):policy/[!-~]+$", var.permissions_boundary))
    error_message = "permissions_boundary must be null or the ARN of an IAM policy (arn:aws:iam::<account>:policy/<name>)."
  }
}

variable "kms_key_arn" {
  description = "ARN of the customer-managed KMS key for the environment variables and the log group. Lambda reads the environment by a grant that it makes for the role, so the role itself gets no right to the key. The key's policy must let CloudWatch Logs use it for /aws/lambda/<name>."
  type        = string
  nullable    = false

  validation {
    condition     = can(regex("^arn:[a-z-]+:kms:[a-z0-9-]+:[0-9]{12}:key/[A-Za-z0-9-]+$", var.kms_key_arn))
    error_message = "kms_key_arn must be the ARN of a key (arn:aws:kms:<region>:<account>:key/<id>), not an alias or a bare id."
  }
}

#### Network ####

variable "vpc" {
  description = "Subnets and security groups of a VPC that the function's traffic goes through, 1 to 16 and 1 to 5. It then reaches AWS and the internet only as that VPC does, and its role may make and remove network interfaces, which its code may not. Null, the default, is Lambda's own network, with the internet in reach."
  type = object({
    subnet_ids         = list(string)
    security_group_ids = list(string)
  })
  default = null

  validation {
    condition     = var.vpc == null || try(length(var.vpc.subnet_ids) >= 1 && length(var.vpc.subnet_ids) <= 16 && length(var.vpc.security_group_ids) >= 1 && length(var.vpc.security_group_ids) <= 5, false)
    error_message = "vpc needs 1 to 16 subnet_ids and 1 to 5 security_group_ids."
  }

  validation {
    condition     = try(alltrue(concat([for id in var.vpc.subnet_ids : can(regex("^subnet-[0-9a-f]+$", id))], [for id in var.vpc.security_group_ids : can(regex("^sg-[0-9a-f]+$", id))])), var.vpc == null)
    error_message = "vpc.subnet_ids must be ids of subnets (subnet-…), and vpc.security_group_ids ids of security groups (sg-…)."
  }
}

#### Asynchronous use ####

variable "on_failure" {
  description = "Where Lambda puts what is known of an asynchronous invocation of the alias that failed for good: service (sqs or sns), the arn of a standard queue or topic, and, if that is encrypted with a customer-managed key, kms_key as `{ arn = ... }`. An event is tried again retry_attempts times (0 to 2, by default 2), and is given up after event_age_seconds (60 to 21600, by default 21600). The role gets the right to send there. Null, the default, is for functions that nobody invokes asynchronously: a failed event would be lost."
  type = object({
    service           = string
    arn               = string
    kms_key           = optional(object({ arn = string }))
    retry_attempts    = optional(number, 2)
    event_age_seconds = optional(number, 21600)
  })
  default = null

  validation {
    condition     = var.on_failure == null || try(contains(["sqs", "sns"], var.on_failure.service), false)
    error_message = "on_failure.service must be sqs or sns."
  }

  validation {
    condition     = var.on_failure == null || (can(regex("^arn:[a-z-]+:${var.on_failure.service}:[a-z0-9-]+:[0-9]{12}:[A-Za-z0-9_-]+$", var.on_failure.arn)))
    error_message = "on_failure.arn must be the ARN of a queue or a topic of on_failure.service (arn:aws:sqs:<region>:<account>:<name>). Lambda does not send to FIFO queues and topics."
  }

  validation {
    condition     = try(var.on_failure.kms_key, null) == null || can(regex("^arn:[a-z-]+:kms:[a-z0-9-]+:[0-9]{12}:key/[A-Za-z0-9-]+$", var.on_failure.kms_key.arn))
    error_message = "on_failure.kms_key.arn must be the ARN of a key (arn:aws:kms:<region>:<account>:key/<id>), not an alias or a bare id."
  }

  validation {
    condition     = var.on_failure == null || try(contains([0, 1, 2], var.on_failure.retry_attempts), false)
    error_message = "on_failure.retry_attempts must be 0, 1 or 2."
  }

  validation {
    condition     = var.on_failure == null || try(var.on_failure.event_age_seconds == floor(var.on_failure.event_age_seconds) && var.on_failure.event_age_seconds >= 60 && var.on_failure.event_age_seconds <= 21600, false)
    error_message = "on_failure.event_age_seconds must be a whole number from 60 to 21600."
  }
}

#### Logs ####

variable "log_retention_days" {
  description = "Days that CloudWatch keeps the log, 1 to 3653. Fewer than the default, 365, give up looking into what is noticed late."
  type        = number
  default     = 365
  nullable    = false

  validation {
    condition     = contains([1, 3, 5, 7, 14, 30, 60, 90, 120, 150, 180, 365, 400, 545, 731, 1096, 1827, 2192, 2557, 2922, 3288, 3653], var.log_retention_days)
    error_message = "log_retention_days must be 1, 3, 5, 7, 14, 30, 60, 90, 120, 150, 180, 365, 400, 545, 731, 1096, 1827, 2192, 2557, 2922, 3288 or 3653."
  }
}

variable "keep_logs" {
  description = "Whether `terraform destroy` leaves the function's log group behind, for looking into what happened: it is then removed from the state alone, kept for its retention, and has to be imported or deleted before one of its name is made again. It can be read as long as its key is there. False, the default, removes it with the rest."
  type        = bool
  default     = false
  nullable    = false
}

variable "log_level" {
  description = "Least level of the function's own log lines that is kept: TRACE, DEBUG, INFO, WARN, ERROR or FATAL. The function reads it as AWS_LAMBDA_LOG_LEVEL."
  type        = string
  default     = "INFO"
  nullable    = false

  validation {
    condition     = contains(["TRACE", "DEBUG", "INFO", "WARN", "ERROR", "FATAL"], var.log_level)
    error_message = "log_level must be TRACE, DEBUG, INFO, WARN, ERROR or FATAL."
  }
}

variable "tags" {
  description = "Tags of the function, its role, its log group and its code signing."
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

  validation {
    condition     = length(distinct([for key in keys(var.tags) : lower(key)])) == length(var.tags)
    error_message = "tags must not have two keys that differ in upper and lower case alone: IAM takes them for one."
  }
}

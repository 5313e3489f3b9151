# What a caller may give and what is refused; see test/inputs.

given = {
  name                 = "example"
  package_dir          = "module/tests/package"
  package_name         = "example"
  reserved_concurrency = "10"
  kms_key_arn          = "arn:aws:kms:eu-west-1:111122223333:key/1a2b3c4d-0000-4000-8000-000000000000"
}

refuse "name" {
  values = {
    "empty"      = ""
    "65 letters" = format("%065d", 0)
    "a dot"      = "chat.message"
    "a space"    = "chat message"
  }
}

refuse "description" {
  values = {
    "257 letters"            = format("%0257d", 0)
    "members of 52 families" = join("", [for n in range(52) : "👨‍👩‍👧"])
  }
}

accept "description" {
  values = {
    "256 letters"  = join("", [for n in range(256) : "é"])
    "51 families"  = join("", [for n in range(51) : "👨‍👩‍👧"])
    "256 with two" = join("", [for n in range(128) : "\n "])
  }
}

#### Package ####

refuse "package_dir" {
  values = {
    "a folder without sums" = "module/tests"
    "no folder"             = "module/none"
    "empty"                 = ""
  }
}

refuse "package_name" {
  values = {
    "a missing zip"       = "absent"
    "a changed zip"       = "altered"
    "a zip without sum"   = "unlisted"
    "another folder"      = "../package/example"
    "the end of its name" = "example.zip"
    "none"                = null
  }
}

refuse "package_object" {
  values = {
    "beside a folder" = { bucket = "releases", key = "example.zip", version_id = "3HL4kqtJlcpXroDTDmJ", sha256 = "47DEQpj8HBSa+/TImW+5JCeuQeRkm5NMpJWZG3hSuFU=" }
  }
}

refuse "package_object" {
  with = { package_dir = null, package_name = null }

  values = {
    "none"                 = null
    "a sum in hex"         = { bucket = "releases", key = "example.zip", version_id = "3HL4kqtJlcpXroDTDmJ", sha256 = "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855" }
    "no version"           = { bucket = "releases", key = "example.zip", version_id = "null", sha256 = "47DEQpj8HBSa+/TImW+5JCeuQeRkm5NMpJWZG3hSuFU=" }
    "a version of spaces"  = { bucket = "releases", key = "example.zip", version_id = "  ", sha256 = "47DEQpj8HBSa+/TImW+5JCeuQeRkm5NMpJWZG3hSuFU=" }
    "no key"               = { bucket = "releases", key = "", version_id = "3HL4kqtJlcpXroDTDmJ", sha256 = "47DEQpj8HBSa+/TImW+5JCeuQeRkm5NMpJWZG3hSuFU=" }
    "a key of null"        = { bucket = "releases", key = null, version_id = "3HL4kqtJlcpXroDTDmJ", sha256 = "47DEQpj8HBSa+/TImW+5JCeuQeRkm5NMpJWZG3hSuFU=" }
    "a bucket in capitals" = { bucket = "Releases", key = "example.zip", version_id = "3HL4kqtJlcpXroDTDmJ", sha256 = "47DEQpj8HBSa+/TImW+5JCeuQeRkm5NMpJWZG3hSuFU=" }
    "a bucket's ARN"       = { bucket = "arn:aws:s3:::releases", key = "example.zip", version_id = "3HL4kqtJlcpXroDTDmJ", sha256 = "47DEQpj8HBSa+/TImW+5JCeuQeRkm5NMpJWZG3hSuFU=" }
  }
}

accept "package_object" {
  with = { package_dir = null, package_name = null }

  values = {
    "an object" = { bucket = "releases.example.com", key = "v1/my example.zip", version_id = "3/L4kqtJlcpXroDTDmJ+rmSpXd3dIbrHY", sha256 = "47DEQpj8HBSa+/TImW+5JCeuQeRkm5NMpJWZG3hSuFU=" }
  }
}

refuse "code_signing" {
  values = {
    "nobody"             = { profile_version_arns = [] }
    "null"               = { profile_version_arns = null }
    "21"                 = { profile_version_arns = [for n in range(21) : "arn:aws:signer:eu-west-1:111122223333:/signing-profiles/releases/v${n}"] }
    "no version"         = { profile_version_arns = ["arn:aws:signer:eu-west-1:111122223333:/signing-profiles/releases"] }
    "an element of null" = { profile_version_arns = [null] }
  }
}

refuse "architecture" {
  values = {
    "Go's name" = "amd64"
    "empty"     = ""
  }
}

#### Runtime ####

refuse "environment" {
  values = {
    "a hyphen"                   = { "TABLE-NAME" = "rows" }
    "one letter"                 = { T = "rows" }
    "a digit first"              = { "1TABLE" = "rows" }
    "AWS's own"                  = { AWS_REGION = "eu-west-1" }
    "Lambda's own"               = { LAMBDA_TASK_ROOT = "/" }
    "a value of null"            = { TABLE = null }
    "more bytes than it takes"   = { SETTING = join("", [for n in range(1021) : "éé"]) }
    "more letters than it takes" = { SETTING = format("%4083s", "x") }
    "secrets of null"            = sensitive({ SECRET = null })
  }
}

accept "environment" {
  values = {
    "as much as it takes" = { SETTING = format("%4082s", "x") }
    "an empty value"      = { TABLE = "" }
    "secrets"             = sensitive({ SECRET = "x" })
    "a secret"            = { SECRET = sensitive("x") }
  }
}

refuse "timeout_seconds" {
  values = {
    "none"  = 0
    "901"   = 901
    "parts" = 1.5
  }
}

refuse "memory_mb" {
  values = {
    "127"   = 127
    "10241" = 10241
    "parts" = 128.5
  }
}

refuse "ephemeral_storage_mb" {
  values = {
    "less than there is" = 511
    "more than there is" = 10241
    "parts"              = 512.5
  }
}

accept "ephemeral_storage_mb" {
  values = {
    "the most" = 10240
  }
}

refuse "reserved_concurrency" {
  values = {
    "less than none" = "-1"
    "more than all"  = "10001"
    "parts"          = "1.5"
    "another word"   = "none"
    "a nought first" = "010"
    "empty"          = ""
    "a space"        = " 10"
  }
}

accept "reserved_concurrency" {
  values = {
    "switched off" = "0"
    "a number"     = 100
    "the word"     = "unreserved"
  }
}

refuse "tracing_mode" {
  values = {
    "on" = "On"
  }
}

#### Rights ####

refuse "statements" {
  values = {
    "a statement of null"          = [null]
    "no sid"                       = [{ sid = "", actions = ["dynamodb:Query"], resources = ["arn:aws:dynamodb:eu-west-1:111122223333:table/rows"] }]
    "a sid with a space"           = [{ sid = "all rows", actions = ["dynamodb:Query"], resources = ["arn:aws:dynamodb:eu-west-1:111122223333:table/rows"] }]
    "one sid twice"                = [{ sid = "Rows", actions = ["dynamodb:Query"], resources = ["arn:aws:dynamodb:eu-west-1:111122223333:table/rows"] }, { sid = "Rows", actions = ["dynamodb:PutItem"], resources = ["arn:aws:dynamodb:eu-west-1:111122223333:table/rows"] }]
    "the module's own sid"         = [{ sid = "OwnLogs", actions = ["logs:DeleteLogGroup"], resources = ["arn:aws:logs:eu-west-1:111122223333:log-group:/aws/lambda/example:*"] }]
    "its own in small type"        = [{ sid = "ownlogs", actions = ["logs:DeleteLogGroup"], resources = ["arn:aws:logs:eu-west-1:111122223333:log-group:/aws/lambda/example:*"] }]
    "every action"                 = [{ sid = "Rows", actions = ["*"], resources = ["arn:aws:dynamodb:eu-west-1:111122223333:table/rows"] }]
    "every action of a service"    = [{ sid = "Rows", actions = ["dynamodb:*"], resources = ["arn:aws:dynamodb:eu-west-1:111122223333:table/rows"] }]
    "no action"                    = [{ sid = "Rows", actions = [], resources = ["arn:aws:dynamodb:eu-west-1:111122223333:table/rows"] }]
    "actions of null"              = [{ sid = "Rows", actions = null, resources = ["arn:aws:dynamodb:eu-west-1:111122223333:table/rows"] }]
    "every resource"               = [{ sid = "Rows", actions = ["dynamodb:Query"], resources = ["*"] }]
    "every resource of a service"  = [{ sid = "Rows", actions = ["dynamodb:Query"], resources = ["arn:aws:dynamodb:eu-west-1:111122223333:*"] }]
    "every one by a question mark" = [{ sid = "Rows", actions = ["dynamodb:Query"], resources = ["arn:aws:dynamodb:eu-west-1:111122223333:?*"] }]
    "a resource with a line feed"  = [{ sid = "Rows", actions = ["dynamodb:Query"], resources = ["arn:aws:dynamodb:eu-west-1:111122223333:table/rows\n"] }]
    "no resource"                  = [{ sid = "Rows", actions = ["dynamodb:Query"], resources = [] }]
    "a resource of null"           = [{ sid = "Rows", actions = ["dynamodb:Query"], resources = [null] }]
    "an operator of none"          = [{ sid = "Rows", actions = ["dynamodb:Query"], resources = ["arn:aws:dynamodb:eu-west-1:111122223333:table/rows"], conditions = [{ test = "Equals", variable = "dynamodb:LeadingKeys", values = ["a"] }] }]
    "a key without its prefix"     = [{ sid = "Rows", actions = ["dynamodb:Query"], resources = ["arn:aws:dynamodb:eu-west-1:111122223333:table/rows"], conditions = [{ test = "StringEquals", variable = "LeadingKeys", values = ["a"] }] }]
    "no values"                    = [{ sid = "Rows", actions = ["dynamodb:Query"], resources = ["arn:aws:dynamodb:eu-west-1:111122223333:table/rows"], conditions = [{ test = "StringEquals", variable = "dynamodb:LeadingKeys", values = [] }] }]
    "an empty value"               = [{ sid = "Rows", actions = ["dynamodb:Query"], resources = ["arn:aws:dynamodb:eu-west-1:111122223333:table/rows"], conditions = [{ test = "StringEquals", variable = "dynamodb:LeadingKeys", values = [""] }] }]
    "a condition of null"          = [{ sid = "Rows", actions = ["dynamodb:Query"], resources = ["arn:aws:dynamodb:eu-west-1:111122223333:table/rows"], conditions = [null] }]
    "two conditions that are one"  = [{ sid = "Rows", actions = ["dynamodb:Query"], resources = ["arn:aws:dynamodb:eu-west-1:111122223333:table/rows"], conditions = [{ test = "StringLike", variable = "dynamodb:LeadingKeys", values = ["a*"] }, { test = "StringLike", variable = "dynamodb:LeadingKeys", values = ["*b"] }] }]
  }
}

accept "statements" {
  values = {
    "rows of a tenant" = [{ sid = "Rows", actions = ["dynamodb:Query"], resources = ["arn:aws:dynamodb:eu-west-1:111122223333:table/rows", "arn:aws:s3:::bucket/a folder/*"], conditions = [{ test = "ForAllValues:StringEquals", variable = "dynamodb:LeadingKeys", values = ["$${aws:PrincipalTag/tenant}"] }, { test = "StringEquals", variable = "kms:EncryptionContext:aws:dynamodb:tableName", values = ["rows"] }] }]
  }
}

refuse "permissions_boundary" {
  values = {
    "a role"  = "arn:aws:iam::111122223333:role/boundary"
    "a space" = "arn:aws:iam::111122223333:policy/my boundary"
  }
}

refuse "kms_key_arn" {
  values = {
    "an alias" = "arn:aws:kms:eu-west-1:111122223333:alias/chat"
    "an id"    = "1a2b3c4d-0000-4000-8000-000000000000"
    "empty"    = ""
  }
}

refuse "vpc" {
  values = {
    "no subnet"         = { subnet_ids = [], security_group_ids = ["sg-0a1b"] }
    "no security group" = { subnet_ids = ["subnet-0a1b"], security_group_ids = [] }
    "null"              = { subnet_ids = null, security_group_ids = ["sg-0a1b"] }
    "a VPC"             = { subnet_ids = ["vpc-0a1b"], security_group_ids = ["sg-0a1b"] }
    "17 subnets"        = { subnet_ids = [for n in range(17) : "subnet-${n}"], security_group_ids = ["sg-0a1b"] }
  }
}

refuse "on_failure" {
  values = {
    "another service"       = { service = "s3", arn = "arn:aws:s3:::failures" }
    "an ARN of the other"   = { service = "sqs", arn = "arn:aws:sns:eu-west-1:111122223333:failures" }
    "a FIFO queue"          = { service = "sqs", arn = "arn:aws:sqs:eu-west-1:111122223333:failures.fifo" }
    "a service of null"     = { service = null, arn = "arn:aws:sqs:eu-west-1:111122223333:failures" }
    "an alias of a key"     = { service = "sqs", arn = "arn:aws:sqs:eu-west-1:111122223333:failures", kms_key = { arn = "arn:aws:kms:eu-west-1:111122223333:alias/chat" } }
    "three tries more"      = { service = "sqs", arn = "arn:aws:sqs:eu-west-1:111122223333:failures", retry_attempts = 3 }
    "events that never age" = { service = "sqs", arn = "arn:aws:sqs:eu-west-1:111122223333:failures", event_age_seconds = 21601 }
  }
}

#### Logs ####

refuse "log_retention_days" {
  values = {
    "for ever" = 0
    "100 days" = 100
  }
}

refuse "log_level" {
  values = {
    "small type" = "info"
    "empty"      = ""
  }
}

refuse "tags" {
  values = {
    "AWS's prefix" = { "aws:team" = "chat" }
    "a sign"       = { team = "a,b" }
    "one in two"   = { team = "chat", TEAM = "chat" }
  }
}

# What a caller may give and what is refused; see test/inputs.

given = {
  name = "chat-messages"
}

refuse "name" {
  values = {
    "two letters"               = "ab"
    "a slash"                   = "chat/messages"
    "a space"                   = "chat messages"
    "beyond a-z"                = "chát-messages"
    "256 letters"               = format("%0256d", 0)
    "too long for the keys own" = format("%0242d", 0)
  }
}

accept "name" {
  values = {
    "three letters" = "a.b"
    "241 letters"   = format("%0241d", 0)
  }
}

refuse "partition_key" {
  values = {
    "no name"              = { name = "" }
    "null"                 = { name = null }
    "a type spelled out"   = { name = "pk", type = "String" }
    "a type of no keys"    = { name = "pk", type = "BOOL" }
    "a name with a space"  = { name = "p k" }
    "256 letters"          = { name = format("%0256d", 0) }
    "a type in small type" = { name = "pk", type = "s" }
  }
}

refuse "sort_key" {
  values = {
    "no name"            = { name = "" }
    "null"               = { name = null }
    "a type of no keys"  = { name = "sk", type = "M" }
    "the partition key"  = { name = "pk" }
    "a name with spaces" = { name = "room id" }
  }
}

accept "sort_key" {
  values = {
    "none"            = null
    "a number"        = { name = "at", type = "N" }
    "another capital" = { name = "PK" }
  }
}

refuse "ttl_attribute" {
  values = {
    "no name"           = ""
    "a space"           = "expires at"
    "the partition key" = "pk"
    "the sort key"      = "sk"
  }
}

refuse "on_demand_limits" {
  values = {
    "none"             = {}
    "nothing"          = { read_units = 0 }
    "parts"            = { write_units = 1.5 }
    "less than nought" = { read_units = 1, write_units = -2 }
  }
}

refuse "on_demand_limits" {
  with = { provisioned = { read_units = 1, write_units = 1 } }

  values = {
    "beside capacity" = { read_units = 1 }
  }
}

refuse "provisioned" {
  values = {
    "nothing" = { read_units = 0, write_units = 1 }
    "parts"   = { read_units = 1, write_units = 1.5 }
    "null"    = { read_units = null, write_units = 1 }
  }
}

refuse "kms_key" {
  values = {
    "an alias" = { arn = "arn:aws:kms:eu-west-1:111122223333:alias/chat" }
    "an id"    = { arn = "1a2b3c4d-0000-4000-8000-000000000000" }
    "null"     = { arn = null }
  }
}

refuse "kms_deletion_window_days" {
  values = {
    "six"   = 6
    "31"    = 31
    "parts" = 7.5
  }
}

refuse "kms_deletion_window_days" {
  with = { kms_key = { arn = "arn:aws:kms:eu-west-1:111122223333:key/1a2b3c4d-0000-4000-8000-000000000000" } }

  values = {
    "a key of one's own" = 30
  }
}

refuse "recovery_period_days" {
  with = { point_in_time_recovery = false }

  values = {
    "nothing is kept" = 35
  }
}

refuse "recovery_period_days" {
  values = {
    "none"  = 0
    "36"    = 36
    "parts" = 1.5
  }
}

refuse "table_class" {
  values = {
    "small"   = "standard"
    "another" = "GLACIER"
    "empty"   = ""
  }
}

refuse "stream_view_type" {
  values = {
    "everything" = "ALL"
    "empty"      = ""
    "small"      = "new_image"
  }
}

refuse "resource_policy_statements" {
  values = {
    "no sid"                      = [{ sid = "", principals = { identifiers = ["111122223333"] }, actions = ["dynamodb:GetItem"] }]
    "one sid twice"               = [{ sid = "Readers", principals = { identifiers = ["111122223333"] }, actions = ["dynamodb:GetItem"] }, { sid = "Readers", principals = { identifiers = ["111122223333"] }, actions = ["dynamodb:Query"] }]
    "one sid in capitals"         = [{ sid = "Readers", principals = { identifiers = ["111122223333"] }, actions = ["dynamodb:GetItem"] }, { sid = "READERS", principals = { identifiers = ["111122223333"] }, actions = ["dynamodb:Query"] }]
    "a statement of null"         = [null]
    "an effect of none"           = [{ sid = "Readers", effect = "allow", principals = { identifiers = ["111122223333"] }, actions = ["dynamodb:GetItem"] }]
    "principals of another type"  = [{ sid = "Readers", principals = { type = "Federated", identifiers = ["cognito-identity.amazonaws.com"] }, actions = ["dynamodb:GetItem"] }]
    "nobody"                      = [{ sid = "Readers", principals = { identifiers = [] }, actions = ["dynamodb:GetItem"] }]
    "an empty principal"          = [{ sid = "Readers", principals = { identifiers = [""] }, actions = ["dynamodb:GetItem"] }]
    "a principal of null"         = [{ sid = "Readers", principals = { identifiers = [null] }, actions = ["dynamodb:GetItem"] }]
    "principals of null"          = [{ sid = "Readers", principals = null, actions = ["dynamodb:GetItem"] }]
    "everybody allowed"           = [{ sid = "Readers", principals = { identifiers = ["*"] }, actions = ["dynamodb:GetItem"] }]
    "every role of an account"    = [{ sid = "Readers", effect = "Deny", principals = { identifiers = ["arn:aws:iam::111122223333:role/*"] }, actions = ["dynamodb:GetItem"] }]
    "a role of no account"        = [{ sid = "Readers", principals = { identifiers = ["arn:aws:iam:::role/reader"] }, actions = ["dynamodb:GetItem"] }]
    "a role's name"               = [{ sid = "Readers", principals = { identifiers = ["reader"] }, actions = ["dynamodb:GetItem"] }]
    "a service that is none"      = [{ sid = "Readers", principals = { type = "Service", identifiers = ["lambda.example.com"] }, actions = ["dynamodb:GetItem"] }]
    "an account as a service"     = [{ sid = "Readers", principals = { type = "Service", identifiers = ["111122223333"] }, actions = ["dynamodb:GetItem"] }]
    "no action"                   = [{ sid = "Readers", principals = { identifiers = ["111122223333"] }, actions = [] }]
    "an action of null"           = [{ sid = "Readers", principals = { identifiers = ["111122223333"] }, actions = [null] }]
    "every action allowed"        = [{ sid = "Readers", principals = { identifiers = ["111122223333"] }, actions = ["dynamodb:*"] }]
    "an action of S3"             = [{ sid = "Readers", effect = "Deny", principals = { identifiers = ["*"] }, actions = ["s3:*"] }]
    "an operator of none"         = [{ sid = "Readers", principals = { identifiers = ["111122223333"] }, actions = ["dynamodb:GetItem"], conditions = [{ test = "StringEqual", variable = "aws:SourceIp", values = ["192.0.2.1"] }] }]
    "an operator in small type"   = [{ sid = "Readers", principals = { identifiers = ["111122223333"] }, actions = ["dynamodb:GetItem"], conditions = [{ test = "stringEquals", variable = "aws:PrincipalOrgID", values = ["o-1"] }] }]
    "a null that may be missing"  = [{ sid = "Readers", principals = { identifiers = ["111122223333"] }, actions = ["dynamodb:GetItem"], conditions = [{ test = "NullIfExists", variable = "aws:PrincipalOrgID", values = ["true"] }] }]
    "a key without its prefix"    = [{ sid = "Readers", principals = { identifiers = ["111122223333"] }, actions = ["dynamodb:GetItem"], conditions = [{ test = "StringEquals", variable = "PrincipalOrgID", values = ["o-1"] }] }]
    "a key with a space first"    = [{ sid = "Readers", principals = { identifiers = ["111122223333"] }, actions = ["dynamodb:GetItem"], conditions = [{ test = "StringEquals", variable = " aws:PrincipalOrgID", values = ["o-1"] }] }]
    "no values"                   = [{ sid = "Readers", principals = { identifiers = ["111122223333"] }, actions = ["dynamodb:GetItem"], conditions = [{ test = "StringEquals", variable = "aws:PrincipalOrgID", values = [] }] }]
    "an empty value"              = [{ sid = "Readers", principals = { identifiers = ["111122223333"] }, actions = ["dynamodb:GetItem"], conditions = [{ test = "StringEquals", variable = "aws:PrincipalOrgID", values = [""] }] }]
    "a value of null"             = [{ sid = "Readers", principals = { identifiers = ["111122223333"] }, actions = ["dynamodb:GetItem"], conditions = [{ test = "StringEquals", variable = "aws:PrincipalOrgID", values = [null] }] }]
    "a truth that is none"        = [{ sid = "Readers", principals = { identifiers = ["111122223333"] }, actions = ["dynamodb:GetItem"], conditions = [{ test = "Bool", variable = "aws:SecureTransport", values = ["yes"] }] }]
    "two conditions that are one" = [{ sid = "Readers", principals = { identifiers = ["111122223333"] }, actions = ["dynamodb:GetItem"], conditions = [{ test = "StringLike", variable = "aws:PrincipalArn", values = ["*/a"] }, { test = "StringLike", variable = "aws:principalarn", values = ["*/b"] }] }]
  }
}

accept "resource_policy_statements" {
  values = {
    "readers of another account" = [{ sid = "Readers", principals = { identifiers = ["444455556666", "arn:aws:iam::444455556666:role/teams/reader", "arn:aws:sts::444455556666:assumed-role/reader/me@example.com"] }, actions = ["dynamodb:GetItem"] }]
    "a refusal for everybody"    = [{ sid = "OwnNetwork", effect = "Deny", principals = { identifiers = ["*"] }, actions = ["dynamodb:*"], conditions = [{ test = "StringNotEqualsIfExists", variable = "aws:SourceVpce", values = ["vpce-1"] }, { test = "Bool", variable = "aws:PrincipalIsAWSService", values = ["false"] }, { test = "Null", variable = "aws:SourceVpce", values = ["true"] }] }]
    "a service"                  = [{ sid = "Redshift", principals = { type = "Service", identifiers = ["redshift.amazonaws.com", "lambda.amazonaws.com.cn"] }, actions = ["dynamodb:ExportTableToPointInTime"], conditions = [{ test = "ForAllValues:StringLike", variable = "aws:PrincipalTag/cost centre", values = ["a*"] }, { test = "ArnLike", variable = "AWS:SourceArn", values = ["arn:aws:redshift:*:111122223333:*"] }, { test = "NumericLessThanEquals", variable = "aws:MultiFactorAuthAge", values = ["60"] }] }]
  }
}

refuse "tags" {
  values = {
    "AWS's prefix" = { "aws:team" = "chat" }
    "a sign"       = { team = "<chat>" }
  }
}

accept "tags" {
  values = {
    "capitals" = { team = "chat", Team = "chat" }
  }
}

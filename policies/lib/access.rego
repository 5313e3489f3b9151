package portcullis.lib

# Whom the policy of a resource lets in. IAM's own page of the keys that tell
# callers apart:
# https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_condition-keys.html

exact_tests := {"stringequals", "stringequalsignorecase"}

pattern_tests := {"stringlike", "arnequals", "arnlike", "ipaddress"}

# comparison is the test of a condition as far as it binds: ForAllValues holds for a
# request without the key, and IfExists too, so neither binds.
comparison(c) := trim_prefix(lower(c.test), "foranyvalue:")

# boundless holds for a pattern that matches resources of anybody, and for every
# address. It has no account in it, and no name of what has none in its ARN: a
# bucket, a REST API, a hosted zone.
boundless(text) if {
	regex.match(`^(arn:|[*?]).*[*?]|^[*?]`, text)
	not regex.match(`(^|[^0-9])[0-9]{12}([^0-9]|$)`, text)
	not regex.match(`^arn:[^:*?]*:s3:::[^*?]`, text)
	not regex.match(`^arn:[^:*?]*:[^:*?]*:[^:*?]*::/?[a-z-]+[:/][^*?:/]`, text)
}

# Half of all addresses, or a hundredth of them, are not somebody's.
boundless(text) if regex.match(`^([0-9.]+/[0-7]|[0-9a-fA-F:]+/([0-9]|1[0-5]))$`, text)

# from_aws holds for references to resources and data sources of AWS's only: what
# they give has no wildcard.
from_aws(found) if {
	count(found) > 0
	every ref in found {
		startswith(ref.type, "aws_")
	}
}

# condition_refs lists what the values of a statement's conditions are set from.
condition_refs(s) := {ref |
	some d in documents_at(s.at.address)
	some i, _ in s.conditions
	some ref in refs(d, array.concat(s.at.path, ["condition", i, "values"]))
}

# binds tells whether one condition has a key keep to certain values.
binds(s, c) if {
	comparison(c) in exact_tests
	count(c.values) + c.unknown > 0
} else := false if {
	not comparison(c) in pattern_tests
} else := false if {
	some text in c.values
	boundless(text)
} else := "unknown" if {
	c.unknown > 0
	not from_aws(condition_refs(s))
} else := (count(c.values) + c.unknown) > 0

# bound is true if a condition of a statement binds it by one of the keys, or
# "unknown" if one may. A key that ends with * stands for all that begin so.
bound(s, keys) := any_of({verdict |
	some c in s.conditions
	some key in keys
	glob.match(key, null, c.variable)
	verdict := binds(s, c)
} | {"unknown" | object.get(s.unknown, "conditions", 0) > 0})

# everybody is true if the principal of a statement is everybody, or everybody
# but some; "unknown" if it may be.
everybody(s) if {
	some p in s.principals
	p.type == "*"
} else if {
	count(s.not_principals) > 0
} else := "unknown" if {
	some list in ["principals", "not_principals"]
	object.get(s.unknown, list, 0) > 0
} else := "unknown" if {
	some p in s.principals
	p.type == "AWS"
	p.unknown > 0
	not from_aws(object.get(s.refs, "principals", []))
} else := false

# policies_of lists the policies of resources of some types.
policies_of(types) := [p | some p in input.policies; p.type in types; p.kind == "resource"]

# unread is what a rule reports of a policy that cannot be read.
unread(p) := {"address": p.address, "path": split(p.attribute, "."), "message": sprintf("what the policy grants cannot be read: %s", [p.reason])}

key_policy_types := {"aws_kms_key", "aws_kms_key_policy", "aws_kms_replica_key", "aws_kms_external_key"}

# principal_texts lists the AWS principals of a statement: what is known, and
# what is written where something is not, with ${} for that.
principal_texts(s) := {text |
	some p in s.principals
	p.type in {"AWS", "*"}
	some text in p.identifiers
} | {text |
	some p in s.principals
	p.type == "AWS"
	p.unknown > 0
	some d in documents_at(s.at.address)
	some i, _ in s.principals
	some text in templates(d, array.concat(s.at.path, ["principals", i, "identifiers"]))
}

# unnamed holds if a principal of a statement may be any account, role or user:
# it is known after apply, and no reference or text around it says what it is.
unnamed(s) if object.get(s.unknown, "principals", 0) > 0

unnamed(s) if {
	some p in s.principals
	p.type == "AWS"
	p.unknown > 0
	texts := principal_texts(s)
	count({text | some text in texts; text != "${}"}) == 0
	not from_aws(object.get(s.refs, "principals", []))
}

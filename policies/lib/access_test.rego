package portcullis.lib_test

import data.portcullis.lib

at := {"address": "d", "path": ["statement", "0"]}

allowing(parts) := object.union({"effect": "Allow", "principals": [{"type": "*", "identifiers": ["*"], "unknown": 0}], "not_principals": [], "conditions": [], "unknown": {}, "refs": {}, "at": at}, parts)

condition(test, variable, values, n) := {"test": test, "variable": variable, "values": values, "unknown": n}

callers := {"aws:sourceaccount", "aws:sourcearn", "aws:sourceip", "aws:principalorgpaths"}

# A document whose condition's values are set from a resource of AWS's.
document := {"data": {"aws_iam_policy_document": [{
	"address": "d",
	"refs": {"statement.0.condition.0.values": [{"address": "aws_sqs_queue.q", "type": "aws_sqs_queue"}]},
}]}}

foreign := {"data": {"aws_iam_policy_document": [{
	"address": "d",
	"refs": {"statement.0.condition.0.values": [{"address": "terraform_data.q", "type": "terraform_data"}]},
}]}}

test_bound[name] if {
	some name, [c, want] in {
		"exact": [condition("StringEquals", "aws:sourceaccount", ["1"], 0), true],
		"exact and later": [condition("StringEquals", "aws:sourceaccount", [], 1), true],
		"no value": [condition("StringEquals", "aws:sourceaccount", [], 0), false],
		"pattern": [condition("ArnLike", "aws:sourcearn", ["arn:aws:sqs:eu-west-1:111122223333:*"], 0), true],
		"bucket": [condition("ArnLike", "aws:sourcearn", ["arn:aws:s3:::b"], 0), true],
		"pattern of all": [condition("ArnLike", "aws:sourcearn", ["arn:aws:sqs:*:*:q"], 0), false],
		"all buckets": [condition("ArnLike", "aws:sourcearn", ["arn:aws:s3:::*"], 0), false],
		"one of all": [condition("StringLike", "aws:sourcearn", ["a", "*"], 0), false],
		"for any": [condition("ForAnyValue:StringLike", "aws:principalorgpaths", ["o-1/*"], 0), true],
		"for all": [condition("ForAllValues:StringEquals", "aws:sourceaccount", ["1"], 0), false],
		"if there": [condition("StringEqualsIfExists", "aws:sourceaccount", ["1"], 0), false],
		"but": [condition("StringNotEquals", "aws:sourceaccount", ["1"], 0), false],
		"network": [condition("IpAddress", "aws:sourceip", ["10.0.0.0/8"], 0), true],
		"all networks": [condition("IpAddress", "aws:sourceip", ["0.0.0.0/0"], 0), false],
		"pattern that ends early": [condition("StringLike", "aws:sourcearn", ["arn:aws:sqs:*"], 0), false],
		"part of an account": [condition("ArnLike", "aws:sourcearn", ["arn:aws:sqs:eu-west-1:1*:q"], 0), false],
		"kind without account": [condition("ArnLike", "aws:sourcearn", ["arn:aws:route53:::hostedzone/*"], 0), false],
		"another's beginning": [condition("StringLike", "aws:sourcearn", ["*:rule/jobs"], 0), false],
		"account anywhere": [condition("ArnLike", "aws:sourcearn", ["arn:aws:*:*:111122223333:*"], 0), true],
		"API without account": [condition("ArnLike", "aws:sourcearn", ["arn:aws:apigateway:eu-west-1::/restapis/a1b2c3/*"], 0), true],
		"APIs without account": [condition("ArnLike", "aws:sourcearn", ["arn:aws:apigateway:eu-west-1::/restapis/*"], 0), false],
		"bucket's beginning": [condition("ArnLike", "aws:sourcearn", ["arn:aws:s3:::chat-*"], 0), true],
		"other key": [condition("Bool", "aws:securetransport", ["true"], 0), false],
		"pattern and later": [condition("ArnLike", "aws:sourcearn", [], 1), "unknown"],
	}
	lib.bound(allowing({"conditions": [c]}), callers) == want with input as foreign
}

test_a_reference_to_a_resource_binds if {
	s := allowing({"conditions": [condition("ArnLike", "aws:sourcearn", [], 1)]})
	lib.bound(s, callers) == true with input as document
}

test_keys_with_a_wildcard if {
	s := allowing({"conditions": [condition("StringEquals", "kms:encryptioncontext:a.b", ["1"], 0)]})
	lib.bound(s, {"kms:encryptioncontext:*"}) == true
	lib.bound(s, callers) == false
}

test_unknown_conditions if lib.bound(allowing({"unknown": {"conditions": 1}}), callers) == "unknown"

test_everybody[name] if {
	some name, [parts, want] in {
		"everybody": [{}, true],
		"everybody but": [{"principals": [], "not_principals": [{"type": "AWS", "identifiers": ["1"], "unknown": 0}]}, true],
		"one": [{"principals": [{"type": "AWS", "identifiers": ["1"], "unknown": 0}]}, false],
		"later": [{"principals": [{"type": "AWS", "identifiers": [], "unknown": 1}]}, "unknown"],
		"resource": [{"principals": [{"type": "AWS", "identifiers": [], "unknown": 1}], "refs": {"principals": [{"address": "aws_iam_role.r", "type": "aws_iam_role"}]}}, false],
		"not seen": [{"principals": [], "unknown": {"principals": 1}}, "unknown"],
	}
	lib.everybody(allowing(parts)) == want with input as {}
}

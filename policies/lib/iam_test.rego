package portcullis.lib.iam_test

import data.portcullis.lib
import data.portcullis.lib.iam

test_broad[text] if {
	some text in [
		"*", "**", "arn:aws:s3:::*", "arn:aws:s3:::*/*", "arn:aws:dynamodb:*:*:table/*", "arn:aws:iam::111122223333:role/*",
		"arn:aws:logs:*:*:*", "arn:aws:logs:eu-west-1:${}:log-group:*", "arn:*:*:*:*:*", "arn:aws:s3*", "arn:aws:kms:eu-west-1:1:key/*",
		"arn:aws:sqs:*:*:*",
	]
	iam.broad(text)
}

test_narrow[text] if {
	some text in [
		"arn:aws:s3:::files/*", "arn:aws:s3:::files", "arn:aws:dynamodb:*:*:table/rooms", "arn:aws:iam::111122223333:role/ci-*",
		"arn:aws:logs:eu-west-1:1:log-group:chat:*", "${}", "arn:aws:sns:eu-west-1:1:a", "arn:aws:execute-api:eu-west-1:1:abcdefghij/*",
	]
	not iam.broad(text)
}

condition(test, values) := {"test": test, "variable": "aws:sourcearn", "values": values, "unknown": 0, "refs": []}

test_binds[test] if {
	some test, values in {
		"StringEquals": ["a"], "ArnLike": ["arn:aws:sns:*:111122223333:a"], "ForAnyValue:StringLike": ["a*"], "IpAddress": ["192.0.2.0/24"],
		"Bool": ["true"], "stringlike": ["a*"], "ForAnyValue:ArnLike": ["arn:aws:s3:::a*"], "ArnEquals": ["arn:aws:sns:*:111122223333:*"],
	}
	iam.binds(condition(test, values))
}

test_does_not_bind[test] if {
	some test, values in {
		"StringEqualsIfExists": ["a"], "ArnLike": ["*"], "ArnEquals": ["arn:*:*:*:*:*"], "ForAllValues:StringLike": ["a*"], "IpAddress": ["192.0.2.0/24", "0.0.0.0/1"], "ForAnyValue:IpAddress": ["::/0"],
		"Bool": ["true", "false"], "StringLike": ["a", "*"], "StringNotEquals": ["a"], "Null": ["false"], "StringEquals": [],
		"ForAnyValue:ArnLike": ["arn:aws:sns:*:*:a"], "ForAnyValue:StringLike": ["arn:aws:sns:eu-west-1:1:a", "arn:aws:s3:::*"],
	}
	not iam.binds(condition(test, values))
}

# What a request is about may have a wildcard for its account.
test_any_account_of_what_is_asked_for_binds if {
	iam.binds({"test": "ArnLike", "variable": "iam:policyarn", "values": ["arn:aws:iam::*:policy/a"], "unknown": 0, "refs": []})
	not iam.binds({"test": "ArnLike", "variable": "kms:encryptioncontext:aws:logs:arn", "values": ["arn:aws:logs:*:*:*"], "unknown": 0, "refs": []})
	iam.binds({"test": "StringEquals", "variable": "aws:sourcearn", "values": ["arn:aws:sns:*:*:a"], "unknown": 0, "refs": []})
}

test_every_value if {
	every text in ["*", "?*", "arn:*:*:*:*:*", "vpce-*", "vpc-????????", "o-*", "o-*/r-*/ou-*/*", "AROA*:*", "*.amazonaws.com", "????????????"] {
		iam.every_value(text)
	}
	every text in ["o-1/*", "vpce-1*", "AROAEXAMPLE:*", "s3.*.amazonaws.com", "o-1", "arn:aws:iam::*:policy/a", "a*"] {
		not iam.every_value(text)
	}
}

test_covered if {
	iam.covered({"actions": ["iam:pass*", "lambda:createfunction", "*", "*:*"]}, {"iam:passrole", "lambda:createfunction", "s3:getobject"}) == {"iam:passrole", "lambda:createfunction"}
	iam.covered({"actions": ["iam:?assrole"]}, {"iam:passrole"}) == {"iam:passrole"}
	iam.in_table({"actions": ["sqs:send*", "sns:publish", "*"]}, {"sqs": {"sendmessage", "deletequeue"}, "sns": {"publish"}}) == {"sqs:sendmessage", "sns:publish"}
}

# A dot is a letter like others.
test_grants_over_dots if {
	lib.grants("function:*", "function:a.b")
	lib.grants("*", "ec2.amazonaws.com")
	lib.grants("a?b", "a.b")
}

test_account if {
	iam.account("111122223333") == "111122223333"
	iam.account("arn:aws:iam::111122223333:root") == "111122223333"
	not iam.account("arn:aws:iam::cloudfront:user/x")
}

test_some_of if {
	iam.some_of({"b", "a"}) == "a, b"
	iam.some_of({"a", "b", "c", "d", "e"}) == "a, b, c and 2 more"
}

test_unproven if {
	not iam.unproven([{"type": "aws_sqs_queue", "attribute": "arn", "address": "a"}])
	iam.unproven([{"type": "aws_sqs_queue", "attribute": "arn", "address": "a"}, {"address": "var.x"}])
	iam.unproven([{"type": "aws_ssm_parameter", "attribute": "value", "address": "a"}])
	iam.unproven([])
}

# An account can only be known where something of it is there already, or by a
# call to AWS: no plan of the fixtures has one.
foreign := {
	"accounts": ["111122223333"],
	"policies": [{
		"address": "aws_iam_role.r", "attribute": "assume_role_policy", "kind": "trust", "type": "aws_iam_role", "state": "known",
		"statements": [{
			"effect": "Allow", "conditions": [], "unknown": {}, "at": {"address": "aws_iam_role.r", "path": []},
			"principals": [{"type": "AWS", "identifiers": ["111122223333", "arn:aws:iam::444455556666:role/x"], "unknown": 0, "refs": []}],
		}],
	}],
}

test_foreign_account if {
	found := data.portcullis.rules.iam.trust_account.deny with input as foreign
	count(found) == 1
	some f in found
	f.message == "account 444455556666 may take the role and says no id"
	untold := object.union(foreign, {"accounts": []})
	count(data.portcullis.rules.iam.trust_account.deny) == 0 with input as untold
	count(data.portcullis.rules.iam.trust_account.unknown) == 1 with input as untold
	own := data.portcullis.rules.iam.trust_account.deny with input as object.union(foreign, {"accounts": ["111122223333", "444455556666"]})
	count(own) == 0
}

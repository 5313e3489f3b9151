package portcullis.rules.storage.tls_only_test

import data.portcullis.rules.storage.tls_only

plan(effect) := {
	"by_type": {
		"aws_s3_bucket": [{"address": "aws_s3_bucket.b", "base": "aws_s3_bucket.b", "config": "aws_s3_bucket.b", "type": "aws_s3_bucket", "values": {"bucket": "b"}, "unknown": {}, "refs": {}}],
		"aws_s3_bucket_policy": [{"address": "p", "values": {"bucket": "b"}, "unknown": {}, "refs": {}}],
	},
	"policies": [{"address": "p", "state": "known", "statements": [{
		"effect": effect, "actions": ["s3:*"], "resources": ["*"], "unknown": {},
		"principals": [{"type": "*", "identifiers": ["*"], "unknown": 0}], "not_principals": [],
		"conditions": [{"test": "Bool", "variable": "aws:securetransport", "values": ["false"], "unknown": 0}],
	}]}],
}

test_a_refusal_is_what_counts if {
	count(tls_only.deny) == 0 with input as plan("Deny")
	count(tls_only.deny) == 1 with input as plan("Allow")
}

package portcullis.rules.storage.object_ownership_test

import data.portcullis.rules.storage.object_ownership

plan(actions) := {"by_type": {"aws_s3_bucket": [{
	"address": "aws_s3_bucket.b", "base": "aws_s3_bucket.b", "config": "aws_s3_bucket.b", "type": "aws_s3_bucket",
	"actions": actions, "values": {}, "unknown": {}, "refs": {},
}]}}

test_new_buckets_have_no_lists if {
	count(object_ownership.subjects) == 1 with input as plan(["delete", "create"])
	count(object_ownership.deny | object_ownership.unknown) == 0 with input as plan(["create"])
}

test_what_is_there_already_may_be_old[actions] if {
	some actions in [["no-op"], ["update"]]
	count(object_ownership.unknown) == 1 with input as plan(actions)
}

package portcullis.rules.storage.public_access_block_test

import data.portcullis.rules.storage.public_access_block

bucket := {"address": "aws_s3_bucket.b", "base": "aws_s3_bucket.b", "config": "aws_s3_bucket.b", "type": "aws_s3_bucket", "values": {}, "unknown": {}, "refs": {}}

account(parts) := {"by_type": {
	"aws_s3_bucket": [bucket],
	"aws_s3_account_public_access_block": [{
		"address": "a",
		"values": object.union({flag: true | some flag in public_access_block.flags}, parts),
		"unknown": {},
		"refs": {},
	}],
}}

test_a_block_of_the_account_counts if {
	count(public_access_block.subjects) == 1 with input as account({})
	count(public_access_block.deny | public_access_block.unknown) == 0 with input as account({})
}

test_only_if_it_blocks_everything if {
	count(public_access_block.deny) == 1 with input as account({"ignore_public_acls": false})
}

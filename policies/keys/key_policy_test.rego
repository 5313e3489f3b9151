package portcullis.rules.keys.key_policy_test

import data.portcullis.rules.keys.key_policy

# A key that is there already, with the policy that KMS gave it.
plan(parts) := {"by_type": {"aws_kms_key": [object.union(
	{
		"address": "aws_kms_key.k", "base": "aws_kms_key.k", "config": "aws_kms_key.k", "type": "aws_kms_key",
		"values": {"policy": "{}"}, "unknown": {}, "refs": {},
	},
	parts,
)]}}

test_the_policy_that_kms_gave_is_none if count(key_policy.deny) == 1 with input as plan({})

test_a_policy_that_is_written_is_one if {
	count(key_policy.deny) == 0 with input as plan({"refs": {"policy": []}})
}

test_an_empty_one_is_none if count(key_policy.deny) == 1 with input as plan({"refs": {"policy": []}, "values": {"policy": ""}})

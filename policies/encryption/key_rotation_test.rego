package portcullis.rules.encryption.key_rotation_test

import data.portcullis.rules.encryption.key_rotation

# plan has one key that is not rotated.
plan(values) := {"by_type": {"aws_kms_key": [{
	"address": "aws_kms_key.k",
	"values": object.union({"customer_master_key_spec": "SYMMETRIC_DEFAULT", "enable_key_rotation": false}, values),
	"unknown": {},
	"refs": {},
}]}}

test_a_key_that_kms_can_rotate if count(key_rotation.deny) == 1 with input as plan({})

test_a_key_of_a_key_store_of_ones_own if {
	count(key_rotation.subjects) == 0 with input as plan({"custom_key_store_id": "cks-1"})
}

test_a_key_that_signs if {
	count(key_rotation.subjects) == 0 with input as plan({"customer_master_key_spec": "ECC_NIST_P256"})
}

package portcullis.rules.keys.secret_in_state_test

import data.portcullis.rules.keys.secret_in_state

plan(type, parts) := {"by_type": {type: [object.union(
	{
		"address": "r", "values": {"type": "SecureString"}, "unknown": {}, "refs": {},
	},
	parts,
)]}}

# The provider hides the attribute of a value that was written only.
test_a_hidden_value_that_is_not_written_is_none[type] if {
	some type, path in {"aws_ssm_parameter": "value", "aws_secretsmanager_secret_version": "secret_string"}
	count(secret_in_state.deny | secret_in_state.unknown) == 0 with input as plan(type, {"unknown": {path: "sensitive"}})
	count(secret_in_state.deny) == 1 with input as plan(type, {"unknown": {path: "sensitive"}, "refs": {path: []}})
}

test_null_is_none[type] if {
	some type, path in {"aws_ssm_parameter": "value", "aws_secretsmanager_secret_version": "secret_string"}
	count(secret_in_state.deny | secret_in_state.unknown) == 0 with input as plan(type, {"refs": {path: []}})
}

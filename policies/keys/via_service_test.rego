package portcullis.rules.keys.via_service_test

import data.portcullis.rules.keys.via_service

# A statement for whom, nobody knows.
plan(parts) := {"policies": [{"address": "p", "type": "aws_kms_key", "kind": "resource", "attribute": "policy", "state": "partial", "statements": [object.union(
	{
		"effect": "Allow", "actions": ["kms:*"], "not_actions": [], "principals": [], "not_principals": [], "conditions": [],
		"unknown": {"principals": 1}, "refs": {}, "at": {"address": "d", "path": []},
	},
	parts,
)]}]}

test_who_is_not_known_may_be_the_account if count(via_service.unknown) == 1 with input as plan({})

test_but_not_where_it_is_refused if count(via_service.subjects) == 0 with input as plan({"effect": "Deny"})

test_nor_where_nothing_is_decrypted if count(via_service.subjects) == 0 with input as plan({"actions": ["kms:putkeypolicy"]})

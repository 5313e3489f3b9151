package portcullis.lib_test

import data.portcullis.lib

resource := {
	"address": "a.b",
	"values": {"known": "v", "empty": "", "blocks": [{"inner": 1}], "target_id": "t-1"},
	"unknown": {"set": "unknown", "left": "unknown", "secret": "sensitive", "blocks.0.later": "unknown", "whole": "unknown"},
	"refs": {
		"set": [{"address": "aws_kms_key.k", "type": "aws_kms_key", "mode": "managed", "attribute": "arn"}],
		"mixed": [{"address": "aws_kms_key.k", "type": "aws_kms_key"}, {"address": "var.x"}],
		"blocks.0.later": [],
		"whole": [{"address": "m.n", "type": "m", "mode": "managed", "index": 0}],
		"list": [{"address": "m.n", "type": "m", "mode": "managed"}],
	},
	"templates": {"set": ["${}/x"]},
	"index": 1,
}

test_state[path] if {
	some path, want in {
		["known"]: "known",
		["empty"]: "known",
		["set"]: "reference",
		["secret"]: "reference",
		["left"]: "defaulted",
		["nothing"]: "absent",
		["blocks", 0, "inner"]: "known",
		["blocks", 0, "later"]: "reference",
		["blocks", 0, "nothing"]: "absent",
		["whole", 0, "inner"]: "reference",
	}
	lib.state(resource, path) == want
}

test_is_set if {
	lib.is_set(resource, ["known"])
	lib.is_set(resource, ["set"])
	lib.is_set(resource, ["secret"])
	not lib.is_set(resource, ["empty"])
	not lib.is_set(resource, ["left"])
	not lib.is_set(resource, ["nothing"])
}

test_equals if {
	lib.equals(resource, ["known"], "v") == true
	lib.equals(resource, ["known"], "w") == false
	lib.equals(resource, ["left"], "v") == false
	lib.equals(resource, ["set"], "v") == "unknown"
	lib.one_of(resource, ["known"], {"u", "v"}) == true
	lib.one_of(resource, ["nothing"], {"u", "v"}) == false
	lib.one_of(resource, ["secret"], {"u", "v"}) == "unknown"
}

test_set_from if {
	lib.set_from(resource, ["set"], {"aws_kms_key"})
	not lib.set_from(resource, ["set"], {"aws_sns_topic"})
	not lib.set_from(resource, ["mixed"], {"aws_kms_key"})
	not lib.set_from(resource, ["nothing"], {"aws_kms_key"})
}

test_points_to_by_reference if {
	zero := {"address": "m.n[0]", "base": "m.n", "config": "m.n", "type": "m", "index": 0, "values": {}}
	one := object.union(zero, {"address": "m.n[1]", "index": 1})
	single := object.remove(object.union(zero, {"address": "m.n"}), ["index"])

	# A reference with a key means that instance.
	lib.points_to(resource, ["whole"], zero)
	not lib.points_to(resource, ["whole"], one)

	# One without a key means that of the same key, if there is one, else all.
	lib.points_to(resource, ["list"], one) with input as {"by_type": {"m": [zero, one]}}
	not lib.points_to(resource, ["list"], zero) with input as {"by_type": {"m": [zero, one]}}
	lib.points_to(resource, ["list"], zero) with input as {"by_type": {"m": [zero]}}
	lib.points_to(resource, ["list"], single) with input as {"by_type": {"m": [single]}}
	lib.points_to(object.remove(resource, ["index"]), ["list"], one) with input as {"by_type": {"m": [zero, one]}}
	not lib.points_to(resource, ["nothing"], zero)
}

test_points_to_by_value if {
	target := {"address": "t.t", "base": "t.t", "config": "t.t", "type": "t", "values": {"id": "t-1"}}
	lib.points_to(resource, ["target_id"], target)
	not lib.points_to(resource, ["known"], target)
}

test_targets if {
	target := {"address": "t.t", "base": "t.t", "config": "t.t", "type": "t", "values": {"id": "t-1"}}
	lib.targets(resource, ["target_id"], "t") == [target] with input as {"by_type": {"t": [target]}}
	lib.targets(resource, ["known"], "t") == [] with input as {"by_type": {"t": [target]}}
}

test_targets_by_index if {
	many := [
		{"address": "m.n[0]", "base": "m.n", "config": "m.n", "type": "m", "index": 0, "values": {}},
		{"address": "m.n[1]", "base": "m.n", "config": "m.n", "type": "m", "index": 1, "values": {"id": "t-1"}},
	]
	document := {"by_type": {"m": many}, "lookup": {"m": {"m.n": [0, 1], "m.n[0]": [0], "m.n[1]": [1], "t-1": [1]}}}
	lib.targets(resource, ["whole"], "m") == [many[0]] with input as document
	lib.targets(resource, ["list"], "m") == [many[1]] with input as document
	lib.targets(resource, ["target_id"], "m") == [many[1]] with input as document
	not lib.points_to(resource, ["list"], many[0]) with input as document
	lib.targets(object.union(resource, {"index": 7}), ["list"], "m") == many with input as document
	lib.targets(object.union(resource, {"index": 7}), ["list"], "m") == many with input as {"by_type": {"m": many}}
}

test_templates if lib.templates(resource, ["set"]) == ["${}/x"]

test_finding if {
	lib.finding(resource, ["blocks", 0], "m") == {"address": "a.b", "path": ["blocks", "0"], "message": "m"}
}

test_in_policy if {
	got := lib.in_policy({"address": "a.b", "attribute": "x.0.policy"}, {"at": {"address": "d", "path": ["statement", "0"]}}, "m")
	got == {"address": "a.b", "path": ["x", "0", "policy"], "message": "m", "at": {"address": "d", "path": ["statement", "0"]}}
}

test_websocket if {
	api := {"address": "aws_apigatewayv2_api.a", "base": "aws_apigatewayv2_api.a", "config": "aws_apigatewayv2_api.a", "type": "aws_apigatewayv2_api", "values": {"id": "1", "protocol_type": "WEBSOCKET"}}
	route := {"values": {"api_id": "1"}, "refs": {}, "unknown": {}}
	lib.on_websocket(route) with input as {"by_type": {"aws_apigatewayv2_api": [api]}}
	not lib.on_websocket(route) with input as {"by_type": {"aws_apigatewayv2_api": [object.union(api, {"values": {"protocol_type": "HTTP"}})]}}
}

test_grants[pattern] if {
	some pattern, want in {
		"*": true,
		"*:*": true,
		"s3:*": true,
		"s3:get*": true,
		"s3:g?tobject": true,
		"s3:getobject": true,
		"s3:getobjectacl": false,
		"s3:[g]etobject": false,
		"s3:{getobject,x}": false,
		"kms:*": false,
	}
	granted := {true | lib.grants(pattern, "s3:getobject")}
	granted == {true | want == true}
}

test_allows if {
	s := {"effect": "Allow", "actions": ["s3:*", "kms:decrypt"]}
	lib.allows(s, "s3:getobject") == {"s3:*"}
	lib.allows(object.union(s, {"effect": "Deny"}), "s3:getobject") == set()
}

test_companion if {
	target := {"address": "t.t", "base": "t.t", "config": "t.t", "type": "t", "values": {"bucket": "b"}}
	named := {"values": {"bucket": "b"}, "refs": {}, "unknown": {}}
	other := {"values": {"bucket": "c"}, "refs": {}, "unknown": {}}
	later := {"values": {}, "refs": {"bucket": [{"address": "var.x"}]}, "unknown": {"bucket": "unknown"}}
	lib.companions(target, "c", ["bucket"]) == [named] with input as {"by_type": {"t": [target], "c": [named, other]}}
	lib.companion(target, "c", ["bucket"]) == true with input as {"by_type": {"t": [target], "c": [later, named]}}
	lib.companion(target, "c", ["bucket"]) == "unknown" with input as {"by_type": {"t": [target], "c": [later, other]}}
	lib.companion(target, "c", ["bucket"]) == false with input as {"by_type": {"t": [target], "c": [other]}}
	lib.companion(target, "c", ["bucket"]) == false with input as {"by_type": {}}
}

test_any_of_and_all_of if {
	lib.any_of({false, "unknown", true}) == true
	lib.any_of({false, "unknown"}) == "unknown"
	lib.any_of(set()) == false
	lib.all_of({true, "unknown", false}) == false
	lib.all_of({true, "unknown"}) == "unknown"
	lib.all_of(set()) == true
}

test_a_companion_of_a_replica_is_no_key_s if {
	key := {"address": "aws_kms_key.k", "base": "aws_kms_key.k", "config": "aws_kms_key.k", "type": "aws_kms_key", "values": {}}
	policy := {"values": {}, "refs": {"key_id": [{"address": "aws_kms_replica_key.r", "type": "aws_kms_replica_key"}]}, "unknown": {"key_id": "unknown"}}
	lib.companion(key, "aws_kms_key_policy", ["key_id"]) == false with input as {"by_type": {"aws_kms_key_policy": [policy]}}
}

test_unclear if {
	lib.unclear(resource, ["set"], {"aws_sns_topic"})
	not lib.unclear(resource, ["set"], {"aws_kms_key"})
	not lib.unclear(resource, ["known"], set())
	not lib.unclear(resource, ["left"], set())
}

test_text if {
	lib.text(resource, ["known"]) == "v"
	not lib.text(resource, ["blocks"])
	not lib.text(resource, ["nothing"])
}

test_veiled if {
	lib.veiled(resource, ["set"])
	lib.veiled(resource, ["blocks", 0])
	lib.veiled(resource, ["blocks"])
	not lib.veiled(resource, ["known"])
	not lib.veiled(resource, ["left"])
}

a_function := {"address": "aws_lambda_function.f", "base": "aws_lambda_function.f", "config": "aws_lambda_function.f", "type": "aws_lambda_function", "values": {"function_name": "f"}, "unknown": {}, "refs": {}}

live := {"address": "aws_lambda_alias.live", "base": "aws_lambda_alias.live", "config": "aws_lambda_alias.live", "type": "aws_lambda_alias", "values": {"function_name": "f"}, "unknown": {}, "refs": {}}

test_functions[name] if {
	some name, want in {
		"f": 1,
		"arn:aws:lambda:eu-west-1:111122223333:function:f": 1,
		"arn:aws:lambda:eu-west-1:111122223333:function:f:live": 1,
		"arn:aws:lambda:eu-west-1:111122223333:function:fg": 0,
		"arn:aws:lambda:eu-west-1:111122223333:layer:f": 0,
		"g": 0,
	}
	r := {"values": {"function_name": name}, "unknown": {}, "refs": {}}
	found := lib.functions(r, ["function_name"]) with input as {"by_type": {"aws_lambda_function": [a_function], "aws_lambda_alias": [live]}}
	count(found) == want
}

test_functions_by_reference[type] if {
	some type, target in {"aws_lambda_function": "aws_lambda_function.f", "aws_lambda_alias": "aws_lambda_alias.live"}
	r := {"values": {}, "unknown": {"arn": "unknown"}, "refs": {"arn": [{"address": target, "type": type}]}}
	lib.functions(r, ["arn"]) == {a_function} with input as {"by_type": {"aws_lambda_function": [a_function], "aws_lambda_alias": [live]}}
}

test_event_source[want] if {
	some want, m in {
		"kafka": {"values": {"event_source_arn": "arn:aws:kafka:eu-west-1:111122223333:cluster/c/1"}, "unknown": {}, "refs": {}},
		"sqs": {"values": {}, "unknown": {"event_source_arn": "unknown"}, "refs": {"event_source_arn": [{"address": "aws_sqs_queue.q", "type": "aws_sqs_queue"}]}},
		"unknown": {"values": {}, "unknown": {"event_source_arn": "unknown"}, "refs": {"event_source_arn": []}},
		"another": {"values": {}, "unknown": {}, "refs": {}},
	}
	lib.event_source(m) == want
}

bounding := {"address": "aws_iam_policy.p", "base": "aws_iam_policy.p", "config": "aws_iam_policy.p", "values": {}}

naming(attribute) := {"values": {}, "unknown": {attribute: "unknown"}, "refs": {attribute: [{"address": "aws_iam_policy.p", "type": "aws_iam_policy", "attribute": "arn"}]}}

test_a_policy_that_only_bounds_grants_nothing if {
	lib.bounds_only("aws_iam_policy.p") with input.by_type as {"aws_iam_policy": [bounding], "aws_iam_role": [naming("permissions_boundary")]}
	not lib.bounds_only("aws_iam_policy.p") with input.by_type as {"aws_iam_policy": [bounding], "aws_iam_role": [naming("path")]}
	not lib.bounds_only("aws_iam_policy.q") with input.by_type as {"aws_iam_policy": [bounding], "aws_iam_role": [naming("permissions_boundary")]}
}

test_a_policy_that_is_attached_too_grants if {
	every type, attribute in {"aws_iam_role_policy_attachment": "policy_arn", "aws_iam_policy_attachment": "policy_arn", "aws_iam_role_policy_attachments_exclusive": "policy_arns"} {
		not lib.bounds_only("aws_iam_policy.p") with input.by_type as {"aws_iam_policy": [bounding], "aws_iam_role": [naming("permissions_boundary")], type: [naming(attribute)]}
	}
}

test_pairs_are_grouped_by_the_first_of_each if {
	lib.grouped({["b", 1], ["a", 10], ["b", 0], ["a", 9], ["c", {"x"}]}) == {"a": [9, 10], "b": [0, 1], "c": [{"x"}]}
	lib.grouped(set()) == {}
}

test_what_lies_at_an_address_is_found if {
	documents := [{"address": "a", "n": 1}, {"address": "b", "n": 2}]
	lib.documents_at("b") == [documents[1]] with input.data.aws_iam_policy_document as documents
	lib.documents_at("c") == [] with input.data.aws_iam_policy_document as documents
	policies := [{"address": "a", "n": 1}, {"address": "b", "n": 2}, {"address": "a", "n": 3}]
	lib.policies_at("a") == [policies[0], policies[2]] with input.policies as policies
}

# What may be nothing is not given for sure.
test_given[name] if {
	some name, [refs, want] in {
		"a resource": [[{"address": "aws_sqs_queue.q", "type": "aws_sqs_queue"}], true],
		"a resource that a variable chooses": [[{"address": "aws_sqs_queue.q", "type": "aws_sqs_queue"}, {"address": "var.x"}], true],
		"a resource or null": [[{"address": "aws_sqs_queue.q", "type": "aws_sqs_queue"}, {"address": "null"}], "unknown"],
		"another provider's": [[{"address": "terraform_data.x", "type": "terraform_data"}], "unknown"],
		"a variable": [[{"address": "var.x"}], "unknown"],
		"nothing that is seen": [[], "unknown"],
	}
	lib.given({"values": {}, "unknown": {"a": "unknown"}, "refs": {"a": refs}}, ["a"]) == want
}

test_given_what_is_known if {
	lib.given({"values": {"a": "x"}, "unknown": {}, "refs": {}}, ["a"]) == true
	lib.given({"values": {"a": ""}, "unknown": {}, "refs": {"a": []}}, ["a"]) == false
	lib.given({"values": {}, "unknown": {"a": "defaulted"}, "refs": {}}, ["a"]) == false
}

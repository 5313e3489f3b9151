package portcullis.rules.waf.sampled_requests_test

import data.portcullis.rules.waf.sampled_requests

plan(protocol) := {"by_type": {
	"aws_apigatewayv2_api": [{"address": "a", "values": {"protocol_type": protocol}, "unknown": {}, "refs": {}}],
	"aws_wafv2_web_acl": [{"address": "w", "values": {"visibility_config": [{"sampled_requests_enabled": true}]}, "unknown": {"rule": "unknown"}, "refs": {"rule": []}}],
}}

# In front of an HTTP API no token is in Sec-WebSocket-Protocol.
test_only_before_a_websocket_api if {
	count(sampled_requests.deny) == 1 with input as plan("WEBSOCKET")
	count(sampled_requests.unknown) == 1 with input as plan("WEBSOCKET")
	count(sampled_requests.subjects) == 0 with input as plan("HTTP")
}

protected(headers) := {"data_protection_config": [{"data_protection": [{"field": [{"field_type": "SINGLE_HEADER", "field_keys": headers}]}]}]}

test_protected_headers_are_not_in_samples if {
	some headers, n in {["authorization", "Sec-WebSocket-Protocol"]: 0, ["authorization"]: 1}
	p := plan("WEBSOCKET")
	acl := object.union(p.by_type.aws_wafv2_web_acl[0], {"values": protected(headers)})
	count(sampled_requests.unknown) == n with input as object.union(p, {"by_type": {"aws_wafv2_web_acl": [acl]}})
}

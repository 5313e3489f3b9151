package portcullis.rules.waf.log_redaction_test

import data.portcullis.rules.waf.log_redaction

# plan has a log that leaves the header authorization out, and an authorizer.
plan(source) := {"by_type": {
	"aws_apigatewayv2_authorizer": [{"values": {"identity_sources": [source]}, "unknown": {}, "refs": {}}],
	"aws_wafv2_web_acl_logging_configuration": [{
		"address": "aws_wafv2_web_acl_logging_configuration.l",
		"values": {"redacted_fields": [{"single_header": [{"name": "Authorization"}], "query_string": []}]},
		"unknown": {},
		"refs": {},
	}],
}}

test_a_token_in_the_query if {
	{d.message | some d in log_redaction.deny} == {"the query string is logged"} with input as plan("route.request.querystring.token")
}

test_a_token_in_a_header if count(log_redaction.deny) == 0 with input as plan("route.request.header.Authorization")

package portcullis.rules.waf.user_pool_test

import data.portcullis.rules.waf.user_pool

plan(scope) := {"by_type": {
	"aws_cognito_user_pool": [{"address": "p", "base": "p", "config": "p", "type": "aws_cognito_user_pool", "values": {}, "unknown": {}, "refs": {}}],
	"aws_wafv2_web_acl": [{"address": "w", "values": {"scope": scope}, "unknown": {}, "refs": {}}],
}}

# A web ACL for CloudFront cannot guard a pool: none is at hand.
test_only_where_a_web_acl_could_guard_it if {
	count(user_pool.deny) == 1 with input as plan("REGIONAL")
	count(user_pool.subjects) == 0 with input as plan("CLOUDFRONT")
}

# METADATA
# title: A user pool has a web ACL where there is one
# description: |
#   The sign-in of a user pool is on the internet under its own name, past the
#   distribution: who tries passwords tries them there. Severity low, and asked
#   only where the plan has a web ACL of scope REGIONAL: Cognito has limits of its
#   own, and a web ACL for it alone costs money.
# related_resources:
# - https://docs.aws.amazon.com/cognito/latest/developerguide/user-pool-waf.html
# custom:
#   severity: low
#   remediation: Make an aws_wafv2_web_acl_association with the pool's ARN.
#   types: [aws_cognito_user_pool, aws_wafv2_web_acl_association]
#   good: |
#     resource "aws_wafv2_web_acl_association" "pool" {
#       resource_arn = aws_cognito_user_pool.chat.arn
#       web_acl_arn  = aws_wafv2_web_acl.regional.arn
#     }
#   bad: |
#     resource "aws_wafv2_web_acl" "regional" {
#       name  = "regional"
#       scope = "REGIONAL"
#     }
#     resource "aws_cognito_user_pool" "chat" {
#       name = "chat"
#     }
package portcullis.rules.waf.user_pool

import data.portcullis.lib
import data.portcullis.lib.join

pools contains pool if {
	"REGIONAL" in {acl.values.scope | some acl in input.by_type.aws_wafv2_web_acl}
	some pool in input.by_type.aws_cognito_user_pool
}

subjects contains pool.address if some pool in pools

links(pool) := join.links(pool, "aws_wafv2_web_acl_association", ["resource_arn"])

deny contains lib.finding(pool, [], "the pool's sign-in has no web ACL") if {
	some pool in pools
	count(links(pool) & {true, "unknown"}) == 0
}

unknown contains lib.finding(pool, [], "which pool a web ACL guards is known after apply") if {
	some pool in pools
	"unknown" in links(pool)
	not true in links(pool)
}

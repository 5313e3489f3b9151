# METADATA
# title: A web ACL limits the rate of each address
# description: |
#   Without a rate-based rule one address may try tokens, or open connections, as
#   fast as the quota of the whole account allows, and everybody else is refused.
# related_resources:
# - https://docs.aws.amazon.com/waf/latest/developerguide/waf-rule-statement-type-rate-based.html
# custom:
#   severity: medium
#   remediation: Add a rule with a rate_based_statement and action block. Before a WebSocket API it counts handshakes, not messages.
#   types: [aws_wafv2_web_acl]
#   good: |
#     resource "aws_wafv2_web_acl" "edge" {
#       name  = "edge"
#       scope = "CLOUDFRONT"
#       rule {
#         name     = "rate"
#         priority = 1
#         action {
#           block {}
#         }
#         statement {
#           rate_based_statement {
#             limit = 300
#           }
#         }
#       }
#     }
#   bad: |
#     resource "aws_wafv2_web_acl" "edge" {
#       name  = "edge"
#       scope = "CLOUDFRONT"
#       default_action {
#         allow {}
#       }
#     }
package portcullis.rules.waf.rate_limit

import data.portcullis.lib
import data.portcullis.lib.waf

subjects contains acl.address if some acl in input.by_type.aws_wafv2_web_acl

rates(acl) := [i |
	some [i, rule] in waf.rules(acl)
	some _ in waf.statement(rule).rate_based_statement
	not waf.counts(rule)
]

limited(acl) if {
	some i in rates(acl)
	not waf.open(acl, i)
}

uncertain(acl) if waf.unseen(acl)

uncertain(acl) if count(rates(acl)) > 0

# A group of one's own may have such a rule.
uncertain(acl) if {
	some [_, rule] in waf.rules(acl)
	some _ in waf.statement(rule).rule_group_reference_statement
}

deny contains lib.finding(acl, ["rule"], "no rule limits the rate of an address") if {
	some acl in input.by_type.aws_wafv2_web_acl
	not limited(acl)
	not uncertain(acl)
}

unknown contains lib.finding(acl, ["rule"], "whether a rule limits the rate is known after apply, in a group of rules, or in rule_json") if {
	some acl in input.by_type.aws_wafv2_web_acl
	not limited(acl)
	uncertain(acl)
}

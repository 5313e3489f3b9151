# METADATA
# title: A web ACL blocks something
# description: |
#   A web ACL that allows by default and whose rules all count, or that has none,
#   lets everything through: it looks like protection on a diagram only. Rules
#   are put to count for a trial, and then forgotten.
# related_resources:
# - https://docs.aws.amazon.com/waf/latest/developerguide/web-acl-default-action.html
# - https://docs.aws.amazon.com/waf/latest/developerguide/web-acl-rule-group-override-options.html
# custom:
#   severity: high
#   remediation: Set override_action to none for groups of rules and action to block for rules of your own, or default_action to block.
#   types: [aws_wafv2_web_acl]
#   mappings:
#     checkov: [CKV_AWS_175, CKV_AWS_342]
#     fsbp: [WAF.10]
#   good: |
#     resource "aws_wafv2_web_acl" "edge" {
#       name  = "edge"
#       scope = "CLOUDFRONT"
#       default_action {
#         allow {}
#       }
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
#       rule {
#         name     = "rate"
#         priority = 1
#         action {
#           count {}
#         }
#         statement {
#           rate_based_statement {
#             limit = 300
#           }
#         }
#       }
#     }
package portcullis.rules.waf.blocks

import data.portcullis.lib
import data.portcullis.lib.waf

subjects contains acl.address if some acl in input.by_type.aws_wafv2_web_acl

# stops holds for a rule that keeps a request out, or asks for a puzzle first.
stops(rule) if {
	some name in ["block", "captcha", "challenge"]
	rule.action[0][name][_]
}

stops(rule) if rule.override_action[0].none[_]

blocks(acl) if acl.values.default_action[0].block[_]

blocks(acl) if {
	some [_, rule] in waf.rules(acl)
	stops(rule)
}

uncertain(acl) if waf.unseen(acl)

uncertain(acl) if {
	some [i, _] in waf.rules(acl)
	waf.open(acl, i)
}

uncertain(acl) if {
	some name in ["allow", "block"]
	lib.hidden(acl, ["default_action", 0, name])
}

message(acl) := "it has no rules and allows everything" if {
	count(waf.rules(acl)) == 0
} else := "all its rules count or allow, and so does its default"

deny contains lib.finding(acl, ["rule"], message(acl)) if {
	some acl in input.by_type.aws_wafv2_web_acl
	not blocks(acl)
	not uncertain(acl)
}

unknown contains lib.finding(acl, ["rule"], "whether a rule blocks is known after apply, or in rule_json") if {
	some acl in input.by_type.aws_wafv2_web_acl
	not blocks(acl)
	uncertain(acl)
}

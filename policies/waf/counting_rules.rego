# METADATA
# title: No rule of a web ACL just counts
# description: |
#   A rule with action count, or a group with override_action count, lets through
#   what it was bought to stop. A web ACL where another rule blocks by label may
#   count on purpose and is left alone.
# related_resources:
# - https://docs.aws.amazon.com/waf/latest/developerguide/web-acl-rule-group-override-options.html
# - https://docs.aws.amazon.com/waf/latest/developerguide/web-acl-testing.html
# custom:
#   severity: medium
#   remediation: Set override_action to none, or action to block; put single rules of a group that disturb to count with rule_action_override.
#   types: [aws_wafv2_web_acl]
#   good: |
#     resource "aws_wafv2_web_acl" "edge" {
#       name  = "edge"
#       scope = "CLOUDFRONT"
#       rule {
#         name     = "common"
#         priority = 1
#         override_action {
#           none {}
#         }
#         statement {
#           managed_rule_group_statement {
#             vendor_name = "AWS"
#             name        = "AWSManagedRulesCommonRuleSet"
#           }
#         }
#       }
#     }
#   bad: |
#     resource "aws_wafv2_web_acl" "edge" {
#       name  = "edge"
#       scope = "CLOUDFRONT"
#       rule {
#         name     = "common"
#         priority = 1
#         override_action {
#           count {}
#         }
#         statement {
#           managed_rule_group_statement {
#             vendor_name = "AWS"
#             name        = "AWSManagedRulesCommonRuleSet"
#           }
#         }
#       }
#     }
package portcullis.rules.waf.counting_rules

import data.portcullis.lib
import data.portcullis.lib.waf

subjects contains acl.address if some acl in input.by_type.aws_wafv2_web_acl

# by_label holds if a rule acts on labels, at whatever depth.
by_label(acl) if {
	some [_, rule] in waf.rules(acl)
	not waf.counts(rule)
	contains(json.marshal(rule.statement), `"label_match_statement":[{`)
}

deny contains lib.finding(acl, ["rule", i], sprintf("the rule %s only counts", [rule.name])) if {
	some acl in input.by_type.aws_wafv2_web_acl
	not by_label(acl)
	some [i, rule] in waf.rules(acl)
	waf.counts(rule)
}

unknown contains lib.finding(acl, ["rule", i], "what the rule does is known after apply") if {
	some acl in input.by_type.aws_wafv2_web_acl
	some [i, _] in waf.rules(acl)
	waf.open(acl, i)
}

unknown contains lib.finding(acl, ["rule"], "the rules are known after apply, or in rule_json") if {
	some acl in input.by_type.aws_wafv2_web_acl
	waf.unseen(acl)
}

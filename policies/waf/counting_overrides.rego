# METADATA
# title: A group's rules are not switched off one by one
# description: |
#   rule_action_override with count or allow takes single rules out of a group,
#   often those that would have stopped the attack. Rules that are known to
#   disturb clients that are no browsers, and long tokens, may be taken out:
#   those about missing user agents, sizes, addresses of hosting providers and
#   URLs in the query.
# related_resources:
# - https://docs.aws.amazon.com/waf/latest/developerguide/web-acl-rule-group-override-options.html
# - https://docs.aws.amazon.com/waf/latest/developerguide/aws-managed-rule-groups-baseline.html
# custom:
#   severity: medium
#   remediation: Remove the override, or narrow the group with a scope_down_statement to the paths where the rule disturbs.
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
#             rule_action_override {
#               name = "NoUserAgent_HEADER"
#               action_to_use {
#                 count {}
#               }
#             }
#           }
#         }
#       }
#     }
#   bad: |
#     resource "aws_wafv2_web_acl" "edge" {
#       name  = "edge"
#       scope = "CLOUDFRONT"
#       rule {
#         name     = "bad-inputs"
#         priority = 1
#         override_action {
#           none {}
#         }
#         statement {
#           managed_rule_group_statement {
#             vendor_name = "AWS"
#             name        = "AWSManagedRulesKnownBadInputsRuleSet"
#             rule_action_override {
#               name = "Log4JRCE_HEADER"
#               action_to_use {
#                 count {}
#               }
#             }
#           }
#         }
#       }
#     }
package portcullis.rules.waf.counting_overrides

import data.portcullis.lib
import data.portcullis.lib.waf

subjects contains acl.address if some acl in input.by_type.aws_wafv2_web_acl

disturbing := {
	"NoUserAgent_HEADER", "SizeRestrictions_QUERYSTRING", "SizeRestrictions_Cookie_HEADER", "SizeRestrictions_URIPATH",
	"SizeRestrictions_BODY", "GenericRFI_QUERYARGUMENTS", "EC2MetaDataSSRF_QUERYARGUMENTS", "HostingProviderIPList",
	"CategoryHttpLibrary", "SignalNonBrowserUserAgent",
}

overrides contains [acl, at, override.name] if {
	some acl in input.by_type.aws_wafv2_web_acl
	some [i, rule] in waf.rules(acl)
	some j, override in waf.managed(rule).rule_action_override
	at := ["rule", i, "statement", 0, "managed_rule_group_statement", 0, "rule_action_override", j]
	not override.name in disturbing
}

actions(acl, at) := {name |
	some name in ["allow", "count"]
	some _ in lib.value(acl, array.concat(at, ["action_to_use", 0, name]))
}

deny contains lib.finding(acl, at, sprintf("%s stops nothing any more", [name])) if {
	some [acl, at, name] in overrides
	count(actions(acl, at)) > 0
}

unknown contains lib.finding(acl, at, sprintf("what %s does is known after apply", [name])) if {
	some [acl, at, name] in overrides
	some action in ["allow", "count"]
	lib.hidden(acl, array.concat(at, ["action_to_use", 0, action]))
}

unknown contains lib.finding(acl, ["rule"], "the rules are known after apply, or in rule_json") if {
	some acl in input.by_type.aws_wafv2_web_acl
	waf.unseen(acl)
}

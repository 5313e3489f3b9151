# METADATA
# title: A web ACL knows the inputs of known attacks
# description: |
#   AWSManagedRulesKnownBadInputsRuleSet stops what scanners send to every host
#   day and night: Log4j lookups, Java deserialisation, paths of exploits. They
#   come in headers of a handshake as well as in pages.
# related_resources:
# - https://docs.aws.amazon.com/waf/latest/developerguide/aws-managed-rule-groups-baseline.html
# custom:
#   severity: medium
#   remediation: Add a rule with AWSManagedRulesKnownBadInputsRuleSet and override_action none.
#   types: [aws_wafv2_web_acl]
#   mappings:
#     checkov: [CKV_AWS_192, CKV2_AWS_47]
#   good: |
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
package portcullis.rules.waf.known_bad_inputs

import data.portcullis.lib
import data.portcullis.lib.waf

group := "AWSManagedRulesKnownBadInputsRuleSet"

subjects contains acl.address if some acl in input.by_type.aws_wafv2_web_acl

deny contains lib.finding(acl, ["rule"], sprintf("no rule blocks by %s", [group])) if {
	some acl in input.by_type.aws_wafv2_web_acl
	waf.has(acl, group) == false
}

unknown contains lib.finding(acl, ["rule"], sprintf("whether a rule blocks by %s is known after apply, or in rule_json", [group])) if {
	some acl in input.by_type.aws_wafv2_web_acl
	waf.has(acl, group) == "unknown"
}

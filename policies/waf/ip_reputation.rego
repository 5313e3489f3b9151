# METADATA
# title: A web ACL knows addresses of bad repute
# description: |
#   AWSManagedRulesAmazonIpReputationList has the addresses that Amazon sees
#   attacking others. It costs little and stops what comes back under a new path
#   every day. Severity low: it is a help, no lock.
# related_resources:
# - https://docs.aws.amazon.com/waf/latest/developerguide/aws-managed-rule-groups-ip-rep.html
# custom:
#   severity: low
#   remediation: Add a rule with AWSManagedRulesAmazonIpReputationList and override_action none.
#   types: [aws_wafv2_web_acl]
#   good: |
#     resource "aws_wafv2_web_acl" "edge" {
#       name  = "edge"
#       scope = "CLOUDFRONT"
#       rule {
#         name     = "reputation"
#         priority = 1
#         override_action {
#           none {}
#         }
#         statement {
#           managed_rule_group_statement {
#             vendor_name = "AWS"
#             name        = "AWSManagedRulesAmazonIpReputationList"
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
package portcullis.rules.waf.ip_reputation

import data.portcullis.lib
import data.portcullis.lib.waf

group := "AWSManagedRulesAmazonIpReputationList"

subjects contains acl.address if some acl in input.by_type.aws_wafv2_web_acl

deny contains lib.finding(acl, ["rule"], sprintf("no rule blocks by %s", [group])) if {
	some acl in input.by_type.aws_wafv2_web_acl
	waf.has(acl, group) == false
}

unknown contains lib.finding(acl, ["rule"], sprintf("whether a rule blocks by %s is known after apply, or in rule_json", [group])) if {
	some acl in input.by_type.aws_wafv2_web_acl
	waf.has(acl, group) == "unknown"
}

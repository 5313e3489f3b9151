# METADATA
# title: A web ACL writes a log
# description: |
#   Without it nobody sees what was blocked and why, nor that a rule blocks the
#   wrong people, nor what an attacker tried before something worked.
# related_resources:
# - https://docs.aws.amazon.com/waf/latest/developerguide/logging.html
# custom:
#   severity: medium
#   remediation: Add an aws_wafv2_web_acl_logging_configuration whose resource_arn is the web ACL's.
#   types: [aws_wafv2_web_acl, aws_wafv2_web_acl_logging_configuration]
#   mappings:
#     checkov: [CKV2_AWS_31]
#   good: |
#     resource "aws_wafv2_web_acl_logging_configuration" "edge" {
#       resource_arn            = aws_wafv2_web_acl.edge.arn
#       log_destination_configs = [aws_cloudwatch_log_group.waf.arn]
#       redacted_fields {
#         single_header {
#           name = "authorization"
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
package portcullis.rules.waf.logging

import data.portcullis.lib
import data.portcullis.lib.join

subjects contains acl.address if some acl in input.by_type.aws_wafv2_web_acl

links(acl) := join.links(acl, "aws_wafv2_web_acl_logging_configuration", ["resource_arn"])

deny contains lib.finding(acl, [], "what it blocks is not logged") if {
	some acl in input.by_type.aws_wafv2_web_acl
	count(links(acl) & {true, "unknown"}) == 0
}

unknown contains lib.finding(acl, [], "which web ACL a log is of is known after apply") if {
	some acl in input.by_type.aws_wafv2_web_acl
	"unknown" in links(acl)
	not true in links(acl)
}

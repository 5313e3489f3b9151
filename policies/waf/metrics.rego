# METADATA
# title: A web ACL and its rules have metrics
# description: |
#   Without metrics no alarm can be set on what is blocked: neither an attack nor
#   a rule that blocks the wrong people is noticed before somebody complains.
# related_resources:
# - https://docs.aws.amazon.com/waf/latest/developerguide/monitoring-cloudwatch.html
# custom:
#   severity: low
#   remediation: Set cloudwatch_metrics_enabled = true in visibility_config of the web ACL, of the group, and of each rule.
#   types: [aws_wafv2_web_acl, aws_wafv2_rule_group]
#   mappings:
#     fsbp: [WAF.12]
#   good: |
#     resource "aws_wafv2_web_acl" "edge" {
#       name  = "edge"
#       scope = "CLOUDFRONT"
#       default_action {
#         allow {}
#       }
#       visibility_config {
#         cloudwatch_metrics_enabled = true
#         metric_name                = "edge"
#         sampled_requests_enabled   = false
#       }
#     }
#   bad: |
#     resource "aws_wafv2_web_acl" "edge" {
#       name  = "edge"
#       scope = "CLOUDFRONT"
#       default_action {
#         allow {}
#       }
#       visibility_config {
#         cloudwatch_metrics_enabled = false
#         metric_name                = "edge"
#         sampled_requests_enabled   = false
#       }
#     }
package portcullis.rules.waf.metrics

import data.portcullis.lib

guards contains r if some r in input.by_type.aws_wafv2_web_acl

guards contains r if some r in input.by_type.aws_wafv2_rule_group

subjects contains r.address if some r in guards

settings contains [r, array.concat(around, ["visibility_config", 0, "cloudwatch_metrics_enabled"])] if {
	some r in guards
	some around in array.concat([[]], [["rule", i] | some i, _ in r.values.rule])
}

deny contains lib.finding(r, at, "there are no metrics of what it blocks") if {
	some [r, at] in settings
	lib.equals(r, at, true) == false
}

unknown contains lib.finding(r, at, "whether there are metrics is known after apply") if {
	some [r, at] in settings
	lib.equals(r, at, true) == "unknown"
}

unknown contains lib.finding(r, ["rule"], "the rules are known after apply") if {
	some r in guards
	lib.hidden(r, ["rule"])
}

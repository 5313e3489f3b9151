# METADATA
# title: AWS WAF keeps no samples of requests with tokens
# description: |
#   Sampled requests show whole headers for three hours to everybody with
#   wafv2:GetSampledRequests, and the log's redaction does not hold for them: the
#   tokens of a handshake can be read and used. The log has what the samples have,
#   redacted.
# related_resources:
# - https://docs.aws.amazon.com/waf/latest/APIReference/API_VisibilityConfig.html
# - https://docs.aws.amazon.com/waf/latest/developerguide/data-protection-masking.html
# custom:
#   severity: low
#   remediation: Set sampled_requests_enabled = false in each visibility_config, or hash or substitute the headers with tokens in data_protection_config.
#   types: [aws_wafv2_web_acl]
#   good: |
#     resource "aws_wafv2_web_acl" "edge" {
#       name  = "edge"
#       scope = "CLOUDFRONT"
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
#       visibility_config {
#         cloudwatch_metrics_enabled = true
#         metric_name                = "edge"
#         sampled_requests_enabled   = true
#       }
#     }
package portcullis.rules.waf.sampled_requests

import data.portcullis.lib
import data.portcullis.lib.waf

# Where tokens are in headers: before a WebSocket API.
guards contains acl if {
	some acl in input.by_type.aws_wafv2_web_acl
	waf.websocket
}

subjects contains acl.address if some acl in guards

tokens := {"authorization", "sec-websocket-protocol"}

hidden_headers(acl) := {lower(key) |
	some protection in acl.values.data_protection_config[0].data_protection
	protection.field[0].field_type == "SINGLE_HEADER"
	some key in protection.field[0].field_keys
}

settings contains [acl, array.concat(around, ["visibility_config", 0, "sampled_requests_enabled"])] if {
	some acl in guards
	count(tokens - hidden_headers(acl)) > 0
	some around in array.concat([[]], [["rule", i] | some i, _ in acl.values.rule])
}

deny contains lib.finding(acl, at, "tokens can be read in the samples") if {
	some [acl, at] in settings
	lib.equals(acl, at, true) == true
}

unknown contains lib.finding(acl, at, "whether samples are kept is known after apply") if {
	some [acl, at] in settings
	lib.equals(acl, at, true) == "unknown"
}

unknown contains lib.finding(acl, ["rule"], "the rules, and whether samples are kept for them, are known after apply") if {
	some acl in guards
	count(tokens - hidden_headers(acl)) > 0
	waf.unseen(acl)
}

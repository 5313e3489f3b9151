# METADATA
# title: The log of a web ACL has no tokens
# description: |
#   AWS WAF logs the headers of each request. Without redaction whoever may read
#   the log can use the tokens in it: Authorization, and before a WebSocket API
#   Sec-WebSocket-Protocol, where browsers put theirs. A token in the query string
#   is logged with the query string.
# related_resources:
# - https://docs.aws.amazon.com/waf/latest/developerguide/logging-management-configure.html
# custom:
#   severity: high
#   remediation: Add redacted_fields blocks with single_header authorization and sec-websocket-protocol, and query_string where an authorizer reads its token there.
#   types: [aws_wafv2_web_acl_logging_configuration]
#   good: |
#     resource "aws_wafv2_web_acl_logging_configuration" "edge" {
#       resource_arn            = aws_wafv2_web_acl.edge.arn
#       log_destination_configs = [aws_cloudwatch_log_group.waf.arn]
#       redacted_fields {
#         single_header {
#           name = "authorization"
#         }
#       }
#       redacted_fields {
#         single_header {
#           name = "sec-websocket-protocol"
#         }
#       }
#     }
#   bad: |
#     resource "aws_wafv2_web_acl_logging_configuration" "edge" {
#       resource_arn            = aws_wafv2_web_acl.edge.arn
#       log_destination_configs = [aws_cloudwatch_log_group.waf.arn]
#     }
package portcullis.rules.waf.log_redaction

import data.portcullis.lib
import data.portcullis.lib.waf

subjects contains r.address if some r in input.by_type.aws_wafv2_web_acl_logging_configuration

wanted contains "the header authorization"

wanted contains "the header sec-websocket-protocol" if waf.websocket

wanted contains "the query string" if {
	some a in input.by_type.aws_apigatewayv2_authorizer
	some source in lib.value(a, ["identity_sources"])
	contains(source, "request.querystring.")
}

redacted(r) := {sprintf("the header %s", [lower(header.name)]) |
	some field in r.values.redacted_fields
	some header in field.single_header
} | {"the query string" |
	some field in r.values.redacted_fields
	some _ in field.query_string
}

uncertain(r) if {
	some i, field in r.values.redacted_fields
	some j, _ in field.single_header
	lib.hidden(r, ["redacted_fields", i, "single_header", j, "name"])
}

deny contains lib.finding(r, ["redacted_fields"], sprintf("%s is logged", [field])) if {
	some r in input.by_type.aws_wafv2_web_acl_logging_configuration
	not uncertain(r)
	some field in (wanted - redacted(r))
}

unknown contains lib.finding(r, ["redacted_fields"], sprintf("whether %s is logged is known after apply", [field])) if {
	some r in input.by_type.aws_wafv2_web_acl_logging_configuration
	uncertain(r)
	some field in (wanted - redacted(r))
}

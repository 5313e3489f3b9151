# METADATA
# title: A stage does not log what people write
# description: |
#   data_trace_enabled writes whole requests and responses to the execution log:
#   every message, and every token of a $connect request.
# related_resources:
# - https://docs.aws.amazon.com/apigateway/latest/developerguide/websocket-api-logging.html
# custom:
#   severity: high
#   remediation: Leave data_trace_enabled out or set it to false, in default_route_settings and in each route_settings block.
#   types: [aws_apigatewayv2_stage]
#   mappings:
#     checkov: [CKV_AWS_276]
#   good: |
#     default_route_settings {
#       logging_level      = "ERROR"
#       data_trace_enabled = false
#     }
#   bad: |
#     default_route_settings {
#       logging_level      = "INFO"
#       data_trace_enabled = true
#     }
package portcullis.rules.websocket.data_trace

import data.portcullis.lib

subjects contains r.address if some r in input.by_type.aws_apigatewayv2_stage

settings contains [r, [block, i, "data_trace_enabled"]] if {
	some r in input.by_type.aws_apigatewayv2_stage
	some block in ["default_route_settings", "route_settings"]
	some i, _ in r.values[block]
}

deny contains lib.finding(r, at, "whole messages and tokens are logged") if {
	some [r, at] in settings
	lib.equals(r, at, true) == true
}

unknown contains lib.finding(r, at, "whether messages are logged is known after apply") if {
	some [r, at] in settings
	lib.equals(r, at, true) == "unknown"
}

unknown contains lib.finding(r, [block], "whether messages are logged is known after apply") if {
	some r in input.by_type.aws_apigatewayv2_stage
	some block in ["default_route_settings", "route_settings"]
	lib.state(r, [block]) == "reference"
}

# METADATA
# title: The limits of a stage are lower than the account has
# description: |
#   All APIs of an account and Region share 10,000 requests a second and a burst
#   of 5,000, unless AWS has raised them. A stage whose own limit is as high may
#   use up all of it, so it is no limit.
# related_resources:
# - https://docs.aws.amazon.com/apigateway/latest/developerguide/limits.html
# - https://docs.aws.amazon.com/apigateway/latest/developerguide/websocket-api-protect.html
# custom:
#   severity: low
#   remediation: Set throttling_rate_limit and throttling_burst_limit to what the users need.
#   types: [aws_apigatewayv2_stage]
#   good: |
#     resource "aws_apigatewayv2_stage" "chat" {
#       api_id = aws_apigatewayv2_api.chat.id
#       name   = "prod"
#       default_route_settings {
#         throttling_rate_limit  = 100
#         throttling_burst_limit = 200
#       }
#     }
#   bad: |
#     resource "aws_apigatewayv2_stage" "chat" {
#       api_id = aws_apigatewayv2_api.chat.id
#       name   = "prod"
#       default_route_settings {
#         throttling_rate_limit  = 10000
#         throttling_burst_limit = 5000
#       }
#     }
package portcullis.rules.websocket.throttle_quota

import data.portcullis.lib

quota := {"throttling_rate_limit": 10000, "throttling_burst_limit": 5000}

subjects contains r.address if some [r, _, _] in settings

subjects contains r.address if {
	some r in input.by_type.aws_apigatewayv2_stage
	some block in ["default_route_settings", "route_settings"]
	lib.state(r, [block]) == "reference"
}

settings contains [r, [block, i, limit], most] if {
	some r in input.by_type.aws_apigatewayv2_stage
	some block in ["default_route_settings", "route_settings"]
	some i, _ in r.values[block]
	some limit, most in quota
	lib.is_set(r, [block, i, limit])
}

deny contains lib.finding(r, at, sprintf("%v is the quota of the whole account", [lib.value(r, at)])) if {
	some [r, at, most] in settings
	lib.state(r, at) == "known"
	lib.value(r, at) >= most
}

unknown contains lib.finding(r, at, "the limit is known after apply") if {
	some [r, at, _] in settings
	lib.state(r, at) == "reference"
}

unknown contains lib.finding(r, [block], "the limits are known after apply") if {
	some r in input.by_type.aws_apigatewayv2_stage
	some block in ["default_route_settings", "route_settings"]
	lib.state(r, [block]) == "reference"
}

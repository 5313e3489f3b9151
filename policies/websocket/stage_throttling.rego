# METADATA
# title: A stage has limits of its own for rate and burst
# description: |
#   Without limits one client may use up the quota that all APIs of the account
#   share. Where only one of the two is given, the provider sends 0 for the other,
#   and every message is refused.
# related_resources:
# - https://docs.aws.amazon.com/apigateway/latest/developerguide/websocket-api-protect.html
# custom:
#   severity: medium
#   remediation: Set throttling_rate_limit and throttling_burst_limit in default_route_settings, and in each route_settings block.
#   types: [aws_apigatewayv2_stage]
#   good: |
#     default_route_settings {
#       throttling_rate_limit  = 100
#       throttling_burst_limit = 200
#     }
#   bad: |
#     default_route_settings {
#       logging_level = "ERROR"
#     }
package portcullis.rules.websocket.stage_throttling

import data.portcullis.lib

limits := {"throttling_rate_limit", "throttling_burst_limit"}

subjects contains r.address if some r in input.by_type.aws_apigatewayv2_stage

settings contains [r, [block, i]] if {
	some r in input.by_type.aws_apigatewayv2_stage
	some block in ["default_route_settings", "route_settings"]
	some i, _ in r.values[block]
}

deny contains lib.finding(r, ["default_route_settings"], "the stage has no limits of its own") if {
	some r in input.by_type.aws_apigatewayv2_stage
	not lib.is_set(r, ["default_route_settings"])
}

deny contains lib.finding(r, array.concat(at, [limit]), sprintf("%s is not set, which API Gateway takes for 0", [limit])) if {
	some [r, at] in settings
	some limit in limits
	state := lib.state(r, array.concat(at, [limit]))
	state in {"absent", "defaulted"}
}

deny contains lib.finding(r, array.concat(at, [limit]), sprintf("%s is 0: every request is refused", [limit])) if {
	some [r, at] in settings
	some limit in limits
	lib.value(r, array.concat(at, [limit])) == 0
}

unknown contains lib.finding(r, array.concat(at, [limit]), sprintf("%s is known after apply", [limit])) if {
	some [r, at] in settings
	some limit in limits
	lib.state(r, array.concat(at, [limit])) == "reference"
}

unknown contains lib.finding(r, [block], "the limits are known after apply") if {
	some r in input.by_type.aws_apigatewayv2_stage
	some block in ["default_route_settings", "route_settings"]
	lib.state(r, [block]) == "reference"
}

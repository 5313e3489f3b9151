# METADATA
# title: A stage logs its errors
# description: |
#   What goes wrong between API Gateway and a function (a missing permission, a
#   timeout, a template that fails) is in the execution log only.
# related_resources:
# - https://docs.aws.amazon.com/apigateway/latest/developerguide/websocket-api-logging.html
# custom:
#   severity: medium
#   remediation: Set logging_level = "ERROR" in default_route_settings, and in each route_settings block.
#   types: [aws_apigatewayv2_stage]
#   mappings:
#     fsbp: [APIGateway.1]
#   good: |
#     default_route_settings {
#       logging_level = "ERROR"
#     }
#   bad: |
#     default_route_settings {
#       logging_level = "OFF"
#     }
package portcullis.rules.websocket.execution_log

import data.portcullis.lib

# HTTP APIs have no execution log.
stages contains r if {
	some r in input.by_type.aws_apigatewayv2_stage
	lib.on_websocket(r)
}

subjects contains r.address if some r in stages

settings contains [r, [block, i, "logging_level"]] if {
	some r in stages
	some block in ["default_route_settings", "route_settings"]
	some i, _ in r.values[block]
}

deny contains lib.finding(r, ["default_route_settings"], "the stage has no execution log") if {
	some r in stages
	not lib.is_set(r, ["default_route_settings"])
}

deny contains lib.finding(r, at, "errors are not logged") if {
	some [r, at] in settings
	lib.one_of(r, at, {"ERROR", "INFO"}) == false
}

unknown contains lib.finding(r, at, "whether errors are logged is known after apply") if {
	some [r, at] in settings
	lib.one_of(r, at, {"ERROR", "INFO"}) == "unknown"
}

unknown contains lib.finding(r, [block], "whether errors are logged is known after apply") if {
	some r in stages
	some block in ["default_route_settings", "route_settings"]
	lib.state(r, [block]) == "reference"
}

# METADATA
# title: The access log has no tokens and nothing that an authorizer passed on
# description: |
#   Who may read the log could use what is in it: the token of a WebSocket
#   client comes in its query string, and an authorizer's context often has
#   claims, mail addresses or whole tokens. The user's id is enough to find them.
# related_resources:
# - https://docs.aws.amazon.com/apigateway/latest/developerguide/websocket-api-logging.html
# custom:
#   severity: high
#   remediation: Log $context.requestId, connectionId, routeKey, status, error and authorizer.principalId; leave out $context.authorizer.<key>, overrides and API keys.
#   types: [aws_apigatewayv2_stage, aws_api_gateway_stage]
#   good: |
#     resource "aws_apigatewayv2_stage" "chat" {
#       api_id = aws_apigatewayv2_api.chat.id
#       name   = "prod"
#
#       access_log_settings {
#         destination_arn = aws_cloudwatch_log_group.access.arn
#         format          = jsonencode({ id = "$context.requestId", user = "$context.authorizer.principalId" })
#       }
#     }
#   bad: |
#     resource "aws_apigatewayv2_stage" "chat" {
#       api_id = aws_apigatewayv2_api.chat.id
#       name   = "prod"
#
#       access_log_settings {
#         destination_arn = aws_cloudwatch_log_group.access.arn
#         format          = jsonencode({ id = "$context.requestId", token = "$context.authorizer.token" })
#       }
#     }
package portcullis.rules.observability.access_log_fields

import data.portcullis.lib

format := ["access_log_settings", 0, "format"]

stages contains r if {
	some type in ["aws_apigatewayv2_stage", "aws_api_gateway_stage"]
	some r in input.by_type[type]
	lib.is_set(r, format)
}

subjects contains r.address if some r in stages

# texts are the format, or what of it is written.
texts(r) := {lib.text(r, format)} if lib.state(r, format) == "known"

texts(r) := {t | some t in lib.templates(r, format)} if lib.state(r, format) == "reference"

# variables are those that a format has: $context.identity.sourceIp.
variables(r) := {v |
	some text in texts(r)
	some v in regex.find_n(`\$[A-Za-z]+[.][A-Za-z0-9_.-]*[A-Za-z0-9_]|\$input[.(]`, text, -1)
}

# About the authorizer's call itself, and the user's id.
harmless := {"error", "integrationLatency", "integrationStatus", "latency", "principalId", "requestId", "status", "claims.sub"}

leaks(v) if {
	startswith(v, "$context.authorizer.")
	not trim_prefix(v, "$context.authorizer.") in harmless
}

leaks(v) if regex.match(`^\$(input|method|request|stageVariables)[.(]|^\$context[.](requestOverride|responseOverride)[.]|^\$context[.]identity[.](apiKey|accessKey|clientCert[.]clientCertPem)$`, v)

deny contains lib.finding(r, format, sprintf("%s may hold a token or what is private", [v])) if {
	some r in stages
	some v in variables(r)
	leaks(v)
}

unknown contains lib.finding(r, format, "what is logged is known after apply") if {
	some r in stages
	lib.state(r, format) == "reference"
	not leaky(r)
}

leaky(r) if {
	some v in variables(r)
	leaks(v)
}

# METADATA
# title: The access log has no keys and tokens
# description: |
#   $context.identity.apiKey writes the caller's API key into each line, and
#   $context.authorizer.<name> whatever the authorizer put there, a token for
#   instance: everybody who may read the log can use it.
# related_resources:
# - https://docs.aws.amazon.com/apigateway/latest/developerguide/websocket-api-logging.html
# - https://docs.aws.amazon.com/apigateway/latest/developerguide/apigateway-mapping-template-reference.html
# custom:
#   severity: medium
#   remediation: Log $context.identity.apiKeyId and $context.authorizer.principalId.
#   types: [aws_apigatewayv2_stage]
#   good: |
#     resource "aws_apigatewayv2_stage" "chat" {
#       api_id = aws_apigatewayv2_api.chat.id
#       name   = "prod"
#       access_log_settings {
#         destination_arn = aws_cloudwatch_log_group.access.arn
#         format          = "{\"id\":\"$context.requestId\",\"user\":\"$context.authorizer.principalId\"}"
#       }
#     }
#   bad: |
#     resource "aws_apigatewayv2_stage" "chat" {
#       api_id = aws_apigatewayv2_api.chat.id
#       name   = "prod"
#       access_log_settings {
#         destination_arn = aws_cloudwatch_log_group.access.arn
#         format          = "$context.requestId $context.identity.apiKey $context.authorizer.token"
#       }
#     }
package portcullis.rules.websocket.access_log_secrets

import data.portcullis.lib

at := ["access_log_settings", 0, "format"]

subjects contains r.address if some r in logged

logged contains r if {
	some r in input.by_type.aws_apigatewayv2_stage
	lib.is_set(r, ["access_log_settings"])
}

secret := `(?i)\$context\.(identity\.apiKey|authorizer\.[A-Za-z0-9_-]*(token|jwt|secret|password|apikey|bearer|credential)[A-Za-z0-9_-]*)([^A-Za-z0-9_-]|$)`

texts(r) := {lib.value(r, at)} if {
	lib.state(r, at) == "known"
} else := {text | some text in lib.templates(r, at)}

deny contains lib.finding(r, at, sprintf("%s is written to each line", [trim_space(found)])) if {
	some r in logged
	some text in texts(r)
	some found in regex.find_n(secret, text, -1)
}

leaks(r) if {
	some text in texts(r)
	regex.match(secret, text)
}

unknown contains lib.finding(r, at, "what is logged is known after apply") if {
	some r in logged
	lib.state(r, at) == "reference"
	not leaks(r)
}

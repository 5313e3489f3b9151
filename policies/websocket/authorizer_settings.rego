# METADATA
# title: An authorizer of a WebSocket API has no settings of HTTP APIs
# description: |
#   A WebSocket API knows no cache of results, no simple responses, no payload
#   format 2.0 and no $request.header sources: apply fails, or each handshake is
#   refused with 401 though the token is right.
# related_resources:
# - https://docs.aws.amazon.com/apigateway/latest/developerguide/apigateway-websocket-api-lambda-auth.html
# - https://docs.aws.amazon.com/apigatewayv2/latest/api-reference/apis-apiid-authorizers.html
# custom:
#   severity: low
#   remediation: Leave authorizer_result_ttl_in_seconds, authorizer_payload_format_version and enable_simple_responses out; write sources as route.request.header.<name>.
#   types: [aws_apigatewayv2_authorizer]
#   good: |
#     resource "aws_apigatewayv2_authorizer" "token" {
#       api_id           = aws_apigatewayv2_api.chat.id
#       name             = "token"
#       authorizer_type  = "REQUEST"
#       authorizer_uri   = aws_lambda_function.authorizer.invoke_arn
#       identity_sources = ["route.request.header.Authorization"]
#     }
#   bad: |
#     resource "aws_apigatewayv2_authorizer" "token" {
#       api_id           = aws_apigatewayv2_api.chat.id
#       name             = "token"
#       authorizer_type  = "REQUEST"
#       authorizer_uri   = aws_lambda_function.authorizer.invoke_arn
#       identity_sources = ["$request.header.Authorization"]
#       authorizer_payload_format_version = "2.0"
#     }
package portcullis.rules.websocket.authorizer_settings

import data.portcullis.lib

authorizers contains r if {
	some r in input.by_type.aws_apigatewayv2_authorizer
	lib.on_websocket(r)
}

subjects contains r.address if some r in authorizers

settings := ["authorizer_result_ttl_in_seconds", "authorizer_payload_format_version", "enable_simple_responses"]

deny contains lib.finding(r, [name], sprintf("%s is for HTTP APIs", [name])) if {
	some r in authorizers
	some name in settings
	lib.state(r, [name]) == "known"
	not lib.value(r, [name]) in {false, 0}
}

deny contains lib.finding(r, ["identity_sources"], sprintf("%s is the form of HTTP APIs", [source])) if {
	some r in authorizers
	some source in lib.value(r, ["identity_sources"])
	startswith(source, "$request.")
}

unknown contains lib.finding(r, [name], sprintf("%s is known after apply", [name])) if {
	some r in authorizers
	some name in array.concat(settings, ["identity_sources"])
	lib.state(r, [name]) == "reference"
}

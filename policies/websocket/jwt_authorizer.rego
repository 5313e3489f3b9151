# METADATA
# title: A WebSocket API has no JWT authorizer
# description: |
#   JWT authorizers exist for HTTP APIs only. On a WebSocket API the provider
#   plans one without complaint, and apply fails or leaves the API without.
# related_resources:
# - https://docs.aws.amazon.com/apigateway/latest/developerguide/http-api-jwt-authorizer.html
# - https://docs.aws.amazon.com/apigateway/latest/developerguide/apigateway-websocket-api-control-access.html
# custom:
#   severity: high
#   remediation: Check the token in a Lambda REQUEST authorizer on $connect.
#   types: [aws_apigatewayv2_authorizer, aws_apigatewayv2_route]
#   good: |
#     resource "aws_apigatewayv2_authorizer" "token" {
#       api_id          = aws_apigatewayv2_api.chat.id
#       name            = "token"
#       authorizer_type = "REQUEST"
#       authorizer_uri  = aws_lambda_function.authorizer.invoke_arn
#     }
#   bad: |
#     resource "aws_apigatewayv2_authorizer" "token" {
#       api_id          = aws_apigatewayv2_api.chat.id
#       name            = "token"
#       authorizer_type = "JWT"
#     }
package portcullis.rules.websocket.jwt_authorizer

import data.portcullis.lib

attribute := {"aws_apigatewayv2_authorizer": "authorizer_type", "aws_apigatewayv2_route": "authorization_type"}

candidates contains [r, name] if {
	some type, name in attribute
	some r in input.by_type[type]
	lib.on_websocket(r)
}

subjects contains r.address if some [r, _] in candidates

deny contains lib.finding(r, [name], "JWT authorizers do not exist on a WebSocket API") if {
	some [r, name] in candidates
	r.values[name] == "JWT"
}

unknown contains lib.finding(r, [name], "the kind of authorizer is known after apply") if {
	some [r, name] in candidates
	lib.state(r, [name]) == "reference"
}

# METADATA
# title: Only the $connect route of a WebSocket API has an authorizer
# description: |
#   API Gateway calls authorizers of a WebSocket API on $connect only and
#   refuses to make another route with one. Whoever believes that messages are
#   authorised one by one has no check at all there.
# related_resources:
# - https://docs.aws.amazon.com/apigateway/latest/developerguide/apigateway-websocket-api-lambda-auth.html
# custom:
#   severity: high
#   remediation: Leave authorization_type out of all routes but $connect, and check the authorizer's context in the function.
#   types: [aws_apigatewayv2_route]
#   good: |
#     resource "aws_apigatewayv2_route" "message" {
#       api_id    = aws_apigatewayv2_api.chat.id
#       route_key = "sendMessage"
#       target    = "integrations/${aws_apigatewayv2_integration.message.id}"
#     }
#   bad: |
#     resource "aws_apigatewayv2_route" "message" {
#       api_id             = aws_apigatewayv2_api.chat.id
#       route_key          = "sendMessage"
#       authorization_type = "CUSTOM"
#       authorizer_id      = aws_apigatewayv2_authorizer.token.id
#       target             = "integrations/${aws_apigatewayv2_integration.message.id}"
#     }
package portcullis.rules.websocket.authorizer_elsewhere

import data.portcullis.lib

other contains r if {
	some r in input.by_type.aws_apigatewayv2_route
	lib.on_websocket(r)
	r.values.route_key != "$connect"
}

subjects contains r.address if some r in other

deny contains lib.finding(r, ["authorization_type"], "API Gateway knows authorizers of a WebSocket API on $connect only") if {
	some r in other
	lib.state(r, ["authorization_type"]) == "known"
	r.values.authorization_type != "NONE"
}

unknown contains lib.finding(r, ["authorization_type"], "whether the route has an authorizer is known after apply") if {
	some r in other
	lib.state(r, ["authorization_type"]) == "reference"
}

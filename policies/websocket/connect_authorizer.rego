# METADATA
# title: The $connect route of a WebSocket API has an authorizer
# description: |
#   API Gateway asks an authorizer on $connect and nowhere else. Without one,
#   anybody who knows the URL opens a connection and calls every route.
# related_resources:
# - https://docs.aws.amazon.com/apigateway/latest/developerguide/apigateway-websocket-api-control-access.html
# custom:
#   severity: critical
#   remediation: Set authorization_type to CUSTOM with the authorizer_id of a REQUEST authorizer, or to AWS_IAM.
#   types: [aws_apigatewayv2_route, aws_apigatewayv2_api]
#   mappings:
#     checkov: [CKV_AWS_309]
#     fsbp: [APIGateway.8]
#   good: |
#     resource "aws_apigatewayv2_route" "connect" {
#       api_id             = aws_apigatewayv2_api.chat.id
#       route_key          = "$connect"
#       target             = "integrations/${aws_apigatewayv2_integration.connect.id}"
#       authorization_type = "CUSTOM"
#       authorizer_id      = aws_apigatewayv2_authorizer.token.id
#     }
#   bad: |
#     resource "aws_apigatewayv2_route" "connect" {
#       api_id    = aws_apigatewayv2_api.chat.id
#       route_key = "$connect"
#       target    = "integrations/${aws_apigatewayv2_integration.connect.id}"
#     }
package portcullis.rules.websocket.connect_authorizer

import data.portcullis.lib

connect contains r if {
	some r in input.by_type.aws_apigatewayv2_route
	r.values.route_key == "$connect"
}

subjects contains r.address if some r in connect

subjects contains api.address if some api in without_route

# An API of the plan whose routes are in the plan, but not this one. Without the
# route, everybody may connect.
without_route contains api if {
	some api in input.by_type.aws_apigatewayv2_api
	lib.websocket(api)
	routes := lib.companions(api, "aws_apigatewayv2_route", ["api_id"])
	count(routes) > 0
	every r in routes {
		lib.state(r, ["route_key"]) == "known"
		r.values.route_key != "$connect"
	}
}

authorized(r) := lib.one_of(r, ["authorization_type"], {"CUSTOM", "AWS_IAM"})

deny contains lib.finding(r, ["authorization_type"], "anybody may connect: the route has no authorizer") if {
	some r in connect
	authorized(r) == false
}

deny contains lib.finding(api, [], "anybody may connect: the API has no $connect route, hence no authorizer") if some api in without_route

unknown contains lib.finding(r, ["authorization_type"], "whether the route has an authorizer is known after apply") if {
	some r in connect
	authorized(r) == "unknown"
}

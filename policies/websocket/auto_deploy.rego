# METADATA
# title: A stage of a WebSocket API is deployed on purpose
# description: |
#   With auto_deploy every change of a route is live before those that belong to
#   it: for a moment a new route may be there without its integration, or the
#   $connect route without its authorizer.
# related_resources:
# - https://docs.aws.amazon.com/apigateway/latest/developerguide/apigateway-websocket-api-stages.html
# custom:
#   severity: low
#   remediation: Make an aws_apigatewayv2_deployment whose triggers hash the routes, and give the stage its deployment_id.
#   types: [aws_apigatewayv2_stage]
#   good: |
#     resource "aws_apigatewayv2_stage" "chat" {
#       api_id        = aws_apigatewayv2_api.chat.id
#       name          = "prod"
#       deployment_id = aws_apigatewayv2_deployment.chat.id
#     }
#   bad: |
#     resource "aws_apigatewayv2_stage" "chat" {
#       api_id      = aws_apigatewayv2_api.chat.id
#       name        = "prod"
#       auto_deploy = true
#     }
package portcullis.rules.websocket.auto_deploy

import data.portcullis.lib

stages contains r if {
	some r in input.by_type.aws_apigatewayv2_stage
	lib.on_websocket(r)
}

subjects contains r.address if some r in stages

deny contains lib.finding(r, ["auto_deploy"], "changes are live one by one") if {
	some r in stages
	lib.equals(r, ["auto_deploy"], true) == true
}

unknown contains lib.finding(r, ["auto_deploy"], "whether changes are live one by one is known after apply") if {
	some r in stages
	lib.equals(r, ["auto_deploy"], true) == "unknown"
}

# METADATA
# title: An API behind a domain of its own has no second door
# description: |
#   Beside its custom domain an API answers under execute-api.<region>.amazonaws.com
#   too, past whatever stands before the domain.
# related_resources:
# - https://docs.aws.amazon.com/apigateway/latest/developerguide/apigateway-websocket-api-disable-default-endpoint.html
# custom:
#   severity: high
#   remediation: Set disable_execute_api_endpoint = true on the API. An API that CloudFront reaches by this endpoint needs a secret header instead, which the authorizer checks.
#   types: [aws_apigatewayv2_api, aws_apigatewayv2_api_mapping]
#   good: |
#     resource "aws_apigatewayv2_api" "chat" {
#       name                         = "chat"
#       protocol_type                = "WEBSOCKET"
#       route_selection_expression   = "$request.body.action"
#       disable_execute_api_endpoint = true
#     }
#   bad: |
#     resource "aws_apigatewayv2_api" "chat" {
#       name                       = "chat"
#       protocol_type              = "WEBSOCKET"
#       route_selection_expression = "$request.body.action"
#     }
#     resource "aws_apigatewayv2_api_mapping" "chat" {
#       api_id      = aws_apigatewayv2_api.chat.id
#       domain_name = aws_apigatewayv2_domain_name.chat.id
#       stage       = aws_apigatewayv2_stage.chat.id
#     }
package portcullis.rules.websocket.execute_api_endpoint

import data.portcullis.lib

mapped contains api if {
	some mapping in input.by_type.aws_apigatewayv2_api_mapping
	some api in lib.targets(mapping, ["api_id"], "aws_apigatewayv2_api")
}

subjects contains api.address if some api in mapped

closed(api) := lib.equals(api, ["disable_execute_api_endpoint"], true)

deny contains lib.finding(api, ["disable_execute_api_endpoint"], "the API has a custom domain and answers under execute-api too") if {
	some api in mapped
	closed(api) == false
}

unknown contains lib.finding(api, ["disable_execute_api_endpoint"], "whether the API answers under execute-api is known after apply") if {
	some api in mapped
	closed(api) == "unknown"
}

# METADATA
# title: A stage writes an access log
# description: |
#   Without an access log nobody can say afterwards who connected, from where,
#   and what was refused.
# related_resources:
# - https://docs.aws.amazon.com/apigateway/latest/developerguide/websocket-api-logging.html
# custom:
#   severity: medium
#   remediation: Add access_log_settings with the ARN of a log group and a format.
#   types: [aws_apigatewayv2_stage]
#   mappings:
#     checkov: [CKV_AWS_76]
#     fsbp: [APIGateway.9]
#   good: |
#     access_log_settings {
#       destination_arn = aws_cloudwatch_log_group.access.arn
#       format          = jsonencode({ requestId = "$context.requestId", status = "$context.status" })
#     }
#   bad: |
#     resource "aws_apigatewayv2_stage" "chat" {
#       api_id = aws_apigatewayv2_api.chat.id
#       name   = "prod"
#     }
package portcullis.rules.websocket.access_log

import data.portcullis.lib

subjects contains r.address if some r in input.by_type.aws_apigatewayv2_stage

deny contains lib.finding(r, ["access_log_settings"], "the stage has no access log") if {
	some r in input.by_type.aws_apigatewayv2_stage
	not lib.is_set(r, ["access_log_settings"])
}

unknown contains lib.finding(r, ["access_log_settings"], "whether the stage has an access log is known after apply") if {
	some r in input.by_type.aws_apigatewayv2_stage
	lib.state(r, ["access_log_settings"]) == "reference"
}

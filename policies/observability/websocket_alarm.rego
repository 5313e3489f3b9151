# METADATA
# title: Somebody is told when a WebSocket API fails
# description: |
#   Clients see a closed connection, and no metric of a function shows what API
#   Gateway could not call. Asked of plans that have alarms: others may have
#   theirs in another state. Low for that reason.
# related_resources:
# - https://docs.aws.amazon.com/apigateway/latest/developerguide/apigateway-websocket-api-logging.html
# custom:
#   severity: low
#   remediation: Add an aws_cloudwatch_metric_alarm on IntegrationError or ExecutionError with the dimension ApiId.
#   types: [aws_apigatewayv2_api]
#   good: |
#     resource "aws_cloudwatch_metric_alarm" "integration_errors" {
#       alarm_name          = "integration-errors"
#       namespace           = "AWS/ApiGateway"
#       metric_name         = "IntegrationError"
#       dimensions          = { ApiId = aws_apigatewayv2_api.chat.id, Stage = "prod" }
#       statistic           = "Sum"
#       period              = 300
#       evaluation_periods  = 1
#       threshold           = 5
#       comparison_operator = "GreaterThanOrEqualToThreshold"
#       alarm_actions       = [aws_sns_topic.alarms.arn]
#     }
#   bad: |
#     resource "aws_cloudwatch_metric_alarm" "connects" {
#       alarm_name          = "connects"
#       namespace           = "AWS/ApiGateway"
#       metric_name         = "ConnectCount"
#       dimensions          = { ApiId = aws_apigatewayv2_api.chat.id, Stage = "prod" }
#       statistic           = "Sum"
#       period              = 300
#       evaluation_periods  = 1
#       threshold           = 1000
#       comparison_operator = "GreaterThanOrEqualToThreshold"
#       alarm_actions       = [aws_sns_topic.alarms.arn]
#     }
package portcullis.rules.observability.websocket_alarm

import data.portcullis.lib

metrics := {"IntegrationError", "ExecutionError"}

apis contains r if {
	count(input.by_type.aws_cloudwatch_metric_alarm) > 0
	some r in input.by_type.aws_apigatewayv2_api
	lib.websocket(r)
}

subjects contains r.address if some r in apis

on_it := lib.alarms_on("AWS/ApiGateway", metrics)

perhaps_on_it := lib.alarms_perhaps_on("AWS/ApiGateway", metrics)

watched_names := lib.alarmed_names(on_it, "ApiId")

watched_addresses := lib.alarmed(on_it, {"aws_apigatewayv2_api"})

perhaps_names := lib.alarmed_names(perhaps_on_it, "ApiId")

perhaps_addresses := lib.alarmed(perhaps_on_it, {"aws_apigatewayv2_api"})

watched(r) if r.address in watched_addresses

watched(r) if r.values.id in watched_names

# An alarm on it whose metric is known after apply, or one on such a metric of
# what is not told.
perhaps(r) if r.address in perhaps_addresses

perhaps(r) if r.values.id in perhaps_names

perhaps(_) if adrift

adrift if {
	some a in on_it
	lib.alarm_unclear(a, {"aws_apigatewayv2_api", "aws_apigatewayv2_stage"})
}

deny contains lib.finding(r, ["name"], "nobody is told when its integrations fail") if {
	some r in apis
	not watched(r)
	not perhaps(r)
}

unknown contains lib.finding(r, ["name"], "whether an alarm of the plan watches it is known after apply") if {
	some r in apis
	not watched(r)
	perhaps(r)
}

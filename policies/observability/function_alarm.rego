# METADATA
# title: Somebody is told when a function fails
# description: |
#   Where a plan has an alarm on the errors of one function, one that has none
#   was forgotten, and it is the one that fails. Plans without any such alarm may
#   have theirs in another state and are not judged. Low for that reason.
# related_resources:
# - https://docs.aws.amazon.com/lambda/latest/dg/monitoring-metrics-types.html
# custom:
#   severity: low
#   remediation: Add an aws_cloudwatch_metric_alarm on Errors with the dimension FunctionName.
#   types: [aws_lambda_function]
#   good: |
#     resource "aws_cloudwatch_metric_alarm" "errors" {
#       alarm_name          = "errors"
#       namespace           = "AWS/Lambda"
#       metric_name         = "Errors"
#       dimensions          = { FunctionName = aws_lambda_function.chat.function_name }
#       statistic           = "Sum"
#       period              = 300
#       evaluation_periods  = 1
#       threshold           = 1
#       comparison_operator = "GreaterThanOrEqualToThreshold"
#       alarm_actions       = [aws_sns_topic.alarms.arn]
#     }
#   bad: |
#     resource "aws_cloudwatch_metric_alarm" "throttles" {
#       alarm_name          = "throttles"
#       namespace           = "AWS/Lambda"
#       metric_name         = "Throttles"
#       dimensions          = { FunctionName = aws_lambda_function.chat.function_name }
#       statistic           = "Sum"
#       period              = 300
#       evaluation_periods  = 1
#       threshold           = 1
#       comparison_operator = "GreaterThanOrEqualToThreshold"
#       alarm_actions       = [aws_sns_topic.alarms.arn]
#     }
package portcullis.rules.observability.function_alarm

import data.portcullis.lib

metrics := {"Errors"}

functions contains r if {
	count(on_it) > 0
	some r in input.by_type.aws_lambda_function
}

subjects contains r.address if some r in functions

on_it := lib.alarms_on("AWS/Lambda", metrics)

perhaps_on_it := lib.alarms_perhaps_on("AWS/Lambda", metrics)

watched_names := lib.alarmed_names(on_it, "FunctionName")

watched_addresses := lib.alarmed(on_it, {"aws_lambda_function"})

perhaps_names := lib.alarmed_names(perhaps_on_it, "FunctionName")

perhaps_addresses := lib.alarmed(perhaps_on_it, {"aws_lambda_function"})

watched(r) if r.address in watched_addresses

watched(r) if r.values.function_name in watched_names

# One for all functions of the account together has no dimension.
watched(_) if for_all

for_all if {
	some [a, path] in on_it
	not lib.is_set(a, array.concat(path, ["dimensions"]))
}

# An alarm on it whose metric is known after apply, or one on such a metric of
# what is not told.
perhaps(r) if r.address in perhaps_addresses

perhaps(r) if r.values.function_name in perhaps_names

perhaps(_) if adrift

adrift if {
	some a in on_it
	lib.alarm_unclear(a, lib.function_types)
}

deny contains lib.finding(r, ["function_name"], "nobody is told when it fails") if {
	some r in functions
	not watched(r)
	not perhaps(r)
}

unknown contains lib.finding(r, ["function_name"], "whether an alarm of the plan watches it is known after apply") if {
	some r in functions
	not watched(r)
	perhaps(r)
}

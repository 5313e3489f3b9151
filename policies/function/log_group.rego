# METADATA
# title: A function's log group is made before the function
# description: |
#   A log group that is not there Lambda makes itself at the first line: kept
#   for ever, under a key of AWS's, and left behind when the function goes.
# related_resources:
# - https://docs.aws.amazon.com/lambda/latest/dg/monitoring-cloudwatchlogs-loggroups.html
# custom:
#   severity: medium
#   remediation: Add an aws_cloudwatch_log_group named /aws/lambda/<function_name>, or name another one in logging_config.
#   types: [aws_lambda_function]
#   good: |
#     resource "aws_cloudwatch_log_group" "chat" {
#       name              = "/aws/lambda/chat"
#       retention_in_days = 365
#     }
#
#     resource "aws_lambda_function" "chat" {
#       function_name = "chat"
#       role          = aws_iam_role.chat.arn
#       filename      = "chat.zip"
#       runtime       = "provided.al2023"
#       handler       = "bootstrap"
#     }
#   bad: |
#     resource "aws_lambda_function" "chat" {
#       function_name = "chat"
#       role          = aws_iam_role.chat.arn
#       filename      = "chat.zip"
#       runtime       = "provided.al2023"
#       handler       = "bootstrap"
#     }
package portcullis.rules.function.log_group

import data.portcullis.lib

chosen := ["logging_config", 0, "log_group"]

subjects contains f.address if some f in input.by_type.aws_lambda_function

group(f) := lib.value(f, chosen) if {
	lib.state(f, chosen) == "known"
} else := sprintf("/aws/lambda/%s", [f.values.function_name]) if {
	not lib.is_set(f, chosen)
}

made(f) if {
	group(f) in names
}

names := {g.values.name | some g in input.by_type.aws_cloudwatch_log_group}

made(f) if count(lib.targets(f, chosen, "aws_cloudwatch_log_group")) > 0

# The name of one or the other is known after apply, and the group's is made of
# the function's.
made(f) if f.address in named_after

named_after contains f.address if {
	some g in input.by_type.aws_cloudwatch_log_group
	lib.state(g, ["name"]) == "reference"
	some f in lib.functions(g, ["name"])
}

# A name that the configuration leaves open may be this one.
perhaps(f) if not group(f)

perhaps(_) if adrift

adrift if {
	some g in input.by_type.aws_cloudwatch_log_group
	lib.unclear(g, ["name"], {"aws_lambda_function", "aws_apigatewayv2_api", "aws_api_gateway_rest_api"})
}

deny contains lib.finding(f, ["function_name"], sprintf("%s is not in the plan: Lambda makes it, and keeps it for ever", [group(f)])) if {
	some f in input.by_type.aws_lambda_function
	not made(f)
	not perhaps(f)
}

unknown contains lib.finding(f, ["function_name"], "whether its log group is in the plan is known after apply") if {
	some f in input.by_type.aws_lambda_function
	not made(f)
	perhaps(f)
}

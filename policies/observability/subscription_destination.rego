# METADATA
# title: Logs stay in the account, or go where the plan shows
# description: |
#   A subscription sends every line of a log group elsewhere at once. To a
#   destination of another account it hands out who was there, and what errors
#   say.
# related_resources:
# - https://docs.aws.amazon.com/AmazonCloudWatch/latest/logs/CrossAccountSubscriptions.html
# custom:
#   severity: medium
#   remediation: Send to a function, stream or delivery stream of this plan; waive a destination of your own log archive's account by name.
#   types: [aws_cloudwatch_log_subscription_filter]
#   good: |
#     resource "aws_cloudwatch_log_subscription_filter" "errors" {
#       name            = "errors"
#       log_group_name  = aws_cloudwatch_log_group.chat.name
#       filter_pattern  = "ERROR"
#       destination_arn = aws_lambda_function.alert.arn
#     }
#   bad: |
#     resource "aws_cloudwatch_log_subscription_filter" "errors" {
#       name            = "errors"
#       log_group_name  = aws_cloudwatch_log_group.chat.name
#       filter_pattern  = ""
#       destination_arn = "arn:aws:logs:eu-west-1:444455556666:destination:archive"
#     }
package portcullis.rules.observability.subscription_destination

import data.portcullis.lib

destination := ["destination_arn"]

subjects contains r.address if some r in input.by_type.aws_cloudwatch_log_subscription_filter

account(arn) := split(arn, ":")[4]

# Destinations are made for other accounts. A stream is foreign if the role that
# writes to it is of another account, since that is one's own.
foreign(r) if contains(lib.text(r, destination), ":destination:")

foreign(r) if account(lib.text(r, ["role_arn"])) != account(lib.text(r, destination))

own(r) if account(lib.text(r, ["role_arn"])) == account(lib.text(r, destination))

own(r) if {
	types := {"aws_lambda_function", "aws_lambda_alias", "aws_kinesis_stream", "aws_kinesis_firehose_delivery_stream", "aws_cloudwatch_log_destination"}
	lib.set_from(r, destination, types)
}

deny contains lib.finding(r, destination, "log lines go to another account") if {
	some r in input.by_type.aws_cloudwatch_log_subscription_filter
	foreign(r)
}

unknown contains lib.finding(r, destination, "whose account log lines go to cannot be seen") if {
	some r in input.by_type.aws_cloudwatch_log_subscription_filter
	not foreign(r)
	not own(r)
}

# METADATA
# title: A log group forgets
# description: |
#   Without retention_in_days logs are kept for ever: who was there and when, at
#   a price that only grows, and against what one has told users.
# related_resources:
# - https://docs.aws.amazon.com/AmazonCloudWatch/latest/logs/Working-with-log-groups-and-streams.html
# custom:
#   severity: medium
#   remediation: Set retention_in_days.
#   types: [aws_cloudwatch_log_group]
#   mappings:
#     checkov: [CKV_AWS_66]
#   good: |
#     resource "aws_cloudwatch_log_group" "chat" {
#       name              = "/aws/lambda/chat"
#       retention_in_days = 365
#     }
#   bad: |
#     resource "aws_cloudwatch_log_group" "chat" {
#       name = "/aws/lambda/chat"
#     }
package portcullis.rules.observability.log_retention

import data.portcullis.lib

days := ["retention_in_days"]

# AWS fixes the retention of the class DELIVERY.
groups contains r if {
	some r in input.by_type.aws_cloudwatch_log_group
	not lib.value(r, ["log_group_class"]) == "DELIVERY"
}

subjects contains r.address if some r in groups

deny contains lib.finding(r, days, "logs are kept for ever") if {
	some r in groups
	lib.one_of(r, days, {0, null}) == true
}

unknown contains lib.finding(r, days, "how long logs are kept is known after apply") if {
	some r in groups
	lib.one_of(r, days, {0, null}) == "unknown"
}

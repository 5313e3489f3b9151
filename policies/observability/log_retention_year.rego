# METADATA
# title: Logs are kept for a year
# description: |
#   Break-ins are noticed months later. What was deleted by then cannot say how
#   they came about. Low, since how long is for those to say who answer for the
#   data; a trial needs less.
# related_resources:
# - https://docs.aws.amazon.com/AmazonCloudWatch/latest/logs/Working-with-log-groups-and-streams.html
# custom:
#   severity: low
#   remediation: Set retention_in_days = 365 or more.
#   types: [aws_cloudwatch_log_group]
#   mappings:
#     checkov: [CKV_AWS_338]
#   good: |
#     resource "aws_cloudwatch_log_group" "chat" {
#       name              = "/aws/lambda/chat"
#       retention_in_days = 365
#     }
#   bad: |
#     resource "aws_cloudwatch_log_group" "chat" {
#       name              = "/aws/lambda/chat"
#       retention_in_days = 14
#     }
package portcullis.rules.observability.log_retention_year

import data.portcullis.lib

days := ["retention_in_days"]

# For ever is observability/log-retention's.
groups contains r if {
	some r in input.by_type.aws_cloudwatch_log_group
	not lib.value(r, ["log_group_class"]) == "DELIVERY"
	lib.one_of(r, days, {0, null}) != true
}

subjects contains r.address if some r in groups

deny contains lib.finding(r, days, sprintf("logs are gone after %v days", [lib.value(r, days)])) if {
	some r in groups
	lib.state(r, days) == "known"
	lib.value(r, days) < 365
}

unknown contains lib.finding(r, days, "how long logs are kept is known after apply") if {
	some r in groups
	lib.state(r, days) == "reference"
}

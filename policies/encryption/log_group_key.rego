# METADATA
# title: A log group is encrypted with a key of one's own
# description: |
#   Logs say who was there and when. With a key of one's own its policy says who
#   may read them, and CloudTrail who did.
# related_resources:
# - https://docs.aws.amazon.com/AmazonCloudWatch/latest/logs/encrypt-log-data-kms.html
# custom:
#   severity: medium
#   remediation: Set kms_key_id to an aws_kms_key whose policy lets the logs service use it for this log group.
#   types: [aws_cloudwatch_log_group]
#   mappings:
#     checkov: [CKV_AWS_158]
#   good: |
#     resource "aws_cloudwatch_log_group" "chat" {
#       name       = "chat"
#       kms_key_id = aws_kms_key.data.arn
#     }
#   bad: |
#     resource "aws_cloudwatch_log_group" "chat" {
#       name = "chat"
#     }
package portcullis.rules.encryption.log_group_key

import data.portcullis.lib

key := ["kms_key_id"]

subjects contains r.address if some r in input.by_type.aws_cloudwatch_log_group

deny contains lib.finding(r, key, "the log group has no key of one's own") if {
	some r in input.by_type.aws_cloudwatch_log_group
	lib.customer_key(r, key) == false
}

unknown contains lib.finding(r, key, "what key it is cannot be seen before apply") if {
	some r in input.by_type.aws_cloudwatch_log_group
	lib.customer_key(r, key) == "unknown"
}

# METADATA
# title: A topic is encrypted with a key of one's own
# description: |
#   Topics are not encrypted by default, and with AWS's own key no policy says
#   who may decrypt.
# related_resources:
# - https://docs.aws.amazon.com/sns/latest/dg/sns-server-side-encryption.html
# custom:
#   severity: medium
#   remediation: Set kms_master_key_id to an aws_kms_key whose policy lets the publishers use it.
#   types: [aws_sns_topic]
#   mappings:
#     checkov: [CKV_AWS_26]
#   good: |
#     resource "aws_sns_topic" "alarms" {
#       kms_master_key_id = aws_kms_key.data.arn
#     }
#   bad: |
#     resource "aws_sns_topic" "alarms" {
#       kms_master_key_id = "alias/aws/sns"
#     }
package portcullis.rules.encryption.topic_key

import data.portcullis.lib

key := ["kms_master_key_id"]

subjects contains r.address if some r in input.by_type.aws_sns_topic

deny contains lib.finding(r, key, "the topic has no key of one's own") if {
	some r in input.by_type.aws_sns_topic
	lib.customer_key(r, key) == false
}

unknown contains lib.finding(r, key, "what key it is cannot be seen before apply") if {
	some r in input.by_type.aws_sns_topic
	lib.customer_key(r, key) == "unknown"
}

# METADATA
# title: A queue is encrypted with a key of one's own
# description: |
#   With SSE-SQS, which is the default, or AWS's own key, whoever may receive
#   may read: there is no second door, no record of who decrypts, and no way to
#   lock the data.
# related_resources:
# - https://docs.aws.amazon.com/AWSSimpleQueueService/latest/SQSDeveloperGuide/sqs-server-side-encryption.html
# custom:
#   severity: medium
#   remediation: Set kms_master_key_id to an aws_kms_key whose policy lets the senders and receivers use it.
#   types: [aws_sqs_queue]
#   mappings:
#     checkov: [CKV_AWS_27, CKV2_AWS_73]
#     fsbp: [SQS.1]
#   good: |
#     resource "aws_sqs_queue" "jobs" {
#       kms_master_key_id = aws_kms_key.data.arn
#     }
#   bad: |
#     resource "aws_sqs_queue" "jobs" {
#       sqs_managed_sse_enabled = true
#     }
package portcullis.rules.encryption.queue_key

import data.portcullis.lib

key := ["kms_master_key_id"]

subjects contains r.address if some r in input.by_type.aws_sqs_queue

deny contains lib.finding(r, key, "the queue has no key of one's own") if {
	some r in input.by_type.aws_sqs_queue
	lib.customer_key(r, key) == false
}

unknown contains lib.finding(r, key, "what key it is cannot be seen before apply") if {
	some r in input.by_type.aws_sqs_queue
	lib.customer_key(r, key) == "unknown"
}

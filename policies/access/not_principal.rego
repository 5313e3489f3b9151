# METADATA
# title: A policy says whom it lets in, not whom it does not
# description: |
#   Allow with NotPrincipal lets everybody in but those listed, people without an
#   account of AWS among them.
# related_resources:
# - https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_elements_notprincipal.html
# custom:
#   severity: critical
#   remediation: List who may in principals. NotPrincipal belongs in statements that deny.
#   types: [aws_sqs_queue, aws_sqs_queue_policy, aws_sns_topic, aws_sns_topic_policy, aws_s3_bucket, aws_s3_bucket_policy, aws_kms_key, aws_kms_key_policy, aws_secretsmanager_secret_policy, aws_dynamodb_resource_policy, aws_cloudwatch_event_bus_policy, aws_cloudwatch_log_resource_policy, aws_ecr_repository_policy, aws_iam_role]
#   good: |
#     data "aws_iam_policy_document" "jobs" {
#       statement {
#         actions   = ["sqs:SendMessage"]
#         resources = [aws_sqs_queue.jobs.arn]
#         principals {
#           type        = "AWS"
#           identifiers = [aws_iam_role.producer.arn]
#         }
#       }
#     }
#     resource "aws_sqs_queue_policy" "jobs" {
#       queue_url = aws_sqs_queue.jobs.id
#       policy    = data.aws_iam_policy_document.jobs.json
#     }
#   bad: |
#     data "aws_iam_policy_document" "jobs" {
#       statement {
#         actions   = ["sqs:SendMessage"]
#         resources = [aws_sqs_queue.jobs.arn]
#         not_principals {
#           type        = "AWS"
#           identifiers = [aws_iam_role.guest.arn]
#         }
#       }
#     }
#     resource "aws_sqs_queue_policy" "jobs" {
#       queue_url = aws_sqs_queue.jobs.id
#       policy    = data.aws_iam_policy_document.jobs.json
#     }
package portcullis.rules.access.not_principal

import data.portcullis.lib

listing := [[p, s] |
	some p in input.policies
	some s in p.statements
	count(s.not_principals) + object.get(s.unknown, "not_principals", 0) > 0
]

subjects contains p.address if some [p, _] in listing

deny contains lib.in_policy(p, s, "everybody but those listed is let in") if {
	some [p, s] in listing
	s.effect == "Allow"
}

unknown contains lib.in_policy(p, s, "whether the statement allows or denies is known after apply") if {
	some [p, s] in listing
	s.unknown.effect > 0
}

# METADATA
# title: Nothing is open to everybody
# description: |
#   Principal * without a condition that says who lets everybody use the queue,
#   topic, bucket, key or secret, from any account and often without one.
# related_resources:
# - https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_elements_principal.html#principal-anonymous
# - https://docs.aws.amazon.com/IAM/latest/UserGuide/access-analyzer-concepts.html
# custom:
#   severity: critical
#   remediation: Name the roles, accounts or services; for an organisation add a condition on aws:PrincipalOrgID.
#   types: [aws_sqs_queue, aws_sqs_queue_policy, aws_sns_topic, aws_sns_topic_policy, aws_s3_bucket, aws_s3_bucket_policy, aws_kms_key, aws_kms_key_policy, aws_secretsmanager_secret_policy, aws_dynamodb_resource_policy, aws_cloudwatch_event_bus_policy, aws_cloudwatch_log_resource_policy, aws_ecr_repository_policy]
#   mappings:
#     checkov: [CKV_AWS_33, CKV_AWS_70, CKV_AWS_168, CKV_AWS_169, CKV_AWS_387]
#     fsbp: [KMS.5, SNS.4, SQS.3]
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
#         principals {
#           type        = "AWS"
#           identifiers = ["*"]
#         }
#       }
#     }
#     resource "aws_sqs_queue_policy" "jobs" {
#       queue_url = aws_sqs_queue.jobs.id
#       policy    = data.aws_iam_policy_document.jobs.json
#     }
package portcullis.rules.access.public

import data.portcullis.lib
import data.portcullis.lib.iam

# The policies of endpoints and REST APIs bound what others grant, or guard what
# is public by purpose.
elsewhere := {"aws_vpc_endpoint", "aws_vpc_endpoint_policy", "aws_api_gateway_rest_api", "aws_api_gateway_rest_api_policy"}

granting := [[p, s] |
	some [p, s] in iam.granting
	not p.type in elsewhere
]

subjects contains p.address if some [p, _] in granting

everybody(s) if {
	some who in s.principals
	who.type == "*"
}

# A Deny for everybody but those named keeps the others out.
fenced(p) if {
	some s in p.statements
	s.effect == "Deny"
	everybody(s)
	some c in s.conditions
	iam.negative(c)
	c.variable in (iam.caller_keys | iam.source_keys)
}

tied(s) if iam.binds_to(s, iam.caller_keys | iam.source_keys)

open(p, s) if {
	everybody(s)
	not tied(s)
	not fenced(p)
}

deny contains lib.in_policy(p, s, "everybody may use it") if {
	some [p, s] in granting
	open(p, s)
	object.get(s.unknown, "conditions", 0) == 0
}

unknown contains lib.in_policy(p, s, "everybody may use it, unless a condition that is known after apply keeps them out") if {
	some [p, s] in granting
	open(p, s)
	s.unknown.conditions > 0
}

unknown contains lib.in_policy(p, s, "who may use it is known after apply") if {
	some [p, s] in granting
	not everybody(s)
	not tied(s)
	some who in s.principals
	who.type in {"AWS", "*"}
	who.unknown > 0
	iam.unproven(who.refs)
}

unknown contains lib.in_policy(p, s, "who may use it is known after apply") if {
	some [p, s] in granting
	not tied(s)
	s.unknown.principals > 0
}

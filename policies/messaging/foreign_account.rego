# METADATA
# title: A queue or topic is open to roles, not to whole accounts
# description: |
#   With an account as principal, foreign administrators say who may send and
#   read. A role there is somebody that both sides know.
# related_resources:
# - https://docs.aws.amazon.com/AWSSimpleQueueService/latest/SQSDeveloperGuide/sqs-overview-of-managing-access.html
# - https://docs.aws.amazon.com/sns/latest/dg/sns-access-policy-use-cases.html
# custom:
#   severity: medium
#   remediation: Name the role of the other account in principals. For your own account take the account of data "aws_caller_identity".
#   types: [aws_sqs_queue, aws_sqs_queue_policy, aws_sns_topic, aws_sns_topic_policy]
#   mappings:
#     checkov: [CKV_AWS_385]
#   good: |
#     data "aws_iam_policy_document" "jobs" {
#       statement {
#         actions   = ["sqs:SendMessage"]
#         resources = [aws_sqs_queue.jobs.arn]
#
#         principals {
#           type        = "AWS"
#           identifiers = ["arn:aws:iam::444455556666:role/sender"]
#         }
#       }
#     }
#   bad: |
#     data "aws_iam_policy_document" "jobs" {
#       statement {
#         actions   = ["sqs:SendMessage"]
#         resources = [aws_sqs_queue.jobs.arn]
#
#         principals {
#           type        = "AWS"
#           identifiers = ["arn:aws:iam::444455556666:root"]
#         }
#       }
#     }
package portcullis.rules.messaging.foreign_account

import data.portcullis.lib

policies := lib.policies_of({"aws_sqs_queue", "aws_sqs_queue_policy", "aws_sns_topic", "aws_sns_topic_policy"})

subjects contains p.address if some p in policies

# accounts are the whole accounts that a statement allows.
accounts(s) := {account |
	s.effect == "Allow"
	some principal in s.principals
	principal.type == "AWS"
	some id in principal.identifiers
	account := regex.replace(id, `^arn:[^:]*:iam::([0-9]{12}):root$`, "$1")
	regex.match(`^[0-9]{12}$`, account)
}

# own are the accounts of what the statement is about: one's own, since a policy
# cannot speak of another account's queue.
own(s) := {account |
	some arn in s.resources
	account := split(arn, ":")[4]
	account != ""
}

deny contains lib.in_policy(p, s, sprintf("the whole account %s is allowed", [account])) if {
	some p in policies
	some s in p.statements
	some account in accounts(s)
	count(own(s)) > 0
	not account in own(s)
}

unknown contains lib.in_policy(p, s, sprintf("whether the account %s is one's own is known after apply", [account])) if {
	some p in policies
	some s in p.statements
	some account in accounts(s)
	count(own(s)) == 0
}

unknown contains lib.in_policy(p, s, "who is allowed is known after apply") if {
	some p in policies
	some s in p.statements
	s.effect == "Allow"
	lib.everybody(s) == "unknown"
}

unknown contains lib.unread(p) if {
	some p in policies
	p.state == "opaque"
}

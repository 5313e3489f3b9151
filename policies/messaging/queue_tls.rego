# METADATA
# title: A queue refuses requests without TLS
# description: |
#   SQS answers on plain HTTP as well. Whoever has a client that uses it sends
#   messages in the clear, and nobody notices. Low, since AWS's own clients use
#   TLS.
# related_resources:
# - https://docs.aws.amazon.com/AWSSimpleQueueService/latest/SQSDeveloperGuide/sqs-security-best-practices.html
# custom:
#   severity: low
#   remediation: Add a statement to the queue's policy that denies sqs:* to everybody when aws:SecureTransport is false.
#   types: [aws_sqs_queue]
#   good: |
#     data "aws_iam_policy_document" "jobs" {
#       statement {
#         effect    = "Deny"
#         actions   = ["sqs:*"]
#         resources = [aws_sqs_queue.jobs.arn]
#
#         principals {
#           type        = "*"
#           identifiers = ["*"]
#         }
#
#         condition {
#           test     = "Bool"
#           variable = "aws:SecureTransport"
#           values   = ["false"]
#         }
#       }
#     }
#
#     resource "aws_sqs_queue_policy" "jobs" {
#       queue_url = aws_sqs_queue.jobs.id
#       policy    = data.aws_iam_policy_document.jobs.json
#     }
#   bad: |
#     resource "aws_sqs_queue" "jobs" {
#       name = "jobs"
#     }
package portcullis.rules.messaging.queue_tls

import data.portcullis.lib

subjects contains q.address if some q in input.by_type.aws_sqs_queue

policies := lib.policies_of({"aws_sqs_queue", "aws_sqs_queue_policy"})

refusing contains p.address if {
	some p in policies
	some s in p.statements
	s.effect == "Deny"
	some principal in s.principals
	principal.type == "*"
	some pattern in s.actions
	pattern in {"*", "sqs:*"}
	for_plain_requests(s.conditions)
}

# Each condition has to hold, so one more would let some through.
for_plain_requests([c]) if {
	lower(c.test) in {"bool", "boolifexists"}
	c.variable == "aws:securetransport"
	"false" in c.values
}

unread := {p.address | some p in policies; p.state == "opaque"}

# A queue's policy is its own attribute, or a resource of its own.
policies_of[q.address] contains q.address if some q in input.by_type.aws_sqs_queue

policies_of[q.address] contains r.address if {
	some r in input.by_type.aws_sqs_queue_policy
	some q in lib.targets(r, ["queue_url"], "aws_sqs_queue")
}

# Made once for all queues.
refusers := {address | some address, all in policies_of; count(all & refusing) > 0}

doubtful := {address | some address, all in policies_of; count(all & unread) > 0}

refuses(q) if q.address in refusers

# A policy that cannot be read, or of a queue that is not told.
perhaps(q) if q.address in doubtful

perhaps(_) if adrift

adrift if {
	some r in input.by_type.aws_sqs_queue_policy
	lib.unclear(r, ["queue_url"], {"aws_sqs_queue"})
}

deny contains lib.finding(q, ["policy"], "messages may be sent in the clear") if {
	some q in input.by_type.aws_sqs_queue
	not refuses(q)
	not perhaps(q)
}

unknown contains lib.finding(q, ["policy"], "whether its policy asks for TLS cannot be seen") if {
	some q in input.by_type.aws_sqs_queue
	not refuses(q)
	perhaps(q)
}

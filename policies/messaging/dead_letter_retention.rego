# METADATA
# title: A dead-letter queue keeps messages for longer than their queue
# description: |
#   The clock of a message does not start anew in the dead-letter queue of a
#   standard queue. With the same retention one that failed on its last day is
#   gone before anybody looked.
# related_resources:
# - https://docs.aws.amazon.com/AWSSimpleQueueService/latest/SQSDeveloperGuide/sqs-dead-letter-queues.html
# custom:
#   severity: medium
#   remediation: Set message_retention_seconds of the dead-letter queue to more than that of the queue, 1209600 (14 days) at best.
#   types: [aws_sqs_queue]
#   good: |
#     resource "aws_sqs_queue" "jobs_failed" {
#       name                      = "jobs-failed"
#       message_retention_seconds = 1209600
#     }
#   bad: |
#     resource "aws_sqs_queue" "jobs_failed" {
#       name                      = "jobs-failed"
#       message_retention_seconds = 86400
#     }
package portcullis.rules.messaging.dead_letter_retention

import data.portcullis.lib

kept := ["message_retention_seconds"]

# Pairs of a queue and its dead-letter queue, whose finding it is. A FIFO queue
# starts the clock anew.
pairs contains [q, dead] if {
	some q in input.by_type.aws_sqs_queue
	lib.equals(q, ["fifo_queue"], true) == false
	some dead in lib.dead_letter_queues(q)
}

pairs contains [q, dead] if {
	some r in input.by_type.aws_sqs_queue_redrive_policy
	some q in lib.targets(r, ["queue_url"], "aws_sqs_queue")
	lib.equals(q, ["fifo_queue"], true) == false
	some dead in lib.dead_letter_queues(r)
}

subjects contains dead.address if some [_, dead] in pairs

deny contains lib.finding(dead, kept, sprintf("it keeps messages for %v s, and %s does for %v s", [lib.value(dead, kept), q.address, lib.value(q, kept)])) if {
	some [q, dead] in pairs
	lib.state(dead, kept) == "known"
	lib.value(dead, kept) <= lib.value(q, kept)
	lib.value(dead, kept) < 1209600
}

unknown contains lib.finding(dead, kept, "how long messages are kept is known after apply") if {
	some [q, dead] in pairs
	"reference" in {lib.state(q, kept), lib.state(dead, kept)}
	not lib.value(dead, kept) == 1209600
}

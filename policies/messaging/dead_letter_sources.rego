# METADATA
# title: A dead-letter queue says whose it is
# description: |
#   By default every queue of the account may send its failures here, and mix
#   them with yours. Low, since it takes somebody in the account.
# related_resources:
# - https://docs.aws.amazon.com/AWSSimpleQueueService/latest/SQSDeveloperGuide/sqs-dead-letter-queues.html
# custom:
#   severity: low
#   remediation: Add an aws_sqs_queue_redrive_allow_policy with redrivePermission = "byQueue" and the ARNs of the queues.
#   types: [aws_sqs_queue]
#   good: |
#     resource "aws_sqs_queue_redrive_allow_policy" "jobs_failed" {
#       queue_url = aws_sqs_queue.jobs_failed.id
#
#       redrive_allow_policy = jsonencode({
#         redrivePermission = "byQueue"
#         sourceQueueArns   = [aws_sqs_queue.jobs.arn]
#       })
#     }
#   bad: |
#     resource "aws_sqs_queue_redrive_allow_policy" "jobs_failed" {
#       queue_url            = aws_sqs_queue.jobs_failed.id
#       redrive_allow_policy = jsonencode({ redrivePermission = "allowAll" })
#     }
package portcullis.rules.messaging.dead_letter_sources

import data.portcullis.lib

allowed := ["redrive_allow_policy"]

# Dead-letter queues of queues; what functions and topics send needs a policy of
# the queue instead.
dead contains q if {
	some type in ["aws_sqs_queue", "aws_sqs_queue_redrive_policy"]
	some r in input.by_type[type]
	some q in lib.dead_letter_queues(r)
}

subjects contains q.address if some q in dead

# Who says it: the queue, or a resource of its own.
says(q) := {r | some r in sayers[q.address]} | {q | lib.is_set(q, allowed)}

sayers := {address: all | some address, all in by_resource}

by_resource[q.address] contains r if {
	some r in input.by_type.aws_sqs_queue_redrive_allow_policy
	some q in lib.targets(r, ["queue_url"], "aws_sqs_queue")
}

deny contains lib.finding(q, allowed, "every queue of the account may send its failures here") if {
	some q in dead
	count(says(q)) == 0
}

deny contains lib.finding(q, allowed, "every queue of the account may send its failures here") if {
	some q in dead
	some r in says(q)
	json.unmarshal(lib.text(r, allowed)).redrivePermission == "allowAll"
}

# A set policy is made of the queues' ARNs. Only one of whose making nothing is
# seen may be anything.
unknown contains lib.finding(q, allowed, "which queues may send their failures here is known after apply") if {
	some q in dead
	some r in says(q)
	lib.unclear(r, allowed, {"aws_sqs_queue"})
}

# METADATA
# title: A queue has a dead-letter queue
# description: |
#   A message that nobody can process comes back again and again, keeps good ones
#   waiting, and is gone without a trace when its time is over.
# related_resources:
# - https://docs.aws.amazon.com/AWSSimpleQueueService/latest/SQSDeveloperGuide/sqs-dead-letter-queues.html
# custom:
#   severity: medium
#   remediation: Set redrive_policy, or add an aws_sqs_queue_redrive_policy, with the ARN of another queue and maxReceiveCount.
#   types: [aws_sqs_queue]
#   good: |
#     resource "aws_sqs_queue" "jobs" {
#       name = "jobs"
#
#       redrive_policy = jsonencode({
#         deadLetterTargetArn = aws_sqs_queue.jobs_failed.arn
#         maxReceiveCount     = 5
#       })
#     }
#
#     resource "aws_sqs_queue" "jobs_failed" {
#       name                      = "jobs-failed"
#       message_retention_seconds = 1209600
#     }
#   bad: |
#     resource "aws_sqs_queue" "jobs" {
#       name = "jobs"
#     }
package portcullis.rules.messaging.dead_letter_queue

import data.portcullis.lib

# What ends in them has failed already: queues that others, functions, topics,
# rules and schedules send failures to, and those that say so themselves.
last contains q.address if {
	some type in ["aws_sqs_queue", "aws_sqs_queue_redrive_policy"]
	some r in input.by_type[type]
	some q in lib.dead_letter_queues(r)
}

last contains q.address if {
	some type, path in {
		"aws_cloudwatch_event_target": ["dead_letter_config", 0, "arn"],
		"aws_lambda_event_source_mapping": ["destination_config", 0, "on_failure", 0, "destination_arn"],
		"aws_lambda_function": ["dead_letter_config", 0, "target_arn"],
		"aws_lambda_function_event_invoke_config": ["destination_config", 0, "on_failure", 0, "destination"],
		"aws_scheduler_schedule": ["target", 0, "dead_letter_config", 0, "arn"],
		"aws_sns_topic_subscription": ["redrive_policy"],
	}
	some r in input.by_type[type]
	some q in lib.targets(r, path, "aws_sqs_queue")
}

last contains q.address if {
	some q in input.by_type.aws_sqs_queue
	lib.is_set(q, ["redrive_allow_policy"])
}

last contains q.address if {
	some r in input.by_type.aws_sqs_queue_redrive_allow_policy
	some q in lib.targets(r, ["queue_url"], "aws_sqs_queue")
}

queues contains q if {
	some q in input.by_type.aws_sqs_queue
	not q.address in last
}

subjects contains q.address if some q in queues

has_one(q) if lib.is_set(q, ["redrive_policy"])

has_one(q) if q.address in by_resource

by_resource contains q.address if {
	some r in input.by_type.aws_sqs_queue_redrive_policy
	some q in lib.targets(r, ["queue_url"], "aws_sqs_queue")
}

# A redrive policy of a queue that is not told may be this one's.
adrift if {
	some r in input.by_type.aws_sqs_queue_redrive_policy
	lib.unclear(r, ["queue_url"], {"aws_sqs_queue"})
}

# What it is set from may be nothing.
doubtful(q) if lib.unclear(q, ["redrive_policy"], {"aws_sqs_queue"})

deny contains lib.finding(q, ["redrive_policy"], "what nobody can process comes back until it is gone") if {
	some q in queues
	not has_one(q)
	not adrift
}

unknown contains lib.finding(q, ["redrive_policy"], "whether it has a dead-letter queue is known after apply") if {
	some q in queues
	not has_one(q)
	adrift
}

unknown contains lib.finding(q, ["redrive_policy"], "whether it has a dead-letter queue is known after apply") if {
	some q in queues
	doubtful(q)
}

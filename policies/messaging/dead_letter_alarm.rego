# METADATA
# title: Somebody is told when a dead-letter queue fills
# description: |
#   A message in a dead-letter queue is work that was not done. Without an alarm
#   nobody looks before it is deleted.
# related_resources:
# - https://docs.aws.amazon.com/AWSSimpleQueueService/latest/SQSDeveloperGuide/dead-letter-queues-alarms-cloudwatch.html
# custom:
#   severity: medium
#   remediation: Add an aws_cloudwatch_metric_alarm on ApproximateNumberOfMessagesVisible of the queue.
#   types: [aws_sqs_queue]
#   good: |
#     resource "aws_cloudwatch_metric_alarm" "jobs_failed" {
#       alarm_name          = "jobs-failed"
#       namespace           = "AWS/SQS"
#       metric_name         = "ApproximateNumberOfMessagesVisible"
#       dimensions          = { QueueName = aws_sqs_queue.jobs_failed.name }
#       statistic           = "Maximum"
#       period              = 300
#       evaluation_periods  = 1
#       threshold           = 1
#       comparison_operator = "GreaterThanOrEqualToThreshold"
#       alarm_actions       = [aws_sns_topic.alarms.arn]
#     }
#   bad: |
#     resource "aws_sqs_queue" "jobs_failed" {
#       name = "jobs-failed"
#     }
package portcullis.rules.messaging.dead_letter_alarm

import data.portcullis.lib

# Where queues, functions and topics send what they failed on.
dead contains q if {
	some type in ["aws_sqs_queue", "aws_sqs_queue_redrive_policy"]
	some r in input.by_type[type]
	some q in lib.dead_letter_queues(r)
}

dead contains q if {
	some type, path in {
		"aws_lambda_event_source_mapping": ["destination_config", 0, "on_failure", 0, "destination_arn"],
		"aws_lambda_function": ["dead_letter_config", 0, "target_arn"],
		"aws_lambda_function_event_invoke_config": ["destination_config", 0, "on_failure", 0, "destination"],
		"aws_sns_topic_subscription": ["redrive_policy"],
	}
	some r in input.by_type[type]
	some q in lib.targets(r, path, "aws_sqs_queue")
}

subjects contains q.address if some q in dead

# The number of messages, or the age of the oldest one.
metrics := {"ApproximateNumberOfMessagesVisible", "ApproximateAgeOfOldestMessage"}

on_it := lib.alarms_on("AWS/SQS", metrics)

perhaps_on_it := lib.alarms_perhaps_on("AWS/SQS", metrics)

watched_names := lib.alarmed_names(on_it, "QueueName")

watched_addresses := lib.alarmed(on_it, {"aws_sqs_queue"})

perhaps_names := lib.alarmed_names(perhaps_on_it, "QueueName")

perhaps_addresses := lib.alarmed(perhaps_on_it, {"aws_sqs_queue"})

watched(q) if q.address in watched_addresses

watched(q) if q.values.name in watched_names

# An alarm on it whose metric is known after apply, or one on such a metric of
# what is not told.
perhaps(q) if q.address in perhaps_addresses

perhaps(q) if q.values.name in perhaps_names

perhaps(_) if adrift

adrift if {
	some a in on_it
	lib.alarm_unclear(a, {"aws_sqs_queue"})
}

deny contains lib.finding(q, ["name"], "nobody is told when failures come in") if {
	some q in dead
	not watched(q)
	not perhaps(q)
}

unknown contains lib.finding(q, ["name"], "whether an alarm of the plan watches it is known after apply") if {
	some q in dead
	not watched(q)
	perhaps(q)
}

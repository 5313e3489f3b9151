package portcullis.rules.messaging.unclear_test

import data.portcullis.rules.messaging.dead_letter_alarm
import data.portcullis.rules.messaging.dead_letter_queue
import data.portcullis.rules.messaging.queue_tls

queue := {"address": "aws_sqs_queue.q", "base": "aws_sqs_queue.q", "config": "aws_sqs_queue.q", "type": "aws_sqs_queue", "values": {"name": "q"}, "unknown": {}, "refs": {}}

later(attribute) := {"values": {}, "unknown": {attribute: "unknown"}, "refs": {attribute: [{"address": "terraform_data.later", "type": "terraform_data"}]}}

# What belongs to a queue that is known after apply may belong to this one.
test_a_redrive_policy_that_may_be_this_queues if {
	plan := {"by_type": {"aws_sqs_queue": [queue], "aws_sqs_queue_redrive_policy": [later("queue_url")]}}
	count(dead_letter_queue.deny) == 0 with input as plan
	count(dead_letter_queue.unknown) == 1 with input as plan
	count(dead_letter_queue.deny) == 1 with input as {"by_type": {"aws_sqs_queue": [queue]}}
}

test_a_policy_that_may_be_this_queues if {
	plan := {"policies": [], "by_type": {"aws_sqs_queue": [queue], "aws_sqs_queue_policy": [later("queue_url")]}}
	count(queue_tls.deny) == 0 with input as plan
	count(queue_tls.unknown) == 1 with input as plan
}

test_an_alarm_that_may_be_on_this_queue if {
	alarm := object.union(later("dimensions"), {"values": {"namespace": "AWS/SQS", "metric_name": "ApproximateNumberOfMessagesVisible"}})
	worker := {"values": {"dead_letter_config": [{"target_arn": "arn:aws:sqs:eu-west-1:111122223333:q"}]}, "unknown": {}, "refs": {"dead_letter_config.0.target_arn": [{"address": "aws_sqs_queue.q", "type": "aws_sqs_queue"}]}}
	plan := {"by_type": {"aws_sqs_queue": [queue], "aws_lambda_function": [worker], "aws_cloudwatch_metric_alarm": [alarm]}}
	count(dead_letter_alarm.deny) == 0 with input as plan
	count(dead_letter_alarm.unknown) == 1 with input as plan
}

# A queue that says whose failures it takes is the last one, in both spellings.
test_a_queue_for_failures_needs_none_itself if {
	says := object.union(queue, {"values": {"redrive_allow_policy": "{}"}})
	by_resource := {"values": {}, "unknown": {"queue_url": "unknown"}, "refs": {"queue_url": [{"address": "aws_sqs_queue.q", "type": "aws_sqs_queue"}]}}
	count(dead_letter_queue.subjects) == 0 with input as {"by_type": {"aws_sqs_queue": [says]}}
	count(dead_letter_queue.subjects) == 0 with input as {"by_type": {"aws_sqs_queue": [queue], "aws_sqs_queue_redrive_allow_policy": [by_resource]}}
	count(dead_letter_queue.subjects) == 1 with input as {"by_type": {"aws_sqs_queue": [queue]}}
}

# The name of a queue with a name_prefix is known after apply.
test_an_alarm_by_reference if {
	nameless := object.union(json.remove(queue, ["values/name"]), {"unknown": {"name": "unknown"}})
	worker := {"values": {"dead_letter_config": [{}]}, "unknown": {"dead_letter_config.0.target_arn": "unknown"}, "refs": {"dead_letter_config.0.target_arn": [{"address": "aws_sqs_queue.q", "type": "aws_sqs_queue"}]}}
	alarm := {"values": {"namespace": "AWS/SQS", "metric_name": "ApproximateAgeOfOldestMessage"}, "unknown": {"dimensions": "unknown"}, "refs": {"dimensions": [{"address": "aws_sqs_queue.q", "type": "aws_sqs_queue"}]}}
	plan := {"by_type": {"aws_sqs_queue": [nameless], "aws_lambda_function": [worker], "aws_cloudwatch_metric_alarm": [alarm]}}
	dead_letter_alarm.subjects == {"aws_sqs_queue.q"} with input as plan
	count(dead_letter_alarm.deny | dead_letter_alarm.unknown) == 0 with input as plan
	count(dead_letter_alarm.deny) == 1 with input as json.remove(plan, ["by_type/aws_cloudwatch_metric_alarm"])
}

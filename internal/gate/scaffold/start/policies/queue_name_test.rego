package portcullis.rules.ours.queue_name_test

import data.portcullis.rules.ours.queue_name

queue(values) := {"by_type": {"aws_sqs_queue": [{"address": "aws_sqs_queue.q", "values": values, "unknown": {}, "refs": {}}]}}

test_a_name_with_the_team_passes if count(queue_name.deny) == 0 with input as queue({"name": "jobs-mail"})

test_a_name_without_the_team_fails if {
	some finding in queue_name.deny with input as queue({"name": "mail"})
	finding.path == ["name"]
}

test_no_name_fails if count(queue_name.deny) == 1 with input as queue({})

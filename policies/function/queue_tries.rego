# METADATA
# title: A function gets five tries at a message
# description: |
#   Lambda receives a message also when no instance is free to work on it, and
#   the queue counts that as a try. With few of them good messages end in the
#   dead-letter queue under load. Low, since nothing is lost.
# related_resources:
# - https://docs.aws.amazon.com/lambda/latest/dg/services-sqs-configure.html
# custom:
#   severity: low
#   remediation: Set maxReceiveCount to 5 or more in the queue's redrive_policy.
#   types: [aws_lambda_event_source_mapping]
#   good: |
#     resource "aws_sqs_queue" "jobs" {
#       name = "jobs"
#
#       redrive_policy = jsonencode({
#         deadLetterTargetArn = aws_sqs_queue.jobs_failed.arn
#         maxReceiveCount     = 5
#       })
#     }
#   bad: |
#     resource "aws_sqs_queue" "jobs" {
#       name = "jobs"
#
#       redrive_policy = jsonencode({
#         deadLetterTargetArn = aws_sqs_queue.jobs_failed.arn
#         maxReceiveCount     = 1
#       })
#     }
package portcullis.rules.function.queue_tries

import data.portcullis.lib

# What has a redrive policy: the queue, or the resource of its own for it.
sources contains [m, r] if {
	some m in input.by_type.aws_lambda_event_source_mapping
	some r in lib.targets(m, ["event_source_arn"], "aws_sqs_queue")
	lib.is_set(r, ["redrive_policy"])
}

sources contains [m, r] if {
	some m in input.by_type.aws_lambda_event_source_mapping
	some q in lib.targets(m, ["event_source_arn"], "aws_sqs_queue")
	some r in lib.companions(q, "aws_sqs_queue_redrive_policy", ["queue_url"])
}

unread contains m if {
	some m in input.by_type.aws_lambda_event_source_mapping
	lib.event_source(m) == "unknown"
}

subjects contains m.address if some [m, _] in sources

subjects contains m.address if some m in unread

# The provider takes the number as text too.
deny contains lib.finding(m, ["event_source_arn"], sprintf("%s gives a message %v tries", [r.address, tries])) if {
	some [m, r] in sources
	tries := to_number(json.unmarshal(lib.text(r, ["redrive_policy"])).maxReceiveCount)
	tries < 5
}

unknown contains lib.finding(m, ["event_source_arn"], "how many tries a message gets is known after apply") if {
	some [m, r] in sources
	lib.state(r, ["redrive_policy"]) == "reference"
}

unknown contains lib.finding(m, ["event_source_arn"], "which queue it reads is known after apply") if some m in unread

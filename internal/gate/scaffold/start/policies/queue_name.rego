# METADATA
# title: Queues are named after their team
# description: Nobody knows whom to call about a queue whose name does not say whose it is.
# related_resources:
# - https://docs.aws.amazon.com/AWSSimpleQueueService/latest/SQSDeveloperGuide/sqs-queue-message-identifiers.html
# custom:
#   severity: low
#   remediation: Begin the name with the team's and a dash, as in jobs-mail.
#   types: [aws_sqs_queue]
#   good: |
#     resource "aws_sqs_queue" "mail" {
#       name = "jobs-mail"
#     }
#   bad: |
#     resource "aws_sqs_queue" "mail" {
#       name = "mail"
#     }
package portcullis.rules.ours.queue_name

import data.portcullis.lib

subjects contains r.address if some r in input.by_type.aws_sqs_queue

deny contains lib.finding(r, ["name"], "the queue has no name of its own, or one without a team") if {
	some r in input.by_type.aws_sqs_queue
	lib.state(r, ["name"]) != "reference"
	not startswith(object.get(r.values, ["name"], ""), "jobs-")
}

unknown contains lib.finding(r, ["name"], "the name is known after apply") if {
	some r in input.by_type.aws_sqs_queue
	lib.state(r, ["name"]) == "reference"
}

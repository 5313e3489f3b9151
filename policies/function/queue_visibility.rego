# METADATA
# title: A queue hides a message for longer than its function works on it
# description: |
#   A message that becomes visible while a function still works on it, or waits
#   for an instance, is given to another one: it is done twice, and counted as
#   failed. AWS asks for six times the function's timeout, and refuses a mapping
#   with less than one.
# related_resources:
# - https://docs.aws.amazon.com/lambda/latest/dg/services-sqs-configure.html
# custom:
#   severity: medium
#   remediation: Set visibility_timeout_seconds of the queue to at least six times the timeout of the function.
#   types: [aws_lambda_event_source_mapping]
#   good: |
#     resource "aws_sqs_queue" "jobs" {
#       name                       = "jobs"
#       visibility_timeout_seconds = 6 * 20
#     }
#
#     resource "aws_lambda_function" "worker" {
#       function_name = "worker"
#       role          = aws_iam_role.worker.arn
#       filename      = "worker.zip"
#       runtime       = "provided.al2023"
#       handler       = "bootstrap"
#       timeout       = 20
#     }
#   bad: |
#     resource "aws_sqs_queue" "jobs" {
#       name = "jobs"
#     }
#
#     resource "aws_lambda_function" "worker" {
#       function_name = "worker"
#       role          = aws_iam_role.worker.arn
#       filename      = "worker.zip"
#       runtime       = "provided.al2023"
#       handler       = "bootstrap"
#       timeout       = 20
#     }
package portcullis.rules.function.queue_visibility

import data.portcullis.lib

hidden := ["visibility_timeout_seconds"]

timeout := ["timeout"]

# A queue or a function of another state is not judged here.
pairs contains [m, q, f] if {
	some m in input.by_type.aws_lambda_event_source_mapping
	some q in lib.targets(m, ["event_source_arn"], "aws_sqs_queue")
	some f in lib.functions(m, ["function_name"])
}

# unread are the mappings of which one or the other is known after apply.
unread contains m if {
	some m in input.by_type.aws_lambda_event_source_mapping
	lib.event_source(m) == "unknown"
}

unread contains m if {
	some m in input.by_type.aws_lambda_event_source_mapping
	count(lib.targets(m, ["event_source_arn"], "aws_sqs_queue")) > 0
	lib.unclear(m, ["function_name"], lib.function_types)
}

subjects contains m.address if some [m, _, _] in pairs

subjects contains m.address if some m in unread

deny contains lib.finding(m, ["event_source_arn"], sprintf("%s hides a message for %v s, %s may work for %v s", [q.address, lib.value(q, hidden), f.address, lib.value(f, timeout)])) if {
	some [m, q, f] in pairs
	seconds := lib.value(f, timeout)
	is_number(seconds)
	is_number(lib.value(q, hidden))
	lib.value(q, hidden) < 6 * seconds
}

unknown contains lib.finding(m, ["event_source_arn"], "how long the queue hides a message, or the function works, is known after apply") if {
	some [m, q, f] in pairs
	"reference" in {lib.state(q, hidden), lib.state(f, timeout)}
}

unknown contains lib.finding(m, ["event_source_arn"], "which queue or which function it is is known after apply") if some m in unread

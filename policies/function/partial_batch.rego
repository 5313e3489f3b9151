# METADATA
# title: One bad message does not repeat its whole batch
# description: |
#   If a function fails on one message of a batch, all of them come again: those
#   done already are done twice, and after enough bad company good ones end in
#   the dead-letter queue. Low, since functions can be made not to mind.
# related_resources:
# - https://docs.aws.amazon.com/lambda/latest/dg/services-sqs-errorhandling.html
# - https://docs.aws.amazon.com/lambda/latest/dg/services-ddb-batchfailurereporting.html
# custom:
#   severity: low
#   remediation: Set function_response_types = ["ReportBatchItemFailures"] and have the function name what it failed on. For streams bisect_batch_on_function_error does too, or batch_size = 1.
#   types: [aws_lambda_event_source_mapping]
#   good: |
#     resource "aws_lambda_event_source_mapping" "jobs" {
#       event_source_arn        = aws_sqs_queue.jobs.arn
#       function_name           = aws_lambda_function.worker.arn
#       function_response_types = ["ReportBatchItemFailures"]
#     }
#   bad: |
#     resource "aws_lambda_event_source_mapping" "jobs" {
#       event_source_arn = aws_sqs_queue.jobs.arn
#       function_name    = aws_lambda_function.worker.arn
#     }
package portcullis.rules.function.partial_batch

import data.portcullis.lib

batches contains m if {
	some m in input.by_type.aws_lambda_event_source_mapping
	lib.event_source(m) in {"sqs", "dynamodb", "kinesis", "unknown"}
}

subjects contains m.address if some m in batches

apart(m) if "ReportBatchItemFailures" in lib.value(m, ["function_response_types"])

# Left out it is 10 for queues and 100 for streams.
apart(m) if lib.equals(m, ["batch_size"], 1) == true

apart(m) if {
	lib.equals(m, ["bisect_batch_on_function_error"], true) == true
	lib.event_source(m) != "sqs"
}

perhaps(m) if lib.event_source(m) == "unknown"

perhaps(m) if lib.veiled(m, ["function_response_types"])

perhaps(m) if lib.state(m, ["batch_size"]) == "reference"

perhaps(m) if lib.state(m, ["bisect_batch_on_function_error"]) == "reference"

deny contains lib.finding(m, ["function_response_types"], "a message that fails repeats its batch") if {
	some m in batches
	not apart(m)
	not perhaps(m)
}

unknown contains lib.finding(m, ["function_response_types"], "whether a message that fails repeats its batch is known after apply") if {
	some m in batches
	not apart(m)
	perhaps(m)
}

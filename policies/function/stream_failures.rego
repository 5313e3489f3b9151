# METADATA
# title: Records of a stream that a function fails on go somewhere
# description: |
#   What a function cannot process is dropped once its tries or its time are
#   used up. Without a destination nobody knows that something is missing, or
#   what.
# related_resources:
# - https://docs.aws.amazon.com/lambda/latest/dg/services-dynamodb-errors.html
# - https://docs.aws.amazon.com/lambda/latest/dg/kinesis-on-failure-destination.html
# custom:
#   severity: medium
#   remediation: Add destination_config with an on_failure destination to the mapping.
#   types: [aws_lambda_event_source_mapping]
#   good: |
#     resource "aws_lambda_event_source_mapping" "changes" {
#       event_source_arn       = aws_dynamodb_table.rooms.stream_arn
#       function_name          = aws_lambda_function.index.arn
#       starting_position      = "LATEST"
#       maximum_retry_attempts = 5
#
#       destination_config {
#         on_failure {
#           destination_arn = aws_sqs_queue.failures.arn
#         }
#       }
#     }
#   bad: |
#     resource "aws_lambda_event_source_mapping" "changes" {
#       event_source_arn  = aws_dynamodb_table.rooms.stream_arn
#       function_name     = aws_lambda_function.index.arn
#       starting_position = "LATEST"
#     }
package portcullis.rules.function.stream_failures

import data.portcullis.lib

destination := ["destination_config", 0, "on_failure", 0, "destination_arn"]

streams contains m if {
	some m in input.by_type.aws_lambda_event_source_mapping
	lib.event_source(m) in {"dynamodb", "kinesis", "unknown"}
}

subjects contains m.address if some m in streams

deny contains lib.finding(m, destination, "records that it fails on are dropped") if {
	some m in streams
	lib.event_source(m) != "unknown"
	lib.given(m, destination) == false
}

unknown contains lib.finding(m, destination, "whether there is a destination is known after apply") if {
	some m in streams
	lib.given(m, destination) == "unknown"
}

unknown contains lib.finding(m, ["event_source_arn"], "whether it reads a stream is known after apply; records that it fails on would be dropped") if {
	some m in streams
	lib.event_source(m) == "unknown"
	lib.given(m, destination) == false
}

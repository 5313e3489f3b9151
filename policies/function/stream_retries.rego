# METADATA
# title: A bad record holds up its shard for a bounded time
# description: |
#   By default Lambda tries a batch again until its records expire: one record
#   that always fails stops its shard for a day, or for as long as Kinesis keeps
#   records, and what came behind it is lost with it.
# related_resources:
# - https://docs.aws.amazon.com/lambda/latest/dg/services-dynamodb-errors.html
# - https://docs.aws.amazon.com/lambda/latest/dg/services-kinesis-parameters.html
# custom:
#   severity: medium
#   remediation: Set maximum_retry_attempts or maximum_record_age_in_seconds, beside an on_failure destination.
#   types: [aws_lambda_event_source_mapping]
#   good: |
#     resource "aws_lambda_event_source_mapping" "changes" {
#       event_source_arn       = aws_dynamodb_table.rooms.stream_arn
#       function_name          = aws_lambda_function.index.arn
#       starting_position      = "LATEST"
#       maximum_retry_attempts = 5
#     }
#   bad: |
#     resource "aws_lambda_event_source_mapping" "changes" {
#       event_source_arn       = aws_dynamodb_table.rooms.stream_arn
#       function_name          = aws_lambda_function.index.arn
#       starting_position      = "LATEST"
#       maximum_retry_attempts = -1
#     }
package portcullis.rules.function.stream_retries

import data.portcullis.lib

bounds := [["maximum_retry_attempts"], ["maximum_record_age_in_seconds"]]

streams contains m if {
	some m in input.by_type.aws_lambda_event_source_mapping
	lib.event_source(m) in {"dynamodb", "kinesis", "unknown"}
}

subjects contains m.address if some m in streams

# -1 is without end; left out is -1.
bounded(m) if {
	some path in bounds
	lib.value(m, path) >= 0
}

perhaps(m) if {
	some path in bounds
	lib.state(m, path) == "reference"
}

perhaps(m) if lib.event_source(m) == "unknown"

deny contains lib.finding(m, ["maximum_retry_attempts"], "a record that fails is tried until it expires") if {
	some m in streams
	not bounded(m)
	not perhaps(m)
}

unknown contains lib.finding(m, ["maximum_retry_attempts"], "how long a record that fails is tried is known after apply") if {
	some m in streams
	not bounded(m)
	perhaps(m)
}

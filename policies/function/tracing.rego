# METADATA
# title: A function traces its requests
# description: |
#   Without traces nobody sees which of the services a function calls is slow or
#   fails. PassThrough, the default, traces only what the caller sampled, which
#   API Gateway does not do for WebSocket APIs. Low, since it is about finding
#   faults.
# related_resources:
# - https://docs.aws.amazon.com/lambda/latest/dg/services-xray.html
# custom:
#   severity: low
#   remediation: Set mode = "Active" in tracing_config, and let the role write traces.
#   types: [aws_lambda_function]
#   mappings:
#     checkov: [CKV_AWS_50]
#   good: |
#     resource "aws_lambda_function" "chat" {
#       function_name = "chat"
#       role          = aws_iam_role.chat.arn
#       filename      = "chat.zip"
#       runtime       = "provided.al2023"
#       handler       = "bootstrap"
#
#       tracing_config {
#         mode = "Active"
#       }
#     }
#   bad: |
#     resource "aws_lambda_function" "chat" {
#       function_name = "chat"
#       role          = aws_iam_role.chat.arn
#       filename      = "chat.zip"
#       runtime       = "provided.al2023"
#       handler       = "bootstrap"
#     }
package portcullis.rules.function.tracing

import data.portcullis.lib

mode := ["tracing_config", 0, "mode"]

subjects contains r.address if some r in input.by_type.aws_lambda_function

deny contains lib.finding(r, mode, "requests are not traced") if {
	some r in input.by_type.aws_lambda_function
	lib.equals(r, mode, "Active") == false
}

unknown contains lib.finding(r, mode, "whether requests are traced is known after apply") if {
	some r in input.by_type.aws_lambda_function
	lib.equals(r, mode, "Active") == "unknown"
}

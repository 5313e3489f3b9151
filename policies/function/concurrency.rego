# METADATA
# title: A function's share of the account's instances is decided
# description: |
#   A function with nothing said takes all instances of the account when its
#   callers want them, and every other function is throttled. -1 in the
#   configuration is a decision too: new accounts have too few instances to
#   reserve any. Low, since it is about who starves whom.
# related_resources:
# - https://docs.aws.amazon.com/lambda/latest/dg/configuration-concurrency.html
# custom:
#   severity: low
#   remediation: Set reserved_concurrent_executions to the most that the function shall have, or to -1 if all is meant.
#   types: [aws_lambda_function]
#   mappings:
#     checkov: [CKV_AWS_115]
#   good: |
#     resource "aws_lambda_function" "chat" {
#       function_name                  = "chat"
#       role                           = aws_iam_role.chat.arn
#       filename                       = "chat.zip"
#       runtime                        = "provided.al2023"
#       handler                        = "bootstrap"
#       reserved_concurrent_executions = 50
#     }
#   bad: |
#     resource "aws_lambda_function" "chat" {
#       function_name = "chat"
#       role          = aws_iam_role.chat.arn
#       filename      = "chat.zip"
#       runtime       = "provided.al2023"
#       handler       = "bootstrap"
#     }
package portcullis.rules.function.concurrency

import data.portcullis.lib

reserved := ["reserved_concurrent_executions"]

subjects contains r.address if some r in input.by_type.aws_lambda_function

deny contains lib.finding(r, reserved, "the function may take all instances of the account") if {
	some r in input.by_type.aws_lambda_function
	not lib.written(r, reserved)
}

# The provider takes null for -1. Without sources nobody sees which of them it is.
unknown contains lib.finding(r, reserved, "whether all instances are meant, or a variable is null, cannot be seen without sources") if {
	some r in input.by_type.aws_lambda_function
	lib.value(r, reserved) == -1
	some ref in lib.refs(r, reserved)
	ref.address == "null"
}

unknown contains lib.finding(r, reserved, "how many instances it may take is known after apply") if {
	some r in input.by_type.aws_lambda_function
	lib.state(r, reserved) == "reference"
}

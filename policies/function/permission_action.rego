# METADATA
# title: A permission lets its principal invoke, and nothing else
# description: |
#   lambda:* in a function's policy lets the principal replace the code, read the
#   settings and change the policy itself.
# related_resources:
# - https://docs.aws.amazon.com/lambda/latest/dg/access-control-resource-based.html
# custom:
#   severity: high
#   remediation: Set action = "lambda:InvokeFunction", or "lambda:InvokeFunctionUrl" for callers of the URL.
#   types: [aws_lambda_permission]
#   good: |
#     resource "aws_lambda_permission" "topic" {
#       action        = "lambda:InvokeFunction"
#       function_name = aws_lambda_function.notify.function_name
#       principal     = "sns.amazonaws.com"
#       source_arn    = aws_sns_topic.news.arn
#     }
#   bad: |
#     resource "aws_lambda_permission" "topic" {
#       action        = "lambda:*"
#       function_name = aws_lambda_function.notify.function_name
#       principal     = "sns.amazonaws.com"
#       source_arn    = aws_sns_topic.news.arn
#     }
package portcullis.rules.function.permission_action

import data.portcullis.lib

subjects contains r.address if some r in input.by_type.aws_lambda_permission

deny contains lib.finding(r, ["action"], sprintf("%s is more than to invoke the function", [r.values.action])) if {
	some r in input.by_type.aws_lambda_permission
	not regex.match(`(?i)^lambda:Invoke(Function|FunctionUrl|Async)$`, r.values.action)
}

unknown contains lib.finding(r, ["action"], "what is allowed is known after apply") if {
	some r in input.by_type.aws_lambda_permission
	lib.state(r, ["action"]) == "reference"
}

# METADATA
# title: A function's URL asks who calls
# description: |
#   With authorization_type NONE everybody on the internet who learns the URL
#   runs the function, as often as they like and on your bill.
# related_resources:
# - https://docs.aws.amazon.com/lambda/latest/dg/urls-auth.html
# custom:
#   severity: high
#   remediation: Set authorization_type = "AWS_IAM", and have CloudFront sign its requests with an origin access control where browsers call.
#   types: [aws_lambda_function_url]
#   mappings:
#     checkov: [CKV_AWS_258]
#   good: |
#     resource "aws_lambda_function_url" "hook" {
#       function_name      = aws_lambda_function.hook.function_name
#       authorization_type = "AWS_IAM"
#     }
#   bad: |
#     resource "aws_lambda_function_url" "hook" {
#       function_name      = aws_lambda_function.hook.function_name
#       authorization_type = "NONE"
#     }
package portcullis.rules.function.url_auth

import data.portcullis.lib

type := ["authorization_type"]

subjects contains r.address if some r in input.by_type.aws_lambda_function_url

deny contains lib.finding(r, type, "everybody may call the URL") if {
	some r in input.by_type.aws_lambda_function_url
	lib.equals(r, type, "AWS_IAM") == false
}

unknown contains lib.finding(r, type, "who may call the URL is known after apply") if {
	some r in input.by_type.aws_lambda_function_url
	lib.equals(r, type, "AWS_IAM") == "unknown"
}

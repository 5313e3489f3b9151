# METADATA
# title: A function's URL is open to pages of named origins only
# description: |
#   With the origin * any web page may read what the function answers to the
#   browser of whoever visits it.
# related_resources:
# - https://docs.aws.amazon.com/lambda/latest/dg/urls-configuration.html#urls-cors
# custom:
#   severity: medium
#   remediation: Name the origins of your own pages in allow_origins, or leave cors out where no page calls.
#   types: [aws_lambda_function_url]
#   mappings:
#     checkov: [CKV2_AWS_75]
#   good: |
#     resource "aws_lambda_function_url" "hook" {
#       function_name      = aws_lambda_function.hook.function_name
#       authorization_type = "AWS_IAM"
#
#       cors {
#         allow_origins = ["https://chat.example.com"]
#       }
#     }
#   bad: |
#     resource "aws_lambda_function_url" "hook" {
#       function_name      = aws_lambda_function.hook.function_name
#       authorization_type = "AWS_IAM"
#
#       cors {
#         allow_origins = ["*"]
#       }
#     }
package portcullis.rules.function.url_cors

import data.portcullis.lib

origins := ["cors", 0, "allow_origins"]

subjects contains r.address if some r in input.by_type.aws_lambda_function_url

# *, and what is as much: http://*, https://*.
deny contains lib.finding(r, origins, sprintf("pages of any origin may read the answers: %s", [origin])) if {
	some r in input.by_type.aws_lambda_function_url
	some origin in lib.value(r, origins)
	regex.match(`^(https?://)?[*]$`, origin)
}

unknown contains lib.finding(r, origins, "which origins may read the answers is known after apply") if {
	some r in input.by_type.aws_lambda_function_url
	lib.veiled(r, origins)
}

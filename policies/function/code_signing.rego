# METADATA
# title: A function takes signed code only
# description: |
#   Whoever may call lambda:UpdateFunctionCode decides what runs under the
#   function's role. With a code-signing configuration the code has to come from
#   a signing profile too, which the build alone may use. Low, since it needs
#   signing profiles, and functions can be kept safe by IAM alone.
# related_resources:
# - https://docs.aws.amazon.com/lambda/latest/dg/configuration-codesigning.html
# custom:
#   severity: low
#   remediation: Set code_signing_config_arn to an aws_lambda_code_signing_config that enforces.
#   types: [aws_lambda_function]
#   mappings:
#     checkov: [CKV_AWS_272]
#   good: |
#     resource "aws_lambda_function" "chat" {
#       function_name           = "chat"
#       role                    = aws_iam_role.chat.arn
#       filename                = "chat.zip"
#       runtime                 = "provided.al2023"
#       handler                 = "bootstrap"
#       code_signing_config_arn = aws_lambda_code_signing_config.build.arn
#     }
#   bad: |
#     resource "aws_lambda_function" "chat" {
#       function_name = "chat"
#       role          = aws_iam_role.chat.arn
#       filename      = "chat.zip"
#       runtime       = "provided.al2023"
#       handler       = "bootstrap"
#     }
package portcullis.rules.function.code_signing

import data.portcullis.lib

config := ["code_signing_config_arn"]

# Lambda does not check signatures of images.
zipped contains r if {
	some r in input.by_type.aws_lambda_function
	not lib.value(r, ["package_type"]) == "Image"
}

subjects contains r.address if some r in zipped

deny contains lib.finding(r, config, "the function takes code of anybody who may update it") if {
	some r in zipped
	not lib.is_set(r, config)
}

unknown contains lib.finding(r, config, "whether the function takes signed code only is known after apply") if {
	some r in zipped
	lib.unclear(r, config, {"aws_lambda_code_signing_config"})
}

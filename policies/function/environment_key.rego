# METADATA
# title: Settings of a function are encrypted with a key of one's own
# description: |
#   With Lambda's own key whoever may call lambda:GetFunctionConfiguration reads
#   the variables. With a key of one's own they need that key as well.
# related_resources:
# - https://docs.aws.amazon.com/lambda/latest/dg/configuration-envvars-encryption.html
# custom:
#   severity: medium
#   remediation: Set kms_key_arn to an aws_kms_key whose policy lets the function's role decrypt.
#   types: [aws_lambda_function]
#   mappings:
#     checkov: [CKV_AWS_173]
#   good: |
#     resource "aws_lambda_function" "chat" {
#       function_name = "chat"
#       role          = aws_iam_role.chat.arn
#       filename      = "chat.zip"
#       runtime       = "provided.al2023"
#       handler       = "bootstrap"
#       kms_key_arn   = aws_kms_key.chat.arn
#
#       environment {
#         variables = { TABLE = "rooms" }
#       }
#     }
#   bad: |
#     resource "aws_lambda_function" "chat" {
#       function_name = "chat"
#       role          = aws_iam_role.chat.arn
#       filename      = "chat.zip"
#       runtime       = "provided.al2023"
#       handler       = "bootstrap"
#
#       environment {
#         variables = { TABLE = "rooms" }
#       }
#     }
package portcullis.rules.function.environment_key

import data.portcullis.lib

# Without variables there is nothing to encrypt.
with_settings contains r if {
	some r in input.by_type.aws_lambda_function
	lib.is_set(r, ["environment", 0, "variables"])
}

with_settings contains r if {
	some r in input.by_type.aws_lambda_function
	lib.veiled(r, ["environment", 0, "variables"])
}

subjects contains r.address if some r in with_settings

deny contains lib.finding(r, ["kms_key_arn"], "the variables have no key of one's own") if {
	some r in with_settings
	lib.customer_key(r, ["kms_key_arn"]) == false
}

unknown contains lib.finding(r, ["kms_key_arn"], "what key it is cannot be seen before apply") if {
	some r in with_settings
	lib.customer_key(r, ["kms_key_arn"]) == "unknown"
}

# METADATA
# title: A permission for S3 says whose bucket it is
# description: |
#   The ARN of a bucket has no account in it. Once the bucket is deleted anybody
#   may make one of that name, and its events run the function.
# related_resources:
# - https://docs.aws.amazon.com/lambda/latest/dg/with-s3.html
# - https://docs.aws.amazon.com/lambda/latest/dg/permissions-function-services.html
# custom:
#   severity: medium
#   remediation: Set source_account to the account of the bucket, beside source_arn.
#   types: [aws_lambda_permission]
#   mappings:
#     fsbp: [Lambda.1]
#   good: |
#     resource "aws_lambda_permission" "uploads" {
#       action         = "lambda:InvokeFunction"
#       function_name  = aws_lambda_function.thumbnail.function_name
#       principal      = "s3.amazonaws.com"
#       source_arn     = aws_s3_bucket.uploads.arn
#       source_account = "111122223333"
#     }
#   bad: |
#     resource "aws_lambda_permission" "uploads" {
#       action        = "lambda:InvokeFunction"
#       function_name = aws_lambda_function.thumbnail.function_name
#       principal     = "s3.amazonaws.com"
#       source_arn    = aws_s3_bucket.uploads.arn
#     }
package portcullis.rules.function.permission_bucket_owner

import data.portcullis.lib

# Without source_arn websocket/permission-source speaks.
permissions contains r if {
	some r in input.by_type.aws_lambda_permission
	lib.is_set(r, ["source_arn"])
	lib.one_of(r, ["principal"], {"s3.amazonaws.com"}) != false
}

subjects contains r.address if some r in permissions

ownerless contains r if {
	some r in permissions
	lib.given(r, ["source_account"]) == false
}

deny contains lib.finding(r, ["source_account"], "whoever owns a bucket of this name may run the function") if {
	some r in ownerless
	lib.state(r, ["principal"]) == "known"
}

unknown contains lib.finding(r, ["source_account"], "whether an account is named is known after apply") if {
	some r in permissions
	lib.given(r, ["source_account"]) == "unknown"
}

unknown contains lib.finding(r, ["principal"], "whether it is for S3, which needs source_account, is known after apply") if {
	some r in ownerless
	lib.state(r, ["principal"]) == "reference"
}

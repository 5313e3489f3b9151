# METADATA
# title: A secure parameter is encrypted with a key of one's own
# description: |
#   With AWS's own key everybody in the account who may read the parameter may
#   decrypt it: there is no second door and no way to lock it.
# related_resources:
# - https://docs.aws.amazon.com/systems-manager/latest/userguide/secure-string-parameter-kms-encryption.html
# custom:
#   severity: medium
#   remediation: Set key_id to an aws_kms_key.
#   types: [aws_ssm_parameter]
#   mappings:
#     checkov: [CKV_AWS_337]
#   good: |
#     resource "aws_ssm_parameter" "origin" {
#       name             = "/chat/origin"
#       type             = "SecureString"
#       value_wo         = var.origin
#       value_wo_version = 1
#       key_id           = aws_kms_key.data.arn
#     }
#   bad: |
#     resource "aws_ssm_parameter" "origin" {
#       name             = "/chat/origin"
#       type             = "SecureString"
#       value_wo         = var.origin
#       value_wo_version = 1
#     }
package portcullis.rules.encryption.parameter_key

import data.portcullis.lib

key := ["key_id"]

secure(r) := lib.equals(r, ["type"], "SecureString")

subjects contains r.address if {
	some r in input.by_type.aws_ssm_parameter
	secure(r) != false
}

verdict(r) := lib.any_of({lib.opposite(secure(r)), lib.customer_key(r, key)})

deny contains lib.finding(r, key, "the parameter has no key of one's own") if {
	some r in input.by_type.aws_ssm_parameter
	verdict(r) == false
}

unknown contains lib.finding(r, key, "what key it is cannot be seen before apply") if {
	some r in input.by_type.aws_ssm_parameter
	verdict(r) == "unknown"
}

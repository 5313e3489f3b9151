# METADATA
# title: A key has a policy of its own
# description: |
#   Without one KMS gives the key a policy that leaves everything to IAM: whoever has
#   kms:Decrypt on *, an administrator or a careless policy, reads what the key
#   protects. Low, since within the account IAM still decides.
# related_resources:
# - https://docs.aws.amazon.com/kms/latest/developerguide/key-policy-default.html
# custom:
#   severity: low
#   remediation: Set policy, or add an aws_kms_key_policy, that names who administers the key and who uses it, by way of which service.
#   types: [aws_kms_key, aws_kms_replica_key, aws_kms_external_key]
#   mappings:
#     checkov: [CKV2_AWS_64]
#   good: |
#     data "aws_iam_policy_document" "key" {
#       statement {
#         actions   = ["kms:Decrypt", "kms:GenerateDataKey"]
#         resources = ["*"]
#         principals {
#           type        = "AWS"
#           identifiers = ["arn:aws:iam::111122223333:role/chat"]
#         }
#       }
#     }
#     resource "aws_kms_key_policy" "data" {
#       key_id = aws_kms_key.data.id
#       policy = data.aws_iam_policy_document.key.json
#     }
#   bad: |
#     resource "aws_kms_key" "data" {
#       description = "data"
#     }
package portcullis.rules.keys.key_policy

import data.portcullis.lib

keys contains r if {
	some type in ["aws_kms_key", "aws_kms_replica_key", "aws_kms_external_key"]
	some r in input.by_type[type]
}

own(r) if {
	lib.written(r, ["policy"])
	lib.is_set(r, ["policy"])
}

verdict(r) if {
	own(r)
} else := lib.companion(r, "aws_kms_key_policy", ["key_id"])

subjects contains r.address if some r in keys

deny contains lib.finding(r, ["policy"], "the key has the policy that KMS gives it") if {
	some r in keys
	verdict(r) == false
}

unknown contains lib.finding(r, ["policy"], "which key a policy of the plan is for is known after apply") if {
	some r in keys
	verdict(r) == "unknown"
}

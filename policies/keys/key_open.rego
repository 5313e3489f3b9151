# METADATA
# title: No key is open to everybody
# description: |
#   A key policy with principal * and no condition on the caller lets anybody with an
#   AWS account decrypt, or delete the key. kms:ViaService alone does not help: other
#   people's accounts come by way of the same service.
# related_resources:
# - https://docs.aws.amazon.com/kms/latest/developerguide/key-policies.html
# - https://docs.aws.amazon.com/kms/latest/developerguide/conditions-kms.html
# custom:
#   severity: critical
#   remediation: Name the principals, or add a condition on kms:CallerAccount or aws:PrincipalOrgID.
#   types: [aws_kms_key, aws_kms_key_policy, aws_kms_replica_key, aws_kms_external_key]
#   mappings:
#     checkov: [CKV_AWS_33]
#     fsbp: [KMS.5]
#   good: |
#     data "aws_iam_policy_document" "key" {
#       statement {
#         actions   = ["kms:Decrypt"]
#         resources = ["*"]
#         principals {
#           type        = "AWS"
#           identifiers = ["arn:aws:iam::111122223333:role/reader"]
#         }
#       }
#     }
#     resource "aws_kms_key_policy" "data" {
#       key_id = aws_kms_key.data.id
#       policy = data.aws_iam_policy_document.key.json
#     }
#   bad: |
#     data "aws_iam_policy_document" "key" {
#       statement {
#         actions   = ["kms:Decrypt"]
#         resources = ["*"]
#         principals {
#           type        = "AWS"
#           identifiers = ["*"]
#         }
#       }
#     }
#     resource "aws_kms_key_policy" "data" {
#       key_id = aws_kms_key.data.id
#       policy = data.aws_iam_policy_document.key.json
#     }
package portcullis.rules.keys.key_open

import data.portcullis.lib

policies := lib.policies_of(lib.key_policy_types)

subjects contains p.address if some p in policies

deny contains lib.in_policy(p, s, "everybody may use the key") if {
	some p in policies
	some s in p.statements
	lib.open(s) == true
}

unknown contains lib.in_policy(p, s, "who may use the key is known after apply") if {
	some p in policies
	some s in p.statements
	lib.open(s) == "unknown"
}

unknown contains lib.unread(p) if {
	some p in policies
	p.state == "opaque"
}

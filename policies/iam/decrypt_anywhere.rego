# METADATA
# title: A policy names the keys it decrypts with
# description: |
#   Decrypt on every key opens what any key of the account protects, keys made
#   later among them, wherever their own policies leave access to IAM.
# related_resources:
# - https://docs.aws.amazon.com/kms/latest/developerguide/iam-policies-best-practices.html
# custom:
#   severity: medium
#   remediation: Put the ARNs of the keys in resources, or a condition on kms:ViaService, kms:ResourceAliases or kms:EncryptionContext.
#   types: [aws_iam_policy, aws_iam_role_policy, aws_iam_user_policy, aws_iam_group_policy, aws_iam_role, aws_ssoadmin_permission_set_inline_policy, aws_iot_policy]
#   mappings:
#     fsbp: [KMS.1, KMS.2]
#   good: |
#     data "aws_iam_policy_document" "this" {
#       statement {
#         actions   = ["kms:Decrypt"]
#         resources = [aws_kms_key.rooms.arn]
#       }
#     }
#   bad: |
#     data "aws_iam_policy_document" "this" {
#       statement {
#         actions   = ["kms:Decrypt"]
#         resources = ["*"]
#       }
#     }
package portcullis.rules.iam.decrypt_anywhere

import data.portcullis.lib
import data.portcullis.lib.iam

named(s) := iam.covered(s, {"kms:decrypt", "kms:reencryptfrom"})

relevant := [[p, s, found] |
	some [p, s] in iam.allowing
	found := named(s)
	count(found) > 0
]

subjects contains p.address if some [p, _, _] in relevant

deny contains lib.in_policy(p, s, sprintf("on every key it is allowed: %s", [iam.some_of(found)])) if {
	some [p, s, found] in relevant
	iam.wide(s)
}

unknown contains lib.in_policy(p, s, sprintf("on what is known after apply: %s", [iam.some_of(found)])) if {
	some [p, s, found] in relevant
	iam.unclear(s)
}

# METADATA
# title: A grant of a key goes no further than it must
# description: |
#   A grant is outside of the key's policy, and hardly anybody looks at it. With
#   CreateGrant its holder gives the key on; without a constraint he decrypts everything
#   that was ever encrypted with it.
# related_resources:
# - https://docs.aws.amazon.com/kms/latest/developerguide/grants.html
# - https://docs.aws.amazon.com/kms/latest/APIReference/API_GrantConstraints.html
# custom:
#   severity: medium
#   remediation: Leave CreateGrant out, and add constraints with encryption_context_equals or encryption_context_subset where the grant is to decrypt.
#   types: [aws_kms_grant]
#   good: |
#     resource "aws_kms_grant" "reader" {
#       key_id            = aws_kms_key.data.id
#       grantee_principal = aws_iam_role.reader.arn
#       operations        = ["Decrypt"]
#       constraints {
#         encryption_context_equals = { room = "lobby" }
#       }
#     }
#   bad: |
#     resource "aws_kms_grant" "reader" {
#       key_id            = aws_kms_key.data.id
#       grantee_principal = aws_iam_role.reader.arn
#       operations        = ["Decrypt", "CreateGrant"]
#     }
package portcullis.rules.keys.grant

import data.portcullis.lib

operations := ["operations"]

# What constraints apply to and gives plain text or keys.
opening := {"Decrypt", "GenerateDataKey", "GenerateDataKeyPair", "ReEncryptFrom"}

constrained(r) if count(r.values.constraints) > 0

subjects contains r.address if some r in input.by_type.aws_kms_grant

deny contains lib.finding(r, operations, "the key can be given on") if {
	some r in input.by_type.aws_kms_grant
	"CreateGrant" in lib.value(r, operations)
}

deny contains lib.finding(r, operations, "everything that the key encrypted can be decrypted") if {
	some r in input.by_type.aws_kms_grant
	some operation in lib.value(r, operations)
	operation in opening
	not constrained(r)
	not lib.hidden(r, ["constraints"])
}

unknown contains lib.finding(r, path, "what is granted is known after apply") if {
	some r in input.by_type.aws_kms_grant
	some path in [operations, ["constraints"]]
	lib.hidden(r, path)
}

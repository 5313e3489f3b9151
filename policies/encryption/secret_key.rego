# METADATA
# title: A secret is encrypted with a key of one's own
# description: |
#   With AWS's own key everybody in the account who may read the secret may
#   decrypt it, and it cannot be shared safely.
# related_resources:
# - https://docs.aws.amazon.com/secretsmanager/latest/userguide/security-encryption.html
# custom:
#   severity: medium
#   remediation: Set kms_key_id to an aws_kms_key.
#   types: [aws_secretsmanager_secret]
#   mappings:
#     checkov: [CKV_AWS_149]
#   good: |
#     resource "aws_secretsmanager_secret" "origin" {
#       kms_key_id = aws_kms_key.data.arn
#     }
#   bad: |
#     resource "aws_secretsmanager_secret" "origin" {
#       name = "origin"
#     }
package portcullis.rules.encryption.secret_key

import data.portcullis.lib

# A replica has a key of its own Region.
keys contains [r, ["kms_key_id"]] if some r in input.by_type.aws_secretsmanager_secret

keys contains [r, ["replica", i, "kms_key_id"]] if {
	some r in input.by_type.aws_secretsmanager_secret
	some i, _ in r.values.replica
}

# What replicas a secret has may be known after apply.
keys contains [r, ["replica"]] if {
	some r in input.by_type.aws_secretsmanager_secret
	lib.state(r, ["replica"]) == "reference"
}

subjects contains r.address if some [r, _] in keys

deny contains lib.finding(r, path, "the secret has no key of one's own") if {
	some [r, path] in keys
	lib.customer_key(r, path) == false
}

unknown contains lib.finding(r, path, "what key it is cannot be seen before apply") if {
	some [r, path] in keys
	lib.customer_key(r, path) == "unknown"
}

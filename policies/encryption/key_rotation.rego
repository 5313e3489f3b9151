# METADATA
# title: A symmetric key is rotated
# description: |
#   Without rotation one key encrypts everything for ever, and whoever once got
#   hold of it reads what comes later too.
# related_resources:
# - https://docs.aws.amazon.com/kms/latest/developerguide/rotate-keys.html
# custom:
#   severity: medium
#   remediation: Set enable_key_rotation = true.
#   types: [aws_kms_key]
#   mappings:
#     checkov: [CKV_AWS_7]
#     cis: ["3.0.0/3.6", "5.0.0/3.6"]
#   good: |
#     resource "aws_kms_key" "data" {
#       enable_key_rotation = true
#     }
#   bad: |
#     resource "aws_kms_key" "data" {
#       description = "data"
#     }
package portcullis.rules.encryption.key_rotation

import data.portcullis.lib

# Asymmetric and HMAC keys, and those of a key store of one's own, cannot be
# rotated by KMS.
rotatable contains r if {
	some r in input.by_type.aws_kms_key
	lib.one_of(r, ["customer_master_key_spec"], {"SYMMETRIC_DEFAULT"}) == true
	not lib.is_set(r, ["custom_key_store_id"])
}

subjects contains r.address if some r in rotatable

deny contains lib.finding(r, ["enable_key_rotation"], "the key is never rotated") if {
	some r in rotatable
	lib.equals(r, ["enable_key_rotation"], true) == false
}

unknown contains lib.finding(r, ["enable_key_rotation"], "whether the key is rotated is known after apply") if {
	some r in rotatable
	lib.equals(r, ["enable_key_rotation"], true) == "unknown"
}

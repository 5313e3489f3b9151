# METADATA
# title: A key policy is checked for locking everybody out
# description: |
#   With the check off KMS takes a policy that nobody can change any more: the key and
#   what it protects can then be had back by AWS support only, or not at all.
# related_resources:
# - https://docs.aws.amazon.com/kms/latest/APIReference/API_PutKeyPolicy.html
# custom:
#   severity: medium
#   remediation: Leave bypass_policy_lockout_safety_check out.
#   types: [aws_kms_key, aws_kms_key_policy, aws_kms_replica_key, aws_kms_external_key]
#   good: |
#     resource "aws_kms_key" "data" {
#       description = "data"
#     }
#   bad: |
#     resource "aws_kms_key" "data" {
#       description                        = "data"
#       bypass_policy_lockout_safety_check = true
#     }
package portcullis.rules.keys.lockout_check

import data.portcullis.lib

bypass := ["bypass_policy_lockout_safety_check"]

keys contains r if {
	some type in lib.key_policy_types
	some r in input.by_type[type]
}

subjects contains r.address if some r in keys

deny contains lib.finding(r, bypass, "a policy that locks everybody out is taken") if {
	some r in keys
	lib.equals(r, bypass, true) == true
}

unknown contains lib.finding(r, bypass, "whether the policy is checked is known after apply") if {
	some r in keys
	lib.equals(r, bypass, true) == "unknown"
}

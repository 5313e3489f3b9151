# METADATA
# title: A key stays in its Region
# description: |
#   A multi-Region key can be copied, with its material, to any Region: whoever may
#   replicate it takes it to where nobody looks, past a Region's key policy and trails.
#   It cannot be changed back. Low: global tables and disaster recovery have good use
#   for it.
# related_resources:
# - https://docs.aws.amazon.com/kms/latest/developerguide/multi-region-keys-overview.html
# custom:
#   severity: low
#   remediation: Leave multi_region out, and encrypt again in the other Region with a key of its own.
#   types: [aws_kms_key, aws_kms_external_key]
#   good: |
#     resource "aws_kms_key" "data" {
#       description = "data"
#     }
#   bad: |
#     resource "aws_kms_key" "data" {
#       multi_region = true
#     }
package portcullis.rules.keys.multi_region

import data.portcullis.lib

multi := ["multi_region"]

keys contains r if {
	some type in ["aws_kms_key", "aws_kms_external_key"]
	some r in input.by_type[type]
}

subjects contains r.address if some r in keys

deny contains lib.finding(r, multi, "the key can be copied to other Regions") if {
	some r in keys
	lib.equals(r, multi, true) == true
}

unknown contains lib.finding(r, multi, "whether the key can be copied is known after apply") if {
	some r in keys
	lib.equals(r, multi, true) == "unknown"
}

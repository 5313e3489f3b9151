# METADATA
# title: A key is enabled
# description: |
#   What a disabled key protects cannot be read or written: tables, queues and logs
#   refuse. To disable a key is for emergencies, and is then forgotten.
# related_resources:
# - https://docs.aws.amazon.com/kms/latest/developerguide/enabling-keys.html
# custom:
#   severity: low
#   remediation: Leave is_enabled (enabled for a replica or an external key) out, or set it to true. Remove a key that nobody needs.
#   types: [aws_kms_key, aws_kms_replica_key, aws_kms_external_key]
#   mappings:
#     checkov: [CKV_AWS_227]
#   good: |
#     resource "aws_kms_key" "data" {
#       description = "data"
#     }
#   bad: |
#     resource "aws_kms_key" "data" {
#       is_enabled = false
#     }
package portcullis.rules.keys.key_enabled

import data.portcullis.lib

switches := {
	"aws_kms_key": ["is_enabled"],
	"aws_kms_replica_key": ["enabled"],
	"aws_kms_external_key": ["enabled"],
}

keys contains [r, switch] if {
	some type, switch in switches
	some r in input.by_type[type]
}

subjects contains r.address if some [r, _] in keys

# Left out it is enabled.
deny contains lib.finding(r, switch, "the key is disabled") if {
	some [r, switch] in keys
	lib.equals(r, switch, false) == true
}

unknown contains lib.finding(r, switch, "whether the key is enabled is known after apply") if {
	some [r, switch] in keys
	lib.equals(r, switch, false) == "unknown"
}

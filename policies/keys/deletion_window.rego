# METADATA
# title: A key can be had back for a fortnight
# description: |
#   A key that is deleted takes with it everything it ever encrypted, backups too. The
#   window is the only time in which that can be undone: seven days go by in a holiday.
#   Waiting costs nothing. Low, since a key of a test has nothing to lose.
# related_resources:
# - https://docs.aws.amazon.com/kms/latest/developerguide/deleting-keys.html
# custom:
#   severity: low
#   remediation: Leave deletion_window_in_days out, for 30 days, or set it to 14 or more.
#   types: [aws_kms_key, aws_kms_replica_key, aws_kms_external_key, aws_kms_replica_external_key]
#   mappings:
#     fsbp: [KMS.3]
#   good: |
#     resource "aws_kms_key" "data" {
#       deletion_window_in_days = 30
#     }
#   bad: |
#     resource "aws_kms_key" "data" {
#       deletion_window_in_days = 7
#     }
package portcullis.rules.keys.deletion_window

import data.portcullis.lib

window := ["deletion_window_in_days"]

fortnight := 14

keys contains r if {
	some type in ["aws_kms_key", "aws_kms_replica_key", "aws_kms_external_key", "aws_kms_replica_external_key"]
	some r in input.by_type[type]
}

subjects contains r.address if some r in keys

# Left out it is 30 days.
deny contains lib.finding(r, window, sprintf("%d days to notice", [lib.value(r, window)])) if {
	some r in keys
	lib.state(r, window) == "known"
	lib.value(r, window) < fortnight
}

unknown contains lib.finding(r, window, "how long it can be had back is known after apply") if {
	some r in keys
	lib.state(r, window) == "reference"
}

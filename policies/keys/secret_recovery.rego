# METADATA
# title: A deleted secret can be had back
# description: |
#   With a recovery window of 0 days a secret is gone at once, with all its versions,
#   and what logs in with it stands still. Low, since a test has to be able to make it
#   again under the same name.
# related_resources:
# - https://docs.aws.amazon.com/secretsmanager/latest/userguide/manage_delete-secret.html
# custom:
#   severity: low
#   remediation: Leave recovery_window_in_days out, for 30 days.
#   types: [aws_secretsmanager_secret]
#   good: |
#     resource "aws_secretsmanager_secret" "origin" {
#       name = "origin"
#     }
#   bad: |
#     resource "aws_secretsmanager_secret" "origin" {
#       name                    = "origin"
#       recovery_window_in_days = 0
#     }
package portcullis.rules.keys.secret_recovery

import data.portcullis.lib

window := ["recovery_window_in_days"]

subjects contains r.address if some r in input.by_type.aws_secretsmanager_secret

# Left out it is 30 days.
deny contains lib.finding(r, window, "the secret is gone at once") if {
	some r in input.by_type.aws_secretsmanager_secret
	lib.equals(r, window, 0) == true
}

unknown contains lib.finding(r, window, "how long it can be had back is known after apply") if {
	some r in input.by_type.aws_secretsmanager_secret
	lib.equals(r, window, 0) == "unknown"
}

# METADATA
# title: Passwords are not reset by text message
# description: |
#   A code by text message goes to whoever talks the phone company into a new
#   card, and with it the account. Where nothing is set, Cognito prefers the
#   phone.
# related_resources:
# - https://docs.aws.amazon.com/cognito/latest/developerguide/managing-users-passwords.html
# custom:
#   severity: low
#   remediation: Set account_recovery_setting with verified_email, or admin_only, alone.
#   types: [aws_cognito_user_pool]
#   good: |
#     resource "aws_cognito_user_pool" "chat" {
#       name = "chat"
#       account_recovery_setting {
#         recovery_mechanism {
#           name     = "verified_email"
#           priority = 1
#         }
#       }
#     }
#   bad: |
#     resource "aws_cognito_user_pool" "chat" {
#       name = "chat"
#     }
package portcullis.rules.identity.account_recovery

import data.portcullis.lib

at := ["account_recovery_setting"]

subjects contains r.address if some r in input.by_type.aws_cognito_user_pool

names(r) := {mechanism.name | some mechanism in lib.value(r, at)[0].recovery_mechanism}

later(r) if lib.hidden(r, array.concat(at, [0, "recovery_mechanism"]))

later(r) if {
	some i, _ in lib.value(r, at)[0].recovery_mechanism
	lib.hidden(r, array.concat(at, [0, "recovery_mechanism", i, "name"]))
}

deny contains lib.finding(r, at, "Cognito sends the code to the phone first") if {
	some r in input.by_type.aws_cognito_user_pool
	not lib.hidden(r, at)
	not lib.is_set(r, at)
}

deny contains lib.finding(r, at, "who has the phone number has the account") if {
	some r in input.by_type.aws_cognito_user_pool
	"verified_phone_number" in names(r)
}

unknown contains lib.finding(r, at, "how a password is recovered is known after apply") if {
	some r in input.by_type.aws_cognito_user_pool
	later(r)
}

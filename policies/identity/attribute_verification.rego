# METADATA
# title: A new address is verified before it counts
# description: |
#   Otherwise a user who changes the address is it at once, and for ever
#   unverified: applications that go by the address take the user for its owner,
#   and a typing error locks the user out.
# related_resources:
# - https://docs.aws.amazon.com/cognito/latest/developerguide/user-pool-settings-email-phone-verification.html
# custom:
#   severity: low
#   remediation: Set user_attribute_update_settings with attributes_require_verification_before_update = ["email"].
#   types: [aws_cognito_user_pool]
#   good: |
#     resource "aws_cognito_user_pool" "chat" {
#       name = "chat"
#       auto_verified_attributes = ["email"]
#       user_attribute_update_settings {
#         attributes_require_verification_before_update = ["email"]
#       }
#     }
#   bad: |
#     resource "aws_cognito_user_pool" "chat" {
#       name = "chat"
#       auto_verified_attributes = ["email"]
#     }
package portcullis.rules.identity.attribute_verification

import data.portcullis.lib

at := ["user_attribute_update_settings", 0, "attributes_require_verification_before_update"]

# Pools that verify something when an account is made.
verifying contains r if {
	some r in input.by_type.aws_cognito_user_pool
	some _ in lib.value(r, ["auto_verified_attributes"])
}

subjects contains r.address if some r in verifying

missing(r) := {name | some name in lib.value(r, ["auto_verified_attributes"])} - {name | some name in lib.value(r, at)}

deny contains lib.finding(r, ["user_attribute_update_settings"], sprintf("a new %s counts before it is verified", [name])) if {
	some r in verifying
	not lib.hidden(r, at)
	some name in missing(r)
}

unknown contains lib.finding(r, ["user_attribute_update_settings"], "what is verified before it counts is known after apply") if {
	some r in verifying
	lib.hidden(r, at)
}

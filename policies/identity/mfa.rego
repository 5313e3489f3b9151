# METADATA
# title: A user pool knows a second factor
# description: |
#   Without one an account is as safe as its password, which is often that of
#   another site. OPTIONAL lets each user set a factor up and is accepted; ON asks
#   everybody.
# related_resources:
# - https://docs.aws.amazon.com/cognito/latest/developerguide/user-pool-settings-mfa.html
# custom:
#   severity: medium
#   remediation: Set mfa_configuration to ON or OPTIONAL, with software_token_mfa_configuration.
#   types: [aws_cognito_user_pool]
#   mappings:
#     fsbp: [Cognito.5]
#   good: |
#     resource "aws_cognito_user_pool" "chat" {
#       name = "chat"
#       mfa_configuration = "ON"
#       software_token_mfa_configuration {
#         enabled = true
#       }
#     }
#   bad: |
#     resource "aws_cognito_user_pool" "chat" {
#       name = "chat"
#     }
package portcullis.rules.identity.mfa

import data.portcullis.lib

at := ["mfa_configuration"]

factor := ["software_token_mfa_configuration", 0, "enabled"]

subjects contains r.address if some r in input.by_type.aws_cognito_user_pool

deny contains lib.finding(r, at, "an account is as safe as its password") if {
	some r in input.by_type.aws_cognito_user_pool
	lib.one_of(r, at, {"ON", "OPTIONAL"}) == false
}

# A text message goes to whoever talks the phone company into a new card.
deny contains lib.finding(r, at, "the only second factor is a text message") if {
	some r in input.by_type.aws_cognito_user_pool
	lib.one_of(r, at, {"ON", "OPTIONAL"}) == true
	lib.equals(r, factor, true) == false
	not lib.hidden(r, ["software_token_mfa_configuration"])
	not lib.is_set(r, ["email_mfa_configuration"])
	not lib.is_set(r, ["web_authn_configuration"])
}

unknown contains lib.finding(r, at, "whether there is a second factor is known after apply") if {
	some r in input.by_type.aws_cognito_user_pool
	lib.one_of(r, at, {"ON", "OPTIONAL"}) == "unknown"
}

unknown contains lib.finding(r, factor, "whether an authenticator app is a factor is known after apply") if {
	some r in input.by_type.aws_cognito_user_pool
	lib.one_of(r, at, {"ON", "OPTIONAL"}) == true
	lib.hidden(r, factor)
}

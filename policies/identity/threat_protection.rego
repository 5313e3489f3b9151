# METADATA
# title: A user pool acts on stolen passwords
# description: |
#   Threat protection refuses passwords that are known to be stolen and asks for a
#   second factor where a sign-in is unusual; AUDIT only writes that down. It
#   needs the PLUS tier, which is billed for each active user: severity low, and a
#   pool for a trial may be waived.
# related_resources:
# - https://docs.aws.amazon.com/cognito/latest/developerguide/cognito-user-pool-settings-threat-protection.html
# custom:
#   severity: low
#   remediation: Set user_pool_tier = "PLUS" and advanced_security_mode = "ENFORCED".
#   types: [aws_cognito_user_pool]
#   mappings:
#     fsbp: [Cognito.1]
#   good: |
#     resource "aws_cognito_user_pool" "chat" {
#       name = "chat"
#       user_pool_tier = "PLUS"
#       user_pool_add_ons {
#         advanced_security_mode = "ENFORCED"
#       }
#     }
#   bad: |
#     resource "aws_cognito_user_pool" "chat" {
#       name = "chat"
#     }
package portcullis.rules.identity.threat_protection

import data.portcullis.lib

at := ["user_pool_add_ons", 0, "advanced_security_mode"]

subjects contains r.address if some r in input.by_type.aws_cognito_user_pool

deny contains lib.finding(r, ["user_pool_add_ons"], "nothing is done about passwords that are known to be stolen") if {
	some r in input.by_type.aws_cognito_user_pool
	not lib.hidden(r, at)
	lib.value(r, at) != "ENFORCED"
}

deny contains lib.finding(r, ["user_pool_tier"], "the tier has no threat protection") if {
	some r in input.by_type.aws_cognito_user_pool
	lib.value(r, at) == "ENFORCED"
	lib.one_of(r, ["user_pool_tier"], {"LITE", "ESSENTIALS"}) == true
}

unknown contains lib.finding(r, ["user_pool_tier"], "whether the tier has threat protection is known after apply") if {
	some r in input.by_type.aws_cognito_user_pool
	lib.value(r, at) == "ENFORCED"
	lib.one_of(r, ["user_pool_tier"], {"LITE", "ESSENTIALS"}) == "unknown"
}

unknown contains lib.finding(r, ["user_pool_add_ons"], "whether stolen passwords are refused is known after apply") if {
	some r in input.by_type.aws_cognito_user_pool
	lib.hidden(r, at)
}

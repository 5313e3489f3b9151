# METADATA
# title: Threat protection covers sign-in by triggers too
# description: |
#   The enforcement mode of a user pool is for passwords alone. Where Lambda triggers
#   ask the questions, sign-ins from unusual places are let through until custom
#   authentication has a mode of its own. A pool without such triggers has no such
#   sign-in, and is not asked.
# related_resources:
# - https://docs.aws.amazon.com/cognito/latest/developerguide/cognito-user-pool-settings-threat-protection.html
# - https://docs.aws.amazon.com/config/latest/developerguide/cognito-userpool-cust-auth-threat-full-check.html
# custom:
#   severity: low
#   remediation: Set custom_auth_mode = "ENFORCED" in user_pool_add_ons.advanced_security_additional_flows.
#   types: [aws_cognito_user_pool]
#   mappings:
#     fsbp: [Cognito.4]
#   good: |
#     resource "aws_cognito_user_pool" "chat" {
#       name           = "chat"
#       user_pool_tier = "PLUS"
#       lambda_config {
#         define_auth_challenge = aws_lambda_function.define.arn
#       }
#       user_pool_add_ons {
#         advanced_security_mode = "ENFORCED"
#         advanced_security_additional_flows {
#           custom_auth_mode = "ENFORCED"
#         }
#       }
#     }
#   bad: |
#     resource "aws_cognito_user_pool" "chat" {
#       name           = "chat"
#       user_pool_tier = "PLUS"
#       lambda_config {
#         define_auth_challenge = aws_lambda_function.define.arn
#       }
#       user_pool_add_ons {
#         advanced_security_mode = "ENFORCED"
#       }
#     }
package portcullis.rules.identity.custom_auth_protection

import data.portcullis.lib

mode := ["user_pool_add_ons", 0, "advanced_security_additional_flows", 0, "custom_auth_mode"]

# define_auth_challenge says which question comes next: without it there is no
# custom authentication.
trigger := ["lambda_config", 0, "define_auth_challenge"]

custom(r) := "unknown" if {
	lib.unclear(r, trigger, lib.function_types)
} else := lib.is_set(r, trigger)

pools := [[r, lib.all_of({custom(r), lib.opposite(lib.equals(r, mode, "ENFORCED"))})] |
	some r in input.by_type.aws_cognito_user_pool
	lib.is_set(r, trigger)
]

subjects contains r.address if some [r, _] in pools

deny contains lib.finding(r, ["user_pool_add_ons"], "unusual sign-ins by custom authentication are let through") if {
	some [r, true] in pools
}

unknown contains lib.finding(r, ["user_pool_add_ons"], "whether unusual sign-ins by custom authentication are let through is known after apply") if {
	some [r, "unknown"] in pools
}

# METADATA
# title: A client does not say which users exist
# description: |
#   With LEGACY, which is what Cognito takes where nothing is set, sign-in and
#   password recovery answer differently for a name that does not exist: anybody
#   sorts a list of addresses into users and others, and tries passwords on the
#   users only.
# related_resources:
# - https://docs.aws.amazon.com/cognito/latest/developerguide/cognito-user-pool-managing-errors.html
# custom:
#   severity: medium
#   remediation: Set prevent_user_existence_errors = "ENABLED".
#   types: [aws_cognito_user_pool_client, aws_cognito_managed_user_pool_client]
#   good: |
#     resource "aws_cognito_user_pool_client" "web" {
#       name         = "web"
#       user_pool_id = aws_cognito_user_pool.chat.id
#       prevent_user_existence_errors = "ENABLED"
#     }
#   bad: |
#     resource "aws_cognito_user_pool_client" "web" {
#       name         = "web"
#       user_pool_id = aws_cognito_user_pool.chat.id
#     }
package portcullis.rules.identity.user_existence

import data.portcullis.lib
import data.portcullis.lib.identity

at := ["prevent_user_existence_errors"]

subjects contains r.address if some r in identity.clients

deny contains lib.finding(r, at, "sign-in tells who has an account") if {
	some r in identity.clients
	lib.equals(r, at, "ENABLED") == false
}

unknown contains lib.finding(r, at, "whether sign-in tells who has an account is known after apply") if {
	some r in identity.clients
	lib.equals(r, at, "ENABLED") == "unknown"
}

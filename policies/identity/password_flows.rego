# METADATA
# title: Passwords are not sent to Cognito as they are
# description: |
#   USER_PASSWORD_AUTH and the ADMIN flows send the password itself through
#   whatever is between, where it is logged by mistake; the flow exists for
#   migrations. SRP proves that the user knows it without sending it.
# related_resources:
# - https://docs.aws.amazon.com/cognito/latest/developerguide/amazon-cognito-user-pools-authentication-flow-methods.html
# custom:
#   severity: medium
#   remediation: Use ALLOW_USER_SRP_AUTH and ALLOW_REFRESH_TOKEN_AUTH, or the pages of managed login.
#   types: [aws_cognito_user_pool_client, aws_cognito_managed_user_pool_client]
#   good: |
#     resource "aws_cognito_user_pool_client" "web" {
#       name         = "web"
#       user_pool_id = aws_cognito_user_pool.chat.id
#       explicit_auth_flows = ["ALLOW_USER_SRP_AUTH", "ALLOW_REFRESH_TOKEN_AUTH"]
#     }
#   bad: |
#     resource "aws_cognito_user_pool_client" "web" {
#       name         = "web"
#       user_pool_id = aws_cognito_user_pool.chat.id
#       explicit_auth_flows = ["ALLOW_USER_PASSWORD_AUTH", "ALLOW_REFRESH_TOKEN_AUTH"]
#     }
package portcullis.rules.identity.password_flows

import data.portcullis.lib
import data.portcullis.lib.identity

at := ["explicit_auth_flows"]

plain := {"ALLOW_USER_PASSWORD_AUTH", "USER_PASSWORD_AUTH", "ALLOW_ADMIN_USER_PASSWORD_AUTH", "ADMIN_NO_SRP_AUTH"}

subjects contains r.address if some r in identity.clients

deny contains lib.finding(r, at, sprintf("%s sends the password itself", [flow])) if {
	some r in identity.clients
	some flow in (identity.items(r, "explicit_auth_flows") & plain)
}

unknown contains lib.finding(r, at, "the flows are known after apply") if {
	some r in identity.clients
	identity.later(r, "explicit_auth_flows")
}

# METADATA
# title: Access tokens of a client cannot change the user
# description: |
#   With the scope aws.cognito.signin.user.admin every place that gets an access
#   token to check it, an API or a log, can read the user's attributes, change
#   them, and change the password.
# related_resources:
# - https://docs.aws.amazon.com/cognito/latest/developerguide/cognito-user-pools-define-resource-servers.html
# custom:
#   severity: medium
#   remediation: Leave aws.cognito.signin.user.admin out of allowed_oauth_scopes; ask for openid and scopes of your own.
#   types: [aws_cognito_user_pool_client, aws_cognito_managed_user_pool_client]
#   good: |
#     resource "aws_cognito_user_pool_client" "web" {
#       name         = "web"
#       user_pool_id = aws_cognito_user_pool.chat.id
#       allowed_oauth_scopes = ["openid"]
#     }
#   bad: |
#     resource "aws_cognito_user_pool_client" "web" {
#       name         = "web"
#       user_pool_id = aws_cognito_user_pool.chat.id
#       allowed_oauth_scopes = ["openid", "aws.cognito.signin.user.admin"]
#     }
package portcullis.rules.identity.oauth_scopes

import data.portcullis.lib
import data.portcullis.lib.identity

at := ["allowed_oauth_scopes"]

subjects contains r.address if some r in identity.clients

deny contains lib.finding(r, at, "who gets an access token can change the user") if {
	some r in identity.clients
	"aws.cognito.signin.user.admin" in identity.items(r, "allowed_oauth_scopes")
}

unknown contains lib.finding(r, at, "the scopes are known after apply") if {
	some r in identity.clients
	identity.later(r, "allowed_oauth_scopes")
}

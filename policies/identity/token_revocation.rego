# METADATA
# title: A client lets tokens be revoked
# description: |
#   With enable_token_revocation off a refresh token that was stolen works for its
#   whole life: signing out, and /oauth2/revoke, do nothing about it. Cognito's
#   default for a new client is on.
# related_resources:
# - https://docs.aws.amazon.com/cognito/latest/developerguide/token-revocation.html
# custom:
#   severity: medium
#   remediation: Leave enable_token_revocation out, or set it to true.
#   types: [aws_cognito_user_pool_client, aws_cognito_managed_user_pool_client]
#   good: |
#     resource "aws_cognito_user_pool_client" "web" {
#       name         = "web"
#       user_pool_id = aws_cognito_user_pool.chat.id
#       enable_token_revocation = true
#     }
#   bad: |
#     resource "aws_cognito_user_pool_client" "web" {
#       name         = "web"
#       user_pool_id = aws_cognito_user_pool.chat.id
#       enable_token_revocation = false
#     }
package portcullis.rules.identity.token_revocation

import data.portcullis.lib
import data.portcullis.lib.identity

at := ["enable_token_revocation"]

subjects contains r.address if some r in identity.clients

deny contains lib.finding(r, at, "a stolen refresh token cannot be taken back") if {
	some r in identity.clients
	lib.equals(r, at, false) == true
}

unknown contains lib.finding(r, at, "whether tokens can be revoked is known after apply") if {
	some r in identity.clients
	lib.equals(r, at, false) == "unknown"
}

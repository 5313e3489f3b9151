# METADATA
# title: No client uses the implicit flow
# description: |
#   The implicit flow puts tokens into the URL: they stay in the history and reach
#   the logs of whatever the page links to, and nothing binds them to the client
#   that asked. The code flow with PKCE does all that the implicit one was for.
# related_resources:
# - https://docs.aws.amazon.com/cognito/latest/developerguide/federation-endpoints-oauth-grants.html
# - https://www.rfc-editor.org/rfc/rfc9700#section-2.1.2
# custom:
#   severity: high
#   remediation: Use allowed_oauth_flows = ["code"], and PKCE in a client without secret.
#   types: [aws_cognito_user_pool_client, aws_cognito_managed_user_pool_client]
#   good: |
#     resource "aws_cognito_user_pool_client" "web" {
#       name         = "web"
#       user_pool_id = aws_cognito_user_pool.chat.id
#       allowed_oauth_flows_user_pool_client = true
#       allowed_oauth_flows  = ["code"]
#     }
#   bad: |
#     resource "aws_cognito_user_pool_client" "web" {
#       name         = "web"
#       user_pool_id = aws_cognito_user_pool.chat.id
#       allowed_oauth_flows_user_pool_client = true
#       allowed_oauth_flows  = ["implicit"]
#     }
package portcullis.rules.identity.implicit_flow

import data.portcullis.lib
import data.portcullis.lib.identity

at := ["allowed_oauth_flows"]

subjects contains r.address if some r in identity.clients

deny contains lib.finding(r, at, "tokens travel in URLs") if {
	some r in identity.clients
	"implicit" in identity.items(r, "allowed_oauth_flows")
}

unknown contains lib.finding(r, at, "the flows are known after apply") if {
	some r in identity.clients
	identity.later(r, "allowed_oauth_flows")
}

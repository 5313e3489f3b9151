# METADATA
# title: An app that is handed out has no secret
# description: |
#   A client whose callback is a scheme of an app (chat://signed-in) is in the
#   hands of its users, who read the secret out of it: what is believed to prove
#   the app proves nothing, and is reused elsewhere.
# related_resources:
# - https://docs.aws.amazon.com/cognito/latest/developerguide/user-pool-settings-client-apps.html
# - https://www.rfc-editor.org/rfc/rfc8252#section-8.5
# custom:
#   severity: medium
#   remediation: Leave generate_secret out and use the code flow with PKCE; make another client for servers.
#   types: [aws_cognito_user_pool_client]
#   good: |
#     resource "aws_cognito_user_pool_client" "web" {
#       name         = "web"
#       user_pool_id = aws_cognito_user_pool.chat.id
#       callback_urls = ["chat://signed-in"]
#     }
#   bad: |
#     resource "aws_cognito_user_pool_client" "web" {
#       name         = "web"
#       user_pool_id = aws_cognito_user_pool.chat.id
#       callback_urls = ["chat://signed-in"]
#       generate_secret = true
#     }
package portcullis.rules.identity.app_secret

import data.portcullis.lib
import data.portcullis.lib.identity

at := ["generate_secret"]

# Clients that send users back into an app.
apps contains r if {
	some r in input.by_type.aws_cognito_user_pool_client
	some url in identity.items(r, "callback_urls")
	not regex.match(`^https?://`, url)
}

subjects contains r.address if some r in apps

deny contains lib.finding(r, at, "everybody who has the app has its secret") if {
	some r in apps
	lib.equals(r, at, true) == true
}

unknown contains lib.finding(r, at, "whether the client has a secret is known after apply") if {
	some r in apps
	lib.equals(r, at, true) == "unknown"
}

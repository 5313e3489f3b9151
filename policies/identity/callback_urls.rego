# METADATA
# title: Users are sent back by HTTPS, to places that are yours
# description: |
#   The callback gets the code of a sign-in. Over http:// whoever is on the way
#   reads it; with a wildcard, or a whole domain that others have pages on,
#   somebody else's page gets it. http:// is right for localhost alone.
# related_resources:
# - https://docs.aws.amazon.com/cognito/latest/developerguide/user-pool-settings-client-apps.html
# - https://www.rfc-editor.org/rfc/rfc9700#section-2.1
# custom:
#   severity: high
#   remediation: Write each callback and logout URL out, with https://, or http://localhost for development.
#   types: [aws_cognito_user_pool_client, aws_cognito_managed_user_pool_client]
#   good: |
#     resource "aws_cognito_user_pool_client" "web" {
#       name         = "web"
#       user_pool_id = aws_cognito_user_pool.chat.id
#       callback_urls = ["https://chat.example.com/signed-in"]
#     }
#   bad: |
#     resource "aws_cognito_user_pool_client" "web" {
#       name         = "web"
#       user_pool_id = aws_cognito_user_pool.chat.id
#       callback_urls = ["http://chat.example.com/signed-in"]
#     }
package portcullis.rules.identity.callback_urls

import data.portcullis.lib
import data.portcullis.lib.identity

names := ["callback_urls", "logout_urls"]

subjects contains r.address if some r in identity.clients

local_url := `^http://(localhost|127\.0\.0\.1|\[::1\])(:[0-9]+)?(/|$)`

bad(url) := "can be read on the way" if {
	startswith(url, "http://")
	not regex.match(local_url, url)
}

bad(url) := "is any page that fits" if contains(url, "*")

deny contains lib.finding(r, [name], sprintf("%s %s", [url, bad(url)])) if {
	some r in identity.clients
	some name in names
	some url in identity.items(r, name)
	bad(url)
}

unknown contains lib.finding(r, [name], "where users are sent back to is known after apply") if {
	some r in identity.clients
	some name in names
	identity.later(r, name)
	every text in lib.templates(r, [name]) {
		not fixed(text)
	}
}

# fixed holds for a URL whose host alone is known after apply.
fixed(text) if regex.match(`^https://\$\{\}[^*]*$`, text)

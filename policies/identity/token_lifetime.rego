# METADATA
# title: Access tokens are good for an hour at most
# description: |
#   A token that is stolen works until it ends; a WebSocket connection is checked
#   once, so a user who is removed keeps theirs as long. Cognito allows a day for
#   access and ID tokens and ten years for refresh tokens. Asked for are an hour
#   (Cognito's default) and thirty days.
# related_resources:
# - https://docs.aws.amazon.com/cognito/latest/developerguide/amazon-cognito-user-pools-using-tokens-with-identity-providers.html
# custom:
#   severity: medium
#   remediation: Set access_token_validity and id_token_validity to 60 minutes or less and refresh_token_validity to 30 days or less, with token_validity_units.
#   types: [aws_cognito_user_pool_client, aws_cognito_managed_user_pool_client]
#   good: |
#     resource "aws_cognito_user_pool_client" "web" {
#       name         = "web"
#       user_pool_id = aws_cognito_user_pool.chat.id
#       access_token_validity = 30
#       token_validity_units {
#         access_token = "minutes"
#       }
#     }
#   bad: |
#     resource "aws_cognito_user_pool_client" "web" {
#       name         = "web"
#       user_pool_id = aws_cognito_user_pool.chat.id
#       access_token_validity = 24
#     }
package portcullis.rules.identity.token_lifetime

import data.portcullis.lib
import data.portcullis.lib.identity

seconds := {"seconds": 1, "minutes": 60, "hours": 3600, "days": 86400}

# For each kind: the unit where none is set, and the most in seconds.
kinds := {
	"access_token": ["hours", 3600],
	"id_token": ["hours", 3600],
	"refresh_token": ["days", 2592000],
}

subjects contains r.address if some r in identity.clients

at(kind) := [sprintf("%s_validity", [kind])]

# length is how long a token is good, in seconds. 0 is the default.
length(r, kind) := lib.value(r, at(kind)) * seconds[unit(r, kind)] if lib.state(r, at(kind)) == "known"

unit(r, kind) := lib.value(r, ["token_validity_units", 0, kind]) if {
	lib.state(r, ["token_validity_units", 0, kind]) == "known"
} else := kinds[kind][0]

later(r, kind) if {
	some path in [at(kind), ["token_validity_units", 0, kind]]
	lib.state(r, path) == "reference"
}

deny contains lib.finding(r, at(kind), sprintf("it is good for %d s, more than %d", [length(r, kind), most])) if {
	some r in identity.clients
	some kind, [_, most] in kinds
	length(r, kind) > most
	not later(r, kind)
}

unknown contains lib.finding(r, at(kind), "how long it is good is known after apply") if {
	some r in identity.clients
	some kind, _ in kinds
	later(r, kind)
}

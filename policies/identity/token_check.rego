# METADATA
# title: An identity pool asks whether a token still holds
# description: |
#   Without server_side_token_check a user who is disabled, deleted or signed out
#   everywhere gets fresh AWS credentials with an old token until it ends.
# related_resources:
# - https://docs.aws.amazon.com/cognitoidentity/latest/APIReference/API_CognitoIdentityProvider.html
# custom:
#   severity: medium
#   remediation: Set server_side_token_check = true in each cognito_identity_providers block.
#   types: [aws_cognito_identity_pool]
#   good: |
#     resource "aws_cognito_identity_pool" "chat" {
#       identity_pool_name = "chat"
#       cognito_identity_providers {
#         client_id               = aws_cognito_user_pool_client.web.id
#         provider_name           = aws_cognito_user_pool.chat.endpoint
#         server_side_token_check = true
#       }
#     }
#   bad: |
#     resource "aws_cognito_identity_pool" "chat" {
#       identity_pool_name = "chat"
#       cognito_identity_providers {
#         client_id     = aws_cognito_user_pool_client.web.id
#         provider_name = aws_cognito_user_pool.chat.endpoint
#       }
#     }
package portcullis.rules.identity.token_check

import data.portcullis.lib

subjects contains r.address if some [r, _] in providers

subjects contains r.address if some r in unseen

providers contains [r, ["cognito_identity_providers", i, "server_side_token_check"]] if {
	some r in input.by_type.aws_cognito_identity_pool
	some i, _ in r.values.cognito_identity_providers
}

unseen contains r if {
	some r in input.by_type.aws_cognito_identity_pool
	lib.hidden(r, ["cognito_identity_providers"])
}

deny contains lib.finding(r, at, "a user who is gone still gets AWS credentials") if {
	some [r, at] in providers
	lib.equals(r, at, true) == false
}

unknown contains lib.finding(r, at, "whether tokens are checked is known after apply") if {
	some [r, at] in providers
	lib.equals(r, at, true) == "unknown"
}

unknown contains lib.finding(r, ["cognito_identity_providers"], "whose tokens are taken, and whether they are checked, is known after apply") if some r in unseen

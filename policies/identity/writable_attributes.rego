# METADATA
# title: Users cannot write what they are allowed to
# description: |
#   An attribute in write_attributes is changed by the user with their own token.
#   A role, tenant or group that is kept in one is whatever the user says. Where
#   nothing is set, Cognito lets users write the standard attributes only.
# related_resources:
# - https://docs.aws.amazon.com/cognito/latest/developerguide/user-pool-settings-attributes.html
# custom:
#   severity: high
#   remediation: Take attributes that decide something out of write_attributes, and set them by a function with AdminUpdateUserAttributes.
#   types: [aws_cognito_user_pool_client, aws_cognito_managed_user_pool_client]
#   good: |
#     resource "aws_cognito_user_pool_client" "web" {
#       name         = "web"
#       user_pool_id = aws_cognito_user_pool.chat.id
#       write_attributes = ["name", "locale"]
#     }
#   bad: |
#     resource "aws_cognito_user_pool_client" "web" {
#       name         = "web"
#       user_pool_id = aws_cognito_user_pool.chat.id
#       write_attributes = ["name", "custom:role"]
#     }
package portcullis.rules.identity.writable_attributes

import data.portcullis.lib
import data.portcullis.lib.identity

at := ["write_attributes"]

deciding := `^custom:.*(role|admin|tenant|group|org|permission|scope|plan|tier|quota|owner)`

subjects contains r.address if some r in identity.clients

deny contains lib.finding(r, at, sprintf("users set %s themselves", [name])) if {
	some r in identity.clients
	some name in identity.items(r, "write_attributes")
	regex.match(deciding, lower(name))
}

unknown contains lib.finding(r, at, "what users write is known after apply") if {
	some r in identity.clients
	identity.later(r, "write_attributes")
}

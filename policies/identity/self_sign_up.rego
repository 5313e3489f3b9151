# METADATA
# title: Accounts are made by administrators
# description: |
#   Where nothing is set, anybody makes an account: for a chat of a company that
#   is an open door with a name plate. A service for everybody means it so:
#   severity low, to be waived there.
# related_resources:
# - https://docs.aws.amazon.com/cognito/latest/developerguide/user-pool-settings-admin-create-user-policy.html
# custom:
#   severity: low
#   remediation: Set allow_admin_create_user_only = true in admin_create_user_config.
#   types: [aws_cognito_user_pool]
#   good: |
#     resource "aws_cognito_user_pool" "chat" {
#       name = "chat"
#       admin_create_user_config {
#         allow_admin_create_user_only = true
#       }
#     }
#   bad: |
#     resource "aws_cognito_user_pool" "chat" {
#       name = "chat"
#     }
package portcullis.rules.identity.self_sign_up

import data.portcullis.lib

at := ["admin_create_user_config", 0, "allow_admin_create_user_only"]

subjects contains r.address if some r in input.by_type.aws_cognito_user_pool

deny contains lib.finding(r, ["admin_create_user_config"], "anybody makes an account") if {
	some r in input.by_type.aws_cognito_user_pool
	lib.state(r, at) != "reference"
	lib.value(r, at) != true
}

unknown contains lib.finding(r, ["admin_create_user_config"], "who makes accounts is known after apply") if {
	some r in input.by_type.aws_cognito_user_pool
	lib.state(r, at) == "reference"
}

# METADATA
# title: A user pool cannot be deleted by mistake
# description: |
#   A deleted pool takes all users and their passwords with it; nothing brings
#   them back. With INACTIVE, Cognito's default, one call or one wrong plan is
#   enough.
# related_resources:
# - https://docs.aws.amazon.com/cognito/latest/developerguide/user-pool-settings-deletion-protection.html
# custom:
#   severity: medium
#   remediation: Set deletion_protection = "ACTIVE". An example that is made to be thrown away may be waived.
#   types: [aws_cognito_user_pool]
#   mappings:
#     fsbp: [Cognito.6]
#   good: |
#     resource "aws_cognito_user_pool" "chat" {
#       name = "chat"
#       deletion_protection = "ACTIVE"
#     }
#   bad: |
#     resource "aws_cognito_user_pool" "chat" {
#       name = "chat"
#     }
package portcullis.rules.identity.deletion_protection

import data.portcullis.lib

at := ["deletion_protection"]

subjects contains r.address if some r in input.by_type.aws_cognito_user_pool

deny contains lib.finding(r, at, "one call removes all users") if {
	some r in input.by_type.aws_cognito_user_pool
	lib.equals(r, at, "ACTIVE") == false
}

unknown contains lib.finding(r, at, "whether it can be deleted is known after apply") if {
	some r in input.by_type.aws_cognito_user_pool
	lib.equals(r, at, "ACTIVE") == "unknown"
}

# METADATA
# title: An identity pool gives nothing to guests
# description: |
#   With guests allowed anybody on the internet gets AWS credentials of your
#   account for the asking; the pool's id is in the page. Whatever their role may
#   do, everybody may.
# related_resources:
# - https://docs.aws.amazon.com/cognito/latest/developerguide/identity-pools.html
# custom:
#   severity: high
#   remediation: Set allow_unauthenticated_identities = false.
#   types: [aws_cognito_identity_pool]
#   mappings:
#     checkov: [CKV_AWS_366]
#     fsbp: [Cognito.2]
#   good: |
#     resource "aws_cognito_identity_pool" "chat" {
#       identity_pool_name = "chat"
#       allow_unauthenticated_identities = false
#     }
#   bad: |
#     resource "aws_cognito_identity_pool" "chat" {
#       identity_pool_name = "chat"
#       allow_unauthenticated_identities = true
#     }
package portcullis.rules.identity.guests

import data.portcullis.lib

at := ["allow_unauthenticated_identities"]

subjects contains r.address if some r in input.by_type.aws_cognito_identity_pool

deny contains lib.finding(r, at, "anybody gets AWS credentials") if {
	some r in input.by_type.aws_cognito_identity_pool
	lib.equals(r, at, true) == true
}

unknown contains lib.finding(r, at, "whether guests get AWS credentials is known after apply") if {
	some r in input.by_type.aws_cognito_identity_pool
	lib.equals(r, at, true) == "unknown"
}

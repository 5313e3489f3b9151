# METADATA
# title: An identity pool has no classic flow
# description: |
#   The classic flow lets the client call STS itself: it chooses among all roles
#   that trust the pool and how long the credentials are good, and the session
#   policy that narrows the enhanced flow is not applied.
# related_resources:
# - https://docs.aws.amazon.com/cognito/latest/developerguide/authentication-flow.html
# custom:
#   severity: medium
#   remediation: Leave allow_classic_flow out, or set it to false.
#   types: [aws_cognito_identity_pool]
#   good: |
#     resource "aws_cognito_identity_pool" "chat" {
#       identity_pool_name = "chat"
#       allow_classic_flow = false
#     }
#   bad: |
#     resource "aws_cognito_identity_pool" "chat" {
#       identity_pool_name = "chat"
#       allow_classic_flow = true
#     }
package portcullis.rules.identity.classic_flow

import data.portcullis.lib

at := ["allow_classic_flow"]

subjects contains r.address if some r in input.by_type.aws_cognito_identity_pool

deny contains lib.finding(r, at, "the client chooses its role") if {
	some r in input.by_type.aws_cognito_identity_pool
	lib.equals(r, at, true) == true
}

unknown contains lib.finding(r, at, "whether the client chooses its role is known after apply") if {
	some r in input.by_type.aws_cognito_identity_pool
	lib.equals(r, at, true) == "unknown"
}

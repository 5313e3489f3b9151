# METADATA
# title: Names that differ in case are one user
# description: |
#   Where nothing is set, Cognito takes Ana and ana for two users: one passes for
#   the other in every list of names. It cannot be changed after the pool is made.
# related_resources:
# - https://docs.aws.amazon.com/AWSCloudFormation/latest/UserGuide/aws-properties-cognito-userpool-usernameconfiguration.html
# custom:
#   severity: low
#   remediation: Set case_sensitive = false in username_configuration.
#   types: [aws_cognito_user_pool]
#   good: |
#     resource "aws_cognito_user_pool" "chat" {
#       name = "chat"
#       username_configuration {
#         case_sensitive = false
#       }
#     }
#   bad: |
#     resource "aws_cognito_user_pool" "chat" {
#       name = "chat"
#     }
package portcullis.rules.identity.username_case

import data.portcullis.lib

at := ["username_configuration", 0, "case_sensitive"]

subjects contains r.address if some r in input.by_type.aws_cognito_user_pool

deny contains lib.finding(r, ["username_configuration"], "Ana and ana are two users") if {
	some r in input.by_type.aws_cognito_user_pool
	lib.equals(r, at, false) == false
}

unknown contains lib.finding(r, ["username_configuration"], "whether case tells users apart is known after apply") if {
	some r in input.by_type.aws_cognito_user_pool
	lib.equals(r, at, false) == "unknown"
}

# METADATA
# title: Passwords of users are long and not used again
# description: |
#   Passwords of IAM users are guessed from anywhere, and those of other sites are
#   tried first.
# related_resources:
# - https://docs.aws.amazon.com/IAM/latest/UserGuide/id_credentials_passwords_account-policy.html
# custom:
#   severity: low
#   remediation: Set minimum_password_length to 14 or more and password_reuse_prevention to 24.
#   types: [aws_iam_account_password_policy]
#   mappings:
#     checkov: [CKV_AWS_10, CKV_AWS_13]
#     cis: ["3.0.0/1.8", "3.0.0/1.9", "5.0.0/1.7", "5.0.0/1.8"]
#   good: |
#     resource "aws_iam_account_password_policy" "this" {
#       minimum_password_length   = 14
#       password_reuse_prevention = 24
#     }
#   bad: |
#     resource "aws_iam_account_password_policy" "this" {
#       minimum_password_length = 8
#     }
package portcullis.rules.iam.password_policy

import data.portcullis.lib

subjects contains r.address if some r in input.by_type.aws_iam_account_password_policy

# AWS's own defaults where nothing is set: 6, and none.
least := {"minimum_password_length": 14, "password_reuse_prevention": 24}

deny contains lib.finding(r, [attribute], sprintf("%s is below %d", [attribute, wanted])) if {
	some r in input.by_type.aws_iam_account_password_policy
	some attribute, wanted in least
	lib.state(r, [attribute]) != "reference"
	object.get(r.values, attribute, 0) < wanted
}

unknown contains lib.finding(r, [attribute], sprintf("%s is known after apply", [attribute])) if {
	some r in input.by_type.aws_iam_account_password_policy
	some attribute, _ in least
	lib.state(r, [attribute]) == "reference"
}

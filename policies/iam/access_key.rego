# METADATA
# title: Nobody has keys that do not expire
# description: |
#   An access key works until somebody takes it away, from anywhere, and Terraform
#   keeps its secret in the state in clear.
# related_resources:
# - https://docs.aws.amazon.com/IAM/latest/UserGuide/id_credentials_access-keys.html
# - https://docs.aws.amazon.com/IAM/latest/UserGuide/best-practices.html#bp-workloads-use-roles
# custom:
#   severity: high
#   remediation: "Use a role: of the function or machine, by OIDC for a CI system, by IAM Identity Center for people."
#   types: [aws_iam_access_key]
#   good: |
#     resource "aws_iam_role" "ci" {
#       name               = "ci"
#       assume_role_policy = data.aws_iam_policy_document.trust.json
#     }
#   bad: |
#     resource "aws_iam_access_key" "ci" {
#       user = aws_iam_user.ci.name
#     }
package portcullis.rules.iam.access_key

import data.portcullis.lib

subjects contains r.address if some r in input.by_type.aws_iam_access_key

deny contains lib.finding(r, ["user"], "a key that does not expire, with its secret in the state") if {
	some r in input.by_type.aws_iam_access_key
	lib.equals(r, ["status"], "Inactive") == false
}

unknown contains lib.finding(r, ["status"], "whether the key works is known after apply") if {
	some r in input.by_type.aws_iam_access_key
	lib.equals(r, ["status"], "Inactive") == "unknown"
}

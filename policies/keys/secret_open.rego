# METADATA
# title: No secret is open to everybody
# description: |
#   A resource policy with principal * and no condition on the caller gives the secret
#   to anybody with an AWS account.
# related_resources:
# - https://docs.aws.amazon.com/secretsmanager/latest/userguide/auth-and-access_resource-policies.html
# custom:
#   severity: critical
#   remediation: Name the principals, or add a condition on aws:PrincipalOrgID or aws:PrincipalAccount.
#   types: [aws_secretsmanager_secret, aws_secretsmanager_secret_policy]
#   good: |
#     data "aws_iam_policy_document" "origin" {
#       statement {
#         actions   = ["secretsmanager:GetSecretValue"]
#         resources = ["*"]
#         principals {
#           type        = "AWS"
#           identifiers = ["arn:aws:iam::111122223333:role/chat"]
#         }
#       }
#     }
#     resource "aws_secretsmanager_secret_policy" "origin" {
#       secret_arn = aws_secretsmanager_secret.origin.arn
#       policy     = data.aws_iam_policy_document.origin.json
#     }
#   bad: |
#     data "aws_iam_policy_document" "origin" {
#       statement {
#         actions   = ["secretsmanager:GetSecretValue"]
#         resources = ["*"]
#         principals {
#           type        = "AWS"
#           identifiers = ["*"]
#         }
#       }
#     }
#     resource "aws_secretsmanager_secret_policy" "origin" {
#       secret_arn = aws_secretsmanager_secret.origin.arn
#       policy     = data.aws_iam_policy_document.origin.json
#     }
package portcullis.rules.keys.secret_open

import data.portcullis.lib

policies := lib.policies_of({"aws_secretsmanager_secret", "aws_secretsmanager_secret_policy"})

subjects contains p.address if some p in policies

deny contains lib.in_policy(p, s, "everybody may have the secret") if {
	some p in policies
	some s in p.statements
	lib.open(s) == true
}

unknown contains lib.in_policy(p, s, "who may have the secret is known after apply") if {
	some p in policies
	some s in p.statements
	lib.open(s) == "unknown"
}

unknown contains lib.unread(p) if {
	some p in policies
	p.state == "opaque"
}

# METADATA
# title: A policy says on what it allows, not on what it does not
# description: |
#   Allow with NotResource grants the actions on every resource but those listed,
#   those of other services and accounts and those made later among them.
# related_resources:
# - https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_elements_notresource.html
# custom:
#   severity: high
#   remediation: List the resources in resources. NotResource belongs in statements that deny.
#   types: [aws_iam_policy, aws_iam_role_policy, aws_iam_user_policy, aws_iam_group_policy, aws_iam_role, aws_ssoadmin_permission_set_inline_policy]
#   good: |
#     data "aws_iam_policy_document" "this" {
#       statement {
#         actions   = ["dynamodb:Query"]
#         resources = [aws_dynamodb_table.rooms.arn]
#       }
#     }
#   bad: |
#     data "aws_iam_policy_document" "this" {
#       statement {
#         actions       = ["s3:GetObject"]
#         not_resources = ["${aws_s3_bucket.secrets.arn}/*"]
#       }
#     }
package portcullis.rules.iam.not_resource

import data.portcullis.lib

identity contains [i, n] if {
	some i, p in input.policies
	some n, s in p.statements
	count(s.not_resources) + object.get(s.unknown, "not_resources", 0) > 0
}

subjects contains input.policies[i].address if some [i, _] in identity

deny contains lib.in_policy(p, s, "it is allowed on every resource but those listed") if {
	some [i, n] in identity
	p := input.policies[i]
	s := p.statements[n]
	s.effect == "Allow"
}

unknown contains lib.in_policy(p, s, "whether the statement allows or denies is known after apply") if {
	some [i, n] in identity
	p := input.policies[i]
	s := p.statements[n]
	s.unknown.effect > 0
}

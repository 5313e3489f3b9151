# METADATA
# title: A policy says what it allows, not what it leaves out
# description: |
#   Allow with NotAction grants every action of every service but those listed,
#   and each that AWS adds later.
# related_resources:
# - https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_elements_notaction.html
# custom:
#   severity: high
#   remediation: List the allowed actions in actions. NotAction belongs in statements that deny.
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
#         not_actions = ["iam:*"]
#         resources   = [aws_s3_bucket.files.arn]
#       }
#     }
package portcullis.rules.iam.not_action

import data.portcullis.lib

identity contains [i, n] if {
	some i, p in input.policies
	some n, s in p.statements
	count(s.not_actions) + object.get(s.unknown, "not_actions", 0) > 0
}

subjects contains input.policies[i].address if some [i, _] in identity

deny contains lib.in_policy(p, s, "every action but those listed is allowed") if {
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

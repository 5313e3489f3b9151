# METADATA
# title: Nobody runs code as whatever role they choose
# description: |
#   With iam:PassRole on every role, and the right to make a function, a machine,
#   a task or a stack in any policy of the same bearer, its code runs with the
#   rights of the strongest role of the account.
# related_resources:
# - https://docs.aws.amazon.com/IAM/latest/UserGuide/id_roles_use_passrole.html
# - https://rhinosecuritylabs.com/aws/aws-privilege-escalation-methods-mitigation/
# - https://pathfinding.cloud
# custom:
#   severity: critical
#   remediation: Name the roles that are passed, and the service with a condition on iam:PassedToService.
#   types: [aws_iam_policy, aws_iam_role_policy, aws_iam_user_policy, aws_iam_group_policy, aws_iam_role, aws_ssoadmin_permission_set_inline_policy]
#   mappings:
#     checkov: [CKV_AWS_110, CKV_AWS_286]
#   good: |
#     data "aws_iam_policy_document" "this" {
#       statement {
#         actions   = ["lambda:CreateFunction", "lambda:InvokeFunction"]
#         resources = ["arn:aws:lambda:eu-west-1:111122223333:function:jobs-*"]
#       }
#       statement {
#         actions   = ["iam:PassRole"]
#         resources = [aws_iam_role.jobs.arn]
#         condition {
#           test     = "StringEquals"
#           variable = "iam:PassedToService"
#           values   = ["lambda.amazonaws.com"]
#         }
#       }
#     }
#   bad: |
#     data "aws_iam_policy_document" "this" {
#       statement {
#         actions   = ["lambda:CreateFunction", "lambda:InvokeFunction"]
#         resources = ["arn:aws:lambda:eu-west-1:111122223333:function:jobs-*"]
#       }
#       statement {
#         actions   = ["iam:PassRole"]
#         resources = ["*"]
#       }
#     }
package portcullis.rules.iam.escalation_pass_role

import data.portcullis.lib
import data.portcullis.lib.iam

passing := [[bearer, p, s] |
	some bearer in input.bearers
	some [p, s] in iam.of(bearer)
	count(iam.covered(s, {"iam:passrole"})) > 0
	count(iam.denied(bearer, {"iam:passrole"})) == 0
]

subjects contains p.address if some [_, p, _] in passing

deny contains lib.in_policy(p, s, sprintf("any role can be passed, and code runs as it by %s", [iam.many(found)])) if {
	some [bearer, p, s] in passing
	iam.anywhere(s)
	found := iam.ways(bearer, s)
	count(found) > 0
}

unknown contains lib.in_policy(p, s, sprintf("which roles can be passed is known after apply; code runs as them by %s", [iam.many(found)])) if {
	some [bearer, p, s] in passing
	not iam.anywhere(s)
	iam.untold(s)
	found := iam.ways(bearer, s)
	count(found) > 0
}

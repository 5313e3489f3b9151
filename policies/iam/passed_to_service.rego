# METADATA
# title: PassRole names the service
# description: |
#   Without a condition on iam:PassedToService a role can be passed to any service
#   that its trust policy names, also to one that was never thought of.
# related_resources:
# - https://docs.aws.amazon.com/IAM/latest/UserGuide/id_roles_use_passrole.html
# - https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_iam-condition-keys.html#ck_PassedToService
# custom:
#   severity: medium
#   remediation: Add a condition StringEquals on iam:PassedToService with the service, such as lambda.amazonaws.com.
#   types: [aws_iam_policy, aws_iam_role_policy, aws_iam_user_policy, aws_iam_group_policy, aws_iam_role, aws_ssoadmin_permission_set_inline_policy, aws_iot_policy]
#   good: |
#     data "aws_iam_policy_document" "this" {
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
#         actions   = ["iam:PassRole"]
#         resources = [aws_iam_role.jobs.arn]
#       }
#     }
package portcullis.rules.iam.passed_to_service

import data.portcullis.lib
import data.portcullis.lib.iam

passing := [[p, s] |
	some [p, s] in iam.allowing
	count(iam.covered(s, {"iam:passrole"})) > 0
]

subjects contains p.address if some [p, _] in passing

named(s) if iam.binds_to(s, {"iam:passedtoservice"})

# The resource it is passed for is of one service.
named(s) if iam.binds_to(s, {"iam:associatedresourcearn"})

deny contains lib.in_policy(p, s, "the role can be passed to any service that it trusts") if {
	some [p, s] in passing
	not named(s)
	object.get(s.unknown, "conditions", 0) == 0
}

unknown contains lib.in_policy(p, s, "which conditions it has is known after apply") if {
	some [p, s] in passing
	not named(s)
	s.unknown.conditions > 0
}

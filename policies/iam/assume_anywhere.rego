# METADATA
# title: A policy names the roles that are assumed
# description: |
#   With sts:AssumeRole on every role its bearer takes any role whose trust policy
#   names the account, in this account and in others.
# related_resources:
# - https://docs.aws.amazon.com/IAM/latest/UserGuide/id_roles_use_permissions-to-switch.html
# custom:
#   severity: high
#   remediation: Put the ARNs of the roles in resources.
#   types: [aws_iam_policy, aws_iam_role_policy, aws_iam_user_policy, aws_iam_group_policy, aws_iam_role, aws_ssoadmin_permission_set_inline_policy, aws_iot_policy]
#   good: |
#     data "aws_iam_policy_document" "this" {
#       statement {
#         actions   = ["sts:AssumeRole"]
#         resources = [aws_iam_role.reader.arn]
#       }
#     }
#   bad: |
#     data "aws_iam_policy_document" "this" {
#       statement {
#         actions   = ["sts:AssumeRole"]
#         resources = ["*"]
#       }
#     }
package portcullis.rules.iam.assume_anywhere

import data.portcullis.lib
import data.portcullis.lib.iam

named(s) := iam.covered(s, {"sts:assumerole"})

relevant := [[p, s, found] |
	some [p, s] in iam.allowing
	found := named(s)
	count(found) > 0
]

subjects contains p.address if some [p, _, _] in relevant

deny contains lib.in_policy(p, s, sprintf("every role can be taken: %s", [iam.some_of(found)])) if {
	some [p, s, found] in relevant
	iam.wide(s)
}

unknown contains lib.in_policy(p, s, sprintf("on what is known after apply: %s", [iam.some_of(found)])) if {
	some [p, s, found] in relevant
	iam.unclear(s)
}

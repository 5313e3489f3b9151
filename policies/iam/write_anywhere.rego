# METADATA
# title: What is changed is named
# description: |
#   Whoever gets at the bearer changes or deletes every table, bucket, queue or
#   function of the account instead of one.
# related_resources:
# - https://docs.aws.amazon.com/IAM/latest/UserGuide/best-practices.html#grant-least-privilege
# - https://docs.aws.amazon.com/service-authorization/latest/reference/reference_policies_actions-resources-contextkeys.html
# custom:
#   severity: medium
#   remediation: Put the ARNs of the resources in resources, or a condition that says which, such as on aws:ResourceTag.
#   types: [aws_iam_policy, aws_iam_role_policy, aws_iam_user_policy, aws_iam_group_policy, aws_iam_role, aws_ssoadmin_permission_set_inline_policy, aws_iot_policy]
#   mappings:
#     checkov: [CKV_AWS_111, CKV_AWS_290, CKV_AWS_355, CKV_AWS_356]
#   good: |
#     data "aws_iam_policy_document" "this" {
#       statement {
#         actions   = ["dynamodb:PutItem"]
#         resources = [aws_dynamodb_table.rooms.arn]
#       }
#     }
#   bad: |
#     data "aws_iam_policy_document" "this" {
#       statement {
#         actions   = ["dynamodb:PutItem"]
#         resources = ["*"]
#       }
#     }
package portcullis.rules.iam.write_anywhere

import data.portcullis.lib
import data.portcullis.lib.actions
import data.portcullis.lib.iam

named(s) := iam.in_table(s, actions.writes)

relevant := [[p, s, found] |
	some [p, s] in iam.allowing
	found := named(s)
	count(found) > 0
]

subjects contains p.address if some [p, _, _] in relevant

deny contains lib.in_policy(p, s, sprintf("on every resource it is allowed: %s", [iam.some_of(found)])) if {
	some [p, s, found] in relevant
	iam.wide(s)
}

unknown contains lib.in_policy(p, s, sprintf("on what is known after apply: %s", [iam.some_of(found)])) if {
	some [p, s, found] in relevant
	iam.unclear(s)
}

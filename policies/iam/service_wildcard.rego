# METADATA
# title: A policy names the actions of a service
# description: |
#   service:* allows what nobody thought of: to delete, to share with other
#   accounts, to read what was only to be written, and whatever AWS adds to the
#   service later.
# related_resources:
# - https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_elements_action.html
# - https://docs.aws.amazon.com/IAM/latest/UserGuide/best-practices.html#grant-least-privilege
# custom:
#   severity: medium
#   remediation: List the actions that are used; s3:Get* is a wildcard less than s3:*.
#   types: [aws_iam_policy, aws_iam_role_policy, aws_iam_user_policy, aws_iam_group_policy, aws_iam_role, aws_ssoadmin_permission_set_inline_policy, aws_iot_policy]
#   mappings:
#     fsbp: [IAM.21]
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
#         actions   = ["dynamodb:*"]
#         resources = [aws_dynamodb_table.rooms.arn]
#       }
#     }
package portcullis.rules.iam.service_wildcard

import data.portcullis.lib
import data.portcullis.lib.iam

subjects contains p.address if some [p, _] in iam.allowing

whole(s) := [pattern |
	some pattern in s.actions
	regex.match(`^([^:]+:)?[*]+$`, pattern)
	not everything(s, pattern)
]

# Everything on everything is iam/full-admin's to say.
everything(s, pattern) if {
	regex.match(`^[*]+(:[*]+)?$`, pattern)
	"*" in s.resources
}

deny contains lib.in_policy(p, s, sprintf("all actions are allowed: %s", [iam.some_of(whole(s))])) if {
	some [p, s] in iam.allowing
	count(whole(s)) > 0
}

unknown contains lib.in_policy(p, s, "which actions are allowed is known after apply") if {
	some [p, s] in iam.allowing
	object.get(s.unknown, "actions", 0) > 0
}

# METADATA
# title: Nobody changes the rights to everything
# description: |
#   These actions change who may do what: policies of users and roles, of buckets,
#   queues, keys and functions. On every resource their bearer opens any of them,
#   to itself or to the world.
# related_resources:
# - https://docs.aws.amazon.com/IAM/latest/UserGuide/access_policies_identity-vs-resource.html
# - https://docs.aws.amazon.com/IAM/latest/UserGuide/best-practices.html#grant-least-privilege
# custom:
#   severity: high
#   remediation: Put the ARNs of the resources in resources, or take the actions out.
#   types: [aws_iam_policy, aws_iam_role_policy, aws_iam_user_policy, aws_iam_group_policy, aws_iam_role, aws_ssoadmin_permission_set_inline_policy, aws_iot_policy]
#   mappings:
#     checkov: [CKV_AWS_109, CKV_AWS_289]
#   good: |
#     data "aws_iam_policy_document" "this" {
#       statement {
#         actions   = ["s3:PutBucketPolicy"]
#         resources = [aws_s3_bucket.files.arn]
#       }
#     }
#   bad: |
#     data "aws_iam_policy_document" "this" {
#       statement {
#         actions   = ["s3:PutBucketPolicy"]
#         resources = ["*"]
#       }
#     }
package portcullis.rules.iam.permissions_anywhere

import data.portcullis.lib
import data.portcullis.lib.actions
import data.portcullis.lib.iam

named(s) := iam.in_table(s, actions.permissions)

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

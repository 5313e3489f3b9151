# METADATA
# title: Rights are given to groups and roles, not to users
# description: |
#   Rights of single users are forgotten when somebody changes the team or leaves,
#   and nobody sees who has what.
# related_resources:
# - https://docs.aws.amazon.com/IAM/latest/UserGuide/best-practices.html#bp-users-federation-idp
# - https://docs.aws.amazon.com/IAM/latest/UserGuide/id_groups.html
# custom:
#   severity: low
#   remediation: Give people roles by a federation, or put users in groups and attach the policy there.
#   types: [aws_iam_role, aws_iam_role_policy_attachment, aws_iam_user_policy_attachment, aws_iam_group_policy_attachment, aws_iam_policy_attachment, aws_iam_role_policy_attachments_exclusive, aws_iam_user_policy_attachments_exclusive, aws_iam_group_policy_attachments_exclusive, aws_ssoadmin_managed_policy_attachment, aws_iam_user_policy, aws_iam_group_policy, aws_iam_role_policy]
#   mappings:
#     checkov: [CKV_AWS_40]
#     fsbp: [IAM.2]
#     cis: ["3.0.0/1.15", "5.0.0/1.14"]
#   good: |
#     resource "aws_iam_group_policy_attachment" "this" {
#       group      = aws_iam_group.this.name
#       policy_arn = aws_iam_policy.reader.arn
#     }
#   bad: |
#     resource "aws_iam_user_policy_attachment" "this" {
#       user       = aws_iam_user.this.name
#       policy_arn = aws_iam_policy.reader.arn
#     }
package portcullis.rules.iam.user_policy

import data.portcullis.lib

subjects contains a.address if some a in input.attachments

subjects contains r.address if some r in inline

inline := [r | some type in ["aws_iam_user_policy", "aws_iam_group_policy", "aws_iam_role_policy"]; some r in input.by_type[type]]

deny contains lib.finding({"address": a.address}, [a.path], "the policy is attached to a user") if {
	some a in input.attachments
	a.type == "aws_iam_user"
	not perhaps(a)
}

# The list of users of an attachment may turn out empty.
perhaps(a) if {
	startswith(a.bearer, "unknown/")
	some r in input.by_type.aws_iam_policy_attachment
	r.address == a.address
}

deny contains lib.finding(r, ["user"], "the policy is a user's own") if some r in input.by_type.aws_iam_user_policy

unknown contains lib.finding({"address": a.address}, [a.path], "whether it is attached to users is known after apply") if {
	some a in input.attachments
	a.type == "aws_iam_user"
	perhaps(a)
}

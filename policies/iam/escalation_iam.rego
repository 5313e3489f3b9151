# METADATA
# title: Nobody widens their own rights
# description: |
#   With one of these actions on every user, role or policy its bearer is the
#   administrator: a new version of a policy, an attached AdministratorAccess, a
#   new trust policy, a key of another user.
# related_resources:
# - https://docs.aws.amazon.com/IAM/latest/UserGuide/best-practices.html#grant-least-privilege
# - https://rhinosecuritylabs.com/aws/aws-privilege-escalation-methods-mitigation/
# - https://pathfinding.cloud
# custom:
#   severity: critical
#   remediation: Take the actions out, or name the users, roles and policies, none of which has more rights than the bearer; a permissions boundary that a condition on iam:PermissionsBoundary demands keeps what is made within bounds.
#   types: [aws_iam_policy, aws_iam_role_policy, aws_iam_user_policy, aws_iam_group_policy, aws_iam_role, aws_ssoadmin_permission_set_inline_policy, aws_iot_policy]
#   mappings:
#     checkov: [CKV_AWS_110, CKV_AWS_286]
#   good: |
#     data "aws_iam_policy_document" "this" {
#       statement {
#         actions   = ["iam:GetRole"]
#         resources = ["*"]
#       }
#     }
#   bad: |
#     data "aws_iam_policy_document" "this" {
#       statement {
#         actions   = ["iam:AttachRolePolicy"]
#         resources = ["*"]
#       }
#     }
package portcullis.rules.iam.escalation_iam

import data.portcullis.lib
import data.portcullis.lib.iam

# What makes an administrator of its bearer, each by itself.
alone := {
	"iam:addusertogroup", "iam:attachgrouppolicy", "iam:attachrolepolicy", "iam:attachuserpolicy",
	"iam:createaccesskey", "iam:createloginprofile", "iam:createpolicyversion", "iam:putgrouppolicy",
	"iam:putrolepolicy", "iam:putuserpolicy", "iam:setdefaultpolicyversion", "iam:updateassumerolepolicy",
	"iam:updateloginprofile", "iam:deleterolepermissionsboundary", "iam:deleteuserpermissionsboundary",
	"iam:putrolepermissionsboundary", "iam:putuserpermissionsboundary", "iam:deleterolepolicy",
	"iam:deleteuserpolicy", "iam:detachrolepolicy", "iam:detachuserpolicy", "iam:deletegrouppolicy", "iam:detachgrouppolicy",
	"iam:updatesamlprovider", "iam:updateopenidconnectproviderthumbprint",
	"sso:attachmanagedpolicytopermissionset", "sso:putinlinepolicytopermissionset", "sso:createaccountassignment",
	"sso:attachcustomermanagedpolicyreferencetopermissionset",
	"identitystore:creategroupmembership",
}

subjects contains p.address if {
	some [p, s] in iam.allowing
	count(iam.covered(s, alone)) > 0
}

deny contains lib.in_policy(p, s, sprintf("these rights make an administrator: %s", [iam.some_of(found)])) if {
	some bearer in input.bearers
	some [p, s] in iam.of(bearer)
	named := iam.covered(s, alone)
	count(named) > 0
	iam.wide(s)
	found := named - iam.denied(bearer, alone)
	count(found) > 0
}

unknown contains lib.in_policy(p, s, sprintf("on whom is known after apply: %s", [iam.some_of(found)])) if {
	some [p, s] in iam.allowing
	found := iam.covered(s, alone)
	count(found) > 0
	iam.unclear(s)
}

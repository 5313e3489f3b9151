# METADATA
# title: PassRole names the roles and the service
# description: |
#   Who may pass any role to a service runs code as any role, an administrator's
#   for instance.
# related_resources:
# - https://docs.aws.amazon.com/IAM/latest/UserGuide/id_roles_use_passrole.html
# custom:
#   severity: critical
#   remediation: Grant iam:PassRole on the ARNs of the roles that are passed, with a condition on iam:PassedToService.
#   types: [aws_iam_policy, aws_iam_role_policy, aws_iam_user_policy, aws_iam_group_policy, aws_iam_role, aws_ssoadmin_permission_set_inline_policy, aws_iot_policy]
#   mappings:
#     checkov: [CKV_AWS_110, CKV_AWS_286]
#   good: |
#     statement {
#       actions   = ["iam:PassRole"]
#       resources = [aws_iam_role.task.arn]
#       condition {
#         test     = "StringEquals"
#         variable = "iam:PassedToService"
#         values   = ["lambda.amazonaws.com"]
#       }
#     }
#   bad: |
#     statement {
#       actions   = ["iam:PassRole"]
#       resources = ["*"]
#     }
package portcullis.rules.iam.pass_role

import data.portcullis.lib

grants contains [p, s] if {
	some p in input.policies
	p.kind == "identity"
	some s in p.statements
	count(lib.allows(s, "iam:passrole")) > 0
}

subjects contains p.address if some [p, _] in grants

any_role(text) if text == "*"

any_role(text) if regex.match(`^arn:[^:]*:iam::[^:]*:(role/)?[*]`, text)

deny contains lib.in_policy(p, s, sprintf("any role can be passed: %s", [text])) if {
	some [p, s] in grants
	some text in s.resources
	any_role(text)
}

deny contains lib.in_policy(p, s, "any role but some can be passed") if {
	some [p, s] in grants
	count(s.not_resources) > 0
}

# A reference to a role is the role; anything else may be a pattern.
unknown contains lib.in_policy(p, s, "which roles can be passed is known after apply") if {
	some [p, s] in grants
	s.unknown.resources > 0
	some ref in s.refs.resources
	ref.type != "aws_iam_role"
}

unknown contains lib.in_policy(p, s, "which roles can be passed is known after apply") if {
	some [p, s] in grants
	s.unknown.resources > 0
	count(object.get(s.refs, "resources", [])) == 0
}

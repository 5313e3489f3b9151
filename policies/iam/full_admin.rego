# METADATA
# title: No policy allows everything
# description: |
#   Action * on resource * makes its bearer the account's administrator: whoever
#   gets at a function with it has everything.
# related_resources:
# - https://docs.aws.amazon.com/IAM/latest/UserGuide/best-practices.html#grant-least-privilege
# custom:
#   severity: critical
#   remediation: Name the actions that are used and the resources they are used on.
#   types: [aws_iam_policy, aws_iam_role_policy, aws_iam_user_policy, aws_iam_group_policy, aws_iam_role, aws_ssoadmin_permission_set_inline_policy, aws_iot_policy]
#   mappings:
#     checkov: [CKV_AWS_1, CKV_AWS_49, CKV_AWS_62, CKV_AWS_63, CKV2_AWS_40]
#     fsbp: [IAM.1]
#     cis: ["3.0.0/1.16", "5.0.0/1.15"]
#   good: |
#     statement {
#       actions   = ["dynamodb:Query"]
#       resources = [aws_dynamodb_table.rooms.arn]
#     }
#   bad: |
#     statement {
#       actions   = ["*"]
#       resources = ["*"]
#     }
package portcullis.rules.iam.full_admin

import data.portcullis.lib

identity contains p if {
	some p in input.policies
	p.kind == "identity"
	p.state != "opaque"
}

subjects contains p.address if some p in identity

every_action(s) if {
	some pattern in s.actions
	regex.match(`^[*]+(:[*]+)?$`, pattern)
}

every_resource(s) if {
	some text in s.resources
	regex.match(`^([*]+|arn:[*]+(:[*]+)*)$`, text)
}

deny contains lib.in_policy(p, s, "everything is allowed on every resource") if {
	some p in identity
	some s in p.statements
	s.effect == "Allow"
	every_action(s)
	every_resource(s)
}

# All but some: what AWS adds later is allowed too.
deny contains lib.in_policy(p, s, "everything but some actions is allowed on every resource") if {
	some p in identity
	some s in p.statements
	s.effect == "Allow"
	count(s.not_actions) > 0
	every_resource(s)
}

unknown contains lib.in_policy(p, s, "the actions, or what they are allowed on, are known after apply") if {
	some p in identity
	some s in p.statements
	s.effect == "Allow"
	object.get(s.unknown, "actions", 0) > 0
	every_resource(s)
}

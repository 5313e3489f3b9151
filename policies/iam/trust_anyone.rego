# METADATA
# title: A role is not for everybody
# description: |
#   Principal * in a trust policy lets everybody with an AWS account take the
#   role, from any account of the world.
# related_resources:
# - https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_elements_principal.html#principal-anonymous
# - https://docs.aws.amazon.com/IAM/latest/UserGuide/id_roles_update-role-trust-policy.html
# custom:
#   severity: critical
#   remediation: Name the roles, accounts or services that may take it; for a whole organisation add a condition on aws:PrincipalOrgID.
#   types: [aws_iam_role]
#   mappings:
#     checkov: [CKV_AWS_60]
#   good: |
#     data "aws_iam_policy_document" "trust" {
#       statement {
#         actions = ["sts:AssumeRole"]
#         principals {
#           type        = "Service"
#           identifiers = ["lambda.amazonaws.com"]
#         }
#       }
#     }
#     resource "aws_iam_role" "this" {
#       name               = "this"
#       assume_role_policy = data.aws_iam_policy_document.trust.json
#     }
#   bad: |
#     data "aws_iam_policy_document" "trust" {
#       statement {
#         actions = ["sts:AssumeRole"]
#         principals {
#           type        = "AWS"
#           identifiers = ["*"]
#         }
#       }
#     }
#     resource "aws_iam_role" "this" {
#       name               = "this"
#       assume_role_policy = data.aws_iam_policy_document.trust.json
#     }
package portcullis.rules.iam.trust_anyone

import data.portcullis.lib
import data.portcullis.lib.iam

subjects contains p.address if some [p, _] in iam.trusting

everybody(s) if {
	some who in s.principals
	who.type == "*"
}

everybody(s) if {
	some who in s.principals
	who.type == "AWS"
	some text in who.identifiers
	contains(text, "*")
}

# Every service of AWS's, for whomever it works.
everybody(s) if {
	some who in s.principals
	who.type == "Service"
	some text in who.identifiers
	iam.every_value(text)
}

everybody(s) if count(s.not_principals) > 0

bound(s) if iam.binds_to(s, (iam.caller_keys | iam.source_keys) - {"sts:externalid"})

deny contains lib.in_policy(p, s, "everybody may take the role") if {
	some [p, s] in iam.trusting
	everybody(s)
	not bound(s)
	object.get(s.unknown, "conditions", 0) == 0
}

unknown contains lib.in_policy(p, s, "everybody may take the role, unless a condition that is known after apply keeps them out") if {
	some [p, s] in iam.trusting
	everybody(s)
	not bound(s)
	s.unknown.conditions > 0
}

unknown contains lib.in_policy(p, s, "who may take the role is known after apply") if {
	some [p, s] in iam.trusting
	not everybody(s)
	some who in s.principals
	who.type == "AWS"
	who.unknown > 0
	iam.unproven(who.refs)
}

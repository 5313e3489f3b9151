# METADATA
# title: Another account takes a role with an external id
# description: |
#   A role that a whole other account may take can be taken by each of its users
#   and roles; and a third party that works for many can be made to use yours for
#   somebody else, unless it has to say an id that is yours alone.
# related_resources:
# - https://docs.aws.amazon.com/IAM/latest/UserGuide/confused-deputy.html
# - https://docs.aws.amazon.com/IAM/latest/UserGuide/id_roles_common-scenarios_third-party.html
# custom:
#   severity: high
#   remediation: Add a condition StringEquals on sts:ExternalId, or name the roles of the other account and add a condition on aws:PrincipalOrgID where it is of your organisation.
#   types: [aws_iam_role]
#   mappings:
#     checkov: [CKV_AWS_61]
#   good: |
#     data "aws_iam_policy_document" "trust" {
#       statement {
#         actions = ["sts:AssumeRole"]
#         principals {
#           type        = "AWS"
#           identifiers = ["arn:aws:iam::444455556666:root"]
#         }
#         condition {
#           test     = "StringEquals"
#           variable = "sts:ExternalId"
#           values   = ["c1f0a7"]
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
#           identifiers = ["arn:aws:iam::444455556666:root"]
#         }
#       }
#     }
#     resource "aws_iam_role" "this" {
#       name               = "this"
#       assume_role_policy = data.aws_iam_policy_document.trust.json
#     }
package portcullis.rules.iam.trust_account

import data.portcullis.lib
import data.portcullis.lib.iam

# others are the accounts that a statement lets in as a whole, or by users and
# roles without saying for whom they work.
others(s) := {id |
	some who in s.principals
	who.type == "AWS"
	some text in who.identifiers
	id := iam.account(text)
	not iam.ours(id)
}

trusting := [[p, s, others(s)] |
	some [p, s] in iam.trusting
	some who in s.principals
	who.type == "AWS"
]

subjects contains p.address if some [p, _, _] in trusting

bound(s) if iam.binds_to(s, {"sts:externalid", "aws:principalorgid", "aws:principalorgpaths", "aws:principalarn", "aws:sourcevpce"})

deny contains lib.in_policy(p, s, sprintf("account %s may take the role and says no id", [concat(", ", sort(ids))])) if {
	some [p, s, ids] in trusting
	count(ids) > 0
	not bound(s)
	object.get(s.unknown, "conditions", 0) == 0
	count(input.accounts) > 0
}

unknown contains lib.in_policy(p, s, sprintf("account %s may take the role; whether that is this account is not in the plan", [concat(", ", sort(ids))])) if {
	some [p, s, ids] in trusting
	count(ids) > 0
	not bound(s)
	count(input.accounts) == 0
}

unknown contains lib.in_policy(p, s, "which conditions there are for the other account is known after apply") if {
	some [p, s, ids] in trusting
	count(ids) > 0
	not bound(s)
	s.unknown.conditions > 0
}

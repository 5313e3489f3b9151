# METADATA
# title: No policy for administrators lies about
# description: |
#   A policy with all rights that nobody has needs one call to be attached, and
#   nobody notices that it is there.
# related_resources:
# - https://docs.aws.amazon.com/IAM/latest/UserGuide/access_policies_manage-delete.html
# - https://docs.aws.amazon.com/IAM/latest/UserGuide/best-practices.html#remove-credentials
# custom:
#   severity: medium
#   remediation: Remove the policy, or narrow what it allows.
#   types: [aws_iam_policy]
#   good: |
#     resource "aws_iam_policy" "this" {
#       policy = data.aws_iam_policy_document.reader.json
#     }
#     data "aws_iam_policy_document" "reader" {
#       statement {
#         actions   = ["cloudwatch:GetMetricData"]
#         resources = ["*"]
#       }
#     }
#   bad: |
#     resource "aws_iam_policy" "this" {
#       policy = data.aws_iam_policy_document.admin.json
#     }
#     data "aws_iam_policy_document" "admin" {
#       statement {
#         actions   = ["*"]
#         resources = ["*"]
#       }
#     }
package portcullis.rules.iam.unused_admin

import data.portcullis.lib

admin(s) if {
	s.effect == "Allow"
	some action in s.actions
	regex.match(`^([*]+(:[*]+)?|iam:[*]+)$`, action)
	"*" in s.resources
}

policies := [p | some p in input.policies; p.type == "aws_iam_policy"; p.state != "opaque"]

subjects contains p.address if some p in policies

given := {a.policy | some a in input.attachments}

attached(p) if p.address in given

deny contains lib.in_policy(p, s, "a policy with all rights, attached to nobody in this plan") if {
	some p in policies
	some s in p.statements
	admin(s)
	not attached(p)
}

unknown contains lib.in_policy(p, s, "attached to nobody; whether it gives all rights is known after apply") if {
	some p in policies
	some s in p.statements
	s.effect == "Allow"
	"*" in s.resources
	object.get(s.unknown, "actions", 0) > 0
	not attached(p)
}

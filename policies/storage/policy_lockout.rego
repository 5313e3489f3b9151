# METADATA
# title: No bucket policy locks its owner out
# description: |
#   A refusal for everybody, of everything and without a condition, holds for those too
#   who would have to take it back: the account's root user alone still can.
# related_resources:
# - https://docs.aws.amazon.com/AmazonS3/latest/userguide/bucket-policies.html
# - https://repost.aws/knowledge-center/s3-accidentally-denied-access
# custom:
#   severity: medium
#   remediation: Refuse named actions, or add a condition that leaves the administrators out.
#   types: [aws_s3_bucket_policy, aws_s3_bucket, aws_s3_access_point, aws_s3control_access_point_policy]
#   mappings:
#     checkov: [CKV_AWS_93]
#   good: |
#     data "aws_iam_policy_document" "files" {
#       statement {
#         effect    = "Deny"
#         actions   = ["s3:*"]
#         resources = [aws_s3_bucket.files.arn, "${aws_s3_bucket.files.arn}/*"]
#         principals {
#           type        = "AWS"
#           identifiers = ["*"]
#         }
#         condition {
#           test     = "Bool"
#           variable = "aws:SecureTransport"
#           values   = ["false"]
#         }
#       }
#     }
#     resource "aws_s3_bucket_policy" "files" {
#       bucket = aws_s3_bucket.files.id
#       policy = data.aws_iam_policy_document.files.json
#     }
#   bad: |
#     data "aws_iam_policy_document" "files" {
#       statement {
#         effect    = "Deny"
#         actions   = ["s3:*"]
#         resources = [aws_s3_bucket.files.arn, "${aws_s3_bucket.files.arn}/*"]
#         principals {
#           type        = "AWS"
#           identifiers = ["*"]
#         }
#       }
#     }
#     resource "aws_s3_bucket_policy" "files" {
#       bucket = aws_s3_bucket.files.id
#       policy = data.aws_iam_policy_document.files.json
#     }
package portcullis.rules.storage.policy_lockout

import data.portcullis.lib
import data.portcullis.lib.buckets

policies := lib.policies_of(buckets.policy_types)

refuses(s) if {
	some pattern in s.actions
	lib.grants(pattern, "s3:putbucketpolicy")
} else := "unknown" if {
	object.get(s.unknown, "actions", 0) > 0
} else := false

unconditional(s) := "unknown" if {
	object.get(s.unknown, "conditions", 0) > 0
} else := count(s.conditions) == 0

verdict(s) := lib.all_of({refuses(s), unconditional(s), lib.everybody(s)}) if {
	s.effect == "Deny"
	count(s.not_principals) == 0
} else := false

subjects contains p.address if some p in policies

deny contains lib.in_policy(p, s, "nobody can change the policy again") if {
	some p in policies
	some s in p.statements
	verdict(s) == true
}

unknown contains lib.in_policy(p, s, "whether the policy can be changed again is known after apply") if {
	some p in policies
	some s in p.statements
	verdict(s) == "unknown"
}

unknown contains lib.unread(p) if {
	some p in policies
	p.state == "opaque"
}

# METADATA
# title: A public access block blocks everything
# description: |
#   Each of the four closes another way to the public: lists and policies that are new,
#   and those that are there already. One that is left out is off, also in the block
#   of the whole account, which holds for the buckets of other plans too.
# related_resources:
# - https://docs.aws.amazon.com/AmazonS3/latest/userguide/access-control-block-public-access.html
# custom:
#   severity: high
#   remediation: Set all four to true, block_public_acls, block_public_policy, ignore_public_acls and restrict_public_buckets.
#   types: [aws_s3_bucket_public_access_block, aws_s3_account_public_access_block]
#   mappings:
#     checkov: [CKV_AWS_53, CKV_AWS_54, CKV_AWS_55, CKV_AWS_56]
#     fsbp: [S3.1, S3.8]
#     cis: ["3.0.0/2.1.4", "5.0.0/2.1.4"]
#   good: |
#     resource "aws_s3_bucket_public_access_block" "files" {
#       bucket                  = aws_s3_bucket.files.id
#       block_public_acls       = true
#       block_public_policy     = true
#       ignore_public_acls      = true
#       restrict_public_buckets = true
#     }
#   bad: |
#     resource "aws_s3_bucket_public_access_block" "files" {
#       bucket              = aws_s3_bucket.files.id
#       block_public_acls   = true
#       block_public_policy = true
#     }
package portcullis.rules.storage.public_access_flags

import data.portcullis.lib

flags := ["block_public_acls", "block_public_policy", "ignore_public_acls", "restrict_public_buckets"]

# S3 takes the stricter of what the bucket's block and the account's say.
verdict(r, flag) := lib.any_of({lib.equals(r, [flag], true)} | account(flag))

account(flag) := {lib.equals(a, [flag], true) | some a in input.by_type.aws_s3_account_public_access_block}

blocks := [r |
	some type in ["aws_s3_bucket_public_access_block", "aws_s3_account_public_access_block"]
	some r in input.by_type[type]
]

subjects contains r.address if some r in blocks

deny contains lib.finding(r, [flag], sprintf("%s is off", [flag])) if {
	some r in blocks
	some flag in flags
	verdict(r, flag) == false
}

unknown contains lib.finding(r, [flag], sprintf("whether %s is on is known after apply", [flag])) if {
	some r in blocks
	some flag in flags
	verdict(r, flag) == "unknown"
}

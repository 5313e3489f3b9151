# METADATA
# title: A bucket has its public access block
# description: |
#   AWS blocks public access to new buckets, and anybody who may turns that off with one
#   call: only what the plan says is put back. Older buckets were never blocked. A block
#   of the whole account in the same plan counts.
# related_resources:
# - https://docs.aws.amazon.com/AmazonS3/latest/userguide/access-control-block-public-access.html
# custom:
#   severity: medium
#   remediation: Add an aws_s3_bucket_public_access_block with all four set to true.
#   types: [aws_s3_bucket, aws_s3_bucket_public_access_block, aws_s3_account_public_access_block]
#   mappings:
#     checkov: [CKV2_AWS_6]
#     fsbp: [S3.8]
#     cis: ["3.0.0/2.1.4", "5.0.0/2.1.4"]
#   good: |
#     resource "aws_s3_bucket" "files" {
#       bucket = "files"
#     }
#     resource "aws_s3_bucket_public_access_block" "files" {
#       bucket                  = aws_s3_bucket.files.id
#       block_public_acls       = true
#       block_public_policy     = true
#       ignore_public_acls      = true
#       restrict_public_buckets = true
#     }
#   bad: |
#     resource "aws_s3_bucket" "files" {
#       bucket = "files"
#     }
package portcullis.rules.storage.public_access_block

import data.portcullis.lib

flags := ["block_public_acls", "block_public_policy", "ignore_public_acls", "restrict_public_buckets"]

# account tells whether a block of the account sets a flag for every bucket.
account(flag) := lib.any_of({lib.equals(a, [flag], true) | some a in input.by_type.aws_s3_account_public_access_block})

verdict(b) := lib.any_of({
	lib.companion(b, "aws_s3_bucket_public_access_block", ["bucket"]),
	lib.all_of({account(flag) | some flag in flags}),
})

subjects contains b.address if some b in input.by_type.aws_s3_bucket

deny contains lib.finding(b, [], "nothing in the plan keeps the bucket from being opened") if {
	some b in input.by_type.aws_s3_bucket
	verdict(b) == false
}

unknown contains lib.finding(b, [], "which bucket a public access block of the plan is for, or what it blocks, is known after apply") if {
	some b in input.by_type.aws_s3_bucket
	verdict(b) == "unknown"
}

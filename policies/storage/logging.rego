# METADATA
# title: Who asked a bucket for what is logged
# description: |
#   Without access logs nobody can tell afterwards who had which objects. Low, since
#   CloudTrail's data events say the same where a trail has them; buckets that logs are
#   written to need none.
# related_resources:
# - https://docs.aws.amazon.com/AmazonS3/latest/userguide/ServerLogs.html
# custom:
#   severity: low
#   remediation: Add an aws_s3_bucket_logging to a bucket for logs.
#   types: [aws_s3_bucket, aws_s3_bucket_logging]
#   mappings:
#     checkov: [CKV_AWS_18]
#     fsbp: [S3.9]
#   good: |
#     resource "aws_s3_bucket_logging" "files" {
#       bucket        = aws_s3_bucket.files.id
#       target_bucket = aws_s3_bucket.logs.id
#       target_prefix = "files/"
#     }
#   bad: |
#     resource "aws_s3_bucket" "files" {
#       bucket = "files"
#     }
package portcullis.rules.storage.logging

import data.portcullis.lib
import data.portcullis.lib.buckets

silent contains [b, verdict] if {
	some [b, verdict] in buckets.silent("aws_s3_bucket_logging", "logging")
	not buckets.gets_access_logs(b)
	not buckets.gets_edge_logs(b)
}

subjects contains b.address if {
	some b in input.by_type.aws_s3_bucket
	not buckets.gets_access_logs(b)
	not buckets.gets_edge_logs(b)
}

deny contains lib.finding(b, [], "nobody knows who asks for what") if {
	some [b, false] in silent
}

unknown contains lib.finding(b, [], "which bucket it is said for is known after apply") if {
	some [b, "unknown"] in silent
}

# METADATA
# title: A bucket has no access control lists
# description: |
#   With lists an object has its own door: whoever uploads it decides who reads it, and
#   no policy of the bucket shows that. New buckets have none; older ones do. CloudFront's
#   standard logs need them, so the buckets for these are not looked at.
# related_resources:
# - https://docs.aws.amazon.com/AmazonS3/latest/userguide/about-object-ownership.html
# custom:
#   severity: medium
#   remediation: Add an aws_s3_bucket_ownership_controls with object_ownership = "BucketOwnerEnforced".
#   types: [aws_s3_bucket, aws_s3_bucket_ownership_controls]
#   mappings:
#     checkov: [CKV2_AWS_65]
#     fsbp: [S3.12]
#   good: |
#     resource "aws_s3_bucket_ownership_controls" "files" {
#       bucket = aws_s3_bucket.files.id
#       rule {
#         object_ownership = "BucketOwnerEnforced"
#       }
#     }
#   bad: |
#     resource "aws_s3_bucket_ownership_controls" "files" {
#       bucket = aws_s3_bucket.files.id
#       rule {
#         object_ownership = "ObjectWriter"
#       }
#     }
package portcullis.rules.storage.object_ownership

import data.portcullis.lib
import data.portcullis.lib.buckets

ownership := ["rule", 0, "object_ownership"]

for_edge(c) if {
	some b in lib.targets(c, ["bucket"], "aws_s3_bucket")
	buckets.gets_edge_logs(b)
}

controls contains c if {
	some c in input.by_type.aws_s3_bucket_ownership_controls
	not for_edge(c)
}

# A bucket that is made without has BucketOwnerEnforced; what one has that is
# there already is not said.
silent contains [b, verdict] if {
	some b in input.by_type.aws_s3_bucket
	verdict := lib.companion(b, "aws_s3_bucket_ownership_controls", ["bucket"])
	verdict != true
}

subjects contains c.address if some c in controls

subjects contains b.address if some [b, _] in silent

deny contains lib.finding(c, ownership, "objects have access control lists") if {
	some c in controls
	lib.equals(c, ownership, "BucketOwnerEnforced") == false
}

unknown contains lib.finding(c, ownership, "whether objects have access control lists is known after apply") if {
	some c in controls
	lib.equals(c, ownership, "BucketOwnerEnforced") == "unknown"
}

unknown contains lib.finding(b, [], "which bucket it is said for is known after apply") if {
	some [b, "unknown"] in silent
}

unknown contains lib.finding(b, [], "the bucket is there already, and may be older than the default") if {
	some [b, false] in silent
	not "create" in b.actions
}

# METADATA
# title: A bucket keeps former versions
# description: |
#   Without versions what is overwritten or deleted, by mistake or by an intruder, is
#   gone.
# related_resources:
# - https://docs.aws.amazon.com/AmazonS3/latest/userguide/Versioning.html
# custom:
#   severity: medium
#   remediation: Add an aws_s3_bucket_versioning with status = "Enabled".
#   types: [aws_s3_bucket, aws_s3_bucket_versioning]
#   mappings:
#     checkov: [CKV_AWS_21]
#   good: |
#     resource "aws_s3_bucket_versioning" "files" {
#       bucket = aws_s3_bucket.files.id
#       versioning_configuration {
#         status = "Enabled"
#       }
#     }
#   bad: |
#     resource "aws_s3_bucket" "files" {
#       bucket = "files"
#     }
package portcullis.rules.storage.versioning

import data.portcullis.lib
import data.portcullis.lib.buckets

settings := buckets.settings("aws_s3_bucket_versioning", ["versioning_configuration", 0, "status"], "versioning", [0, "enabled"])

silent contains [b, verdict] if {
	some [b, verdict] in buckets.silent("aws_s3_bucket_versioning", "versioning")
}

subjects contains r.address if some [r, _] in settings

subjects contains b.address if some [b, _] in silent

deny contains lib.finding(b, [], "former versions are not kept") if {
	some [b, false] in silent
}

unknown contains lib.finding(b, [], "which bucket it is said for is known after apply") if {
	some [b, "unknown"] in silent
}

deny contains lib.finding(r, path, "former versions are not kept") if {
	some [r, path] in settings
	lib.one_of(r, path, {"Enabled", true}) == false
}

unknown contains lib.finding(r, path, "whether former versions are kept is known after apply") if {
	some [r, path] in settings
	lib.one_of(r, path, {"Enabled", true}) == "unknown"
}

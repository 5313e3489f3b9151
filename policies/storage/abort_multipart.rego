# METADATA
# title: A bucket drops uploads that were given up
# description: |
#   The parts of an upload that was never finished are kept, and paid for, and no listing
#   of objects shows them: whoever may upload can fill the bucket unseen.
# related_resources:
# - https://docs.aws.amazon.com/AmazonS3/latest/userguide/mpu-abort-incomplete-mpu-lifecycle-config.html
# custom:
#   severity: low
#   remediation: Add abort_incomplete_multipart_upload with 7 days to a rule of the lifecycle configuration that is Enabled.
#   types: [aws_s3_bucket_lifecycle_configuration, aws_s3_bucket]
#   mappings:
#     checkov: [CKV_AWS_300]
#   good: |
#     resource "aws_s3_bucket_lifecycle_configuration" "files" {
#       bucket = aws_s3_bucket.files.id
#       rule {
#         id     = "old"
#         status = "Enabled"
#         filter {}
#         noncurrent_version_expiration {
#           noncurrent_days = 30
#         }
#         abort_incomplete_multipart_upload {
#           days_after_initiation = 7
#         }
#       }
#     }
#   bad: |
#     resource "aws_s3_bucket_lifecycle_configuration" "files" {
#       bucket = aws_s3_bucket.files.id
#       rule {
#         id     = "old"
#         status = "Enabled"
#         filter {}
#         expiration {
#           days = 30
#         }
#       }
#     }
package portcullis.rules.storage.abort_multipart

import data.portcullis.lib
import data.portcullis.lib.buckets

# aborts tells whether a rule of a lifecycle configuration ends uploads.
aborts(c, i) := lib.all_of({
	lib.equals(c, ["rule", i, "status"], "Enabled"),
	given(c, ["rule", i, "abort_incomplete_multipart_upload", 0, "days_after_initiation"]),
})

in_bucket(b, i) := lib.all_of({
	lib.equals(b, ["lifecycle_rule", i, "enabled"], true),
	given(b, ["lifecycle_rule", i, "abort_incomplete_multipart_upload_days"]),
})

given(r, path) := "unknown" if {
	lib.state(r, path) == "reference"
} else if {
	lib.value(r, path) > 0
} else := false

settings contains [c, lib.any_of({aborts(c, i) | some i, _ in c.values.rule})] if {
	some c in input.by_type.aws_s3_bucket_lifecycle_configuration
}

settings contains [b, lib.any_of({in_bucket(b, i) | some i, _ in b.values.lifecycle_rule})] if {
	some b in input.by_type.aws_s3_bucket
	buckets.inlined(b, "lifecycle_rule")
}

subjects contains r.address if some [r, _] in settings

deny contains lib.finding(r, [], "the parts of unfinished uploads are kept for ever") if {
	some [r, false] in settings
}

unknown contains lib.finding(r, [], "whether unfinished uploads are dropped is known after apply") if {
	some [r, "unknown"] in settings
}

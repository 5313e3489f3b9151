# METADATA
# title: A bucket says when its objects go
# description: |
#   What nobody removes is paid for and can leak for ever: logs, former versions, exports.
#   Low, since some buckets are meant to keep everything: waive it for those.
# related_resources:
# - https://docs.aws.amazon.com/AmazonS3/latest/userguide/object-lifecycle-mgmt.html
# custom:
#   severity: low
#   remediation: Add an aws_s3_bucket_lifecycle_configuration with a rule that is Enabled.
#   types: [aws_s3_bucket, aws_s3_bucket_lifecycle_configuration]
#   mappings:
#     checkov: [CKV2_AWS_61]
#     fsbp: [S3.13]
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
#     resource "aws_s3_bucket" "files" {
#       bucket = "files"
#     }
package portcullis.rules.storage.lifecycle

import data.portcullis.lib
import data.portcullis.lib.buckets

# places are those of the switches of rules.
places(c) := {["rule", i, "status"] | some i, _ in c.values.rule}

in_bucket(b) := {["lifecycle_rule", i, "enabled"] | some i, _ in b.values.lifecycle_rule}

enabled(r, paths) := lib.any_of({lib.one_of(r, path, {"Enabled", true}) | some path in paths})

settings contains [c, enabled(c, places(c))] if some c in input.by_type.aws_s3_bucket_lifecycle_configuration

settings contains [b, enabled(b, in_bucket(b))] if {
	some b in input.by_type.aws_s3_bucket
	buckets.inlined(b, "lifecycle_rule")
}

settings contains [b, verdict] if some [b, verdict] in buckets.silent("aws_s3_bucket_lifecycle_configuration", "lifecycle_rule")

subjects contains r.address if some [r, _] in settings

deny contains lib.finding(r, [], "objects stay until somebody removes them") if {
	some [r, false] in settings
}

unknown contains lib.finding(r, [], "whether objects are ever removed is known after apply") if {
	some [r, "unknown"] in settings
}

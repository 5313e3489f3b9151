# METADATA
# title: A bucket is encrypted with a key of one's own
# description: |
#   By default S3 encrypts with keys of its own: whoever may read an object has it
#   decrypted. With a key of one's own there is a second door, and a record of who went
#   through. S3 writes access logs to buckets with its own keys only as documented, so
#   the buckets for these are not looked at.
# related_resources:
# - https://docs.aws.amazon.com/AmazonS3/latest/userguide/UsingKMSEncryption.html
# - https://docs.aws.amazon.com/AmazonS3/latest/userguide/enable-server-access-logging.html
# custom:
#   severity: medium
#   remediation: Add an aws_s3_bucket_server_side_encryption_configuration with sse_algorithm = "aws:kms" and kms_master_key_id of an aws_kms_key.
#   types: [aws_s3_bucket, aws_s3_bucket_server_side_encryption_configuration]
#   mappings:
#     checkov: [CKV_AWS_145]
#   good: |
#     resource "aws_s3_bucket_server_side_encryption_configuration" "files" {
#       bucket = aws_s3_bucket.files.id
#       rule {
#         bucket_key_enabled = true
#         apply_server_side_encryption_by_default {
#           sse_algorithm     = "aws:kms"
#           kms_master_key_id = aws_kms_key.data.arn
#         }
#       }
#     }
#   bad: |
#     resource "aws_s3_bucket_server_side_encryption_configuration" "files" {
#       bucket = aws_s3_bucket.files.id
#       rule {
#         apply_server_side_encryption_by_default {
#           sse_algorithm = "AES256"
#         }
#       }
#     }
package portcullis.rules.encryption.bucket_kms

import data.portcullis.lib
import data.portcullis.lib.buckets

first := ["apply_server_side_encryption_by_default", 0, "kms_master_key_id"]

settings contains [r, path] if {
	some [r, path] in buckets.settings(
		"aws_s3_bucket_server_side_encryption_configuration", array.concat(["rule", 0], first),
		"server_side_encryption_configuration", array.concat([0, "rule", 0], first),
	)
	not for_logs(r)
}

for_logs(r) if buckets.gets_access_logs(r)

for_logs(r) if {
	some b in lib.targets(r, ["bucket"], "aws_s3_bucket")
	buckets.gets_access_logs(b)
}

silent contains [b, verdict] if {
	some [b, verdict] in buckets.silent("aws_s3_bucket_server_side_encryption_configuration", "server_side_encryption_configuration")
	not for_logs(b)
}

subjects contains r.address if some [r, _] in settings

subjects contains b.address if some [b, _] in silent

deny contains lib.finding(b, [], "the bucket has no key of one's own") if {
	some [b, false] in silent
}

unknown contains lib.finding(b, [], "which bucket it is said for is known after apply") if {
	some [b, "unknown"] in silent
}

deny contains lib.finding(r, path, "the bucket has no key of one's own") if {
	some [r, path] in settings
	lib.customer_key(r, path) == false
}

unknown contains lib.finding(r, path, "what key it is cannot be seen before apply") if {
	some [r, path] in settings
	lib.customer_key(r, path) == "unknown"
}

# METADATA
# title: A bucket with a KMS key uses a bucket key
# description: |
#   Without one every object that is read or written is a request to KMS, paid for and
#   counted against the account's quota: whoever loads the bucket slows down everything
#   that decrypts in the Region.
# related_resources:
# - https://docs.aws.amazon.com/AmazonS3/latest/userguide/bucket-key.html
# custom:
#   severity: low
#   remediation: Set bucket_key_enabled = true.
#   types: [aws_s3_bucket_server_side_encryption_configuration, aws_s3_bucket]
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
#           sse_algorithm     = "aws:kms"
#           kms_master_key_id = aws_kms_key.data.arn
#         }
#       }
#     }
package portcullis.rules.storage.bucket_key

import data.portcullis.lib
import data.portcullis.lib.buckets

# rules are where default encryption with KMS is said; with two layers (aws:kms:dsse)
# there is no bucket key.
rules contains [r, path] if {
	some [r, path] in buckets.settings(
		"aws_s3_bucket_server_side_encryption_configuration", ["rule", 0],
		"server_side_encryption_configuration", [0, "rule", 0],
	)
	lib.equals(r, array.concat(path, ["apply_server_side_encryption_by_default", 0, "sse_algorithm"]), "aws:kms") != false
}

verdict(r, path) := lib.any_of({
	lib.opposite(lib.equals(r, array.concat(path, ["apply_server_side_encryption_by_default", 0, "sse_algorithm"]), "aws:kms")),
	lib.equals(r, array.concat(path, ["bucket_key_enabled"]), true),
})

subjects contains r.address if some [r, _] in rules

deny contains lib.finding(r, array.concat(path, ["bucket_key_enabled"]), "each object is a request to KMS") if {
	some [r, path] in rules
	verdict(r, path) == false
}

unknown contains lib.finding(r, array.concat(path, ["bucket_key_enabled"]), "whether there is a bucket key is known after apply") if {
	some [r, path] in rules
	verdict(r, path) == "unknown"
}

# METADATA
# title: An access point lets nobody in whom the bucket keeps out
# description: |
#   An access point has a policy and a public access block of its own. All four are
#   on unless one is switched off, and that cannot be mended: the block of an access
#   point stays as it was made.
# related_resources:
# - https://docs.aws.amazon.com/AmazonS3/latest/userguide/access-points-bpa-settings.html
# - https://docs.aws.amazon.com/config/latest/developerguide/s3-access-point-public-access-blocks.html
# custom:
#   severity: high
#   remediation: Leave public_access_block_configuration out, or set nothing in it to false. A change makes a new access point.
#   types: [aws_s3_access_point]
#   mappings:
#     fsbp: [S3.19]
#   good: |
#     resource "aws_s3_access_point" "reports" {
#       name   = "reports"
#       bucket = aws_s3_bucket.files.id
#     }
#   bad: |
#     resource "aws_s3_access_point" "reports" {
#       name   = "reports"
#       bucket = aws_s3_bucket.files.id
#       public_access_block_configuration {
#         block_public_policy     = false
#         restrict_public_buckets = false
#       }
#     }
package portcullis.rules.storage.access_point_block

import data.portcullis.lib

paths := [["public_access_block_configuration", 0, flag] |
	some flag in ["block_public_acls", "block_public_policy", "ignore_public_acls", "restrict_public_buckets"]
]

subjects contains r.address if some r in input.by_type.aws_s3_access_point

deny contains lib.finding(r, path, sprintf("%s is off", [path[2]])) if {
	some r in input.by_type.aws_s3_access_point
	some path in paths
	lib.value(r, path) == false
}

unknown contains lib.finding(r, path, sprintf("whether %s is on is known after apply", [path[2]])) if {
	some r in input.by_type.aws_s3_access_point
	some path in paths
	lib.state(r, path) == "reference"
}

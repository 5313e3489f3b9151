# METADATA
# title: No access control list opens a bucket
# description: |
#   public-read gives every object to everybody, authenticated-read to everybody with an
#   AWS account, which is the same.
# related_resources:
# - https://docs.aws.amazon.com/AmazonS3/latest/userguide/acl-overview.html#canned-acl
# custom:
#   severity: high
#   remediation: Leave access control lists out, and have object ownership BucketOwnerEnforced.
#   types: [aws_s3_bucket_acl, aws_s3_bucket, aws_s3_object]
#   mappings:
#     checkov: [CKV_AWS_20, CKV_AWS_57, CKV_AWS_375, CKV2_AWS_43]
#     fsbp: [S3.2, S3.3]
#   good: |
#     resource "aws_s3_bucket_ownership_controls" "files" {
#       bucket = aws_s3_bucket.files.id
#       rule {
#         object_ownership = "BucketOwnerEnforced"
#       }
#     }
#   bad: |
#     resource "aws_s3_bucket_acl" "files" {
#       bucket = aws_s3_bucket.files.id
#       acl    = "public-read"
#     }
package portcullis.rules.storage.public_acl

import data.portcullis.lib
import data.portcullis.lib.buckets

open := {"public-read", "public-read-write", "authenticated-read"}

everybody := {"http://acs.amazonaws.com/groups/global/AllUsers", "http://acs.amazonaws.com/groups/global/AuthenticatedUsers"}

# lists are the places of canned lists, and groups those of grantees.
lists contains [r, ["acl"]] if {
	some type in ["aws_s3_bucket_acl", "aws_s3_bucket", "aws_s3_object"]
	some r in input.by_type[type]
	lib.written(r, ["acl"])
}

groups contains [r, ["access_control_policy", i, "grant", j, "grantee", k, "uri"]] if {
	some r in input.by_type.aws_s3_bucket_acl
	some i, policy in r.values.access_control_policy
	some j, grant in policy.grant
	some k, _ in grant.grantee
}

groups contains [r, ["grant", i, "uri"]] if {
	some r in input.by_type.aws_s3_bucket
	buckets.inlined(r, "grant") == true
	some i, _ in r.values.grant
}

# What grants there are may be known after apply.
groups contains [r, ["grant"]] if {
	some r in input.by_type.aws_s3_bucket
	buckets.inlined(r, "grant") == "unknown"
}

groups contains [r, path] if {
	some r in input.by_type.aws_s3_bucket_acl
	some path in [["access_control_policy"], ["access_control_policy", 0, "grant"]]
	lib.state(r, path) == "reference"
}

wanted contains [r, path, open] if some [r, path] in lists

wanted contains [r, path, everybody] if some [r, path] in groups

subjects contains r.address if some [r, _, _] in wanted

deny contains lib.finding(r, path, sprintf("%s is everybody", [lib.value(r, path)])) if {
	some [r, path, values] in wanted
	lib.one_of(r, path, values) == true
}

unknown contains lib.finding(r, path, "whom the list lets in is known after apply") if {
	some [r, path, values] in wanted
	lib.one_of(r, path, values) == "unknown"
}

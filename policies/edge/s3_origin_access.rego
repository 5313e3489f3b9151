# METADATA
# title: A bucket behind CloudFront is reached by origin access control only
# description: |
#   Without it the bucket has to be public: its objects are read past AWS WAF,
#   the access log and the headers of the distribution. The older origin access
#   identity signs no request to a bucket under a KMS key and none but GET. A
#   website endpoint can be reached over HTTP and by everybody only.
# related_resources:
# - https://docs.aws.amazon.com/AmazonCloudFront/latest/DeveloperGuide/private-content-restricting-access-to-s3.html
# custom:
#   severity: high
#   remediation: Make an aws_cloudfront_origin_access_control with signing_behavior always, set origin_access_control_id to it, and have the bucket's policy admit this distribution alone.
#   types: [aws_cloudfront_distribution]
#   mappings:
#     checkov: [CKV2_AWS_46]
#     fsbp: [CloudFront.13]
#   good: |
#     resource "aws_cloudfront_distribution" "chat" {
#       origin {
#         origin_id                = "site"
#         domain_name              = aws_s3_bucket.site.bucket_regional_domain_name
#         origin_access_control_id = aws_cloudfront_origin_access_control.site.id
#       }
#     }
#   bad: |
#     resource "aws_cloudfront_distribution" "chat" {
#       origin {
#         origin_id   = "site"
#         domain_name = aws_s3_bucket.site.bucket_regional_domain_name
#       }
#     }
package portcullis.rules.edge.s3_origin_access

import data.portcullis.lib
import data.portcullis.lib.edge

subjects contains d.address if {
	some d in input.by_type.aws_cloudfront_distribution
	some i in edge.origins(d)
	edge.kind(d, i) in {"s3", "website", "unknown"}
}

subjects contains d.address if {
	some d in input.by_type.aws_cloudfront_distribution
	edge.origins_hidden(d)
}

buckets contains [d, ["origin", i, "origin_access_control_id"]] if {
	some d in input.by_type.aws_cloudfront_distribution
	some i in edge.origins(d)
	edge.kind(d, i) == "s3"
}

deny contains lib.finding(d, at, "the bucket has to be open for everybody, or to an origin access identity") if {
	some [d, at] in buckets
	not lib.is_set(d, at)
}

deny contains lib.finding(d, ["origin", i, "domain_name"], "a bucket as a website cannot be closed to others") if {
	some d in input.by_type.aws_cloudfront_distribution
	some i in edge.origins(d)
	edge.kind(d, i) == "website"
}

unknown contains lib.finding(d, ["origin", i, "domain_name"], "whether the origin is a bucket is known after apply") if {
	some d in input.by_type.aws_cloudfront_distribution
	some i in edge.origins(d)
	edge.kind(d, i) == "unknown"
}

unknown contains lib.finding(d, at, "what the origin access control is set from cannot be seen") if {
	some [d, at] in buckets
	lib.state(d, at) == "reference"
	not edge.from_control(d)
}

unknown contains lib.finding(d, ["origin"], "the origins cannot be read before apply") if {
	some d in input.by_type.aws_cloudfront_distribution
	edge.origins_hidden(d)
}

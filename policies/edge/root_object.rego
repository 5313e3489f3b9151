# METADATA
# title: A distribution of a bucket has a root object
# description: |
#   Without one a request for / goes to the bucket as a request for its list of
#   objects. A policy that is too wide by one action then shows all names.
# related_resources:
# - https://docs.aws.amazon.com/AmazonCloudFront/latest/DeveloperGuide/DefaultRootObject.html
# custom:
#   severity: low
#   remediation: Set default_root_object = "index.html".
#   types: [aws_cloudfront_distribution]
#   mappings:
#     checkov: [CKV_AWS_305]
#     fsbp: [CloudFront.1]
#   good: |
#     resource "aws_cloudfront_distribution" "chat" {
#       default_root_object = "index.html"
#     }
#   bad: |
#     resource "aws_cloudfront_distribution" "chat" {
#       origin {
#         origin_id                = "site"
#         domain_name              = aws_s3_bucket.site.bucket_regional_domain_name
#         origin_access_control_id = aws_cloudfront_origin_access_control.site.id
#       }
#     }
package portcullis.rules.edge.root_object

import data.portcullis.lib
import data.portcullis.lib.edge

# of_bucket is true, or "unknown" if the origins cannot be read. A path of / goes
# to the default behaviour.
of_bucket(d) if {
	"s3" in edge.kinds(d, ["default_cache_behavior", 0])
} else := "unknown" if {
	"unknown" in edge.kinds(d, ["default_cache_behavior", 0])
}

subjects contains d.address if {
	some d in input.by_type.aws_cloudfront_distribution
	of_bucket(d)
}

deny contains lib.finding(d, ["default_root_object"], "a request for / asks the bucket for its list") if {
	some d in input.by_type.aws_cloudfront_distribution
	of_bucket(d) == true
	not lib.is_set(d, ["default_root_object"])
}

unknown contains lib.finding(d, ["default_root_object"], "whether / goes to a bucket without a root object is known after apply") if {
	some d in input.by_type.aws_cloudfront_distribution
	of_bucket(d) == "unknown"
	not lib.is_set(d, ["default_root_object"])
}

unknown contains lib.finding(d, ["default_root_object"], "the root object is known after apply") if {
	some d in input.by_type.aws_cloudfront_distribution
	of_bucket(d)
	lib.state(d, ["default_root_object"]) == "reference"
}

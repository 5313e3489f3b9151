# METADATA
# title: An origin access control signs every request
# description: |
#   With never it signs nothing, and the bucket has to be public for CloudFront
#   to read it. With no-override a viewer who sends an Authorization header of
#   their own has that one passed on to the bucket instead.
# related_resources:
# - https://docs.aws.amazon.com/AmazonCloudFront/latest/DeveloperGuide/private-content-restricting-access-to-s3.html
# custom:
#   severity: medium
#   remediation: Set signing_behavior = "always".
#   types: [aws_cloudfront_origin_access_control]
#   good: |
#     resource "aws_cloudfront_origin_access_control" "site" {
#       name                              = "site"
#       origin_access_control_origin_type = "s3"
#       signing_behavior                  = "always"
#       signing_protocol                  = "sigv4"
#     }
#   bad: |
#     resource "aws_cloudfront_origin_access_control" "site" {
#       name                              = "site"
#       origin_access_control_origin_type = "s3"
#       signing_behavior                  = "never"
#       signing_protocol                  = "sigv4"
#     }
package portcullis.rules.edge.origin_access_signing

import data.portcullis.lib

at := ["signing_behavior"]

subjects contains r.address if some r in input.by_type.aws_cloudfront_origin_access_control

deny contains lib.finding(r, at, sprintf("with %s requests reach the bucket without CloudFront's signature", [lib.value(r, at)])) if {
	some r in input.by_type.aws_cloudfront_origin_access_control
	lib.equals(r, at, "always") == false
}

unknown contains lib.finding(r, at, "whether requests are signed is known after apply") if {
	some r in input.by_type.aws_cloudfront_origin_access_control
	lib.equals(r, at, "always") == "unknown"
}

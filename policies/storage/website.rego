# METADATA
# title: A bucket is no website
# description: |
#   The website endpoint of a bucket speaks HTTP only and wants a bucket that is open to
#   everybody: no TLS, no headers, no firewall. A bucket that only sends on to another
#   address is fine.
# related_resources:
# - https://docs.aws.amazon.com/AmazonS3/latest/userguide/WebsiteEndpoints.html
# custom:
#   severity: medium
#   remediation: Put CloudFront with an origin access control before a private bucket.
#   types: [aws_s3_bucket_website_configuration, aws_s3_bucket]
#   good: |
#     resource "aws_cloudfront_origin_access_control" "site" {
#       name                              = "site"
#       origin_access_control_origin_type = "s3"
#       signing_behavior                  = "always"
#       signing_protocol                  = "sigv4"
#     }
#   bad: |
#     resource "aws_s3_bucket_website_configuration" "site" {
#       bucket = aws_s3_bucket.files.id
#       index_document {
#         suffix = "index.html"
#       }
#     }
package portcullis.rules.storage.website

import data.portcullis.lib
import data.portcullis.lib.buckets

# What a website sends on wholly.
redirects := buckets.settings("aws_s3_bucket_website_configuration", ["redirect_all_requests_to"], "website", [0, "redirect_all_requests_to"])

subjects contains r.address if some [r, _] in redirects

deny contains lib.finding(r, [], "a website is served over HTTP, to everybody") if {
	some [r, path] in redirects
	lib.value(r, path) in {null, "", []}
	not lib.hidden(r, path)
}

unknown contains lib.finding(r, path, "whether it only sends on is known after apply") if {
	some [r, path] in redirects
	lib.hidden(r, path)
}

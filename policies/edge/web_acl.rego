# METADATA
# title: A distribution has a web ACL
# description: |
#   Without AWS WAF nothing stands between the internet and the origin: no limit
#   for one address, no block of known attacks. AWS WAF cannot be attached to a
#   WebSocket API, so the distribution before it is the only place.
# related_resources:
# - https://docs.aws.amazon.com/AmazonCloudFront/latest/DeveloperGuide/distribution-web-awswaf.html
# custom:
#   severity: high
#   remediation: Set web_acl_id to the ARN of an aws_wafv2_web_acl with scope CLOUDFRONT, made in us-east-1.
#   types: [aws_cloudfront_distribution]
#   mappings:
#     checkov: [CKV_AWS_68]
#     fsbp: [CloudFront.6]
#   good: |
#     resource "aws_cloudfront_distribution" "chat" {
#       web_acl_id = aws_wafv2_web_acl.chat.arn
#     }
#   bad: |
#     resource "aws_cloudfront_distribution" "chat" {
#       enabled = true
#     }
package portcullis.rules.edge.web_acl

import data.portcullis.lib

at := ["web_acl_id"]

subjects contains d.address if some d in input.by_type.aws_cloudfront_distribution

deny contains lib.finding(d, at, "no web ACL stands before it") if {
	some d in input.by_type.aws_cloudfront_distribution
	not lib.is_set(d, at)
}

deny contains lib.finding(d, at, "it has a web ACL of AWS WAF Classic, which has ended") if {
	some d in input.by_type.aws_cloudfront_distribution
	lib.set_from(d, at, {"aws_waf_web_acl"})
}

unknown contains lib.finding(d, at, "whether it has a web ACL is known after apply") if {
	some d in input.by_type.aws_cloudfront_distribution
	lib.state(d, at) == "reference"
	not lib.set_from(d, at, {"aws_wafv2_web_acl"})
	not lib.set_from(d, at, {"aws_waf_web_acl"})
}

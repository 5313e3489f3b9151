# METADATA
# title: Viewers reach a distribution by HTTPS only
# description: |
#   With allow-all a browser that is given an http:// address stays on it:
#   whoever is on the way reads the page, changes its scripts and takes the
#   tokens it sends.
# related_resources:
# - https://docs.aws.amazon.com/AmazonCloudFront/latest/DeveloperGuide/using-https-viewers-to-cloudfront.html
# custom:
#   severity: high
#   remediation: Set viewer_protocol_policy to https-only, or to redirect-to-https for pages, in each cache behaviour. A WebSocket client follows no redirect.
#   types: [aws_cloudfront_distribution]
#   mappings:
#     checkov: [CKV_AWS_34]
#     fsbp: [CloudFront.3]
#   good: |
#     resource "aws_cloudfront_distribution" "chat" {
#       default_cache_behavior {
#         target_origin_id       = "site"
#         viewer_protocol_policy = "redirect-to-https"
#       }
#     }
#   bad: |
#     resource "aws_cloudfront_distribution" "chat" {
#       default_cache_behavior {
#         target_origin_id       = "site"
#         viewer_protocol_policy = "allow-all"
#       }
#     }
package portcullis.rules.edge.viewer_https

import data.portcullis.lib
import data.portcullis.lib.edge

subjects contains d.address if some d in input.by_type.aws_cloudfront_distribution

policies contains [d, array.concat(at, ["viewer_protocol_policy"])] if {
	some d in input.by_type.aws_cloudfront_distribution
	some at in edge.behaviours(d)
}

safe(d, at) := lib.one_of(d, at, {"https-only", "redirect-to-https"})

deny contains lib.finding(d, at, "pages and tokens travel in clear") if {
	some [d, at] in policies
	safe(d, at) == false
}

unknown contains lib.finding(d, at, "whether viewers need HTTPS is known after apply") if {
	some [d, at] in policies
	safe(d, at) == "unknown"
}

unknown contains lib.finding(d, [block], "the cache behaviours are known after apply") if {
	some d in input.by_type.aws_cloudfront_distribution
	some block in edge.unseen(d)
}

# METADATA
# title: CloudFront talks to its origins by HTTPS
# description: |
#   With http-only, and with match-viewer wherever a behaviour lets a viewer use
#   HTTP, requests with their tokens and the origin's secret header cross the
#   internet in clear.
# related_resources:
# - https://docs.aws.amazon.com/AmazonCloudFront/latest/DeveloperGuide/using-https-cloudfront-to-custom-origin.html
# custom:
#   severity: high
#   remediation: Set origin_protocol_policy = "https-only" in custom_origin_config.
#   types: [aws_cloudfront_distribution]
#   mappings:
#     checkov: [CKV2_AWS_72]
#     fsbp: [CloudFront.9]
#   good: |
#     resource "aws_cloudfront_distribution" "chat" {
#       origin {
#         origin_id   = "api"
#         domain_name = "abc.execute-api.eu-west-1.amazonaws.com"
#         custom_origin_config {
#           http_port              = 80
#           https_port             = 443
#           origin_protocol_policy = "https-only"
#           origin_ssl_protocols   = ["TLSv1.2"]
#         }
#       }
#     }
#   bad: |
#     resource "aws_cloudfront_distribution" "chat" {
#       origin {
#         origin_id   = "api"
#         domain_name = "abc.execute-api.eu-west-1.amazonaws.com"
#         custom_origin_config {
#           http_port              = 80
#           https_port             = 443
#           origin_protocol_policy = "match-viewer"
#           origin_ssl_protocols   = ["TLSv1.2"]
#         }
#       }
#     }
package portcullis.rules.edge.origin_https

import data.portcullis.lib
import data.portcullis.lib.edge

subjects contains d.address if some d in input.by_type.aws_cloudfront_distribution

settings contains [d, ["origin", i, "custom_origin_config", 0, "origin_protocol_policy"]] if {
	some d in input.by_type.aws_cloudfront_distribution
	some i in edge.origins(d)
	edge.custom(d, i)
}

deny contains lib.finding(d, at, sprintf("with %s requests may go to the origin in clear", [lib.value(d, at)])) if {
	some [d, at] in settings
	lib.equals(d, at, "https-only") == false
}

unknown contains lib.finding(d, at, "how CloudFront talks to the origin is known after apply") if {
	some [d, at] in settings
	lib.equals(d, at, "https-only") == "unknown"
}

unknown contains lib.finding(d, ["origin"], "the origins cannot be read before apply") if {
	some d in input.by_type.aws_cloudfront_distribution
	edge.origins_hidden(d)
}

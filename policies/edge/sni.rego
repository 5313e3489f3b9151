# METADATA
# title: A distribution uses SNI
# description: |
#   Without SNI the distribution holds addresses of its own for clients that are
#   too old to be patched, at hundreds of dollars a month. Whatever speaks TLS 1.2
#   knows SNI.
# related_resources:
# - https://docs.aws.amazon.com/AmazonCloudFront/latest/DeveloperGuide/cnames-https-dedicated-ip-or-sni.html
# custom:
#   severity: low
#   remediation: Set ssl_support_method = "sni-only".
#   types: [aws_cloudfront_distribution]
#   mappings:
#     fsbp: [CloudFront.8]
#   good: |
#     resource "aws_cloudfront_distribution" "chat" {
#       viewer_certificate {
#         acm_certificate_arn      = aws_acm_certificate.chat.arn
#         minimum_protocol_version = "TLSv1.2_2021"
#         ssl_support_method       = "sni-only"
#       }
#     }
#   bad: |
#     resource "aws_cloudfront_distribution" "chat" {
#       viewer_certificate {
#         acm_certificate_arn      = aws_acm_certificate.chat.arn
#         minimum_protocol_version = "TLSv1.2_2021"
#         ssl_support_method       = "vip"
#       }
#     }
package portcullis.rules.edge.sni

import data.portcullis.lib

at := ["viewer_certificate", 0, "ssl_support_method"]

own contains d if {
	some d in input.by_type.aws_cloudfront_distribution
	lib.state(d, at) in {"known", "reference"}
}

subjects contains d.address if some d in own

deny contains lib.finding(d, at, "it holds addresses for clients without SNI") if {
	some d in own
	lib.equals(d, at, "vip") == true
}

unknown contains lib.finding(d, at, "whether it uses SNI is known after apply") if {
	some d in own
	lib.equals(d, at, "vip") == "unknown"
}

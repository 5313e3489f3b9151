# METADATA
# title: A distribution accepts nothing older than TLS 1.2
# description: |
#   With an older security policy CloudFront also speaks TLS 1.0 and 1.1, and
#   ciphers that are broken; a man in the middle talks both sides down to them.
# related_resources:
# - https://docs.aws.amazon.com/AmazonCloudFront/latest/DeveloperGuide/secure-connections-supported-viewer-protocols-ciphers.html
# custom:
#   severity: high
#   remediation: Set minimum_protocol_version = "TLSv1.2_2021" or a newer policy.
#   types: [aws_cloudfront_distribution]
#   mappings:
#     checkov: [CKV_AWS_174]
#     fsbp: [CloudFront.15]
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
#         acm_certificate_arn = aws_acm_certificate.chat.arn
#         ssl_support_method  = "sni-only"
#       }
#     }
package portcullis.rules.edge.minimum_tls

import data.portcullis.lib

at := ["viewer_certificate", 0, "minimum_protocol_version"]

# CloudFront's own certificate has TLSv1 and no choice: edge/custom-certificate.
own contains d if {
	some d in input.by_type.aws_cloudfront_distribution
	some certificate in ["acm_certificate_arn", "iam_certificate_id"]
	lib.is_set(d, ["viewer_certificate", 0, certificate])
}

subjects contains d.address if some d in own

old := {"SSLv3", "TLSv1", "TLSv1_2016", "TLSv1.1_2016", "TLSv1.2_2018", "TLSv1.2_2019"}

deny contains lib.finding(d, at, "TLS 1.0 or weak ciphers are accepted") if {
	some d in own
	lib.one_of(d, at, old | {null}) == true
}

unknown contains lib.finding(d, at, "the oldest TLS version is known after apply") if {
	some d in own
	lib.state(d, at) == "reference"
}

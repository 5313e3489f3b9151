# METADATA
# title: A distribution has a certificate of its own
# description: |
#   Under *.cloudfront.net CloudFront accepts TLS 1.0 whatever is set, and the
#   host is not one of yours: cookies, HSTS and allowed origins hold for a name
#   that goes away with the distribution.
# related_resources:
# - https://docs.aws.amazon.com/AmazonCloudFront/latest/DeveloperGuide/cnames-and-https-requirements.html
# custom:
#   severity: medium
#   remediation: Set acm_certificate_arn to a certificate of us-east-1, and aliases to its names. A distribution to try things out on may be waived.
#   types: [aws_cloudfront_distribution]
#   mappings:
#     checkov: [CKV2_AWS_42]
#     fsbp: [CloudFront.7]
#   good: |
#     resource "aws_cloudfront_distribution" "chat" {
#       aliases = ["chat.example.com"]
#       viewer_certificate {
#         acm_certificate_arn      = aws_acm_certificate.chat.arn
#         minimum_protocol_version = "TLSv1.2_2021"
#         ssl_support_method       = "sni-only"
#       }
#     }
#   bad: |
#     resource "aws_cloudfront_distribution" "chat" {
#       viewer_certificate {
#         cloudfront_default_certificate = true
#       }
#     }
package portcullis.rules.edge.custom_certificate

import data.portcullis.lib

subjects contains d.address if some d in input.by_type.aws_cloudfront_distribution

certificates := ["acm_certificate_arn", "iam_certificate_id"]

has_own(d) if {
	some name in certificates
	lib.state(d, ["viewer_certificate", 0, name]) == "known"
	lib.is_set(d, ["viewer_certificate", 0, name])
}

has_own(d) if {
	some name in certificates
	lib.set_from(d, ["viewer_certificate", 0, name], {"aws_acm_certificate", "aws_acm_certificate_validation", "aws_iam_server_certificate"})
}

may_have(d) if {
	some name in certificates
	lib.state(d, ["viewer_certificate", 0, name]) == "reference"
}

deny contains lib.finding(d, ["viewer_certificate"], "it is served under CloudFront's certificate, with TLS 1.0") if {
	some d in input.by_type.aws_cloudfront_distribution
	not has_own(d)
	not may_have(d)
}

unknown contains lib.finding(d, ["viewer_certificate"], "what the certificate is set from cannot be seen") if {
	some d in input.by_type.aws_cloudfront_distribution
	not has_own(d)
	may_have(d)
}

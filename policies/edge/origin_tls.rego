# METADATA
# title: CloudFront uses TLS 1.2 to its origins
# description: |
#   With SSLv3, TLS 1.0 or TLS 1.1 in the list, a man in the middle of CloudFront
#   and the origin talks both down to a version that can be broken.
# related_resources:
# - https://docs.aws.amazon.com/AmazonCloudFront/latest/DeveloperGuide/secure-connections-supported-ciphers-cloudfront-to-origin.html
# custom:
#   severity: medium
#   remediation: Set origin_ssl_protocols = ["TLSv1.2"].
#   types: [aws_cloudfront_distribution]
#   mappings:
#     checkov: [CKV2_AWS_54]
#     fsbp: [CloudFront.10]
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
#           origin_protocol_policy = "https-only"
#           origin_ssl_protocols   = ["TLSv1", "TLSv1.2"]
#         }
#       }
#     }
package portcullis.rules.edge.origin_tls

import data.portcullis.lib
import data.portcullis.lib.edge

subjects contains d.address if some d in input.by_type.aws_cloudfront_distribution

settings contains [d, ["origin", i, "custom_origin_config", 0, "origin_ssl_protocols"]] if {
	some d in input.by_type.aws_cloudfront_distribution
	some i in edge.origins(d)
	edge.custom(d, i)
}

deny contains lib.finding(d, at, sprintf("%s is spoken to the origin", [protocol])) if {
	some [d, at] in settings
	some protocol in lib.value(d, at)
	protocol in {"SSLv3", "TLSv1", "TLSv1.1"}
}

unknown contains lib.finding(d, at, "the TLS versions to the origin are known after apply") if {
	some [d, at] in settings
	lib.hidden(d, at)
}

unknown contains lib.finding(d, ["origin"], "the origins cannot be read before apply") if {
	some d in input.by_type.aws_cloudfront_distribution
	edge.origins_hidden(d)
}

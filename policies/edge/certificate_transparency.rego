# METADATA
# title: A certificate is entered in the public logs
# description: |
#   Browsers refuse a certificate that is in no transparency log, and who looks
#   there for certificates made out to their names would not see it.
# related_resources:
# - https://docs.aws.amazon.com/acm/latest/userguide/acm-bestpractices.html
# custom:
#   severity: low
#   remediation: Leave certificate_transparency_logging_preference out, or set it to ENABLED.
#   types: [aws_acm_certificate]
#   mappings:
#     checkov: [CKV_AWS_234]
#   good: |
#     resource "aws_acm_certificate" "chat" {
#       domain_name       = "chat.example.com"
#       validation_method = "DNS"
#     }
#   bad: |
#     resource "aws_acm_certificate" "chat" {
#       domain_name       = "chat.example.com"
#       validation_method = "DNS"
#       options {
#         certificate_transparency_logging_preference = "DISABLED"
#       }
#     }
package portcullis.rules.edge.certificate_transparency

import data.portcullis.lib

at := ["options", 0, "certificate_transparency_logging_preference"]

subjects contains r.address if some r in input.by_type.aws_acm_certificate

deny contains lib.finding(r, at, "browsers refuse it") if {
	some r in input.by_type.aws_acm_certificate
	lib.equals(r, at, "DISABLED") == true
}

unknown contains lib.finding(r, at, "whether it is entered in the logs is known after apply") if {
	some r in input.by_type.aws_acm_certificate
	lib.equals(r, at, "DISABLED") == "unknown"
}

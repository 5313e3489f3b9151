# METADATA
# title: A certificate renews itself
# description: |
#   ACM renews a certificate that is validated by a DNS record as long as the
#   record is there. By e-mail somebody has to click once a year, and one that
#   is imported has to be imported again: what is forgotten is an outage.
# related_resources:
# - https://docs.aws.amazon.com/acm/latest/userguide/managed-renewal.html
# custom:
#   severity: low
#   remediation: Set validation_method = "DNS" and make the records of domain_validation_options.
#   types: [aws_acm_certificate]
#   mappings:
#     fsbp: [ACM.1]
#   good: |
#     resource "aws_acm_certificate" "chat" {
#       domain_name       = "chat.example.com"
#       validation_method = "DNS"
#     }
#   bad: |
#     resource "aws_acm_certificate" "chat" {
#       domain_name       = "chat.example.com"
#       validation_method = "EMAIL"
#     }
package portcullis.rules.edge.certificate_renewal

import data.portcullis.lib

subjects contains r.address if some r in input.by_type.aws_acm_certificate

deny contains lib.finding(r, ["validation_method"], "somebody has to answer an e-mail to have it renewed") if {
	some r in input.by_type.aws_acm_certificate
	lib.equals(r, ["validation_method"], "EMAIL") == true
}

deny contains lib.finding(r, ["certificate_body"], "an imported certificate is not renewed") if {
	some r in input.by_type.aws_acm_certificate
	lib.is_set(r, ["certificate_body"])
}

unknown contains lib.finding(r, ["validation_method"], "how it is validated is known after apply") if {
	some r in input.by_type.aws_acm_certificate
	lib.equals(r, ["validation_method"], "EMAIL") == "unknown"
}

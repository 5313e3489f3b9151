# METADATA
# title: A certificate's key is long enough
# description: |
#   RSA keys of 1024 bits can be factored by those who have the means, who can
#   then stand for the host; browsers refuse them.
# related_resources:
# - https://docs.aws.amazon.com/acm/latest/userguide/acm-certificate-characteristics.html
# custom:
#   severity: high
#   remediation: Leave key_algorithm out (RSA_2048), or set it to RSA_2048, RSA_3072, RSA_4096 or one of the EC kinds.
#   types: [aws_acm_certificate]
#   mappings:
#     fsbp: [ACM.2]
#   good: |
#     resource "aws_acm_certificate" "chat" {
#       domain_name       = "chat.example.com"
#       key_algorithm     = "EC_prime256v1"
#       validation_method = "DNS"
#     }
#   bad: |
#     resource "aws_acm_certificate" "chat" {
#       domain_name       = "chat.example.com"
#       key_algorithm     = "RSA_1024"
#       validation_method = "DNS"
#     }
package portcullis.rules.edge.certificate_key

import data.portcullis.lib

# The key of an imported certificate is not in the plan.
issued contains r if {
	some r in input.by_type.aws_acm_certificate
	not lib.is_set(r, ["certificate_body"])
}

subjects contains r.address if some r in issued

deny contains lib.finding(r, ["key_algorithm"], "the key can be broken") if {
	some r in issued
	lib.equals(r, ["key_algorithm"], "RSA_1024") == true
}

unknown contains lib.finding(r, ["key_algorithm"], "the kind of key is known after apply") if {
	some r in issued
	lib.equals(r, ["key_algorithm"], "RSA_1024") == "unknown"
}

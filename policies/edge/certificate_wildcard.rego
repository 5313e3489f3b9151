# METADATA
# title: A certificate names its hosts
# description: |
#   Who gets hold of one server, or of one forgotten name, of a wildcard
#   certificate can stand for all names below the domain.
# related_resources:
# - https://docs.aws.amazon.com/acm/latest/userguide/acm-bestpractices.html
# custom:
#   severity: low
#   remediation: List the names in domain_name and subject_alternative_names.
#   types: [aws_acm_certificate]
#   mappings:
#     checkov: [CKV2_AWS_71]
#   good: |
#     resource "aws_acm_certificate" "chat" {
#       domain_name               = "chat.example.com"
#       subject_alternative_names = ["ws.example.com"]
#       validation_method         = "DNS"
#     }
#   bad: |
#     resource "aws_acm_certificate" "chat" {
#       domain_name       = "*.example.com"
#       validation_method = "DNS"
#     }
package portcullis.rules.edge.certificate_wildcard

import data.portcullis.lib

subjects contains r.address if some r in input.by_type.aws_acm_certificate

names contains [r, ["domain_name"]] if some r in input.by_type.aws_acm_certificate

names contains [r, ["subject_alternative_names", i]] if {
	some r in input.by_type.aws_acm_certificate
	some i, _ in r.values.subject_alternative_names
}

deny contains lib.finding(r, at, sprintf("%s stands for every name below it", [lib.value(r, at)])) if {
	some [r, at] in names
	lib.state(r, at) == "known"
	contains(lib.value(r, at), "*")
}

unknown contains lib.finding(r, at, "the name is known after apply") if {
	some [r, at] in names
	lib.state(r, at) == "reference"
}

# The provider leaves names that it does not know yet out of the plan.
unknown contains lib.finding(r, ["subject_alternative_names"], "some of the other names are known after apply") if {
	some r in input.by_type.aws_acm_certificate
	lib.value(r, ["subject_alternative_names"]) == [r.values.domain_name]
	count(lib.refs(r, ["subject_alternative_names"])) > 0
}

unknown contains lib.finding(r, ["subject_alternative_names"], "the other names are known after apply") if {
	some r in input.by_type.aws_acm_certificate
	lib.state(r, ["subject_alternative_names"]) == "reference"
}

# METADATA
# title: Browsers are told to use HTTPS for a year
# description: |
#   A redirect to HTTPS can be taken away by whoever is on the way. Only
#   Strict-Transport-Security keeps a browser from asking over HTTP again, for
#   as long as it says.
# related_resources:
# - https://docs.aws.amazon.com/AmazonCloudFront/latest/DeveloperGuide/understanding-response-headers-policies.html
# - https://www.rfc-editor.org/rfc/rfc6797
# custom:
#   severity: medium
#   remediation: Set strict_transport_security with access_control_max_age_sec = 31536000 or more. Add include_subdomains where all names below the domain have HTTPS.
#   types: [aws_cloudfront_response_headers_policy]
#   mappings:
#     checkov: [CKV_AWS_259]
#   good: |
#     resource "aws_cloudfront_response_headers_policy" "site" {
#       name = "site"
#       security_headers_config {
#         strict_transport_security {
#           access_control_max_age_sec = 31536000
#           include_subdomains         = true
#           override                   = true
#         }
#       }
#     }
#   bad: |
#     resource "aws_cloudfront_response_headers_policy" "site" {
#       name = "site"
#       security_headers_config {
#         content_type_options {
#           override = true
#         }
#       }
#     }
package portcullis.rules.edge.hsts

import data.portcullis.lib
import data.portcullis.lib.edge

at := ["security_headers_config", 0, "strict_transport_security", 0, "access_control_max_age_sec"]

subjects contains p.address if some p in edge.headers_policies

deny contains lib.finding(p, ["security_headers_config"], "browsers are not told to use HTTPS") if {
	some p in edge.headers_policies
	not lib.hidden(p, at)
	lib.value(p, at) == null
}

deny contains lib.finding(p, at, sprintf("browsers forget it after %d seconds, less than a year", [lib.value(p, at)])) if {
	some p in edge.headers_policies
	lib.state(p, at) == "known"
	lib.value(p, at) < 31536000
}

unknown contains lib.finding(p, at, "for how long browsers use HTTPS is known after apply") if {
	some p in edge.headers_policies
	lib.hidden(p, at)
}

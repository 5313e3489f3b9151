# METADATA
# title: The secret between CloudFront and an API is not written down
# description: |
#   A secret in a .tf file, or in a variable that is not sensitive, is read by
#   everybody who reads the repository or the output of a plan, and works until
#   somebody changes it by hand.
# related_resources:
# - https://docs.aws.amazon.com/AmazonCloudFront/latest/DeveloperGuide/add-origin-custom-headers.html
# custom:
#   severity: high
#   remediation: Set the header from a random_password, from Secrets Manager, or from a variable with sensitive = true; then change the secret that was written down.
#   types: [aws_cloudfront_distribution]
#   good: |
#     resource "aws_cloudfront_distribution" "chat" {
#       origin {
#         origin_id   = "api"
#         domain_name = "abc.execute-api.eu-west-1.amazonaws.com"
#         custom_header {
#           name  = "x-origin-verify"
#           value = random_password.origin.result
#         }
#       }
#     }
#   bad: |
#     resource "aws_cloudfront_distribution" "chat" {
#       origin {
#         origin_id   = "api"
#         domain_name = "abc.execute-api.eu-west-1.amazonaws.com"
#         custom_header {
#           name  = "x-origin-verify"
#           value = "b7f3c9d1e5"
#         }
#       }
#     }
package portcullis.rules.edge.literal_origin_secret

import data.portcullis.lib
import data.portcullis.lib.edge

# Findings name the block of the header, never the line of its value.
headers contains [d, i, j] if {
	some d in input.by_type.aws_cloudfront_distribution
	some i in edge.origins(d)
	edge.kind(d, i) in {"api", "unknown"}
	some j, _ in d.values.origin[i].custom_header
}

subjects contains d.address if some [d, _, _] in headers

subjects contains d.address if some [d, _] in unseen

# What is sensitive is not written down; what is in a dynamic block may be.
unseen contains [d, at] if {
	some d in input.by_type.aws_cloudfront_distribution
	some at in array.concat([["origin"]], [["origin", i, "custom_header"] | some i in edge.origins(d)])
	d.unknown[lib.dotted(at)] == "unknown"
}

unknown contains lib.finding(d, at, "which headers CloudFront adds, and from what, is known after apply") if some [d, at] in unseen

# Origins and headers are sets: what the values are set from is taken together.
from_resource(d) if {
	some at, found in d.refs
	regex.match(`^origin\.[0-9]+\.custom_header\.[0-9]+\.value$`, at)
	count(found) > 0
}

# An origin may have headers that are no secret, beside one that is.
clear(d, i) if {
	every j, _ in d.values.origin[i].custom_header {
		lib.value(d, ["origin", i, "custom_header", j, "value"]) != null
	}
	not from_resource(d)
}

deny contains lib.finding(d, ["origin", i, "custom_header", j], "the value of the header can be read in the plan") if {
	some [d, i, j] in headers
	edge.kind(d, i) == "api"
	clear(d, i)
}

unknown contains lib.finding(d, ["origin", i, "custom_header", j], "whether the origin is an API is known after apply, and with it whether the header is a secret") if {
	some [d, i, j] in headers
	edge.kind(d, i) == "unknown"
	clear(d, i)
}

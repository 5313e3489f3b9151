# METADATA
# title: CloudFront proves to an API that a request comes through it
# description: |
#   An API Gateway endpoint is public. Without a header that only CloudFront
#   knows, anybody calls it directly, past AWS WAF. A WebSocket API has neither
#   resource policies nor mutual TLS, so the header is the only lock there is.
# related_resources:
# - https://docs.aws.amazon.com/AmazonCloudFront/latest/DeveloperGuide/add-origin-custom-headers.html
# custom:
#   severity: high
#   remediation: Add a custom_header with a random value to the origin, and have the authorizer refuse requests without it.
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
#       }
#     }
package portcullis.rules.edge.origin_secret

import data.portcullis.lib
import data.portcullis.lib.edge

subjects contains d.address if {
	some d in input.by_type.aws_cloudfront_distribution
	some i in edge.origins(d)
	edge.kind(d, i) in {"api", "unknown"}
}

subjects contains d.address if {
	some d in input.by_type.aws_cloudfront_distribution
	edge.origins_hidden(d)
}

bare contains [d, i, ["origin", i, "custom_header"]] if {
	some d in input.by_type.aws_cloudfront_distribution
	some i in edge.origins(d)
	not lib.is_set(d, ["origin", i, "custom_header"])
	not lib.hidden(d, ["origin", i, "custom_header"])
}

deny contains lib.finding(d, at, "the API cannot tell CloudFront's requests from anybody's") if {
	some [d, i, at] in bare
	edge.kind(d, i) == "api"
}

unknown contains lib.finding(d, at, "whether the origin is an API is known after apply") if {
	some [d, i, at] in bare
	edge.kind(d, i) == "unknown"
}

unknown contains lib.finding(d, ["origin", i, "custom_header"], "whether CloudFront adds a header is known after apply") if {
	some d in input.by_type.aws_cloudfront_distribution
	some i in edge.origins(d)
	edge.kind(d, i) in {"api", "unknown"}
	lib.hidden(d, ["origin", i, "custom_header"])
}

# A sensitive value hides all origins. Of what an origin has, the header's value is
# what is a secret, so it is taken for that.
unknown contains lib.finding(d, ["origin"], "the origins cannot be read before apply") if {
	some d in input.by_type.aws_cloudfront_distribution
	d.unknown.origin in {"unknown", "defaulted"}
}

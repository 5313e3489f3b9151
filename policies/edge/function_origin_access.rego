# METADATA
# title: A function's URL behind CloudFront is called by CloudFront alone
# description: |
#   Without an origin access control CloudFront signs nothing, and the URL has to be
#   open for everybody who learns it: past AWS WAF, its limits and its log, each call
#   on your bill.
# related_resources:
# - https://docs.aws.amazon.com/AmazonCloudFront/latest/DeveloperGuide/private-content-restricting-access-to-lambda.html
# - https://docs.aws.amazon.com/securityhub/latest/userguide/cloudfront-controls.html
# custom:
#   severity: high
#   remediation: Make an aws_cloudfront_origin_access_control with origin type lambda and signing_behavior always, set origin_access_control_id to it and authorization_type = "AWS_IAM" at the URL, and permit cloudfront.amazonaws.com to invoke it for this distribution.
#   types: [aws_cloudfront_distribution]
#   mappings:
#     fsbp: [CloudFront.16]
#   good: |
#     resource "aws_cloudfront_distribution" "hook" {
#       origin {
#         origin_id                = "hook"
#         domain_name              = "${aws_lambda_function_url.hook.url_id}.lambda-url.eu-west-1.on.aws"
#         origin_access_control_id = aws_cloudfront_origin_access_control.hook.id
#       }
#     }
#   bad: |
#     resource "aws_cloudfront_distribution" "hook" {
#       origin {
#         origin_id   = "hook"
#         domain_name = "${aws_lambda_function_url.hook.url_id}.lambda-url.eu-west-1.on.aws"
#       }
#     }
package portcullis.rules.edge.function_origin_access

import data.portcullis.lib
import data.portcullis.lib.edge

# Of origins whose domains are known after apply one may be a function's URL: which,
# cannot be told.
kind(d, i) := "unknown" if {
	edge.custom(d, i)
	not edge.domain(d, i)
	found := edge.classes(d)
	"function" in found
	count(found) > 1
} else := edge.kind(d, i)

subjects contains d.address if {
	some d in input.by_type.aws_cloudfront_distribution
	some i in edge.origins(d)
	kind(d, i) in {"function", "unknown"}
}

subjects contains d.address if {
	some d in input.by_type.aws_cloudfront_distribution
	edge.origins_hidden(d)
}

# controls are where an origin of a kind has its origin access control.
controls(wanted) := [[d, ["origin", i, "origin_access_control_id"]] |
	some d in input.by_type.aws_cloudfront_distribution
	some i in edge.origins(d)
	kind(d, i) == wanted
]

deny contains lib.finding(d, at, "the function's URL has to be open for everybody") if {
	some [d, at] in controls("function")
	not lib.is_set(d, at)
}

unknown contains lib.finding(d, at, "whether the origin is a function's URL, which needs an origin access control, is known after apply") if {
	some [d, at] in controls("unknown")
	not lib.is_set(d, at)
}

unknown contains lib.finding(d, at, "what the origin access control is set from cannot be seen") if {
	some [d, at] in controls("function")
	lib.state(d, at) == "reference"
	not edge.from_control(d)
}

unknown contains lib.finding(d, ["origin"], "the origins cannot be read before apply") if {
	some d in input.by_type.aws_cloudfront_distribution
	edge.origins_hidden(d)
}

# METADATA
# title: Pages are served with security headers
# description: |
#   Without a response headers policy a page may be framed by another site, its
#   scripts may be anybody's, and its first request may be made over HTTP. What
#   an API answers is no page and needs none.
# related_resources:
# - https://docs.aws.amazon.com/AmazonCloudFront/latest/DeveloperGuide/understanding-response-headers-policies.html
# - https://docs.aws.amazon.com/AmazonCloudFront/latest/DeveloperGuide/using-managed-response-headers-policies.html
# custom:
#   severity: medium
#   remediation: Make an aws_cloudfront_response_headers_policy with security_headers_config and set response_headers_policy_id to it in each cache behaviour that serves pages.
#   types: [aws_cloudfront_distribution]
#   mappings:
#     checkov: [CKV2_AWS_32]
#   good: |
#     resource "aws_cloudfront_distribution" "chat" {
#       default_cache_behavior {
#         target_origin_id           = "site"
#         viewer_protocol_policy     = "redirect-to-https"
#         response_headers_policy_id = aws_cloudfront_response_headers_policy.site.id
#       }
#     }
#   bad: |
#     resource "aws_cloudfront_distribution" "chat" {
#       default_cache_behavior {
#         target_origin_id       = "site"
#         viewer_protocol_policy = "redirect-to-https"
#       }
#     }
package portcullis.rules.edge.response_headers

import data.portcullis.lib
import data.portcullis.lib.edge

subjects contains d.address if some [d, _, _] in behaviours

subjects contains d.address if {
	some d in input.by_type.aws_cloudfront_distribution
	count(edge.unseen(d)) > 0
}

behaviours contains [d, behaviour, array.concat(behaviour, ["response_headers_policy_id"])] if {
	some d in input.by_type.aws_cloudfront_distribution
	some behaviour in edge.behaviours(d)
	edge.pages(d, behaviour)
}

# AWS's policies that are about other origins (CORS) alone.
cors_only := {
	"60669652-455b-4ae9-85a4-c4c02393f86c",
	"5cc3b908-e619-4b99-88e5-2cf7f45965bd",
}

without(d, at) if not lib.is_set(d, at)

without(d, at) if lib.value(d, at) in cors_only

deny contains lib.finding(d, at, "pages have no security headers") if {
	some [d, behaviour, at] in behaviours
	without(d, at)
	not "unknown" in edge.kinds(d, behaviour)
}

unknown contains lib.finding(d, at, "whether this behaviour serves pages is known after apply") if {
	some [d, behaviour, at] in behaviours
	without(d, at)
	"unknown" in edge.kinds(d, behaviour)
}

unknown contains lib.finding(d, at, "what the policy is set from cannot be seen") if {
	some [d, _, at] in behaviours
	lib.state(d, at) == "reference"
	not lib.set_from(d, at, {"aws_cloudfront_response_headers_policy"})
}

unknown contains lib.finding(d, [block], "the cache behaviours are known after apply") if {
	some d in input.by_type.aws_cloudfront_distribution
	some block in edge.unseen(d)
}

# METADATA
# title: An API behind CloudFront gets its own host name
# description: |
#   API Gateway finds an API by the Host header. With the viewer's it answers 403
#   to everything; and whatever is done to have it accepted opens the API under
#   names that nobody checks.
# related_resources:
# - https://docs.aws.amazon.com/AmazonCloudFront/latest/DeveloperGuide/using-managed-origin-request-policies.html
# custom:
#   severity: medium
#   remediation: Set origin_request_policy_id to Managed-AllViewerExceptHostHeader, b689b0a8-53d0-40ab-baf2-68738e2966ac, or to a policy of your own without Host.
#   types: [aws_cloudfront_distribution]
#   good: |
#     resource "aws_cloudfront_distribution" "chat" {
#       default_cache_behavior {
#         target_origin_id         = "api"
#         viewer_protocol_policy   = "https-only"
#         cache_policy_id          = "4135ea2d-6df8-44a3-9df3-4b5a84be39ad"
#         origin_request_policy_id = "b689b0a8-53d0-40ab-baf2-68738e2966ac"
#       }
#     }
#   bad: |
#     resource "aws_cloudfront_distribution" "chat" {
#       default_cache_behavior {
#         target_origin_id         = "api"
#         viewer_protocol_policy   = "https-only"
#         cache_policy_id          = "4135ea2d-6df8-44a3-9df3-4b5a84be39ad"
#         origin_request_policy_id = "216adef6-5c7f-47e4-b989-5492eafa07d3"
#       }
#     }
package portcullis.rules.edge.api_host_header

import data.portcullis.lib
import data.portcullis.lib.edge

behaviours contains [d, behaviour, array.concat(behaviour, ["origin_request_policy_id"])] if {
	some d in input.by_type.aws_cloudfront_distribution
	some behaviour in edge.behaviours(d)
	some i in edge.targets(d, behaviour)
	edge.execute_api(d, i)
}

unread contains [d, [block]] if {
	some d in input.by_type.aws_cloudfront_distribution
	some block in edge.unseen(d)
	edge.may_go_to_api(d)
}

# Of origins that cannot be seen each may be an API.
blind contains [d, array.concat(behaviour, ["origin_request_policy_id"])] if {
	some d in input.by_type.aws_cloudfront_distribution
	edge.origins_hidden(d)
	some behaviour in edge.behaviours(d)
	forwards(d, behaviour)
}

subjects contains d.address if some [d, _, _] in behaviours

subjects contains d.address if some [d, _] in blind

subjects contains d.address if some [d, _] in unread

# AWS's policies with all headers of the viewer.
with_host := {
	"216adef6-5c7f-47e4-b989-5492eafa07d3",
	"33f36d7e-f396-46d9-90e0-52428a34d9dc",
}

forwards(d, behaviour) if lib.value(d, array.concat(behaviour, ["origin_request_policy_id"])) in with_host

forwards(d, behaviour) if {
	some header in lib.value(d, array.concat(behaviour, ["forwarded_values", 0, "headers"]))
	lower(header) in {"*", "host"}
}

forwards(d, behaviour) if {
	some p in lib.targets(d, array.concat(behaviour, ["origin_request_policy_id"]), "aws_cloudfront_origin_request_policy")
	policy_forwards(p)
}

policy_forwards(p) if p.values.headers_config[0].header_behavior in {"allViewer", "allViewerAndWhitelistCloudFront"}

policy_forwards(p) if {
	p.values.headers_config[0].header_behavior == "whitelist"
	host_listed(p)
}

policy_forwards(p) if {
	p.values.headers_config[0].header_behavior == "allExcept"
	lib.state(p, ["headers_config", 0, "headers", 0, "items"]) == "known"
	not host_listed(p)
}

host_listed(p) if {
	some header in p.values.headers_config[0].headers[0].items
	lower(header) == "host"
}

deny contains lib.finding(d, at, "the viewer's Host header goes to API Gateway, which answers 403") if {
	some [d, behaviour, at] in behaviours
	forwards(d, behaviour)
}

unknown contains lib.finding(d, at, "which headers go to the API is known after apply") if {
	some [d, _, at] in behaviours
	lib.state(d, at) == "reference"
	count(lib.targets(d, at, "aws_cloudfront_origin_request_policy")) == 0
}

unknown contains lib.finding(d, at, "which headers go to the API is known after apply") if {
	some [d, _, at] in behaviours
	some p in lib.targets(d, at, "aws_cloudfront_origin_request_policy")
	some step in [["headers_config", 0, "header_behavior"], ["headers_config", 0, "headers", 0, "items"]]
	lib.hidden(p, step)
}

unknown contains lib.finding(d, at, "which headers go to the API is known after apply") if some [d, at] in unread

unknown contains lib.finding(d, at, "whether this behaviour, which sends the Host header on, goes to an API is known after apply") if some [d, at] in blind

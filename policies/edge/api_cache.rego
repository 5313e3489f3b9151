# METADATA
# title: What an API answers is not kept by CloudFront
# description: |
#   CloudFront keeps answers by path, not by who asks: with a cache before an API
#   one user is given what another asked for, and an answer to a handshake
#   outlives the token it was given for.
# related_resources:
# - https://docs.aws.amazon.com/AmazonCloudFront/latest/DeveloperGuide/using-managed-cache-policies.html
# - https://docs.aws.amazon.com/AmazonCloudFront/latest/DeveloperGuide/distribution-working-with.websockets.html
# custom:
#   severity: medium
#   remediation: Set cache_policy_id to Managed-CachingDisabled, 4135ea2d-6df8-44a3-9df3-4b5a84be39ad, or to a policy with default_ttl = 0 in the behaviour that goes to the API.
#   types: [aws_cloudfront_distribution]
#   good: |
#     resource "aws_cloudfront_distribution" "chat" {
#       ordered_cache_behavior {
#         path_pattern           = "/ws"
#         target_origin_id       = "api"
#         viewer_protocol_policy = "https-only"
#         cache_policy_id        = "4135ea2d-6df8-44a3-9df3-4b5a84be39ad"
#       }
#     }
#   bad: |
#     resource "aws_cloudfront_distribution" "chat" {
#       ordered_cache_behavior {
#         path_pattern           = "/ws"
#         target_origin_id       = "api"
#         viewer_protocol_policy = "https-only"
#         cache_policy_id        = "658327ea-f89d-4fab-a63d-7e88639e58f6"
#       }
#     }
package portcullis.rules.edge.api_cache

import data.portcullis.lib
import data.portcullis.lib.edge

behaviours contains [d, behaviour, array.concat(behaviour, ["cache_policy_id"])] if {
	some d in input.by_type.aws_cloudfront_distribution
	some behaviour in edge.behaviours(d)
	count(edge.kinds(d, behaviour) & {"api", "unknown"}) > 0
}

# unread are the distributions that go to an API, or may, by behaviours that are
# known after apply.
unread contains [d, [block]] if {
	some d in input.by_type.aws_cloudfront_distribution
	some block in edge.unseen(d)
	edge.may_go_to_api(d)
}

subjects contains d.address if some [d, _, _] in behaviours

subjects contains d.address if some [d, _] in unread

# CachingDisabled, and UseOriginCacheControlHeaders with and without the query:
# those keep what the API itself says may be kept.
no_cache := {
	"4135ea2d-6df8-44a3-9df3-4b5a84be39ad",
	"83da9c7e-98b4-4e11-a168-04f0df8e2c65",
	"4cc15a8a-d715-48a4-82b8-cc0b614638fe",
}

# cached is true or false, or "unknown".
cached(d, behaviour) := false if {
	lib.value(d, array.concat(behaviour, ["cache_policy_id"])) in no_cache
} else := kept(p, []) if {
	some p in lib.targets(d, array.concat(behaviour, ["cache_policy_id"]), "aws_cloudfront_cache_policy")
} else := "unknown" if {
	lib.state(d, array.concat(behaviour, ["cache_policy_id"])) == "reference"
} else := kept(d, behaviour) if {
	not lib.is_set(d, array.concat(behaviour, ["cache_policy_id"]))
} else := true

kept(r, around) := false if {
	some ttl in ["max_ttl", "default_ttl"]
	lib.value(r, array.concat(around, [ttl])) == 0
} else := "unknown" if {
	some ttl in ["max_ttl", "default_ttl"]
	lib.state(r, array.concat(around, [ttl])) == "reference"
} else := true

deny contains lib.finding(d, at, "answers of the API are kept and given to others") if {
	some [d, behaviour, at] in behaviours
	cached(d, behaviour) == true
	"api" in edge.kinds(d, behaviour)
}

unknown contains lib.finding(d, at, "whether answers of the API are kept is known after apply") if {
	some [d, behaviour, at] in behaviours
	cached(d, behaviour) == "unknown"
}

unknown contains lib.finding(d, at, "whether this behaviour, which keeps answers, goes to an API is known after apply") if {
	some [d, behaviour, at] in behaviours
	cached(d, behaviour) == true
	not "api" in edge.kinds(d, behaviour)
}

unknown contains lib.finding(d, at, "whether answers of the API are kept is known after apply") if some [d, at] in unread

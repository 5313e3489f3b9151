# METADATA
# title: Helpers for rules about CloudFront
# description: |
#   A distribution's origins are a set: their order in the plan is not that of
#   the configuration. So what an origin's domain is set from is taken from all
#   origins together that have settings of their own. Where one value in an
#   origin is sensitive, Terraform hides all of them.
package portcullis.lib.edge

import data.portcullis.lib

behaviour_blocks := ["default_cache_behavior", "ordered_cache_behavior"]

# behaviours are the paths of a distribution's cache behaviours.
behaviours(d) := [[block, i] |
	some block in behaviour_blocks
	some i, _ in d.values[block]
]

# unseen are the behaviour blocks whose number is known after apply.
unseen(d) := {block |
	some block in behaviour_blocks
	lib.hidden(d, [block])
}

# origins are the numbers of the origins that can be read.
origins(d) := {i | some i, _ in d.values.origin}

# origins_hidden holds if no origin can be read.
origins_hidden(d) if lib.hidden(d, ["origin"])

api_types := {
	"aws_apigatewayv2_api", "aws_apigatewayv2_stage",
	"aws_api_gateway_rest_api", "aws_api_gateway_stage", "aws_api_gateway_deployment",
}

domain_types := {"aws_apigatewayv2_domain_name", "aws_api_gateway_domain_name"}

host_types := {
	"aws_lb", "aws_alb", "aws_elb", "aws_instance", "aws_eip", "aws_apprunner_service",
	"aws_elastic_beanstalk_environment", "aws_media_store_container", "aws_mediapackagev2_channel_group", "aws_amplify_app",
}

# written are the numbers, in the configuration, of the custom origins. A port has
# to be written in each; where none is, the origins are in a dynamic block.
written(d) := numbers if {
	numbers := numbered(d, "custom_origin_config.0.http_port")
	count(numbers) > 0
} else := numbered(d, "domain_name")

numbered(d, name) := {parts[1] |
	some at, _ in d.refs
	parts := split(at, ".")
	parts[0] == "origin"
	count(parts) > 2
	concat(".", array.slice(parts, 2, 9)) == name
}

# classes say what the domains are that are known after apply.
classes(d) := {class(d, n, refs) |
	some n in written(d)
	refs := d.refs[concat(".", ["origin", n, "domain_name"])]
	count(refs) > 0
}

class(d, n, _) := "execute-api" if {
	some text in d.templates[concat(".", ["origin", n, "domain_name"])]
	contains(text, ".execute-api.")
} else := "function" if {
	some text in d.templates[concat(".", ["origin", n, "domain_name"])]
	contains(text, ".lambda-url.")
} else := "function" if {
	of_types(d, n, {"aws_lambda_function_url"})
} else := "domain" if {
	of_types(d, n, domain_types)
} else := "execute-api" if {
	of_types(d, n, api_types)
} else := "other" if {
	of_types(d, n, host_types)
} else := "unknown"

of_types(d, n, types) if {
	every ref in d.refs[concat(".", ["origin", n, "domain_name"])] {
		ref.type in types
	}
}

# domain is an origin's, if it is known.
domain(d, i) := text if {
	text := lib.value(d, ["origin", i, "domain_name"])
	text != null
}

custom(d, i) if not lib.value(d, ["origin", i, "custom_origin_config"]) in {null, []}

# kind is s3, api, function (the URL of one), website (an S3 bucket over HTTP),
# other or unknown. CloudFront takes an origin without settings of its own for an S3
# bucket.
kind(d, i) := "other" if {
	not lib.value(d, ["origin", i, "vpc_origin_config"]) in {null, []}
} else := "s3" if {
	not custom(d, i)
} else := "api" if {
	execute_api(d, i)
} else := "api" if {
	domain(d, i) in api_domains
} else := "website" if {
	regex.match(`(^|[.-])s3[.-]([a-z0-9-]+\.)*amazonaws\.com`, domain(d, i))
} else := "function" if {
	contains(domain(d, i), ".lambda-url.")
} else := "other" if {
	domain(d, i)
} else := "api" if {
	found := classes(d)
	count(found) > 0
	count(found - {"execute-api", "domain"}) == 0
} else := "function" if {
	classes(d) == {"function"}
} else := "other" if {
	found := classes(d)
	count(found) > 0
	count(found - {"function", "other"}) == 0
} else := "unknown"

# from_control holds if the origin access controls of a distribution are set from
# such only: its origins are a set, so theirs are taken together.
from_control(d) if {
	refs := {ref |
		some at, found in d.refs
		regex.match(`^origin\.[0-9]+\.origin_access_control_id$`, at)
		some ref in found
	}
	count(refs) > 0
	every ref in refs {
		ref.type == "aws_cloudfront_origin_access_control"
	}
}

api_domains := {r.values.domain_name |
	some type in domain_types
	some r in input.by_type[type]
}

# execute_api holds if an origin is an API by API Gateway's own name.
execute_api(d, i) if regex.match(`\.execute-api\.`, domain(d, i))

execute_api(d, i) if {
	custom(d, i)
	not domain(d, i)
	classes(d) == {"execute-api"}
}

# may_go_to_api holds for a distribution with an origin that is an API, or may be.
may_go_to_api(d) if origins_hidden(d)

may_go_to_api(d) if {
	some i in origins(d)
	kind(d, i) in {"api", "unknown"}
}

# apis are the APIs of the plan that a distribution has as origin.
apis(d) := {api |
	some at, refs in d.refs
	regex.match(`^origin(\.[0-9]+\.domain_name)?$`, at)
	some ref in refs
	some i in api_places[ref.address]
	api := input.by_type.aws_apigatewayv2_api[i]
}

api_places := lib.grouped({[address, i] |
	some i, api in input.by_type.aws_apigatewayv2_api
	some address in {api.base, api.config}
})

# targets are the numbers of the origins that a behaviour goes to, by itself or
# by a group of origins.
targets(d, behaviour) := {i |
	id := lib.value(d, array.concat(behaviour, ["target_origin_id"]))
	some i, origin in d.values.origin
	origin.origin_id in members(d, id)
}

members(d, id) := {id} | {member.origin_id |
	some group in d.values.origin_group
	group.origin_id == id
	some member in group.member
}

# kinds are those of the origins that a behaviour goes to.
kinds(d, behaviour) := {"unknown"} if {
	count(targets(d, behaviour)) == 0
} else := {kind(d, i) | some i in targets(d, behaviour)}

# pages holds for a behaviour that serves something to browsers, or may: all but
# those that go to an API.
pages(d, behaviour) if kinds(d, behaviour) != {"api"}

# headers_policies are the policies of the plan for the headers of pages.
headers_policies := [p |
	some p in input.by_type.aws_cloudfront_response_headers_policy
	not for_api_only(p)
]

for_api_only(p) if {
	every found in used[p.address] {
		found == {"api"}
	}
}

# used has, by the address of a policy for headers, the kinds of origins of the
# behaviours that have it.
used := lib.grouped({[p.address, kinds(d, at)] |
	some d in input.by_type.aws_cloudfront_distribution
	some at in behaviours(d)
	some p in lib.targets(d, array.concat(at, ["response_headers_policy_id"]), "aws_cloudfront_response_headers_policy")
})

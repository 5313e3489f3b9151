# METADATA
# title: Pages cannot be framed, nor taken for another type
# description: |
#   A page in a frame of another site gets clicks that were meant for that site;
#   a file whose type a browser guesses may become a script. Both are switched
#   off by one header each.
# related_resources:
# - https://docs.aws.amazon.com/AmazonCloudFront/latest/DeveloperGuide/understanding-response-headers-policies.html
# - https://docs.aws.amazon.com/AmazonCloudFront/latest/DeveloperGuide/using-managed-response-headers-policies.html
# custom:
#   severity: medium
#   remediation: Add content_type_options, and frame_options or frame-ancestors in the content security policy.
#   types: [aws_cloudfront_response_headers_policy]
#   good: |
#     resource "aws_cloudfront_response_headers_policy" "site" {
#       name = "site"
#       security_headers_config {
#         content_type_options {
#           override = true
#         }
#         frame_options {
#           frame_option = "DENY"
#           override     = true
#         }
#       }
#     }
#   bad: |
#     resource "aws_cloudfront_response_headers_policy" "site" {
#       name = "site"
#       security_headers_config {
#         referrer_policy {
#           referrer_policy = "no-referrer"
#           override        = true
#         }
#       }
#     }
package portcullis.rules.edge.browser_headers

import data.portcullis.lib
import data.portcullis.lib.edge

subjects contains p.address if some p in edge.headers_policies

block(name) := ["security_headers_config", 0, name]

csp := array.concat(block("content_security_policy"), [0, "content_security_policy"])

framed(p) if {
	not lib.is_set(p, block("frame_options"))
	not ancestors(p)
}

ancestors(p) if {
	lib.state(p, csp) == "known"
	contains(lower(lib.value(p, csp)), "frame-ancestors")
}

ancestors(p) if {
	some text in lib.templates(p, csp)
	contains(lower(text), "frame-ancestors")
}

uncertain(p, name) if lib.hidden(p, block(name))

uncertain(p, "frame_options") if lib.hidden(p, csp)

missing contains [p, "content_type_options", "a browser may guess the type of a file and run it"] if {
	some p in edge.headers_policies
	not lib.is_set(p, block("content_type_options"))
}

missing contains [p, "frame_options", "other sites may show the pages in a frame"] if {
	some p in edge.headers_policies
	framed(p)
}

deny contains lib.finding(p, block(name), message) if {
	some [p, name, message] in missing
	not uncertain(p, name)
}

unknown contains lib.finding(p, block(name), sprintf("whether it has %s is known after apply", [name])) if {
	some p in edge.headers_policies
	some name in ["content_type_options", "frame_options"]
	uncertain(p, name)
	not ancestors_for(p, name)
}

ancestors_for(p, "frame_options") if ancestors(p)

ancestors_for(p, "frame_options") if {
	lib.state(p, block("frame_options")) == "known"
	lib.is_set(p, block("frame_options"))
}

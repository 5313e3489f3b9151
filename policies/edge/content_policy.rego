# METADATA
# title: Pages run their own scripts only
# description: |
#   A Content-Security-Policy is what is left when a message slips through as
#   markup: without one, or with unsafe-inline or a wildcard for scripts, what an
#   attacker writes runs in the reader's browser, with the reader's token.
# related_resources:
# - https://docs.aws.amazon.com/AmazonCloudFront/latest/DeveloperGuide/understanding-response-headers-policies.html
# - https://www.w3.org/TR/CSP3/
# custom:
#   severity: medium
#   remediation: Set content_security_policy, with script-src 'self' or default-src 'self', or 'none' and hashes.
#   types: [aws_cloudfront_response_headers_policy]
#   good: |
#     resource "aws_cloudfront_response_headers_policy" "site" {
#       name = "site"
#       security_headers_config {
#         content_security_policy {
#           content_security_policy = "default-src 'self'; frame-ancestors 'none'"
#           override                = true
#         }
#       }
#     }
#   bad: |
#     resource "aws_cloudfront_response_headers_policy" "site" {
#       name = "site"
#       security_headers_config {
#         content_security_policy {
#           content_security_policy = "default-src 'self' 'unsafe-inline'"
#           override                = true
#         }
#       }
#     }
package portcullis.rules.edge.content_policy

import data.portcullis.lib
import data.portcullis.lib.edge

at := ["security_headers_config", 0, "content_security_policy", 0, "content_security_policy"]

subjects contains p.address if some p in edge.headers_policies

# texts are the policy, or what of it is written.
texts(p) := {lib.value(p, at)} if {
	lib.state(p, at) == "known"
} else := {text | some text in lib.templates(p, at)}

# scripts are the sources that scripts may come from.
scripts(text) := array.slice(words(text, "script-src"), 1, 1000) if {
	words(text, "script-src")
} else := array.slice(words(text, "default-src"), 1, 1000)

words(text, name) := [found |
	some directive in split(lower(text), ";")
	found := regex.split(`\s+`, trim_space(directive))
	found[0] == name
][0]

wide := {"'unsafe-eval'", "*", "http:", "https:", "data:", "blob:"}

# A browser that knows nonces and hashes takes no heed of unsafe-inline beside one.
bound(sources) if {
	some source in sources
	regex.match(`^'(nonce|sha256|sha384|sha512)-`, source)
}

open(text) := [source | some source in scripts(text); source in wide][0]

open(text) := "'unsafe-inline'" if {
	sources := scripts(text)
	"'unsafe-inline'" in sources
	not bound(sources)
	count([source | some source in sources; source in wide]) == 0
}

open(text) := "everything: there is neither script-src nor default-src" if {
	not scripts(text)
	not contains(text, "${}")
}

deny contains lib.finding(p, ["security_headers_config"], "scripts may come from anywhere: there is no Content-Security-Policy") if {
	some p in edge.headers_policies
	not lib.hidden(p, at)
	lib.value(p, at) == null
}

deny contains lib.finding(p, at, sprintf("scripts are allowed from %s", [open(text)])) if {
	some p in edge.headers_policies
	some text in texts(p)
	open(text)
}

settled(text) if {
	every source in scripts(text) {
		not contains(source, "${}")
	}
	not later(text)
}

# later holds if a directive for scripts may be in what is known after apply:
# where it is more than a source among others. The first of a name counts, so
# none takes the place of one that is written.
later(text) if {
	not words(text, "script-src")
	some directive in split(text, ";")
	regex.match(`^\s*\$\{\}|['\w]\$\{\}`, directive)
}

unknown contains lib.finding(p, at, "where scripts may come from is known after apply") if {
	some p in edge.headers_policies
	lib.hidden(p, at)
	count({text | some text in texts(p); settled(text)}) == 0
	count({text | some text in texts(p); open(text)}) == 0
}

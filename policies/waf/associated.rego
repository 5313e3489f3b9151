# METADATA
# title: A web ACL guards something
# description: |
#   A web ACL that nothing uses costs money and stops nobody; mostly the line that
#   should have used it is missing. What another state associates cannot be seen.
# related_resources:
# - https://docs.aws.amazon.com/waf/latest/developerguide/web-acl-associating-aws-resource.html
# custom:
#   severity: low
#   remediation: Set web_acl_id of the distribution, or make an aws_wafv2_web_acl_association.
#   types: [aws_wafv2_web_acl]
#   good: |
#     resource "aws_cloudfront_distribution" "chat" {
#       web_acl_id = aws_wafv2_web_acl.edge.arn
#     }
#   bad: |
#     resource "aws_wafv2_web_acl" "edge" {
#       name  = "edge"
#       scope = "CLOUDFRONT"
#     }
#     resource "aws_cloudfront_distribution" "chat" {
#       enabled = true
#     }
package portcullis.rules.waf.associated

import data.portcullis.lib
import data.portcullis.lib.join

subjects contains acl.address if some acl in input.by_type.aws_wafv2_web_acl

users := {
	"aws_cloudfront_distribution": {"path": ["web_acl_id"], "scope": "CLOUDFRONT"},
	"aws_wafv2_web_acl_association": {"path": ["web_acl_arn"], "scope": "REGIONAL"},
}

# fitting are the users of web ACLs of the same scope.
fitting(acl) := {type: user.path |
	some type, user in users
	lib.equals(acl, ["scope"], user.scope) != false
}

links(acl) := {link | some type, path in fitting(acl); some link in join.links(acl, type, path)}

# alone holds if the plan has nothing at all that a web ACL of this scope guards.
alone(acl) if count([type | some type, _ in fitting(acl); count(input.by_type[type]) > 0]) == 0

deny contains lib.finding(acl, [], "nothing uses it") if {
	some acl in input.by_type.aws_wafv2_web_acl
	count(links(acl) & {true, "unknown"}) == 0
	not alone(acl)
}

unknown contains lib.finding(acl, [], "nothing in this plan uses it; another state may") if {
	some acl in input.by_type.aws_wafv2_web_acl
	alone(acl)
}

unknown contains lib.finding(acl, [], "what uses it is known after apply") if {
	some acl in input.by_type.aws_wafv2_web_acl
	"unknown" in links(acl)
	not true in links(acl)
}

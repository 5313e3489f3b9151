# METADATA
# title: A web ACL has the scope of what it guards
# description: |
#   A distribution takes web ACLs of scope CLOUDFRONT only, and everything else
#   those of scope REGIONAL. With the other, apply fails after half of the system
#   has been made, and the way to get it through is to leave the web ACL out.
# related_resources:
# - https://docs.aws.amazon.com/waf/latest/developerguide/how-aws-waf-works-resources.html
# custom:
#   severity: medium
#   remediation: Set scope = "CLOUDFRONT" with a provider for us-east-1 for a distribution, and scope = "REGIONAL" for what aws_wafv2_web_acl_association names.
#   types: [aws_wafv2_web_acl, aws_cloudfront_distribution, aws_wafv2_web_acl_association]
#   good: |
#     resource "aws_wafv2_web_acl" "edge" {
#       name  = "edge"
#       scope = "CLOUDFRONT"
#     }
#     resource "aws_cloudfront_distribution" "chat" {
#       web_acl_id = aws_wafv2_web_acl.edge.arn
#     }
#   bad: |
#     resource "aws_wafv2_web_acl" "edge" {
#       name  = "edge"
#       scope = "REGIONAL"
#     }
#     resource "aws_cloudfront_distribution" "chat" {
#       web_acl_id = aws_wafv2_web_acl.edge.arn
#     }
package portcullis.rules.waf.scope

import data.portcullis.lib

uses := {
	"aws_cloudfront_distribution": ["web_acl_id", "CLOUDFRONT"],
	"aws_wafv2_web_acl_association": ["web_acl_arn", "REGIONAL"],
}

used contains [r, [attribute], scope, acl] if {
	some type, [attribute, scope] in uses
	some r in input.by_type[type]
	some acl in lib.targets(r, [attribute], "aws_wafv2_web_acl")
}

# A web ACL of another state, by its known ARN, is not judged.
unread contains [r, [attribute]] if {
	some type, [attribute, _] in uses
	some r in input.by_type[type]
	lib.unclear(r, [attribute], {"aws_wafv2_web_acl", "aws_waf_web_acl"})
}

subjects contains r.address if some [r, _, _, _] in used

subjects contains r.address if some [r, _] in unread

deny contains lib.finding(r, at, sprintf("the web ACL has scope %s and %s is wanted", [acl.values.scope, scope])) if {
	some [r, at, scope, acl] in used
	lib.equals(acl, ["scope"], scope) == false
}

unknown contains lib.finding(r, at, "the scope of the web ACL is known after apply") if {
	some [r, at, scope, acl] in used
	lib.equals(acl, ["scope"], scope) == "unknown"
}

unknown contains lib.finding(r, at, "which web ACL it is is known after apply") if some [r, at] in unread

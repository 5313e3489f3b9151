# METADATA
# title: AWS WAF guards an API Gateway v2 API by CloudFront
# description: |
#   A web ACL can be associated with stages of REST APIs, not with those of
#   WebSocket or HTTP APIs. The association plans without complaint and never
#   applies; what was meant to be guarded is open.
# related_resources:
# - https://docs.aws.amazon.com/waf/latest/developerguide/how-aws-waf-works-resources.html
# - https://docs.aws.amazon.com/waf/latest/APIReference/API_AssociateWebACL.html
# custom:
#   severity: high
#   remediation: Put a CloudFront distribution with a web ACL of scope CLOUDFRONT before the API, and lock the API to it with a secret header.
#   types: [aws_wafv2_web_acl_association]
#   good: |
#     resource "aws_cloudfront_distribution" "chat" {
#       web_acl_id = aws_wafv2_web_acl.edge.arn
#     }
#   bad: |
#     resource "aws_wafv2_web_acl_association" "chat" {
#       resource_arn = aws_apigatewayv2_stage.chat.arn
#       web_acl_arn  = aws_wafv2_web_acl.chat.arn
#     }
package portcullis.rules.waf.websocket_association

import data.portcullis.lib

at := ["resource_arn"]

subjects contains r.address if some r in input.by_type.aws_wafv2_web_acl_association

v2 := {"aws_apigatewayv2_api", "aws_apigatewayv2_stage", "aws_apigatewayv2_deployment", "aws_apigatewayv2_domain_name"}

never(r) if {
	some ref in lib.refs(r, at)
	ref.type in v2
}

never(r) if {
	some text in written(r)
	regex.match(`:apigateway:[^:]*::/(apis|domainnames)/`, text)
}

never(r) if {
	some text in written(r)
	contains(text, ":execute-api:")
}

written(r) := {lib.value(r, at)} if {
	lib.state(r, at) == "known"
} else := {text | some text in lib.templates(r, at)}

# What can have one: the types by which an ARN is proved to be no API of v2.
guarded := {
	"aws_api_gateway_stage", "aws_lb", "aws_alb", "aws_cognito_user_pool", "aws_appsync_graphql_api",
	"aws_apprunner_service", "aws_verifiedaccess_instance", "aws_amplify_app",
}

deny contains lib.finding(r, at, "a WebSocket or HTTP API cannot have a web ACL") if {
	some r in input.by_type.aws_wafv2_web_acl_association
	never(r)
}

unknown contains lib.finding(r, at, "what the web ACL guards is known after apply") if {
	some r in input.by_type.aws_wafv2_web_acl_association
	lib.state(r, at) == "reference"
	not never(r)
	not lib.set_from(r, at, guarded)
}

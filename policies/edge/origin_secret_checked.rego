# METADATA
# title: An API asks for the header that CloudFront adds
# description: |
#   A secret header that is no identity source of the authorizer is checked in
#   code, or not at all; each request without it costs a call of the function.
#   As an identity source API Gateway itself answers 401.
# related_resources:
# - https://docs.aws.amazon.com/apigateway/latest/developerguide/apigateway-websocket-api-lambda-auth.html
# custom:
#   severity: low
#   remediation: Add "route.request.header.<name>" of the header to the authorizer's identity_sources, and compare its value in the function.
#   types: [aws_cloudfront_distribution, aws_apigatewayv2_authorizer]
#   good: |
#     resource "aws_apigatewayv2_authorizer" "token" {
#       api_id           = aws_apigatewayv2_api.chat.id
#       name             = "token"
#       authorizer_type  = "REQUEST"
#       authorizer_uri   = aws_lambda_function.authorizer.invoke_arn
#       identity_sources = ["route.request.header.x-origin-verify"]
#     }
#   bad: |
#     resource "aws_apigatewayv2_authorizer" "token" {
#       api_id           = aws_apigatewayv2_api.chat.id
#       name             = "token"
#       authorizer_type  = "REQUEST"
#       authorizer_uri   = aws_lambda_function.authorizer.invoke_arn
#       identity_sources = ["route.request.header.authorization"]
#     }
package portcullis.rules.edge.origin_secret_checked

import data.portcullis.lib
import data.portcullis.lib.edge

# Authorizers of an API that a distribution of the plan has as origin.
behind contains [d, a] if {
	some d in input.by_type.aws_cloudfront_distribution
	some api in edge.apis(d)
	some a in lib.companions(api, "aws_apigatewayv2_authorizer", ["api_id"])
}

# Those of APIs that a distribution may have whose origins are hidden. One such
# distribution says as much as all of them.
behind contains [d, a] if {
	d := hidden[0]
	some a in input.by_type.aws_apigatewayv2_authorizer
	lib.on_websocket(a)
	not seen(a)
}

hidden := [d | some d in input.by_type.aws_cloudfront_distribution; edge.origins_hidden(d)]

seen(a) if {
	some api in lib.targets(a, ["api_id"], "aws_apigatewayv2_api")
	api.address in fronted
}

fronted contains api.address if {
	some d in input.by_type.aws_cloudfront_distribution
	some api in edge.apis(d)
}

subjects contains a.address if some [_, a] in behind

names(d) := {lower(header.name) |
	some origin in d.values.origin
	some header in origin.custom_header
}

sources(a) := {lower(source) | some source in lib.value(a, ["identity_sources"])}

checked(d, a) if {
	some name in names(d)
	some source in sources(a)
	regex.match(`^(route|\$)\.?request\.header\..`, source)
	endswith(source, concat("", [".header.", name]))
}

# With the origins hidden, a header that is not the token's is taken for it.
checked(d, a) if {
	edge.origins_hidden(d)
	some source in sources(a)
	regex.match(`^route\.request\.header\.`, source)
	not source in {"route.request.header.authorization", "route.request.header.sec-websocket-protocol"}
}

uncertain(_, a) if lib.hidden(a, ["identity_sources"])

uncertain(d, _) if edge.origins_hidden(d)

deny contains lib.finding(a, ["identity_sources"], "requests past CloudFront reach the authorizer") if {
	some [d, a] in behind
	not checked(d, a)
	not uncertain(d, a)
}

unknown contains lib.finding(a, ["identity_sources"], "whether the authorizer asks for CloudFront's header is known after apply") if {
	some [d, a] in behind
	not checked(d, a)
	uncertain(d, a)
}

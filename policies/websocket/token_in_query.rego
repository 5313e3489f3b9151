# METADATA
# title: No token is asked for in the query string
# description: |
#   What stands in a URL is kept: in the browser's history, in the logs of
#   CloudFront, of AWS WAF and of every proxy, and in error reports. A token there
#   is used by whoever reads one of them.
# related_resources:
# - https://docs.aws.amazon.com/apigateway/latest/developerguide/apigateway-websocket-api-lambda-auth.html
# - https://www.rfc-editor.org/rfc/rfc6750#section-5.3
# custom:
#   severity: medium
#   remediation: Take the token from Sec-WebSocket-Protocol or Authorization; leave the query string for what is no secret.
#   types: [aws_apigatewayv2_authorizer]
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
#       identity_sources = ["route.request.querystring.token"]
#     }
package portcullis.rules.websocket.token_in_query

import data.portcullis.lib

authorizers contains r if {
	some r in input.by_type.aws_apigatewayv2_authorizer
	lib.on_websocket(r)
}

subjects contains r.address if some r in authorizers

# Names of query parameters that are a caller's proof.
secret := `^(.*[-_])?(token|jwt|auth|authorization|bearer|secret|password|key|apikey|sig|signature|ticket|access)([-_].*)?$`

sources(r) := {text | some text in lib.value(r, ["identity_sources"])}

in_query(source) := lower(trim_prefix(source, "route.request.querystring.")) if startswith(source, "route.request.querystring.")

deny contains lib.finding(r, ["identity_sources"], sprintf("%s is written to logs on the way", [source])) if {
	some r in authorizers
	some source in sources(r)
	regex.match(secret, in_query(source))
}

unknown contains lib.finding(r, ["identity_sources"], "where the authorizer takes the token from is known after apply") if {
	some r in authorizers
	lib.state(r, ["identity_sources"]) == "reference"
}

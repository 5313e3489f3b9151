# METADATA
# title: The domain of an API accepts nothing older than TLS 1.2
# description: |
#   With TLS_1_0 a man in the middle talks both sides down to a version that can
#   be broken. WebSocket and HTTP APIs take TLS_1_2 only; for a REST API, what is
#   not set is left to API Gateway.
# related_resources:
# - https://docs.aws.amazon.com/apigateway/latest/developerguide/apigateway-custom-domain-tls-version.html
# custom:
#   severity: high
#   remediation: Set security_policy = "TLS_1_2", or a SecurityPolicy_TLS12_ or SecurityPolicy_TLS13_ policy for a REST API.
#   types: [aws_apigatewayv2_domain_name, aws_api_gateway_domain_name]
#   mappings:
#     checkov: [CKV_AWS_206]
#     fsbp: [APIGateway.11]
#   good: |
#     resource "aws_api_gateway_domain_name" "api" {
#       domain_name              = "api.example.com"
#       regional_certificate_arn = aws_acm_certificate.api.arn
#       security_policy          = "TLS_1_2"
#     }
#   bad: |
#     resource "aws_api_gateway_domain_name" "api" {
#       domain_name              = "api.example.com"
#       regional_certificate_arn = aws_acm_certificate.api.arn
#       security_policy          = "TLS_1_0"
#     }
package portcullis.rules.websocket.domain_tls

import data.portcullis.lib

domains contains [r, ["domain_name_configuration", 0, "security_policy"]] if some r in input.by_type.aws_apigatewayv2_domain_name

domains contains [r, ["security_policy"]] if some r in input.by_type.aws_api_gateway_domain_name

subjects contains r.address if some [r, _] in domains

deny contains lib.finding(r, at, "the oldest TLS version is left to API Gateway") if {
	some [r, at] in domains
	lib.state(r, at) in {"absent", "defaulted"}
}

deny contains lib.finding(r, at, sprintf("%s accepts TLS 1.0", [lib.value(r, at)])) if {
	some [r, at] in domains
	lib.state(r, at) == "known"
	not regex.match(`^(TLS_1_2|SecurityPolicy_TLS1[23]_.*)$`, lib.value(r, at))
}

unknown contains lib.finding(r, at, "the oldest TLS version is known after apply") if {
	some [r, at] in domains
	lib.state(r, at) == "reference"
}

# METADATA
# title: API Gateway talks to what is behind it by TLS
# description: |
#   An integration with an http:// address sends messages and the caller's
#   identity in clear over the internet. One through a VPC link without tls_config
#   does so inside the VPC, where other workloads are.
# related_resources:
# - https://docs.aws.amazon.com/apigateway/latest/developerguide/http-api-develop-integrations-private.html
# - https://docs.aws.amazon.com/apigateway/latest/developerguide/apigateway-websocket-api-integrations.html
# custom:
#   severity: medium
#   remediation: Give integration_uri an https:// address; add tls_config with server_name_to_verify to a private integration.
#   types: [aws_apigatewayv2_integration, aws_apigatewayv2_api]
#   mappings:
#     fsbp: [APIGateway.10]
#   good: |
#     resource "aws_apigatewayv2_integration" "private" {
#       api_id             = aws_apigatewayv2_api.http.id
#       integration_type   = "HTTP_PROXY"
#       integration_method = "ANY"
#       connection_type    = "VPC_LINK"
#       connection_id      = aws_apigatewayv2_vpc_link.private.id
#       integration_uri    = aws_lb_listener.private.arn
#       tls_config {
#         server_name_to_verify = "internal.example.com"
#       }
#     }
#   bad: |
#     resource "aws_apigatewayv2_integration" "open" {
#       api_id             = aws_apigatewayv2_api.chat.id
#       integration_type   = "HTTP_PROXY"
#       integration_method = "POST"
#       integration_uri    = "http://backend.example.com/messages"
#     }
package portcullis.rules.websocket.integration_tls

import data.portcullis.lib

# Those that go to a server; Lambda, AWS services and mocks need no TLS of ours.
servers contains r if {
	some r in input.by_type.aws_apigatewayv2_integration
	lib.one_of(r, ["integration_type"], {"HTTP", "HTTP_PROXY"}) != false
	not lib.is_set(r, ["integration_subtype"])
}

subjects contains r.address if some r in servers

private(r) := lib.equals(r, ["connection_type"], "VPC_LINK")

clear contains r if {
	some r in servers
	private(r) == false
	some text in addresses(r)
	startswith(lower(text), "http://")
}

addresses(r) := {lib.value(r, ["integration_uri"])} if {
	lib.state(r, ["integration_uri"]) == "known"
} else := {text | some text in lib.templates(r, ["integration_uri"])}

proved(r) if {
	some text in addresses(r)
	startswith(lower(text), "https://")
}

deny contains lib.finding(r, ["integration_uri"], "messages travel in clear") if some r in clear

deny contains lib.finding(r, ["tls_config"], "messages travel in clear inside the VPC") if {
	some r in servers
	private(r) == true
	not lib.is_set(r, ["tls_config"])
	not lib.hidden(r, ["tls_config"])
}

unknown contains lib.finding(r, ["integration_uri"], "whether the address is https:// is known after apply") if {
	some r in servers
	private(r) == false
	not r in clear
	not proved(r)
}

unknown contains lib.finding(r, ["connection_type"], "whether the integration is private, and with TLS, is known after apply") if {
	some r in servers
	private(r) == "unknown"
}

unknown contains lib.finding(r, ["tls_config"], "whether TLS is used inside the VPC is known after apply") if {
	some r in servers
	private(r) == true
	lib.hidden(r, ["tls_config"])
}

# An HTTP API may have its integrations in an OpenAPI document, in JSON or YAML.
documents contains r if {
	some r in input.by_type.aws_apigatewayv2_api
	lib.is_set(r, ["body"])
}

subjects contains r.address if some r in documents

deny contains lib.finding(r, ["body"], "requests travel in clear") if {
	some r in documents
	regex.match(`["']?uri["']?[ ]*:[ ]*["']?[hH][tT][tT][pP]://`, lib.text(r, ["body"]))
}

unknown contains lib.finding(r, ["body"], "which integrations there are is known after apply") if {
	some r in documents
	lib.state(r, ["body"]) == "reference"
}

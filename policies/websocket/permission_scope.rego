# METADATA
# title: A permission for API Gateway names API, stage and route
# description: |
#   With a wildcard in source_arn a route that is added later, or another stage,
#   reaches the function too: a test stage without authorizer for instance.
# related_resources:
# - https://docs.aws.amazon.com/apigateway/latest/developerguide/apigateway-websocket-control-access-iam.html
# custom:
#   severity: medium
#   remediation: Make one aws_lambda_permission a route with source_arn = "${execution_arn}/<stage>/<route key>", and ".../authorizers/<id>" for an authorizer.
#   types: [aws_lambda_permission]
#   good: |
#     source_arn = "${aws_apigatewayv2_api.chat.execution_arn}/prod/$connect"
#   bad: |
#     source_arn = "${aws_apigatewayv2_api.chat.execution_arn}/*/*"
package portcullis.rules.websocket.permission_scope

import data.portcullis.lib

permissions contains r if {
	some r in input.by_type.aws_lambda_permission
	r.values.principal == "apigateway.amazonaws.com"
	lib.is_set(r, ["source_arn"])
}

subjects contains r.address if some r in permissions

# texts are the ARN, or what of it is written.
texts(r) := {r.values.source_arn} if lib.state(r, ["source_arn"]) == "known"

texts(r) := {t | some t in lib.templates(r, ["source_arn"])} if lib.state(r, ["source_arn"]) == "reference"

wide(r) if {
	some text in texts(r)
	contains(text, "*")
}

# An ARN of API, stage and route, or of an authorizer: after the first two slashes
# there is something. Parts known after apply are taken for names.
narrow(r) if {
	some text in texts(r)
	parts := split(text, "/")
	count(parts) >= 3
	every part in parts {
		part != ""
	}
}

deny contains lib.finding(r, ["source_arn"], "a wildcard lets other stages or routes invoke the function") if {
	some r in permissions
	wide(r)
}

deny contains lib.finding(r, ["source_arn"], "the ARN names no stage and route") if {
	some r in permissions
	lib.state(r, ["source_arn"]) == "known"
	not wide(r)
	not narrow(r)
}

unknown contains lib.finding(r, ["source_arn"], "which stage and route it names is known after apply") if {
	some r in permissions
	lib.state(r, ["source_arn"]) == "reference"
	not wide(r)
	not narrow(r)
}

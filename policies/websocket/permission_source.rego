# METADATA
# title: Only the API that needs it may invoke a function
# description: |
#   A service principal without source_arn lets that service invoke the function
#   for anybody's resources, in any account: the confused deputy. With
#   source_account alone it does so for everything in that account.
# related_resources:
# - https://docs.aws.amazon.com/lambda/latest/dg/permissions-function-services.html
# - https://docs.aws.amazon.com/IAM/latest/UserGuide/confused-deputy.html
# custom:
#   severity: high
#   remediation: Set source_arn to the ARN of the API, stage and route (or queue, rule, topic) that invokes the function, and name one principal.
#   types: [aws_lambda_permission]
#   mappings:
#     checkov: [CKV_AWS_301, CKV_AWS_364]
#     fsbp: [Lambda.1]
#   good: |
#     resource "aws_lambda_permission" "connect" {
#       action        = "lambda:InvokeFunction"
#       function_name = aws_lambda_function.connect.function_name
#       principal     = "apigateway.amazonaws.com"
#       source_arn    = "${aws_apigatewayv2_api.chat.execution_arn}/prod/$connect"
#     }
#   bad: |
#     resource "aws_lambda_permission" "connect" {
#       action        = "lambda:InvokeFunction"
#       function_name = aws_lambda_function.connect.function_name
#       principal     = "apigateway.amazonaws.com"
#     }
package portcullis.rules.websocket.permission_source

import data.portcullis.lib

subjects contains r.address if some r in input.by_type.aws_lambda_permission

# source_arn says which resource, principal_org_id which organisation.
bound(r) := lib.any_of({lib.given(r, ["source_arn"]), lib.given(r, ["principal_org_id"])})

# reach is for whom the principal may: source_account is an account, not a resource.
reach(r) := "everything in the account" if {
	lib.is_set(r, ["source_account"])
} else := "anybody"

deny contains lib.finding(r, ["source_arn"], sprintf("%s may invoke the function for %s", [r.values.principal, reach(r)])) if {
	some r in input.by_type.aws_lambda_permission
	regex.match(`\.amazonaws\.com(\.cn)?$`, r.values.principal)
	bound(r) == false
}

deny contains lib.finding(r, ["principal"], sprintf("everybody may invoke the function for %s", [reach(r)])) if {
	some r in input.by_type.aws_lambda_permission
	r.values.principal == "*"
	bound(r) == false
}

unknown contains lib.finding(r, ["principal"], "who may invoke the function is known after apply") if {
	some r in input.by_type.aws_lambda_permission
	lib.state(r, ["principal"]) == "reference"
	bound(r) == false
}

unknown contains lib.finding(r, ["source_arn"], sprintf("whether %s may invoke the function for all resources is known after apply", [object.get(r.values, "principal", "the principal")])) if {
	some r in input.by_type.aws_lambda_permission
	bound(r) == "unknown"
	not account_or_role(r)
}

# An account or a role is bound by what it is.
account_or_role(r) if regex.match(`^([0-9]{12}|arn:.*)$`, lib.text(r, ["principal"]))

# METADATA
# title: API Gateway has a role with which it can write logs
# description: |
#   One role for the account and Region writes the logs of all WebSocket and
#   REST APIs there. Without it, or if it trusts somebody else or may do nothing,
#   no stage logs, of this plan or of another. Where the plan does not have
#   aws_api_gateway_account another state does, or making the stage fails.
# related_resources:
# - https://docs.aws.amazon.com/apigateway/latest/developerguide/set-up-logging.html
# custom:
#   severity: medium
#   remediation: Set cloudwatch_role_arn to a role that apigateway.amazonaws.com may assume, with AWS's policy AmazonAPIGatewayPushToCloudWatchLogs attached.
#   types: [aws_api_gateway_account]
#   good: |
#     resource "aws_api_gateway_account" "this" {
#       cloudwatch_role_arn = aws_iam_role.logs.arn
#     }
#
#     resource "aws_iam_role_policy_attachment" "logs" {
#       role       = aws_iam_role.logs.name
#       policy_arn = "arn:aws:iam::aws:policy/service-role/AmazonAPIGatewayPushToCloudWatchLogs"
#     }
#   bad: |
#     resource "aws_api_gateway_account" "this" {}
package portcullis.rules.observability.gateway_role

import data.portcullis.lib

role := ["cloudwatch_role_arn"]

subjects contains r.address if some r in input.by_type.aws_api_gateway_account

# roles are the accounts with their roles, where the plan has these.
roles contains [r, t] if {
	some r in input.by_type.aws_api_gateway_account
	some t in lib.targets(r, role, "aws_iam_role")
}

trusted(t) if {
	some p in lib.policies_at(t.address)
	p.kind == "trust"
	some s in p.statements
	s.effect == "Allow"
	some principal in s.principals
	principal.type == "Service"
	"apigateway.amazonaws.com" in principal.identifiers
	count(lib.allows(s, "sts:assumerole")) > 0
}

trust_hidden(t) if {
	some p in lib.policies_at(t.address)
	p.kind == "trust"
	p.state == "opaque"
}

# Something is granted to the role, in one of the provider's spellings.
granted(t) if {
	some type, path in {
		"aws_iam_policy_attachment": ["roles"],
		"aws_iam_role_policies_exclusive": ["role_name"],
		"aws_iam_role_policy": ["role"],
		"aws_iam_role_policy_attachment": ["role"],
		"aws_iam_role_policy_attachments_exclusive": ["role_name"],
	}
	count(lib.companions(t, type, path)) > 0
}

granted(t) if {
	some path in [["managed_policy_arns"], ["inline_policy", 0, "policy"]]
	lib.is_set(t, path)
}

deny contains lib.finding(r, role, "API Gateway has no role for logs") if {
	some r in input.by_type.aws_api_gateway_account
	not lib.is_set(r, role)
}

deny contains lib.finding(r, role, sprintf("API Gateway may not assume %s", [t.address])) if {
	some [r, t] in roles
	not trusted(t)
	not trust_hidden(t)
}

deny contains lib.finding(r, role, sprintf("%s may do nothing", [t.address])) if {
	some [r, t] in roles
	not granted(t)
}

unknown contains lib.finding(r, role, sprintf("whether API Gateway may assume %s cannot be seen", [t.address])) if {
	some [r, t] in roles
	not trusted(t)
	trust_hidden(t)
}

unknown contains lib.finding(r, role, "which role it is, is known after apply") if {
	some r in input.by_type.aws_api_gateway_account
	lib.unclear(r, role, {"aws_iam_role"})
}

package portcullis.rules.websocket.permission_source_test

import data.portcullis.rules.websocket.permission_source

# plan has one permission of a service.
plan(principal, values) := {"by_type": {"aws_lambda_permission": [{
	"address": "aws_lambda_permission.p",
	"values": object.union({"principal": principal}, values),
	"unknown": {},
	"refs": {},
}]}}

# Some services have names of their own in China.
test_a_service_for_anybody if {
	every principal in ["apigateway.amazonaws.com", "apigateway.amazonaws.com.cn"] {
		count(permission_source.deny) == 1 with input as plan(principal, {})
		count(permission_source.deny) == 0 with input as plan(principal, {"source_arn": "arn:aws-cn:execute-api:cn-north-1:111122223333:a/*/$connect"})
	}
}

test_what_source_account_leaves_open if {
	every principal, subject in {"apigateway.amazonaws.com": "apigateway.amazonaws.com", "*": "everybody"} {
		some finding in permission_source.deny with input as plan(principal, {"source_account": "111122223333"})
		finding.message == sprintf("%s may invoke the function for everything in the account", [subject])
	}
}

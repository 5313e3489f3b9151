package portcullis.rules.function.async_failures_test

import data.portcullis.rules.function.async_failures

# A destination of a function that is not told until apply may be this one's.
test_a_destination_that_may_be_this_functions if {
	f := {"address": "aws_lambda_function.f", "base": "aws_lambda_function.f", "config": "aws_lambda_function.f", "type": "aws_lambda_function", "values": {"function_name": "f"}, "unknown": {}, "refs": {}}
	permission := {"values": {"principal": "sns.amazonaws.com", "function_name": "f"}, "unknown": {}, "refs": {}}
	elsewhere := {
		"values": {"destination_config": [{"on_failure": [{"destination": "arn:aws:sqs:eu-west-1:111122223333:failures"}]}]},
		"unknown": {"function_name": "unknown"},
		"refs": {"function_name": [{"address": "terraform_data.later", "type": "terraform_data"}]},
	}
	plan := {"by_type": {"aws_lambda_function": [f], "aws_lambda_permission": [permission], "aws_lambda_function_event_invoke_config": [elsewhere]}}
	count(async_failures.deny) == 0 with input as plan
	count(async_failures.unknown) == 1 with input as plan
	count(async_failures.deny) == 1 with input as json.remove(plan, ["by_type/aws_lambda_function_event_invoke_config"])
}

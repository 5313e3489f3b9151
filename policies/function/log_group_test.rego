package portcullis.rules.function.log_group_test

import data.portcullis.rules.function.log_group

# A log group of a name that is known after apply may be this function's.
test_a_group_that_may_be_this_functions if {
	f := {"address": "aws_lambda_function.f", "base": "aws_lambda_function.f", "config": "aws_lambda_function.f", "type": "aws_lambda_function", "values": {"function_name": "f"}, "unknown": {}, "refs": {}}
	group := {"values": {}, "unknown": {"name": "unknown"}, "refs": {"name": [{"address": "terraform_data.later", "type": "terraform_data"}]}}
	plan := {"by_type": {"aws_lambda_function": [f], "aws_cloudwatch_log_group": [group]}}
	count(log_group.deny) == 0 with input as plan
	count(log_group.unknown) == 1 with input as plan
	count(log_group.deny) == 1 with input as json.remove(plan, ["by_type/aws_cloudwatch_log_group"])
}

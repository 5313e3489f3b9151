package portcullis.rules.function.runtime_test

import data.portcullis.rules.function.runtime

# The provider refuses names that it does not know; later ones know more.
test_a_runtime_that_is_newer_than_the_rule if {
	f := {"address": "aws_lambda_function.f", "values": {"runtime": "cobol85"}, "unknown": {}, "refs": {}}
	plan := {"by_type": {"aws_lambda_function": [f]}}
	count(runtime.deny) == 0 with input as plan
	{u.message | some u in runtime.unknown} == {"cobol85 is a runtime that this version of the gate does not know"} with input as plan
}

test_no_runtime_is_both if count(runtime.updated & object.keys(runtime.deprecated)) == 0

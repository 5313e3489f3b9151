package portcullis.rules.observability.unclear_test

import data.portcullis.rules.observability.function_alarm
import data.portcullis.rules.observability.websocket_alarm

alarm(namespace, metric) := {
	"values": {"namespace": namespace, "metric_name": metric},
	"unknown": {"dimensions": "unknown"},
	"refs": {"dimensions": [{"address": "terraform_data.later", "type": "terraform_data"}]},
}

# An alarm on what is known after apply may be on this one.
test_an_alarm_that_may_be_on_this_function if {
	f := {"address": "aws_lambda_function.f", "base": "aws_lambda_function.f", "config": "aws_lambda_function.f", "type": "aws_lambda_function", "values": {"function_name": "f"}, "unknown": {}, "refs": {}}
	plan := {"by_type": {"aws_lambda_function": [f], "aws_cloudwatch_metric_alarm": [alarm("AWS/Lambda", "Errors")]}}
	count(function_alarm.deny) == 0 with input as plan
	count(function_alarm.unknown) == 1 with input as plan
}

test_an_alarm_on_all_functions_together if {
	f := {"address": "aws_lambda_function.f", "base": "aws_lambda_function.f", "config": "aws_lambda_function.f", "type": "aws_lambda_function", "values": {"function_name": "f"}, "unknown": {}, "refs": {}}
	all := {"values": {"namespace": "AWS/Lambda", "metric_name": "Errors"}, "unknown": {}, "refs": {}}
	plan := {"by_type": {"aws_lambda_function": [f], "aws_cloudwatch_metric_alarm": [all]}}
	function_alarm.subjects == {"aws_lambda_function.f"} with input as plan
	count(function_alarm.deny | function_alarm.unknown) == 0 with input as plan
}

test_an_alarm_that_may_be_on_this_api if {
	api := {"address": "aws_apigatewayv2_api.a", "base": "aws_apigatewayv2_api.a", "config": "aws_apigatewayv2_api.a", "type": "aws_apigatewayv2_api", "values": {"name": "a", "protocol_type": "WEBSOCKET"}, "unknown": {}, "refs": {}}
	plan := {"by_type": {"aws_apigatewayv2_api": [api], "aws_cloudwatch_metric_alarm": [alarm("AWS/ApiGateway", "IntegrationError")]}}
	count(websocket_alarm.deny) == 0 with input as plan
	count(websocket_alarm.unknown) == 1 with input as plan
}

# The id of an API that is there already is known.
test_alarms_on_an_api_by_its_id if {
	api := {"address": "aws_apigatewayv2_api.a", "base": "aws_apigatewayv2_api.a", "config": "aws_apigatewayv2_api.a", "type": "aws_apigatewayv2_api", "values": {"id": "abc", "protocol_type": "WEBSOCKET"}, "unknown": {}, "refs": {}}
	on := {"values": {"namespace": "AWS/ApiGateway", "metric_name": "ExecutionError", "dimensions": {"ApiId": "abc"}}, "unknown": {}, "refs": {}}
	later := json.patch(on, [{"op": "remove", "path": "/values/metric_name"}, {"op": "add", "path": "/unknown/metric_name", "value": "unknown"}, {"op": "add", "path": "/refs/metric_name", "value": []}])
	websocket_alarm.subjects == {api.address} with input as {"by_type": {"aws_apigatewayv2_api": [api], "aws_cloudwatch_metric_alarm": [on]}}
	count(websocket_alarm.deny | websocket_alarm.unknown) == 0 with input as {"by_type": {"aws_apigatewayv2_api": [api], "aws_cloudwatch_metric_alarm": [on]}}
	count(websocket_alarm.deny) == 0 with input as {"by_type": {"aws_apigatewayv2_api": [api], "aws_cloudwatch_metric_alarm": [later]}}
	count(websocket_alarm.unknown) == 1 with input as {"by_type": {"aws_apigatewayv2_api": [api], "aws_cloudwatch_metric_alarm": [later]}}
}

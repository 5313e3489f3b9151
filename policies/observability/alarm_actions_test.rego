package portcullis.rules.observability.alarm_actions_test

import data.portcullis.rules.observability.alarm_actions

alarm(name) := {"address": name, "values": {"alarm_name": name}, "unknown": {}, "refs": {}}

composite(rule) := {"address": "aws_cloudwatch_composite_alarm.c", "values": {"alarm_rule": rule, "alarm_actions": ["arn"]}, "unknown": {}, "refs": {}}

silent(rule) := {f.address |
	some f in alarm_actions.deny with input.by_type as {
		"aws_cloudwatch_metric_alarm": [alarm("one"), alarm("one two"), alarm("on")],
		"aws_cloudwatch_composite_alarm": [composite(rule)],
	}
}

test_a_composite_alarm_names_alarms_in_all_spellings if {
	silent(`ALARM("one two") OR OK(one)`) == {"on"}
	silent(`NOT INSUFFICIENT_DATA ( one ) AND ALARM( "on" )`) == {"one two"}
	silent("ALARM(arn:aws:cloudwatch:eu-central-1:111122223333:alarm:one)") == {"one two", "on"}
	silent(`ALARM("arn:aws:cloudwatch:eu-central-1:111122223333:alarm:one two")`) == {"one", "on"}
	silent("TRUE") == {"one", "one two", "on"}
}

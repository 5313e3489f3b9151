# METADATA
# title: An alarm tells somebody
# description: |
#   An alarm without actions, or with actions switched off, turns red on a page
#   that nobody looks at.
# related_resources:
# - https://docs.aws.amazon.com/AmazonCloudWatch/latest/monitoring/AlarmThatSendsEmail.html
# custom:
#   severity: medium
#   remediation: Set alarm_actions to the ARN of a topic that somebody reads, and leave actions_enabled out.
#   types: [aws_cloudwatch_metric_alarm, aws_cloudwatch_composite_alarm]
#   mappings:
#     checkov: [CKV_AWS_319]
#   good: |
#     resource "aws_cloudwatch_metric_alarm" "errors" {
#       alarm_name          = "errors"
#       namespace           = "AWS/Lambda"
#       metric_name         = "Errors"
#       statistic           = "Sum"
#       period              = 300
#       evaluation_periods  = 1
#       threshold           = 1
#       comparison_operator = "GreaterThanOrEqualToThreshold"
#       alarm_actions       = [aws_sns_topic.alarms.arn]
#     }
#   bad: |
#     resource "aws_cloudwatch_metric_alarm" "errors" {
#       alarm_name          = "errors"
#       namespace           = "AWS/Lambda"
#       metric_name         = "Errors"
#       statistic           = "Sum"
#       period              = 300
#       evaluation_periods  = 1
#       threshold           = 1
#       comparison_operator = "GreaterThanOrEqualToThreshold"
#     }
package portcullis.rules.observability.alarm_actions

import data.portcullis.lib

alarms contains r if {
	some type in ["aws_cloudwatch_metric_alarm", "aws_cloudwatch_composite_alarm"]
	some r in input.by_type[type]
}

subjects contains r.address if some r in alarms

acts(r) if lib.given(r, ["alarm_actions"]) == true

# An alarm that another one or a deployment looks at need not tell anybody.
acts(r) if count(lib.companions(r, "aws_cloudwatch_composite_alarm", ["alarm_rule"])) > 0

acts(r) if r.values.alarm_name in named

acts(r) if count(lib.companions(r, "aws_codedeploy_deployment_group", ["alarm_configuration", 0, "alarms"])) > 0

# named are the alarms that composite alarms name: ALARM(name), ALARM("name") or
# OK(arn:aws:cloudwatch:…:alarm:name).
named contains regex.replace(found[1], `^"?(arn:[^:]*:cloudwatch:[^:]*:[^:]*:alarm:)?|"$`, "") if {
	some c in input.by_type.aws_cloudwatch_composite_alarm
	some found in regex.find_all_string_submatch_n(`(?:ALARM|OK|INSUFFICIENT_DATA)\s*\(\s*("[^"]*"|[^()"]*[^()"\s])\s*\)`, lib.text(c, ["alarm_rule"]), -1)
}

deny contains lib.finding(r, ["alarm_actions"], "nobody is told") if {
	some r in alarms
	not acts(r)
	lib.given(r, ["alarm_actions"]) == false
}

unknown contains lib.finding(r, ["alarm_actions"], "whether anybody is told is known after apply") if {
	some r in alarms
	not acts(r)
	lib.given(r, ["alarm_actions"]) == "unknown"
}

deny contains lib.finding(r, ["actions_enabled"], "its actions are switched off") if {
	some r in alarms
	lib.equals(r, ["actions_enabled"], false) == true
}

unknown contains lib.finding(r, ["actions_enabled"], "whether its actions are switched on is known after apply") if {
	some r in alarms
	lib.equals(r, ["actions_enabled"], false) == "unknown"
}

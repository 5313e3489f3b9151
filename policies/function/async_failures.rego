# METADATA
# title: An event that a function fails on goes somewhere
# description: |
#   S3, SNS, EventBridge and others do not wait for the function. Lambda tries
#   twice more, then forgets the event: what it said is lost and nobody is told.
# related_resources:
# - https://docs.aws.amazon.com/lambda/latest/dg/invocation-async-error-handling.html
# - https://docs.aws.amazon.com/lambda/latest/dg/invocation-async-retain-records.html
# custom:
#   severity: medium
#   remediation: Add an aws_lambda_function_event_invoke_config with an on_failure destination, or dead_letter_config with target_arn in the function.
#   types: [aws_lambda_function]
#   mappings:
#     checkov: [CKV_AWS_116]
#   good: |
#     resource "aws_lambda_permission" "nightly" {
#       action        = "lambda:InvokeFunction"
#       function_name = aws_lambda_function.nightly.function_name
#       principal     = "events.amazonaws.com"
#       source_arn    = aws_cloudwatch_event_rule.nightly.arn
#     }
#
#     resource "aws_lambda_function_event_invoke_config" "nightly" {
#       function_name = aws_lambda_function.nightly.function_name
#
#       destination_config {
#         on_failure {
#           destination = aws_sqs_queue.failures.arn
#         }
#       }
#     }
#   bad: |
#     resource "aws_lambda_permission" "nightly" {
#       action        = "lambda:InvokeFunction"
#       function_name = aws_lambda_function.nightly.function_name
#       principal     = "events.amazonaws.com"
#       source_arn    = aws_cloudwatch_event_rule.nightly.arn
#     }
package portcullis.rules.function.async_failures

import data.portcullis.lib

# Services that invoke without waiting for an answer. Functions that others call,
# API Gateway for instance, have no use for a dead-letter queue.
# https://docs.aws.amazon.com/lambda/latest/dg/lambda-services.html
services := {
	"codecommit.amazonaws.com",
	"config.amazonaws.com",
	"events.amazonaws.com",
	"iot.amazonaws.com",
	"logs.amazonaws.com",
	"s3.amazonaws.com",
	"ses.amazonaws.com",
	"sns.amazonaws.com",
}

invoked contains f if {
	some p in input.by_type.aws_lambda_permission
	lib.one_of(p, ["principal"], services) == true
	some f in lib.functions(p, ["function_name"])
}

# EventBridge Scheduler has a role instead of a permission.
invoked contains f if {
	some s in input.by_type.aws_scheduler_schedule
	some f in lib.functions(s, ["target", 0, "arn"])
}

invoked_addresses := {f.address | some f in invoked}

perhaps contains f if {
	some p in input.by_type.aws_lambda_permission
	lib.unclear(p, ["principal"], {"aws_iam_role", "aws_iam_user"})
	some f in lib.functions(p, ["function_name"])
	not f.address in invoked_addresses
}

queue := ["dead_letter_config", 0, "target_arn"]

subjects contains f.address if some f in invoked

subjects contains f.address if some f in perhaps

kept(f) if lib.given(f, queue) == true

kept(f) if f.address in configured

configured contains f.address if {
	some c in input.by_type.aws_lambda_function_event_invoke_config
	lib.given(c, destination) == true
	some f in lib.functions(c, ["function_name"])
}

destination := ["destination_config", 0, "on_failure", 0, "destination"]

perhaps_kept(f) if lib.given(f, queue) == "unknown"

perhaps_kept(f) if f.address in perhaps_configured

perhaps_kept(_) if adrift

perhaps_configured contains f.address if {
	some c in input.by_type.aws_lambda_function_event_invoke_config
	lib.given(c, destination) == "unknown"
	some f in lib.functions(c, ["function_name"])
}

# A configuration of a function that is not told may be this one's.
adrift if {
	some c in input.by_type.aws_lambda_function_event_invoke_config
	lib.given(c, destination) != false
	lib.unclear(c, ["function_name"], lib.function_types)
}

deny contains lib.finding(f, ["dead_letter_config"], "events that it fails on are forgotten") if {
	some f in invoked
	not kept(f)
	not perhaps_kept(f)
}

unknown contains lib.finding(f, ["dead_letter_config"], "where events go that it fails on is known after apply") if {
	some f in invoked
	not kept(f)
	perhaps_kept(f)
}

unknown contains lib.finding(f, ["dead_letter_config"], "whether a service invokes it without waiting is known after apply; what it fails on would be forgotten") if {
	some f in perhaps
	not kept(f)
}

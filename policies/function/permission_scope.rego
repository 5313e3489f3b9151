# METADATA
# title: A permission names the topic, rule or bucket that may invoke
# description: |
#   With a wildcard for the account or the name, whoever may make a rule or a
#   topic there runs the function with what input they like.
# related_resources:
# - https://docs.aws.amazon.com/lambda/latest/dg/permissions-function-services.html
# - https://docs.aws.amazon.com/IAM/latest/UserGuide/confused-deputy.html
# custom:
#   severity: medium
#   remediation: Set source_arn to the ARN of the one resource that invokes the function.
#   types: [aws_lambda_permission]
#   good: |
#     resource "aws_lambda_permission" "nightly" {
#       action        = "lambda:InvokeFunction"
#       function_name = aws_lambda_function.nightly.function_name
#       principal     = "events.amazonaws.com"
#       source_arn    = aws_cloudwatch_event_rule.nightly.arn
#     }
#   bad: |
#     resource "aws_lambda_permission" "nightly" {
#       action        = "lambda:InvokeFunction"
#       function_name = aws_lambda_function.nightly.function_name
#       principal     = "events.amazonaws.com"
#       source_arn    = "arn:aws:events:eu-west-1:111122223333:rule/*"
#     }
package portcullis.rules.function.permission_scope

import data.portcullis.lib

source := ["source_arn"]

# Those for API Gateway are websocket/permission-scope's.
permissions contains r if {
	some r in input.by_type.aws_lambda_permission
	lib.is_set(r, source)
	not lib.value(r, ["principal"]) == "apigateway.amazonaws.com"
}

subjects contains r.address if some r in permissions

texts(r) := {r.values.source_arn} if lib.state(r, source) == "known"

texts(r) := {t | some t in lib.templates(r, source)} if lib.state(r, source) == "reference"

# A wildcard for the account, or as the name: arn:aws:s3:::*, …:rule/*. Behind a
# name it is part of what some services ask for: log-group:/chat:*.
wide(text) if regex.match(`^arn:[^:]*:[^:]*:[^:]*:[^:]*[*]`, text)

wide(text) if regex.match(`^arn:([^:]*:){4}([a-z-]+[/:])?[*]`, text)

deny contains lib.finding(r, source, sprintf("more than one resource may invoke the function: %s", [text])) if {
	some r in permissions
	some text in texts(r)
	wide(text)
}

# A reference to a resource is that resource's ARN, or begins with it.
unknown contains lib.finding(r, source, "what may invoke the function is known after apply") if {
	some r in permissions
	lib.state(r, source) == "reference"
	every text in texts(r) {
		not wide(text)
	}
	not named(r)
}

named(r) if {
	found := lib.refs(r, source)
	count(found) > 0
	every ref in found {
		startswith(ref.type, "aws_")
	}
}

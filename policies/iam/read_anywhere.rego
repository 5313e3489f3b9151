# METADATA
# title: What is read is named
# description: |
#   Whoever gets at the bearer reads every table, bucket, parameter and secret of
#   the account: the usual way in which data leaves.
# related_resources:
# - https://docs.aws.amazon.com/IAM/latest/UserGuide/best-practices.html#grant-least-privilege
# custom:
#   severity: high
#   remediation: Put the ARNs of the resources in resources.
#   types: [aws_iam_policy, aws_iam_role_policy, aws_iam_user_policy, aws_iam_group_policy, aws_iam_role, aws_ssoadmin_permission_set_inline_policy, aws_iot_policy]
#   mappings:
#     checkov: [CKV_AWS_108, CKV_AWS_288]
#   good: |
#     data "aws_iam_policy_document" "this" {
#       statement {
#         actions   = ["secretsmanager:GetSecretValue"]
#         resources = [aws_secretsmanager_secret.origin.arn]
#       }
#     }
#   bad: |
#     data "aws_iam_policy_document" "this" {
#       statement {
#         actions   = ["secretsmanager:GetSecretValue"]
#         resources = ["*"]
#       }
#     }
package portcullis.rules.iam.read_anywhere

import data.portcullis.lib
import data.portcullis.lib.iam

# Actions that give content, not names.
content := {
	"codecommit:gitpull", "dynamodb:batchgetitem", "dynamodb:exporttabletopointintime", "dynamodb:getitem", "dynamodb:getrecords",
	"dynamodb:partiqlselect", "dynamodb:query", "dynamodb:scan", "kinesis:getrecords", "lambda:getfunction",
	"logs:filterlogevents", "logs:getlogevents", "logs:startquery", "rds:downloadcompletedblogfile",
	"rds:downloaddblogfileportion", "s3:getobject", "s3:getobjectversion", "secretsmanager:getsecretvalue",
	"sqs:receivemessage", "ssm:getparameter", "ssm:getparameterhistory", "ssm:getparameters", "ssm:getparametersbypath",
}

named(s) := iam.covered(s, content)

relevant := [[p, s, found] |
	some [p, s] in iam.allowing
	found := named(s)
	count(found) > 0
]

subjects contains p.address if some [p, _, _] in relevant

deny contains lib.in_policy(p, s, sprintf("on every resource it is allowed: %s", [iam.some_of(found)])) if {
	some [p, s, found] in relevant
	iam.wide(s)
}

unknown contains lib.in_policy(p, s, sprintf("on what is known after apply: %s", [iam.some_of(found)])) if {
	some [p, s, found] in relevant
	iam.unclear(s)
}

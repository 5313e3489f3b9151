# METADATA
# title: A service takes a role for this account only
# description: |
#   Some services take a role on behalf of whoever tells them its ARN, also from
#   another account. aws:SourceAccount or aws:SourceArn says for whom they may.
# related_resources:
# - https://docs.aws.amazon.com/IAM/latest/UserGuide/confused-deputy.html#cross-service-confused-deputy-prevention
# - https://docs.aws.amazon.com/scheduler/latest/UserGuide/cross-service-confused-deputy-prevention.html
# custom:
#   severity: medium
#   remediation: Add a condition StringEquals on aws:SourceAccount with your account, or ArnLike on aws:SourceArn with what the service works for.
#   types: [aws_iam_role]
#   good: |
#     data "aws_iam_policy_document" "trust" {
#       statement {
#         actions = ["sts:AssumeRole"]
#         principals {
#           type        = "Service"
#           identifiers = ["scheduler.amazonaws.com"]
#         }
#         condition {
#           test     = "StringEquals"
#           variable = "aws:SourceAccount"
#           values   = ["111122223333"]
#         }
#       }
#     }
#     resource "aws_iam_role" "this" {
#       name               = "this"
#       assume_role_policy = data.aws_iam_policy_document.trust.json
#     }
#   bad: |
#     data "aws_iam_policy_document" "trust" {
#       statement {
#         actions = ["sts:AssumeRole"]
#         principals {
#           type        = "Service"
#           identifiers = ["scheduler.amazonaws.com"]
#         }
#       }
#     }
#     resource "aws_iam_role" "this" {
#       name               = "this"
#       assume_role_policy = data.aws_iam_policy_document.trust.json
#     }
package portcullis.rules.iam.trust_service

import data.portcullis.lib
import data.portcullis.lib.iam

# Services that say for whom they take a role, by their guides. Lambda, EC2 and
# API Gateway do not. The pages of those that are hard to find:
# budgets: cost-management/latest/userguide/cross-service-confused-deputy-prevention.html
# comprehend: comprehend/latest/dg/cross-service-confused-deputy-prevention.html
# comprehendmedical: comprehend-medical/latest/dev/textanalysis-batchapi.html
# dms: dms/latest/userguide/cross-service-confused-deputy-prevention.html
# elasticmapreduce: emr/latest/ManagementGuide/emr-iam-role.html
# fis: fis/latest/userguide/getting-started-iam-service-role.html
# frauddetector: frauddetector/latest/ug/confused-deputy-prevention.html
# kendra: kendra/latest/dg/iam-roles.html
# redshift, redshift-serverless: redshift/latest/mgmt/cross-service-confused-deputy-prevention.html
# sms-voice: sms-voice/latest/userguide/two-way-sms-iam-policy.html
# translate: translate/latest/dg/async-prereqs.html
saying := {
	"amplify", "appstream", "bedrock", "bedrock-agentcore", "budgets", "codebuild", "cognito-idp", "comprehend", "comprehendmedical",
	"config", "datasync", "dms", "ecs-tasks", "elasticmapreduce", "fis", "frauddetector", "iot", "kendra", "logs", "monitoring.rds",
	"personalize", "pipes", "redshift", "redshift-serverless", "sagemaker", "scheduler", "sms-voice", "ssm", "states", "transcribe",
	"transfer", "translate", "vpc-flow-logs",
}

# A principal may have a Region in it.
services(s) := {name |
	some who in s.principals
	who.type == "Service"
	some text in who.identifiers
	name := regex.replace(text, `(\.[a-z]{2}(-[a-z]+)+-[0-9])?\.amazonaws\.com(\.cn)?$`, "")
	name in saying
}

trusting := [[p, s, services(s)] |
	some [p, s] in iam.trusting
	some who in s.principals
	who.type == "Service"
]

subjects contains p.address if {
	some [p, s, names] in trusting
	count(names) > 0
}

subjects contains p.address if {
	some [p, s, _] in trusting
	later(s)
}

bound(s) if iam.binds_to(s, iam.source_keys | {"sts:externalid"})

deny contains lib.in_policy(p, s, sprintf("%s may take the role for any account", [concat(", ", sort(names))])) if {
	some [p, s, names] in trusting
	count(names) > 0
	not bound(s)
	object.get(s.unknown, "conditions", 0) == 0
}

unknown contains lib.in_policy(p, s, sprintf("which conditions there are for %s is known after apply", [concat(", ", sort(names))])) if {
	some [p, s, names] in trusting
	count(names) > 0
	not bound(s)
	s.unknown.conditions > 0
}

later(s) if {
	some who in s.principals
	who.type == "Service"
	who.unknown > 0
}

unknown contains lib.in_policy(p, s, "which service takes the role is known after apply") if {
	some [p, s, _] in trusting
	later(s)
	not bound(s)
}

# METADATA
# title: A service acts for this account only
# description: |
#   S3, SNS, EventBridge, CloudFront and others do what any of their customers
#   tell them. Without aws:SourceArn or aws:SourceAccount a stranger has them
#   write to this queue or bucket, or read from it.
# related_resources:
# - https://docs.aws.amazon.com/IAM/latest/UserGuide/confused-deputy.html#cross-service-confused-deputy-prevention
# - https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_condition-keys.html#condition-keys-sourcearn
# custom:
#   severity: high
#   remediation: Add a condition ArnEquals on aws:SourceArn with the ARN of what the service works for, or StringEquals on aws:SourceAccount; in a key policy for CloudWatch Logs ArnEquals on kms:EncryptionContext:aws:logs:arn.
#   types: [aws_sqs_queue, aws_sqs_queue_policy, aws_sns_topic, aws_sns_topic_policy, aws_s3_bucket, aws_s3_bucket_policy, aws_s3_access_point, aws_s3control_access_point_policy, aws_kms_key, aws_kms_key_policy, aws_kms_replica_key, aws_kms_external_key, aws_cloudwatch_log_resource_policy]
#   good: |
#     data "aws_iam_policy_document" "jobs" {
#       statement {
#         actions   = ["sqs:SendMessage"]
#         resources = [aws_sqs_queue.jobs.arn]
#         principals {
#           type        = "Service"
#           identifiers = ["events.amazonaws.com"]
#         }
#         condition {
#           test     = "ArnEquals"
#           variable = "aws:SourceArn"
#           values   = [aws_cloudwatch_event_rule.jobs.arn]
#         }
#       }
#     }
#     resource "aws_sqs_queue_policy" "jobs" {
#       queue_url = aws_sqs_queue.jobs.id
#       policy    = data.aws_iam_policy_document.jobs.json
#     }
#   bad: |
#     data "aws_iam_policy_document" "jobs" {
#       statement {
#         actions   = ["sqs:SendMessage"]
#         resources = [aws_sqs_queue.jobs.arn]
#         principals {
#           type        = "Service"
#           identifiers = ["events.amazonaws.com"]
#         }
#       }
#     }
#     resource "aws_sqs_queue_policy" "jobs" {
#       queue_url = aws_sqs_queue.jobs.id
#       policy    = data.aws_iam_policy_document.jobs.json
#     }
package portcullis.rules.access.confused_deputy

import data.portcullis.lib
import data.portcullis.lib.iam

queues := {"s3", "sns", "events"}

# AmazonRDS/latest/UserGuide/USER_Events.GrantingPermissions.html,
# cost-management/latest/userguide/budgets-sns-policy.html,
# sms-voice/latest/userguide/configuration-sets-sns-creating-role.html
topics := {"budgets", "cloudwatch", "events.rds", "s3", "ses", "sms-voice"}

# guardduty/latest/ug/guardduty_exportfindings.html,
# inspector/latest/user/findings-managing-exporting-reports.html,
# redshift/latest/mgmt/db-auditing.html,
# appstream2/latest/developerguide/example-elastic-fleets.html
buckets := {
	"appstream", "cloudfront", "cloudtrail", "config", "delivery.logs", "guardduty", "inspector2", "logging.s3", "logs", "redshift",
	"s3", "ses",
}

keys := {"logs", "cloudwatch", "s3", "cloudfront", "cloudtrail"}

# Services that say for whom they act, by what they act on. EventBridge does not
# where a topic or its key is encrypted.
saying := {
	"aws_sqs_queue": queues, "aws_sqs_queue_policy": queues,
	"aws_sns_topic": topics, "aws_sns_topic_policy": topics,
	"aws_s3_bucket": buckets, "aws_s3_bucket_policy": buckets,
	"aws_s3_access_point": buckets, "aws_s3control_access_point_policy": buckets,
	"aws_kms_key": keys, "aws_kms_key_policy": keys,
	"aws_kms_replica_key": keys, "aws_kms_external_key": keys,
	"aws_cloudwatch_log_resource_policy": {"delivery.logs"},
}

# A principal may have a Region in it.
services(p, s) := {name |
	some who in s.principals
	who.type == "Service"
	some text in who.identifiers
	name := regex.replace(text, `([.][a-z]{2}(-[a-z]+)+-[0-9])?[.]amazonaws[.]com([.]cn)?$`, "")
	name in saying[p.type]
}

granting := [[p, s, services(p, s)] |
	some [p, s] in iam.granting
	some who in s.principals
	who.type == "Service"
	saying[p.type]
]

subjects contains p.address if {
	some [p, s, names] in granting
	count(names) + later(s) > 0
}

later(s) := sum([who.unknown | some who in s.principals; who.type == "Service"])

bound(s) if iam.binds_to(s, iam.source_keys | {"aws:sourceowner", "aws:principalorgid"})

bound(s) if {
	some c in s.conditions
	startswith(c.variable, "kms:encryptioncontext:")
	iam.binds(c)
}

deny contains lib.in_policy(p, s, sprintf("%s may use it for any account", [concat(", ", sort(names))])) if {
	some [p, s, names] in granting
	count(names) > 0
	not bound(s)
	object.get(s.unknown, "conditions", 0) == 0
}

unknown contains lib.in_policy(p, s, sprintf("which conditions there are for %s is known after apply", [concat(", ", sort(names))])) if {
	some [p, s, names] in granting
	count(names) > 0
	not bound(s)
	s.unknown.conditions > 0
}

unknown contains lib.in_policy(p, s, "which service may use it is known after apply") if {
	some [p, s, _] in granting
	later(s) > 0
	not bound(s)
}

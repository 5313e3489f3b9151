# METADATA
# title: A service writes logs for this account only
# description: |
#   Route 53 and OpenSearch write what any of their customers has them write.
#   Without aws:SourceArn or aws:SourceAccount a stranger's zone or domain fills
#   your log groups with lies, at your cost.
# related_resources:
# - https://docs.aws.amazon.com/IAM/latest/UserGuide/confused-deputy.html
# - https://docs.aws.amazon.com/Route53/latest/DeveloperGuide/query-logs.html
# - https://docs.aws.amazon.com/opensearch-service/latest/developerguide/createdomain-configure-slow-logs.html
# custom:
#   severity: high
#   remediation: Add conditions on aws:SourceArn, with the ARN of the zone or domain, and on aws:SourceAccount.
#   types: [aws_cloudwatch_log_resource_policy]
#   good: |
#     data "aws_iam_policy_document" "dns" {
#       statement {
#         actions   = ["logs:CreateLogStream", "logs:PutLogEvents"]
#         resources = ["arn:aws:logs:us-east-1:111122223333:log-group:/aws/route53/*"]
#
#         principals {
#           type        = "Service"
#           identifiers = ["route53.amazonaws.com"]
#         }
#
#         condition {
#           test     = "StringEquals"
#           variable = "aws:SourceAccount"
#           values   = ["111122223333"]
#         }
#       }
#     }
#   bad: |
#     data "aws_iam_policy_document" "dns" {
#       statement {
#         actions   = ["logs:CreateLogStream", "logs:PutLogEvents"]
#         resources = ["arn:aws:logs:us-east-1:111122223333:log-group:/aws/route53/*"]
#
#         principals {
#           type        = "Service"
#           identifiers = ["route53.amazonaws.com"]
#         }
#       }
#     }
package portcullis.rules.observability.log_policy

import data.portcullis.lib

# Services that say for whom they write. delivery.logs is
# access/confused-deputy's, and everybody access/public's.
saying := {"route53.amazonaws.com", "es.amazonaws.com", "opensearchservice.amazonaws.com"}

keys := {"aws:sourcearn", "aws:sourceaccount", "aws:sourceorgid", "aws:sourceorgpaths"}

services(s) := {id |
	some principal in s.principals
	principal.type == "Service"
	some id in principal.identifiers
	id in saying
}

writing contains [p, s] if {
	some p in lib.policies_of({"aws_cloudwatch_log_resource_policy"})
	some s in p.statements
	s.effect == "Allow"
	count(services(s)) > 0
}

subjects contains p.address if some [p, _] in writing

deny contains lib.in_policy(p, s, sprintf("%s may write here for anybody", [concat(", ", services(s))])) if {
	some [p, s] in writing
	lib.bound(s, keys) == false
}

unknown contains lib.in_policy(p, s, "for whom the service may write is known after apply") if {
	some [p, s] in writing
	lib.bound(s, keys) == "unknown"
}

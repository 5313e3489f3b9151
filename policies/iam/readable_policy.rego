# METADATA
# title: A policy can be read before it is applied
# description: |
#   jsonencode or a template with one value that is known after apply makes the
#   whole policy unknown: actions, effects and conditions. No gate can say what it
#   grants. From data "aws_iam_policy_document" everything but that value is known.
# related_resources:
# - https://registry.terraform.io/providers/hashicorp/aws/latest/docs/data-sources/iam_policy_document
# custom:
#   severity: medium
#   remediation: Write the policy as data "aws_iam_policy_document" and use its json.
#   types: [aws_iam_policy, aws_iam_role_policy, aws_iam_user_policy, aws_iam_group_policy, aws_iam_role, aws_kms_key, aws_sqs_queue_policy, aws_sns_topic_policy, aws_s3_bucket_policy, aws_secretsmanager_secret_policy, aws_cloudwatch_log_resource_policy]
#   good: |
#     data "aws_iam_policy_document" "read" {
#       statement {
#         actions   = ["dynamodb:Query"]
#         resources = [aws_dynamodb_table.rooms.arn]
#       }
#     }
#   bad: |
#     policy = jsonencode({
#       Statement = [{ Effect = "Allow", Action = "dynamodb:Query", Resource = aws_dynamodb_table.rooms.arn }]
#     })
package portcullis.rules.iam.readable_policy

subjects contains p.address if some p in input.policies

deny contains {"address": p.address, "path": split(p.attribute, "."), "message": sprintf("nobody can tell what the policy grants: %s", [p.reason])} if {
	some p in input.policies
	p.state == "opaque"
}

# What a document is merged from may be another system's, known after apply.
unknown contains {"address": p.address, "path": split(p.attribute, "."), "message": "what it allows or denies is known after apply"} if {
	some p in input.policies
	p.state == "partial"
	some s in p.statements
	some list in ["actions", "not_actions", "effect"]
	s.unknown[list] > 0
}

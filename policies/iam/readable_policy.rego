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
#   types: [aws_iam_policy, aws_iam_role_policy, aws_iam_user_policy, aws_iam_group_policy, aws_iam_role, aws_ssoadmin_permission_set_inline_policy, aws_iot_policy, aws_sqs_queue, aws_sqs_queue_policy, aws_sns_topic, aws_sns_topic_policy, aws_s3_bucket, aws_s3_bucket_policy, aws_kms_key, aws_kms_key_policy, aws_kms_external_key, aws_kms_replica_key, aws_s3_access_point, aws_s3control_access_point_policy, aws_secretsmanager_secret, aws_secretsmanager_secret_policy, aws_ssm_resource_policy, aws_cloudwatch_log_resource_policy, aws_cloudwatch_log_destination_policy, aws_dynamodb_resource_policy, aws_cloudwatch_event_bus_policy, aws_ecr_repository_policy, aws_api_gateway_rest_api_policy, aws_vpc_endpoint, aws_vpc_endpoint_policy, aws_efs_file_system_policy, aws_backup_vault_policy, aws_opensearch_domain_policy, aws_lambda_layer_version_permission_policy, aws_ecrpublic_repository_policy, aws_glacier_vault, aws_media_store_container_policy, aws_glue_resource_policy, aws_kinesis_resource_policy, aws_codebuild_resource_policy, aws_acmpca_policy, aws_s3_directory_bucket_policy, aws_api_gateway_rest_api, aws_sesv2_email_identity_policy, aws_ses_identity_policy, aws_schemas_registry_policy, aws_networkfirewall_resource_policy, aws_redshift_resource_policy, aws_cloudsearch_domain_service_access_policy, aws_s3control_multi_region_access_point_policy]
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

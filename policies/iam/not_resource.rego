# METADATA
# title: A policy says on what it allows, not on what it does not
# description: |
#   Allow with NotResource grants the actions on every resource but those listed,
#   those of other services and accounts and those made later among them.
# related_resources:
# - https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_elements_notresource.html
# custom:
#   severity: high
#   remediation: List the resources in resources. NotResource belongs in statements that deny.
#   types: [aws_iam_policy, aws_iam_role_policy, aws_iam_user_policy, aws_iam_group_policy, aws_iam_role, aws_ssoadmin_permission_set_inline_policy, aws_iot_policy, aws_sqs_queue, aws_sqs_queue_policy, aws_sns_topic, aws_sns_topic_policy, aws_s3_bucket, aws_s3_bucket_policy, aws_kms_key, aws_kms_key_policy, aws_kms_external_key, aws_kms_replica_key, aws_s3_access_point, aws_s3control_access_point_policy, aws_secretsmanager_secret, aws_secretsmanager_secret_policy, aws_ssm_resource_policy, aws_cloudwatch_log_resource_policy, aws_cloudwatch_log_destination_policy, aws_dynamodb_resource_policy, aws_cloudwatch_event_bus_policy, aws_ecr_repository_policy, aws_api_gateway_rest_api_policy, aws_vpc_endpoint, aws_vpc_endpoint_policy, aws_efs_file_system_policy, aws_backup_vault_policy, aws_opensearch_domain_policy, aws_lambda_layer_version_permission_policy, aws_ecrpublic_repository_policy, aws_glacier_vault, aws_media_store_container_policy, aws_glue_resource_policy, aws_kinesis_resource_policy, aws_codebuild_resource_policy, aws_acmpca_policy, aws_s3_directory_bucket_policy, aws_api_gateway_rest_api, aws_sesv2_email_identity_policy, aws_ses_identity_policy, aws_schemas_registry_policy, aws_networkfirewall_resource_policy, aws_redshift_resource_policy, aws_cloudsearch_domain_service_access_policy, aws_s3control_multi_region_access_point_policy]
#   good: |
#     data "aws_iam_policy_document" "this" {
#       statement {
#         actions   = ["dynamodb:Query"]
#         resources = [aws_dynamodb_table.rooms.arn]
#       }
#     }
#   bad: |
#     data "aws_iam_policy_document" "this" {
#       statement {
#         actions       = ["s3:GetObject"]
#         not_resources = ["${aws_s3_bucket.secrets.arn}/*"]
#       }
#     }
package portcullis.rules.iam.not_resource

import data.portcullis.lib

identity contains [i, n] if {
	some i, p in input.policies
	some n, s in p.statements
	count(s.not_resources) + object.get(s.unknown, "not_resources", 0) > 0
}

subjects contains input.policies[i].address if some [i, _] in identity

deny contains lib.in_policy(p, s, "it is allowed on every resource but those listed") if {
	some [i, n] in identity
	p := input.policies[i]
	s := p.statements[n]
	s.effect == "Allow"
}

unknown contains lib.in_policy(p, s, "whether the statement allows or denies is known after apply") if {
	some [i, n] in identity
	p := input.policies[i]
	s := p.statements[n]
	s.unknown.effect > 0
}

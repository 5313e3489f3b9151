# METADATA
# title: A policy says whom it lets in, not whom it does not
# description: |
#   Allow with NotPrincipal lets everybody in but those listed, people without an
#   account of AWS among them.
# related_resources:
# - https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_elements_notprincipal.html
# custom:
#   severity: critical
#   remediation: List who may in principals. NotPrincipal belongs in statements that deny.
#   types: [aws_sqs_queue, aws_sqs_queue_policy, aws_sns_topic, aws_sns_topic_policy, aws_s3_bucket, aws_s3_bucket_policy, aws_kms_key, aws_kms_key_policy, aws_kms_external_key, aws_kms_replica_key, aws_s3_access_point, aws_s3control_access_point_policy, aws_secretsmanager_secret, aws_secretsmanager_secret_policy, aws_ssm_resource_policy, aws_cloudwatch_log_resource_policy, aws_cloudwatch_log_destination_policy, aws_dynamodb_resource_policy, aws_cloudwatch_event_bus_policy, aws_ecr_repository_policy, aws_api_gateway_rest_api_policy, aws_vpc_endpoint, aws_vpc_endpoint_policy, aws_efs_file_system_policy, aws_backup_vault_policy, aws_opensearch_domain_policy, aws_lambda_layer_version_permission_policy, aws_ecrpublic_repository_policy, aws_glacier_vault, aws_media_store_container_policy, aws_glue_resource_policy, aws_kinesis_resource_policy, aws_codebuild_resource_policy, aws_acmpca_policy, aws_s3_directory_bucket_policy, aws_api_gateway_rest_api, aws_sesv2_email_identity_policy, aws_ses_identity_policy, aws_schemas_registry_policy, aws_networkfirewall_resource_policy, aws_redshift_resource_policy, aws_cloudsearch_domain_service_access_policy, aws_s3control_multi_region_access_point_policy, aws_iam_role]
#   good: |
#     data "aws_iam_policy_document" "jobs" {
#       statement {
#         actions   = ["sqs:SendMessage"]
#         resources = [aws_sqs_queue.jobs.arn]
#         principals {
#           type        = "AWS"
#           identifiers = [aws_iam_role.producer.arn]
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
#         not_principals {
#           type        = "AWS"
#           identifiers = [aws_iam_role.guest.arn]
#         }
#       }
#     }
#     resource "aws_sqs_queue_policy" "jobs" {
#       queue_url = aws_sqs_queue.jobs.id
#       policy    = data.aws_iam_policy_document.jobs.json
#     }
package portcullis.rules.access.not_principal

import data.portcullis.lib

listing := [[p, s] |
	some p in input.policies
	some s in p.statements
	count(s.not_principals) + object.get(s.unknown, "not_principals", 0) > 0
]

subjects contains p.address if some [p, _] in listing

deny contains lib.in_policy(p, s, "everybody but those listed is let in") if {
	some [p, s] in listing
	s.effect == "Allow"
}

unknown contains lib.in_policy(p, s, "whether the statement allows or denies is known after apply") if {
	some [p, s] in listing
	s.unknown.effect > 0
}

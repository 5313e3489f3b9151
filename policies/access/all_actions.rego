# METADATA
# title: Others are given actions by name
# description: |
#   service:* in the policy of a queue, bucket or topic lets whoever it names
#   delete it and open it to others.
# related_resources:
# - https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_elements_action.html
# - https://docs.aws.amazon.com/IAM/latest/UserGuide/best-practices.html#grant-least-privilege
# custom:
#   severity: high
#   remediation: List the actions that are used. Only this account as a whole, arn:aws:iam::<account>:root, may have all of them, as a key has to have an owner.
#   types: [aws_sqs_queue, aws_sqs_queue_policy, aws_sns_topic, aws_sns_topic_policy, aws_s3_bucket, aws_s3_bucket_policy, aws_kms_key, aws_kms_key_policy, aws_kms_external_key, aws_kms_replica_key, aws_s3_access_point, aws_s3control_access_point_policy, aws_secretsmanager_secret, aws_secretsmanager_secret_policy, aws_ssm_resource_policy, aws_cloudwatch_log_resource_policy, aws_cloudwatch_log_destination_policy, aws_dynamodb_resource_policy, aws_cloudwatch_event_bus_policy, aws_ecr_repository_policy, aws_api_gateway_rest_api_policy, aws_efs_file_system_policy, aws_backup_vault_policy, aws_opensearch_domain_policy, aws_lambda_layer_version_permission_policy, aws_ecrpublic_repository_policy, aws_glacier_vault, aws_media_store_container_policy, aws_glue_resource_policy, aws_kinesis_resource_policy, aws_codebuild_resource_policy, aws_acmpca_policy, aws_s3_directory_bucket_policy, aws_api_gateway_rest_api, aws_sesv2_email_identity_policy, aws_ses_identity_policy, aws_schemas_registry_policy, aws_networkfirewall_resource_policy, aws_redshift_resource_policy, aws_cloudsearch_domain_service_access_policy, aws_s3control_multi_region_access_point_policy]
#   mappings:
#     checkov: [CKV_AWS_72]
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
#         actions   = ["sqs:*"]
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
package portcullis.rules.access.all_actions

import data.portcullis.lib
import data.portcullis.lib.buckets
import data.portcullis.lib.iam

granting := [[p, s] |
	some [p, s] in iam.granting
	not p.type in {"aws_vpc_endpoint", "aws_vpc_endpoint_policy"}
]

subjects contains p.address if some [p, _] in granting

whole(s) if {
	some pattern in s.actions
	regex.match(`^([^:]+:)?[*]+$`, pattern)
}

# Whom the rights are given to is an account as a whole, whose IAM policies say the
# rest: that of the plan, as far as it shows which that is.
owner(s) if {
	count(s.principals) > 0
	every who in s.principals {
		who.type == "AWS"
		every text in who.identifiers {
			regex.match(`^([0-9]{12}|arn:[^:]*:iam::[0-9]{12}:root)$`, text)
			perhaps_ours(iam.account(text))
		}
	}
}

perhaps_ours(id) if iam.ours(id)

perhaps_ours(_) if count(input.accounts) == 0

# access/foreign-control asks that of keys and buckets.
untold(p, s) if {
	not p.type in (lib.key_policy_types | buckets.policy_types)
	count(input.accounts) == 0
	some who in s.principals
	count(who.identifiers) > 0
}

later(s) := sum([who.unknown | some who in s.principals])

deny contains lib.in_policy(p, s, "all actions are allowed") if {
	some [p, s] in granting
	whole(s)
	not owner(s)
}

unknown contains lib.in_policy(p, s, "all actions are allowed; to whom is known after apply") if {
	some [p, s] in granting
	whole(s)
	owner(s)
	later(s) > 0
}

unknown contains lib.in_policy(p, s, "all actions are allowed; whether to this account is not in the plan") if {
	some [p, s] in granting
	whole(s)
	owner(s)
	later(s) == 0
	untold(p, s)
}

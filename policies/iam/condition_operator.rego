# METADATA
# title: A condition means what it says
# description: |
#   An operator that IAM does not know is refused at apply. StringEquals takes *
#   for a star: an Allow never allows, and a Deny with it never denies.
# related_resources:
# - https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_elements_condition_operators.html
# custom:
#   severity: medium
#   remediation: Use StringLike or ArnLike where wildcards are meant, and the operators that IAM knows.
#   types: [aws_iam_policy, aws_iam_role_policy, aws_iam_user_policy, aws_iam_group_policy, aws_iam_role, aws_ssoadmin_permission_set_inline_policy, aws_iot_policy, aws_sqs_queue, aws_sqs_queue_policy, aws_sns_topic, aws_sns_topic_policy, aws_s3_bucket, aws_s3_bucket_policy, aws_kms_key, aws_kms_key_policy, aws_kms_external_key, aws_kms_replica_key, aws_s3_access_point, aws_s3control_access_point_policy, aws_secretsmanager_secret, aws_secretsmanager_secret_policy, aws_ssm_resource_policy, aws_cloudwatch_log_resource_policy, aws_cloudwatch_log_destination_policy, aws_dynamodb_resource_policy, aws_cloudwatch_event_bus_policy, aws_ecr_repository_policy, aws_api_gateway_rest_api_policy, aws_vpc_endpoint, aws_vpc_endpoint_policy, aws_efs_file_system_policy, aws_backup_vault_policy, aws_opensearch_domain_policy, aws_lambda_layer_version_permission_policy, aws_ecrpublic_repository_policy, aws_glacier_vault, aws_media_store_container_policy, aws_glue_resource_policy, aws_kinesis_resource_policy, aws_codebuild_resource_policy, aws_acmpca_policy, aws_s3_directory_bucket_policy, aws_api_gateway_rest_api, aws_sesv2_email_identity_policy, aws_ses_identity_policy, aws_schemas_registry_policy, aws_networkfirewall_resource_policy, aws_redshift_resource_policy, aws_cloudsearch_domain_service_access_policy, aws_s3control_multi_region_access_point_policy]
#   good: |
#     data "aws_iam_policy_document" "this" {
#       statement {
#         actions   = ["s3:GetObject"]
#         resources = ["${aws_s3_bucket.files.arn}/*"]
#         condition {
#           test     = "StringLike"
#           variable = "aws:PrincipalArn"
#           values   = ["arn:aws:iam::111122223333:role/ci-*"]
#         }
#       }
#     }
#   bad: |
#     data "aws_iam_policy_document" "this" {
#       statement {
#         effect    = "Deny"
#         actions   = ["s3:GetObject"]
#         resources = ["${aws_s3_bucket.files.arn}/*"]
#         condition {
#           test     = "StringNotEquals"
#           variable = "aws:PrincipalArn"
#           values   = ["arn:aws:iam::111122223333:role/ci-*"]
#         }
#       }
#     }
package portcullis.rules.iam.condition_operator

import data.portcullis.lib
import data.portcullis.lib.iam

conditions := [[p, s, c] |
	some p in input.policies
	some s in p.statements
	some c in s.conditions
]

subjects contains p.address if some [p, _, _] in conditions

known := {
	"arnequals", "arnlike", "arnnotequals", "arnnotlike", "binaryequals", "bool", "dateequals", "dategreaterthan",
	"dategreaterthanequals", "datelessthan", "datelessthanequals", "datenotequals", "ipaddress", "notipaddress", "null",
	"numericequals", "numericgreaterthan", "numericgreaterthanequals", "numericlessthan", "numericlessthanequals",
	"numericnotequals", "stringequals", "stringequalsignorecase", "stringlike", "stringnotequals",
	"stringnotequalsignorecase", "stringnotlike",
}

deny contains lib.in_policy(p, s, sprintf("IAM knows no operator %s", [c.test])) if {
	some [p, s, c] in conditions
	c.test != ""
	not iam.operator(c) in known
}

literal := {"stringequals", "stringequalsignorecase", "stringnotequals", "stringnotequalsignorecase"}

deny contains lib.in_policy(p, s, sprintf("%s on %s takes * for a star", [c.test, c.variable])) if {
	some [p, s, c] in conditions
	iam.operator(c) in literal
	some text in c.values
	contains(replace(text, "${*}", ""), "*")
}

unknown contains lib.in_policy(p, s, sprintf("the operator for %s is known after apply", [c.variable])) if {
	some [p, s, c] in conditions
	c.test == ""
}

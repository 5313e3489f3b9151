# METADATA
# title: A condition keeps somebody out
# description: |
#   A condition that everybody fulfils is none: StringLike *, 0.0.0.0/0, an
#   operator with IfExists or ForAllValues on a key that the caller may leave out,
#   a list without values. It reads as if the statement were guarded.
# related_resources:
# - https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_elements_condition_operators.html#Conditions_IfExists
# - https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_condition-single-vs-multi-valued-context-keys.html
# - https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_elements_condition.html
# custom:
#   severity: high
#   remediation: Name the values, drop IfExists, and beside ForAllValues add Null = false on the same key. In a Deny on aws:MultiFactorAuthPresent use BoolIfExists, since access keys have no such key.
#   types: [aws_iam_policy, aws_iam_role_policy, aws_iam_user_policy, aws_iam_group_policy, aws_iam_role, aws_ssoadmin_permission_set_inline_policy, aws_iot_policy, aws_sqs_queue, aws_sqs_queue_policy, aws_sns_topic, aws_sns_topic_policy, aws_s3_bucket, aws_s3_bucket_policy, aws_kms_key, aws_kms_key_policy, aws_kms_external_key, aws_kms_replica_key, aws_s3_access_point, aws_s3control_access_point_policy, aws_secretsmanager_secret, aws_secretsmanager_secret_policy, aws_ssm_resource_policy, aws_cloudwatch_log_resource_policy, aws_cloudwatch_log_destination_policy, aws_dynamodb_resource_policy, aws_cloudwatch_event_bus_policy, aws_ecr_repository_policy, aws_api_gateway_rest_api_policy, aws_vpc_endpoint, aws_vpc_endpoint_policy, aws_efs_file_system_policy, aws_backup_vault_policy, aws_opensearch_domain_policy, aws_lambda_layer_version_permission_policy, aws_ecrpublic_repository_policy, aws_glacier_vault, aws_media_store_container_policy, aws_glue_resource_policy, aws_kinesis_resource_policy, aws_codebuild_resource_policy, aws_acmpca_policy, aws_s3_directory_bucket_policy, aws_api_gateway_rest_api, aws_sesv2_email_identity_policy, aws_ses_identity_policy, aws_schemas_registry_policy, aws_networkfirewall_resource_policy, aws_redshift_resource_policy, aws_cloudsearch_domain_service_access_policy, aws_s3control_multi_region_access_point_policy]
#   good: |
#     data "aws_iam_policy_document" "this" {
#       statement {
#         actions   = ["s3:GetObject"]
#         resources = ["${aws_s3_bucket.files.arn}/*"]
#         condition {
#           test     = "StringEquals"
#           variable = "aws:PrincipalOrgID"
#           values   = ["o-a1b2c3d4e5"]
#         }
#       }
#     }
#   bad: |
#     data "aws_iam_policy_document" "this" {
#       statement {
#         actions   = ["s3:GetObject"]
#         resources = ["${aws_s3_bucket.files.arn}/*"]
#         condition {
#           test     = "StringLike"
#           variable = "aws:PrincipalOrgID"
#           values   = ["*"]
#         }
#       }
#     }
package portcullis.rules.iam.condition_binds

import data.portcullis.lib
import data.portcullis.lib.iam

conditions := [[p, s, c] |
	some p in input.policies
	some s in p.statements
	some c in s.conditions
]

subjects contains p.address if some [p, _, _] in conditions

# Keys that say who asks or for whom, and that are not there for everybody.
identity(key) if key in (iam.source_keys | iam.caller_keys)

identity(key) if regex.match(`:(sub|aud|amr)$`, key)

identity("aws:multifactorauthpresent")

hollow(s, c) := sprintf("every value fulfils %s on %s", [c.test, c.variable]) if {
	s.effect == "Allow"
	not iam.negative(c)
	iam.any_value(c)
} else := sprintf("who has no %s fulfils %s", [c.variable, c.test]) if {
	s.effect == "Allow"
	iam.if_exists(c)
	identity(c.variable)
} else := sprintf("who has no %s fulfils %s; Null = false beside it is missing", [c.variable, c.test]) if {
	s.effect == "Allow"
	iam.for_all(c)
	not present(s, c.variable)
} else := sprintf("everybody but those named fulfils %s on %s, and who has none", [c.test, c.variable]) if {
	s.effect == "Allow"
	iam.negative(c)
	identity(c.variable)
	not named(s, c.variable)
} else := sprintf("only who has no %s fulfils it", [c.variable]) if {
	s.effect == "Allow"
	iam.operator(c) == "null"
	"true" in c.values
	identity(c.variable)
} else := sprintf("%s on %s has no values: nothing fulfils it, or everything", [c.test, c.variable]) if {
	count(c.values) + c.unknown == 0
} else := "access keys have no aws:MultiFactorAuthPresent: they are not denied" if {
	s.effect == "Deny"
	c.variable == "aws:multifactorauthpresent"
	lower(c.test) == "bool"
	"false" in c.values
	not present(s, c.variable)
}

# named holds if another condition of the statement says which values a key may
# have: the negative one takes some of them away.
named(s, key) if {
	some c in s.conditions
	c.variable == key
	iam.binds(c)
}

present(s, key) if {
	some c in s.conditions
	iam.operator(c) == "null"
	c.variable == key
}

deny contains lib.in_policy(p, s, hollow(s, c)) if some [p, s, c] in conditions

unknown contains lib.in_policy(p, s, sprintf("the value of %s is known after apply and may be a wildcard", [c.variable])) if {
	some [p, s, c] in conditions
	s.effect == "Allow"
	iam.operator(c) in {"stringlike", "arnlike", "arnequals"}
	identity(c.variable)
	c.unknown > 0
	iam.unproven(c.refs)
}

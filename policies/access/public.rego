# METADATA
# title: Nothing is open to everybody
# description: |
#   Principal * without a condition that says who lets everybody use the queue,
#   topic, bucket, key or secret, from any account and often without one.
# related_resources:
# - https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_elements_principal.html#principal-anonymous
# - https://docs.aws.amazon.com/IAM/latest/UserGuide/access-analyzer-concepts.html
# custom:
#   severity: critical
#   remediation: Name the roles, accounts or services; for an organisation add a condition on aws:PrincipalOrgID.
#   types: [aws_sqs_queue, aws_sqs_queue_policy, aws_sns_topic, aws_sns_topic_policy, aws_s3_bucket, aws_s3_bucket_policy, aws_kms_key, aws_kms_key_policy, aws_kms_external_key, aws_kms_replica_key, aws_s3_access_point, aws_s3control_access_point_policy, aws_secretsmanager_secret, aws_secretsmanager_secret_policy, aws_ssm_resource_policy, aws_cloudwatch_log_resource_policy, aws_cloudwatch_log_destination_policy, aws_dynamodb_resource_policy, aws_cloudwatch_event_bus_policy, aws_ecr_repository_policy, aws_efs_file_system_policy, aws_backup_vault_policy, aws_opensearch_domain_policy, aws_lambda_layer_version_permission_policy, aws_ecrpublic_repository_policy, aws_glacier_vault, aws_media_store_container_policy, aws_glue_resource_policy, aws_kinesis_resource_policy, aws_codebuild_resource_policy, aws_acmpca_policy, aws_s3_directory_bucket_policy, aws_sesv2_email_identity_policy, aws_ses_identity_policy, aws_schemas_registry_policy, aws_networkfirewall_resource_policy, aws_redshift_resource_policy, aws_cloudsearch_domain_service_access_policy, aws_s3control_multi_region_access_point_policy]
#   mappings:
#     checkov: [CKV_AWS_33, CKV_AWS_70, CKV_AWS_168, CKV_AWS_169, CKV_AWS_283, CKV_AWS_387]
#     fsbp: [KMS.5, S3.2, S3.3, SNS.4, SQS.3]
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
#         principals {
#           type        = "AWS"
#           identifiers = ["*"]
#         }
#       }
#     }
#     resource "aws_sqs_queue_policy" "jobs" {
#       queue_url = aws_sqs_queue.jobs.id
#       policy    = data.aws_iam_policy_document.jobs.json
#     }
package portcullis.rules.access.public

import data.portcullis.lib
import data.portcullis.lib.iam

# The policies of endpoints and REST APIs bound what others grant, or guard what
# is public by purpose.
elsewhere := {"aws_vpc_endpoint", "aws_vpc_endpoint_policy", "aws_api_gateway_rest_api", "aws_api_gateway_rest_api_policy"}

granting := [[p, s] |
	some [p, s] in iam.granting
	not p.type in elsewhere
]

subjects contains p.address if some [p, _] in granting

everybody(s) if {
	some who in s.principals
	who.type == "*"
}

# Every service of AWS's, for whomever it works.
everybody(s) if {
	some who in s.principals
	who.type == "Service"
	some text in who.identifiers
	iam.every_value(text)
}

# A Deny for everybody but those named keeps the others out of what it covers.
fences(p, s) := [fence |
	some fence in p.statements
	fence.effect == "Deny"
	everybody(fence)
	count([c | some c in fence.conditions; names(c)]) > 0
	every c in fence.conditions {
		spares(c)
	}
	covers(fence.actions, s.actions)
]

fenced(p, s) if {
	some fence in fences(p, s)
	covers(iam.resources(fence), iam.resources(s))
}

perhaps_fenced(p, s) if {
	some fence in fences(p, s)
	some one in [fence, s]
	hidden(one)
}

# hidden holds for a statement on something of which nothing is seen.
hidden(s) if {
	known := [t | some t in object.get(s.templates, "resources", []); t != "${}"]
	object.get(s.unknown, "resources", 0) > count(known)
}

# names holds for a condition that all but those named fulfil, also who has no such
# key.
names(c) if {
	iam.negative(c)
	c.variable in (iam.caller_keys | iam.source_keys)
	not startswith(lower(c.test), "foranyvalue:")
	count({text | some text in c.values; iam.every_value(text)}) == 0
}

spares(c) if names(c)

# AWS's own services may be let through.
spares(c) if c.variable in {"aws:principalisawsservice", "aws:viaawsservice"}

covers(patterns, texts) if {
	count(texts) > 0
	every text in texts {
		some pattern in patterns
		lib.grants(pattern, text)
	}
}

tied(s) if iam.binds_to(s, iam.caller_keys | iam.source_keys)

open(p, s) if {
	everybody(s)
	not tied(s)
	not fenced(p, s)
}

deny contains lib.in_policy(p, s, "everybody may use it") if {
	some [p, s] in granting
	open(p, s)
	not perhaps_fenced(p, s)
	object.get(s.unknown, "conditions", 0) == 0
}

unknown contains lib.in_policy(p, s, "everybody may use it, unless a Deny on what is known after apply keeps them out") if {
	some [p, s] in granting
	open(p, s)
	perhaps_fenced(p, s)
}

unknown contains lib.in_policy(p, s, "everybody may use it, unless a condition that is known after apply keeps them out") if {
	some [p, s] in granting
	open(p, s)
	s.unknown.conditions > 0
}

unknown contains lib.in_policy(p, s, "who may use it is known after apply") if {
	some [p, s] in granting
	not everybody(s)
	not tied(s)
	some who in s.principals
	who.type in {"AWS", "*"}
	who.unknown > 0
	iam.unproven(who.refs)
}

unknown contains lib.in_policy(p, s, "who may use it is known after apply") if {
	some [p, s] in granting
	not tied(s)
	s.unknown.principals > 0
}

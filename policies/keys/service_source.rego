# METADATA
# title: A service uses a key for named resources only
# description: |
#   A statement for a service, logs.eu-west-1.amazonaws.com for instance, lets that
#   service use the key for anybody's resources: somebody else's account has it decrypt
#   or encrypt with this key. That is the confused deputy.
# related_resources:
# - https://docs.aws.amazon.com/IAM/latest/UserGuide/confused-deputy.html
# - https://docs.aws.amazon.com/AmazonCloudWatch/latest/logs/encrypt-log-data-kms.html
# custom:
#   severity: medium
#   remediation: Add a condition on aws:SourceArn or aws:SourceAccount or, for services that give none, on their encryption context, such as kms:EncryptionContext:aws:logs:arn.
#   types: [aws_kms_key, aws_kms_key_policy, aws_kms_replica_key, aws_kms_external_key]
#   good: |
#     data "aws_iam_policy_document" "key" {
#       statement {
#         actions   = ["kms:Decrypt", "kms:GenerateDataKey"]
#         resources = ["*"]
#         principals {
#           type        = "Service"
#           identifiers = ["logs.eu-west-1.amazonaws.com"]
#         }
#         condition {
#           test     = "ArnEquals"
#           variable = "kms:EncryptionContext:aws:logs:arn"
#           values   = ["arn:aws:logs:eu-west-1:111122223333:log-group:chat"]
#         }
#       }
#     }
#     resource "aws_kms_key_policy" "data" {
#       key_id = aws_kms_key.data.id
#       policy = data.aws_iam_policy_document.key.json
#     }
#   bad: |
#     data "aws_iam_policy_document" "key" {
#       statement {
#         actions   = ["kms:Decrypt", "kms:GenerateDataKey"]
#         resources = ["*"]
#         principals {
#           type        = "Service"
#           identifiers = ["logs.eu-west-1.amazonaws.com"]
#         }
#       }
#     }
#     resource "aws_kms_key_policy" "data" {
#       key_id = aws_kms_key.data.id
#       policy = data.aws_iam_policy_document.key.json
#     }
package portcullis.rules.keys.service_source

import data.portcullis.lib

policies := lib.policies_of(lib.key_policy_types)

keys := {"aws:sourceaccount", "aws:sourcearn", "aws:sourceorgid", "aws:sourceorgpaths", "aws:sourceowner", "kms:calleraccount", "kms:encryptioncontext:*"}

for_services contains [p, s] if {
	some p in policies
	some s in p.statements
	s.effect == "Allow"
	some who in s.principals
	who.type == "Service"
}

subjects contains p.address if some [p, _] in for_services

deny contains lib.in_policy(p, s, "the service may use the key for anybody") if {
	some [p, s] in for_services
	lib.bound(s, keys) == false
}

unknown contains lib.in_policy(p, s, "for whom the service may use the key is known after apply") if {
	some [p, s] in for_services
	lib.bound(s, keys) == "unknown"
}

# METADATA
# title: The account uses a key by way of a service
# description: |
#   A statement for the whole account (root) hands the decision to IAM: every policy in
#   it with kms:Decrypt on * opens the key, from anywhere. With kms:ViaService, or the
#   encryption context, the key opens only what the service hands out, to those who may
#   read it there. Low, since the policies of IAM still decide, and AWS's own default
#   policy is without.
# related_resources:
# - https://docs.aws.amazon.com/kms/latest/developerguide/conditions-kms.html#conditions-kms-via-service
# - https://docs.aws.amazon.com/kms/latest/developerguide/key-policies.html
# custom:
#   severity: low
#   remediation: Split the statement. Let the account administer the key without decrypting, and use it with a condition on kms:ViaService.
#   types: [aws_kms_key, aws_kms_key_policy, aws_kms_replica_key, aws_kms_external_key]
#   good: |
#     data "aws_iam_policy_document" "key" {
#       statement {
#         actions   = ["kms:Decrypt", "kms:GenerateDataKey"]
#         resources = ["*"]
#         principals {
#           type        = "AWS"
#           identifiers = ["arn:aws:iam::111122223333:root"]
#         }
#         condition {
#           test     = "StringEquals"
#           variable = "kms:ViaService"
#           values   = ["dynamodb.eu-west-1.amazonaws.com"]
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
#         actions   = ["kms:*"]
#         resources = ["*"]
#         principals {
#           type        = "AWS"
#           identifiers = ["arn:aws:iam::111122223333:root"]
#         }
#       }
#     }
#     resource "aws_kms_key_policy" "data" {
#       key_id = aws_kms_key.data.id
#       policy = data.aws_iam_policy_document.key.json
#     }
package portcullis.rules.keys.via_service

import data.portcullis.lib

policies := lib.policies_of(lib.key_policy_types)

keys := {"kms:encryptioncontext:*", "kms:viaservice", "aws:principalarn"}

# A statement for the account as a whole.
for_account contains [p, s] if {
	some p in policies
	some s in p.statements
	s.effect == "Allow"
	some text in lib.principal_texts(s)
	regex.match(`^([0-9]{12}|arn:.*:root)$`, text)
}

decrypts(s) if {
	count(lib.allows(s, "kms:decrypt")) > 0
} else if {
	count(s.not_actions) > 0
	every pattern in s.not_actions {
		not lib.grants(pattern, "kms:decrypt")
	}
} else := "unknown" if {
	object.get(s.unknown, "actions", 0) > 0
} else := false

verdict(s) := lib.any_of({lib.opposite(decrypts(s)), lib.bound(s, keys)})

# Who may be the account.
perhaps contains [p, s] if {
	some p in policies
	some s in p.statements
	s.effect == "Allow"
	lib.unnamed(s)
	verdict(s) != true
}

subjects contains p.address if some [p, _] in (for_account | perhaps)

deny contains lib.in_policy(p, s, "everybody in the account whom IAM lets decrypts directly") if {
	some [p, s] in for_account
	verdict(s) == false
}

unknown contains lib.in_policy(p, s, "how the account decrypts is known after apply") if {
	some [p, s] in for_account
	verdict(s) == "unknown"
}

unknown contains lib.in_policy(p, s, "whether the whole account decrypts directly is known after apply") if {
	some [p, s] in perhaps
}

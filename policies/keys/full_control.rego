# METADATA
# title: Nobody but the account has a key in full
# description: |
#   Who may do everything with a key may change its policy, delete it and decrypt with
#   it. A role that runs code needs two or three of these; the others are what an
#   intruder takes the key over with.
# related_resources:
# - https://docs.aws.amazon.com/kms/latest/developerguide/determining-access-key-policy.html
# - https://docs.aws.amazon.com/kms/latest/developerguide/key-policies.html
# custom:
#   severity: medium
#   remediation: Name the actions. Keep those that administer (kms:PutKeyPolicy, kms:ScheduleKeyDeletion) apart from those that use (kms:Decrypt).
#   types: [aws_kms_key, aws_kms_key_policy, aws_kms_replica_key, aws_kms_external_key]
#   good: |
#     data "aws_iam_policy_document" "key" {
#       statement {
#         actions   = ["kms:Decrypt", "kms:GenerateDataKey"]
#         resources = ["*"]
#         principals {
#           type        = "AWS"
#           identifiers = ["arn:aws:iam::111122223333:role/chat"]
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
#           identifiers = ["arn:aws:iam::111122223333:role/chat"]
#         }
#       }
#     }
#     resource "aws_kms_key_policy" "data" {
#       key_id = aws_kms_key.data.id
#       policy = data.aws_iam_policy_document.key.json
#     }
package portcullis.rules.keys.full_control

import data.portcullis.lib

policies := lib.policies_of(lib.key_policy_types)

# full is true if one pattern covers administering and using.
full(s) if {
	some pattern in s.actions
	every action in ["kms:decrypt", "kms:putkeypolicy", "kms:schedulekeydeletion"] {
		lib.grants(pattern, action)
	}
} else := "unknown" if {
	object.get(s.unknown, "actions", 0) > 0
} else := false

# somebody is true if a principal of a statement is no account: a role, a user,
# a service.
somebody(s) if {
	some p in s.principals
	p.type in {"Service", "Federated"}
} else if {
	some text in lib.principal_texts(s)
	not regex.match(`^([0-9]{12}|arn:.*:root|[*]|.*[$][{][}])$`, text)
} else if {
	some ref in object.get(s.refs, "principals", [])
	ref.type in {"aws_iam_role", "aws_iam_user"}
} else := "unknown" if {
	some text in lib.principal_texts(s)
	endswith(text, "${}")
} else := "unknown" if {
	some p in s.principals
	p.unknown > 0
	count(lib.principal_texts(s)) == 0
} else := false

verdict(s) := lib.all_of({full(s), somebody(s)})

granting contains [p, s] if {
	some p in policies
	some s in p.statements
	s.effect == "Allow"
}

subjects contains p.address if some [p, _] in granting

deny contains lib.in_policy(p, s, "not only the account has the key in full") if {
	some [p, s] in granting
	verdict(s) == true
}

unknown contains lib.in_policy(p, s, "who has the key in full is known after apply") if {
	some [p, s] in granting
	verdict(s) == "unknown"
}

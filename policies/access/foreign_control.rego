# METADATA
# title: Other accounts do not say who may use it
# description: |
#   Who may write a bucket's policy, its lists of access or its encryption opens it
#   for whom they like. Who may make grants on a key hands its use on. Given to
#   another account, that is as safe as the account is, and its owner can pass it on.
# related_resources:
# - https://docs.aws.amazon.com/securityhub/latest/userguide/s3-controls.html#s3-6
# - https://docs.aws.amazon.com/kms/latest/developerguide/key-policy-modifying-external-accounts.html
# - https://docs.aws.amazon.com/kms/latest/developerguide/grants.html
# custom:
#   severity: high
#   remediation: Give other accounts the actions on objects that they need, as s3:GetObject, or kms:Decrypt on a key. A service of theirs that needs grants gets kms:CreateGrant with Bool kms:GrantIsForAWSResource = true.
#   types: [aws_s3_bucket, aws_s3_bucket_policy, aws_s3_access_point, aws_s3control_access_point_policy, aws_kms_key, aws_kms_key_policy, aws_kms_replica_key, aws_kms_external_key]
#   mappings:
#     fsbp: [S3.6]
#   good: |
#     data "aws_iam_policy_document" "files" {
#       statement {
#         actions   = ["s3:GetObject"]
#         resources = ["${aws_s3_bucket.files.arn}/*"]
#         principals {
#           type        = "AWS"
#           identifiers = ["arn:aws:iam::444455556666:role/reader"]
#         }
#       }
#     }
#     resource "aws_s3_bucket_policy" "files" {
#       bucket = aws_s3_bucket.files.id
#       policy = data.aws_iam_policy_document.files.json
#     }
#   bad: |
#     data "aws_iam_policy_document" "files" {
#       statement {
#         actions   = ["s3:GetObject", "s3:PutBucket*"]
#         resources = [aws_s3_bucket.files.arn, "${aws_s3_bucket.files.arn}/*"]
#         principals {
#           type        = "AWS"
#           identifiers = ["arn:aws:iam::444455556666:role/reader"]
#         }
#       }
#     }
#     resource "aws_s3_bucket_policy" "files" {
#       bucket = aws_s3_bucket.files.id
#       policy = data.aws_iam_policy_document.files.json
#     }
package portcullis.rules.access.foreign_control

import data.portcullis.lib
import data.portcullis.lib.buckets
import data.portcullis.lib.iam

# Of what changes a key, only grants can be given to another account.
powers := {
	"s3:bypassgovernanceretention", "s3:deletebucket", "s3:deletebucketpolicy", "s3:putbucketacl", "s3:putbucketownershipcontrols",
	"s3:putbucketpolicy", "s3:putbucketpublicaccessblock", "s3:putencryptionconfiguration", "s3:putlifecycleconfiguration",
	"s3:putobjectacl", "s3:putobjectversionacl", "s3:putreplicationconfiguration",
	"kms:creategrant", "kms:revokegrant",
}

# A grant that a service makes for its own use, or to whom and for what is said.
bounded(s) if {
	some c in s.conditions
	c.variable in {"kms:granteeprincipal", "kms:grantoperations", "kms:grantconstrainttype", "kms:viaservice"}
	iam.binds(c)
}

bounded(s) if {
	some c in s.conditions
	c.variable == "kms:grantisforawsresource"
	{lower(text) | some text in c.values} == {"true"}
	iam.binds(c)
}

possible(p, _) := {a | some a in powers; startswith(a, "s3:")} if p.type in buckets.policy_types

possible(p, s) := {a | some a in powers; startswith(a, "kms:")} if {
	p.type in lib.key_policy_types
	not bounded(s)
}

given(p, s) := {a |
	some a in possible(p, s)
	some pattern in s.actions
	lib.grants(pattern, a)
} | {a |
	count(s.not_actions) > 0
	some a in possible(p, s)
	count({pattern | some pattern in s.not_actions; lib.grants(pattern, a)}) == 0
}

# A principal known after apply is of this account if all that it is set from is, as
# the ARN of a role or of whatever else is made here.
made_here(who) if {
	count(who.refs) > 0
	every ref in who.refs {
		iam.proves(ref)
		not startswith(ref.type, "aws_organizations_")
	}
}

# accounts are those of whom a statement lets in. Everybody is access/public's to
# say, but where a condition says which accounts.
accounts(s) := {id |
	some who in s.principals
	who.type == "AWS"
	some text in who.identifiers
	id := iam.account(text)
} | {id |
	some who in s.principals
	who.type == "*"
	some c in s.conditions
	c.variable in {"aws:principalaccount", "aws:principalarn", "kms:calleraccount"}
	iam.binds(c)
	some text in c.values
	id := iam.account(text)
}

later(s) if {
	some who in s.principals
	who.type == "AWS"
	who.unknown > 0
	not made_here(who)
}

# By such a condition all accounts of an organisation are let in, or all in a
# network.
by_condition(s) if {
	some who in s.principals
	who.type == "*"
	some c in s.conditions
	c.variable in {"aws:principalorgid", "aws:principalorgpaths", "aws:sourcevpc", "aws:sourcevpce", "aws:sourceip", "aws:vpcsourceip"}
	iam.binds(c)
	count(accounts(s)) == 0
}

foreign(s) if {
	some id in accounts(s)
	not iam.ours(id)
}

foreign(s) if by_condition(s)

granting := [[p, s] |
	some [p, s] in iam.granting
	p.type in (buckets.policy_types | lib.key_policy_types)
]

subjects contains p.address if some [p, _] in granting

told if count(input.accounts) > 0

deny contains lib.in_policy(p, s, sprintf("others than this account have %s", [iam.some_of(given(p, s))])) if {
	some [p, s] in granting
	foreign(s)
	told
	count(given(p, s)) > 0
}

deny contains lib.in_policy(p, s, sprintf("others than this account have %s", [iam.some_of(given(p, s))])) if {
	some [p, s] in granting
	by_condition(s)
	count(given(p, s)) > 0
}

unknown contains lib.in_policy(p, s, sprintf("%s may be another account's; which is this one is not in the plan", [iam.some_of(given(p, s))])) if {
	some [p, s] in granting
	foreign(s)
	not by_condition(s)
	not told
	count(given(p, s)) > 0
}

unknown contains lib.in_policy(p, s, sprintf("who has %s is known after apply", [iam.some_of(given(p, s))])) if {
	some [p, s] in granting
	later(s)
	count(given(p, s)) > 0
}

unknown contains lib.in_policy(p, s, "what others than this account have is known after apply") if {
	some [p, s] in granting
	foreign(s)
	s.unknown.actions > 0
}

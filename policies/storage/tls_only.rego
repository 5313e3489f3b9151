# METADATA
# title: A bucket refuses requests without TLS
# description: |
#   S3 answers over HTTP too. Who listens on the way has the objects and can change them;
#   a signed request in clear can be sent again.
# related_resources:
# - https://docs.aws.amazon.com/AmazonS3/latest/userguide/security-best-practices.html
# custom:
#   severity: medium
#   remediation: Add an aws_s3_bucket_policy that denies s3:* to everybody where aws:SecureTransport is false.
#   types: [aws_s3_bucket, aws_s3_bucket_policy]
#   mappings:
#     checkov: [CKV_AWS_379]
#     fsbp: [S3.5]
#     cis: ["3.0.0/2.1.1", "5.0.0/2.1.1"]
#   good: |
#     data "aws_iam_policy_document" "files" {
#       statement {
#         effect    = "Deny"
#         actions   = ["s3:*"]
#         resources = [aws_s3_bucket.files.arn, "${aws_s3_bucket.files.arn}/*"]
#         principals {
#           type        = "AWS"
#           identifiers = ["*"]
#         }
#         condition {
#           test     = "Bool"
#           variable = "aws:SecureTransport"
#           values   = ["false"]
#         }
#       }
#     }
#     resource "aws_s3_bucket_policy" "files" {
#       bucket = aws_s3_bucket.files.id
#       policy = data.aws_iam_policy_document.files.json
#     }
#   bad: |
#     resource "aws_s3_bucket" "files" {
#       bucket = "files"
#     }
package portcullis.rules.storage.tls_only

import data.portcullis.lib
import data.portcullis.lib.iam

refusing(s) if {
	s.effect == "Deny"
	lib.everybody(s) == true
	some pattern in s.actions
	every action in ["s3:getobject", "s3:putobject"] {
		lib.grants(pattern, action)
	}
	without_tls(s.conditions)
}

# On the bucket alone, or on a folder, requests for its objects are not refused.
refused(s) if {
	refusing(s)
	some text in iam.resources(s)
	regex.match(`^(arn:[^:]*:s3:::)?[^/]*/?[*]$`, text)
}

# Each condition of a statement has to hold, so one more would let some through.
without_tls([c]) if {
	c.variable == "aws:securetransport"
	lower(c.test) in {"bool", "boolifexists"}
	{lower(text) | some text in c.values} == {"false"}
}

# What of a policy is not known may be it.
unclear(s) if {
	s.effect == "Deny"
	some list in ["actions", "principals", "conditions"]
	object.get(s.unknown, list, 0) > 0
}

unclear(s) if {
	refusing(s)
	object.get(s.unknown, "resources", 0) > 0
}

unclear(s) if {
	s.effect == "Deny"
	some c in s.conditions
	c.variable == "aws:securetransport"
	c.unknown > 0
}

says(p) if {
	some s in p.statements
	refused(s)
} else := "unknown" if {
	p.state == "opaque"
} else := "unknown" if {
	some s in p.statements
	unclear(s)
} else := false

verdict(b) := lib.any_of((({says(p) |
	some c in lib.companions(b, "aws_s3_bucket_policy", ["bucket"])
	some p in lib.policies_at(c.address)
} | {says(p) |
	some p in lib.policies_at(b.address)
}) | {"unknown" |
	lib.companion(b, "aws_s3_bucket_policy", ["bucket"]) == "unknown"
}))

subjects contains b.address if some b in input.by_type.aws_s3_bucket

deny contains lib.finding(b, [], "requests without TLS are answered") if {
	some b in input.by_type.aws_s3_bucket
	verdict(b) == false
}

unknown contains lib.finding(b, [], "whether requests without TLS are answered is known after apply") if {
	some b in input.by_type.aws_s3_bucket
	verdict(b) == "unknown"
}

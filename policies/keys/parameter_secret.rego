# METADATA
# title: A secret parameter is a SecureString
# description: |
#   A parameter of type String is stored and listed in clear, and ssm:GetParameters is
#   all it takes to read it: passwords and tokens are not for it.
# related_resources:
# - https://docs.aws.amazon.com/systems-manager/latest/userguide/secure-string-parameter-kms-encryption.html
# custom:
#   severity: high
#   remediation: Set type = "SecureString" with key_id of an aws_kms_key.
#   types: [aws_ssm_parameter]
#   mappings:
#     checkov: [CKV2_AWS_34]
#   good: |
#     resource "aws_ssm_parameter" "token" {
#       name             = "/chat/api-token"
#       type             = "SecureString"
#       value_wo         = var.token
#       value_wo_version = 1
#     }
#   bad: |
#     resource "aws_ssm_parameter" "token" {
#       name  = "/chat/api-token"
#       type  = "String"
#       value = var.token
#     }
package portcullis.rules.keys.parameter_secret

import data.portcullis.lib

# Words for secrets at the end of a name: "token" is one, "token_ttl" is not.
secret_name := `(?i)(pass(word|wd|phrase)|pwd|secret|token|api[-_.]?key|private[-_.]?key|(access|signing|encryption)[-_.]?key|credential)s?([-_.]?(value|string|[0-9]+))?$`

named(r) := regex.match(secret_name, r.values.name) if {
	r.values.name
} else := "unknown"

clear(r) := lib.opposite(lib.equals(r, ["type"], "SecureString"))

verdict(r) := lib.all_of({named(r), clear(r)})

subjects contains r.address if {
	some r in input.by_type.aws_ssm_parameter
	named(r) != false
}

deny contains lib.finding(r, ["type"], "by its name it is a secret, and it is stored in clear") if {
	some r in input.by_type.aws_ssm_parameter
	verdict(r) == true
}

unknown contains lib.finding(r, ["type"], "whether a secret is stored in clear is known after apply") if {
	some r in input.by_type.aws_ssm_parameter
	verdict(r) == "unknown"
}

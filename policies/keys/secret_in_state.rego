# METADATA
# title: No secret comes through the state
# description: |
#   What is written in a configuration, handed in as a variable or made by a resource
#   such as random_password is in the plan and in the state in clear: whoever reads one
#   of them, or the repository, has it.
# related_resources:
# - https://developer.hashicorp.com/terraform/language/manage-sensitive-data
# - https://registry.terraform.io/providers/hashicorp/aws/latest/docs/guides/using-write-only-arguments
# custom:
#   severity: medium
#   remediation: Use secret_string_wo (value_wo for a parameter) with an ephemeral value, Terraform 1.11 or later, or have the rotation function write the first version.
#   types: [aws_secretsmanager_secret_version, aws_ssm_parameter]
#   good: |
#     ephemeral "aws_secretsmanager_random_password" "origin" {
#       password_length = 32
#     }
#     resource "aws_secretsmanager_secret_version" "origin" {
#       secret_id                = aws_secretsmanager_secret.origin.id
#       secret_string_wo         = ephemeral.aws_secretsmanager_random_password.origin.random_password
#       secret_string_wo_version = 1
#     }
#   bad: |
#     resource "aws_secretsmanager_secret_version" "origin" {
#       secret_id     = aws_secretsmanager_secret.origin.id
#       secret_string = "correct-horse"
#     }
package portcullis.rules.keys.secret_in_state

import data.portcullis.lib

values contains [r, path] if {
	some r in input.by_type.aws_secretsmanager_secret_version
	some path in [["secret_string"], ["secret_binary"]]
	lib.written(r, path)
	lib.is_set(r, path)
}

values contains [r, path] if {
	some r in input.by_type.aws_ssm_parameter
	lib.equals(r, ["type"], "SecureString") == true
	some path in [["value"], ["insecure_value"]]
	lib.written(r, path)
	lib.is_set(r, path)
}

subjects contains r.address if {
	some type in ["aws_secretsmanager_secret_version", "aws_ssm_parameter"]
	some r in input.by_type[type]
	object.get(r.values, "type", "SecureString") == "SecureString"
}

makers := {"random_bytes", "random_id", "random_password", "random_string", "random_uuid", "tls_private_key", "aws_iam_access_key"}

deny contains lib.finding(r, path, "the secret is written in the configuration or a variable, and in the state") if {
	some [r, path] in values
	count(lib.refs(r, path)) == 0
}

deny contains lib.finding(r, path, sprintf("the secret that %s makes is in the state", [ref.address])) if {
	some [r, path] in values
	some ref in lib.refs(r, path)
	ref.type in makers
}

unknown contains lib.finding(r, path, "the value is in the state; whether it is secret cannot be seen") if {
	some [r, path] in values
	found := lib.refs(r, path)
	count(found) > 0
	every ref in found {
		not ref.type in makers
	}
}

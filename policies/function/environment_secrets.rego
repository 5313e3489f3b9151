# METADATA
# title: There are no secrets in the settings of a function
# description: |
#   Variables are shown in the console, in every API answer about the function
#   and in Terraform's state, and they stay in each published version. A secret
#   in them is one that many know and nobody can change. In a plan where a
#   variable is known after apply no variable can be seen; then only what they
#   are set from is judged.
# related_resources:
# - https://docs.aws.amazon.com/lambda/latest/dg/configuration-envvars.html
# - https://docs.aws.amazon.com/secretsmanager/latest/userguide/retrieving-secrets_lambda.html
# custom:
#   severity: high
#   remediation: Keep it in Secrets Manager or as a SecureString parameter, give the function its name, and let the function's role read it. A key of AWS's is replaced by the role itself.
#   types: [aws_lambda_function]
#   mappings:
#     checkov: [CKV_AWS_45]
#   good: |
#     resource "aws_lambda_function" "chat" {
#       function_name = "chat"
#       role          = aws_iam_role.chat.arn
#       filename      = "chat.zip"
#       runtime       = "provided.al2023"
#       handler       = "bootstrap"
#
#       environment {
#         variables = { DATABASE_SECRET_ARN = aws_secretsmanager_secret.database.arn }
#       }
#     }
#   bad: |
#     resource "aws_lambda_function" "chat" {
#       function_name = "chat"
#       role          = aws_iam_role.chat.arn
#       filename      = "chat.zip"
#       runtime       = "provided.al2023"
#       handler       = "bootstrap"
#
#       environment {
#         variables = { DATABASE_PASSWORD = var.database_password }
#       }
#     }
package portcullis.rules.function.environment_secrets

import data.portcullis.lib

settings := ["environment", 0, "variables"]

subjects contains r.address if some r in with_settings

with_settings contains r if {
	some r in input.by_type.aws_lambda_function
	lib.is_set(r, settings)
}

with_settings contains r if {
	some r in input.by_type.aws_lambda_function
	lib.veiled(r, settings)
}

# A message never has the value.
deny contains lib.finding(r, array.concat(settings, [name]), "the value has the form of a key, a token or a password in a URL") if {
	some r in with_settings
	some name, text in told(r)
	secret_form(replace(text, "${}", ""))
}

deny contains lib.finding(r, array.concat(settings, [name]), "by its name the variable is a secret, and its value is here") if {
	some r in with_settings
	some name, text in told(r)
	secret_name(name)
	not contains(text, "${}")
	not harmless(text)
	not secret_form(text)
}

deny contains lib.finding(r, array.concat(settings, [name]), "by its name the variable is a secret, and Terraform is told that its value is") if {
	some r in with_settings
	some name, "sensitive" in hidden(r)
	secret_name(name)
}

unknown contains lib.finding(r, array.concat(settings, [name]), "the value is sensitive: whether it is a secret cannot be seen") if {
	some r in with_settings
	some name, "sensitive" in hidden(r)
	not secret_name(name)
}

unknown contains lib.finding(r, settings, "a variable comes from what may be a secret, and none can be seen before apply") if {
	some r in with_settings
	lib.state(r, settings) == "reference"
	not plain(r)
}

# told are the values that can be told, by name. A plan has either all variables
# or, with one that is known after apply, none: then those are told that the
# source writes down.
told(r) := lib.value(r, settings) if {
	lib.state(r, settings) == "known"
} else := {name: text |
	some path, [text] in r.templates
	startswith(path, "environment.0.variables.")
	name := trim_prefix(path, "environment.0.variables.")
}

# What they are set from is judged too. Without sources nobody sees what is
# written beside it.
plain(r) if {
	count(told(r)) > 0
	not "*" in object.keys(told(r))
	found := lib.refs(r, settings)
	count(found) > 0
	every ref in found {
		startswith(ref.type, "aws_")
		not object.get(ref, "attribute", "") in secrets
	}
}

secrets := {"client_secret", "master_password", "password", "private_key", "secret", "secret_binary", "secret_string", "ses_smtp_password_v4", "value"}

# hidden are the variables whose values cannot be read, with the reason.
hidden(r) := {name: reason |
	some path, reason in r.unknown
	startswith(path, "environment.0.variables.")
	name := trim_prefix(path, "environment.0.variables.")
}

secret_form(text) if {
	regex.match(`(^|[^A-Z0-9])(AKIA|ASIA)[A-Z0-9]{16}($|[^A-Z0-9])|-----BEGIN [A-Z ]*PRIVATE KEY|(^|[^A-Za-z0-9])(gh[pousr]_[A-Za-z0-9]{30,}|xox[abprs]-[A-Za-z0-9-]{10,}|[rs]k_live_[A-Za-z0-9]{16,}|AIza[A-Za-z0-9_-]{35})|^eyJ[A-Za-z0-9_-]+[.]eyJ[A-Za-z0-9_-]+[.]|://[^/:@\s]*:[^/@\s]+@`, text)
}

# DATABASE_PASSWORD, dbPassword, API_KEY; not SECRET_ARN, TOKEN_TTL or KEY_ID.
secret_name(name) if {
	regex.match(`(?i)(passwo?rd|passwd|passphrase|(^|_)pwd|secret|(secret|api|access|private|signing|encryption|client|auth)_?key|token|credentials?)(_?[0-9]+)?$`, name)
}

# Nothing, a switch, a number, an ARN, a path (of a parameter), a URL, or a
# reference that the function resolves.
harmless(text) if {
	regex.match(`(?i)^(|true|false|yes|no|none|[0-9.]+|arn:.*|/[a-z0-9_./-]*|https?://.*|(ssm|secretsmanager|aws-sm|aws-ssm)://.*|\{\{resolve:.*)$`, text)
}

# The name of a secret or parameter of the plan.
harmless(text) if text in names

names contains r.values.name if {
	some type in ["aws_secretsmanager_secret", "aws_ssm_parameter"]
	some r in input.by_type[type]
}

# METADATA
# title: A secret is rotated within 90 days
# description: |
#   A secret that never changes is known to everybody who ever had it: former
#   colleagues, old backups, logs. Low, since some secrets are another company's and
#   only it can change them.
# related_resources:
# - https://docs.aws.amazon.com/secretsmanager/latest/userguide/rotating-secrets.html
# custom:
#   severity: low
#   remediation: Add an aws_secretsmanager_secret_rotation with a function and rotation_rules of 90 days or fewer.
#   types: [aws_secretsmanager_secret, aws_secretsmanager_secret_rotation]
#   mappings:
#     checkov: [CKV2_AWS_57, CKV_AWS_304]
#     fsbp: [SecretsManager.1, SecretsManager.4]
#   good: |
#     resource "aws_secretsmanager_secret" "origin" {
#       name = "origin"
#     }
#     resource "aws_secretsmanager_secret_rotation" "origin" {
#       secret_id           = aws_secretsmanager_secret.origin.id
#       rotation_lambda_arn = aws_lambda_function.rotate.arn
#       rotation_rules {
#         automatically_after_days = 30
#       }
#     }
#   bad: |
#     resource "aws_secretsmanager_secret" "origin" {
#       name = "origin"
#     }
package portcullis.rules.keys.secret_rotation

import data.portcullis.lib

days := ["rotation_rules", 0, "automatically_after_days"]

schedule := ["rotation_rules", 0, "schedule_expression"]

longest := 90

subjects contains r.address if {
	some r in input.by_type.aws_secretsmanager_secret
	lib.companion(r, "aws_secretsmanager_secret_rotation", ["secret_id"]) != true
}

subjects contains r.address if some r in input.by_type.aws_secretsmanager_secret_rotation

deny contains lib.finding(r, [], "the secret is never rotated") if {
	some r in input.by_type.aws_secretsmanager_secret
	lib.companion(r, "aws_secretsmanager_secret_rotation", ["secret_id"]) == false
}

unknown contains lib.finding(r, [], "which secret a rotation of the plan is for is known after apply") if {
	some r in input.by_type.aws_secretsmanager_secret
	lib.companion(r, "aws_secretsmanager_secret_rotation", ["secret_id"]) == "unknown"
}

deny contains lib.finding(r, days, sprintf("rotated after %d days only", [lib.value(r, days)])) if {
	some r in input.by_type.aws_secretsmanager_secret_rotation
	lib.value(r, days) > longest
}

deny contains lib.finding(r, schedule, sprintf("rotated by %s only", [text])) if {
	some r in input.by_type.aws_secretsmanager_secret_rotation
	text := r.values.rotation_rules[0].schedule_expression
	[[_, number]] := regex.find_all_string_submatch_n(`^rate[(]([0-9]+) days?[)]$`, text, 1)
	to_number(number) > longest
}

unknown contains lib.finding(r, path, "how often it is rotated is known after apply") if {
	some r in input.by_type.aws_secretsmanager_secret_rotation
	some path in [days, schedule]
	lib.state(r, path) == "reference"
}

# cron(minutes hours day month weekday year): in every month, or in some.
unknown contains lib.finding(r, schedule, sprintf("whether %s is every 90 days is not told", [text])) if {
	some r in input.by_type.aws_secretsmanager_secret_rotation
	text := r.values.rotation_rules[0].schedule_expression
	split(text, " ")[3] != "*"
}

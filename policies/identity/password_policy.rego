# METADATA
# title: Passwords are long, or long enough and mixed
# description: |
#   Short passwords are guessed, and a password_policy block takes away Cognito's
#   own demands: a class that it does not name is not asked for. Asked for are 15
#   characters, or 8 of all four classes; temporary passwords end within 7 days.
# related_resources:
# - https://docs.aws.amazon.com/cognito/latest/developerguide/managing-users-passwords.html
# custom:
#   severity: medium
#   remediation: Set minimum_length and all four require_ attributes, and temporary_password_validity_days to 7 or less; or leave the block out, which asks for 8 characters of all classes.
#   types: [aws_cognito_user_pool]
#   mappings:
#     fsbp: [Cognito.3]
#   good: |
#     resource "aws_cognito_user_pool" "chat" {
#       name = "chat"
#       password_policy {
#         minimum_length    = 12
#         require_lowercase = true
#         require_uppercase = true
#         require_numbers   = true
#         require_symbols   = true
#         temporary_password_validity_days = 1
#       }
#     }
#   bad: |
#     resource "aws_cognito_user_pool" "chat" {
#       name = "chat"
#       password_policy {
#         minimum_length = 8
#       }
#     }
package portcullis.rules.identity.password_policy

import data.portcullis.lib

classes := ["require_lowercase", "require_uppercase", "require_numbers", "require_symbols"]

subjects contains r.address if some r in input.by_type.aws_cognito_user_pool

within(name) := ["password_policy", 0, name]

# own are the pools with a policy of their own, that can be read.
own contains r if {
	some r in input.by_type.aws_cognito_user_pool
	some _ in r.values.password_policy
}

later contains [r, within(name)] if {
	some r in own
	some name in array.concat(classes, ["minimum_length", "temporary_password_validity_days"])
	lib.state(r, within(name)) == "reference"
}

# A policy without a length asks for none of its own; the API wants 6 at least.
size(r) := lib.value(r, within("minimum_length")) if {
	lib.state(r, within("minimum_length")) == "known"
} else := 6

deny contains lib.finding(r, within("minimum_length"), sprintf("%d characters are few", [size(r)])) if {
	some r in own
	size(r) < 8
	lib.state(r, within("minimum_length")) != "reference"
}

deny contains lib.finding(r, within(name), sprintf("%s is not set, and passwords may have less than 15 characters", [name])) if {
	some r in own
	size(r) < 15
	lib.state(r, within("minimum_length")) != "reference"
	some name in classes
	lib.equals(r, within(name), true) == false
}

deny contains lib.finding(r, within("temporary_password_validity_days"), "invitations are good for more than a week") if {
	some r in own
	lib.state(r, within("temporary_password_validity_days")) == "known"
	lib.value(r, within("temporary_password_validity_days")) > 7
}

unknown contains lib.finding(r, at, "what a password needs is known after apply") if some [r, at] in later

unknown contains lib.finding(r, ["password_policy"], "what a password needs is known after apply") if {
	some r in input.by_type.aws_cognito_user_pool
	lib.state(r, ["password_policy"]) == "reference"
}

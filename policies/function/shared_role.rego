# METADATA
# title: Each function has a role of its own
# description: |
#   Functions of one role can do what any of them has to do: whoever breaks into
#   the least guarded one has the rights of all.
# related_resources:
# - https://docs.aws.amazon.com/lambda/latest/dg/lambda-intro-execution-role.html
# - https://docs.aws.amazon.com/IAM/latest/UserGuide/best-practices.html#grant-least-privilege
# custom:
#   severity: medium
#   remediation: Make an aws_iam_role for each function, with the rights that this one uses.
#   types: [aws_lambda_function]
#   good: |
#     resource "aws_lambda_function" "read" {
#       function_name = "read"
#       role          = aws_iam_role.read.arn
#       filename      = "read.zip"
#       runtime       = "provided.al2023"
#       handler       = "bootstrap"
#     }
#
#     resource "aws_lambda_function" "write" {
#       function_name = "write"
#       role          = aws_iam_role.write.arn
#       filename      = "write.zip"
#       runtime       = "provided.al2023"
#       handler       = "bootstrap"
#     }
#   bad: |
#     resource "aws_lambda_function" "all" {
#       for_each = toset(["read", "write"])
#
#       function_name = each.key
#       role          = aws_iam_role.all.arn
#       filename      = "${each.key}.zip"
#       runtime       = "provided.al2023"
#       handler       = "bootstrap"
#     }
package portcullis.rules.function.shared_role

import data.portcullis.lib

role := ["role"]

# roles are the functions' roles: by address where the plan has them, else by
# their ARN.
roles[r.address] contains target.address if {
	some r in input.by_type.aws_lambda_function
	some target in lib.targets(r, role, "aws_iam_role")
}

roles[r.address] contains lib.value(r, role) if {
	some r in input.by_type.aws_lambda_function
	count(lib.targets(r, role, "aws_iam_role")) == 0
	lib.state(r, role) == "known"
}

# A role of a reference that leads to several is not told.
# Both are made once for all functions.
role_of := {address: names | some address, names in roles}

functions_of := {name: addresses | some name, addresses in sharers}

told(r) if count(role_of[r.address]) == 1

sharers[name] contains r.address if {
	some r in input.by_type.aws_lambda_function
	told(r)
	some name in role_of[r.address]
}

subjects contains r.address if some r in input.by_type.aws_lambda_function

deny contains lib.finding(r, role, sprintf("%d functions have this role", [count(all)])) if {
	some r in input.by_type.aws_lambda_function
	some name in role_of[r.address]
	all := functions_of[name]
	count(all) > 1
}

unknown contains lib.finding(r, role, "whether another function has its role is known after apply") if {
	some r in input.by_type.aws_lambda_function
	not told(r)
	count(input.by_type.aws_lambda_function) > 1
}

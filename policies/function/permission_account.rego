# METADATA
# title: A permission names a role, not an account
# description: |
#   With an account as principal everybody there whom its own administrators let
#   may run the function; who that is, is not yours to say.
# related_resources:
# - https://docs.aws.amazon.com/lambda/latest/dg/permissions-function-cross-account.html
# custom:
#   severity: medium
#   remediation: Set principal to the ARN of the role that calls. In the function's own account grant lambda:InvokeFunction to that role instead.
#   types: [aws_lambda_permission]
#   good: |
#     resource "aws_lambda_permission" "partner" {
#       action        = "lambda:InvokeFunction"
#       function_name = aws_lambda_function.rates.function_name
#       principal     = "arn:aws:iam::111122223333:role/billing"
#     }
#   bad: |
#     resource "aws_lambda_permission" "partner" {
#       action        = "lambda:InvokeFunction"
#       function_name = aws_lambda_function.rates.function_name
#       principal     = "111122223333"
#     }
package portcullis.rules.function.permission_account

import data.portcullis.lib

principal := ["principal"]

service(r) if endswith(lib.text(r, principal), ".amazonaws.com")

service(r) if endswith(lib.text(r, principal), ".amazonaws.com.cn")

# Everybody is another rule's, websocket/permission-source.
others contains r if {
	some r in input.by_type.aws_lambda_permission
	not service(r)
	not lib.value(r, principal) == "*"
}

subjects contains r.address if some r in others

deny contains lib.finding(r, principal, "a whole account may run the function") if {
	some r in others
	regex.match(`^([0-9]{12}|arn:[^:]*:iam::[^:]*:root)$`, lib.text(r, principal))
}

unknown contains lib.finding(r, principal, "who may run the function is known after apply") if {
	some r in others
	lib.unclear(r, principal, {"aws_iam_role", "aws_iam_user"})
}

# METADATA
# title: A layer is shared with accounts that are named
# description: |
#   With the principal * everybody with an AWS account may read the layer's code,
#   and what was packed into it by mistake.
# related_resources:
# - https://docs.aws.amazon.com/lambda/latest/dg/permissions-layer-cross-account.html
# custom:
#   severity: high
#   remediation: Set principal to an account, or organization_id to your organisation beside principal = "*".
#   types: [aws_lambda_layer_version_permission]
#   good: |
#     resource "aws_lambda_layer_version_permission" "shared" {
#       layer_name      = aws_lambda_layer_version.shared.layer_name
#       version_number  = aws_lambda_layer_version.shared.version
#       statement_id    = "organisation"
#       action          = "lambda:GetLayerVersion"
#       principal       = "*"
#       organization_id = "o-exampleorgid"
#     }
#   bad: |
#     resource "aws_lambda_layer_version_permission" "shared" {
#       layer_name     = aws_lambda_layer_version.shared.layer_name
#       version_number = aws_lambda_layer_version.shared.version
#       statement_id   = "everybody"
#       action         = "lambda:GetLayerVersion"
#       principal      = "*"
#     }
package portcullis.rules.function.layer_public

import data.portcullis.lib

subjects contains r.address if some r in input.by_type.aws_lambda_layer_version_permission

unbound contains r if {
	some r in input.by_type.aws_lambda_layer_version_permission
	not lib.is_set(r, ["organization_id"])
}

deny contains lib.finding(r, ["principal"], "everybody with an AWS account may read the layer") if {
	some r in unbound
	lib.equals(r, ["principal"], "*") == true
}

unknown contains lib.finding(r, ["principal"], "who may read the layer is known after apply") if {
	some r in unbound
	lib.equals(r, ["principal"], "*") == "unknown"
	not lib.set_from(r, ["principal"], {"aws_caller_identity", "aws_organizations_account"})
}

# METADATA
# title: Code that is not signed is refused
# description: |
#   The default, Warn, takes code without a valid signature and writes a metric
#   that nobody looks at.
# related_resources:
# - https://docs.aws.amazon.com/lambda/latest/dg/configuration-codesigning.html
# custom:
#   severity: medium
#   remediation: Set untrusted_artifact_on_deployment = "Enforce".
#   types: [aws_lambda_code_signing_config]
#   good: |
#     resource "aws_lambda_code_signing_config" "build" {
#       allowed_publishers {
#         signing_profile_version_arns = [aws_signer_signing_profile.build.version_arn]
#       }
#
#       policies {
#         untrusted_artifact_on_deployment = "Enforce"
#       }
#     }
#   bad: |
#     resource "aws_lambda_code_signing_config" "build" {
#       allowed_publishers {
#         signing_profile_version_arns = [aws_signer_signing_profile.build.version_arn]
#       }
#     }
package portcullis.rules.function.code_signing_enforce

import data.portcullis.lib

reaction := ["policies", 0, "untrusted_artifact_on_deployment"]

subjects contains r.address if some r in input.by_type.aws_lambda_code_signing_config

deny contains lib.finding(r, reaction, "unsigned code is taken with a warning") if {
	some r in input.by_type.aws_lambda_code_signing_config
	lib.equals(r, reaction, "Enforce") == false
}

unknown contains lib.finding(r, reaction, "whether unsigned code is refused is known after apply") if {
	some r in input.by_type.aws_lambda_code_signing_config
	lib.equals(r, reaction, "Enforce") == "unknown"
}

# METADATA
# title: No policy of AWS makes an administrator
# description: |
#   AdministratorAccess, IAMFullAccess and PowerUserAccess let their bearer do
#   everything, or give themselves the rest. Whoever gets at the function, the
#   build or the user that has one has the account.
# related_resources:
# - https://docs.aws.amazon.com/IAM/latest/UserGuide/access_policies_job-functions.html
# - https://docs.aws.amazon.com/IAM/latest/UserGuide/best-practices.html#grant-least-privilege
# custom:
#   severity: critical
#   remediation: Attach a policy that names the actions and the resources that are used.
#   types: [aws_iam_role, aws_iam_role_policy_attachment, aws_iam_user_policy_attachment, aws_iam_group_policy_attachment, aws_iam_policy_attachment, aws_iam_role_policy_attachments_exclusive, aws_iam_user_policy_attachments_exclusive, aws_iam_group_policy_attachments_exclusive, aws_ssoadmin_managed_policy_attachment]
#   mappings:
#     checkov: [CKV_AWS_274, CKV_AWS_275, CKV2_AWS_56]
#     cis: ["3.0.0/1.16", "5.0.0/1.15"]
#   good: |
#     resource "aws_iam_role_policy_attachment" "this" {
#       role       = aws_iam_role.this.name
#       policy_arn = aws_iam_policy.reader.arn
#     }
#   bad: |
#     resource "aws_iam_role_policy_attachment" "this" {
#       role       = aws_iam_role.this.name
#       policy_arn = "arn:aws:iam::aws:policy/AdministratorAccess"
#     }
package portcullis.rules.iam.managed_admin

import data.portcullis.lib

subjects contains a.address if some a in input.attachments

# Full rights, rights over rights, or rights to run code as any role.
strong := {
	"AdministratorAccess", "AdministratorAccess-Amplify", "IAMFullAccess", "PowerUserAccess", "job-function/SystemAdministrator",
	"AWSOrganizationsFullAccess", "AWSSSOMasterAccountAdministrator", "AWSCloudFormationFullAccess", "AWSLambda_FullAccess",
	"AmazonEC2FullAccess", "AmazonSageMakerFullAccess", "AWSCodeBuildAdminAccess", "AWSGlueConsoleFullAccess", "AWSDataPipeline_FullAccess",
	"AWSCodeStarFullAccess", "AmazonSSMFullAccess", "AWSKeyManagementServicePowerUser", "SecretsManagerReadWrite",
}

deny contains lib.finding({"address": a.address}, [a.path], sprintf("%s is attached to %s", [name, a.bearer])) if {
	some a in input.attachments
	name := regex.replace(a.arn, `^arn:[^:]*:iam::aws:policy/`, "")
	name != a.arn
	name in strong
}

unknown contains lib.finding({"address": a.address}, [a.path], sprintf("which policy is attached to %s is known after apply", [a.bearer])) if {
	some a in input.attachments
	not a.policy
	not a.arn
}

# METADATA
# title: Nobody has all of CloudShell
# description: |
#   AWSCloudShellFullAccess gives a shell with sudo and a way to the internet, to
#   which files can be sent and from which they can be fetched: a way out for data
#   that no network rule of yours sees.
# related_resources:
# - https://docs.aws.amazon.com/securityhub/latest/userguide/iam-controls.html#iam-27
# - https://docs.aws.amazon.com/cloudshell/latest/userguide/sec-auth-with-identities.html
# custom:
#   severity: medium
#   remediation: Attach a policy of your own that leaves out cloudshell:GetFileDownloadUrls and cloudshell:GetFileUploadUrls.
#   types: [aws_iam_role, aws_iam_role_policy_attachment, aws_iam_user_policy_attachment, aws_iam_group_policy_attachment, aws_iam_policy_attachment, aws_iam_role_policy_attachments_exclusive, aws_iam_user_policy_attachments_exclusive, aws_iam_group_policy_attachments_exclusive, aws_ssoadmin_managed_policy_attachment]
#   mappings:
#     fsbp: [IAM.27]
#     cis: ["3.0.0/1.22", "5.0.0/1.21"]
#   good: |
#     resource "aws_iam_group_policy_attachment" "operators" {
#       group      = aws_iam_group.operators.name
#       policy_arn = aws_iam_policy.shell_without_files.arn
#     }
#   bad: |
#     resource "aws_iam_group_policy_attachment" "operators" {
#       group      = aws_iam_group.operators.name
#       policy_arn = "arn:aws:iam::aws:policy/AWSCloudShellFullAccess"
#     }
package portcullis.rules.iam.cloudshell

import data.portcullis.lib

subjects contains a.address if some a in input.attachments

deny contains lib.finding({"address": a.address}, [a.path], sprintf("a shell with internet is given to %s", [a.bearer])) if {
	some a in input.attachments
	regex.match(`^arn:[^:]*:iam::aws:policy/AWSCloudShellFullAccess$`, a.arn)
}

unknown contains lib.finding({"address": a.address}, [a.path], sprintf("which policy is attached to %s is known after apply", [a.bearer])) if {
	some a in input.attachments
	not a.policy
	not a.arn
}

# METADATA
# title: Nobody gets the credentials of everybody
# description: |
#   These actions answer with credentials: keys, passwords or tokens of others. On
#   every resource they are those of an administrator.
# related_resources:
# - https://docs.aws.amazon.com/IAM/latest/UserGuide/id_credentials_access-keys.html
# - https://docs.aws.amazon.com/IAM/latest/UserGuide/best-practices.html#grant-least-privilege
# custom:
#   severity: high
#   remediation: Name whose credentials are meant, for instance arn:aws:iam::<account>:user/${aws:username}.
#   types: [aws_iam_policy, aws_iam_role_policy, aws_iam_user_policy, aws_iam_group_policy, aws_iam_role, aws_ssoadmin_permission_set_inline_policy, aws_iot_policy]
#   mappings:
#     checkov: [CKV_AWS_107, CKV_AWS_287]
#   good: |
#     data "aws_iam_policy_document" "this" {
#       statement {
#         actions   = ["iam:CreateAccessKey"]
#         resources = ["arn:aws:iam::111122223333:user/$${aws:username}"]
#       }
#     }
#   bad: |
#     data "aws_iam_policy_document" "this" {
#       statement {
#         actions   = ["iam:CreateAccessKey"]
#         resources = ["*"]
#       }
#     }
package portcullis.rules.iam.credentials_anywhere

import data.portcullis.lib
import data.portcullis.lib.iam

# Actions that answer with credentials and can be granted on a named resource.
credentials := {
	"chime:createapikey", "codeartifact:getauthorizationtoken", "codepipeline:pollforjobs", "connect:getfederationtoken",
	"cognito-identity:getopenidtokenfordeveloperidentity", "ec2:getpassworddata", "gamelift:getinstanceaccess",
	"gamelift:requestuploadcredentials", "iam:createaccesskey", "iam:createloginprofile",
	"iam:createservicespecificcredential", "iam:resetservicespecificcredential", "iam:updateaccesskey",
	"lightsail:getinstanceaccessdetails", "lightsail:getrelationaldatabasemasteruserpassword",
	"mediapackage:rotateingestendpointcredentials", "rds-db:connect", "redshift-serverless:getcredentials",
	"redshift:getclustercredentials", "redshift:getclustercredentialswithiam", "storagegateway:describechapcredentials",
	"sts:getfederationtoken",
}

named(s) := iam.covered(s, credentials)

relevant := [[p, s, found] |
	some [p, s] in iam.allowing
	found := named(s)
	count(found) > 0
]

subjects contains p.address if some [p, _, _] in relevant

deny contains lib.in_policy(p, s, sprintf("on everybody it is allowed: %s", [iam.some_of(found)])) if {
	some [p, s, found] in relevant
	iam.wide(s)
}

unknown contains lib.in_policy(p, s, sprintf("on what is known after apply: %s", [iam.some_of(found)])) if {
	some [p, s, found] in relevant
	iam.unclear(s)
}

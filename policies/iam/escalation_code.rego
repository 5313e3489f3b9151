# METADATA
# title: Nobody changes what others run
# description: |
#   Who may put code into every function, machine, build or stack of the account
#   has the rights of the roles these run as, without iam:PassRole.
# related_resources:
# - https://docs.aws.amazon.com/IAM/latest/UserGuide/best-practices.html#grant-least-privilege
# - https://rhinosecuritylabs.com/aws/aws-privilege-escalation-methods-mitigation/
# - https://pathfinding.cloud
# custom:
#   severity: high
#   remediation: Name the functions, machines or stacks, none of which has a role with more rights than the bearer.
#   types: [aws_iam_policy, aws_iam_role_policy, aws_iam_user_policy, aws_iam_group_policy, aws_iam_role, aws_ssoadmin_permission_set_inline_policy, aws_iot_policy]
#   mappings:
#     checkov: [CKV_AWS_110, CKV_AWS_286]
#   good: |
#     data "aws_iam_policy_document" "this" {
#       statement {
#         actions   = ["lambda:UpdateFunctionCode"]
#         resources = [aws_lambda_function.jobs.arn]
#       }
#     }
#   bad: |
#     data "aws_iam_policy_document" "this" {
#       statement {
#         actions   = ["lambda:UpdateFunctionCode"]
#         resources = ["*"]
#       }
#     }
package portcullis.rules.iam.escalation_code

import data.portcullis.lib
import data.portcullis.lib.iam

# What runs code as a role that something has already.
paths := {
	{"lambda:updatefunctioncode"}, {"lambda:updatefunctionconfiguration"},
	{"glue:updatedevendpoint"}, {"cloudformation:updatestack"}, {"cloudformation:updatestackset"},
	{"cloudformation:createchangeset", "cloudformation:executechangeset"},
	{"codebuild:startbuild"}, {"codebuild:startbuildbatch"}, {"codestar:associateteammember"},
	{"codedeploy:createdeployment", "codedeploy:registerapplicationrevision"},
	{"ec2-instance-connect:sendsshpublickey"}, {"ec2-instance-connect:sendserialconsolesshpublickey"},
	{"ssm:sendcommand"}, {"ssm:startsession"},
	{"ec2:modifyinstanceattribute", "ec2:startinstances", "ec2:stopinstances"},
	{"ec2:createlaunchtemplateversion", "ec2:modifylaunchtemplate"},
	{"ecs:executecommand"}, {"states:updatestatemachine"}, {"apprunner:updateservice"},
	{"sagemaker:createpresignednotebookinstanceurl"}, {"sagemaker:createpresigneddomainurl"},
	{"sagemaker:createnotebookinstancelifecycleconfig", "sagemaker:startnotebookinstance", "sagemaker:stopnotebookinstance", "sagemaker:updatenotebookinstance"},
	{"sagemaker:updatenotebookinstancelifecycleconfig"},
	{"datapipeline:putpipelinedefinition", "datapipeline:activatepipeline"},
	{"bedrock-agentcore:invokecodeinterpreter", "bedrock-agentcore:startcodeinterpretersession"},
	{"bedrock-agentcore:invokeagentruntimecommand"},
	{"bedrock-agentcore:startbrowsersession", "bedrock-agentcore:connectbrowserautomationstream"},
	{"batch:submitjob"}, {"elasticmapreduce:addjobflowsteps"},
}

alone := {a | some set in paths; count(set) == 1; some a in set}

actions := {a | some set in paths; some a in set}

firsts := {sort(path)[0] | some path in paths; count(path) > 1}

subjects contains p.address if {
	some [p, s] in iam.allowing
	count(iam.covered(s, actions)) > 0
}

# One action is enough. Several bearers may have the policy.
deny contains lib.in_policy(p, s, sprintf("these rights run code as the roles of others: %s", [iam.some_of(found)])) if {
	some bearer in input.bearers
	some [p, s] in iam.of(bearer)
	named := iam.covered(s, alone)
	count(named) > 0
	iam.wide(s)
	found := named - iam.denied(bearer, alone)
	count(found) > 0
}

# Several are needed, and may be in several policies of one bearer.
deny contains lib.in_policy(p, s, sprintf("these rights run code as the roles of others: %s%s", [concat(" with ", sort(path)), elsewhere(bearer, p, path)])) if {
	some bearer in input.bearers
	some [p, s] in iam.of(bearer)
	some first in iam.covered(s, firsts)
	iam.wide(s)
	some path in paths
	sort(path)[0] == first
	count(path - allowed(bearer, path)) == 0
}

unknown contains lib.in_policy(p, s, sprintf("on what is known after apply: %s", [iam.some_of(found)])) if {
	some [p, s] in iam.allowing
	found := iam.covered(s, alone)
	count(found) > 0
	iam.unclear(s)
}

allowed(bearer, path) := {a |
	some [_, s] in iam.of(bearer)
	some a in iam.covered(s, path)
	iam.wide(s)
} - iam.denied(bearer, path)

elsewhere(bearer, p, path) := "" if {
	found := {a | some s in p.statements; s.effect == "Allow"; some a in iam.covered(s, path)}
	count(path - found) == 0
} else := sprintf(", together with other policies of %s", [bearer.key])

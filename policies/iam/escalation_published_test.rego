package portcullis.rules.iam.escalation_published_test

import data.portcullis.rules.iam.escalation_code
import data.portcullis.rules.iam.escalation_iam
import data.portcullis.rules.iam.escalation_pass_role

# What is published of ways to more rights, by Rhino Security Labs, Bishop Fox and
# pathfinding.cloud. Actions that only look something up are left out.
# https://rhinosecuritylabs.com/aws/aws-privilege-escalation-methods-mitigation/
# https://bishopfox.com/blog/privilege-escalation-in-aws
# https://pathfinding.cloud
published := {
	"iam:AddUserToGroup",
	"iam:AttachGroupPolicy",
	"iam:AttachRolePolicy",
	"iam:AttachUserPolicy",
	"iam:CreateAccessKey",
	"iam:CreateLoginProfile",
	"iam:CreatePolicyVersion",
	"iam:DeleteRolePermissionsBoundary sts:AssumeRole",
	"iam:DeleteUserPermissionsBoundary",
	"iam:PutGroupPolicy",
	"iam:PutRolePolicy",
	"iam:PutUserPolicy",
	"iam:SetDefaultPolicyVersion",
	"iam:UpdateAssumeRolePolicy sts:AssumeRole",
	"iam:UpdateLoginProfile",
	"sso:AttachManagedPolicyToPermissionSet",
	"sso:CreatePermissionSet sso:CreateAccountAssignment sso:AttachManagedPolicyToPermissionSet",
	"sso:PutInlinePolicyToPermissionSet",
	"apprunner:UpdateService",
	"batch:SubmitJob",
	"bedrock-agentcore:InvokeAgentRuntimeCommand",
	"bedrock-agentcore:StartBrowserSession bedrock-agentcore:ConnectBrowserAutomationStream",
	"bedrock-agentcore:StartCodeInterpreterSession bedrock-agentcore:InvokeCodeInterpreter",
	"cloudformation:CreateChangeSet cloudformation:ExecuteChangeSet",
	"cloudformation:UpdateStack",
	"codebuild:StartBuild",
	"codebuild:StartBuildBatch",
	"codedeploy:CreateDeployment codedeploy:RegisterApplicationRevision",
	"ec2-instance-connect:SendSSHPublicKey",
	"ec2:CreateLaunchTemplateVersion ec2:ModifyLaunchTemplate",
	"ec2:ModifyInstanceAttribute ec2:StopInstances ec2:StartInstances",
	"ecs:ExecuteCommand",
	"glue:UpdateDevEndpoint",
	"lambda:UpdateFunctionCode",
	"lambda:UpdateFunctionConfiguration",
	"sagemaker:CreateNotebookInstanceLifecycleConfig sagemaker:StopNotebookInstance sagemaker:UpdateNotebookInstance sagemaker:StartNotebookInstance",
	"sagemaker:CreatePresignedNotebookInstanceUrl",
	"ssm:SendCommand",
	"ssm:StartSession",
	"states:UpdateStateMachine states:StartExecution",
	"iam:PassRole apprunner:CreateService",
	"iam:PassRole autoscaling:CreateAutoScalingGroup autoscaling:CreateLaunchConfiguration",
	"iam:PassRole autoscaling:UpdateAutoScalingGroup autoscaling:CreateLaunchConfiguration",
	"iam:PassRole batch:RegisterJobDefinition batch:SubmitJob",
	"iam:PassRole bedrock-agentcore:CreateAgentRuntime bedrock-agentcore:InvokeAgentRuntimeCommand",
	"iam:PassRole bedrock-agentcore:CreateBrowser bedrock-agentcore:StartBrowserSession bedrock-agentcore:ConnectBrowserAutomationStream",
	"iam:PassRole bedrock-agentcore:CreateCodeInterpreter bedrock-agentcore:InvokeCodeInterpreter",
	"iam:PassRole bedrock-agentcore:CreateHarness bedrock-agentcore:CreateAgentRuntime bedrock-agentcore:InvokeAgentRuntimeCommand",
	"iam:PassRole braket:CreateJob",
	"iam:PassRole cloudformation:CreateStack",
	"iam:PassRole cloudformation:CreateStackSet cloudformation:CreateStackInstances",
	"iam:PassRole cloudformation:UpdateStackSet",
	"iam:PassRole codebuild:CreateProject codebuild:StartBuild",
	"iam:PassRole codebuild:CreateProject codebuild:StartBuildBatch",
	"iam:PassRole codestar:CreateProject",
	"iam:PassRole cognito-identity:SetIdentityPoolRoles",
	"iam:PassRole datapipeline:CreatePipeline datapipeline:PutPipelineDefinition",
	"iam:PassRole ec2:RequestSpotInstances",
	"iam:PassRole ec2:RunInstances",
	"iam:PassRole ecs:RegisterTaskDefinition ecs:CreateService",
	"iam:PassRole ecs:RunTask",
	"iam:PassRole ecs:StartTask",
	"iam:PassRole elasticmapreduce:RunJobFlow",
	"iam:PassRole emr-serverless:CreateApplication emr-serverless:StartJobRun",
	"iam:PassRole gamelift:CreateBuild gamelift:CreateFleet",
	"iam:PassRole glue:CreateDevEndpoint",
	"iam:PassRole glue:CreateJob glue:CreateTrigger",
	"iam:PassRole glue:CreateJob glue:StartJobRun",
	"iam:PassRole glue:CreateSession glue:RunStatement",
	"iam:PassRole glue:UpdateJob glue:CreateTrigger",
	"iam:PassRole glue:UpdateJob glue:StartJobRun",
	"iam:PassRole imagebuilder:CreateComponent imagebuilder:CreateImageRecipe imagebuilder:CreateInfrastructureConfiguration imagebuilder:CreateImage",
	"iam:PassRole kinesisanalytics:CreateApplication kinesisanalytics:StartApplication",
	"iam:PassRole lambda:CreateFunction lambda:AddPermission",
	"iam:PassRole lambda:CreateFunction lambda:CreateEventSourceMapping",
	"iam:PassRole lambda:CreateFunction lambda:InvokeFunction",
	"iam:PassRole omics:CreateWorkflow omics:StartRun",
	"iam:PassRole sagemaker:CreateNotebookInstance",
	"iam:PassRole sagemaker:CreateProcessingJob",
	"iam:PassRole sagemaker:CreateTrainingJob",
	"iam:PassRole scheduler:CreateSchedule",
	"iam:PassRole ssm:CreateDocument ssm:StartAutomationExecution",
	"iam:PassRole states:CreateStateMachine states:StartExecution",
}

# found counts what the three rules say of a policy that allows these actions.
found(actions) := n if {
	n := count(((escalation_code.deny | escalation_iam.deny) | escalation_pass_role.deny)) with input as plan(actions)
}

plan(actions) := {
	"bearers": [{"key": "aws_iam_policy.p", "type": "aws_iam_policy", "policies": [0]}],
	"policies": [{"address": "aws_iam_policy.p", "type": "aws_iam_policy", "attribute": "policy", "kind": "identity", "statements": [{
		"effect": "Allow", "actions": actions, "resources": ["*"], "not_resources": [], "conditions": [], "unknown": {},
		"at": {"address": "aws_iam_policy.p", "path": []},
	}]}],
}

test_each_published_way_is_found[way] if {
	some way in published
	found(split(lower(way), " ")) > 0
}

# One action less of a way that needs several is no way.
test_half_a_way_is_none[way] if {
	some way in {
		"iam:PassRole",
		"glue:CreateJob glue:StartJobRun",
		"iam:PassRole lambda:CreateFunction",
		"ec2:StopInstances ec2:StartInstances",
		"iam:PassRole imagebuilder:CreateComponent imagebuilder:CreateImageRecipe imagebuilder:CreateImage",
		"bedrock-agentcore:StartBrowserSession",
		"iam:GetRole sts:AssumeRole",
	}
	found(split(lower(way), " ")) == 0
}

# METADATA
# title: Helpers for rules of IAM policies
# description: |
#   What a statement allows, on what, to whom, and whether its conditions hold
#   anybody back. Actions and condition keys are in lower case, as in the input.
package portcullis.lib.iam

import data.portcullis.lib

# allowing lists what identity policies allow: [policy, statement].
allowing := [[p, s] |
	some p in input.policies
	p.kind == "identity"
	some s in p.statements
	s.effect == "Allow"
]

# trusting lists what trust policies allow, and granting what the policies of
# resources do.
trusting := [[p, s] |
	some p in input.policies
	p.kind == "trust"
	some s in p.statements
	s.effect == "Allow"
]

granting := [[p, s] |
	some p in input.policies
	p.kind == "resource"
	some s in p.statements
	s.effect == "Allow"
]

wild(text) if contains(text, "*")

wild(text) if contains(text, "?")

# covered is which of a set of actions a statement names, wholly or with
# wildcards within one service. All of all services is iam/full-admin's and
# iam/service-wildcard's to say.
covered(s, wanted) := {a | some a in s.actions; a in wanted} | {a |
	some pattern in s.actions
	wild(pattern)
	service := split(pattern, ":")[0]
	not wild(service)
	some a in wanted
	startswith(a, concat("", [service, ":"]))
	lib.grants(pattern, a)
}

# in_table is which actions of a table of services a statement names.
in_table(s, table) := {a |
	some a in s.actions
	[service, name] := split(a, ":")
	name in table[service]
} | {a |
	some pattern in s.actions
	wild(pattern)
	[service, _] := split(pattern, ":")
	some name in table[service]
	a := concat(":", [service, name])
	lib.grants(pattern, a)
}

# some_of names the first few of a set of actions.
some_of(actions) := concat(", ", array.slice(sort(actions), 0, 3)) if count(actions) < 4

some_of(actions) := sprintf("%s and %d more", [concat(", ", array.slice(sort(actions), 0, 3)), count(actions) - 3]) if count(actions) > 3

# broad holds for a resource that stands for all of its kind: *, or an ARN that
# is all wildcard behind the kind. A hole in a template may be a Region or an
# account.
broad(text) if {
	contains(text, "*")
	regex.match(all_of_a_kind, text)
}

# The last way is an ARN that ends early: arn:aws:s3*.
all_of_a_kind := `^([*]+|arn:[^:]*:[^:]*:[^:]*:[^:]*:((role|user|group|policy|instance-profile|table|function|layer|log-group|secret|parameter|key|alias|rule|event-bus|stateMachine|stream|deliverystream|repository|cluster|service|task|task-definition|userpool|identitypool|project|stack|instance|document|automation-definition)[/:])?[*]+([/:][*]+)*|arn(:[^:]*){0,3}:[^:]*[*?][^:]*)$`

# resources lists the resources of a statement: what is known, and what is
# written where something is not.
resources(s) := array.concat(s.resources, [t | some t in object.get(s.templates, "resources", []); not t == "${}"])

# anywhere holds for a statement on all resources of a kind.
anywhere(s) if {
	some text in resources(s)
	broad(text)
}

anywhere(s) if count(s.not_resources) > 0

# proves holds for a reference to what a resource of AWS's is called: its ARN,
# name or id, which is no wildcard.
proves(ref) if {
	startswith(ref.type, "aws_")
	not object.get(ref, "attribute", "") in {"value", "insecure_value", "secret_string", "policy", "json"}
}

# untold holds if a statement's resources are known after apply and may be
# anything.
untold(s) if {
	object.get(s.unknown, "resources", 0) > 0
	unproven(object.get(s.refs, "resources", []))
}

unproven(refs) if count(refs) == 0

unproven(refs) if {
	some ref in refs
	not proves(ref)
}

qualifier := `^for(all|any)values?:`

# operator is a condition's without qualifier and IfExists, in lower case.
operator(c) := trim_suffix(regex.replace(lower(c.test), qualifier, ""), "ifexists")

if_exists(c) if endswith(lower(c.test), "ifexists")

for_all(c) if startswith(lower(c.test), "forallvalues:")

negative(c) if contains(operator(c), "not")

# any_value holds if a value of a condition fits everything.
any_value(c) if {
	operator(c) in {"stringlike", "arnlike", "arnequals"}
	some text in c.values
	every_value(text)
}

# every_value holds for a pattern that fits all there is of its kind: *, vpce-*,
# o-*/*, AROA*:*, *.amazonaws.com.
every_value(text) if {
	wild(text)
	regex.match(`^[*?:/.]+$`, regex.replace(text, `^arn:|(^|/)(vpce|vpc|o|r|ou)-|^A(ROA|IDA)|[.]amazonaws[.]com([.]cn)?$`, "*"))
}

# of_any_account holds if a value of a condition on who asks, or for whom, is an
# ARN of any account: everybody can have something of that name.
of_any_account(c) if {
	regex.match(`^(aws:(source|principal)arn|kms:encryptioncontext:.*)$`, c.variable)
	operator(c) in {"stringlike", "arnlike", "arnequals"}
	some text in c.values
	lib.boundless(text)
}

any_value(c) if {
	operator(c) == "ipaddress"
	some text in c.values
	lib.boundless(text)
}

any_value(c) if {
	operator(c) == "bool"
	{lower(text) | some text in c.values} == {"true", "false"}
}

# binds holds for a condition that keeps out who does not have the key, or has
# another value than those named.
binds(c) if {
	not if_exists(c)
	not for_all(c)
	not negative(c)
	operator(c) != "null"
	not any_value(c)
	not of_any_account(c)
	count(c.values) + c.unknown > 0
}

binds_to(s, keys) if {
	some c in s.conditions
	c.variable in keys
	binds(c)
}

# Keys that say who asks, when and from where, not what is asked for.
about_caller := `^aws:(principal|securetransport$|currenttime$|epochtime$|multifactorauth|sourceip$|vpcsourceip$|sourcevpc|requestedregion$|useragent$|referer$|tokenissuetime$|via|calledvia|userid$|username$|federatedprovider$|tagkeys$|sourceidentity$)`

# narrowed holds if a condition of a statement says on what the actions are
# allowed.
narrowed(s) if {
	some c in s.conditions
	binds(c)
	not regex.match(about_caller, c.variable)
}

# Which conditions there are is known after apply.
narrowed(s) if object.get(s.unknown, "conditions", 0) > 0

# wide holds for a statement on all resources of a kind, whichever they are.
wide(s) if {
	anywhere(s)
	not narrowed(s)
}

# unclear holds for a statement on resources that are not known.
unclear(s) if {
	untold(s)
	not anywhere(s)
	not narrowed(s)
}

# of lists what the policies of a bearer allow: [policy, statement].
of(bearer) := [[p, s] |
	some i in bearer.policies
	p := input.policies[i]
	some s in p.statements
	s.effect == "Allow"
]

# denied is which of a set of actions a policy of a bearer denies everywhere and
# always.
denied(bearer, wanted) := {a |
	some i in bearer.policies
	some s in input.policies[i].statements
	s.effect == "Deny"
	"*" in s.resources
	count(s.conditions) == 0
	object.get(s.unknown, "conditions", 0) == 0
	some pattern in s.actions
	some a in wanted
	lib.grants(pattern, a)
}

# account is the account of a principal: an ARN, or a bare id.
account(text) := text if regex.match(`^[0-9]{12}$`, text)

account(text) := split(text, ":")[4] if regex.match(`^arn:[^:]+:(iam|sts)::[0-9]{12}:`, text)

# Keys that tie a request to a source or to a caller whom the owner of the
# policy names.
source_keys := {"aws:sourcearn", "aws:sourceaccount", "aws:sourceorgid", "aws:sourceorgpaths"}

caller_keys := {
	"aws:principalarn", "aws:principalaccount", "aws:principalorgid", "aws:principalorgpaths",
	"aws:sourcevpc", "aws:sourcevpce", "aws:sourceip", "aws:vpcsourceip", "aws:userid", "aws:username",
	"kms:calleraccount", "sts:externalid", "aws:sourceowner", "s3:dataaccesspointaccount",
	"s3:dataaccesspointarn", "elasticfilesystem:accessedviamounttarget", "lambda:eventsourcetoken",
}

# ours holds for an account that the plan is known to be for.
ours(id) if id in input.accounts

# runs lists what runs as a role that is passed to it: the service that takes
# the role, and what else its bearer needs.
# https://rhinosecuritylabs.com/aws/aws-privilege-escalation-methods-mitigation/
# https://pathfinding.cloud
runs := [
	{"service": "lambda", "with": {"lambda:createfunction", "lambda:invokefunction"}},
	{"service": "lambda", "with": {"lambda:createfunction", "lambda:createeventsourcemapping"}},
	{"service": "lambda", "with": {"lambda:createfunction", "lambda:addpermission"}},
	{"service": "lambda", "with": {"lambda:createfunction", "lambda:createfunctionurlconfig"}},
	{"service": "lambda", "with": {"lambda:createfunction", "lambda:updatefunctioncode"}},
	{"service": "lambda", "with": {"lambda:createfunction", "events:putrule", "events:puttargets"}},
	{"service": "lambda", "with": {"lambda:createcapacityprovider", "lambda:createfunction"}},
	{"service": "lambda", "with": {"lambda:updatefunctionconfiguration", "lambda:updatefunctioncode"}},
	{"service": "lambda", "with": {"lambda:updatefunctionconfiguration", "lambda:invokefunction"}},
	{"service": "lambda", "with": {"synthetics:createcanary", "synthetics:startcanary"}},
	{"service": "ec2", "with": {"ec2:runinstances"}},
	{"service": "ec2", "with": {"ec2:requestspotinstances"}},
	{"service": "ec2", "with": {"ec2:associateiaminstanceprofile"}},
	{"service": "ec2", "with": {"ec2:replaceiaminstanceprofileassociation"}},
	{"service": "ec2", "with": {"autoscaling:createautoscalinggroup", "autoscaling:createlaunchconfiguration"}},
	{"service": "ec2", "with": {"autoscaling:createautoscalinggroup", "ec2:createlaunchtemplate"}},
	{"service": "ec2", "with": {"autoscaling:updateautoscalinggroup", "autoscaling:createlaunchconfiguration"}},
	{"service": "ec2", "with": {"ec2:createfleet", "ec2:createlaunchtemplate"}},
	{"service": "ec2", "with": {"imagebuilder:createcomponent", "imagebuilder:createimage", "imagebuilder:createimagerecipe", "imagebuilder:createinfrastructureconfiguration"}},
	{"service": "ec2", "with": {"iam:addroletoinstanceprofile", "ec2:startinstances"}},
	{"service": "gamelift", "with": {"gamelift:createfleet", "gamelift:createbuild"}},
	{"service": "spotfleet", "with": {"ec2:requestspotfleet"}},
	{"service": "glue", "with": {"glue:createdevendpoint"}},
	{"service": "glue", "with": {"glue:createjob", "glue:startjobrun"}},
	{"service": "glue", "with": {"glue:createjob", "glue:createtrigger"}},
	{"service": "glue", "with": {"glue:updatejob", "glue:startjobrun"}},
	{"service": "glue", "with": {"glue:updatejob", "glue:createtrigger"}},
	{"service": "glue", "with": {"glue:createsession", "glue:runstatement"}},
	{"service": "cloudformation", "with": {"cloudformation:createstack"}},
	{"service": "cloudformation", "with": {"cloudformation:updatestack"}},
	{"service": "cloudformation", "with": {"cloudformation:createchangeset", "cloudformation:executechangeset"}},
	{"service": "cloudformation", "with": {"cloudformation:createstackset", "cloudformation:createstackinstances"}},
	{"service": "cloudformation", "with": {"cloudformation:updatestackset"}},
	{"service": "datapipeline", "with": {"datapipeline:createpipeline", "datapipeline:putpipelinedefinition"}},
	{"service": "sagemaker", "with": {"sagemaker:createnotebookinstance"}},
	{"service": "sagemaker", "with": {"sagemaker:createtrainingjob"}},
	{"service": "sagemaker", "with": {"sagemaker:createprocessingjob"}},
	{"service": "sagemaker", "with": {"sagemaker:createhyperparametertuningjob"}},
	{"service": "sagemaker", "with": {"sagemaker:createuserprofile", "sagemaker:createpresigneddomainurl"}},
	{"service": "sagemaker", "with": {"sagemaker:createpipeline", "sagemaker:startpipelineexecution"}},
	{"service": "codebuild", "with": {"codebuild:createproject", "codebuild:startbuild"}},
	{"service": "codebuild", "with": {"codebuild:createproject", "codebuild:startbuildbatch"}},
	{"service": "codebuild", "with": {"codebuild:updateproject", "codebuild:startbuild"}},
	{"service": "codepipeline", "with": {"codepipeline:createpipeline"}},
	{"service": "codestar", "with": {"codestar:createproject"}},
	{"service": "codedeploy", "with": {"codedeploy:createdeployment", "codedeploy:createdeploymentgroup"}},
	{"service": "amplify", "with": {"amplify:createapp", "amplify:startjob"}},
	{"service": "apprunner", "with": {"apprunner:createservice"}},
	{"service": "apprunner", "with": {"apprunner:updateservice"}},
	{"service": "ecs-tasks", "with": {"ecs:registertaskdefinition", "ecs:createservice"}},
	{"service": "ecs-tasks", "with": {"ecs:registertaskdefinition", "ecs:updateservice"}},
	{"service": "ecs-tasks", "with": {"ecs:runtask"}},
	{"service": "ecs-tasks", "with": {"ecs:starttask"}},
	{"service": "ecs-tasks", "with": {"batch:registerjobdefinition", "batch:submitjob"}},
	{"service": "elasticmapreduce", "with": {"elasticmapreduce:runjobflow"}},
	{"service": "emr-serverless", "with": {"emr-serverless:createapplication", "emr-serverless:startjobrun"}},
	{"service": "states", "with": {"states:createstatemachine", "states:startexecution"}},
	{"service": "states", "with": {"states:updatestatemachine", "states:startexecution"}},
	{"service": "scheduler", "with": {"scheduler:createschedule"}},
	{"service": "events", "with": {"events:putrule", "events:puttargets"}},
	{"service": "pipes", "with": {"pipes:createpipe"}},
	{"service": "ssm", "with": {"ssm:startautomationexecution"}},
	{"service": "ssm", "with": {"ssm:createassociation"}},
	{"service": "bedrock-agentcore", "with": {"bedrock-agentcore:createcodeinterpreter", "bedrock-agentcore:invokecodeinterpreter"}},
	{"service": "bedrock-agentcore", "with": {"bedrock-agentcore:createagentruntime", "bedrock-agentcore:invokeagentruntime"}},
	{"service": "bedrock-agentcore", "with": {"bedrock-agentcore:createagentruntime", "bedrock-agentcore:invokeagentruntimecommand"}},
	{"service": "bedrock-agentcore", "with": {"bedrock-agentcore:connectbrowserautomationstream", "bedrock-agentcore:createbrowser", "bedrock-agentcore:startbrowsersession"}},
	{"service": "kinesisanalytics", "with": {"kinesisanalytics:createapplication", "kinesisanalytics:startapplication"}},
	{"service": "omics", "with": {"omics:createworkflow", "omics:startrun"}},
	{"service": "braket", "with": {"braket:createjob"}},
	{"service": "cognito-identity", "with": {"cognito-identity:setidentitypoolroles"}},
	{"service": "rolesanywhere", "with": {"rolesanywhere:createtrustanchor", "rolesanywhere:createprofile"}},
	{"service": "opsworks", "with": {"opsworks:createstack"}},
]

run_actions := {a | some run in runs; some a in run["with"]}

# allowed is which of a set of actions a bearer may use on anything at all.
allowed(bearer, wanted) := {a | some [_, s] in of(bearer); some a in covered(s, wanted)} - denied(bearer, wanted)

# passed_to holds if a statement that allows to pass roles allows it to a
# service.
passed_to(s, service) if {
	principal := concat("", [service, ".amazonaws.com"])
	every c in [c | some c in s.conditions; c.variable == "iam:passedtoservice"; binds(c)] {
		fits(c, principal)
	}
}

fits(c, _) if c.unknown > 0

fits(c, text) if text in c.values

fits(c, text) if {
	some part in ["build.", "tasks."]
	concat("", [part, text]) in c.values
}

fits(c, text) if {
	operator(c) in {"stringlike", "arnlike", "arnequals"}
	some pattern in c.values
	lib.grants(pattern, text)
}

# ways lists how a bearer runs something as a role that it passes by a
# statement.
ways(bearer, s) := [run["with"] |
	has := allowed(bearer, run_actions)
	some run in runs
	count(run["with"] - has) == 0
	passed_to(s, run.service)
]

# many writes the first few of several sets of actions.
many(sets) := concat("; or ", array.slice(sort([concat(" with ", sort(set)) | some set in sets]), 0, 3))

# METADATA
# title: No role changes what another role runs
# description: |
#   A role that may put code into another role's function, write the object that
#   this is deployed from, change the other role's policies or pass it to
#   something that it makes itself has the rights of both. In one plan this can be
#   seen before anybody has them.
# related_resources:
# - https://docs.aws.amazon.com/IAM/latest/UserGuide/best-practices.html#grant-least-privilege
# - https://docs.aws.amazon.com/IAM/latest/UserGuide/id_roles_use_passrole.html
# - https://docs.aws.amazon.com/lambda/latest/dg/lambda-permissions.html
# custom:
#   severity: high
#   remediation: Take the action out, or give it to the role that deploys, with a waiver that says so.
#   types: [aws_iam_policy, aws_iam_role_policy, aws_iam_user_policy, aws_iam_group_policy, aws_iam_role, aws_ssoadmin_permission_set_inline_policy, aws_lambda_function, aws_sfn_state_machine, aws_codebuild_project]
#   good: |
#     data "aws_iam_policy_document" "web" {
#       statement {
#         actions   = ["lambda:InvokeFunction"]
#         resources = [aws_lambda_function.billing.arn]
#       }
#     }
#   bad: |
#     data "aws_iam_policy_document" "web" {
#       statement {
#         actions   = ["lambda:UpdateFunctionCode"]
#         resources = [aws_lambda_function.billing.arn]
#       }
#     }
package portcullis.rules.iam.cross_role

import data.portcullis.lib
import data.portcullis.lib.iam

# What runs as a role: the attribute that names the role, how the resource is
# written in a policy, and the actions that change what it runs.
carriers := {
	"aws_lambda_function": {"role": "role", "service": "lambda", "prefix": "function:", "name": "function_name", "actions": {"lambda:updatefunctioncode", "lambda:updatefunctionconfiguration"}},
	"aws_sfn_state_machine": {"role": "role_arn", "service": "states", "prefix": "stateMachine:", "name": "name", "actions": {"states:updatestatemachine"}},
	"aws_codebuild_project": {"role": "service_role", "service": "codebuild", "prefix": "project/", "name": "name", "actions": {"codebuild:startbuild", "codebuild:startbuildbatch", "codebuild:updateproject"}},
}

role_actions := {
	"iam:attachrolepolicy", "iam:deleterolepermissionsboundary", "iam:deleterolepolicy", "iam:detachrolepolicy",
	"iam:putrolepermissionsboundary", "iam:putrolepolicy", "iam:updateassumerolepolicy",
}

policy_actions := {"iam:createpolicyversion", "iam:setdefaultpolicyversion"}

wanted := (({a | some c in carriers; some a in c.actions} | role_actions) | policy_actions) | {"iam:passrole", "s3:putobject"}

# powers are the statements with such an action on something named. On
# everything it is one of the escalations.
powers := [[bearer, p, s, found] |
	some bearer in input.bearers
	some [p, s] in iam.of(bearer)
	named := iam.covered(s, wanted)
	count(named) > 0
	found := named - iam.denied(bearer, wanted)
	count(found) > 0
	not iam.anywhere(s)
]

subjects contains p.address if some [_, p, _, _] in powers

# on is true if a statement names a resource of the plan, or "unknown".
on(s, r, _) if {
	some ref in references(s, r)
	not either(s)
}

on(s, r, form) if {
	some pattern in s.resources
	[_, _, service, _, _, rest] := split_arn(pattern)
	service == form.service
	some ending in ["", ":*"]
	lib.grants(rest, concat("", [form.prefix, r.values[form.name], ending]))
}

maybe_on(s, r) if {
	count(references(s, r)) > 0
	either(s)
}

references(s, r) := [ref |
	some ref in object.get(s.refs, "resources", [])
	ref.address in {r.base, r.config}
	same_key(ref, s, r)
]

same_key(ref, _, r) if ref.index == r.index

same_key(ref, _, r) if {
	not "index" in object.keys(ref)
	not "index" in object.keys(r)
}

# each.key leads from the document of a key to the resource of that key.
same_key(ref, s, r) if {
	not "index" in object.keys(ref)
	"index" in object.keys(r)
	key(s.at.address) in {"", key(r.address)}
}

key(address) := regex.find_n(`(\[[^\]]*\])?$`, address, 1)[0]

split_arn(text) := array.concat(array.slice(parts, 0, 5), [concat(":", array.slice(parts, 5, count(parts)))]) if {
	parts := split(text, ":")
	count(parts) > 5
}

role_form := {"service": "iam", "prefix": "role/", "name": "name"}

policy_form := {"service": "iam", "prefix": "policy/", "name": "name"}

# targets lists what a statement may be about: the resource that is changed, how
# it is written in a policy, the role whose rights are at stake, the actions.
targets := array.concat(array.concat(carried, roles), policies)

carried := [{"resource": r, "form": c, "role": role.address, "actions": c.actions} |
	some type, c in carriers
	some r in input.by_type[type]
	some role in lib.targets(r, [c.role], "aws_iam_role")
]

roles := [{"resource": r, "form": role_form, "role": r.address, "actions": role_actions} | some r in input.by_type.aws_iam_role]

policies := [{"resource": r, "form": policy_form, "role": a.bearer, "actions": policy_actions} |
	some r in input.by_type.aws_iam_policy
	some a in input.attachments
	a.policy == r.address
]

hits := [[p, s, t, used, reach(s, t)] |
	some [bearer, p, s, found] in powers
	count(found - {"iam:passrole", "s3:putobject"}) > 0
	some t in targets
	t.role != bearer.key
	used := found & t.actions
	count(used) > 0
]

reach(s, t) := "yes" if {
	on(s, t.resource, t.form)
} else := "perhaps" if maybe_on(s, t.resource)

deny contains lib.in_policy(p, s, sprintf("with %s on %s it has the rights of %s", [iam.some_of(used), t.resource.address, t.role])) if {
	some [p, s, t, used, "yes"] in hits
}

unknown contains lib.in_policy(p, s, sprintf("whether %s is on %s, which has the rights of %s, cannot be seen", [iam.some_of(used), t.resource.address, t.role])) if {
	some [p, s, t, used, "perhaps"] in hits
}

unknown contains lib.in_policy(p, s, sprintf("whether it is on what another role runs is known after apply: %s", [iam.some_of(found)])) if {
	some [_, p, s, found] in powers
	count(found - {"s3:putobject"}) > 0
	iam.untold(s)
}

# The role is passed to something that the bearer makes.
deny contains lib.in_policy(p, s, sprintf("%s can be passed, and code runs as it by %s", [role.address, iam.many(ways)])) if {
	some [bearer, p, s, found] in powers
	"iam:passrole" in found
	some role in input.by_type.aws_iam_role
	role.address != bearer.key
	on(s, role, role_form)
	ways := iam.ways(bearer, s)
	count(ways) > 0
}

# deployed is what functions of other roles are deployed from, by the name of
# the bucket and by its address.
deployed[key] contains {"function": f, "role": role.address, "bucket": key} if {
	some f in input.by_type.aws_lambda_function
	some role in lib.targets(f, ["role"], "aws_iam_role")
	some key in ({f.values.s3_bucket} | {bucket.address | some bucket in lib.targets(f, ["s3_bucket"], "aws_s3_bucket")})
}

deployed[key] contains {"function": f, "role": role.address, "bucket": key} if {
	some f in input.by_type.aws_lambda_function
	not f.values.s3_bucket
	some role in lib.targets(f, ["role"], "aws_iam_role")
	some bucket in lib.targets(f, ["s3_bucket"], "aws_s3_bucket")
	key := bucket.address
}

uploads := [[bearer, p, s] |
	some [bearer, p, s, found] in powers
	"s3:putobject" in found
]

# What a function is deployed from can be written: by the name of the bucket and
# the key,
packages := [[p, s, d.function, object] |
	some [bearer, p, s] in uploads
	some pattern in s.resources
	[_, _, service, _, _, rest] := split_arn(pattern)
	service == "s3"
	some d in in_bucket(split(rest, "/")[0])
	d.role != bearer.key
	object := concat("/", [d.bucket, d.function.values.s3_key])
	lib.grants(rest, object)
]

in_bucket(name) := deployed[name] if not iam.wild(name)

in_bucket(name) := {d | some set in deployed; some d in set} if iam.wild(name)

# or by reference to the bucket, with the key behind it.
buckets := [[p, s, d.function, bucket.address] |
	some [bearer, p, s] in uploads
	some ref in object.get(s.refs, "resources", [])
	ref.type == "aws_s3_bucket"
	some bucket in input.by_type.aws_s3_bucket
	ref.address in {bucket.base, bucket.config}
	same_key(ref, s, bucket)
	some d in deployed[bucket.address]
	d.role != bearer.key
]

fits(s, f) if {
	some text in s.templates.resources
	lib.grants(replace(text, "${}", "*"), concat("", ["*/", f.values.s3_key]))
}

deny contains lib.in_policy(p, s, sprintf("%s, from which %s is deployed, can be written", [from, f.address])) if {
	some [p, s, f, from] in packages
}

deny contains lib.in_policy(p, s, sprintf("%s, from which %s is deployed, can be written", [from, f.address])) if {
	some [p, s, f, from] in buckets
	fits(s, f)
	not either(s)
}

# Without sources nobody sees what is behind the bucket.
unknown contains lib.in_policy(p, s, sprintf("whether what %s is deployed from, in %s, can be written cannot be seen", [f.address, from])) if {
	some [p, s, f, from] in buckets
	count(object.get(s.templates, "resources", [])) == 0
}

unknown contains lib.in_policy(p, s, sprintf("whether what %s is deployed from, in %s, can be written cannot be seen", [f.address, from])) if {
	some [p, s, f, from] in buckets
	either(s)
}

# More is referred to than there are resources: one or the other is meant.
either(s) if count(s.refs.resources) > s.unknown.resources

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

# What something runs as a role: the attribute that names the role, how the
# resource is written in a policy, and the actions that change what it runs.
carriers := {
	"aws_lambda_function": {"role": "role", "service": "lambda", "prefix": "function:", "name": "function_name", "actions": {"lambda:updatefunctioncode", "lambda:updatefunctionconfiguration"}},
	"aws_sfn_state_machine": {"role": "role_arn", "service": "states", "prefix": "stateMachine:", "name": "name", "actions": {"states:updatestatemachine"}},
	"aws_codebuild_project": {"role": "service_role", "service": "codebuild", "prefix": "project/", "name": "name", "actions": {"codebuild:startbuild", "codebuild:startbuildbatch", "codebuild:updateproject"}},
}

# Roles themselves, and the policies that they have.
rights := {
	"aws_iam_role": {"service": "iam", "prefix": "role/", "name": "name", "actions": {
		"iam:attachrolepolicy", "iam:deleterolepermissionsboundary", "iam:deleterolepolicy", "iam:detachrolepolicy",
		"iam:putrolepermissionsboundary", "iam:putrolepolicy", "iam:updateassumerolepolicy",
	}},
	"aws_iam_policy": {"service": "iam", "prefix": "policy/", "name": "name", "actions": {"iam:createpolicyversion", "iam:setdefaultpolicyversion"}},
}

forms := object.union(carriers, rights)

changes := {a | some form in forms; some a in form.actions}

wanted := changes | {"iam:passrole", "s3:putobject"}

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

# reached lists the resources of the plan that a statement names, by type and
# place, and whether it surely does.
reached(s) := {[ref.type, i, sure(s)] |
	some ref in object.get(s.refs, "resources", [])
	forms[ref.type]
	some i in input.lookup[ref.type][ref.address]
	same_key(ref, s, input.by_type[ref.type][i])
} | {[type, i, "yes"] |
	some pattern in s.resources
	[_, _, service, _, _, rest] := split_arn(pattern)
	some type, form in forms
	form.service == service
	some i in matching(type, rest)
}

sure(s) := "perhaps" if either(s)

sure(s) := "yes" if not either(s)

# More is referred to than there are resources: one or the other is meant.
either(s) if count(s.refs.resources) > s.unknown.resources

# matching lists the resources of a type by the end of an ARN.
matching(type, rest) := {i |
	not iam.wild(rest)
	form := forms[type]
	startswith(rest, form.prefix)
	name := regex.replace(substring(rest, count(form.prefix), -1), `^.*/|:.*$`, "")
	some i in input.lookup[type][name]
	input.by_type[type][i].values[form.name] == name
} | {i |
	iam.wild(rest)
	form := forms[type]
	some i, r in input.by_type[type]
	some ending in ["", ":*"]
	lib.grants(rest, concat("", [form.prefix, r.values[form.name], ending]))
}

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

# stakes lists the roles whose rights a resource gives to who changes it.
stakes(type, r) := {role.address | some role in lib.targets(r, [carriers[type].role], "aws_iam_role")} if carriers[type]

stakes("aws_iam_role", r) := {r.address}

stakes("aws_iam_policy", r) := {bearer | some bearer in bearers[r.address]}

bearers := lib.grouped({[a.policy, a.bearer] | some a in input.attachments})

hits := [[p, s, used, r.address, role, certain] |
	some [bearer, p, s, found] in powers
	count(found & changes) > 0
	some [type, i, certain] in reached(s)
	used := found & forms[type].actions
	count(used) > 0
	r := input.by_type[type][i]
	some role in stakes(type, r)
	role != bearer.key
]

deny contains lib.in_policy(p, s, sprintf("with %s on %s it has the rights of %s", [iam.some_of(used), resource, role])) if {
	some [p, s, used, resource, role, "yes"] in hits
}

unknown contains lib.in_policy(p, s, sprintf("whether %s is on %s, which has the rights of %s, cannot be seen", [iam.some_of(used), resource, role])) if {
	some [p, s, used, resource, role, "perhaps"] in hits
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
	some ["aws_iam_role", i, "yes"] in reached(s)
	role := input.by_type.aws_iam_role[i]
	role.address != bearer.key
	ways := iam.ways(bearer, s)
	count(ways) > 0
}

# shipped is what functions are deployed from.
shipped := [{"function": f.address, "role": role.address, "key": f.values.s3_key, "bucket": object.get(f.values, "s3_bucket", ""), "buckets": {b.address | some b in lib.targets(f, ["s3_bucket"], "aws_s3_bucket")}} |
	some f in input.by_type.aws_lambda_function
	some role in lib.targets(f, ["role"], "aws_iam_role")
]

# By the name of the bucket, or its address, the places in shipped.
shipping := lib.grouped({[d.bucket, i] | some i, d in shipped} | {[b, i] | some i, d in shipped; some b in d.buckets})

uploads := [[bearer, p, s] |
	some [bearer, p, s, found] in powers
	"s3:putobject" in found
]

# It can be written: by the name of the bucket and the key,
packages := [[p, s, d.function, object] |
	some [bearer, p, s] in uploads
	some pattern in s.resources
	[_, _, service, _, _, rest] := split_arn(pattern)
	service == "s3"
	some d in meant(rest)
	d.role != bearer.key
	object := concat("/", [d.bucket, d.key])
	lib.grants(rest, object)
]

# meant lists what a pattern of bucket and key may stand for.
meant(rest) := [shipped[i] | some i in objects[rest]] if not iam.wild(rest)

meant(rest) := from(split(rest, "/")[0]) if iam.wild(rest)

objects := lib.grouped({[concat("/", [d.bucket, d.key]), i] | some i, d in shipped})

# from lists what comes from a bucket, or may come from one of those that a
# pattern stands for.
from(name) := [shipped[i] | some i in shipping[name]] if not iam.wild(name)

from(name) := shipped if iam.wild(name)

# or by reference to the bucket, with the key behind it.
buckets := [[p, s, d, bucket] |
	some [bearer, p, s] in uploads
	some ref in object.get(s.refs, "resources", [])
	ref.type == "aws_s3_bucket"
	some i in input.lookup.aws_s3_bucket[ref.address]
	same_key(ref, s, input.by_type.aws_s3_bucket[i])
	bucket := input.by_type.aws_s3_bucket[i].address
	some d in from(bucket)
	bucket in d.buckets
	d.role != bearer.key
]

fits(s, object) if {
	some text in s.templates.resources
	lib.grants(replace(text, "${}", "*"), concat("", ["*/", object]))
}

deny contains lib.in_policy(p, s, sprintf("%s, from which %s is deployed, can be written", [from, function])) if {
	some [p, s, function, from] in packages
}

deny contains lib.in_policy(p, s, sprintf("%s, from which %s is deployed, can be written", [from, d.function])) if {
	some [p, s, d, from] in buckets
	fits(s, d.key)
	not either(s)
}

# Without sources nobody sees what is behind the bucket.
unknown contains lib.in_policy(p, s, sprintf("whether what %s is deployed from, in %s, can be written cannot be seen", [d.function, from])) if {
	some [p, s, d, from] in buckets
	count(object.get(s.templates, "resources", [])) == 0
}

unknown contains lib.in_policy(p, s, sprintf("whether what %s is deployed from, in %s, can be written cannot be seen", [d.function, from])) if {
	some [p, s, d, from] in buckets
	either(s)
}

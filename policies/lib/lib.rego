# METADATA
# title: Helpers for rules
# description: |
#   An attribute in a plan is in one of four states. known: its value can be
#   read. reference: it is set, and its value is known after apply (or is
#   sensitive). defaulted: it is left to the provider or to AWS, and known after
#   apply. absent: it is not set. Paths are lists: ["tags"], or with the number
#   of a block ["default_route_settings", 0, "logging_level"].
package portcullis.lib

# dotted writes a path as the input has it.
dotted(path) := concat(".", [sprintf("%v", [step]) | some step in path])

# around lists a path and what is around it.
around(path) := {dotted(array.slice(path, 0, n)) | some n in numbers.range(1, count(path))}

# value is what is known at a path, or null.
value(r, path) := object.get(r.values, path, null)

# hidden holds if there is or will be a value that cannot be read.
hidden(r, path) if {
	some p in around(path)
	r.unknown[p]
}

# written holds if the configuration sets the attribute.
written(r, path) if {
	some p in around(path)
	r.refs[p]
}

sensitive(r, path) if {
	some p in around(path)
	r.unknown[p] == "sensitive"
}

# state is the state of an attribute: known, reference, defaulted or absent.
state(r, path) := "known" if {
	value(r, path) != null
} else := "reference" if {
	hidden(r, path)
	written(r, path)
} else := "reference" if {
	sensitive(r, path)
} else := "defaulted" if {
	hidden(r, path)
} else := "absent"

# is_set holds if the configuration gives the attribute a value, known or not.
# Lists, objects and texts without content are none.
is_set(r, path) if {
	state(r, path) == "known"
	not value(r, path) in {"", [], {}}
}

is_set(r, path) if state(r, path) == "reference"

# equals is true, false, or "unknown" if it cannot be told.
equals(r, path, wanted) := "unknown" if {
	state(r, path) == "reference"
} else := value(r, path) == wanted

# one_of is true, false, or "unknown" if it cannot be told.
one_of(r, path, wanted) := "unknown" if {
	state(r, path) == "reference"
} else := value(r, path) in wanted

# refs lists what an attribute is set from.
refs(r, path) := {ref |
	some p in around(path)
	some ref in r.refs[p]
}

# set_from holds if an attribute is set from resources of these types only.
set_from(r, path, types) if {
	found := refs(r, path)
	count(found) > 0
	every ref in found {
		ref.type in types
	}
}

# points_to holds if an attribute of r names the resource target: by a reference
# to it, or by its known id, ARN or name.
points_to(r, path, target) if {
	some ref in refs(r, path)
	ref.address in {target.base, target.config}
	same_instance(ref, r, target)
}

points_to(r, path, target) if {
	known := value(r, path)
	known != null
	some attribute in ["id", "arn", "name", "bucket", "function_name"]
	target.values[attribute] == known
}

same_instance(ref, _, target) if ref.index == object.get(target, "index", null)

same_instance(ref, r, target) if {
	not "index" in object.keys(ref)
	object.get(r, "index", null) in {null, object.get(target, "index", null)}
}

same_instance(ref, r, target) if {
	not "index" in object.keys(ref)
	r.index != null
	not sibling(r, target)
}

# sibling holds if a resource has an instance with the key of r.
sibling(r, target) if input.lookup[target.type][instance(target.base, r.index)]

sibling(r, target) if {
	not input.lookup
	some other in input.by_type[target.type]
	other.base == target.base
	other.index == r.index
}

instance(address, index) := sprintf("%s[%s]", [address, json.marshal(index)])

# targets lists the resources of a type that an attribute names.
targets(r, path, type) := [t |
	some i in found(r, path, type)
	t := input.by_type[type][i]
	points_to(r, path, t)
] if {
	input.lookup
} else := [t | some t in input.by_type[type]; points_to(r, path, t)]

# found has the places of the resources that may be meant, by an index, since
# many plans have many resources.
found(r, path, type) := {i |
	places := object.get(input.lookup, type, {})
	some key in names(r, path, places)
	some i in places[key]
}

names(r, path, places) := {key |
	some ref in refs(r, path)
	key := nearest(ref, r, places)
} | {known |
	known := value(r, path)
	is_string(known)
}

# nearest is the address of the instance that a reference means, if it can be
# told, else that of all of them.
nearest(ref, r, places) := instance(ref.address, ref.index) if {
	ref.index != null
} else := key if {
	key := instance(ref.address, r.index)
	places[key]
} else := ref.address

# templates lists what is written at a path, with ${} for what is not known.
templates(r, path) := [t | some p in around(path); some t in r.templates[p]]

# finding is what a rule reports of a resource, at an attribute.
finding(r, path, message) := {"address": r.address, "path": [sprintf("%v", [step]) | some step in path], "message": message}

# in_policy is what a rule reports of a statement of a policy.
in_policy(p, s, message) := {
	"address": p.address,
	"path": split(p.attribute, "."),
	"message": message,
	"at": s.at,
}

# websocket holds for a WebSocket API.
websocket(api) if api.values.protocol_type == "WEBSOCKET"

# on_websocket holds for what belongs to a WebSocket API of the plan, by its
# attribute api_id.
on_websocket(r) if {
	some api in targets(r, ["api_id"], "aws_apigatewayv2_api")
	websocket(api)
}

# grants holds if a pattern of IAM's, with * and ?, covers an action. Both are
# in lower case.
grants(pattern, action) if glob.match(escaped(pattern), null, action)

escaped(pattern) := replace(replace(replace(replace(replace(pattern, "\\", "\\\\"), "{", "\\{"), "}", "\\}"), "[", "\\["), "]", "\\]")

# allows lists the patterns by which a statement allows an action.
allows(s, action) := {pattern |
	s.effect == "Allow"
	some pattern in s.actions
	grants(pattern, action)
}

key_types := {"aws_kms_key", "aws_kms_alias", "aws_kms_external_key", "aws_kms_replica_key"}

# customer_key is true if an attribute names a KMS key of the account's own,
# false if it names none or one of AWS's, or "unknown" if it cannot be told.
customer_key(r, path) := "unknown" if {
	state(r, path) == "reference"
	not set_from(r, path, key_types)
} else if {
	state(r, path) == "reference"
} else if {
	is_set(r, path)
	not regex.match(`(^|:)alias/aws/`, value(r, path))
} else := false

# companions lists the resources of a type that name r at a path: what is said of
# r outside of its own block.
companions(r, type, path) := [input.by_type[type][i] | some i in object.get(pointing(type, path, r.type), r.address, [])]

# pointing has, by the address of what they name at a path, the places of the
# resources of a type. OPA calls it once for the same arguments.
pointing(type, path, target) := grouped({[t.address, i] | some i, c in input.by_type[type]; some t in targets(c, path, target)})

# grouped has, by the first of each pair of a set, the second ones. It looks at
# each pair once: sorted, those of one group follow each other.
grouped(pairs) := {sorted[start][0]: [sorted[i][1] | some i in numbers.range(start, ends[n] - 1)] |
	sorted := sort(pairs)
	starts := [i | some i, pair in sorted; not sorted[i - 1][0] == pair[0]]
	ends := array.concat(array.slice(starts, 1, count(starts)), [count(sorted)])
	some n, start in starts
}

# companion is true if a resource of a type names r at a path, false if none
# does, or "unknown" if one may.
companion(r, type, path) if {
	count(companions(r, type, path)) > 0
} else := "unknown" if {
	stray(type, path, r.type)
} else := false

# stray tells whether a resource of a type may name any resource of another. OPA
# does not remember what is undefined, hence false.
stray(type, path, target) if {
	some c in input.by_type[type]
	state(c, path) == "reference"
	not set_from(c, path, owners(target))
} else := false

# owners are the types of resources that have companions of the same types.
owners(type) := key_types if {
	type in key_types
} else := {type}

# any_of is true if one of a set is true, "unknown" if one may be, or false.
any_of(verdicts) if {
	true in verdicts
} else := "unknown" if {
	"unknown" in verdicts
} else := false

# all_of is false if one of a set is false, "unknown" if one may be, or true.
all_of(verdicts) := opposite(any_of({opposite(v) | some v in verdicts}))

opposite("unknown") := "unknown"

opposite(true) := false

opposite(false) := true

# unclear holds if an attribute is set, its value is not known, and it is not
# seen to come from resources of these types.
unclear(r, path, types) if {
	state(r, path) == "reference"
	not set_from(r, path, types)
}

# text is what is known at a path, if it is a text.
text(r, path) := known if {
	known := value(r, path)
	is_string(known)
}

# functions are the functions of the plan that an attribute names: by name or
# ARN, with or without a qualifier, or through an alias.
functions(r, path) := direct_functions(r, path) | {f |
	some alias in targets(r, path, "aws_lambda_alias")
	some f in direct_functions(alias, ["function_name"])
}

function_types := {"aws_lambda_function", "aws_lambda_alias"}

direct_functions(r, path) := {f | some f in targets(r, path, "aws_lambda_function")} | {f |
	some name in function_names(text(r, path))
	some i in function_places[name]
	f := input.by_type.aws_lambda_function[i]
}

# function_names are what a text may mean: a name, or the name in an ARN.
function_names(known) := {known} | {parts[6] |
	parts := split(known, ":")
	parts[5] == "function"
}

# function_places is made once: a function cannot be had by its name otherwise.
function_places := {name: numbers | some name, numbers in places_by_name}

places_by_name[f.values.function_name] contains i if some i, f in input.by_type.aws_lambda_function

# event_source is the service whose events a mapping reads: sqs, kinesis,
# dynamodb, another, or "unknown" if it cannot be told.
event_source(m) := service if {
	service := split(text(m, ["event_source_arn"]), ":")[2]
} else := service if {
	some service, types in {
		"sqs": {"aws_sqs_queue"},
		"kinesis": {"aws_kinesis_stream", "aws_kinesis_stream_consumer"},
		"dynamodb": {"aws_dynamodb_table"},
	}
	set_from(m, ["event_source_arn"], types)
} else := "unknown" if {
	unclear(m, ["event_source_arn"], {"aws_msk_cluster", "aws_mq_broker", "aws_docdb_cluster"})
} else := "another"

# veiled holds if an attribute, or something in it, is set and cannot be read.
veiled(r, path) if state(r, path) == "reference"

veiled(r, path) if {
	some hidden, _ in r.unknown
	startswith(hidden, sprintf("%s.", [dotted(path)]))
}

# dead_letter_queues lists the queues of the plan where a queue's redrive policy
# sends what nobody could process. The policy is the queue's own attribute, or
# that of an aws_sqs_queue_redrive_policy.
dead_letter_queues(r) := {q | some q in targets(r, ["redrive_policy"], "aws_sqs_queue")} | {q |
	arn := json.unmarshal(text(r, ["redrive_policy"])).deadLetterTargetArn
	named := {"values": {"dlq": regex.replace(arn, `^.*:`, "")}, "unknown": {}, "refs": {}}
	some q in targets(named, ["dlq"], "aws_sqs_queue")
}

# metrics_of lists where an alarm names a metric: itself, or in its queries.
metrics_of(a) := [[]] if is_set(a, ["metric_name"])

metrics_of(a) := [["metric_query", i, "metric", 0] |
	some i, query in a.values.metric_query
	count(query.metric) > 0
] if not is_set(a, ["metric_name"])

# alarms_on lists the alarms, as pairs of alarm and path, on some metrics of a
# namespace.
alarms_on(namespace, metrics) := [[a, path] |
	some a in input.by_type.aws_cloudwatch_metric_alarm
	some path in metrics_of(a)
	one_of(a, array.concat(path, ["namespace"]), {namespace}) == true
	one_of(a, array.concat(path, ["metric_name"]), metrics) == true
]

# alarms_perhaps_on lists those where it is known after apply whether they are.
alarms_perhaps_on(namespace, metrics) := [[a, path] |
	some a in input.by_type.aws_cloudwatch_metric_alarm
	some path in metrics_of(a)
	told := {one_of(a, array.concat(path, ["namespace"]), {namespace}), one_of(a, array.concat(path, ["metric_name"]), metrics)}
	"unknown" in told
	not false in told
]

# alarmed_names are the values of a dimension in pairs of alarms_on; alarmed are
# the addresses of resources of some types that the dimensions are set from.
alarmed_names(pairs, dimension) := {name |
	some [a, path] in pairs
	name := value(a, array.concat(path, ["dimensions", dimension]))
	name != null
}

alarmed(pairs, types) := {r.address |
	some [a, path] in pairs
	some type in types
	some r in targets(a, array.concat(path, ["dimensions"]), type)
}

# alarm_unclear holds if it is not seen what resource a pair of alarms_on is
# about.
alarm_unclear(pair, types) if {
	[a, path] := pair
	unclear(a, array.concat(path, ["dimensions"]), types)
}

# bounds_only holds if a policy of the plan bounds roles or users and is attached
# to nobody. It grants nothing then.
# https://docs.aws.amazon.com/IAM/latest/UserGuide/access_policies_boundaries.html
bounds_only(address) if {
	address in bounding
	not address in attached
}

# bounding are the policies that bound somebody.
bounding := {policy.address |
	some type in ["aws_iam_role", "aws_iam_user"]
	some bounded in input.by_type[type]
	some policy in targets(bounded, ["permissions_boundary"], "aws_iam_policy")
}

# attached are the policies that the plan attaches to anybody, in any spelling.
attached := {policy.address |
	some [type, attribute] in [
		["aws_iam_role_policy_attachment", "policy_arn"],
		["aws_iam_user_policy_attachment", "policy_arn"],
		["aws_iam_group_policy_attachment", "policy_arn"],
		["aws_iam_policy_attachment", "policy_arn"],
		["aws_iam_role", "managed_policy_arns"],
		["aws_iam_role_policy_attachments_exclusive", "policy_arns"],
		["aws_iam_user_policy_attachments_exclusive", "policy_arns"],
		["aws_iam_group_policy_attachments_exclusive", "policy_arns"],
	]
	some attachment in input.by_type[type]
	some policy in targets(attachment, [attribute], "aws_iam_policy")
}

# given is true if an attribute has a value, false if it has none, or "unknown" if
# what it is set from may be nothing. What a resource of AWS's gives is something,
# and a variable of the root is known: it decides at most which of them it is.
given(r, path) := "unknown" if {
	state(r, path) == "reference"
	some_unsure(refs(r, path))
} else if {
	is_set(r, path)
} else := false

some_unsure(found) if count([ref | some ref in found; startswith(object.get(ref, "type", ""), "aws_")]) == 0

some_unsure(found) if {
	some ref in found
	not startswith(object.get(ref, "type", ""), "aws_")
	not startswith(ref.address, "var.")
}

# policies_at lists the policies of a resource.
policies_at(address) := [input.policies[i] | some i in object.get(policy_places, address, [])]

policy_places := grouped({[p.address, i] | some i, p in input.policies})

# documents_at lists the policy document of an address, if the plan has it.
documents_at(address) := [input.data.aws_iam_policy_document[i] | some i in object.get(document_places, address, [])]

document_places := grouped({[d.address, i] | some i, d in input.data.aws_iam_policy_document})

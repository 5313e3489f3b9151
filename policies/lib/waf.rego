# METADATA
# title: Helpers for rules about AWS WAF
# description: The rules of a web ACL are a set, and may be JSON in one text instead.
package portcullis.lib.waf

import data.portcullis.lib

# unseen holds if the rules of a web ACL cannot be read.
unseen(acl) if lib.hidden(acl, ["rule"])

unseen(acl) if lib.state(acl, ["rule_json"]) in {"known", "reference"}

# rules are those of a web ACL that can be read, with their numbers.
rules(acl) := [[i, rule] | some i, rule in acl.values.rule]

statement(rule) := rule.statement[0]

managed(rule) := statement(rule).managed_rule_group_statement[0]

# group holds if a rule is a group of AWS's own.
group(rule, name) if {
	managed(rule).vendor_name == "AWS"
	managed(rule).name == name
}

# counts holds if a rule, or the whole group that it is, does no more than count.
counts(rule) if rule.action[0].count[_]

counts(rule) if rule.override_action[0].count[_]

# open holds where what a rule does is known after apply.
open(acl, i) if {
	some outer in ["action", "override_action"]
	some inner in ["allow", "block", "count", "captcha", "challenge", "none"]
	lib.hidden(acl, ["rule", i, outer, 0, inner])
}

# websocket holds if there is a WebSocket API in the plan.
websocket if {
	some api in input.by_type.aws_apigatewayv2_api
	lib.websocket(api)
}

# has is true if a rule of a web ACL is a group of AWS's and does not just count,
# "unknown" if that cannot be told, else false.
has(acl, name) if {
	some [i, rule] in rules(acl)
	group(rule, name)
	not counts(rule)
	not open(acl, i)
} else := "unknown" if {
	unseen(acl)
} else := "unknown" if {
	some [i, rule] in rules(acl)
	group(rule, name)
	open(acl, i)
} else := "unknown" if {
	some [i, _] in rules(acl)
	some at, _ in acl.unknown
	startswith(at, lib.dotted(["rule", i, "statement"]))
} else := false

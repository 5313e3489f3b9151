# What conftest asks for, made of what the rules say: a failure for each finding,
# a warning for what cannot be told before apply. The rest of a finding is in the
# metadata. docs/gate.md says how it is run.
package main

deny contains result(group, name, finding) if {
	some group, name
	some finding in data.portcullis.rules[group][name].deny
}

warn contains result(group, name, finding) if {
	some group, name
	some finding in data.portcullis.rules[group][name].unknown
}

result(group, name, finding) := object.union(finding, {"rule": rule, "msg": msg}) if {
	rule := replace(sprintf("%s/%s", [group, name]), "_", "-")
	msg := sprintf("%s %s: %s", [rule, finding.address, finding.message])
}

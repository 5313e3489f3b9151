# METADATA
# title: Who posts to connections may do so on one API and stage
# description: |
#   execute-api:ManageConnections sends to, reads and closes every connection of
#   the ARN it is granted on. With a wildcard that is every API of the account.
# related_resources:
# - https://docs.aws.amazon.com/apigateway/latest/developerguide/apigateway-websocket-control-access-iam.html
# custom:
#   severity: high
#   remediation: Grant it on "${execution_arn}/<stage>/POST/@connections/*", and on DELETE or GET likewise where that is needed.
#   types: [aws_iam_policy, aws_iam_role_policy, aws_iam_user_policy, aws_iam_group_policy, aws_iam_role, aws_ssoadmin_permission_set_inline_policy, aws_iot_policy]
#   good: |
#     statement {
#       actions   = ["execute-api:ManageConnections"]
#       resources = ["${aws_apigatewayv2_api.chat.execution_arn}/prod/POST/@connections/*"]
#     }
#   bad: |
#     statement {
#       actions   = ["execute-api:*"]
#       resources = ["*"]
#     }
package portcullis.rules.websocket.manage_connections

import data.portcullis.lib

grants contains [p, s] if {
	some p in input.policies
	p.kind == "identity"
	not lib.bounds_only(p.address)
	some s in p.statements
	count(lib.allows(s, "execute-api:manageconnections")) > 0
	not elsewhere(s)
}

# elsewhere holds for a statement about resources of other services only, whatever
# its actions are.
elsewhere(s) if {
	count(s.resources) > 0
	object.get(s.unknown, "resources", 0) == 0
	every text in s.resources {
		other(text)
	}
}

other(text) if {
	regex.match(`^arn:[^:]*:[^:*?$]+:`, text)
	split(text, ":")[2] != "execute-api"
}

subjects contains p.address if some [p, _] in grants

# One API, one stage, one method; the wildcard is for the connections alone.
exact(text) if regex.match(`^(arn:[^:*]+:execute-api:[^:*]+:[0-9]+:[^/*]+|\$\{\})/[^/*]+/(POST|GET|DELETE)/@connections/`, text)

wild(text) if {
	contains(text, "*")
	not narrow(text)
}

# narrow holds for what grants nothing, or nothing more than it should.
narrow(text) if exact(text)

narrow(text) if other(text)

deny contains lib.in_policy(p, s, sprintf("it is granted on %s", [text])) if {
	some [p, s] in grants
	some text in s.resources
	not narrow(text)
}

deny contains lib.in_policy(p, s, sprintf("it is granted on %s", [text])) if {
	some [p, s] in grants
	some text in s.templates.resources
	wild(text)
}

deny contains lib.in_policy(p, s, "it is granted on all resources but some") if {
	some [p, s] in grants
	count(s.not_resources) > 0
}

unknown contains lib.in_policy(p, s, "what it is granted on is known after apply") if {
	some [p, s] in grants
	object.get(s.unknown, "resources", 0) > count([t | some t in s.templates.resources; narrow(t)])
	every t in object.get(s.templates, "resources", []) {
		not wild(t)
	}
}

# METADATA
# title: Helpers for rules about Cognito
# description: A client is made by one resource, or one that a service made is taken over by another.
package portcullis.lib.identity

import data.portcullis.lib

# clients are the app clients of user pools.
clients := [r |
	some type in ["aws_cognito_user_pool_client", "aws_cognito_managed_user_pool_client"]
	some r in input.by_type[type]
]

# items are the texts of a list that are known.
items(r, name) := {text |
	some text in lib.value(r, [name])
	text != null
}

# later holds if some of a list are known after apply.
later(r, name) if lib.state(r, [name]) == "reference"

later(r, name) if {
	some i, _ in r.values[name]
	lib.hidden(r, [name, i])
}

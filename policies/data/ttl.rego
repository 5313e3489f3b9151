# METADATA
# title: A table lets its rows expire
# description: |
#   Connections, sessions and messages that nobody deletes stay for ever: they are
#   paid for, they slow down what lists them, and the next leak has them all. TTL
#   that names a key which is no number never deletes anything. Low, since a plan
#   does not show which tables are meant to keep their rows: waive it for those.
# related_resources:
# - https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/TTL.html
# - https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/time-to-live-ttl-before-you-start.html
# custom:
#   severity: low
#   remediation: Add ttl with enabled = true and the name of a number attribute with the time in seconds since 1970, and have the programs write it.
#   types: [aws_dynamodb_table]
#   good: |
#     resource "aws_dynamodb_table" "connections" {
#       name         = "connections"
#       hash_key     = "pk"
#       billing_mode = "PAY_PER_REQUEST"
#       attribute {
#         name = "pk"
#         type = "S"
#       }
#       ttl {
#         enabled        = true
#         attribute_name = "expires_at"
#       }
#     }
#   bad: |
#     resource "aws_dynamodb_table" "connections" {
#       name         = "connections"
#       hash_key     = "pk"
#       billing_mode = "PAY_PER_REQUEST"
#       attribute {
#         name = "pk"
#         type = "S"
#       }
#     }
package portcullis.rules.data.ttl

import data.portcullis.lib

enabled := ["ttl", 0, "enabled"]

named := ["ttl", 0, "attribute_name"]

subjects contains r.address if some r in input.by_type.aws_dynamodb_table

deny contains lib.finding(r, enabled, "rows stay until a program deletes them") if {
	some r in input.by_type.aws_dynamodb_table
	lib.equals(r, enabled, true) == false
}

# Attributes that are declared are keys, with their types.
deny contains lib.finding(r, named, sprintf("%s is no number, so nothing ever expires", [attribute.name])) if {
	some r in input.by_type.aws_dynamodb_table
	some attribute in r.values.attribute
	attribute.name == lib.value(r, named)
	attribute.type != "N"
}

unknown contains lib.finding(r, named, "which attribute it is is known after apply") if {
	some r in input.by_type.aws_dynamodb_table
	lib.equals(r, enabled, true) != false
	lib.state(r, named) == "reference"
}

unknown contains lib.finding(r, enabled, "whether rows expire is known after apply") if {
	some r in input.by_type.aws_dynamodb_table
	lib.equals(r, enabled, true) == "unknown"
}

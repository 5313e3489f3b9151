# METADATA
# title: A table is protected from deletion
# description: |
#   Whoever has dynamodb:DeleteTable, and a plan that replaces the table because a
#   key or the name changed, removes it with all rows. With the protection AWS
#   refuses until somebody takes it off on purpose. Low, since a table of a test
#   has to be removable.
# related_resources:
# - https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/WorkingWithTables.Basics.html
# custom:
#   severity: low
#   remediation: Set deletion_protection_enabled = true.
#   types: [aws_dynamodb_table, aws_dynamodb_table_replica]
#   mappings:
#     fsbp: [DynamoDB.6]
#   good: |
#     resource "aws_dynamodb_table" "rooms" {
#       name                        = "rooms"
#       hash_key                    = "pk"
#       billing_mode                = "PAY_PER_REQUEST"
#       deletion_protection_enabled = true
#       attribute {
#         name = "pk"
#         type = "S"
#       }
#     }
#   bad: |
#     resource "aws_dynamodb_table" "rooms" {
#       name         = "rooms"
#       hash_key     = "pk"
#       billing_mode = "PAY_PER_REQUEST"
#       attribute {
#         name = "pk"
#         type = "S"
#       }
#     }
package portcullis.rules.data.deletion_protection

import data.portcullis.lib

protection := ["deletion_protection_enabled"]

tables contains r if {
	some type in ["aws_dynamodb_table", "aws_dynamodb_table_replica"]
	some r in input.by_type[type]
}

subjects contains r.address if some r in tables

deny contains lib.finding(r, protection, "the table can be deleted with one call") if {
	some r in tables
	lib.equals(r, protection, true) == false
}

unknown contains lib.finding(r, protection, "whether the table can be deleted is known after apply") if {
	some r in tables
	lib.equals(r, protection, true) == "unknown"
}

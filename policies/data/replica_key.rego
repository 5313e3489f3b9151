# METADATA
# title: A replica is encrypted with a key of one's own
# description: |
#   Each replica of a table has a key of its own Region. Left out, it is one of
#   AWS's: nobody can lock the copy, whatever protects the table.
# related_resources:
# - https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/encryption.howitworks.html
# custom:
#   severity: medium
#   remediation: Set kms_key_arn to a key of the replica's Region.
#   types: [aws_dynamodb_table, aws_dynamodb_table_replica]
#   mappings:
#     checkov: [CKV_AWS_271]
#   good: |
#     resource "aws_dynamodb_table_replica" "us" {
#       provider         = aws.us
#       global_table_arn = aws_dynamodb_table.rooms.arn
#       kms_key_arn      = aws_kms_key.us.arn
#     }
#   bad: |
#     resource "aws_dynamodb_table_replica" "us" {
#       provider         = aws.us
#       global_table_arn = aws_dynamodb_table.rooms.arn
#     }
package portcullis.rules.data.replica_key

import data.portcullis.lib

replicas contains [r, ["kms_key_arn"]] if some r in input.by_type.aws_dynamodb_table_replica

replicas contains [r, ["replica", i, "kms_key_arn"]] if {
	some r in input.by_type.aws_dynamodb_table
	some i, _ in r.values.replica
}

# What replicas a table has may be known after apply.
replicas contains [r, ["replica"]] if {
	some r in input.by_type.aws_dynamodb_table
	lib.state(r, ["replica"]) == "reference"
}

subjects contains r.address if some [r, _] in replicas

deny contains lib.finding(r, path, "the replica has no key of one's own") if {
	some [r, path] in replicas
	lib.customer_key(r, path) == false
}

unknown contains lib.finding(r, path, "what key it is cannot be seen before apply") if {
	some [r, path] in replicas
	lib.customer_key(r, path) == "unknown"
}

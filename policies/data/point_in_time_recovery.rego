# METADATA
# title: A table can be restored to any second
# description: |
#   Without point-in-time recovery, which is off by default, what a faulty release
#   or an intruder deletes or overwrites is gone.
# related_resources:
# - https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/Point-in-time-recovery.html
# custom:
#   severity: medium
#   remediation: Add point_in_time_recovery with enabled = true.
#   types: [aws_dynamodb_table]
#   mappings:
#     checkov: [CKV_AWS_28]
#     fsbp: [DynamoDB.2]
#   good: |
#     resource "aws_dynamodb_table" "rooms" {
#       name         = "rooms"
#       hash_key     = "pk"
#       billing_mode = "PAY_PER_REQUEST"
#       attribute {
#         name = "pk"
#         type = "S"
#       }
#       point_in_time_recovery {
#         enabled = true
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
package portcullis.rules.data.point_in_time_recovery

import data.portcullis.lib

recovery := ["point_in_time_recovery", 0, "enabled"]

subjects contains r.address if some r in input.by_type.aws_dynamodb_table

deny contains lib.finding(r, recovery, "deleted rows cannot be had back") if {
	some r in input.by_type.aws_dynamodb_table
	lib.equals(r, recovery, true) == false
}

unknown contains lib.finding(r, recovery, "whether the table can be restored is known after apply") if {
	some r in input.by_type.aws_dynamodb_table
	lib.equals(r, recovery, true) == "unknown"
}

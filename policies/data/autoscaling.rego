# METADATA
# title: Provisioned capacity follows demand
# description: |
#   A table with fixed capacity refuses whatever is above it: one busy hour, or one
#   client that writes as fast as it can, shuts everybody out.
# related_resources:
# - https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/AutoScaling.html
# custom:
#   severity: low
#   remediation: Set billing_mode = "PAY_PER_REQUEST", or add an aws_appautoscaling_target with a policy for reading and one for writing.
#   types: [aws_dynamodb_table, aws_appautoscaling_target]
#   mappings:
#     checkov: [CKV2_AWS_16]
#     fsbp: [DynamoDB.1]
#   good: |
#     resource "aws_dynamodb_table" "rooms" {
#       name         = "rooms"
#       hash_key     = "pk"
#       billing_mode = "PAY_PER_REQUEST"
#       attribute {
#         name = "pk"
#         type = "S"
#       }
#     }
#   bad: |
#     resource "aws_dynamodb_table" "rooms" {
#       name           = "rooms"
#       hash_key       = "pk"
#       read_capacity  = 5
#       write_capacity = 5
#       attribute {
#         name = "pk"
#         type = "S"
#       }
#     }
package portcullis.rules.data.autoscaling

import data.portcullis.lib

# Left out, the mode is PROVISIONED.
fixed(r) := lib.opposite(lib.equals(r, ["billing_mode"], "PAY_PER_REQUEST"))

# scaling are the tables, or their indexes, that autoscaling is for: the address
# of what its target refers to, or the table's name.
scaling(dimension) := {what |
	some t in input.by_type.aws_appautoscaling_target
	lib.value(t, ["scalable_dimension"]) == dimension
	some what in ({ref.address | some ref in lib.refs(t, ["resource_id"])} | {id | id := t.values.resource_id})
}

# unsettled tells whether some target may be for any table.
unsettled(dimension) if {
	some t in input.by_type.aws_appautoscaling_target
	lib.one_of(t, ["scalable_dimension"], {dimension}) != false
	lib.state(t, ["resource_id"]) == "reference"
} else := false

scaled(r, dimension) if {
	some what in ({r.base, r.config} | {id | id := concat("/", ["table", r.values.name])})
	what in scaling(dimension)
} else := "unknown" if {
	unsettled(dimension)
} else := false

verdict(r, capacity) := lib.any_of({
	lib.opposite(fixed(r)),
	scaled(r, sprintf("dynamodb:table:%sCapacityUnits", [capacity])),
})

subjects contains r.address if {
	some r in input.by_type.aws_dynamodb_table
	fixed(r) != false
}

deny contains lib.finding(r, [sprintf("%s_capacity", [lower(capacity)])], "the capacity is fixed") if {
	some r in input.by_type.aws_dynamodb_table
	some capacity in ["Read", "Write"]
	verdict(r, capacity) == false
}

unknown contains lib.finding(r, ["billing_mode"], "whether the capacity follows demand is known after apply") if {
	some r in input.by_type.aws_dynamodb_table
	some capacity in ["Read", "Write"]
	verdict(r, capacity) == "unknown"
}

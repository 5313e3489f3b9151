# METADATA
# title: A function in a network has subnets in two zones
# description: |
#   With one subnet the function is gone when its availability zone is. Low,
#   since it is about staying up; and the zones of subnets themselves are known
#   after apply.
# related_resources:
# - https://docs.aws.amazon.com/lambda/latest/dg/configuration-vpc.html
# custom:
#   severity: low
#   remediation: Give vpc_config subnets of at least two availability zones.
#   types: [aws_lambda_function]
#   mappings:
#     fsbp: [Lambda.5]
#   good: |
#     resource "aws_lambda_function" "chat" {
#       function_name = "chat"
#       role          = aws_iam_role.chat.arn
#       filename      = "chat.zip"
#       runtime       = "provided.al2023"
#       handler       = "bootstrap"
#
#       vpc_config {
#         subnet_ids         = [aws_subnet.a.id, aws_subnet.b.id]
#         security_group_ids = [aws_security_group.chat.id]
#       }
#     }
#   bad: |
#     resource "aws_lambda_function" "chat" {
#       function_name = "chat"
#       role          = aws_iam_role.chat.arn
#       filename      = "chat.zip"
#       runtime       = "provided.al2023"
#       handler       = "bootstrap"
#
#       vpc_config {
#         subnet_ids         = [aws_subnet.a.id]
#         security_group_ids = [aws_security_group.chat.id]
#       }
#     }
package portcullis.rules.function.vpc_zones

import data.portcullis.lib

subnets := ["vpc_config", 0, "subnet_ids"]

in_network contains f if {
	some f in input.by_type.aws_lambda_function
	lib.is_set(f, subnets)
}

in_network contains f if {
	some f in input.by_type.aws_lambda_function
	lib.veiled(f, subnets)
}

subjects contains f.address if some f in in_network

# places are the subnets of the plan that are named, by their zones.
places(f) := {zone |
	some s in lib.targets(f, subnets, "aws_subnet")
	zone := object.get(s.values, "availability_zone", s.address)
}

deny contains lib.finding(f, subnets, "all instances are in one subnet") if {
	some f in in_network
	count([id | some id in lib.value(f, subnets)]) == 1
}

deny contains lib.finding(f, subnets, "all instances are in one zone") if {
	some f in in_network
	placed(f)
	count(places(f)) == 1
}

unknown contains lib.finding(f, subnets, "which subnets it has is known after apply") if {
	some f in in_network
	lib.veiled(f, subnets)
	not placed(f)
}

placed(f) if {
	lib.veiled(f, subnets)
	lib.set_from(f, subnets, {"aws_subnet"})
	count(places(f)) > 0
}

package portcullis.rules.function.vpc_zones_test

import data.portcullis.rules.function.vpc_zones

subnet := {"address": "aws_subnet.a", "base": "aws_subnet.a", "config": "aws_subnet.a", "type": "aws_subnet", "values": {"availability_zone": "eu-west-1a"}, "unknown": {}, "refs": {}}

# One of two subnets that are there already is of this plan.
plan := {"by_type": {"aws_subnet": [subnet], "aws_lambda_function": [{
	"address": "f",
	"values": {"vpc_config": [{"subnet_ids": ["subnet-1", "subnet-2"]}]},
	"unknown": {},
	"refs": {"vpc_config.0.subnet_ids": [{"address": "aws_subnet.a", "type": "aws_subnet"}]},
}]}}

test_the_other_may_be_in_another_zone if {
	count(vpc_zones.subjects) == 1 with input as plan
	count(vpc_zones.deny | vpc_zones.unknown) == 0 with input as plan
}

# METADATA
# title: A function's runtime gets security updates
# description: |
#   Of a deprecated runtime holes stay open, and soon Lambda lets nobody update
#   the function either. The dates are those of AWS's page of runtimes as of
#   2026-11; a runtime that this rule has not heard of cannot be told, so a list
#   grown old shows itself.
# related_resources:
# - https://docs.aws.amazon.com/lambda/latest/dg/lambda-runtimes.html
# custom:
#   severity: medium
#   remediation: Move the code to a runtime that AWS still updates.
#   types: [aws_lambda_function]
#   mappings:
#     checkov: [CKV_AWS_363]
#     fsbp: [Lambda.2]
#   good: |
#     resource "aws_lambda_function" "chat" {
#       function_name = "chat"
#       role          = aws_iam_role.chat.arn
#       filename      = "chat.zip"
#       runtime       = "provided.al2023"
#       handler       = "bootstrap"
#     }
#   bad: |
#     resource "aws_lambda_function" "chat" {
#       function_name = "chat"
#       role          = aws_iam_role.chat.arn
#       filename      = "chat.zip"
#       runtime       = "go1.x"
#       handler       = "chat"
#     }
package portcullis.rules.function.runtime

import data.portcullis.lib

# deprecated has the day from which a runtime has got no updates.
deprecated := {
	"dotnet5.0": "2022-05-10",
	"dotnet6": "2024-12-20",
	"dotnet7": "2024-05-14",
	"dotnet8": "2026-11-10",
	"dotnetcore1.0": "2019-06-27",
	"dotnetcore2.0": "2019-05-30",
	"dotnetcore2.1": "2022-01-05",
	"dotnetcore3.1": "2023-04-03",
	"go1.x": "2024-01-08",
	"java8": "2024-01-08",
	"nodejs": "2016-10-31",
	"nodejs10.x": "2021-07-30",
	"nodejs12.x": "2023-03-31",
	"nodejs14.x": "2023-12-04",
	"nodejs16.x": "2024-06-12",
	"nodejs18.x": "2025-09-01",
	"nodejs20.x": "2026-04-30",
	"nodejs4.3": "2020-03-05",
	"nodejs4.3-edge": "2020-03-05",
	"nodejs6.10": "2019-08-12",
	"nodejs8.10": "2020-03-06",
	"provided": "2024-01-08",
	"provided.al2": "2026-07-31",
	"python2.7": "2021-07-15",
	"python3.10": "2026-10-31",
	"python3.6": "2022-07-18",
	"python3.7": "2023-12-04",
	"python3.8": "2024-10-14",
	"python3.9": "2025-12-15",
	"ruby2.5": "2021-07-30",
	"ruby2.7": "2023-12-07",
	"ruby3.2": "2026-03-31",
}

updated := {
	"dotnet10",
	"java11",
	"java11.al2023",
	"java17",
	"java17.al2023",
	"java21",
	"java25",
	"java8.al2",
	"java8.al2023",
	"nodejs22.x",
	"nodejs24.x",
	"provided.al2023",
	"python3.11",
	"python3.12",
	"python3.13",
	"python3.14",
	"ruby3.3",
	"ruby3.4",
	"ruby4.0",
}

# An image has its runtime in it.
zipped contains r if {
	some r in input.by_type.aws_lambda_function
	lib.is_set(r, ["runtime"])
}

subjects contains r.address if some r in zipped

deny contains lib.finding(r, ["runtime"], sprintf("%s has had no updates since %s", [r.values.runtime, day])) if {
	some r in zipped
	day := deprecated[r.values.runtime]
}

unknown contains lib.finding(r, ["runtime"], "the runtime is known after apply") if {
	some r in zipped
	lib.state(r, ["runtime"]) == "reference"
}

unknown contains lib.finding(r, ["runtime"], sprintf("%s is a runtime that this version of the gate does not know", [runtime])) if {
	some r in zipped
	runtime := r.values.runtime
	not runtime in updated
	not runtime in object.keys(deprecated)
}

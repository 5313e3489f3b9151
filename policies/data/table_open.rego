# METADATA
# title: No table is open to everybody
# description: |
#   A resource policy with principal * lets anybody with an AWS account at the rows,
#   if no condition binds it to an account, an organisation or a network. DynamoDB
#   refuses most of these when they are applied; here it is seen before.
# related_resources:
# - https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/rbac-bpa-rbp.html
# custom:
#   severity: high
#   remediation: Name the principals, or add a condition on aws:PrincipalOrgID or aws:PrincipalAccount.
#   types: [aws_dynamodb_resource_policy]
#   good: |
#     data "aws_iam_policy_document" "rooms" {
#       statement {
#         actions   = ["dynamodb:Query"]
#         resources = [aws_dynamodb_table.rooms.arn]
#         principals {
#           type        = "AWS"
#           identifiers = ["arn:aws:iam::111122223333:role/reader"]
#         }
#       }
#     }
#     resource "aws_dynamodb_resource_policy" "rooms" {
#       resource_arn = aws_dynamodb_table.rooms.arn
#       policy       = data.aws_iam_policy_document.rooms.json
#     }
#   bad: |
#     data "aws_iam_policy_document" "rooms" {
#       statement {
#         actions   = ["dynamodb:Query"]
#         resources = [aws_dynamodb_table.rooms.arn]
#         principals {
#           type        = "AWS"
#           identifiers = ["*"]
#         }
#       }
#     }
#     resource "aws_dynamodb_resource_policy" "rooms" {
#       resource_arn = aws_dynamodb_table.rooms.arn
#       policy       = data.aws_iam_policy_document.rooms.json
#     }
package portcullis.rules.data.table_open

import data.portcullis.lib

policies := lib.policies_of({"aws_dynamodb_resource_policy"})

subjects contains p.address if some p in policies

deny contains lib.in_policy(p, s, "everybody may use the table") if {
	some p in policies
	some s in p.statements
	lib.open(s) == true
}

unknown contains lib.in_policy(p, s, "who may use the table is known after apply") if {
	some p in policies
	some s in p.statements
	lib.open(s) == "unknown"
}

unknown contains lib.unread(p) if {
	some p in policies
	p.state == "opaque"
}

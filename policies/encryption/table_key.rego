# METADATA
# title: A table is encrypted with a key of one's own
# description: |
#   A table without server_side_encryption is encrypted with a key that AWS
#   owns: nobody sees its use and nobody can lock it.
# related_resources:
# - https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/encryption.howitworks.html
# custom:
#   severity: medium
#   remediation: Add server_side_encryption with enabled = true and kms_key_arn of an aws_kms_key.
#   types: [aws_dynamodb_table]
#   mappings:
#     checkov: [CKV_AWS_119]
#   good: |
#     server_side_encryption {
#       enabled     = true
#       kms_key_arn = aws_kms_key.data.arn
#     }
#   bad: |
#     server_side_encryption {
#       enabled = true
#     }
package portcullis.rules.encryption.table_key

import data.portcullis.lib

key := ["server_side_encryption", 0, "kms_key_arn"]

subjects contains r.address if some r in input.by_type.aws_dynamodb_table

deny contains lib.finding(r, key, "the table has no key of one's own") if {
	some r in input.by_type.aws_dynamodb_table
	lib.customer_key(r, key) == false
}

unknown contains lib.finding(r, key, "what key it is cannot be seen before apply") if {
	some r in input.by_type.aws_dynamodb_table
	lib.customer_key(r, key) == "unknown"
}

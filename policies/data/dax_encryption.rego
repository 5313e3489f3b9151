# METADATA
# title: A DAX cluster encrypts at rest and in transit
# description: |
#   The cache has the rows of the tables behind it. By default it writes them to
#   its disks in clear, and takes connections without TLS; neither can be changed
#   later.
# related_resources:
# - https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/DAXEncryptionAtRest.html
# - https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/DAXEncryptionInTransit.html
# custom:
#   severity: medium
#   remediation: Add server_side_encryption with enabled = true, and set cluster_endpoint_encryption_type = "TLS".
#   types: [aws_dax_cluster]
#   mappings:
#     checkov: [CKV_AWS_47, CKV_AWS_239]
#     fsbp: [DynamoDB.3, DynamoDB.7]
#   good: |
#     resource "aws_dax_cluster" "cache" {
#       cluster_name                     = "cache"
#       iam_role_arn                     = aws_iam_role.cache.arn
#       node_type                        = "dax.r5.large"
#       replication_factor               = 3
#       cluster_endpoint_encryption_type = "TLS"
#       server_side_encryption {
#         enabled = true
#       }
#     }
#   bad: |
#     resource "aws_dax_cluster" "cache" {
#       cluster_name       = "cache"
#       iam_role_arn       = aws_iam_role.cache.arn
#       node_type          = "dax.r5.large"
#       replication_factor = 3
#     }
package portcullis.rules.data.dax_encryption

import data.portcullis.lib

wanted := [
	[["server_side_encryption", 0, "enabled"], true, "rows are on the disks in clear"],
	[["cluster_endpoint_encryption_type"], "TLS", "rows are on the network in clear"],
]

subjects contains r.address if some r in input.by_type.aws_dax_cluster

deny contains lib.finding(r, path, message) if {
	some r in input.by_type.aws_dax_cluster
	some [path, value, message] in wanted
	lib.equals(r, path, value) == false
}

unknown contains lib.finding(r, path, sprintf("not known before apply: whether %s", [message])) if {
	some r in input.by_type.aws_dax_cluster
	some [path, value, message] in wanted
	lib.equals(r, path, value) == "unknown"
}

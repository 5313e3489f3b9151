# METADATA
# title: Signed URLs are checked with key groups
# description: |
#   A trusted signer is a whole AWS account: only its root user can make and delete
#   the keys, and each of them opens everything behind the behaviour. Keys of a key
#   group are made and changed by roles.
# related_resources:
# - https://docs.aws.amazon.com/AmazonCloudFront/latest/DeveloperGuide/private-content-trusted-signers.html
# - https://docs.aws.amazon.com/config/latest/developerguide/cloudfront-distribution-key-group-enabled.html
# custom:
#   severity: medium
#   remediation: Make an aws_cloudfront_key_group, set trusted_key_groups to it, and take trusted_signers out.
#   types: [aws_cloudfront_distribution]
#   mappings:
#     fsbp: [CloudFront.17]
#   good: |
#     resource "aws_cloudfront_distribution" "files" {
#       default_cache_behavior {
#         target_origin_id   = "files"
#         trusted_key_groups = [aws_cloudfront_key_group.files.id]
#       }
#     }
#   bad: |
#     resource "aws_cloudfront_distribution" "files" {
#       default_cache_behavior {
#         target_origin_id = "files"
#         trusted_signers  = ["self"]
#       }
#     }
package portcullis.rules.edge.trusted_signers

import data.portcullis.lib
import data.portcullis.lib.edge

# Whether a page wants a signature at all is not asked: most are for everybody.
signers := [[d, array.concat(at, ["trusted_signers"])] |
	some d in input.by_type.aws_cloudfront_distribution
	some at in edge.behaviours(d)
]

subjects contains d.address if some d in input.by_type.aws_cloudfront_distribution

deny contains lib.finding(d, at, "the keys of whole accounts sign") if {
	some [d, at] in signers
	lib.state(d, at) == "known"
	lib.is_set(d, at)
}

unknown contains lib.finding(d, at, "whose keys sign is known after apply") if {
	some [d, at] in signers
	lib.state(d, at) == "reference"
}

unknown contains lib.finding(d, [block], "how many behaviours there are is known after apply") if {
	some d in input.by_type.aws_cloudfront_distribution
	some block in edge.unseen(d)
}

# METADATA
# title: Helpers for rules about buckets
# description: |
#   Nearly everything that is set on a bucket is a resource beside it. The blocks
#   in the bucket itself, which say the same, are deprecated and still in use.
package portcullis.lib.buckets

import data.portcullis.lib

# said is true if a companion of the bucket or a block in it sets something,
# false if nothing does, or "unknown".
said(b, type, block) := lib.any_of({lib.companion(b, type, ["bucket"]), inlined(b, block)})

# inlined tells whether the configuration has a block in the bucket itself, or
# "unknown". What a bucket has from elsewhere is in its values too, and does not
# count.
inlined(b, block) if {
	count(object.get(b.values, block, [])) > 0
	some at, _ in b.refs
	split(at, ".")[0] == block
} else := "unknown" if {
	lib.state(b, [block]) == "reference"
} else := false

# silent lists the buckets of which nothing is said, or perhaps nothing, with
# false or "unknown".
silent(type, block) := {[b, verdict] |
	some b in input.by_type.aws_s3_bucket
	verdict := said(b, type, block)
	verdict != true
}

# settings lists where something of a kind is set: companions, and buckets with a
# block, each with the path of what matters there.
settings(type, path, block, inner) := {[c, path] | some c in input.by_type[type]} | {[b, array.concat([block], inner)] |
	some b in input.by_type.aws_s3_bucket
	inlined(b, block) != false
}

# gets_access_logs holds for a bucket that other buckets log to.
gets_access_logs(b) if b.address in logged_to

logged_to contains t.address if {
	some l in input.by_type.aws_s3_bucket_logging
	some t in lib.targets(l, ["target_bucket"], "aws_s3_bucket")
}

logged_to contains t.address if {
	some other in input.by_type.aws_s3_bucket
	some t in lib.targets(other, ["logging", 0, "target_bucket"], "aws_s3_bucket")
}

# gets_edge_logs holds for a bucket that CloudFront writes its standard logs to,
# for which it needs access control lists.
gets_edge_logs(b) if b.address in edge_logged_to

edge_logged_to contains t.address if {
	some d in input.by_type.aws_cloudfront_distribution
	some t in lib.targets(d, ["logging_config", 0, "bucket"], "aws_s3_bucket")
}

policy_types := {"aws_s3_bucket", "aws_s3_bucket_policy", "aws_s3_access_point", "aws_s3control_access_point_policy"}

# METADATA
# title: A distribution writes an access log
# description: |
#   Without it nobody can say afterwards who asked for what: what AWS WAF let
#   through, and what CloudFront answered from its cache, no API ever sees.
# related_resources:
# - https://docs.aws.amazon.com/AmazonCloudFront/latest/DeveloperGuide/AccessLogs.html
# custom:
#   severity: medium
#   remediation: Add an aws_cloudwatch_log_delivery_source of the distribution with log_type ACCESS_LOGS and an aws_cloudwatch_log_delivery of it, or a logging_config block.
#   types: [aws_cloudfront_distribution]
#   mappings:
#     checkov: [CKV_AWS_86]
#     fsbp: [CloudFront.5]
#   good: |
#     resource "aws_cloudwatch_log_delivery_source" "edge" {
#       name         = "edge"
#       log_type     = "ACCESS_LOGS"
#       resource_arn = aws_cloudfront_distribution.chat.arn
#     }
#     resource "aws_cloudwatch_log_delivery" "edge" {
#       delivery_source_name     = aws_cloudwatch_log_delivery_source.edge.name
#       delivery_destination_arn = aws_cloudwatch_log_delivery_destination.edge.arn
#     }
#   bad: |
#     resource "aws_cloudfront_distribution" "chat" {
#       enabled = true
#     }
package portcullis.rules.edge.access_log

import data.portcullis.lib

subjects contains d.address if some d in input.by_type.aws_cloudfront_distribution

# delivered is the state of a log of the newer kind: what is its type, and that a
# delivery exists.
delivered(d) := {lib.equals(source, ["log_type"], "ACCESS_LOGS") |
	some source in lib.companions(d, "aws_cloudwatch_log_delivery_source", ["resource_arn"])
	count(lib.companions(source, "aws_cloudwatch_log_delivery", ["delivery_source_name"])) > 0
}

logged(d) if {
	lib.state(d, ["logging_config"]) == "known"
	lib.is_set(d, ["logging_config"])
}

logged(d) if true in delivered(d)

uncertain(d) if lib.hidden(d, ["logging_config"])

uncertain(d) if "unknown" in delivered(d)

deny contains lib.finding(d, ["logging_config"], "nobody sees who asked for what") if {
	some d in input.by_type.aws_cloudfront_distribution
	not logged(d)
	not uncertain(d)
}

unknown contains lib.finding(d, ["logging_config"], "whether requests are logged is known after apply") if {
	some d in input.by_type.aws_cloudfront_distribution
	not logged(d)
	uncertain(d)
}

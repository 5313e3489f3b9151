# METADATA
# title: A subscription is delivered over TLS
# description: |
#   To an http endpoint SNS sends every message in the clear, with the link that
#   ends the subscription.
# related_resources:
# - https://docs.aws.amazon.com/sns/latest/dg/sns-security-best-practices.html
# custom:
#   severity: high
#   remediation: Set protocol = "https" and an endpoint with a certificate.
#   types: [aws_sns_topic_subscription]
#   good: |
#     resource "aws_sns_topic_subscription" "pager" {
#       topic_arn = aws_sns_topic.alarms.arn
#       protocol  = "https"
#       endpoint  = "https://pager.example.com/alarm"
#     }
#   bad: |
#     resource "aws_sns_topic_subscription" "pager" {
#       topic_arn = aws_sns_topic.alarms.arn
#       protocol  = "http"
#       endpoint  = "http://pager.example.com/alarm"
#     }
package portcullis.rules.messaging.subscription_http

import data.portcullis.lib

subjects contains r.address if some r in input.by_type.aws_sns_topic_subscription

deny contains lib.finding(r, ["protocol"], "messages are sent in the clear") if {
	some r in input.by_type.aws_sns_topic_subscription
	lib.equals(r, ["protocol"], "http") == true
}

unknown contains lib.finding(r, ["protocol"], "whether messages are sent over TLS is known after apply") if {
	some r in input.by_type.aws_sns_topic_subscription
	lib.equals(r, ["protocol"], "http") == "unknown"
}

output "site_url" {
  description = "URL that browsers reach the edge by, without a slash at the end: `site_url`, the first of `aliases`, or the distribution's own name."
  value       = local.site_url
}

output "connect_url" {
  description = "URL that clients connect to by the edge, without a query."
  value       = "${replace(local.site_url, "/^http/", "ws")}${var.api.path}"
}

output "distribution" {
  description = "The distribution: id, arn, and what the DNS record of an alias points to, domain_name and hosted_zone_id."
  value = {
    id             = aws_cloudfront_distribution.this.id
    arn            = aws_cloudfront_distribution.this.arn
    domain_name    = aws_cloudfront_distribution.this.domain_name
    hosted_zone_id = aws_cloudfront_distribution.this.hosted_zone_id
  }
}

output "web_acl_arn" {
  description = "ARN of the distribution's web ACL."
  value       = aws_wafv2_web_acl.this.arn
}

output "web_acl_capacity" {
  description = "What the rules of the distribution's web ACL take of its capacity at most, of 5000 (WCU). Above 1500 AWS bills more for each request."
  value       = local.capacity
}

output "sign_in_web_acl_arn" {
  description = "ARN of the user pool's web ACL; null without user_pool."
  value       = one(aws_wafv2_web_acl.sign_in[*].arn)
}

output "metric_names" {
  description = "Metrics of the web ACL's rules (namespace AWS/WAFV2), by the rule."
  value       = { for rule in aws_wafv2_web_acl.this.rule : rule.name => rule.visibility_config[0].metric_name }
}

output "bucket" {
  description = "Name of the site's bucket; null without a site."
  value       = one(aws_s3_bucket.site[*].id)
}

output "bucket_arn" {
  description = "ARN of the site's bucket; null without a site."
  value       = one(aws_s3_bucket.site[*].arn)
}

output "content_security_policy" {
  description = "The Content-Security-Policy of the site; null without one."
  value       = local.content_security_policy
}

output "log_group_names" {
  description = "Names of the log groups: access (CloudFront) and web_acl, in us-east-1."
  value       = { for key, group in aws_cloudwatch_log_group.this : key => group.name }
}

output "log_group_arns" {
  description = "ARNs of the log groups: access (CloudFront) and web_acl, in us-east-1."
  value       = { for key, group in aws_cloudwatch_log_group.this : key => group.arn }
}

output "alarm_arns" {
  description = "ARNs of the alarms, in us-east-1: server_errors and blocked; empty without alarms."
  value       = merge({ for alarm in aws_cloudwatch_metric_alarm.server_errors : "server_errors" => alarm.arn }, { for alarm in aws_cloudwatch_metric_alarm.blocked : "blocked" => alarm.arn })
}

output "sign_in_log_group_name" {
  description = "Name that the log group of the user pool's web ACL has, with user_pool: for the policy of its key."
  value       = local.sign_in_log_group_name
}

output "kms_key_arn" {
  description = "ARN of the KMS key, in us-east-1, of bucket and logs."
  value       = local.kms_key_arn
}

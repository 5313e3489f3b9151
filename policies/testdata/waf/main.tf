terraform {
  required_providers {
    aws = { source = "hashicorp/aws" }
  }
}

provider "aws" {
  region                      = "eu-west-1"
  access_key                  = "none"
  secret_key                  = "none"
  skip_credentials_validation = true
  skip_requesting_account_id  = true
  skip_metadata_api_check     = true
}

# What is known after apply: text of any meaning.
resource "terraform_data" "later" {
  for_each = toset(["text", "number", "bool"])
  input    = each.key
}

locals {
  later  = terraform_data.later["text"].output
  number = try(tonumber(terraform_data.later["number"].output), 1)
  bool   = terraform_data.later["bool"].output == "true"
}

resource "aws_apigatewayv2_api" "chat" {
  name                       = "chat"
  protocol_type              = "WEBSOCKET"
  route_selection_expression = "$request.body.action"
}

# Its token may be in the query string.
resource "aws_apigatewayv2_authorizer" "token" {
  api_id           = aws_apigatewayv2_api.chat.id
  name             = "token"
  authorizer_type  = "REQUEST"
  authorizer_uri   = "arn:aws:apigateway:eu-west-1:lambda:path/2015-03-31/functions/f/invocations"
  identity_sources = ["route.request.querystring.token"]
}

# pass: waf/associated, waf/blocks, waf/counting-overrides, waf/counting-rules, waf/ip-reputation, waf/known-bad-inputs, waf/logging, waf/metrics, waf/rate-limit, waf/sampled-requests
resource "aws_wafv2_web_acl" "good" {
  name  = "good"
  scope = "CLOUDFRONT"

  default_action {
    allow {}
  }

  rule {
    name     = "rate"
    priority = 1

    action {
      block {}
    }

    statement {
      rate_based_statement {
        limit = 300
      }
    }

    visibility_config {
      cloudwatch_metrics_enabled = true
      metric_name                = "rate"
      sampled_requests_enabled   = false
    }
  }

  rule {
    name     = "bad-inputs"
    priority = 2

    override_action {
      none {}
    }

    statement {
      managed_rule_group_statement {
        vendor_name = "AWS"
        name        = "AWSManagedRulesKnownBadInputsRuleSet"
      }
    }

    visibility_config {
      cloudwatch_metrics_enabled = true
      metric_name                = "bad-inputs"
      sampled_requests_enabled   = false
    }
  }

  rule {
    name     = "reputation"
    priority = 3

    override_action {
      none {}
    }

    statement {
      managed_rule_group_statement {
        vendor_name = "AWS"
        name        = "AWSManagedRulesAmazonIpReputationList"
      }
    }

    visibility_config {
      cloudwatch_metrics_enabled = true
      metric_name                = "reputation"
      sampled_requests_enabled   = false
    }
  }

  rule {
    name     = "common"
    priority = 4

    override_action {
      none {}
    }

    statement {
      managed_rule_group_statement {
        vendor_name = "AWS"
        name        = "AWSManagedRulesCommonRuleSet"

        rule_action_override {
          name = "NoUserAgent_HEADER"

          action_to_use {
            count {}
          }
        }
      }
    }

    visibility_config {
      cloudwatch_metrics_enabled = true
      metric_name                = "common"
      sampled_requests_enabled   = false
    }
  }

  visibility_config {
    cloudwatch_metrics_enabled = true
    metric_name                = "good"
    sampled_requests_enabled   = false
  }
}

# Whatever is not let in by a rule is blocked. Headers with tokens are not in the
# samples.
# pass: waf/associated, waf/blocks, waf/counting-overrides, waf/counting-rules, waf/logging, waf/metrics, waf/sampled-requests
# fail: waf/ip-reputation, waf/known-bad-inputs, waf/rate-limit
resource "aws_wafv2_web_acl" "block" {
  name  = "block"
  scope = "REGIONAL"

  data_protection_config {
    data_protection {
      action = "HASH"

      field {
        field_type = "SINGLE_HEADER"
        field_keys = ["authorization", "sec-websocket-protocol"]
      }
    }
  }

  default_action {
    block {}
  }

  rule {
    name     = "counted"
    priority = 1

    action {
      count {}
    }

    statement {
      geo_match_statement {
        country_codes = ["AQ"]
      }
    }

    visibility_config {
      cloudwatch_metrics_enabled = true
      metric_name                = "counted"
      sampled_requests_enabled   = false
    }
  }

  rule {
    name     = "labelled"
    priority = 2

    action {
      allow {}
    }

    statement {
      label_match_statement {
        scope = "LABEL"
        key   = "counted"
      }
    }

    visibility_config {
      cloudwatch_metrics_enabled = true
      metric_name                = "labelled"
      sampled_requests_enabled   = false
    }
  }

  visibility_config {
    cloudwatch_metrics_enabled = true
    metric_name                = "block"
    sampled_requests_enabled   = true
  }
}

# pass: waf/counting-overrides, waf/counting-rules
# fail: waf/associated, waf/blocks, waf/ip-reputation, waf/known-bad-inputs, waf/logging, waf/metrics, waf/rate-limit, waf/sampled-requests
resource "aws_wafv2_web_acl" "empty" {
  name  = "empty"
  scope = "CLOUDFRONT"

  default_action {
    allow {}
  }

  visibility_config {
    cloudwatch_metrics_enabled = false
    metric_name                = "empty"
    sampled_requests_enabled   = true
  }
}

# fail: waf/associated, waf/blocks, waf/counting-overrides, waf/counting-rules, waf/ip-reputation, waf/known-bad-inputs, waf/logging, waf/metrics, waf/rate-limit, waf/sampled-requests
resource "aws_wafv2_web_acl" "counts" {
  name  = "counts"
  scope = "CLOUDFRONT"

  default_action {
    allow {}
  }

  rule {
    name     = "rate"
    priority = 1

    action {
      count {}
    }

    statement {
      rate_based_statement {
        limit = 300
      }
    }

    visibility_config {
      cloudwatch_metrics_enabled = false
      metric_name                = "rate"
      sampled_requests_enabled   = true
    }
  }

  rule {
    name     = "bad-inputs"
    priority = 2

    override_action {
      count {}
    }

    statement {
      managed_rule_group_statement {
        vendor_name = "AWS"
        name        = "AWSManagedRulesKnownBadInputsRuleSet"

        rule_action_override {
          name = "Log4JRCE_HEADER"

          action_to_use {
            allow {}
          }
        }
      }
    }

    visibility_config {
      cloudwatch_metrics_enabled = true
      metric_name                = "bad-inputs"
      sampled_requests_enabled   = false
    }
  }

  rule {
    name     = "reputation"
    priority = 3

    override_action {
      count {}
    }

    statement {
      managed_rule_group_statement {
        vendor_name = "AWS"
        name        = "AWSManagedRulesAmazonIpReputationList"
      }
    }

    visibility_config {
      cloudwatch_metrics_enabled = true
      metric_name                = "reputation"
      sampled_requests_enabled   = false
    }
  }

  visibility_config {
    cloudwatch_metrics_enabled = true
    metric_name                = "counts"
    sampled_requests_enabled   = false
  }
}

# unknown: waf/associated, waf/blocks, waf/counting-overrides, waf/counting-rules, waf/ip-reputation, waf/known-bad-inputs, waf/logging, waf/metrics, waf/rate-limit, waf/sampled-requests
resource "aws_wafv2_web_acl" "later" {
  name  = "later"
  scope = local.later

  default_action {
    allow {}
  }

  rule {
    name     = "rate"
    priority = 1

    action {
      dynamic "block" {
        for_each = local.bool ? [1] : []

        content {}
      }

      dynamic "count" {
        for_each = local.bool ? [] : [1]

        content {}
      }
    }

    statement {
      rate_based_statement {
        limit = 300
      }
    }

    visibility_config {
      cloudwatch_metrics_enabled = local.bool
      metric_name                = "rate"
      sampled_requests_enabled   = local.bool
    }
  }

  rule {
    name     = "bad-inputs"
    priority = 2

    override_action {
      dynamic "none" {
        for_each = local.bool ? [1] : []

        content {}
      }

      dynamic "count" {
        for_each = local.bool ? [] : [1]

        content {}
      }
    }

    statement {
      managed_rule_group_statement {
        vendor_name = "AWS"
        name        = "AWSManagedRulesKnownBadInputsRuleSet"

        rule_action_override {
          name = "Log4JRCE_HEADER"

          action_to_use {
            dynamic "block" {
              for_each = local.bool ? [1] : []

              content {}
            }

            dynamic "count" {
              for_each = local.bool ? [] : [1]

              content {}
            }
          }
        }
      }
    }

    visibility_config {
      cloudwatch_metrics_enabled = true
      metric_name                = "bad-inputs"
      sampled_requests_enabled   = false
    }
  }

  rule {
    name     = "reputation"
    priority = 3

    override_action {
      dynamic "none" {
        for_each = local.bool ? [1] : []

        content {}
      }

      dynamic "count" {
        for_each = local.bool ? [] : [1]

        content {}
      }
    }

    statement {
      managed_rule_group_statement {
        vendor_name = "AWS"
        name        = "AWSManagedRulesAmazonIpReputationList"
      }
    }

    visibility_config {
      cloudwatch_metrics_enabled = true
      metric_name                = "reputation"
      sampled_requests_enabled   = false
    }
  }

  visibility_config {
    cloudwatch_metrics_enabled = true
    metric_name                = "later"
    sampled_requests_enabled   = false
  }
}

# A group of its own may do all of it; the name of another is known after apply.
# pass: waf/blocks, waf/counting-overrides, waf/counting-rules, waf/metrics, waf/sampled-requests
# fail: waf/logging, waf/associated
# unknown: waf/known-bad-inputs, waf/ip-reputation, waf/rate-limit
resource "aws_wafv2_web_acl" "groups" {
  name  = "groups"
  scope = "CLOUDFRONT"

  default_action {
    allow {}
  }

  rule {
    name     = "own"
    priority = 1

    override_action {
      none {}
    }

    statement {
      rule_group_reference_statement {
        arn = aws_wafv2_rule_group.good.arn
      }
    }

    visibility_config {
      cloudwatch_metrics_enabled = true
      metric_name                = "own"
      sampled_requests_enabled   = false
    }
  }

  rule {
    name     = "other"
    priority = 2

    override_action {
      none {}
    }

    statement {
      managed_rule_group_statement {
        vendor_name = "AWS"
        name        = local.later
      }
    }

    visibility_config {
      cloudwatch_metrics_enabled = true
      metric_name                = "other"
      sampled_requests_enabled   = false
    }
  }

  visibility_config {
    cloudwatch_metrics_enabled = true
    metric_name                = "groups"
    sampled_requests_enabled   = false
  }
}

# Rules in a text are not read.
# pass: waf/metrics
# fail: waf/associated
# unknown: waf/blocks, waf/counting-rules, waf/counting-overrides, waf/known-bad-inputs, waf/ip-reputation, waf/rate-limit, waf/sampled-requests, waf/logging
resource "aws_wafv2_web_acl" "json" {
  name      = "json"
  scope     = "CLOUDFRONT"
  rule_json = "[]"

  default_action {
    allow {}
  }

  visibility_config {
    cloudwatch_metrics_enabled = true
    metric_name                = "json"
    sampled_requests_enabled   = false
  }
}

# Which rules there are is known after apply, and what happens without one.
# pass: waf/logging, waf/associated
# unknown: waf/blocks, waf/counting-rules, waf/counting-overrides, waf/known-bad-inputs, waf/ip-reputation, waf/rate-limit, waf/sampled-requests, waf/metrics
resource "aws_wafv2_web_acl" "rules_later" {
  name  = "rules-later"
  scope = "CLOUDFRONT"

  default_action {
    allow {}
  }

  dynamic "rule" {
    for_each = local.bool ? [1] : []

    content {
      name     = "rate"
      priority = 1

      action {
        block {}
      }

      statement {
        rate_based_statement {
          limit = 300
        }
      }

      visibility_config {
        cloudwatch_metrics_enabled = true
        metric_name                = "rate"
        sampled_requests_enabled   = false
      }
    }
  }

  visibility_config {
    cloudwatch_metrics_enabled = true
    metric_name                = "rules-later"
    sampled_requests_enabled   = false
  }
}

# What happens without a rule is known after apply.
# pass: waf/counting-overrides, waf/counting-rules, waf/metrics, waf/sampled-requests
# fail: waf/known-bad-inputs, waf/ip-reputation, waf/rate-limit, waf/logging, waf/associated
# unknown: waf/blocks
resource "aws_wafv2_web_acl" "default_later" {
  name  = "default-later"
  scope = "CLOUDFRONT"

  default_action {
    dynamic "allow" {
      for_each = local.bool ? [1] : []

      content {}
    }

    dynamic "block" {
      for_each = local.bool ? [] : [1]

      content {}
    }
  }

  visibility_config {
    cloudwatch_metrics_enabled = true
    metric_name                = "default-later"
    sampled_requests_enabled   = false
  }
}

# pass: waf/metrics
resource "aws_wafv2_rule_group" "good" {
  name     = "good"
  scope    = "CLOUDFRONT"
  capacity = 10

  visibility_config {
    cloudwatch_metrics_enabled = true
    metric_name                = "good"
    sampled_requests_enabled   = false
  }
}

# fail: waf/metrics
resource "aws_wafv2_rule_group" "bad" {
  name     = "bad"
  scope    = "CLOUDFRONT"
  capacity = 10

  visibility_config {
    cloudwatch_metrics_enabled = false
    metric_name                = "bad"
    sampled_requests_enabled   = false
  }
}

#### Logs ####

locals {
  rules_later = aws_wafv2_web_acl.rules_later.arn
}

# pass: waf/log-redaction
resource "aws_wafv2_web_acl_logging_configuration" "good" {
  resource_arn            = aws_wafv2_web_acl.good.arn
  log_destination_configs = ["arn:aws:logs:us-east-1:111122223333:log-group:aws-waf-logs-edge"]

  redacted_fields {
    single_header {
      name = "authorization"
    }
  }

  redacted_fields {
    single_header {
      name = "sec-websocket-protocol"
    }
  }

  redacted_fields {
    query_string {}
  }
}

# fail: waf/log-redaction
resource "aws_wafv2_web_acl_logging_configuration" "without" {
  resource_arn            = aws_wafv2_web_acl.block.arn
  log_destination_configs = ["arn:aws:logs:us-east-1:111122223333:log-group:aws-waf-logs-edge"]
}

# fail: waf/log-redaction
resource "aws_wafv2_web_acl_logging_configuration" "partly" {
  resource_arn            = local.rules_later
  log_destination_configs = ["arn:aws:logs:us-east-1:111122223333:log-group:aws-waf-logs-edge"]

  redacted_fields {
    single_header {
      name = "authorization"
    }
  }

  redacted_fields {
    query_string {}
  }
}

# Of one of two.
# unknown: waf/log-redaction
resource "aws_wafv2_web_acl_logging_configuration" "later" {
  resource_arn            = local.bool ? aws_wafv2_web_acl.later.arn : aws_wafv2_web_acl.json.arn
  log_destination_configs = ["arn:aws:logs:us-east-1:111122223333:log-group:aws-waf-logs-edge"]

  redacted_fields {
    single_header {
      name = "authorization"
    }
  }

  redacted_fields {
    single_header {
      name = local.later
    }
  }

  redacted_fields {
    query_string {}
  }
}

# The provider takes blocks that are known after apply for none.
# fail: waf/log-redaction
resource "aws_wafv2_web_acl_logging_configuration" "fields_later" {
  resource_arn            = "arn:aws:wafv2:us-east-1:111122223333:global/webacl/other/1"
  log_destination_configs = ["arn:aws:logs:us-east-1:111122223333:log-group:aws-waf-logs-edge"]

  dynamic "redacted_fields" {
    for_each = local.bool ? [1] : []

    content {
      query_string {}
    }
  }
}

#### What they guard ####

# pass: waf/scope
resource "aws_cloudfront_distribution" "good" {
  enabled    = true
  web_acl_id = aws_wafv2_web_acl.good.arn

  origin {
    origin_id   = "server"
    domain_name = "www.example.com"

    custom_origin_config {
      http_port              = 80
      https_port             = 443
      origin_protocol_policy = "https-only"
      origin_ssl_protocols   = ["TLSv1.2"]
    }
  }

  default_cache_behavior {
    target_origin_id       = "server"
    viewer_protocol_policy = "https-only"
    allowed_methods        = ["GET", "HEAD"]
    cached_methods         = ["GET", "HEAD"]
    cache_policy_id        = "658327ea-f89d-4fab-a63d-7e88639e58f6"
  }

  restrictions {
    geo_restriction {
      restriction_type = "none"
    }
  }

  viewer_certificate {
    cloudfront_default_certificate = true
  }
}

# pass: waf/scope
resource "aws_cloudfront_distribution" "rules_later" {
  enabled    = true
  web_acl_id = aws_wafv2_web_acl.rules_later.arn

  origin {
    origin_id   = "server"
    domain_name = "www.example.com"

    custom_origin_config {
      http_port              = 80
      https_port             = 443
      origin_protocol_policy = "https-only"
      origin_ssl_protocols   = ["TLSv1.2"]
    }
  }

  default_cache_behavior {
    target_origin_id       = "server"
    viewer_protocol_policy = "https-only"
    allowed_methods        = ["GET", "HEAD"]
    cached_methods         = ["GET", "HEAD"]
    cache_policy_id        = "658327ea-f89d-4fab-a63d-7e88639e58f6"
  }

  restrictions {
    geo_restriction {
      restriction_type = "none"
    }
  }

  viewer_certificate {
    cloudfront_default_certificate = true
  }
}

# fail: waf/scope
resource "aws_cloudfront_distribution" "bad" {
  enabled    = true
  web_acl_id = aws_wafv2_web_acl.block.arn

  origin {
    origin_id   = "server"
    domain_name = "www.example.com"

    custom_origin_config {
      http_port              = 80
      https_port             = 443
      origin_protocol_policy = "https-only"
      origin_ssl_protocols   = ["TLSv1.2"]
    }
  }

  default_cache_behavior {
    target_origin_id       = "server"
    viewer_protocol_policy = "https-only"
    allowed_methods        = ["GET", "HEAD"]
    cached_methods         = ["GET", "HEAD"]
    cache_policy_id        = "658327ea-f89d-4fab-a63d-7e88639e58f6"
  }

  restrictions {
    geo_restriction {
      restriction_type = "none"
    }
  }

  viewer_certificate {
    cloudfront_default_certificate = true
  }
}

# unknown: waf/scope
resource "aws_cloudfront_distribution" "later" {
  enabled    = true
  web_acl_id = local.bool ? aws_wafv2_web_acl.later.arn : aws_wafv2_web_acl.good.arn

  origin {
    origin_id   = "server"
    domain_name = "www.example.com"

    custom_origin_config {
      http_port              = 80
      https_port             = 443
      origin_protocol_policy = "https-only"
      origin_ssl_protocols   = ["TLSv1.2"]
    }
  }

  default_cache_behavior {
    target_origin_id       = "server"
    viewer_protocol_policy = "https-only"
    allowed_methods        = ["GET", "HEAD"]
    cached_methods         = ["GET", "HEAD"]
    cache_policy_id        = "658327ea-f89d-4fab-a63d-7e88639e58f6"
  }

  restrictions {
    geo_restriction {
      restriction_type = "none"
    }
  }

  viewer_certificate {
    cloudfront_default_certificate = true
  }
}

# pass: waf/user-pool
resource "aws_cognito_user_pool" "good" {
  name = "good"
}

# fail: waf/user-pool
resource "aws_cognito_user_pool" "bad" {
  name = "bad"
}

# unknown: waf/user-pool
resource "aws_cognito_user_pool" "later" {
  name = "later"
}

# pass: waf/scope, waf/websocket-association
resource "aws_wafv2_web_acl_association" "good" {
  resource_arn = aws_cognito_user_pool.good.arn
  web_acl_arn  = aws_wafv2_web_acl.block.arn
}

# fail: waf/scope
# pass: waf/websocket-association
resource "aws_wafv2_web_acl_association" "wrong_scope" {
  resource_arn = "arn:aws:elasticloadbalancing:eu-west-1:111122223333:loadbalancer/app/a/1"
  web_acl_arn  = aws_wafv2_web_acl.good.arn
}

# fail: waf/websocket-association
# pass: waf/scope
resource "aws_wafv2_web_acl_association" "stage" {
  resource_arn = aws_apigatewayv2_stage.chat.arn
  web_acl_arn  = aws_wafv2_web_acl.block.arn
}

# fail: waf/websocket-association
# pass: waf/scope
resource "aws_wafv2_web_acl_association" "written" {
  resource_arn = "arn:aws:apigateway:eu-west-1::/apis/${local.later}/stages/prod"
  web_acl_arn  = aws_wafv2_web_acl.block.arn
}

# fail: waf/websocket-association
# pass: waf/scope
resource "aws_wafv2_web_acl_association" "execute" {
  resource_arn = "arn:aws:execute-api:eu-west-1:111122223333:abc/prod"
  web_acl_arn  = aws_wafv2_web_acl.block.arn
}

# unknown: waf/websocket-association
# pass: waf/scope
resource "aws_wafv2_web_acl_association" "pool_later" {
  resource_arn = local.bool ? aws_cognito_user_pool.later.arn : local.later
  web_acl_arn  = aws_wafv2_web_acl.block.arn
}

resource "aws_apigatewayv2_stage" "chat" {
  api_id = aws_apigatewayv2_api.chat.id
  name   = "chat"
}

#### Rules that count beside rules that act ####

# Another rule blocks, but not by the label.
# pass: waf/blocks, waf/counting-overrides, waf/metrics, waf/rate-limit, waf/sampled-requests
# fail: waf/associated, waf/ip-reputation, waf/known-bad-inputs, waf/logging, waf/counting-rules
resource "aws_wafv2_web_acl" "counts_beside" {
  name  = "counts-beside"
  scope = "CLOUDFRONT"

  default_action {
    allow {}
  }

  rule {
    name     = "odd"
    priority = 1

    action {
      count {}
    }

    statement {
      geo_match_statement {
        country_codes = ["KP"]
      }
    }

    visibility_config {
      cloudwatch_metrics_enabled = true
      metric_name                = "odd"
      sampled_requests_enabled   = false
    }
  }

  rule {
    name     = "rate"
    priority = 2

    action {
      block {}
    }

    statement {
      rate_based_statement {
        limit = 300
      }
    }

    visibility_config {
      cloudwatch_metrics_enabled = true
      metric_name                = "rate"
      sampled_requests_enabled   = false
    }
  }

  visibility_config {
    cloudwatch_metrics_enabled = true
    metric_name                = "counts-beside"
    sampled_requests_enabled   = false
  }
}

# The rule by the label only counts itself.
# pass: waf/counting-overrides, waf/metrics, waf/sampled-requests
# fail: waf/associated, waf/ip-reputation, waf/known-bad-inputs, waf/logging, waf/blocks, waf/counting-rules, waf/rate-limit
resource "aws_wafv2_web_acl" "counts_twice" {
  name  = "counts-twice"
  scope = "CLOUDFRONT"

  default_action {
    allow {}
  }

  rule {
    name     = "odd"
    priority = 1

    action {
      count {}
    }

    statement {
      geo_match_statement {
        country_codes = ["KP"]
      }
    }

    visibility_config {
      cloudwatch_metrics_enabled = true
      metric_name                = "odd"
      sampled_requests_enabled   = false
    }
  }

  rule {
    name     = "by-label"
    priority = 2

    action {
      count {}
    }

    statement {
      label_match_statement {
        scope = "LABEL"
        key   = "ours:odd"
      }
    }

    visibility_config {
      cloudwatch_metrics_enabled = true
      metric_name                = "by-label"
      sampled_requests_enabled   = false
    }
  }

  visibility_config {
    cloudwatch_metrics_enabled = true
    metric_name                = "counts-twice"
    sampled_requests_enabled   = false
  }
}

# One blocks for certain, whatever the other does.
# pass: waf/blocks, waf/counting-overrides, waf/metrics, waf/rate-limit, waf/sampled-requests
# fail: waf/associated, waf/ip-reputation, waf/known-bad-inputs, waf/logging
# unknown: waf/counting-rules
resource "aws_wafv2_web_acl" "blocks_and_later" {
  name  = "blocks-and-later"
  scope = "CLOUDFRONT"

  default_action {
    allow {}
  }

  rule {
    name     = "rate"
    priority = 1

    action {
      block {}
    }

    statement {
      rate_based_statement {
        limit = 300
      }
    }

    visibility_config {
      cloudwatch_metrics_enabled = true
      metric_name                = "rate"
      sampled_requests_enabled   = false
    }
  }

  rule {
    name     = "later"
    priority = 2

    action {
      dynamic "block" {
        for_each = local.bool ? [1] : []

        content {}
      }
    }

    statement {
      geo_match_statement {
        country_codes = ["KP"]
      }
    }

    visibility_config {
      cloudwatch_metrics_enabled = true
      metric_name                = "later"
      sampled_requests_enabled   = false
    }
  }

  visibility_config {
    cloudwatch_metrics_enabled = true
    metric_name                = "blocks-and-later"
    sampled_requests_enabled   = false
  }
}

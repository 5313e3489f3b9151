terraform {
  required_providers {
    aws = { source = "hashicorp/aws" }
  }
}

provider "aws" {
  region                      = "us-east-1"
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

variable "origin_secret" {
  type      = string
  default   = "made up"
  sensitive = true
}

locals {
  later  = terraform_data.later["text"].output
  number = try(tonumber(terraform_data.later["number"].output), 1)
  bool   = terraform_data.later["bool"].output == "true"

  caching_disabled  = "4135ea2d-6df8-44a3-9df3-4b5a84be39ad"
  caching_optimized = "658327ea-f89d-4fab-a63d-7e88639e58f6"
  all_but_host      = "b689b0a8-53d0-40ab-baf2-68738e2966ac"
  all_with_host     = "216adef6-5c7f-47e4-b989-5492eafa07d3"
}

resource "aws_s3_bucket" "site" {
  bucket = "site"
}

resource "aws_apigatewayv2_api" "chat" {
  name                       = "chat"
  protocol_type              = "WEBSOCKET"
  route_selection_expression = "$request.body.action"
}

resource "aws_apigatewayv2_api" "half_hidden" {
  name                       = "half-hidden"
  protocol_type              = "WEBSOCKET"
  route_selection_expression = "$request.body.action"
}

resource "aws_apigatewayv2_api" "hidden" {
  name                       = "hidden"
  protocol_type              = "WEBSOCKET"
  route_selection_expression = "$request.body.action"
}

resource "aws_apigatewayv2_domain_name" "chat" {
  domain_name = "api.example.com"

  domain_name_configuration {
    certificate_arn = "arn:aws:acm:us-east-1:111122223333:certificate/a"
    endpoint_type   = "REGIONAL"
    security_policy = "TLS_1_2"
  }
}

resource "aws_wafv2_web_acl" "edge" {
  name  = "edge"
  scope = "CLOUDFRONT"

  default_action {
    block {}
  }

  visibility_config {
    cloudwatch_metrics_enabled = true
    metric_name                = "edge"
    sampled_requests_enabled   = false
  }
}

#### Certificates ####

# pass: edge/certificate-transparency, edge/certificate-wildcard, edge/certificate-key, edge/certificate-renewal
resource "aws_acm_certificate" "good" {
  domain_name               = "chat.example.com"
  subject_alternative_names = ["ws.example.com"]
  validation_method         = "DNS"
}

# pass: edge/certificate-transparency, edge/certificate-wildcard, edge/certificate-key, edge/certificate-renewal
resource "aws_acm_certificate" "written_out" {
  domain_name       = "chat.example.com"
  key_algorithm     = "EC_prime256v1"
  validation_method = "DNS"

  options {
    certificate_transparency_logging_preference = "ENABLED"
  }
}

# fail: edge/certificate-transparency, edge/certificate-wildcard, edge/certificate-key, edge/certificate-renewal
resource "aws_acm_certificate" "bad" {
  domain_name       = "*.example.com"
  key_algorithm     = "RSA_1024"
  validation_method = "EMAIL"

  options {
    certificate_transparency_logging_preference = "DISABLED"
  }
}

# fail: edge/certificate-wildcard
# pass: edge/certificate-transparency, edge/certificate-key, edge/certificate-renewal
resource "aws_acm_certificate" "other_names" {
  domain_name               = "chat.example.com"
  subject_alternative_names = ["*.chat.example.com"]
  validation_method         = "DNS"
}

# unknown: edge/certificate-transparency, edge/certificate-wildcard, edge/certificate-key, edge/certificate-renewal
resource "aws_acm_certificate" "later" {
  domain_name               = local.later
  subject_alternative_names = local.bool ? ["a.example.com"] : ["b.example.com"]
  key_algorithm             = local.later
  validation_method         = local.later

  options {
    certificate_transparency_logging_preference = local.later
  }
}

# pass: edge/certificate-transparency, edge/certificate-wildcard, edge/certificate-key, edge/certificate-renewal
resource "aws_acm_certificate" "name_of_another" {
  domain_name               = "chat.example.com"
  subject_alternative_names = [aws_apigatewayv2_domain_name.chat.domain_name]
  validation_method         = "DNS"
}

# unknown: edge/certificate-wildcard
# pass: edge/certificate-transparency, edge/certificate-key, edge/certificate-renewal
resource "aws_acm_certificate" "one_name_later" {
  domain_name               = "chat.example.com"
  subject_alternative_names = ["a.example.com", local.later]
  validation_method         = "DNS"
}

# Its key is not in the plan.
# fail: edge/certificate-renewal
# pass: edge/certificate-transparency, edge/certificate-wildcard
resource "aws_acm_certificate" "imported" {
  certificate_body = "body"
  private_key      = "key"
}

#### Origin access ####

# pass: edge/origin-access-signing
resource "aws_cloudfront_origin_access_control" "good" {
  name                              = "good"
  origin_access_control_origin_type = "s3"
  signing_behavior                  = "always"
  signing_protocol                  = "sigv4"
}

# fail: edge/origin-access-signing
resource "aws_cloudfront_origin_access_control" "bad" {
  for_each                          = toset(["never", "no-override"])
  name                              = each.key
  origin_access_control_origin_type = "s3"
  signing_behavior                  = each.key
  signing_protocol                  = "sigv4"
}

# unknown: edge/origin-access-signing
resource "aws_cloudfront_origin_access_control" "later" {
  name                              = "later"
  origin_access_control_origin_type = "s3"
  signing_behavior                  = local.later
  signing_protocol                  = "sigv4"
}

#### Headers of pages ####

# pass: edge/hsts, edge/content-policy, edge/browser-headers
resource "aws_cloudfront_response_headers_policy" "good" {
  name = "good"

  security_headers_config {
    strict_transport_security {
      access_control_max_age_sec = 63072000
      override                   = true
    }

    content_security_policy {
      content_security_policy = "default-src 'none'; script-src 'self'; style-src 'self' 'unsafe-inline'; img-src data:"
      override                = true
    }

    content_type_options {
      override = true
    }

    frame_options {
      frame_option = "DENY"
      override     = true
    }
  }
}

# The name of the API is known after apply; scripts are not from there.
# pass: edge/hsts, edge/content-policy, edge/browser-headers
resource "aws_cloudfront_response_headers_policy" "partly_later" {
  name = "partly-later"

  security_headers_config {
    strict_transport_security {
      access_control_max_age_sec = 31536000
      override                   = true
    }

    content_security_policy {
      content_security_policy = "default-src 'self'; connect-src 'self' ${aws_apigatewayv2_api.chat.api_endpoint}; frame-ancestors 'none'"
      override                = true
    }

    content_type_options {
      override = true
    }
  }
}

# pass: edge/hsts, edge/content-policy, edge/browser-headers
resource "aws_cloudfront_response_headers_policy" "hashes" {
  name = "hashes"

  security_headers_config {
    strict_transport_security {
      access_control_max_age_sec = 31536000
      override                   = true
    }

    content_security_policy {
      content_security_policy = "script-src 'unsafe-inline' 'sha256-47DEQpj8HBSa+/TImW+5JCeuQeRkm5NMpJWZG3hSuFU='; frame-ancestors 'none'"
      override                = true
    }

    content_type_options {
      override = true
    }
  }
}

# fail: edge/hsts, edge/content-policy, edge/browser-headers
resource "aws_cloudfront_response_headers_policy" "bad" {
  for_each = {
    inline    = "default-src 'self' 'unsafe-inline'"
    eval      = "script-src 'self' 'unsafe-eval' 'unsafe-inline'"
    wildcard  = "script-src *"
    elsewhere = "img-src 'self'"
  }

  name = each.key

  security_headers_config {
    strict_transport_security {
      access_control_max_age_sec = 300
      override                   = true
    }

    content_security_policy {
      content_security_policy = each.value
      override                = true
    }
  }
}

# fail: edge/hsts, edge/content-policy, edge/browser-headers
resource "aws_cloudfront_response_headers_policy" "cors" {
  name = "cors"

  cors_config {
    access_control_allow_credentials = false
    origin_override                  = true

    access_control_allow_headers {
      items = ["x"]
    }

    access_control_allow_methods {
      items = ["GET"]
    }

    access_control_allow_origins {
      items = ["https://chat.example.com"]
    }
  }
}

# Where one may connect to is known after apply, and composed; scripts are not from
# there.
# pass: edge/content-policy, edge/browser-headers
# fail: edge/hsts
resource "aws_cloudfront_response_headers_policy" "composed" {
  name = "composed"

  security_headers_config {
    content_security_policy {
      content_security_policy = join("; ", concat(
        ["default-src 'none'", "script-src 'self'"],
        [join(" ", distinct(concat(["connect-src 'self'"], local.bool ? [local.later] : [], [local.later])))],
        local.bool ? [] : ["upgrade-insecure-requests"],
      ))
      override = true
    }

    content_type_options {
      override = true
    }

    frame_options {
      frame_option = "DENY"
      override     = true
    }
  }
}

# A directive for scripts may come after the one that stands for all others.
# unknown: edge/content-policy
# pass: edge/browser-headers
# fail: edge/hsts
resource "aws_cloudfront_response_headers_policy" "more_later" {
  for_each = {
    appended = "default-src 'self'; ${local.later}"
    joined   = join("; ", concat(["default-src 'self'; img-src 'self'"], local.bool ? ["script-src *"] : []))
    unclear  = join(local.later, ["default-src 'self'", "img-src 'self'"])
  }

  name = each.key

  security_headers_config {
    content_security_policy {
      content_security_policy = each.value
      override                = true
    }

    content_type_options {
      override = true
    }

    frame_options {
      frame_option = "DENY"
      override     = true
    }
  }
}

# Scripts are open whatever the rest is.
# fail: edge/content-policy
# pass: edge/browser-headers
# unknown: edge/hsts
resource "aws_cloudfront_response_headers_policy" "open_later" {
  name = "open-later"

  security_headers_config {
    strict_transport_security {
      access_control_max_age_sec = local.number
      override                   = true
    }

    content_security_policy {
      content_security_policy = "script-src 'self' 'unsafe-inline'; connect-src ${local.later}"
      override                = true
    }

    frame_options {
      frame_option = "DENY"
      override     = true
    }

    content_type_options {
      override = true
    }
  }
}

# unknown: edge/content-policy, edge/hsts, edge/browser-headers
resource "aws_cloudfront_response_headers_policy" "later" {
  name = "later"

  security_headers_config {
    strict_transport_security {
      access_control_max_age_sec = local.number
      override                   = true
    }

    content_security_policy {
      content_security_policy = "script-src 'self' ${local.later}"
      override                = true
    }

    dynamic "content_type_options" {
      for_each = local.bool ? [1] : []

      content {
        override = true
      }
    }

    dynamic "frame_options" {
      for_each = local.bool ? [1] : []

      content {
        frame_option = "DENY"
        override     = true
      }
    }
  }
}

# Of an API alone: its answers are no pages.
resource "aws_cloudfront_response_headers_policy" "api" {
  name = "api"

  custom_headers_config {
    items {
      header   = "x-api"
      override = true
      value    = "chat"
    }
  }
}

#### Policies for an API ####

resource "aws_cloudfront_origin_request_policy" "this" {
  for_each = {
    all         = { behavior = "allViewer", items = [] }
    cloudfront  = { behavior = "allViewerAndWhitelistCloudFront", items = ["CloudFront-Viewer-Country"] }
    listed      = { behavior = "whitelist", items = ["Host"] }
    but_one     = { behavior = "allExcept", items = ["cookie"] }
    listed_good = { behavior = "whitelist", items = ["Sec-WebSocket-Key", "Sec-WebSocket-Version"] }
    but_host    = { behavior = "allExcept", items = ["host"] }
  }

  name = each.key

  cookies_config {
    cookie_behavior = "none"
  }

  headers_config {
    header_behavior = each.value.behavior

    headers {
      items = each.value.items
    }
  }

  query_strings_config {
    query_string_behavior = "all"
  }
}

resource "aws_cloudfront_origin_request_policy" "later" {
  for_each = {
    behavior = { behavior = local.later, items = ["Host"] }
    items    = { behavior = "allExcept", items = [local.later] }
  }

  name = each.key

  cookies_config {
    cookie_behavior = "none"
  }

  headers_config {
    header_behavior = each.value.behavior

    headers {
      items = each.value.items
    }
  }

  query_strings_config {
    query_string_behavior = "all"
  }
}

resource "aws_cloudfront_cache_policy" "this" {
  for_each = {
    none  = 0
    day   = 86400
    later = local.number
  }

  name        = each.key
  min_ttl     = 0
  default_ttl = each.value
  max_ttl     = 31536000

  parameters_in_cache_key_and_forwarded_to_origin {
    cookies_config {
      cookie_behavior = "none"
    }

    headers_config {
      header_behavior = "none"
    }

    query_strings_config {
      query_string_behavior = "none"
    }
  }
}

#### Distributions ####

# All that there is, as it should be.
# pass: edge/viewer-https, edge/minimum-tls, edge/custom-certificate, edge/sni, edge/web-acl, edge/access-log, edge/root-object, edge/origin-https, edge/origin-tls, edge/s3-origin-access, edge/response-headers, edge/origin-secret, edge/literal-origin-secret, edge/api-host-header, edge/api-cache, edge/trusted-signers
resource "aws_cloudfront_distribution" "good" {
  enabled             = true
  aliases             = ["chat.example.com"]
  default_root_object = "index.html"
  web_acl_id          = aws_wafv2_web_acl.edge.arn

  origin {
    origin_id                = "site"
    domain_name              = aws_s3_bucket.site.bucket_regional_domain_name
    origin_access_control_id = aws_cloudfront_origin_access_control.good.id
  }

  origin {
    origin_id   = "api"
    domain_name = trimprefix(aws_apigatewayv2_api.chat.api_endpoint, "wss://")
    origin_path = "/prod"

    custom_header {
      name  = "x-origin-verify"
      value = aws_s3_bucket.site.arn
    }

    custom_origin_config {
      http_port              = 80
      https_port             = 443
      origin_protocol_policy = "https-only"
      origin_ssl_protocols   = ["TLSv1.2"]
    }
  }

  default_cache_behavior {
    target_origin_id           = "site"
    viewer_protocol_policy     = "redirect-to-https"
    allowed_methods            = ["GET", "HEAD"]
    cached_methods             = ["GET", "HEAD"]
    cache_policy_id            = local.caching_optimized
    response_headers_policy_id = aws_cloudfront_response_headers_policy.good.id
  }

  ordered_cache_behavior {
    path_pattern               = "/ws"
    target_origin_id           = "api"
    viewer_protocol_policy     = "https-only"
    allowed_methods            = ["GET", "HEAD"]
    cached_methods             = ["GET", "HEAD"]
    cache_policy_id            = local.caching_disabled
    origin_request_policy_id   = local.all_but_host
    response_headers_policy_id = aws_cloudfront_response_headers_policy.api.id
  }

  restrictions {
    geo_restriction {
      restriction_type = "none"
    }
  }

  viewer_certificate {
    acm_certificate_arn      = aws_acm_certificate.good.arn
    minimum_protocol_version = "TLSv1.2_2021"
    ssl_support_method       = "sni-only"
  }
}

resource "aws_cloudwatch_log_delivery_source" "good" {
  name         = "good"
  log_type     = "ACCESS_LOGS"
  resource_arn = aws_cloudfront_distribution.good.arn
}

# Another log, whose kind does not matter any more.
resource "aws_cloudwatch_log_delivery_source" "good_second" {
  name         = "good-second"
  log_type     = local.later
  resource_arn = aws_cloudfront_distribution.good.arn
}

resource "aws_cloudwatch_log_delivery" "good_second" {
  delivery_source_name     = aws_cloudwatch_log_delivery_source.good_second.name
  delivery_destination_arn = "arn:aws:logs:us-east-1:111122223333:delivery-destination:edge"
}

resource "aws_cloudwatch_log_delivery" "good" {
  delivery_source_name     = aws_cloudwatch_log_delivery_source.good.name
  delivery_destination_arn = "arn:aws:logs:us-east-1:111122223333:delivery-destination:edge"
}

# Whether there is an origin depends on a secret.
# pass: edge/viewer-https, edge/minimum-tls, edge/custom-certificate, edge/sni, edge/web-acl, edge/access-log, edge/origin-secret, edge/api-cache, edge/trusted-signers
# unknown: edge/origin-https, edge/origin-tls, edge/s3-origin-access, edge/root-object, edge/response-headers, edge/function-origin-access
resource "aws_cloudfront_distribution" "hidden" {
  enabled    = true
  web_acl_id = "arn:aws:wafv2:us-east-1:111122223333:global/webacl/edge/1"

  dynamic "origin" {
    for_each = var.origin_secret == "" ? [] : ["api"]

    content {
      origin_id   = origin.value
      domain_name = trimprefix(aws_apigatewayv2_api.hidden.api_endpoint, "wss://")

      custom_header {
        name  = "x-origin-verify"
        value = var.origin_secret
      }

      custom_origin_config {
        http_port              = 80
        https_port             = 443
        origin_protocol_policy = "https-only"
        origin_ssl_protocols   = ["TLSv1.2"]
      }
    }
  }

  default_cache_behavior {
    target_origin_id         = "api"
    viewer_protocol_policy   = "https-only"
    allowed_methods          = ["GET", "HEAD"]
    cached_methods           = ["GET", "HEAD"]
    cache_policy_id          = local.caching_disabled
    origin_request_policy_id = local.all_but_host
  }

  logging_config {
    bucket = "logs.s3.amazonaws.com"
  }

  restrictions {
    geo_restriction {
      restriction_type = "none"
    }
  }

  viewer_certificate {
    iam_certificate_id       = "ASCACKCEVSQ6C2EXAMPLE"
    minimum_protocol_version = "TLSv1.2_2021"
    ssl_support_method       = "sni-only"
  }
}

# A secret in one of several origins of a dynamic block hides itself alone, and
# what is made from it.
# pass: edge/viewer-https, edge/minimum-tls, edge/custom-certificate, edge/sni, edge/web-acl, edge/access-log, edge/origin-secret, edge/api-cache, edge/api-host-header, edge/literal-origin-secret, edge/trusted-signers
# fail: edge/origin-https
# unknown: edge/origin-tls
resource "aws_cloudfront_distribution" "uncovered" {
  enabled    = true
  web_acl_id = "arn:aws:wafv2:us-east-1:111122223333:global/webacl/edge/1"

  dynamic "origin" {
    for_each = {
      api   = { host = trimprefix(aws_apigatewayv2_api.chat.api_endpoint, "wss://"), secret = var.origin_secret, protocol = "https-only", tls = "TLSv1.2" }
      other = { host = "other.example.com", secret = "none", protocol = "http-only", tls = var.origin_secret == "" ? "TLSv1.2" : "TLSv1.1" }
    }

    content {
      origin_id   = origin.key
      domain_name = origin.value.host

      custom_header {
        name  = "x-origin-verify"
        value = origin.value.secret
      }

      custom_origin_config {
        http_port              = 80
        https_port             = 443
        origin_protocol_policy = origin.value.protocol
        origin_ssl_protocols   = [origin.value.tls]
      }
    }
  }

  default_cache_behavior {
    target_origin_id         = "api"
    viewer_protocol_policy   = "https-only"
    allowed_methods          = ["GET", "HEAD"]
    cached_methods           = ["GET", "HEAD"]
    cache_policy_id          = local.caching_disabled
    origin_request_policy_id = local.all_but_host
  }

  logging_config {
    bucket = "logs.s3.amazonaws.com"
  }

  restrictions {
    geo_restriction {
      restriction_type = "none"
    }
  }

  viewer_certificate {
    iam_certificate_id       = "ASCACKCEVSQ6C2EXAMPLE"
    minimum_protocol_version = "TLSv1.2_2021"
    ssl_support_method       = "sni-only"
  }
}

# Written as blocks, it hides itself alone.
# pass: edge/viewer-https, edge/minimum-tls, edge/custom-certificate, edge/sni, edge/web-acl, edge/access-log, edge/origin-secret, edge/literal-origin-secret, edge/api-cache, edge/api-host-header, edge/trusted-signers
# fail: edge/origin-https, edge/origin-tls
resource "aws_cloudfront_distribution" "half_hidden" {
  enabled    = true
  web_acl_id = "arn:aws:wafv2:us-east-1:111122223333:global/webacl/edge/1"

  origin {
    origin_id   = "api"
    domain_name = trimprefix(aws_apigatewayv2_api.half_hidden.api_endpoint, "wss://")

    custom_header {
      name  = "x-origin-verify"
      value = var.origin_secret
    }

    custom_origin_config {
      http_port              = 80
      https_port             = 443
      origin_protocol_policy = "https-only"
      origin_ssl_protocols   = ["TLSv1.2"]
    }
  }

  origin {
    origin_id   = "other"
    domain_name = "other.example.com"

    custom_origin_config {
      http_port              = 80
      https_port             = 443
      origin_protocol_policy = "http-only"
      origin_ssl_protocols   = ["TLSv1"]
    }
  }

  default_cache_behavior {
    target_origin_id         = "api"
    viewer_protocol_policy   = "https-only"
    allowed_methods          = ["GET", "HEAD"]
    cached_methods           = ["GET", "HEAD"]
    cache_policy_id          = local.caching_disabled
    origin_request_policy_id = local.all_but_host
  }

  logging_config {
    bucket = "logs.s3.amazonaws.com"
  }

  restrictions {
    geo_restriction {
      restriction_type = "none"
    }
  }

  viewer_certificate {
    iam_certificate_id       = "ASCACKCEVSQ6C2EXAMPLE"
    minimum_protocol_version = "TLSv1.2_2021"
    ssl_support_method       = "sni-only"
  }
}

# fail: edge/viewer-https, edge/custom-certificate, edge/web-acl, edge/access-log, edge/root-object, edge/origin-https, edge/origin-tls, edge/s3-origin-access, edge/response-headers, edge/origin-secret, edge/api-host-header, edge/api-cache
# pass: edge/trusted-signers
resource "aws_cloudfront_distribution" "bad" {
  enabled = true

  origin {
    origin_id   = "site"
    domain_name = "site.s3.us-east-1.amazonaws.com"
  }

  origin {
    origin_id   = "api"
    domain_name = "abc.execute-api.us-east-1.amazonaws.com"

    custom_origin_config {
      http_port              = 80
      https_port             = 443
      origin_protocol_policy = "match-viewer"
      origin_ssl_protocols   = ["TLSv1", "TLSv1.2"]
    }
  }

  default_cache_behavior {
    target_origin_id       = "site"
    viewer_protocol_policy = "allow-all"
    allowed_methods        = ["GET", "HEAD"]
    cached_methods         = ["GET", "HEAD"]
    cache_policy_id        = local.caching_optimized
  }

  ordered_cache_behavior {
    path_pattern             = "/ws"
    target_origin_id         = "api"
    viewer_protocol_policy   = "https-only"
    allowed_methods          = ["GET", "HEAD"]
    cached_methods           = ["GET", "HEAD"]
    cache_policy_id          = local.caching_optimized
    origin_request_policy_id = local.all_with_host
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

# Each in another way: a website, an old access identity, a secret that is
# written down, headers of CORS alone, a log that is not of requests.
# fail: edge/minimum-tls, edge/sni, edge/web-acl, edge/access-log, edge/s3-origin-access, edge/response-headers, edge/literal-origin-secret, edge/api-host-header, edge/api-cache
# pass: edge/viewer-https, edge/custom-certificate, edge/origin-https, edge/origin-tls, edge/root-object, edge/origin-secret, edge/trusted-signers
resource "aws_cloudfront_distribution" "otherwise_bad" {
  enabled             = true
  default_root_object = "index.html"
  web_acl_id          = aws_waf_web_acl.classic.id

  origin {
    origin_id   = "site"
    domain_name = "site.s3.us-east-1.amazonaws.com"

    s3_origin_config {
      origin_access_identity = "origin-access-identity/cloudfront/ABC"
    }
  }

  origin {
    origin_id   = "website"
    domain_name = "site.s3-website-us-east-1.amazonaws.com"

    custom_origin_config {
      http_port              = 80
      https_port             = 443
      origin_protocol_policy = "https-only"
      origin_ssl_protocols   = ["TLSv1.2"]
    }
  }

  origin {
    origin_id   = "api"
    domain_name = "abc.execute-api.us-east-1.amazonaws.com"

    custom_header {
      name  = "x-origin-verify"
      value = "written-down"
    }

    custom_origin_config {
      http_port              = 80
      https_port             = 443
      origin_protocol_policy = "https-only"
      origin_ssl_protocols   = ["TLSv1.2"]
    }
  }

  origin_group {
    origin_id = "group"

    failover_criteria {
      status_codes = [500]
    }

    member {
      origin_id = "site"
    }

    member {
      origin_id = "website"
    }
  }

  default_cache_behavior {
    target_origin_id           = "group"
    viewer_protocol_policy     = "redirect-to-https"
    allowed_methods            = ["GET", "HEAD"]
    cached_methods             = ["GET", "HEAD"]
    cache_policy_id            = local.caching_optimized
    response_headers_policy_id = "60669652-455b-4ae9-85a4-c4c02393f86c"
  }

  ordered_cache_behavior {
    path_pattern           = "/ws"
    target_origin_id       = "api"
    viewer_protocol_policy = "https-only"
    allowed_methods        = ["GET", "HEAD"]
    cached_methods         = ["GET", "HEAD"]

    forwarded_values {
      query_string = true
      headers      = ["Host"]

      cookies {
        forward = "none"
      }
    }
  }

  restrictions {
    geo_restriction {
      restriction_type = "none"
    }
  }

  viewer_certificate {
    acm_certificate_arn = "arn:aws:acm:us-east-1:111122223333:certificate/a"
    ssl_support_method  = "vip"
  }
}

resource "aws_waf_web_acl" "classic" {
  name        = "classic"
  metric_name = "classic"

  default_action {
    type = "ALLOW"
  }
}

resource "aws_cloudwatch_log_delivery_source" "otherwise_bad" {
  name         = "otherwise-bad"
  log_type     = "CONNECTION_LOGS"
  resource_arn = aws_cloudfront_distribution.otherwise_bad.arn
}

resource "aws_cloudwatch_log_delivery" "otherwise_bad" {
  delivery_source_name     = aws_cloudwatch_log_delivery_source.otherwise_bad.name
  delivery_destination_arn = "arn:aws:logs:us-east-1:111122223333:delivery-destination:edge"
}

# unknown: edge/viewer-https, edge/minimum-tls, edge/custom-certificate, edge/sni, edge/web-acl, edge/access-log, edge/root-object, edge/origin-https, edge/origin-tls, edge/s3-origin-access, edge/response-headers, edge/origin-secret, edge/literal-origin-secret, edge/api-host-header, edge/api-cache
# pass: edge/trusted-signers
resource "aws_cloudfront_distribution" "later" {
  enabled             = true
  default_root_object = local.later
  web_acl_id          = local.later

  origin {
    origin_id                = "site"
    domain_name              = aws_s3_bucket.site.bucket_regional_domain_name
    origin_access_control_id = local.later
  }

  origin {
    origin_id   = "api"
    domain_name = "${local.later}.execute-api.us-east-1.amazonaws.com"

    dynamic "custom_header" {
      for_each = local.bool ? [1] : []

      content {
        name  = "x-origin-verify"
        value = "made up"
      }
    }

    custom_origin_config {
      http_port              = 80
      https_port             = 443
      origin_protocol_policy = local.later
      origin_ssl_protocols   = local.bool ? ["TLSv1.2"] : ["TLSv1"]
    }
  }

  default_cache_behavior {
    target_origin_id           = "site"
    viewer_protocol_policy     = local.later
    allowed_methods            = ["GET", "HEAD"]
    cached_methods             = ["GET", "HEAD"]
    cache_policy_id            = local.caching_optimized
    response_headers_policy_id = local.later
  }

  ordered_cache_behavior {
    path_pattern             = "/ws"
    target_origin_id         = "api"
    viewer_protocol_policy   = "https-only"
    allowed_methods          = ["GET", "HEAD"]
    cached_methods           = ["GET", "HEAD"]
    cache_policy_id          = local.later
    origin_request_policy_id = local.later
  }

  dynamic "logging_config" {
    for_each = local.bool ? [1] : []

    content {
      bucket = "logs.s3.amazonaws.com"
    }
  }

  restrictions {
    geo_restriction {
      restriction_type = "none"
    }
  }

  viewer_certificate {
    acm_certificate_arn      = local.later
    minimum_protocol_version = local.later
    ssl_support_method       = local.later
  }
}

# Which origins and behaviours there are is known after apply. A custom origin is
# an API or a bucket or neither.
# fail: edge/origin-https
# unknown: edge/access-log, edge/api-cache, edge/api-host-header, edge/function-origin-access, edge/literal-origin-secret, edge/origin-secret, edge/origin-tls, edge/response-headers, edge/root-object, edge/s3-origin-access, edge/trusted-signers, edge/viewer-https
# pass: edge/custom-certificate, edge/minimum-tls, edge/sni, edge/web-acl
resource "aws_cloudfront_distribution" "origins_later" {
  enabled    = true
  web_acl_id = aws_wafv2_web_acl.edge.arn

  origin {
    origin_id   = "first"
    domain_name = local.later

    custom_header {
      name  = "x-kind"
      value = "made up"
    }

    custom_origin_config {
      http_port              = 80
      https_port             = 443
      origin_protocol_policy = "http-only"
      origin_ssl_protocols   = ["TLSv1.2", local.later]
    }
  }

  origin {
    origin_id   = "second"
    domain_name = local.later

    custom_origin_config {
      http_port              = 80
      https_port             = 443
      origin_protocol_policy = "https-only"
      origin_ssl_protocols   = ["TLSv1.2"]
    }
  }

  default_cache_behavior {
    target_origin_id       = "first"
    viewer_protocol_policy = "https-only"
    allowed_methods        = ["GET", "HEAD"]
    cached_methods         = ["GET", "HEAD"]
    cache_policy_id        = local.caching_optimized
  }

  dynamic "ordered_cache_behavior" {
    for_each = local.bool ? [1] : []

    content {
      path_pattern           = "/ws"
      target_origin_id       = "first"
      viewer_protocol_policy = "allow-all"
      allowed_methods        = ["GET", "HEAD"]
      cached_methods         = ["GET", "HEAD"]
      cache_policy_id        = local.caching_optimized
    }
  }

  restrictions {
    geo_restriction {
      restriction_type = "none"
    }
  }

  viewer_certificate {
    acm_certificate_arn      = aws_acm_certificate.good.arn
    minimum_protocol_version = "TLSv1.2_2021"
    ssl_support_method       = "sni-only"
  }
}

resource "aws_cloudwatch_log_delivery_source" "origins_later" {
  name         = "origins-later"
  log_type     = local.later
  resource_arn = aws_cloudfront_distribution.origins_later.arn
}

resource "aws_cloudwatch_log_delivery" "origins_later" {
  delivery_source_name     = aws_cloudwatch_log_delivery_source.origins_later.name
  delivery_destination_arn = "arn:aws:logs:us-east-1:111122223333:delivery-destination:edge"
}

# No origin is known before apply.
# pass: edge/root-object, edge/web-acl, edge/access-log, edge/viewer-https, edge/api-cache, edge/trusted-signers
# fail: edge/custom-certificate
# unknown: edge/origin-secret, edge/literal-origin-secret, edge/origin-https, edge/origin-tls, edge/s3-origin-access, edge/response-headers, edge/function-origin-access
resource "aws_cloudfront_distribution" "some_origins" {
  enabled             = true
  default_root_object = "index.html"
  web_acl_id          = aws_wafv2_web_acl.edge.arn

  dynamic "origin" {
    for_each = local.bool ? [1] : []

    content {
      origin_id   = "only"
      domain_name = "www.example.com"

      custom_origin_config {
        http_port              = 80
        https_port             = 443
        origin_protocol_policy = "https-only"
        origin_ssl_protocols   = ["TLSv1.2"]
      }
    }
  }

  default_cache_behavior {
    target_origin_id       = "only"
    viewer_protocol_policy = "https-only"
    allowed_methods        = ["GET", "HEAD"]
    cached_methods         = ["GET", "HEAD"]
    cache_policy_id        = local.caching_disabled
  }

  logging_config {
    bucket = "logs.s3.amazonaws.com"
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

# No API and no bucket: a server of one's own, and one of this plan.
# pass: edge/web-acl, edge/access-log, edge/viewer-https, edge/origin-https, edge/origin-tls, edge/response-headers, edge/trusted-signers
# fail: edge/custom-certificate
resource "aws_cloudfront_distribution" "servers" {
  for_each   = { other = "www.example.com", made = aws_eip.server.public_dns }
  enabled    = true
  web_acl_id = aws_wafv2_web_acl.edge.arn

  dynamic "origin" {
    for_each = ["server"]

    content {
      origin_id   = origin.value
      domain_name = each.value

      custom_origin_config {
        http_port              = 80
        https_port             = 443
        origin_protocol_policy = "https-only"
        origin_ssl_protocols   = ["TLSv1.2"]
      }
    }
  }

  default_cache_behavior {
    target_origin_id           = "server"
    viewer_protocol_policy     = "https-only"
    allowed_methods            = ["GET", "HEAD"]
    cached_methods             = ["GET", "HEAD"]
    cache_policy_id            = local.caching_optimized
    response_headers_policy_id = "67f7725c-6f97-4210-82d7-5512b31e9d03"
  }

  logging_config {
    bucket = "logs.s3.amazonaws.com"
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

resource "aws_eip" "server" {}

# Policies of the plan, with and without Host.
# pass: edge/web-acl, edge/access-log, edge/viewer-https, edge/origin-https, edge/origin-tls, edge/origin-secret, edge/api-cache, edge/api-host-header, edge/trusted-signers
# fail: edge/custom-certificate, edge/literal-origin-secret, edge/api-host-header
resource "aws_cloudfront_distribution" "request_policies" {
  for_each   = aws_cloudfront_origin_request_policy.this
  enabled    = true
  web_acl_id = aws_wafv2_web_acl.edge.arn

  origin {
    origin_id   = "api"
    domain_name = "abc.execute-api.us-east-1.amazonaws.com"

    custom_header {
      name  = "x-origin-verify"
      value = "made up"
    }

    custom_origin_config {
      http_port              = 80
      https_port             = 443
      origin_protocol_policy = "https-only"
      origin_ssl_protocols   = ["TLSv1.2"]
    }
  }

  default_cache_behavior {
    target_origin_id         = "api"
    viewer_protocol_policy   = "https-only"
    allowed_methods          = ["GET", "HEAD"]
    cached_methods           = ["GET", "HEAD"]
    cache_policy_id          = local.caching_disabled
    origin_request_policy_id = each.value.id
  }

  logging_config {
    bucket = "logs.s3.amazonaws.com"
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

# A policy whose headers are known after apply.
# pass: edge/web-acl, edge/access-log, edge/viewer-https, edge/origin-https, edge/origin-tls, edge/origin-secret, edge/api-cache, edge/literal-origin-secret, edge/trusted-signers
# fail: edge/custom-certificate
# unknown: edge/api-host-header
resource "aws_cloudfront_distribution" "request_policy_later" {
  for_each   = aws_cloudfront_origin_request_policy.later
  enabled    = true
  web_acl_id = aws_wafv2_web_acl.edge.arn

  origin {
    origin_id   = "api"
    domain_name = "abc.execute-api.us-east-1.amazonaws.com"

    custom_header {
      name  = "x-origin-verify"
      value = aws_s3_bucket.site.bucket
    }

    custom_origin_config {
      http_port              = 80
      https_port             = 443
      origin_protocol_policy = "https-only"
      origin_ssl_protocols   = ["TLSv1.2"]
    }
  }

  origin {
    origin_id   = "vpc"
    domain_name = "internal.example.com"

    vpc_origin_config {
      vpc_origin_id = "vo_1"
    }
  }

  default_cache_behavior {
    target_origin_id         = "api"
    viewer_protocol_policy   = "https-only"
    allowed_methods          = ["GET", "HEAD"]
    cached_methods           = ["GET", "HEAD"]
    cache_policy_id          = local.caching_disabled
    origin_request_policy_id = each.value.id
  }

  logging_config {
    bucket = "logs.s3.amazonaws.com"
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

# Policies of the plan, that keep and that do not.
# pass: edge/web-acl, edge/access-log, edge/viewer-https, edge/origin-https, edge/origin-tls, edge/origin-secret, edge/api-cache, edge/api-host-header, edge/trusted-signers
# fail: edge/custom-certificate, edge/literal-origin-secret, edge/api-cache
# unknown: edge/api-cache
resource "aws_cloudfront_distribution" "cache_policies" {
  for_each   = aws_cloudfront_cache_policy.this
  enabled    = true
  web_acl_id = aws_wafv2_web_acl.edge.arn

  origin {
    origin_id   = "api"
    domain_name = "abc.execute-api.us-east-1.amazonaws.com"

    custom_header {
      name  = "x-origin-verify"
      value = "made up"
    }

    custom_origin_config {
      http_port              = 80
      https_port             = 443
      origin_protocol_policy = "https-only"
      origin_ssl_protocols   = ["TLSv1.2"]
    }
  }

  default_cache_behavior {
    target_origin_id         = "api"
    viewer_protocol_policy   = "https-only"
    allowed_methods          = ["GET", "HEAD"]
    cached_methods           = ["GET", "HEAD"]
    cache_policy_id          = each.value.id
    origin_request_policy_id = local.all_but_host
  }

  logging_config {
    bucket = "logs.s3.amazonaws.com"
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

# The domain of an API may be that of the distribution.
# pass: edge/web-acl, edge/access-log, edge/viewer-https, edge/origin-https, edge/origin-tls, edge/origin-secret, edge/api-cache, edge/trusted-signers
# fail: edge/custom-certificate, edge/literal-origin-secret
resource "aws_cloudfront_distribution" "by_domain" {
  for_each   = { known = aws_apigatewayv2_domain_name.chat.domain_name, later = aws_apigatewayv2_domain_name.chat.domain_name_configuration[0].target_domain_name }
  enabled    = true
  web_acl_id = aws_wafv2_web_acl.edge.arn

  origin {
    origin_id   = "api"
    domain_name = each.value

    custom_header {
      name  = "x-origin-verify"
      value = "made up"
    }

    custom_origin_config {
      http_port              = 80
      https_port             = 443
      origin_protocol_policy = "https-only"
      origin_ssl_protocols   = ["TLSv1.2"]
    }
  }

  default_cache_behavior {
    target_origin_id         = "api"
    viewer_protocol_policy   = "https-only"
    allowed_methods          = ["GET", "HEAD"]
    cached_methods           = ["GET", "HEAD"]
    cache_policy_id          = local.caching_disabled
    origin_request_policy_id = local.all_with_host
  }

  logging_config {
    bucket = "logs.s3.amazonaws.com"
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

#### The authorizer behind ####

# pass: edge/origin-secret-checked
resource "aws_apigatewayv2_authorizer" "good" {
  api_id           = aws_apigatewayv2_api.chat.id
  name             = "good"
  authorizer_type  = "REQUEST"
  authorizer_uri   = "arn:aws:apigateway:us-east-1:lambda:path/2015-03-31/functions/f/invocations"
  identity_sources = ["route.request.header.X-Origin-Verify"]
}

# fail: edge/origin-secret-checked
resource "aws_apigatewayv2_authorizer" "bad" {
  api_id           = aws_apigatewayv2_api.chat.id
  name             = "bad"
  authorizer_type  = "REQUEST"
  authorizer_uri   = "arn:aws:apigateway:us-east-1:lambda:path/2015-03-31/functions/f/invocations"
  identity_sources = ["route.request.header.authorization"]
}

# fail: edge/origin-secret-checked
resource "aws_apigatewayv2_authorizer" "empty" {
  api_id          = aws_apigatewayv2_api.chat.id
  name            = "empty"
  authorizer_type = "REQUEST"
  authorizer_uri  = "arn:aws:apigateway:us-east-1:lambda:path/2015-03-31/functions/f/invocations"
}

# unknown: edge/origin-secret-checked
resource "aws_apigatewayv2_authorizer" "later" {
  for_each         = { whole = local.bool ? ["a"] : ["b"], one = ["route.request.header.a", local.later] }
  api_id           = aws_apigatewayv2_api.chat.id
  name             = "later"
  authorizer_type  = "REQUEST"
  authorizer_uri   = "arn:aws:apigateway:us-east-1:lambda:path/2015-03-31/functions/f/invocations"
  identity_sources = each.value
}

# pass: edge/origin-secret-checked
resource "aws_apigatewayv2_authorizer" "hidden" {
  api_id           = aws_apigatewayv2_api.hidden.id
  name             = "hidden"
  authorizer_type  = "REQUEST"
  authorizer_uri   = "arn:aws:apigateway:us-east-1:lambda:path/2015-03-31/functions/f/invocations"
  identity_sources = ["route.request.header.x-origin-verify"]
}

# unknown: edge/origin-secret-checked
resource "aws_apigatewayv2_authorizer" "hidden_token" {
  api_id           = aws_apigatewayv2_api.hidden.id
  name             = "hidden-token"
  authorizer_type  = "REQUEST"
  authorizer_uri   = "arn:aws:apigateway:us-east-1:lambda:path/2015-03-31/functions/f/invocations"
  identity_sources = ["route.request.header.authorization"]
}

# fail: edge/origin-secret-checked
resource "aws_apigatewayv2_authorizer" "half_hidden" {
  api_id           = aws_apigatewayv2_api.half_hidden.id
  name             = "half-hidden"
  authorizer_type  = "REQUEST"
  authorizer_uri   = "arn:aws:apigateway:us-east-1:lambda:path/2015-03-31/functions/f/invocations"
  identity_sources = ["route.request.header.authorization"]
}

#### Functions as origins, and signatures ####

resource "aws_lambda_function_url" "hook" {
  function_name      = "hook"
  authorization_type = "AWS_IAM"
}

# pass: edge/origin-access-signing
resource "aws_cloudfront_origin_access_control" "function" {
  name                              = "function"
  origin_access_control_origin_type = "lambda"
  signing_behavior                  = "always"
  signing_protocol                  = "sigv4"
}

# pass: edge/function-origin-access, edge/trusted-signers, edge/web-acl, edge/access-log, edge/viewer-https, edge/origin-https, edge/origin-tls, edge/response-headers
# fail: edge/custom-certificate
resource "aws_cloudfront_distribution" "function" {
  for_each   = { known = "abc.lambda-url.eu-west-1.on.aws", made = "${aws_lambda_function_url.hook.url_id}.lambda-url.eu-west-1.on.aws", url = trimsuffix(trimprefix(aws_lambda_function_url.hook.function_url, "https://"), "/") }
  enabled    = true
  web_acl_id = aws_wafv2_web_acl.edge.arn

  origin {
    origin_id                = "hook"
    domain_name              = each.value
    origin_access_control_id = aws_cloudfront_origin_access_control.function.id

    custom_origin_config {
      http_port              = 80
      https_port             = 443
      origin_protocol_policy = "https-only"
      origin_ssl_protocols   = ["TLSv1.2"]
    }
  }

  default_cache_behavior {
    target_origin_id           = "hook"
    viewer_protocol_policy     = "https-only"
    allowed_methods            = ["GET", "HEAD"]
    cached_methods             = ["GET", "HEAD"]
    cache_policy_id            = local.caching_optimized
    response_headers_policy_id = "67f7725c-6f97-4210-82d7-5512b31e9d03"
  }

  logging_config {
    bucket = "logs.s3.amazonaws.com"
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

# fail: edge/custom-certificate, edge/function-origin-access
# pass: edge/trusted-signers, edge/web-acl, edge/access-log, edge/viewer-https, edge/origin-https, edge/origin-tls, edge/response-headers
resource "aws_cloudfront_distribution" "open_function" {
  for_each   = { known = "abc.lambda-url.eu-west-1.on.aws", made = "${aws_lambda_function_url.hook.url_id}.lambda-url.eu-west-1.on.aws", url = trimsuffix(trimprefix(aws_lambda_function_url.hook.function_url, "https://"), "/") }
  enabled    = true
  web_acl_id = aws_wafv2_web_acl.edge.arn

  origin {
    origin_id   = "hook"
    domain_name = each.value

    custom_origin_config {
      http_port              = 80
      https_port             = 443
      origin_protocol_policy = "https-only"
      origin_ssl_protocols   = ["TLSv1.2"]
    }
  }

  default_cache_behavior {
    target_origin_id           = "hook"
    viewer_protocol_policy     = "https-only"
    allowed_methods            = ["GET", "HEAD"]
    cached_methods             = ["GET", "HEAD"]
    cache_policy_id            = local.caching_optimized
    response_headers_policy_id = "67f7725c-6f97-4210-82d7-5512b31e9d03"
  }

  logging_config {
    bucket = "logs.s3.amazonaws.com"
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

# unknown: edge/function-origin-access
# fail: edge/custom-certificate
# pass: edge/trusted-signers, edge/web-acl, edge/access-log, edge/viewer-https, edge/origin-https, edge/origin-tls, edge/response-headers
resource "aws_cloudfront_distribution" "function_control_later" {
  enabled    = true
  web_acl_id = aws_wafv2_web_acl.edge.arn

  origin {
    origin_id                = "hook"
    domain_name              = "abc.lambda-url.eu-west-1.on.aws"
    origin_access_control_id = local.later

    custom_origin_config {
      http_port              = 80
      https_port             = 443
      origin_protocol_policy = "https-only"
      origin_ssl_protocols   = ["TLSv1.2"]
    }
  }

  default_cache_behavior {
    target_origin_id           = "hook"
    viewer_protocol_policy     = "https-only"
    allowed_methods            = ["GET", "HEAD"]
    cached_methods             = ["GET", "HEAD"]
    cache_policy_id            = local.caching_optimized
    response_headers_policy_id = "67f7725c-6f97-4210-82d7-5512b31e9d03"
  }

  logging_config {
    bucket = "logs.s3.amazonaws.com"
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

# One of the two is a function; which, is known after apply.
# unknown: edge/function-origin-access
# fail: edge/custom-certificate
# pass: edge/trusted-signers, edge/web-acl, edge/access-log, edge/viewer-https, edge/origin-https, edge/origin-tls, edge/response-headers
resource "aws_cloudfront_distribution" "function_or_server" {
  enabled    = true
  web_acl_id = aws_wafv2_web_acl.edge.arn

  origin {
    origin_id   = "hook"
    domain_name = "${aws_lambda_function_url.hook.url_id}.lambda-url.eu-west-1.on.aws"

    custom_origin_config {
      http_port              = 80
      https_port             = 443
      origin_protocol_policy = "https-only"
      origin_ssl_protocols   = ["TLSv1.2"]
    }
  }

  origin {
    origin_id   = "server"
    domain_name = aws_eip.server.public_dns

    custom_origin_config {
      http_port              = 80
      https_port             = 443
      origin_protocol_policy = "https-only"
      origin_ssl_protocols   = ["TLSv1.2"]
    }
  }

  default_cache_behavior {
    target_origin_id           = "hook"
    viewer_protocol_policy     = "https-only"
    allowed_methods            = ["GET", "HEAD"]
    cached_methods             = ["GET", "HEAD"]
    cache_policy_id            = local.caching_optimized
    response_headers_policy_id = "67f7725c-6f97-4210-82d7-5512b31e9d03"
  }

  logging_config {
    bucket = "logs.s3.amazonaws.com"
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

# pass: edge/trusted-signers, edge/web-acl, edge/access-log, edge/viewer-https, edge/origin-https, edge/origin-tls, edge/response-headers
# fail: edge/custom-certificate
resource "aws_cloudfront_distribution" "key_group" {
  enabled    = true
  web_acl_id = aws_wafv2_web_acl.edge.arn

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
    target_origin_id           = "server"
    viewer_protocol_policy     = "https-only"
    allowed_methods            = ["GET", "HEAD"]
    cached_methods             = ["GET", "HEAD"]
    cache_policy_id            = local.caching_optimized
    response_headers_policy_id = "67f7725c-6f97-4210-82d7-5512b31e9d03"
    trusted_key_groups         = [local.later]
  }

  logging_config {
    bucket = "logs.s3.amazonaws.com"
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

# fail: edge/custom-certificate, edge/trusted-signers
# pass: edge/web-acl, edge/access-log, edge/viewer-https, edge/origin-https, edge/origin-tls, edge/response-headers
resource "aws_cloudfront_distribution" "signed_by_account" {
  enabled    = true
  web_acl_id = aws_wafv2_web_acl.edge.arn

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
    target_origin_id           = "server"
    viewer_protocol_policy     = "https-only"
    allowed_methods            = ["GET", "HEAD"]
    cached_methods             = ["GET", "HEAD"]
    cache_policy_id            = local.caching_optimized
    response_headers_policy_id = "67f7725c-6f97-4210-82d7-5512b31e9d03"
  }

  ordered_cache_behavior {
    path_pattern               = "/files/*"
    target_origin_id           = "server"
    viewer_protocol_policy     = "https-only"
    allowed_methods            = ["GET", "HEAD"]
    cached_methods             = ["GET", "HEAD"]
    cache_policy_id            = local.caching_optimized
    response_headers_policy_id = "67f7725c-6f97-4210-82d7-5512b31e9d03"
    trusted_signers            = ["self"]
  }

  logging_config {
    bucket = "logs.s3.amazonaws.com"
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

# unknown: edge/trusted-signers
# fail: edge/custom-certificate
# pass: edge/web-acl, edge/access-log, edge/viewer-https, edge/origin-https, edge/origin-tls, edge/response-headers
resource "aws_cloudfront_distribution" "signers_later" {
  enabled    = true
  web_acl_id = aws_wafv2_web_acl.edge.arn

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
    target_origin_id           = "server"
    viewer_protocol_policy     = "https-only"
    allowed_methods            = ["GET", "HEAD"]
    cached_methods             = ["GET", "HEAD"]
    cache_policy_id            = local.caching_optimized
    response_headers_policy_id = "67f7725c-6f97-4210-82d7-5512b31e9d03"
    trusted_signers            = split(",", local.later)
  }

  logging_config {
    bucket = "logs.s3.amazonaws.com"
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

# Which behaviours there are is known after apply; some may go to the API.
# fail: edge/origin-secret, edge/response-headers
# unknown: edge/api-cache, edge/api-host-header, edge/response-headers, edge/trusted-signers, edge/viewer-https
# pass: edge/access-log, edge/custom-certificate, edge/minimum-tls, edge/origin-https, edge/origin-tls, edge/root-object, edge/s3-origin-access, edge/sni, edge/web-acl
resource "aws_cloudfront_distribution" "behaviours_later" {
  enabled             = true
  default_root_object = "index.html"
  web_acl_id          = aws_wafv2_web_acl.edge.arn

  origin {
    origin_id                = "site"
    domain_name              = aws_s3_bucket.site.bucket_regional_domain_name
    origin_access_control_id = "E2QWRUHAPOMQZL"
  }

  origin {
    origin_id   = "api"
    domain_name = "abc.execute-api.us-east-1.amazonaws.com"

    custom_origin_config {
      http_port              = 80
      https_port             = 443
      origin_protocol_policy = "https-only"
      origin_ssl_protocols   = ["TLSv1.2"]
    }
  }

  default_cache_behavior {
    target_origin_id       = "site"
    viewer_protocol_policy = "https-only"
    allowed_methods        = ["GET", "HEAD"]
    cached_methods         = ["GET", "HEAD"]
    cache_policy_id        = local.caching_optimized
  }

  dynamic "ordered_cache_behavior" {
    for_each = local.bool ? [1] : []

    content {
      path_pattern             = "/ws"
      target_origin_id         = "api"
      viewer_protocol_policy   = "https-only"
      allowed_methods          = ["GET", "HEAD"]
      cached_methods           = ["GET", "HEAD"]
      cache_policy_id          = local.caching_optimized
      origin_request_policy_id = local.all_with_host
    }
  }

  logging_config {
    bucket = "logs.s3.amazonaws.com"
  }

  restrictions {
    geo_restriction {
      restriction_type = "none"
    }
  }

  viewer_certificate {
    acm_certificate_arn      = aws_acm_certificate.good.arn
    minimum_protocol_version = "TLSv1.2_2021"
    ssl_support_method       = "sni-only"
  }
}

# No origin of this one is an API.
# fail: edge/response-headers
# unknown: edge/response-headers, edge/trusted-signers, edge/viewer-https
# pass: edge/access-log, edge/custom-certificate, edge/minimum-tls, edge/origin-https, edge/origin-tls, edge/root-object, edge/s3-origin-access, edge/sni, edge/web-acl
resource "aws_cloudfront_distribution" "pages_later" {
  enabled             = true
  default_root_object = "index.html"
  web_acl_id          = aws_wafv2_web_acl.edge.arn

  origin {
    origin_id                = "site"
    domain_name              = aws_s3_bucket.site.bucket_regional_domain_name
    origin_access_control_id = "E2QWRUHAPOMQZL"
  }

  default_cache_behavior {
    target_origin_id       = "site"
    viewer_protocol_policy = "https-only"
    allowed_methods        = ["GET", "HEAD"]
    cached_methods         = ["GET", "HEAD"]
    cache_policy_id        = local.caching_optimized
  }

  dynamic "ordered_cache_behavior" {
    for_each = local.bool ? [1] : []

    content {
      path_pattern           = "/more"
      target_origin_id       = "site"
      viewer_protocol_policy = "https-only"
      allowed_methods        = ["GET", "HEAD"]
      cached_methods         = ["GET", "HEAD"]
      cache_policy_id        = local.caching_optimized
    }
  }

  logging_config {
    bucket = "logs.s3.amazonaws.com"
  }

  restrictions {
    geo_restriction {
      restriction_type = "none"
    }
  }

  viewer_certificate {
    acm_certificate_arn      = aws_acm_certificate.good.arn
    minimum_protocol_version = "TLSv1.2_2021"
    ssl_support_method       = "sni-only"
  }
}

# Neither origins nor behaviours can be seen, but for one that sends the Host
# header on.
# unknown: edge/api-cache, edge/api-host-header, edge/function-origin-access, edge/literal-origin-secret, edge/origin-https, edge/origin-secret, edge/origin-tls, edge/response-headers, edge/s3-origin-access, edge/trusted-signers, edge/viewer-https
# pass: edge/access-log, edge/custom-certificate, edge/minimum-tls, edge/root-object, edge/sni, edge/web-acl
resource "aws_cloudfront_distribution" "nothing_seen" {
  enabled             = true
  default_root_object = "index.html"
  web_acl_id          = aws_wafv2_web_acl.edge.arn

  dynamic "origin" {
    for_each = local.bool ? [1] : []

    content {
      origin_id   = "site"
      domain_name = "www.example.com"

      custom_origin_config {
        http_port              = 80
        https_port             = 443
        origin_protocol_policy = "https-only"
        origin_ssl_protocols   = ["TLSv1.2"]
      }
    }
  }

  default_cache_behavior {
    target_origin_id       = "site"
    viewer_protocol_policy = "https-only"
    allowed_methods        = ["GET", "HEAD"]
    cached_methods         = ["GET", "HEAD"]
    cache_policy_id        = local.caching_optimized

    origin_request_policy_id = local.all_with_host
  }

  dynamic "ordered_cache_behavior" {
    for_each = local.bool ? [1] : []

    content {
      path_pattern           = "/more"
      target_origin_id       = "site"
      viewer_protocol_policy = "https-only"
      allowed_methods        = ["GET", "HEAD"]
      cached_methods         = ["GET", "HEAD"]
      cache_policy_id        = local.caching_optimized
    }
  }

  logging_config {
    bucket = "logs.s3.amazonaws.com"
  }

  restrictions {
    geo_restriction {
      restriction_type = "none"
    }
  }

  viewer_certificate {
    acm_certificate_arn      = aws_acm_certificate.good.arn
    minimum_protocol_version = "TLSv1.2_2021"
    ssl_support_method       = "sni-only"
  }
}

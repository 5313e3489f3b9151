locals {
  own_key = var.kms_key == null

  kms_key_arn = var.kms_key == null ? aws_kms_key.this[0].arn : var.kms_key.arn

  # Known without asking AWS: arn:<partition>:kms:us-east-1:<account>:key/<id>.
  partition  = split(":", local.kms_key_arn)[1]
  account_id = split(":", local.kms_key_arn)[4]

  # What the caller knows of the URL before there is a distribution. Its security
  # headers can name no other: the distribution needs them before it has a name.
  known_url = try(coalesce(var.site_url, try("https://${var.aliases[0]}", null)), null)
  site_url  = local.known_url == null ? "https://${aws_cloudfront_distribution.this.domain_name}" : local.known_url
  plain     = startswith(coalesce(local.known_url, "https://"), "http://")

  # wss://host on AWS. On a loopback address API Gateway's own host is no host of
  # its own, and a path says which API it is.
  api = regex("^wss?://(?P<host>[^:/]+)(?::[0-9]+)?(?P<path>/.*)?$", var.api.endpoint)

  default_origin = var.site == null ? "api" : "site"
}

#### Region ####

# Asks nobody: the provider knows its Region.
data "aws_service" "us_east_1" {
  provider = aws.us_east_1

  service_id = "wafv2"
}

#### Key ####

# In us-east-1, with everything that CloudFront and its web ACL write to.
resource "aws_kms_key" "this" {
  count    = local.own_key ? 1 : 0
  provider = aws.us_east_1

  description             = "Site and logs of the edge ${var.name}."
  enable_key_rotation     = true
  deletion_window_in_days = var.kms_deletion_window_days
  tags                    = var.tags

  lifecycle {
    create_before_destroy = true
  }
}

data "aws_iam_policy_document" "key" {
  count = local.own_key ? 1 : 0

  # Who administers the key in this account cannot read with it.
  statement {
    sid = "AccountAdministers"
    actions = [
      "kms:CancelKeyDeletion",
      "kms:CreateAlias",
      "kms:DeleteAlias",
      "kms:DescribeKey",
      "kms:DisableKey",
      "kms:DisableKeyRotation",
      "kms:EnableKey",
      "kms:EnableKeyRotation",
      "kms:GetKeyPolicy",
      "kms:GetKeyRotationStatus",
      "kms:ListGrants",
      "kms:ListKeyPolicies",
      "kms:ListKeyRotations",
      "kms:ListResourceTags",
      "kms:PutKeyPolicy",
      "kms:RevokeGrant",
      "kms:RotateKeyOnDemand",
      "kms:ScheduleKeyDeletion",
      "kms:TagResource",
      "kms:UntagResource",
      "kms:UpdateAlias",
      "kms:UpdateKeyDescription",
    ]
    resources = ["*"]

    principals {
      type        = "AWS"
      identifiers = ["arn:${local.partition}:iam::${local.account_id}:root"]
    }
  }

  # Those whom IAM allows it, and only by way of S3: who uploads the site.
  statement {
    sid       = "AccountUsesThroughS3"
    actions   = ["kms:Decrypt", "kms:GenerateDataKey*"]
    resources = ["*"]

    principals {
      type        = "AWS"
      identifiers = ["arn:${local.partition}:iam::${local.account_id}:root"]
    }

    condition {
      test     = "StringEquals"
      variable = "kms:ViaService"
      values   = ["s3.us-east-1.amazonaws.com"]
    }
  }

  # https://docs.aws.amazon.com/AmazonCloudFront/latest/DeveloperGuide/private-content-restricting-access-to-s3.html
  statement {
    sid       = "DistributionReadsTheSite"
    actions   = ["kms:Decrypt"]
    resources = ["*"]

    principals {
      type        = "Service"
      identifiers = ["cloudfront.amazonaws.com"]
    }

    condition {
      test     = "StringEquals"
      variable = "AWS:SourceArn"
      values   = [aws_cloudfront_distribution.this.arn]
    }
  }

  # https://docs.aws.amazon.com/AmazonCloudWatch/latest/logs/encrypt-log-data-kms.html
  statement {
    sid = "LogsOfThisEdge"
    actions = [
      "kms:Decrypt*",
      "kms:Describe*",
      "kms:Encrypt*",
      "kms:GenerateDataKey*",
      "kms:ReEncrypt*",
    ]
    resources = ["*"]

    principals {
      type        = "Service"
      identifiers = ["logs.us-east-1.amazonaws.com"]
    }

    condition {
      test     = "ArnEquals"
      variable = "kms:EncryptionContext:aws:logs:arn"
      values   = [for name in values(local.log_group_names) : "arn:${local.partition}:logs:us-east-1:${local.account_id}:log-group:${name}"]
    }
  }
}

# Apart from the key, whose ARN says which account to name.
resource "aws_kms_key_policy" "this" {
  count    = local.own_key ? 1 : 0
  provider = aws.us_east_1

  key_id = aws_kms_key.this[0].key_id
  policy = data.aws_iam_policy_document.key[0].json
}

resource "aws_kms_alias" "this" {
  count    = local.own_key ? 1 : 0
  provider = aws.us_east_1

  name          = "alias/${var.name}-edge"
  target_key_id = aws_kms_key.this[0].key_id
}

#### Distribution ####

locals {
  # AWS's own policies. The second passes on everything that a handshake has but
  # the viewer's Host, by which API Gateway would find another API, or none.
  # https://docs.aws.amazon.com/AmazonCloudFront/latest/DeveloperGuide/using-managed-cache-policies.html
  # https://docs.aws.amazon.com/AmazonCloudFront/latest/DeveloperGuide/using-managed-origin-request-policies.html
  caching_disabled              = "4135ea2d-6df8-44a3-9df3-4b5a84be39ad"
  caching_optimized             = "658327ea-f89d-4fab-a63d-7e88639e58f6"
  all_viewer_except_host_header = "b689b0a8-53d0-40ab-baf2-68738e2966ac"

  error_pages = var.site == null ? {} : var.site.error_pages != null ? var.site.error_pages : contains(keys(local.files), "404.html") ? { "404" = "/404.html" } : {}
}

resource "aws_cloudfront_distribution" "this" {
  comment             = var.name
  enabled             = true
  is_ipv6_enabled     = true
  http_version        = "http2and3"
  price_class         = var.price_class
  aliases             = var.aliases
  default_root_object = var.site == null ? null : var.site.index
  web_acl_id          = aws_wafv2_web_acl.this.arn
  wait_for_deployment = var.wait_for_deployment
  tags                = var.tags

  origin {
    origin_id   = "api"
    domain_name = local.api.host
    origin_path = local.api.path == null ? "" : trimsuffix(local.api.path, "/")

    custom_origin_config {
      http_port              = 80
      https_port             = 443
      origin_protocol_policy = "https-only"
      origin_ssl_protocols   = ["TLSv1.2"]
    }

    # Takes the place of one that the viewer sends.
    custom_header {
      name  = "x-origin-verify"
      value = var.origin_secrets[0]
    }
  }

  dynamic "origin" {
    for_each = var.site == null ? [] : [true]

    content {
      origin_id                = "site"
      domain_name              = aws_s3_bucket.site[0].bucket_regional_domain_name
      origin_access_control_id = aws_cloudfront_origin_access_control.this[0].id
    }
  }

  default_cache_behavior {
    target_origin_id           = local.default_origin
    allowed_methods            = ["GET", "HEAD"]
    cached_methods             = ["GET", "HEAD"]
    viewer_protocol_policy     = var.site == null ? "https-only" : "redirect-to-https"
    cache_policy_id            = var.site == null ? local.caching_disabled : local.caching_optimized
    origin_request_policy_id   = var.site == null ? local.all_viewer_except_host_header : null
    response_headers_policy_id = one(aws_cloudfront_response_headers_policy.this[*].id)
    compress                   = var.site != null
  }

  # A WebSocket client follows no redirect to https.
  ordered_cache_behavior {
    path_pattern             = var.api.path
    target_origin_id         = "api"
    allowed_methods          = ["GET", "HEAD"]
    cached_methods           = ["GET", "HEAD"]
    viewer_protocol_policy   = "https-only"
    cache_policy_id          = local.caching_disabled
    origin_request_policy_id = local.all_viewer_except_host_header
    compress                 = false
  }

  dynamic "custom_error_response" {
    for_each = local.error_pages

    content {
      error_code            = tonumber(custom_error_response.key)
      response_code         = tonumber(custom_error_response.key)
      response_page_path    = custom_error_response.value
      error_caching_min_ttl = 10
    }
  }

  viewer_certificate {
    cloudfront_default_certificate = var.certificate == null
    acm_certificate_arn            = var.certificate == null ? null : var.certificate.arn
    minimum_protocol_version       = var.certificate == null ? "TLSv1" : var.minimum_tls
    ssl_support_method             = var.certificate == null ? null : "sni-only"
  }

  restrictions {
    geo_restriction {
      restriction_type = var.geo_restriction == null ? "none" : var.geo_restriction.allow == null ? "blacklist" : "whitelist"
      locations        = var.geo_restriction == null ? [] : coalesce(var.geo_restriction.allow, var.geo_restriction.deny)
    }
  }
}

resource "aws_shield_protection" "this" {
  count    = var.anti_ddos ? 1 : 0
  provider = aws.us_east_1

  name         = var.name
  resource_arn = aws_cloudfront_distribution.this.arn
  tags         = var.tags
}

resource "aws_shield_application_layer_automatic_response" "this" {
  count    = var.anti_ddos ? 1 : 0
  provider = aws.us_east_1

  resource_arn = aws_shield_protection.this[0].resource_arn
  action       = var.count_only ? "COUNT" : "BLOCK"
}

#### Security headers ####

locals {
  # No image, frame or form of elsewhere, no text that becomes script: Trusted
  # Types turn such a sink into an error, and no policy may be made.
  content_security_policy = var.site == null ? null : join("; ", concat(
    [
      "default-src 'none'",
      "script-src 'self'",
      "style-src 'self'",
      "img-src 'self' data:",
      "font-src 'self'",
      join(" ", distinct(concat(["connect-src 'self'"], local.known_url == null ? [] : [replace(local.known_url, "/^http/", "ws")], var.site.connect_origins))),
      "manifest-src 'self'",
      "base-uri 'none'",
      "form-action 'none'",
      "frame-ancestors 'none'",
      "require-trusted-types-for 'script'",
      "trusted-types 'none'",
    ],
    local.plain ? [] : ["upgrade-insecure-requests"],
  ))

  # What a chat has no use for. Those that a browser does not know it complains
  # of, so only features that browsers have.
  permissions_policy = join(", ", [for feature in [
    "accelerometer", "autoplay", "camera", "display-capture", "encrypted-media", "fullscreen", "geolocation", "gyroscope", "hid", "idle-detection",
    "magnetometer", "microphone", "midi", "payment", "picture-in-picture", "publickey-credentials-get", "screen-wake-lock", "serial", "usb", "xr-spatial-tracking",
  ] : "${feature}=()"])
}

resource "aws_cloudfront_response_headers_policy" "this" {
  count = var.site == null ? 0 : 1

  name    = "${var.name}-site"
  comment = "Security headers of the site of ${var.name}."

  security_headers_config {
    content_security_policy {
      content_security_policy = local.content_security_policy
      override                = true
    }

    strict_transport_security {
      access_control_max_age_sec = var.hsts.days * 24 * 60 * 60
      include_subdomains         = var.hsts.include_subdomains
      preload                    = var.hsts.preload
      override                   = true
    }

    content_type_options {
      override = true
    }

    frame_options {
      frame_option = "DENY"
      override     = true
    }

    referrer_policy {
      referrer_policy = "no-referrer"
      override        = true
    }
  }

  custom_headers_config {
    items {
      header   = "Cross-Origin-Opener-Policy"
      value    = "same-origin"
      override = true
    }

    items {
      header   = "Cross-Origin-Resource-Policy"
      value    = "same-origin"
      override = true
    }

    items {
      header   = "Permissions-Policy"
      value    = local.permissions_policy
      override = true
    }
  }

  # https://docs.aws.amazon.com/AmazonCloudFront/latest/DeveloperGuide/cloudfront-limits.html
  lifecycle {
    precondition {
      condition     = length(local.content_security_policy) <= 1783
      error_message = "The Content-Security-Policy would have ${length(local.content_security_policy)} characters; CloudFront takes 1783 in the value of a header. Name fewer or shorter site.connect_origins."
    }
  }

  # What S3 says of itself: the key's ARN has the account's number.
  remove_headers_config {
    dynamic "items" {
      for_each = ["Server", "x-amz-server-side-encryption", "x-amz-server-side-encryption-aws-kms-key-id", "x-amz-server-side-encryption-bucket-key-enabled", "x-amz-version-id"]

      content {
        header = items.value
      }
    }
  }
}

#### Site ####

locals {
  content_types = {
    html        = "text/html; charset=utf-8"
    css         = "text/css; charset=utf-8"
    js          = "text/javascript; charset=utf-8"
    mjs         = "text/javascript; charset=utf-8"
    json        = "application/json"
    svg         = "image/svg+xml"
    png         = "image/png"
    ico         = "image/x-icon"
    webp        = "image/webp"
    webmanifest = "application/manifest+json"
    woff2       = "font/woff2"
    txt         = "text/plain; charset=utf-8"
  }

  # By name; what is generated has no path. A name that begins with a dot is of an
  # editor's, a tool's or git's: nothing for everybody, but for /.well-known (RFC 8615).
  files = var.site == null ? {} : merge(
    { for name in fileset(var.site.dir, "**/*.{${join(",", keys(local.content_types))}}") : name => "${var.site.dir}/${name}" if !can(regex("(^|/)\\.", trimprefix(name, ".well-known/"))) },
    { for name in keys(var.site.generated) : name => null },
  )
}

resource "aws_cloudfront_origin_access_control" "this" {
  count = var.site == null ? 0 : 1

  name                              = "${var.name}-site"
  description                       = "Signs what CloudFront asks the bucket of ${var.name} for."
  origin_access_control_origin_type = "s3"
  signing_behavior                  = "always"
  signing_protocol                  = "sigv4"
}

# Everything in it comes from Terraform, and can be had again.
resource "aws_s3_bucket" "site" {
  count    = var.site == null ? 0 : 1
  provider = aws.us_east_1

  bucket        = "${var.name}-site-${local.account_id}"
  force_destroy = true
  tags          = var.tags
}

resource "aws_s3_bucket_public_access_block" "site" {
  count    = var.site == null ? 0 : 1
  provider = aws.us_east_1

  bucket                  = aws_s3_bucket.site[0].id
  block_public_acls       = true
  block_public_policy     = true
  ignore_public_acls      = true
  restrict_public_buckets = true
}

resource "aws_s3_bucket_ownership_controls" "site" {
  count    = var.site == null ? 0 : 1
  provider = aws.us_east_1

  bucket = aws_s3_bucket.site[0].id

  rule {
    object_ownership = "BucketOwnerEnforced"
  }
}

resource "aws_s3_bucket_server_side_encryption_configuration" "site" {
  count    = var.site == null ? 0 : 1
  provider = aws.us_east_1

  bucket = aws_s3_bucket.site[0].id

  rule {
    bucket_key_enabled = true

    apply_server_side_encryption_by_default {
      sse_algorithm     = "aws:kms"
      kms_master_key_id = local.kms_key_arn
    }
  }
}

resource "aws_s3_bucket_versioning" "site" {
  count    = var.site == null ? 0 : 1
  provider = aws.us_east_1

  bucket = aws_s3_bucket.site[0].id

  versioning_configuration {
    status = "Enabled"
  }
}

resource "aws_s3_bucket_lifecycle_configuration" "site" {
  count    = var.site == null ? 0 : 1
  provider = aws.us_east_1

  bucket = aws_s3_bucket.site[0].id

  rule {
    id     = "former-versions"
    status = "Enabled"

    filter {}

    noncurrent_version_expiration {
      noncurrent_days = 30
    }

    abort_incomplete_multipart_upload {
      days_after_initiation = 1
    }
  }

  depends_on = [aws_s3_bucket_versioning.site]
}

data "aws_iam_policy_document" "site" {
  count = var.site == null ? 0 : 1

  statement {
    sid       = "TLSOnly"
    effect    = "Deny"
    actions   = ["s3:*"]
    resources = [aws_s3_bucket.site[0].arn, "${aws_s3_bucket.site[0].arn}/*"]

    principals {
      type        = "*"
      identifiers = ["*"]
    }

    condition {
      test     = "Bool"
      variable = "aws:SecureTransport"
      values   = ["false"]
    }
  }

  statement {
    sid       = "DistributionReads"
    actions   = ["s3:GetObject"]
    resources = ["${aws_s3_bucket.site[0].arn}/*"]

    principals {
      type        = "Service"
      identifiers = ["cloudfront.amazonaws.com"]
    }

    condition {
      test     = "StringEquals"
      variable = "AWS:SourceArn"
      values   = [aws_cloudfront_distribution.this.arn]
    }
  }

  # Without it S3 answers 403 for what is not there. Nobody gets the list: a
  # request for / is one for the root object.
  statement {
    sid       = "DistributionSeesWhatIsNotThere"
    actions   = ["s3:ListBucket"]
    resources = [aws_s3_bucket.site[0].arn]

    principals {
      type        = "Service"
      identifiers = ["cloudfront.amazonaws.com"]
    }

    condition {
      test     = "StringEquals"
      variable = "AWS:SourceArn"
      values   = [aws_cloudfront_distribution.this.arn]
    }
  }
}

resource "aws_s3_bucket_policy" "site" {
  count    = var.site == null ? 0 : 1
  provider = aws.us_east_1

  bucket = aws_s3_bucket.site[0].id
  policy = data.aws_iam_policy_document.site[0].json

  depends_on = [aws_s3_bucket_public_access_block.site]
}

# Every file has the same name in each release. So a browser asks each time whether
# it has changed, or it would run parts of two releases; and of a page it keeps
# nothing, since with the page it would keep the policy of another release.
resource "aws_s3_object" "site" {
  for_each = local.files
  provider = aws.us_east_1

  bucket        = aws_s3_bucket.site[0].id
  key           = each.key
  source        = each.value
  source_hash   = each.value == null ? null : filesha256(each.value)
  content       = each.value == null ? var.site.generated[each.key] : null
  content_type  = local.content_types[regex("[a-z0-9]+$", each.key)]
  cache_control = endswith(each.key, ".html") ? "no-store" : "no-cache"

  # An object takes ten tags, those of the provider among them.
  override_provider {
    default_tags {
      tags = {}
    }
  }

  depends_on = [
    aws_kms_key_policy.this,
    aws_s3_bucket_ownership_controls.site,
    aws_s3_bucket_server_side_encryption_configuration.site,
    aws_s3_bucket_versioning.site,
  ]
}

#### Who asked the bucket for what ####

# S3 writes to a bucket that has no KMS key only.
# https://docs.aws.amazon.com/AmazonS3/latest/userguide/enable-server-access-logging.html
resource "aws_s3_bucket" "logs" {
  count    = var.site == null ? 0 : 1
  provider = aws.us_east_1

  bucket        = "${var.name}-site-logs-${local.account_id}"
  force_destroy = true
  tags          = var.tags
}

resource "aws_s3_bucket_public_access_block" "logs" {
  count    = var.site == null ? 0 : 1
  provider = aws.us_east_1

  bucket                  = aws_s3_bucket.logs[0].id
  block_public_acls       = true
  block_public_policy     = true
  ignore_public_acls      = true
  restrict_public_buckets = true
}

resource "aws_s3_bucket_ownership_controls" "logs" {
  count    = var.site == null ? 0 : 1
  provider = aws.us_east_1

  bucket = aws_s3_bucket.logs[0].id

  rule {
    object_ownership = "BucketOwnerEnforced"
  }
}

resource "aws_s3_bucket_server_side_encryption_configuration" "logs" {
  count    = var.site == null ? 0 : 1
  provider = aws.us_east_1

  bucket = aws_s3_bucket.logs[0].id

  rule {
    apply_server_side_encryption_by_default {
      sse_algorithm = "AES256"
    }
  }
}

resource "aws_s3_bucket_versioning" "logs" {
  count    = var.site == null ? 0 : 1
  provider = aws.us_east_1

  bucket = aws_s3_bucket.logs[0].id

  versioning_configuration {
    status = "Enabled"
  }
}

resource "aws_s3_bucket_lifecycle_configuration" "logs" {
  count    = var.site == null ? 0 : 1
  provider = aws.us_east_1

  bucket = aws_s3_bucket.logs[0].id

  rule {
    id     = "retention"
    status = "Enabled"

    filter {}

    expiration {
      days = var.log_retention_days
    }

    noncurrent_version_expiration {
      noncurrent_days = 1
    }

    abort_incomplete_multipart_upload {
      days_after_initiation = 1
    }
  }

  depends_on = [aws_s3_bucket_versioning.logs]
}

data "aws_iam_policy_document" "logs" {
  count = var.site == null ? 0 : 1

  statement {
    sid       = "TLSOnly"
    effect    = "Deny"
    actions   = ["s3:*"]
    resources = [aws_s3_bucket.logs[0].arn, "${aws_s3_bucket.logs[0].arn}/*"]

    principals {
      type        = "*"
      identifiers = ["*"]
    }

    condition {
      test     = "Bool"
      variable = "aws:SecureTransport"
      values   = ["false"]
    }
  }

  statement {
    sid       = "LogsOfTheSite"
    actions   = ["s3:PutObject"]
    resources = ["${aws_s3_bucket.logs[0].arn}/*"]

    principals {
      type        = "Service"
      identifiers = ["logging.s3.amazonaws.com"]
    }

    condition {
      test     = "StringEquals"
      variable = "aws:SourceArn"
      values   = [aws_s3_bucket.site[0].arn]
    }

    condition {
      test     = "StringEquals"
      variable = "aws:SourceAccount"
      values   = [local.account_id]
    }
  }
}

resource "aws_s3_bucket_policy" "logs" {
  count    = var.site == null ? 0 : 1
  provider = aws.us_east_1

  bucket = aws_s3_bucket.logs[0].id
  policy = data.aws_iam_policy_document.logs[0].json

  depends_on = [aws_s3_bucket_public_access_block.logs]
}

resource "aws_s3_bucket_logging" "site" {
  count    = var.site == null ? 0 : 1
  provider = aws.us_east_1

  bucket        = aws_s3_bucket.site[0].id
  target_bucket = aws_s3_bucket.logs[0].id
  target_prefix = "site/"

  depends_on = [aws_s3_bucket_policy.logs]
}

#### Logs ####

locals {
  # WAF finds its group by the beginning of the name.
  # https://docs.aws.amazon.com/waf/latest/developerguide/logging-cw-logs.html
  log_group_names = {
    access  = "/aws/vendedlogs/cloudfront/${var.name}"
    web_acl = "aws-waf-logs-${var.name}"
  }
  sign_in_log_group_name = "aws-waf-logs-${var.name}-sign-in"

  # https://docs.aws.amazon.com/AmazonCloudFront/latest/DeveloperGuide/standard-logs-reference.html
  access_log_fields = var.access_log_fields != null ? var.access_log_fields : [
    "date", "time", "x-edge-location", "c-ip", "c-port", "c-country", "cs-method", "cs(Host)", "cs-uri-stem", "sc-status", "cs(User-Agent)", "sc-bytes", "cs-bytes", "time-taken",
    "x-edge-result-type", "x-edge-response-result-type", "x-edge-detailed-result-type", "x-edge-request-id", "x-host-header", "cs-protocol", "cs-protocol-version", "ssl-protocol", "ssl-cipher", "x-forwarded-for",
  ]

  # What is secret, or may be: a token, the origin secret, a code of the sign-in.
  redacted_headers = ["authorization", "cookie", "sec-websocket-protocol", "x-origin-verify"]

  logged_actions = ["BLOCK", "COUNT", "CAPTCHA", "CHALLENGE", "EXCLUDED_AS_COUNT"]
}

resource "aws_cloudwatch_log_group" "this" {
  for_each = local.log_group_names
  provider = aws.us_east_1

  name              = each.value
  kms_key_id        = local.kms_key_arn
  retention_in_days = var.log_retention_days
  tags              = var.tags

  depends_on = [aws_kms_key_policy.this]
}

resource "aws_cloudwatch_log_delivery_source" "access" {
  provider = aws.us_east_1

  name         = "${var.name}-access"
  log_type     = "ACCESS_LOGS"
  resource_arn = aws_cloudfront_distribution.this.arn
  tags         = var.tags
}

resource "aws_cloudwatch_log_delivery_destination" "access" {
  provider = aws.us_east_1

  name          = "${var.name}-access"
  output_format = "json"
  tags          = var.tags

  delivery_destination_configuration {
    destination_resource_arn = aws_cloudwatch_log_group.this["access"].arn
  }
}

resource "aws_cloudwatch_log_delivery" "access" {
  provider = aws.us_east_1

  delivery_source_name     = aws_cloudwatch_log_delivery_source.access.name
  delivery_destination_arn = aws_cloudwatch_log_delivery_destination.access.arn
  record_fields            = local.access_log_fields
  tags                     = var.tags
}

resource "aws_wafv2_web_acl_logging_configuration" "this" {
  provider = aws.us_east_1

  resource_arn            = aws_wafv2_web_acl.this.arn
  log_destination_configs = [aws_cloudwatch_log_group.this["web_acl"].arn]

  dynamic "redacted_fields" {
    for_each = local.redacted_headers

    content {
      single_header {
        name = redacted_fields.value
      }
    }
  }

  redacted_fields {
    query_string {}
  }

  dynamic "logging_filter" {
    for_each = var.log_allowed ? [] : [true]

    content {
      default_behavior = "DROP"

      filter {
        behavior    = "KEEP"
        requirement = "MEETS_ANY"

        dynamic "condition" {
          for_each = local.logged_actions

          content {
            action_condition {
              action = condition.value
            }
          }
        }
      }
    }
  }
}

#### Web ACL ####

locals {
  address_sets = { for key in flatten([for list in ["allow", "deny"] : [for version in ["ipv4", "ipv6"] : { list = list, version = version }]]) :
    "${key.list}-${key.version}" => { version = upper(key.version), addresses = var.addresses[key.list][key.version] } if var.addresses[key.list] != null
  }

  # In the order in which they are asked. Who is allowed passes by all others.
  address_rules = { for name, rule in {
    addresses-allowed = { list = "allow", priority = 0 }
    addresses-denied  = { list = "deny", priority = 1 }
  } : name => rule if var.addresses[rule.list] != null }

  groups = merge({ for key, group in {
    ip_reputation    = { name = "AWSManagedRulesAmazonIpReputationList", priority = 2000 }
    anonymous_ip     = { name = "AWSManagedRulesAnonymousIpList", priority = 2001 }
    known_bad_inputs = { name = "AWSManagedRulesKnownBadInputsRuleSet", priority = 2002 }
    common           = { name = "AWSManagedRulesCommonRuleSet", priority = 2003 }
    sql_injection    = { name = "AWSManagedRulesSQLiRuleSet", priority = 2004 }
    } : key => merge(group, var.managed_groups[key], { bots = null }) if var.managed_groups[key].enabled },
    { for bots in var.bot_control[*] : "bot_control" => {
      name      = "AWSManagedRulesBotControlRuleSet"
      priority  = 3000
      enabled   = true
      count     = false
      version   = null
      overrides = bots.overrides
      bots      = bots.level
  } })

  # CloudFront compares paths decoded and normalised, so the rules do as well: an
  # encoded letter must not be another path.
  # https://docs.aws.amazon.com/AmazonCloudFront/latest/DeveloperGuide/DownloadDistValuesCacheBehavior.html
  path_transformations = ["URL_DECODE", "NORMALIZE_PATH"]

  # What the rules take at most of the capacity of a web ACL: AWS counts a
  # transformation once where two rules make the same. What a group takes does not
  # change.
  # https://docs.aws.amazon.com/waf/latest/developerguide/aws-managed-rule-groups-list.html
  # https://docs.aws.amazon.com/waf/latest/developerguide/waf-rule-statements-list.html
  group_capacity = { ip_reputation = 25, anonymous_ip = 50, known_bad_inputs = 200, common = 700, sql_injection = 200, bot_control = 50 }
  transformed    = 10 * length(local.path_transformations)
  capacity = sum(concat(
    [for key, group in local.groups : local.group_capacity[key]],
    [for rule in local.address_rules : 2],
    var.countries == null ? [] : [1],
    var.limits.allow_oversized_headers ? [] : [1],
    [1, 1],                                   # sizes of path and query
    [2 + local.transformed + 1],              # size of a handshake's query
    [2],                                      # rate
    [2 + 2 * 30 + 2 * local.transformed + 2], # rate of handshakes: two keys and a scope
    flatten([for rule in values(var.custom_rules) : concat(
      [1, length(rule.when.ip_set_arns), length(rule.when.labels), length(rule.when.countries) == 0 ? 0 : 1],
      [for text in rule.when.text : (text.match == "REGEX" ? 3 : startswith(text.match, "CONTAINS") ? 10 : 2) + (text.lower ? 10 : 0)],
    )]),
  ))
}

resource "aws_wafv2_ip_set" "this" {
  for_each = local.address_sets
  provider = aws.us_east_1

  name               = "${var.name}-${each.key}"
  description        = "Addresses of a rule of the web ACL of ${var.name}."
  scope              = "CLOUDFRONT"
  ip_address_version = each.value.version
  addresses          = each.value.addresses
  tags               = var.tags
}

resource "aws_wafv2_web_acl" "this" {
  provider = aws.us_east_1

  name        = var.name
  description = "What the distribution of ${var.name} answers at all."
  scope       = "CLOUDFRONT"
  tags        = var.tags

  default_action {
    allow {}
  }

  visibility_config {
    cloudwatch_metrics_enabled = true
    metric_name                = var.name
    sampled_requests_enabled   = false
  }

  dynamic "rule" {
    for_each = local.address_rules

    content {
      name     = rule.key
      priority = rule.value.priority

      action {
        dynamic "allow" {
          for_each = rule.value.list == "allow" && !var.count_only ? [true] : []
          content {}
        }

        dynamic "block" {
          for_each = rule.value.list == "deny" && !var.count_only ? [true] : []
          content {}
        }

        dynamic "count" {
          for_each = var.count_only ? [true] : []
          content {}
        }
      }

      statement {
        or_statement {
          dynamic "statement" {
            for_each = ["ipv4", "ipv6"]

            content {
              ip_set_reference_statement {
                arn = aws_wafv2_ip_set.this["${rule.value.list}-${statement.value}"].arn
              }
            }
          }
        }
      }

      visibility_config {
        cloudwatch_metrics_enabled = true
        metric_name                = "${var.name}-${rule.key}"
        sampled_requests_enabled   = false
      }
    }
  }

  dynamic "rule" {
    for_each = var.countries == null ? [] : [var.countries]

    content {
      name     = "countries"
      priority = 2

      action {
        dynamic "block" {
          for_each = var.count_only ? [] : [true]
          content {}
        }

        dynamic "count" {
          for_each = var.count_only ? [true] : []
          content {}
        }
      }

      statement {
        dynamic "geo_match_statement" {
          for_each = rule.value.deny == null ? [] : [rule.value.deny]

          content {
            country_codes = geo_match_statement.value
          }
        }

        dynamic "not_statement" {
          for_each = rule.value.allow == null ? [] : [rule.value.allow]

          content {
            statement {
              geo_match_statement {
                country_codes = not_statement.value
              }
            }
          }
        }
      }

      visibility_config {
        cloudwatch_metrics_enabled = true
        metric_name                = "${var.name}-countries"
        sampled_requests_enabled   = false
      }
    }
  }

  # No single header of what WAF gets to see can be longer than all it sees: what
  # matches is a request of which it did not see everything.
  # https://docs.aws.amazon.com/waf/latest/developerguide/waf-oversize-request-components.html
  dynamic "rule" {
    for_each = var.limits.allow_oversized_headers ? [] : [true]

    content {
      name     = "oversized-headers"
      priority = 3

      action {
        dynamic "block" {
          for_each = var.count_only ? [] : [true]

          content {
            custom_response {
              response_code = 413
            }
          }
        }

        dynamic "count" {
          for_each = var.count_only ? [true] : []
          content {}
        }
      }

      statement {
        size_constraint_statement {
          comparison_operator = "GT"
          size                = 8192

          field_to_match {
            headers {
              match_scope       = "ALL"
              oversize_handling = "MATCH"

              match_pattern {
                all {}
              }
            }
          }

          text_transformation {
            priority = 0
            type     = "NONE"
          }
        }
      }

      visibility_config {
        cloudwatch_metrics_enabled = true
        metric_name                = "${var.name}-oversized-headers"
        sampled_requests_enabled   = false
      }
    }
  }

  dynamic "rule" {
    for_each = {
      path-size  = { priority = 4, limit = var.limits.path_bytes }
      query-size = { priority = 5, limit = var.limits.query_bytes }
    }

    content {
      name     = rule.key
      priority = rule.value.priority

      action {
        dynamic "block" {
          for_each = var.count_only ? [] : [true]

          content {
            custom_response {
              response_code = 414
            }
          }
        }

        dynamic "count" {
          for_each = var.count_only ? [true] : []
          content {}
        }
      }

      statement {
        size_constraint_statement {
          comparison_operator = "GT"
          size                = rule.value.limit

          field_to_match {
            dynamic "uri_path" {
              for_each = rule.key == "path-size" ? [true] : []
              content {}
            }

            dynamic "query_string" {
              for_each = rule.key == "query-size" ? [true] : []
              content {}
            }
          }

          text_transformation {
            priority = 0
            type     = "NONE"
          }
        }
      }

      visibility_config {
        cloudwatch_metrics_enabled = true
        metric_name                = "${var.name}-${rule.key}"
        sampled_requests_enabled   = false
      }
    }
  }

  rule {
    name     = "handshake-query-size"
    priority = 6

    action {
      dynamic "block" {
        for_each = var.count_only ? [] : [true]

        content {
          custom_response {
            response_code = 414
          }
        }
      }

      dynamic "count" {
        for_each = var.count_only ? [true] : []
        content {}
      }
    }

    statement {
      and_statement {
        statement {
          byte_match_statement {
            positional_constraint = "EXACTLY"
            search_string         = var.api.path

            field_to_match {
              uri_path {}
            }

            dynamic "text_transformation" {
              for_each = local.path_transformations

              content {
                priority = text_transformation.key
                type     = text_transformation.value
              }
            }
          }
        }

        statement {
          size_constraint_statement {
            comparison_operator = "GT"
            size                = var.limits.handshake_query_bytes

            field_to_match {
              query_string {}
            }

            text_transformation {
              priority = 0
              type     = "NONE"
            }
          }
        }
      }
    }

    visibility_config {
      cloudwatch_metrics_enabled = true
      metric_name                = "${var.name}-handshake-query-size"
      sampled_requests_enabled   = false
    }
  }

  rule {
    name     = "rate"
    priority = 7

    action {
      dynamic "block" {
        for_each = var.count_only ? [] : [true]

        content {
          custom_response {
            response_code = 429
          }
        }
      }

      dynamic "count" {
        for_each = var.count_only ? [true] : []
        content {}
      }
    }

    statement {
      rate_based_statement {
        aggregate_key_type    = "IP"
        limit                 = var.rate.requests
        evaluation_window_sec = var.rate.window_seconds
      }
    }

    visibility_config {
      cloudwatch_metrics_enabled = true
      metric_name                = "${var.name}-rate"
      sampled_requests_enabled   = false
    }
  }

  rule {
    name     = "rate-handshakes"
    priority = 8

    action {
      dynamic "block" {
        for_each = var.count_only ? [] : [true]

        content {
          custom_response {
            response_code = 429
          }
        }
      }

      dynamic "count" {
        for_each = var.count_only ? [true] : []
        content {}
      }
    }

    statement {
      rate_based_statement {
        aggregate_key_type    = "CUSTOM_KEYS"
        limit                 = var.rate.handshakes
        evaluation_window_sec = var.rate.window_seconds

        custom_key {
          ip {}
        }

        custom_key {
          uri_path {
            dynamic "text_transformation" {
              for_each = local.path_transformations

              content {
                priority = text_transformation.key
                type     = text_transformation.value
              }
            }
          }
        }

        scope_down_statement {
          byte_match_statement {
            positional_constraint = "EXACTLY"
            search_string         = var.api.path

            field_to_match {
              uri_path {}
            }

            dynamic "text_transformation" {
              for_each = local.path_transformations

              content {
                priority = text_transformation.key
                type     = text_transformation.value
              }
            }
          }
        }
      }
    }

    visibility_config {
      cloudwatch_metrics_enabled = true
      metric_name                = "${var.name}-rate-handshakes"
      sampled_requests_enabled   = false
    }
  }

  dynamic "rule" {
    for_each = var.custom_rules

    content {
      name     = rule.key
      priority = 1000 + rule.value.priority

      action {
        dynamic "allow" {
          for_each = rule.value.action == "allow" && !var.count_only ? [true] : []
          content {}
        }

        dynamic "block" {
          for_each = rule.value.action == "block" && !var.count_only ? [true] : []

          content {
            custom_response {
              response_code = rule.value.status
            }
          }
        }

        dynamic "count" {
          for_each = rule.value.action == "count" || var.count_only ? [true] : []
          content {}
        }
      }

      dynamic "rule_label" {
        for_each = rule.value.labels

        content {
          name = rule_label.value
        }
      }

      statement {
        and_statement {
          # AWS wants two statements at least: this one always holds.
          statement {
            size_constraint_statement {
              comparison_operator = "GE"
              size                = 0

              field_to_match {
                uri_path {}
              }

              text_transformation {
                priority = 0
                type     = "NONE"
              }
            }
          }

          dynamic "statement" {
            for_each = [for text in rule.value.when.text : text if text.match != "REGEX"]

            content {
              byte_match_statement {
                positional_constraint = statement.value.match
                search_string         = statement.value.lower ? lower(statement.value.value) : statement.value.value

                field_to_match {
                  dynamic "uri_path" {
                    for_each = statement.value.part == "path" ? [true] : []
                    content {}
                  }

                  dynamic "query_string" {
                    for_each = statement.value.part == "query" ? [true] : []
                    content {}
                  }

                  dynamic "method" {
                    for_each = statement.value.part == "method" ? [true] : []
                    content {}
                  }

                  dynamic "single_header" {
                    for_each = statement.value.part == "header" ? [lower(statement.value.header)] : []

                    content {
                      name = single_header.value
                    }
                  }
                }

                text_transformation {
                  priority = 0
                  type     = statement.value.lower ? "LOWERCASE" : "NONE"
                }
              }
            }
          }

          dynamic "statement" {
            for_each = [for text in rule.value.when.text : text if text.match == "REGEX"]

            content {
              regex_match_statement {
                regex_string = statement.value.value

                field_to_match {
                  dynamic "uri_path" {
                    for_each = statement.value.part == "path" ? [true] : []
                    content {}
                  }

                  dynamic "query_string" {
                    for_each = statement.value.part == "query" ? [true] : []
                    content {}
                  }

                  dynamic "method" {
                    for_each = statement.value.part == "method" ? [true] : []
                    content {}
                  }

                  dynamic "single_header" {
                    for_each = statement.value.part == "header" ? [lower(statement.value.header)] : []

                    content {
                      name = single_header.value
                    }
                  }
                }

                text_transformation {
                  priority = 0
                  type     = statement.value.lower ? "LOWERCASE" : "NONE"
                }
              }
            }
          }

          dynamic "statement" {
            for_each = length(rule.value.when.countries) == 0 ? [] : [rule.value.when.countries]

            content {
              geo_match_statement {
                country_codes = statement.value
              }
            }
          }

          dynamic "statement" {
            for_each = rule.value.when.ip_set_arns

            content {
              ip_set_reference_statement {
                arn = statement.value
              }
            }
          }

          dynamic "statement" {
            for_each = rule.value.when.labels

            content {
              label_match_statement {
                scope = "LABEL"
                key   = statement.value
              }
            }
          }
        }
      }

      visibility_config {
        cloudwatch_metrics_enabled = true
        metric_name                = "${var.name}-${rule.key}"
        sampled_requests_enabled   = false
      }
    }
  }

  dynamic "rule" {
    for_each = local.groups

    content {
      name     = rule.key
      priority = rule.value.priority

      override_action {
        dynamic "none" {
          for_each = rule.value.count || var.count_only ? [] : [true]
          content {}
        }

        dynamic "count" {
          for_each = rule.value.count || var.count_only ? [true] : []
          content {}
        }
      }

      statement {
        managed_rule_group_statement {
          vendor_name = "AWS"
          name        = rule.value.name
          version     = rule.value.version

          dynamic "managed_rule_group_configs" {
            for_each = rule.value.bots[*]

            content {
              aws_managed_rules_bot_control_rule_set {
                inspection_level        = managed_rule_group_configs.value
                enable_machine_learning = managed_rule_group_configs.value == "TARGETED"
              }
            }
          }

          dynamic "rule_action_override" {
            for_each = rule.value.overrides

            content {
              name = rule_action_override.key

              action_to_use {
                dynamic "allow" {
                  for_each = rule_action_override.value == "allow" ? [true] : []
                  content {}
                }

                dynamic "block" {
                  for_each = rule_action_override.value == "block" ? [true] : []
                  content {}
                }

                dynamic "captcha" {
                  for_each = rule_action_override.value == "captcha" ? [true] : []
                  content {}
                }

                dynamic "challenge" {
                  for_each = rule_action_override.value == "challenge" ? [true] : []
                  content {}
                }

                dynamic "count" {
                  for_each = rule_action_override.value == "count" ? [true] : []
                  content {}
                }
              }
            }
          }
        }
      }

      visibility_config {
        cloudwatch_metrics_enabled = true
        metric_name                = "${var.name}-${rule.key}"
        sampled_requests_enabled   = false
      }
    }
  }

  # Before anything is made: buckets and logs would be in another Region by the time
  # that CloudFront refused its web ACL.
  lifecycle {
    precondition {
      condition     = local.capacity <= 5000
      error_message = "The rules may take ${local.capacity} of the web ACL's capacity, which is 5000: give up some custom_rules, or conditions of theirs (CONTAINS and lower take 10 each)."
    }

    precondition {
      condition     = data.aws_service.us_east_1.region == "us-east-1"
      error_message = "The provider aws.us_east_1 is one for ${data.aws_service.us_east_1.region}. CloudFront takes its web ACL, certificate and logs from us-east-1 only: pass a provider of that Region."
    }
  }
}

#### Alarms ####

resource "aws_cloudwatch_metric_alarm" "server_errors" {
  count    = var.alarms == null ? 0 : 1
  provider = aws.us_east_1

  alarm_name        = "${var.name}-edge-server-errors"
  alarm_description = "${var.alarms.server_error_percent} of a hundred requests to the edge ${var.name} or more were answered with 5XX, for two of three times five minutes. The API or the site's bucket does not answer: look at sc-status and x-edge-detailed-result-type in the log ${local.log_group_names.access}, then at the API's alarms."

  # https://docs.aws.amazon.com/AmazonCloudFront/latest/DeveloperGuide/programming-cloudwatch-metrics.html
  namespace           = "AWS/CloudFront"
  metric_name         = "5xxErrorRate"
  dimensions          = { DistributionId = aws_cloudfront_distribution.this.id, Region = "Global" }
  statistic           = "Average"
  period              = 300
  evaluation_periods  = 3
  datapoints_to_alarm = 2
  threshold           = var.alarms.server_error_percent
  comparison_operator = "GreaterThanOrEqualToThreshold"
  treat_missing_data  = "notBreaching"

  alarm_actions = var.alarms.actions
  ok_actions    = var.alarms.actions
  tags          = var.tags
}

resource "aws_cloudwatch_metric_alarm" "blocked" {
  count    = var.alarms == null ? 0 : 1
  provider = aws.us_east_1

  alarm_name        = "${var.name}-edge-blocked"
  alarm_description = "The web ACL ${var.name} blocked ${var.alarms.blocked_requests} requests or more in five minutes: an attack, a client that tries again without end, or a rule that takes users for attackers. The log ${local.log_group_names.web_acl} says which rule (terminatingRuleId) and whom (clientIp)."

  # https://docs.aws.amazon.com/waf/latest/developerguide/waf-metrics.html
  namespace           = "AWS/WAFV2"
  metric_name         = "BlockedRequests"
  dimensions          = { WebACL = var.name, Rule = "ALL" }
  statistic           = "Sum"
  period              = 300
  evaluation_periods  = 1
  threshold           = var.alarms.blocked_requests
  comparison_operator = "GreaterThanOrEqualToThreshold"
  treat_missing_data  = "notBreaching"

  alarm_actions = var.alarms.actions
  ok_actions    = var.alarms.actions
  tags          = var.tags
}

#### Sign-in ####

# People and attackers reach a user pool by its own name, past the distribution.
resource "aws_wafv2_web_acl" "sign_in" {
  count = var.user_pool == null ? 0 : 1

  name        = "${var.name}-sign-in"
  description = "What the user pool of ${var.name} answers at all."
  scope       = "REGIONAL"
  tags        = var.tags

  default_action {
    allow {}
  }

  visibility_config {
    cloudwatch_metrics_enabled = true
    metric_name                = "${var.name}-sign-in"
    sampled_requests_enabled   = false
  }

  rule {
    name     = "rate"
    priority = 0

    action {
      dynamic "block" {
        for_each = var.count_only ? [] : [true]

        content {
          custom_response {
            response_code = 429
          }
        }
      }

      dynamic "count" {
        for_each = var.count_only ? [true] : []
        content {}
      }
    }

    statement {
      rate_based_statement {
        aggregate_key_type    = "IP"
        limit                 = var.sign_in_rate
        evaluation_window_sec = 300
      }
    }

    visibility_config {
      cloudwatch_metrics_enabled = true
      metric_name                = "${var.name}-sign-in-rate"
      sampled_requests_enabled   = false
    }
  }

  dynamic "rule" {
    for_each = {
      ip_reputation    = { name = "AWSManagedRulesAmazonIpReputationList", priority = 1 }
      known_bad_inputs = { name = "AWSManagedRulesKnownBadInputsRuleSet", priority = 2 }
    }

    content {
      name     = rule.key
      priority = rule.value.priority

      override_action {
        dynamic "none" {
          for_each = var.count_only ? [] : [true]
          content {}
        }

        dynamic "count" {
          for_each = var.count_only ? [true] : []
          content {}
        }
      }

      statement {
        managed_rule_group_statement {
          vendor_name = "AWS"
          name        = rule.value.name
        }
      }

      visibility_config {
        cloudwatch_metrics_enabled = true
        metric_name                = "${var.name}-sign-in-${rule.key}"
        sampled_requests_enabled   = false
      }
    }
  }

  lifecycle {
    postcondition {
      condition     = split(":", self.arn)[3] == split(":", var.user_pool.arn)[3]
      error_message = "The provider aws is one for ${split(":", self.arn)[3]}, and user_pool is in ${split(":", var.user_pool.arn)[3]}: a web ACL is of the user pool's Region."
    }
  }
}

resource "aws_wafv2_web_acl_association" "sign_in" {
  count = var.user_pool == null ? 0 : 1

  resource_arn = var.user_pool.arn
  web_acl_arn  = aws_wafv2_web_acl.sign_in[0].arn
}

resource "aws_cloudwatch_log_group" "sign_in" {
  count = var.user_pool == null ? 0 : 1

  name              = local.sign_in_log_group_name
  kms_key_id        = var.user_pool.kms_key_arn
  retention_in_days = var.log_retention_days
  tags              = var.tags
}

resource "aws_wafv2_web_acl_logging_configuration" "sign_in" {
  count = var.user_pool == null ? 0 : 1

  resource_arn            = aws_wafv2_web_acl.sign_in[0].arn
  log_destination_configs = [aws_cloudwatch_log_group.sign_in[0].arn]

  dynamic "redacted_fields" {
    for_each = local.redacted_headers

    content {
      single_header {
        name = redacted_fields.value
      }
    }
  }

  redacted_fields {
    query_string {}
  }

  dynamic "logging_filter" {
    for_each = var.log_allowed ? [] : [true]

    content {
      default_behavior = "DROP"

      filter {
        behavior    = "KEEP"
        requirement = "MEETS_ANY"

        dynamic "condition" {
          for_each = local.logged_actions

          content {
            action_condition {
              action = condition.value
            }
          }
        }
      }
    }
  }
}

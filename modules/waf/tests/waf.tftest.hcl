# The edge as it is without being asked for anything else, with a mocked AWS. Two
# runs, since each one plans a web ACL anew, which takes seconds, and the more so
# when it is applied.

mock_provider "aws" {
  mock_data "aws_iam_policy_document" {
    defaults = { json = "{}" }
  }

  mock_resource "aws_cloudfront_distribution" {
    defaults = {
      id             = "E1EXAMPLE"
      arn            = "arn:aws:cloudfront::111122223333:distribution/E1EXAMPLE"
      domain_name    = "d111111abcdef8.cloudfront.net"
      hosted_zone_id = "Z2FDTNDATAQYW2"
    }
  }

  mock_resource "aws_wafv2_web_acl" {
    defaults = { arn = "arn:aws:wafv2:eu-west-1:111122223333:regional/webacl/chat/1a2b" }
  }

  mock_resource "aws_cloudwatch_log_group" {
    defaults = { arn = "arn:aws:logs:eu-west-1:111122223333:log-group:aws-waf-logs-chat-sign-in" }
  }
}

mock_provider "aws" {
  alias = "us_east_1"

  mock_data "aws_service" {
    defaults = { region = "us-east-1" }
  }

  mock_resource "aws_kms_key" {
    defaults = {
      arn    = "arn:aws:kms:us-east-1:111122223333:key/1a2b3c4d-0000-4000-8000-000000000000"
      key_id = "1a2b3c4d-0000-4000-8000-000000000000"
    }
  }

  mock_resource "aws_wafv2_web_acl" {
    defaults = { arn = "arn:aws:wafv2:us-east-1:111122223333:global/webacl/chat/1a2b" }
  }

  mock_resource "aws_wafv2_ip_set" {
    defaults = { arn = "arn:aws:wafv2:us-east-1:111122223333:global/ipset/chat/1a2b" }
  }

  mock_resource "aws_cloudwatch_log_group" {
    defaults = { arn = "arn:aws:logs:us-east-1:111122223333:log-group:aws-waf-logs-chat" }
  }

  mock_resource "aws_cloudwatch_log_delivery_destination" {
    defaults = { arn = "arn:aws:logs:us-east-1:111122223333:delivery-destination:chat-access" }
  }

  mock_resource "aws_shield_protection" {
    defaults = { arn = "arn:aws:shield::111122223333:protection/1a2b" }
  }

  override_resource {
    target = aws_s3_bucket.site
    values = {
      id                          = "chat-site-111122223333"
      arn                         = "arn:aws:s3:::chat-site-111122223333"
      bucket_regional_domain_name = "chat-site-111122223333.s3.us-east-1.amazonaws.com"
    }
  }

  override_resource {
    target = aws_s3_bucket.logs
    values = {
      id  = "chat-site-logs-111122223333"
      arn = "arn:aws:s3:::chat-site-logs-111122223333"
    }
  }
}

variables {
  name           = "chat"
  api            = { endpoint = "wss://a1b2c3d4e5.execute-api.eu-west-1.amazonaws.com", path = "/live" }
  origin_secrets = ["0123456789abcdef0123456789abcdef-1", "0123456789abcdef0123456789abcdef-2"]
  site           = { dir = "tests/site", generated = { "config.json" = "{\"a\":1}" } }
}

run "hardened_without_being_asked" {
  command = plan

  assert {
    condition = alltrue([
      aws_cloudfront_distribution.this.enabled, aws_cloudfront_distribution.this.is_ipv6_enabled, aws_cloudfront_distribution.this.wait_for_deployment,
      aws_cloudfront_distribution.this.http_version == "http2and3", aws_cloudfront_distribution.this.price_class == "PriceClass_100", aws_cloudfront_distribution.this.default_root_object == "index.html",
    ])
    error_message = "The distribution is off, has no IPv6, HTTP/2 or 3, is everywhere, or has no root object."
  }

  assert {
    condition = one([for o in nonsensitive(aws_cloudfront_distribution.this.origin) : alltrue([
      o.domain_name == "a1b2c3d4e5.execute-api.eu-west-1.amazonaws.com", o.origin_path == "",
      o.custom_origin_config[0].origin_protocol_policy == "https-only", o.custom_origin_config[0].origin_ssl_protocols == toset(["TLSv1.2"]),
      o.custom_header == toset([{ name = "x-origin-verify", value = "0123456789abcdef0123456789abcdef-1" }]),
    ]) if o.origin_id == "api"])
    error_message = "The API is not reached by TLS 1.2 under its own name with the first secret."
  }

  assert {
    condition     = aws_cloudfront_origin_access_control.this[0].signing_behavior == "always" && aws_cloudfront_origin_access_control.this[0].signing_protocol == "sigv4" && aws_cloudfront_origin_access_control.this[0].origin_access_control_origin_type == "s3"
    error_message = "CloudFront does not sign every request to the bucket."
  }

  assert {
    condition = one([for b in aws_cloudfront_distribution.this.ordered_cache_behavior : alltrue([
      b.path_pattern == "/live", b.target_origin_id == "api", b.viewer_protocol_policy == "https-only", b.allowed_methods == toset(["GET", "HEAD"]), !b.compress,
      b.cache_policy_id == "4135ea2d-6df8-44a3-9df3-4b5a84be39ad", b.origin_request_policy_id == "b689b0a8-53d0-40ab-baf2-68738e2966ac",
    ])])
    error_message = "The API's path is cached, compressed, served without TLS, to other methods, or with the viewer's Host."
  }

  assert {
    condition     = [for e in aws_cloudfront_distribution.this.custom_error_response : "${e.error_code} ${e.response_code} ${e.response_page_path}"] == ["404 404 /404.html"]
    error_message = "The folder's 404.html is not the page for what is not found."
  }

  assert {
    condition     = aws_cloudfront_distribution.this.viewer_certificate[0].cloudfront_default_certificate && aws_cloudfront_distribution.this.restrictions[0].geo_restriction[0].restriction_type == "none"
    error_message = "Without a certificate and countries the distribution has its own, and serves all."
  }

  assert {
    condition     = length(aws_shield_protection.this) == 0 && length(aws_wafv2_web_acl.sign_in) == 0 && length(aws_wafv2_ip_set.this) == 0 && length(aws_cloudwatch_metric_alarm.server_errors) + length(aws_cloudwatch_metric_alarm.blocked) == 0 && output.sign_in_web_acl_arn == null && output.alarm_arns == {}
    error_message = "Something is there that nobody asked for."
  }

  assert {
    condition     = output.web_acl_capacity == 1307
    error_message = "The rules take another part of the web ACL's capacity, above 1500 at a price."
  }

  #### Pages ####

  assert {
    condition     = output.content_security_policy == "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; font-src 'self'; connect-src 'self'; manifest-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'; require-trusted-types-for 'script'; trusted-types 'none'; upgrade-insecure-requests"
    error_message = "The content security policy is another."
  }

  assert {
    condition = alltrue([for h in aws_cloudfront_response_headers_policy.this[0].security_headers_config : alltrue([
      h.content_security_policy[0].content_security_policy == output.content_security_policy, h.content_security_policy[0].override,
      h.strict_transport_security[0].access_control_max_age_sec == 63072000, h.strict_transport_security[0].include_subdomains, !h.strict_transport_security[0].preload, h.strict_transport_security[0].override,
      h.content_type_options[0].override, h.frame_options[0].frame_option == "DENY", h.frame_options[0].override, h.referrer_policy[0].referrer_policy == "no-referrer", h.referrer_policy[0].override,
      length(h.xss_protection) == 0,
    ])])
    error_message = "A security header is missing, weaker, or one of those that browsers no longer have."
  }

  assert {
    condition     = alltrue([for i in aws_cloudfront_response_headers_policy.this[0].custom_headers_config[0].items : i.override]) && { for i in aws_cloudfront_response_headers_policy.this[0].custom_headers_config[0].items : i.header => i.value if i.header != "Permissions-Policy" } == { "Cross-Origin-Opener-Policy" = "same-origin", "Cross-Origin-Resource-Policy" = "same-origin" }
    error_message = "Other sites may hold on to a window of the page, or embed its files."
  }

  assert {
    condition     = one([for i in aws_cloudfront_response_headers_policy.this[0].custom_headers_config[0].items : alltrue([for feature in split(", ", i.value) : endswith(feature, "=()")]) && length(setsubtract(["camera=()", "microphone=()", "geolocation=()", "usb=()", "payment=()"], split(", ", i.value))) == 0 if i.header == "Permissions-Policy"])
    error_message = "A feature of the browser is open."
  }

  assert {
    condition     = toset([for i in aws_cloudfront_response_headers_policy.this[0].remove_headers_config[0].items : i.header]) == toset(["Server", "x-amz-server-side-encryption", "x-amz-server-side-encryption-aws-kms-key-id", "x-amz-server-side-encryption-bucket-key-enabled", "x-amz-version-id"])
    error_message = "S3 tells everybody the ARN of the key."
  }

  #### Buckets ####

  assert {
    condition     = alltrue([for c in [aws_s3_bucket_ownership_controls.site[0], aws_s3_bucket_ownership_controls.logs[0]] : c.rule[0].object_ownership == "BucketOwnerEnforced"])
    error_message = "A bucket has access control lists."
  }

  assert {
    condition     = one([for r in aws_s3_bucket_server_side_encryption_configuration.logs[0].rule : r.apply_server_side_encryption_by_default[0].sse_algorithm == "AES256"])
    error_message = "The bucket of logs is encrypted in a way in which S3 writes no logs."
  }

  assert {
    condition     = alltrue([for v in [aws_s3_bucket_versioning.site[0], aws_s3_bucket_versioning.logs[0]] : v.versioning_configuration[0].status == "Enabled"])
    error_message = "A bucket keeps no former versions."
  }

  assert {
    condition     = one([for r in aws_s3_bucket_lifecycle_configuration.site[0].rule : r.status == "Enabled" && length(r.expiration) == 0 && r.noncurrent_version_expiration[0].noncurrent_days == 30 && r.abort_incomplete_multipart_upload[0].days_after_initiation == 1])
    error_message = "Former versions of the site stay for ever, or the site itself does not."
  }

  assert {
    condition     = one([for r in aws_s3_bucket_lifecycle_configuration.logs[0].rule : r.status == "Enabled" && r.expiration[0].days == 365 && r.noncurrent_version_expiration[0].noncurrent_days == 1 && r.abort_incomplete_multipart_upload[0].days_after_initiation == 1])
    error_message = "Logs of the bucket are not kept for a year, or for ever."
  }

  assert {
    condition = { for name, o in aws_s3_object.site : name => "${o.content_type} | ${o.cache_control}" } == {
      ".well-known/security.txt" = "text/plain; charset=utf-8 | no-cache"
      "404.html"                 = "text/html; charset=utf-8 | no-store"
      "config.json"              = "application/json | no-cache"
      "index.html"               = "text/html; charset=utf-8 | no-store"
      "modules/a.js"             = "text/javascript; charset=utf-8 | no-cache"
      "style.css"                = "text/css; charset=utf-8 | no-cache"
    }
    error_message = "Uploaded is what is no part of the site, or something with a wrong type."
  }

  assert {
    condition     = aws_s3_object.site["config.json"].content == "{\"a\":1}" && aws_s3_object.site["config.json"].source == null && aws_s3_object.site["style.css"].source == "tests/site/style.css" && aws_s3_object.site["style.css"].source_hash == filesha256("tests/site/style.css")
    error_message = "What is generated does not win over the folder, or a changed file is not uploaded again."
  }

  #### Key ####

  assert {
    condition     = data.aws_iam_policy_document.key[0].statement[*].sid == tolist(["AccountAdministers", "AccountUsesThroughS3", "DistributionReadsTheSite", "LogsOfThisEdge"])
    error_message = "The key's policy has a statement too many, or too few."
  }

  assert {
    condition     = length(setintersection(data.aws_iam_policy_document.key[0].statement[0].actions, ["kms:*", "kms:CreateGrant", "kms:Decrypt", "kms:Encrypt", "kms:GenerateDataKey", "kms:GenerateDataKey*", "kms:ReEncrypt*"])) == 0 && data.aws_iam_policy_document.key[0].statement[1].actions == toset(["kms:Decrypt", "kms:GenerateDataKey*"]) && data.aws_iam_policy_document.key[0].statement[2].actions == toset(["kms:Decrypt"])
    error_message = "Who administers the key can read with it, or somebody may do more with it than has to be."
  }

  #### Logs ####

  assert {
    condition     = length(setintersection([for field in aws_cloudwatch_log_delivery.access.record_fields : lower(field)], ["cs(cookie)", "cs-uri-query", "cs(referer)"])) == 0 && length(setsubtract(["date", "time", "c-ip", "cs-method", "cs-uri-stem", "sc-status", "x-edge-request-id"], aws_cloudwatch_log_delivery.access.record_fields)) == 0
    error_message = "The access log has what may be secret, or lacks who asked for what."
  }

  assert {
    condition     = toset(flatten([for f in aws_wafv2_web_acl_logging_configuration.this.redacted_fields : f.single_header[*].name])) == toset(["authorization", "cookie", "sec-websocket-protocol", "x-origin-verify"]) && length([for f in aws_wafv2_web_acl_logging_configuration.this.redacted_fields : f if length(f.query_string) == 1]) == 1
    error_message = "The web ACL's log has a token, a secret or a query."
  }

  # cloudposse/terraform-aws-waf issue 25: no filter, or all logged.
  assert {
    condition     = one([for f in aws_wafv2_web_acl_logging_configuration.this.logging_filter : f.default_behavior == "DROP" && one([for k in f.filter : k.behavior == "KEEP" && k.requirement == "MEETS_ANY" && toset([for c in k.condition : c.action_condition[0].action]) == toset(["BLOCK", "COUNT", "CAPTCHA", "CHALLENGE", "EXCLUDED_AS_COUNT"])])])
    error_message = "The web ACL's log has what was allowed, or lacks what was not."
  }

  #### Web ACL ####

  assert {
    condition = { for r in aws_wafv2_web_acl.this.rule : r.priority => r.name } == {
      3    = "oversized-headers", 4 = "path-size", 5 = "query-size", 6 = "handshake-query-size", 7 = "rate", 8 = "rate-handshakes",
      2000 = "ip_reputation", 2001 = "anonymous_ip", 2002 = "known_bad_inputs", 2003 = "common", 2004 = "sql_injection",
    }
    error_message = "A rule is missing, too many, or in another order."
  }

  assert {
    condition     = { for r in aws_wafv2_web_acl.this.rule : r.name => one([for b in r.action[0].block : b.custom_response[0].response_code]) if length(r.action) > 0 } == { oversized-headers = 413, path-size = 414, query-size = 414, handshake-query-size = 414, rate = 429, rate-handshakes = 429 }
    error_message = "A rule of the module does not block, or with another status."
  }

  assert {
    condition = { for r in aws_wafv2_web_acl.this.rule : r.name => one([for g in r.statement[0].managed_rule_group_statement : "${g.vendor_name} ${g.name} ${length(g.rule_action_override)}"]) if length(r.override_action) > 0 } == {
      ip_reputation = "AWS AWSManagedRulesAmazonIpReputationList 0", anonymous_ip = "AWS AWSManagedRulesAnonymousIpList 0", known_bad_inputs = "AWS AWSManagedRulesKnownBadInputsRuleSet 0",
      common        = "AWS AWSManagedRulesCommonRuleSet 0", sql_injection = "AWS AWSManagedRulesSQLiRuleSet 0",
    } && alltrue([for r in aws_wafv2_web_acl.this.rule : length(r.override_action[0].none) == 1 if length(r.override_action) > 0])
    error_message = "A group of AWS's is missing, weakened, or just counts."
  }

  assert {
    condition     = one([for r in aws_wafv2_web_acl.this.rule : one([for s in r.statement[0].size_constraint_statement : s.comparison_operator == "GT" && s.size == 8192 && s.field_to_match[0].headers[0].oversize_handling == "MATCH" && s.field_to_match[0].headers[0].match_scope == "ALL" && length(s.field_to_match[0].headers[0].match_pattern[0].all) == 1]) if r.name == "oversized-headers"])
    error_message = "Headers that AWS WAF does not see pass."
  }

  assert {
    condition     = alltrue([for r in aws_wafv2_web_acl.this.rule : one([for s in r.statement[0].size_constraint_statement : s.comparison_operator == "GT" && s.size == { path-size = 512, query-size = 2048 }[r.name] && length(r.name == "path-size" ? s.field_to_match[0].uri_path : s.field_to_match[0].query_string) == 1]) if contains(["path-size", "query-size"], r.name)])
    error_message = "A long path or query passes."
  }

  assert {
    condition = one([for r in aws_wafv2_web_acl.this.rule : length(r.statement[0].and_statement[0].statement) == 2
      && one(flatten([for s in r.statement[0].and_statement[0].statement : [for m in s.byte_match_statement : m.search_string == "/live" && m.positional_constraint == "EXACTLY" && length(m.field_to_match[0].uri_path) == 1 && { for t in m.text_transformation : t.priority => t.type } == { 0 = "URL_DECODE", 1 = "NORMALIZE_PATH" }]]))
      && one(flatten([for s in r.statement[0].and_statement[0].statement : [for m in s.size_constraint_statement : m.comparison_operator == "GT" && m.size == 128 && length(m.field_to_match[0].query_string) == 1]]))
    if r.name == "handshake-query-size"])
    error_message = "A handshake with a long query passes, or another spelling of its path does."
  }

  assert {
    condition     = one([for r in aws_wafv2_web_acl.this.rule : one([for s in r.statement[0].rate_based_statement : s.aggregate_key_type == "IP" && s.limit == 2000 && s.evaluation_window_sec == 300 && length(s.scope_down_statement) == 0]) if r.name == "rate"])
    error_message = "One address may ask for anything as often as it likes."
  }

  # cloudposse/terraform-aws-waf pull requests 87 and 90: what narrows a rate rule, and its
  # time. aws-samples/serverless-patterns has one rate rule for all paths.
  assert {
    condition = one([for r in aws_wafv2_web_acl.this.rule : one([for s in r.statement[0].rate_based_statement : alltrue([
      s.aggregate_key_type == "CUSTOM_KEYS", s.limit == 100, s.evaluation_window_sec == 300, length(s.custom_key) == 2, length(s.custom_key[0].ip) == 1,
      { for t in s.custom_key[1].uri_path[0].text_transformation : t.priority => t.type } == { 0 = "URL_DECODE", 1 = "NORMALIZE_PATH" },
      s.scope_down_statement[0].byte_match_statement[0].search_string == "/live", s.scope_down_statement[0].byte_match_statement[0].positional_constraint == "EXACTLY",
      { for t in s.scope_down_statement[0].byte_match_statement[0].text_transformation : t.priority => t.type } == { 0 = "URL_DECODE", 1 = "NORMALIZE_PATH" },
    ])]) if r.name == "rate-handshakes"])
    error_message = "One address may open connections as fast as it likes, or by another spelling of the path."
  }

  assert {
    condition     = alltrue([for v in concat(aws_wafv2_web_acl.this.visibility_config, flatten([for r in aws_wafv2_web_acl.this.rule : r.visibility_config])) : v.cloudwatch_metrics_enabled && !v.sampled_requests_enabled]) && output.metric_names["rate-handshakes"] == "chat-rate-handshakes" && length(output.metric_names) == length(distinct(values(output.metric_names)))
    error_message = "A rule has no metric of its own, or keeps samples of requests with their tokens."
  }
}

# ARNs and names that are known after an apply, of a web ACL with few rules.
run "what_belongs_together" {
  variables {
    anti_ddos = true
    alarms    = { actions = ["arn:aws:sns:us-east-1:111122223333:alarms"], server_error_percent = 2.5, blocked_requests = 50 }
    user_pool = { arn = "arn:aws:cognito-idp:eu-west-1:111122223333:userpool/eu-west-1_example01", kms_key_arn = "arn:aws:kms:eu-west-1:111122223333:key/1a2b3c4d-0000-4000-8000-000000000000" }
    limits    = { allow_oversized_headers = true }

    managed_groups = {
      common           = { enabled = false }
      known_bad_inputs = { enabled = false }
      sql_injection    = { enabled = false }
      ip_reputation    = { enabled = false }
      anonymous_ip     = { enabled = false }
    }
  }

  assert {
    condition     = aws_cloudfront_distribution.this.web_acl_id == aws_wafv2_web_acl.this.arn && aws_wafv2_web_acl.this.scope == "CLOUDFRONT" && length(aws_wafv2_web_acl.this.default_action[0].allow) == 1
    error_message = "The web ACL is not the distribution's."
  }

  assert {
    condition     = one([for o in nonsensitive(aws_cloudfront_distribution.this.origin) : o.domain_name == aws_s3_bucket.site[0].bucket_regional_domain_name && o.origin_access_control_id == aws_cloudfront_origin_access_control.this[0].id && length(o.custom_header) == 0 if o.origin_id == "site"])
    error_message = "The site does not come from the bucket by origin access control, or the bucket gets the secret."
  }

  assert {
    condition = alltrue([for b in aws_cloudfront_distribution.this.default_cache_behavior : alltrue([
      b.target_origin_id == "site", b.viewer_protocol_policy == "redirect-to-https", b.allowed_methods == toset(["GET", "HEAD"]), b.compress,
      b.cache_policy_id == "658327ea-f89d-4fab-a63d-7e88639e58f6", b.origin_request_policy_id == null, b.response_headers_policy_id == aws_cloudfront_response_headers_policy.this[0].id,
    ])])
    error_message = "The site is not what everything else is answered from, or has no security headers."
  }

  assert {
    condition     = output.site_url == "https://d111111abcdef8.cloudfront.net" && output.connect_url == "wss://d111111abcdef8.cloudfront.net/live"
    error_message = "Without a name of one's own the distribution's is used."
  }

  assert {
    condition = alltrue(flatten([for b in [aws_s3_bucket_public_access_block.site[0], aws_s3_bucket_public_access_block.logs[0]] :
      [b.block_public_acls, b.block_public_policy, b.ignore_public_acls, b.restrict_public_buckets]
    ])) && aws_s3_bucket_public_access_block.site[0].bucket == aws_s3_bucket.site[0].id && aws_s3_bucket_public_access_block.logs[0].bucket == aws_s3_bucket.logs[0].id
    error_message = "A bucket may be opened."
  }

  assert {
    condition     = one([for r in aws_s3_bucket_server_side_encryption_configuration.site[0].rule : r.bucket_key_enabled && r.apply_server_side_encryption_by_default[0].sse_algorithm == "aws:kms" && r.apply_server_side_encryption_by_default[0].kms_master_key_id == aws_kms_key.this[0].arn])
    error_message = "The site is not encrypted with the module's key."
  }

  assert {
    condition     = aws_s3_bucket_logging.site[0].bucket == aws_s3_bucket.site[0].id && aws_s3_bucket_logging.site[0].target_bucket == aws_s3_bucket.logs[0].id
    error_message = "Nobody knows who asked the bucket for what."
  }

  assert {
    condition     = aws_s3_bucket.site[0].force_destroy && aws_s3_bucket.logs[0].force_destroy && aws_s3_bucket.site[0].bucket == "chat-site-111122223333" && aws_s3_bucket.logs[0].bucket == "chat-site-logs-111122223333"
    error_message = "The buckets cannot be destroyed, or have no name of this account's."
  }

  assert {
    condition = alltrue([for document in [data.aws_iam_policy_document.site[0], data.aws_iam_policy_document.logs[0]] :
      document.statement[0].effect == "Deny" && document.statement[0].actions == toset(["s3:*"]) && length(document.statement[0].resources) == 2
      && document.statement[0].principals == toset([{ type = "*", identifiers = toset(["*"]) }]) && document.statement[0].condition == toset([{ test = "Bool", variable = "aws:SecureTransport", values = tolist(["false"]) }])
    ])
    error_message = "A bucket answers without TLS."
  }

  assert {
    condition = [for s in data.aws_iam_policy_document.site[0].statement : "${join(",", s.actions)} ${join(",", s.resources)}" if s.effect != "Deny"] == [
      "s3:GetObject arn:aws:s3:::chat-site-111122223333/*", "s3:ListBucket arn:aws:s3:::chat-site-111122223333",
      ] && alltrue([for s in data.aws_iam_policy_document.site[0].statement : s.principals == toset([{ type = "Service", identifiers = toset(["cloudfront.amazonaws.com"]) }])
    && s.condition == toset([{ test = "StringEquals", variable = "AWS:SourceArn", values = tolist([aws_cloudfront_distribution.this.arn]) }]) if s.effect != "Deny"])
    error_message = "Somebody else than this distribution reads the bucket, or it may do more."
  }

  assert {
    condition = one([for s in data.aws_iam_policy_document.logs[0].statement : s.actions == toset(["s3:PutObject"]) && s.resources == toset(["arn:aws:s3:::chat-site-logs-111122223333/*"])
      && s.principals == toset([{ type = "Service", identifiers = toset(["logging.s3.amazonaws.com"]) }])
      && s.condition == toset([
        { test = "StringEquals", variable = "aws:SourceArn", values = tolist(["arn:aws:s3:::chat-site-111122223333"]) },
        { test = "StringEquals", variable = "aws:SourceAccount", values = tolist(["111122223333"]) },
    ]) if s.effect != "Deny"])
    error_message = "Others than the site's bucket may write its logs."
  }

  assert {
    condition     = aws_s3_bucket_policy.site[0].policy == data.aws_iam_policy_document.site[0].json && aws_s3_bucket_policy.logs[0].policy == data.aws_iam_policy_document.logs[0].json
    error_message = "A bucket has another policy."
  }

  assert {
    condition     = aws_kms_key.this[0].enable_key_rotation && aws_kms_key.this[0].deletion_window_in_days == 30 && aws_kms_alias.this[0].name == "alias/chat-edge" && aws_kms_alias.this[0].target_key_id == aws_kms_key.this[0].key_id
    error_message = "The key is not rotated, soon gone, or without a name."
  }

  assert {
    condition     = aws_kms_key_policy.this[0].key_id == aws_kms_key.this[0].key_id && aws_kms_key_policy.this[0].policy == data.aws_iam_policy_document.key[0].json
    error_message = "The key has another policy."
  }

  assert {
    condition = [for s in data.aws_iam_policy_document.key[0].statement : one(s.principals)] == [
      { type = "AWS", identifiers = toset(["arn:aws:iam::111122223333:root"]) }, { type = "AWS", identifiers = toset(["arn:aws:iam::111122223333:root"]) },
      { type = "Service", identifiers = toset(["cloudfront.amazonaws.com"]) }, { type = "Service", identifiers = toset(["logs.us-east-1.amazonaws.com"]) },
    ]
    error_message = "Somebody else may use the key."
  }

  assert {
    condition = length(data.aws_iam_policy_document.key[0].statement[0].condition) == 0 && [for s in slice(data.aws_iam_policy_document.key[0].statement, 1, 4) : s.condition] == [
      toset([{ test = "StringEquals", variable = "kms:ViaService", values = tolist(["s3.us-east-1.amazonaws.com"]) }]),
      toset([{ test = "StringEquals", variable = "AWS:SourceArn", values = tolist([aws_cloudfront_distribution.this.arn]) }]),
      toset([{ test = "ArnEquals", variable = "kms:EncryptionContext:aws:logs:arn", values = tolist(["arn:aws:logs:us-east-1:111122223333:log-group:/aws/vendedlogs/cloudfront/chat", "arn:aws:logs:us-east-1:111122223333:log-group:aws-waf-logs-chat"]) }]),
    ]
    error_message = "The key serves more than this edge."
  }

  # umotif-public/terraform-aws-waf-webaclv2 issue 137: AWS WAF writes to groups of this
  # prefix only. aws-samples/serverless-patterns keeps no logs of either.
  assert {
    condition     = { for key, g in aws_cloudwatch_log_group.this : key => "${g.name} ${g.retention_in_days} ${g.kms_key_id == aws_kms_key.this[0].arn}" } == { access = "/aws/vendedlogs/cloudfront/chat 365 true", web_acl = "aws-waf-logs-chat 365 true" }
    error_message = "A log is not kept for a year, or not encrypted with the module's key."
  }

  assert {
    condition     = aws_cloudwatch_log_delivery_source.access.log_type == "ACCESS_LOGS" && aws_cloudwatch_log_delivery_source.access.resource_arn == aws_cloudfront_distribution.this.arn && aws_cloudwatch_log_delivery.access.delivery_source_name == "chat-access" && aws_cloudwatch_log_delivery.access.delivery_destination_arn == aws_cloudwatch_log_delivery_destination.access.arn && aws_cloudwatch_log_delivery_destination.access.output_format == "json"
    error_message = "The distribution has no access log."
  }

  assert {
    condition     = aws_wafv2_web_acl_logging_configuration.this.resource_arn == aws_wafv2_web_acl.this.arn && aws_wafv2_web_acl_logging_configuration.this.log_destination_configs == toset([aws_cloudwatch_log_group.this["web_acl"].arn])
    error_message = "The web ACL has no log."
  }

  assert {
    condition     = aws_shield_protection.this[0].resource_arn == aws_cloudfront_distribution.this.arn && aws_shield_application_layer_automatic_response.this[0].action == "BLOCK"
    error_message = "Shield Advanced does not stop floods."
  }

  assert {
    condition = alltrue([for a in [aws_cloudwatch_metric_alarm.server_errors[0], aws_cloudwatch_metric_alarm.blocked[0]] : a.alarm_actions == toset(var.alarms.actions) && a.ok_actions == toset(var.alarms.actions) && a.period == 300 && a.comparison_operator == "GreaterThanOrEqualToThreshold" && a.treat_missing_data == "notBreaching"]) && alltrue([
      aws_cloudwatch_metric_alarm.server_errors[0].namespace == "AWS/CloudFront", aws_cloudwatch_metric_alarm.server_errors[0].metric_name == "5xxErrorRate", aws_cloudwatch_metric_alarm.server_errors[0].dimensions == tomap({ DistributionId = aws_cloudfront_distribution.this.id, Region = "Global" }),
      aws_cloudwatch_metric_alarm.server_errors[0].statistic == "Average", aws_cloudwatch_metric_alarm.server_errors[0].threshold == 2.5, aws_cloudwatch_metric_alarm.server_errors[0].evaluation_periods == 3, aws_cloudwatch_metric_alarm.server_errors[0].datapoints_to_alarm == 2,
      aws_cloudwatch_metric_alarm.blocked[0].namespace == "AWS/WAFV2", aws_cloudwatch_metric_alarm.blocked[0].metric_name == "BlockedRequests", aws_cloudwatch_metric_alarm.blocked[0].dimensions == tomap({ WebACL = aws_wafv2_web_acl.this.visibility_config[0].metric_name, Rule = "ALL" }),
      aws_cloudwatch_metric_alarm.blocked[0].statistic == "Sum", aws_cloudwatch_metric_alarm.blocked[0].threshold == 50, aws_cloudwatch_metric_alarm.blocked[0].evaluation_periods == 1,
      keys(output.alarm_arns) == ["blocked", "server_errors"],
    ])
    error_message = "Nobody is told of errors, or of what is blocked, or by another measure."
  }

  assert {
    condition     = aws_wafv2_web_acl.sign_in[0].scope == "REGIONAL" && aws_wafv2_web_acl_association.sign_in[0].resource_arn == var.user_pool.arn && aws_wafv2_web_acl_association.sign_in[0].web_acl_arn == aws_wafv2_web_acl.sign_in[0].arn && output.sign_in_web_acl_arn == aws_wafv2_web_acl.sign_in[0].arn
    error_message = "The user pool has no web ACL."
  }

  assert {
    condition     = aws_cloudwatch_log_group.sign_in[0].name == "aws-waf-logs-chat-sign-in" && aws_cloudwatch_log_group.sign_in[0].kms_key_id == var.user_pool.kms_key_arn && aws_cloudwatch_log_group.sign_in[0].retention_in_days == 365 && aws_wafv2_web_acl_logging_configuration.sign_in[0].resource_arn == aws_wafv2_web_acl.sign_in[0].arn && aws_wafv2_web_acl_logging_configuration.sign_in[0].log_destination_configs == toset([aws_cloudwatch_log_group.sign_in[0].arn]) && toset(flatten([for f in aws_wafv2_web_acl_logging_configuration.sign_in[0].redacted_fields : f.single_header[*].name])) == toset(["authorization", "cookie", "sec-websocket-protocol", "x-origin-verify"]) && length([for f in aws_wafv2_web_acl_logging_configuration.sign_in[0].redacted_fields : f if length(f.query_string) == 1]) == 1
    error_message = "The user pool's web ACL has no log, or one with tokens."
  }
}

# What is made when it is asked for.

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

run "everything_that_can_be_asked_for" {
  command = plan

  variables {
    aliases           = ["chat.example.com", "talk.example.com"]
    certificate       = { arn = "arn:aws:acm:us-east-1:111122223333:certificate/1a2b3c4d-0000-4000-8000-000000000000" }
    price_class       = "PriceClass_All"
    geo_restriction   = { deny = ["KP"] }
    access_log_fields = ["date", "sc-status"]
    hsts              = { days = 365, include_subdomains = false }

    site = {
      dir             = "tests/site"
      error_pages     = { "403" = "/404.html" }
      connect_origins = ["https://id.example.com", "https://id.example.com", "https://keys.example.com:8443"]
    }

    rate               = { requests = 500, handshakes = 20, window_seconds = 60 }
    limits             = { path_bytes = 64, query_bytes = 128, handshake_query_bytes = 69, allow_oversized_headers = true }
    addresses          = { allow = { ipv4 = ["192.0.2.0/24"] }, deny = { ipv6 = ["2001:db8::/32"] } }
    countries          = { allow = ["DE", "FR"] }
    bot_control        = { level = "TARGETED", overrides = { CategoryHttpLibrary = "count" } }
    anti_ddos          = true
    log_allowed        = true
    log_retention_days = 731
    kms_key            = { arn = "arn:aws:kms:us-east-1:111122223333:key/9f8e7d6c-0000-4000-8000-000000000000" }
    user_pool          = { arn = "arn:aws:cognito-idp:eu-west-1:111122223333:userpool/eu-west-1_example01", kms_key_arn = "arn:aws:kms:eu-west-1:111122223333:key/1a2b3c4d-0000-4000-8000-000000000000" }
    sign_in_rate       = 50
    alarms             = { actions = ["arn:aws:sns:us-east-1:111122223333:alarms"], server_error_percent = 2.5, blocked_requests = 50 }

    managed_groups = {
      common        = { version = "Version_1.10", overrides = { SizeRestrictions_QUERYSTRING = "count", NoUserAgent_HEADER = "allow", GenericLFI_URIPATH = "challenge" } }
      sql_injection = { count = true }
      anonymous_ip  = { enabled = false }
    }

    custom_rules = {
      no-wordpress = { priority = 10, status = 404, labels = ["probe"], when = { text = [{ part = "path", match = "STARTS_WITH", value = "/WP-", lower = true }, { part = "header", header = "User-Agent", match = "REGEX", value = "^curl" }] } }
      partner      = { priority = 5, action = "allow", when = { ip_set_arns = ["arn:aws:wafv2:us-east-1:111122223333:global/ipset/partner/1"], countries = ["CH"], labels = ["awswaf:clientip:geo:region:CH-ZH"], text = [{ part = "query", match = "CONTAINS", value = "room=partner" }, { part = "method", value = "GET" }] } }
      watched      = { priority = 20, action = "count", when = { countries = ["KP"] } }
    }
  }

  assert {
    condition     = aws_cloudfront_distribution.this.aliases == toset(["chat.example.com", "talk.example.com"]) && aws_cloudfront_distribution.this.price_class == "PriceClass_All" && output.site_url == "https://chat.example.com" && output.connect_url == "wss://chat.example.com/live"
    error_message = "The aliases are not the distribution's, or the first is not the URL."
  }

  assert {
    condition     = one([for c in aws_cloudfront_distribution.this.viewer_certificate : c.acm_certificate_arn == var.certificate.arn && c.minimum_protocol_version == "TLSv1.2_2021" && c.ssl_support_method == "sni-only" && !c.cloudfront_default_certificate])
    error_message = "The certificate is not used, or with less than TLS 1.2."
  }

  assert {
    condition     = one([for g in aws_cloudfront_distribution.this.restrictions[0].geo_restriction : g.restriction_type == "blacklist" && g.locations == toset(["KP"])])
    error_message = "CloudFront does not refuse the country."
  }

  assert {
    condition     = [for e in aws_cloudfront_distribution.this.custom_error_response : "${e.error_code} ${e.response_code} ${e.response_page_path}"] == ["403 403 /404.html"]
    error_message = "The pages for errors are others, or change the status."
  }

  assert {
    condition     = strcontains(output.content_security_policy, "; connect-src 'self' wss://chat.example.com https://id.example.com https://keys.example.com:8443; ") && endswith(output.content_security_policy, "; upgrade-insecure-requests")
    error_message = "The page may talk to others than the chat and the issuer, or not to them."
  }

  assert {
    condition     = one([for h in aws_cloudfront_response_headers_policy.this[0].security_headers_config[0].strict_transport_security : h.access_control_max_age_sec == 31536000 && !h.include_subdomains && !h.preload])
    error_message = "hsts is not what was asked for."
  }

  assert {
    condition     = length(aws_kms_key.this) == 0 && length(aws_kms_key_policy.this) == 0 && length(aws_kms_alias.this) == 0 && output.kms_key_arn == var.kms_key.arn && alltrue([for g in aws_cloudwatch_log_group.this : g.kms_key_id == var.kms_key.arn && g.retention_in_days == 731]) && one(aws_s3_bucket_server_side_encryption_configuration.site[0].rule).apply_server_side_encryption_by_default[0].kms_master_key_id == var.kms_key.arn
    error_message = "The key that is given is not used for everything."
  }

  assert {
    condition     = aws_cloudwatch_log_delivery.access.record_fields == tolist(["date", "sc-status"]) && length(aws_wafv2_web_acl_logging_configuration.this.logging_filter) == 0 && one(aws_s3_bucket_lifecycle_configuration.logs[0].rule).expiration[0].days == 731
    error_message = "What is logged, and for how long, is not what was asked for."
  }

  assert {
    condition = { for r in aws_wafv2_web_acl.this.rule : r.priority => r.name } == {
      0    = "addresses-allowed", 1 = "addresses-denied", 2 = "countries", 4 = "path-size", 5 = "query-size", 6 = "handshake-query-size", 7 = "rate", 8 = "rate-handshakes",
      1005 = "partner", 1010 = "no-wordpress", 1020 = "watched", 2000 = "ip_reputation", 2002 = "known_bad_inputs", 2003 = "common", 2004 = "sql_injection", 3000 = "bot_control",
    }
    error_message = "A rule is missing, too many, or in another order."
  }

  assert {
    condition     = output.web_acl_capacity == 1345
    error_message = "What the rules take of the web ACL's capacity is counted wrongly."
  }

  assert {
    condition     = { for key, s in aws_wafv2_ip_set.this : key => "${s.scope} ${s.ip_address_version} ${join(",", s.addresses)}" } == { allow-ipv4 = "CLOUDFRONT IPV4 192.0.2.0/24", allow-ipv6 = "CLOUDFRONT IPV6 ", deny-ipv4 = "CLOUDFRONT IPV4 ", deny-ipv6 = "CLOUDFRONT IPV6 2001:db8::/32" }
    error_message = "The addresses are in other sets."
  }

  assert {
    condition     = { for r in aws_wafv2_web_acl.this.rule : r.name => "${length(r.action[0].allow)} ${length(r.action[0].block)} ${length(r.statement[0].or_statement[0].statement)}" if startswith(r.name, "addresses-") } == { addresses-allowed = "1 0 2", addresses-denied = "0 1 2" }
    error_message = "Addresses are not allowed and denied by both of their sets."
  }

  assert {
    condition     = one([for r in aws_wafv2_web_acl.this.rule : length(r.action[0].block) == 1 && r.statement[0].not_statement[0].statement[0].geo_match_statement[0].country_codes == tolist(["DE", "FR"]) if r.name == "countries"])
    error_message = "Others than those of the countries get in."
  }

  assert {
    condition     = { for r in aws_wafv2_web_acl.this.rule : r.name => one([for s in r.statement[0].rate_based_statement : "${s.limit} ${s.evaluation_window_sec}"]) if startswith(r.name, "rate") } == { rate = "500 60", rate-handshakes = "20 60" }
    error_message = "The rates are others."
  }

  assert {
    condition     = { for r in aws_wafv2_web_acl.this.rule : r.name => one(concat(r.statement[0].size_constraint_statement[*].size, flatten([for a in r.statement[0].and_statement : [for s in a.statement : s.size_constraint_statement[*].size]]))) if endswith(r.name, "-size") } == { path-size = 64, query-size = 128, handshake-query-size = 69 }
    error_message = "The limits are others."
  }

  assert {
    condition     = one([for r in aws_wafv2_web_acl.this.rule : r.statement[0].managed_rule_group_statement[0].version == "Version_1.10" && { for o in r.statement[0].managed_rule_group_statement[0].rule_action_override : o.name => "${length(o.action_to_use[0].allow)}${length(o.action_to_use[0].block)}${length(o.action_to_use[0].captcha)}${length(o.action_to_use[0].challenge)}${length(o.action_to_use[0].count)}" } == { SizeRestrictions_QUERYSTRING = "00001", NoUserAgent_HEADER = "10000", GenericLFI_URIPATH = "00010" } if r.name == "common"])
    error_message = "Single rules of a group do not what they were asked to."
  }

  assert {
    condition     = { for r in aws_wafv2_web_acl.this.rule : r.name => length(r.override_action[0].count) if length(r.override_action) > 0 } == { ip_reputation = 0, known_bad_inputs = 0, common = 0, sql_injection = 1, bot_control = 0 }
    error_message = "Other groups count than the one that was asked to."
  }

  # As umotif-public/terraform-aws-waf-webaclv2 pull request 144 added for others: a
  # managed group that has settings of its own.
  assert {
    condition     = one([for r in aws_wafv2_web_acl.this.rule : one([for g in r.statement[0].managed_rule_group_statement : g.name == "AWSManagedRulesBotControlRuleSet" && g.managed_rule_group_configs[0].aws_managed_rules_bot_control_rule_set[0].inspection_level == "TARGETED" && g.managed_rule_group_configs[0].aws_managed_rules_bot_control_rule_set[0].enable_machine_learning && length(g.rule_action_override) == 1]) if r.name == "bot_control"])
    error_message = "Bot control is not what was asked for."
  }

  assert {
    condition = one([for r in aws_wafv2_web_acl.this.rule : alltrue([
      r.action[0].block[0].custom_response[0].response_code == 404, r.rule_label == toset([{ name = "probe" }]), length(r.statement[0].and_statement[0].statement) == 3,
      one(flatten([for s in r.statement[0].and_statement[0].statement : [for m in s.byte_match_statement : m.search_string == "/wp-" && m.positional_constraint == "STARTS_WITH" && length(m.field_to_match[0].uri_path) == 1 && one(m.text_transformation).type == "LOWERCASE"]])),
      one(flatten([for s in r.statement[0].and_statement[0].statement : [for m in s.regex_match_statement : m.regex_string == "^curl" && m.field_to_match[0].single_header[0].name == "user-agent" && one(m.text_transformation).type == "NONE"]])),
    ]) if r.name == "no-wordpress"])
    error_message = "A rule of one's own is another."
  }

  assert {
    condition = one([for r in aws_wafv2_web_acl.this.rule : alltrue([
      length(r.action[0].allow) == 1, length(r.rule_label) == 0, length(r.statement[0].and_statement[0].statement) == 6,
      one(flatten([for s in r.statement[0].and_statement[0].statement : s.geo_match_statement[*].country_codes])) == "CH",
      one(flatten([for s in r.statement[0].and_statement[0].statement : s.ip_set_reference_statement[*].arn])) == "arn:aws:wafv2:us-east-1:111122223333:global/ipset/partner/1",
      one(flatten([for s in r.statement[0].and_statement[0].statement : s.label_match_statement[*].key])) == "awswaf:clientip:geo:region:CH-ZH",
      one(flatten([for s in r.statement[0].and_statement[0].statement : [for m in s.byte_match_statement : m.search_string if length(m.field_to_match[0].query_string) == 1]])) == "room=partner",
      one(flatten([for s in r.statement[0].and_statement[0].statement : [for m in s.byte_match_statement : m.search_string if length(m.field_to_match[0].method) == 1]])) == "GET",
    ]) if r.name == "partner"])
    error_message = "A rule of one's own does not ask for everything."
  }

  assert {
    condition     = one([for r in aws_wafv2_web_acl.this.rule : length(r.action[0].count) if r.name == "watched"]) == 1
    error_message = "A rule that shall count does more."
  }

  assert {
    condition     = length(aws_wafv2_web_acl.sign_in[0].rule) == 3 && one([for r in aws_wafv2_web_acl.sign_in[0].rule : r.action[0].block[0].custom_response[0].response_code == 429 && r.statement[0].rate_based_statement[0].limit == 50 && r.statement[0].rate_based_statement[0].evaluation_window_sec == 300 && r.statement[0].rate_based_statement[0].aggregate_key_type == "IP" if r.name == "rate"]) && toset(flatten([for r in aws_wafv2_web_acl.sign_in[0].rule : r.statement[0].managed_rule_group_statement[*].name if length(r.override_action) > 0 && length(r.override_action[*].none) == 1])) == toset(["AWSManagedRulesAmazonIpReputationList", "AWSManagedRulesKnownBadInputsRuleSet"])
    error_message = "The user pool's web ACL does not stop what it should."
  }

  assert {
    condition     = alltrue([for v in flatten([for acl in [aws_wafv2_web_acl.this, aws_wafv2_web_acl.sign_in[0]] : concat(acl.visibility_config, flatten([for r in acl.rule : r.visibility_config]))]) : v.cloudwatch_metrics_enabled && !v.sampled_requests_enabled]) && length(output.metric_names) == 16 && length(distinct(values(output.metric_names))) == 16
    error_message = "A rule has no metric of its own, or keeps samples of requests with their tokens."
  }
}

# Two in one, since each plans a web ACL, which takes longer than all else.
run "an_api_without_a_site_and_a_web_acl_that_only_counts" {
  command = plan

  variables {
    site            = null
    api             = { endpoint = "ws://127.0.0.1:4511/_aws/execute-api/a1b2c3d4e5", path = "/live" }
    site_url        = "http://127.0.0.1:4512"
    geo_restriction = { allow = ["DE"] }

    count_only   = true
    anti_ddos    = true
    countries    = { deny = ["KP"] }
    user_pool    = { arn = "arn:aws:cognito-idp:eu-west-1:111122223333:userpool/eu-west-1_example01", kms_key_arn = "arn:aws:kms:eu-west-1:111122223333:key/1a2b3c4d-0000-4000-8000-000000000000" }
    custom_rules = { probe = { priority = 1, when = { countries = ["KP"] } } }
  }

  assert {
    condition     = alltrue([for r in flatten([for acl in [aws_wafv2_web_acl.this, aws_wafv2_web_acl.sign_in[0]] : [for r in acl.rule : r]]) : length(r.action) > 0 ? length(r.action[0].count) == 1 && length(r.action[0].block) == 0 : length(r.override_action[0].count) == 1 && length(r.override_action[0].none) == 0]) && aws_shield_application_layer_automatic_response.this[0].action == "COUNT"
    error_message = "A rule blocks where all shall count."
  }

  assert {
    condition     = one([for r in aws_wafv2_web_acl.this.rule : r.statement[0].geo_match_statement[0].country_codes == tolist(["KP"]) if r.name == "countries"])
    error_message = "The countries that shall be refused are others."
  }

  assert {
    condition     = length(aws_s3_bucket.site) + length(aws_s3_bucket.logs) + length(aws_s3_object.site) + length(aws_cloudfront_response_headers_policy.this) + length(aws_cloudfront_origin_access_control.this) == 0 && output.bucket == null && output.content_security_policy == null
    error_message = "Without a site there is something of one."
  }

  assert {
    condition = alltrue([for b in aws_cloudfront_distribution.this.default_cache_behavior : alltrue([
      b.target_origin_id == "api", b.viewer_protocol_policy == "https-only", b.cache_policy_id == "4135ea2d-6df8-44a3-9df3-4b5a84be39ad", b.origin_request_policy_id == "b689b0a8-53d0-40ab-baf2-68738e2966ac", !b.compress,
    ])])
    error_message = "Without a site everything must go to the API, uncached."
  }

  assert {
    condition     = one([for o in nonsensitive(aws_cloudfront_distribution.this.origin) : o.domain_name == "127.0.0.1" && o.origin_path == "/_aws/execute-api/a1b2c3d4e5" && o.custom_origin_config[0].origin_protocol_policy == "https-only"])
    error_message = "An endpoint with a path must be an origin with that path."
  }

  assert {
    condition     = output.site_url == "http://127.0.0.1:4512" && output.connect_url == "ws://127.0.0.1:4512/live" && one([for g in aws_cloudfront_distribution.this.restrictions[0].geo_restriction : g.restriction_type == "whitelist" && g.locations == toset(["DE"])])
    error_message = "The URL that was given is not used, or others than the countries' are served."
  }
}

run "a_page_on_a_loopback_address_is_not_upgraded" {
  command = plan

  plan_options {
    target = [aws_cloudfront_response_headers_policy.this]
  }

  variables {
    site_url = "http://127.0.0.1:4512"
    hsts     = { preload = true }
  }

  assert {
    condition     = one([for h in aws_cloudfront_response_headers_policy.this[0].security_headers_config[0].content_security_policy : strcontains(h.content_security_policy, "; connect-src 'self' ws://127.0.0.1:4512; ") && endswith(h.content_security_policy, "; trusted-types 'none'")])
    error_message = "A browser would ask for https, which a loopback address has not."
  }

  assert {
    condition     = one([for h in aws_cloudfront_response_headers_policy.this[0].security_headers_config[0].strict_transport_security : h.access_control_max_age_sec == 63072000 && h.include_subdomains && h.preload])
    error_message = "A browser may not put the name on its list."
  }
}

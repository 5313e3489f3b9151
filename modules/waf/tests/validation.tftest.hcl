# What is refused before anything is asked of AWS: one bad value of each variable.
# The others are in inputs.hcl, since a run for each of them would take minutes.

mock_provider "aws" {
  mock_resource "aws_wafv2_web_acl" {
    defaults = { arn = "arn:aws:wafv2:eu-west-1:111122223333:regional/webacl/chat/1a2b" }
  }
}

mock_provider "aws" {
  alias = "us_east_1"

  mock_data "aws_service" {
    defaults = { region = "us-east-1" }
  }

  mock_resource "aws_wafv2_web_acl" {
    defaults = { arn = "arn:aws:wafv2:us-east-1:111122223333:global/webacl/chat/1a2b" }
  }
}

variables {
  name           = "chat"
  api            = { endpoint = "wss://a1b2c3d4e5.execute-api.eu-west-1.amazonaws.com", path = "/live" }
  origin_secrets = ["0123456789abcdef0123456789abcdef-1"]
}

run "one_of_each_is_refused" {
  command = plan

  variables {
    # a name that is none
    name = "Chat"

    # no secret
    origin_secrets = []

    # a site that is not there
    site = { dir = "tests/none" }

    # a site url with a slash
    site_url = "https://chat.example.com/"

    # hsts of a month
    hsts = { days = 30 }

    # a wildcard alias
    aliases     = ["*.example.com"]
    certificate = { arn = "arn:aws:acm:us-east-1:111122223333:certificate/1a2b3c4d-0000-4000-8000-000000000000" }

    # tls of before
    minimum_tls = "TLSv1.2_2019"

    # a price class that is none
    price_class = "PriceClass_300"

    # countries allowed and denied by cloudfront
    geo_restriction = { allow = ["DE"], deny = ["FR"] }

    # a log of queries
    access_log_fields = ["date", "cs-uri-query"]

    # a rate below what waf counts
    rate = { handshakes = 9 }

    # a path of no length
    limits = { path_bytes = 1 }

    # an address without a range
    addresses = { deny = { ipv4 = ["192.0.2.1"] } }

    # countries allowed and denied
    countries = { allow = ["DE"], deny = ["FR"] }

    # an override that is no action
    managed_groups = { common = { overrides = { NoUserAgent_HEADER = "off" } } }

    # a level of bot control that is none
    bot_control = { level = "HIGH" }

    # a rule with the name of another
    custom_rules = { rate = { priority = 1, when = { countries = ["FR"] } } }

    # alarms of another region
    alarms = { actions = ["arn:aws:sns:eu-west-1:111122223333:alarms"] }

    # a user pool by its id
    user_pool = { arn = "eu-west-1_example01", kms_key_arn = "arn:aws:kms:eu-west-1:111122223333:key/1a2b3c4d-0000-4000-8000-000000000000" }

    # a tag of AWS's own
    tags = { "aws:team" = "chat" }

    # a rate of sign in below what waf counts
    sign_in_rate = 5

    # a key of another region
    kms_key = { arn = "arn:aws:kms:eu-west-1:111122223333:key/1a2b3c4d-0000-4000-8000-000000000000" }

    # a key that is gone at once
    kms_deletion_window_days = 1

    # logs of nine days
    log_retention_days = 9
  }

  expect_failures = [
    var.name,
    var.origin_secrets,
    var.site,
    var.site_url,
    var.hsts,
    var.aliases,
    var.minimum_tls,
    var.price_class,
    var.geo_restriction,
    var.access_log_fields,
    var.rate,
    var.limits,
    var.addresses,
    var.countries,
    var.managed_groups,
    var.bot_control,
    var.custom_rules,
    var.alarms,
    var.user_pool,
    var.tags,
    var.sign_in_rate,
    var.kms_key,
    var.kms_deletion_window_days,
    var.log_retention_days,
  ]
}

# Apart from the others, since some of them are compared with these.
run "what_others_are_compared_with_is_refused" {
  command = plan

  variables {
    # an endpoint in clear
    api = { endpoint = "ws://example.com", path = "/live" }

    # a certificate of another region
    aliases     = ["chat.example.com"]
    certificate = { arn = "arn:aws:acm:eu-west-1:111122223333:certificate/1a2b3c4d-0000-4000-8000-000000000000" }
  }

  expect_failures = [var.api, var.certificate]
}

# A provider for another Region would make buckets and logs there first.
run "a_provider_of_another_region_is_refused" {
  command = plan

  plan_options {
    target = [aws_wafv2_web_acl.this]
  }

  override_data {
    target = data.aws_service.us_east_1
    values = { region = "eu-west-1" }
  }

  variables {
    kms_key = { arn = "arn:aws:kms:us-east-1:111122223333:key/1a2b3c4d-0000-4000-8000-000000000000" }
  }

  expect_failures = [aws_wafv2_web_acl.this]
}

# 1307 of the module's own, 74 for each of these but the last, and 68 for that: 5001.
run "more_rules_than_a_web_acl_takes_are_refused" {
  command = plan

  plan_options {
    target = [aws_wafv2_web_acl.this]
  }

  variables {
    kms_key = { arn = "arn:aws:kms:us-east-1:111122223333:key/1a2b3c4d-0000-4000-8000-000000000000" }

    custom_rules = merge(
      { for n in range(49) : "probe-${n}" => { priority = n, when = { countries = ["FR"], labels = ["a", "b"], text = [for m in range(7) : { part = "path", match = "CONTAINS", value = "x${m}" }] } } },
      { last = { priority = 900, when = { text = concat([for m in range(3) : { part = "path", match = "CONTAINS_WORD", value = "y", lower = true }], [{ part = "path", match = "REGEX", value = "z" }, { part = "path", match = "STARTS_WITH", value = "z" }, { part = "path", value = "z" }]) } } },
    )
  }

  expect_failures = [aws_wafv2_web_acl.this]
}

# 281 characters, 32 for each of 46 origins, and 31 for the last: 1784.
run "a_policy_too_long_for_a_header_is_refused" {
  command = plan

  plan_options {
    target = [aws_cloudfront_response_headers_policy.this]
  }

  variables {
    site = { dir = "tests/site", connect_origins = [for n in range(9, 56) : "https://signs-in-${n}.example.com"] }
  }

  expect_failures = [aws_cloudfront_response_headers_policy.this]
}

run "a_user_pool_of_another_region_is_refused" {
  plan_options {
    target = [aws_wafv2_web_acl.sign_in]
  }

  variables {
    user_pool = { arn = "arn:aws:cognito-idp:eu-north-1:111122223333:userpool/eu-north-1_example01", kms_key_arn = "arn:aws:kms:eu-north-1:111122223333:key/1a2b3c4d-0000-4000-8000-000000000000" }
  }

  expect_failures = [aws_wafv2_web_acl.sign_in]
}

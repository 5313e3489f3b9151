# What is refused before anything is asked of AWS. Each run has one bad value for
# each of many variables, since a run of its own for each value would take minutes.

mock_provider "aws" {}

mock_provider "aws" {
  alias = "us_east_1"

  mock_resource "aws_wafv2_web_acl" {
    defaults = { arn = "arn:aws:wafv2:us-east-1:111122223333:global/webacl/chat/1a2b" }
  }
}

variables {
  name           = "chat"
  api            = { endpoint = "wss://a1b2c3d4e5.execute-api.eu-west-1.amazonaws.com", path = "/live" }
  origin_secrets = ["0123456789abcdef0123456789abcdef-1"]
}

run "the_first_of_each_is_refused" {
  command = plan

  variables {
    # a name that is none
    name = "Chat"

    # an endpoint in clear
    api = { endpoint = "ws://example.com", path = "/live" }

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
    custom_rules = { rate = { priority = 1, when = { countries = ["XX"] } } }

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
    var.api,
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
    var.sign_in_rate,
    var.kms_key,
    var.kms_deletion_window_days,
    var.log_retention_days,
  ]
}

run "the_second_of_each_is_refused" {
  command = plan

  variables {
    # a path of two parts
    api = { endpoint = "wss://a.example.com", path = "/live/ws" }

    # three secrets
    origin_secrets = ["0123456789abcdef0123456789abcdef-1", "0123456789abcdef0123456789abcdef-2", "0123456789abcdef0123456789abcdef-3"]

    # a generated file of another kind
    site = { dir = "tests/site", generated = { "a.exe" = "x" } }

    # a site url in clear
    site_url = "http://chat.example.com"

    # an alias without a certificate
    aliases = ["chat.example.com"]

    # a country by its name for cloudfront
    geo_restriction = { allow = ["Germany"] }

    # a window of ten seconds
    rate = { window_seconds = 10 }

    # a query too short for a room
    limits = { handshake_query_bytes = 68 }

    # an ipv6 range among ipv4
    addresses = { deny = { ipv4 = ["2001:db8::/32"] } }

    # no country
    countries = { allow = [] }

    # an override of bot control that is no action
    bot_control = { overrides = { CategoryHttpLibrary = "off" } }

    # two rules of one priority
    custom_rules = { a = { priority = 1, when = { countries = ["XX"] } }, b = { priority = 1, when = { countries = ["XX"] } } }
  }

  expect_failures = [
    var.api,
    var.origin_secrets,
    var.site,
    var.site_url,
    var.aliases,
    var.geo_restriction,
    var.rate,
    var.limits,
    var.addresses,
    var.countries,
    var.bot_control,
    var.custom_rules,
  ]
}

run "the_third_of_each_is_refused" {
  command = plan

  variables {
    # a short secret
    origin_secrets = ["0123456789abcdef0123456789abcde"]

    # a page for a status without pages
    site = { dir = "tests/site", error_pages = { "401" = "/404.html" } }

    # a certificate without an alias
    certificate = { arn = "arn:aws:acm:us-east-1:111122223333:certificate/1a2b3c4d-0000-4000-8000-000000000000" }

    # an ipv4 range among ipv6
    addresses = { deny = { ipv6 = ["192.0.2.0/24"] } }

    # a rule with a status that waf has not
    custom_rules = { a = { priority = 1, status = 431, when = { countries = ["XX"] } } }
  }

  expect_failures = [
    var.origin_secrets,
    var.site,
    var.aliases,
    var.addresses,
    var.custom_rules,
  ]
}

run "the_fourth_of_each_is_refused" {
  command = plan

  variables {
    # a secret with a space
    origin_secrets = ["0123456789abcdef 0123456789abcdef"]

    # an error page without a slash
    site = { dir = "tests/site", error_pages = { "404" = "404.html" } }

    # everybody allowed
    addresses = { allow = { ipv4 = ["0.0.0.0/0"] } }

    # a rule for everybody
    custom_rules = { a = { priority = 1, when = {} } }

    # a certificate of another region
    aliases     = ["chat.example.com"]
    certificate = { arn = "arn:aws:acm:eu-west-1:111122223333:certificate/1a2b3c4d-0000-4000-8000-000000000000" }
  }

  expect_failures = [
    var.origin_secrets,
    var.site,
    var.addresses,
    var.custom_rules,
    var.certificate,
  ]
}

run "the_fifth_of_each_is_refused" {
  command = plan

  variables {
    # a page that talks to everybody
    site = { dir = "tests/site", connect_origins = ["https://*"] }

    # a rule for a header without a name
    custom_rules = { a = { priority = 1, when = { text = [{ part = "header", value = "x" }] } } }
  }

  expect_failures = [
    var.site,
    var.custom_rules,
  ]
}

run "the_sixth_of_each_is_refused" {
  command = plan

  variables {
    # a page that talks in clear
    site = { dir = "tests/site", connect_origins = ["http://id.example.com"] }
  }

  expect_failures = [
    var.site,
  ]
}

run "the_seventh_of_each_is_refused" {
  command = plan

  variables {
    # an error page that is not there
    site = { dir = "tests/site", error_pages = { "403" = "/403.html" } }
  }

  expect_failures = [
    var.site,
  ]
}

run "the_eighth_of_each_is_refused" {
  command = plan

  variables {
    # an index that is not uploaded
    site = { dir = "tests/site", index = "README.md" }
  }

  expect_failures = [
    var.site,
  ]
}

# A provider for another Region would make a key there first.
run "a_provider_of_another_region_is_refused" {
  override_resource {
    target = aws_kms_key.this
    values = {
      arn    = "arn:aws:kms:eu-west-1:111122223333:key/1a2b3c4d-0000-4000-8000-000000000000"
      key_id = "1a2b3c4d-0000-4000-8000-000000000000"
    }
  }

  expect_failures = [aws_kms_key.this]
}

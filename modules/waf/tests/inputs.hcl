# What a caller may give and what is refused; see test/inputs.

given = {
  name           = "chat"
  api            = { endpoint = "wss://a1b2c3d4e5.execute-api.eu-west-1.amazonaws.com", path = "/live" }
  origin_secrets = ["0123456789abcdef0123456789abcdef-1"]
}

refuse "name" {
  values = {
    "capitals"         = "Chat"
    "one letter"       = "c"
    "a hyphen last"    = "chat-"
    "41 letters"       = "a23456789012345678901234567890123456789-1"
    "punycode"         = "xn--chat"
    "what S3 keeps"    = "sthree-chat"
    "a demo's"         = "amzn-s3-demo-chat"
    "a line feed last" = "chat\n"
  }
}

accept "name" {
  values = {
    "40 letters" = "a234567890123456789012345678901234567890"
    "two"        = "ab"
  }
}

refuse "tags" {
  values = {
    "AWS's prefix"          = { "aws:team" = "chat" }
    "its prefix in capital" = { "AWS:team" = "chat" }
    "an empty key"          = { "" = "chat" }
    "a long key"            = { (format("%0129d", 0)) = "chat" }
    "a long value"          = { team = format("%0257d", 0) }
    "a sign"                = { team = "chat!" }
    "null"                  = { team = null }
    "51"                    = { for n in range(51) : "tag${n}" => "x" }
  }
}

accept "tags" {
  values = {
    "letters of everybody" = { "équipe : 1/2" = "Köln=a+b@c.d_e-f" }
    "an empty value"       = { team = "" }
    "the longest"          = { (format("%0128d", 0)) = format("%0256d", 0) }
    "50"                   = { for n in range(50) : "tag${n}" => "x" }
  }
}

#### The API behind it ####

refuse "api" {
  values = {
    "an endpoint in clear"       = { endpoint = "ws://example.com", path = "/live" }
    "an endpoint with a query"   = { endpoint = "wss://example.com?a=b", path = "/live" }
    "an endpoint with a port"    = { endpoint = "wss://example.com:443", path = "/live" }
    "a port above all"           = { endpoint = "ws://127.0.0.1:65536", path = "/live" }
    "a port of none"             = { endpoint = "ws://localhost:0", path = "/live" }
    "an address of none"         = { endpoint = "ws://127.0.0.256", path = "/live" }
    "an endpoint with two dots"  = { endpoint = "wss://example..com", path = "/live" }
    "an endpoint without dots"   = { endpoint = "wss://example", path = "/live" }
    "an endpoint with a user"    = { endpoint = "wss://me@example.com", path = "/live" }
    "an endpoint that goes up"   = { endpoint = "wss://example.com/../live", path = "/live" }
    "an endpoint of two slashes" = { endpoint = "wss://example.com//", path = "/live" }
    "no endpoint"                = { endpoint = null, path = "/live" }
    "no path"                    = { endpoint = "wss://example.com", path = null }
    "a path of a slash"          = { endpoint = "wss://example.com", path = "/" }
    "a path without a slash"     = { endpoint = "wss://example.com", path = "live" }
    "a path with a slash last"   = { endpoint = "wss://example.com", path = "/live/" }
    "a path that goes up"        = { endpoint = "wss://example.com", path = "/live/.." }
    "a path of everything"       = { endpoint = "wss://example.com", path = "/*" }
    "a path with a code"         = { endpoint = "wss://example.com", path = "/a%2fb" }
    "a path too long for WAF"    = { endpoint = "wss://example.com", path = format("/%0200d", 0) }
  }
}

accept "api" {
  values = {
    "a stage"                    = { endpoint = "wss://a1b2c3d4e5.execute-api.eu-west-1.amazonaws.com", path = "/live_1-a" }
    "a mapping key with a dot"   = { endpoint = "wss://ws.example.com", path = "/v1.0" }
    "a mapping key of two parts" = { endpoint = "wss://ws.example.com", path = "/chat/v1" }
    "the longest path"           = { endpoint = "wss://ws.example.com", path = format("/%0199d", 0) }
    "a loopback address"         = { endpoint = "ws://127.0.0.1:4511/_aws/execute-api/a1b2c3d4e5", path = "/live" }
    "the highest port"           = { endpoint = "ws://127.255.0.99:65535", path = "/live" }
    "a slash last"               = { endpoint = "wss://ws.example.com/", path = "/live" }
  }
}

refuse "origin_secrets" {
  values = {
    "none"             = []
    "three"            = ["0123456789abcdef0123456789abcdef-1", "0123456789abcdef0123456789abcdef-2", "0123456789abcdef0123456789abcdef-3"]
    "a short one"      = ["0123456789abcdef0123456789abcde"]
    "a long one"       = [join("", [for n in range(26) : "0123456789"])]
    "one with a space" = ["0123456789abcdef 0123456789abcdef"]
    "one letter"       = ["aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa"]
    "few letters"      = ["abcdefgabcdefgabcdefgabcdefgabcdefg"]
    "two that are one" = ["0123456789abcdef0123456789abcdef-1", "0123456789abcdef0123456789abcdef-1"]
    "null"             = [null]
  }
}

accept "origin_secrets" {
  values = {
    "two" = ["0123456789abcdef0123456789abcdef-1", "0123456789abcdef0123456789abcdef-2"]
  }
}

#### The site ####

refuse "site" {
  values = {
    "no folder"                   = { dir = "module/tests/none" }
    "null as a folder"            = { dir = null }
    "no name for a folder"        = { dir = "" }
    "an index that is not there"  = { dir = "module/tests/site", index = "start.html" }
    "an index that is no page"    = { dir = "module/tests/site", index = "style.css" }
    "an index that is not sent"   = { dir = "module/tests/site", index = "README.md" }
    "an index that is a folder"   = { dir = "module/tests/site", index = "" }
    "an index with a slash"       = { dir = "module/tests/site", index = "/index.html" }
    "an index above"              = { dir = "module/tests/site/modules", index = "../index.html" }
    "a program"                   = { dir = "module/tests/site", generated = { "a.exe" = "x" } }
    "a file with a slash"         = { dir = "module/tests/site", generated = { "/config.json" = "{}" } }
    "a file above"                = { dir = "module/tests/site", generated = { "a/../../config.json" = "{}" } }
    "a file with a dot"           = { dir = "module/tests/site", generated = { ".env.json" = "{}" } }
    "a file without text"         = { dir = "module/tests/site", generated = { "config.json" = null } }
    "a status without a page"     = { dir = "module/tests/site", error_pages = { "401" = "/404.html" } }
    "an error page without slash" = { dir = "module/tests/site", error_pages = { "404" = "404.html" } }
    "an error page not there"     = { dir = "module/tests/site", error_pages = { "404" = "/none.html" } }
    "an error page of null"       = { dir = "module/tests/site", error_pages = { "404" = null } }
    "everybody"                   = { dir = "module/tests/site", connect_origins = ["https://*"] }
    "an origin in clear"          = { dir = "module/tests/site", connect_origins = ["http://id.example.com"] }
    "an origin with a path"       = { dir = "module/tests/site", connect_origins = ["https://id.example.com/"] }
    "an origin's port above all"  = { dir = "module/tests/site", connect_origins = ["https://id.example.com:65536"] }
    "an origin's port of six"     = { dir = "module/tests/site", connect_origins = ["http://localhost:100000"] }
    "an origin of two dots"       = { dir = "module/tests/site", connect_origins = ["https://id..example.com"] }
    "another policy"              = { dir = "module/tests/site", connect_origins = ["https://id.example.com; script-src *"] }
    "an origin of null"           = { dir = "module/tests/site", connect_origins = [null] }
  }
}

refuse "site" {
  with = { api = { endpoint = "wss://ws.example.com", path = "/style.css" } }

  values = {
    "a file at the API's path"           = { dir = "module/tests/site" }
    "a generated file at the API's path" = { dir = "module/tests/site", generated = { "style.css" = "a {}" } }
  }
}

accept "site" {
  values = {
    "a folder"                 = { dir = "module/tests/site" }
    "an index that is made"    = { dir = "module/tests/site", index = "start.html", generated = { "start.html" = "<p>" } }
    "an error page"            = { dir = "module/tests/site", error_pages = { "403" = "/404.html", "500" = "/sorry/500.html" }, generated = { "sorry/500.html" = "<p>" } }
    "a file of a known folder" = { dir = "module/tests/site", generated = { ".well-known/security.txt" = "Contact: x" } }
    "origins"                  = { dir = "module/tests/site", connect_origins = ["https://id.example.com:65535", "wss://ws.example.com", "http://127.0.0.1:4510", "https://xn--bcher-kva.example"] }
  }
}

refuse "site_url" {
  values = {
    "a slash last" = "https://chat.example.com/"
    "in clear"     = "http://chat.example.com"
    "two dots"     = "https://chat..example.com"
    "capitals"     = "https://Chat.example.com"
    "empty"        = ""
    "a port of 0"  = "https://chat.example.com:0"
    "a high port"  = "https://chat.example.com:65540"
  }
}

accept "site_url" {
  values = {
    "a host"             = "https://chat.example.com"
    "a loopback address" = "http://127.0.0.1:4512"
  }
}

refuse "hsts" {
  values = {
    "a month"               = { days = 30 }
    "half a day"            = { days = 365.5 }
    "eleven years"          = { days = 4015 }
    "a list without others" = { preload = true, include_subdomains = false }
  }
}

accept "hsts" {
  values = {
    "the list"       = { preload = true, days = 365 }
    "this name only" = { include_subdomains = false }
    "null"           = null
  }
}

#### The distribution ####

refuse "aliases" {
  with = { certificate = { arn = "arn:aws:acm:us-east-1:111122223333:certificate/1a2b3c4d-0000-4000-8000-000000000000" } }

  values = {
    "none"                      = []
    "a wildcard"                = ["*.example.com"]
    "capitals"                  = ["Chat.example.com"]
    "a dot last"                = ["chat.example.com."]
    "an address"                = ["192.0.2.1"]
    "one label"                 = ["chat"]
    "a name twice"              = ["chat.example.com", "chat.example.com"]
    "a name of 254 characters"  = ["${join(".", [for n in range(4) : format("%060d", 0)])}.example.xy"]
    "a label of 64"             = ["${format("%064d", 0)}.example.com"]
    "letters beyond a-z"        = ["bücher.example"]
    "a URL"                     = ["https://chat.example.com"]
    "null"                      = [null]
    "a hyphen last in punycode" = ["chat.xn--p1ai-"]
  }
}

refuse "aliases" {
  values = {
    "no certificate" = ["chat.example.com"]
  }
}

accept "aliases" {
  with = { certificate = { arn = "arn:aws:acm:us-east-1:111122223333:certificate/1a2b3c4d-0000-4000-8000-000000000000" } }

  values = {
    "punycode"              = ["xn--bcher-kva.example", "chat.xn--p1ai", "xn--80ak6aa92e.xn--p1ai"]
    "as it is"              = ["chat.example.com", "example.com", "1.example.com"]
    "a name of 253 letters" = ["${join(".", [for n in range(4) : format("%060d", 0)])}.exampl.xy"]
  }
}

refuse "certificate" {
  with = { aliases = ["chat.example.com"] }

  values = {
    "of another Region" = { arn = "arn:aws:acm:eu-west-1:111122223333:certificate/1a2b3c4d-0000-4000-8000-000000000000" }
    "of IAM"            = { arn = "arn:aws:iam::111122223333:server-certificate/chat" }
    "null"              = { arn = null }
  }
}

refuse "minimum_tls" {
  values = {
    "of before" = "TLSv1.2_2019"
    "none"      = ""
  }
}

accept "minimum_tls" {
  values = {
    "newer"  = "TLSv1.2_2025"
    "newest" = "TLSv1.3_2025"
  }
}

refuse "price_class" {
  values = {
    "none" = "PriceClass_300"
  }
}

refuse "geo_restriction" {
  values = {
    "both"              = { allow = ["DE"], deny = ["FR"] }
    "neither"           = {}
    "no country"        = { allow = [] }
    "a name"            = { allow = ["Germany"] }
    "no country's code" = { deny = ["UK"] }
    "small letters"     = { deny = ["de"] }
    "a country twice"   = { deny = ["DE", "DE"] }
    "null"              = { deny = [null] }
  }
}

accept "geo_restriction" {
  values = {
    "countries" = { allow = ["DE", "GB", "XK", "AX", "ZW"] }
  }
}

refuse "access_log_fields" {
  values = {
    "none"                 = []
    "the query"            = ["date", "cs-uri-query"]
    "cookies"              = ["date", "cs(Cookie)"]
    "the Referer"          = ["date", "cs(Referer)"]
    "a field of none"      = ["date", "c-user"]
    "other capitals"       = ["Date"]
    "a field twice"        = ["date", "date"]
    "null"                 = [null]
    "what functions write" = ["viewer-request-log-data"]
  }
}

accept "access_log_fields" {
  values = {
    "fields" = ["timestamp(ms)", "DistributionId", "cs(Host)", "c-ip"]
    "null"   = null
  }
}

#### The web ACL ####

refuse "rate" {
  values = {
    "below what WAF counts"     = { handshakes = 9 }
    "parts of a request"        = { requests = 500.5 }
    "above what WAF counts"     = { requests = 2000000001 }
    "a window of ten seconds"   = { window_seconds = 10 }
    "more handshakes than that" = { requests = 100, handshakes = 101 }
  }
}

accept "rate" {
  values = {
    "handshakes only" = { requests = 10, handshakes = 10, window_seconds = 600 }
  }
}

refuse "limits" {
  values = {
    "a path of no length"          = { path_bytes = 1 }
    "a path of parts"              = { path_bytes = 100.5 }
    "more than WAF sees"           = { query_bytes = 8193 }
    "a query too short for a room" = { handshake_query_bytes = 68 }
    "a handshake above queries"    = { query_bytes = 100, handshake_query_bytes = 101 }
  }
}

refuse "limits" {
  with = { api = { endpoint = "wss://ws.example.com", path = "/a-path-of-20-letters" } }

  values = {
    "a path below the API's" = { path_bytes = 20 }
  }
}

accept "limits" {
  with = { api = { endpoint = "wss://ws.example.com", path = "/a-path-of-20-letters" } }

  values = {
    "the least" = { path_bytes = 21, query_bytes = 69, handshake_query_bytes = 69 }
  }
}

refuse "addresses" {
  values = {
    "an address without a range"   = { deny = { ipv4 = ["192.0.2.1"] } }
    "IPv6 among IPv4"              = { deny = { ipv4 = ["2001:db8::/32"] } }
    "IPv4 among IPv6"              = { deny = { ipv6 = ["192.0.2.0/24"] } }
    "bits of a host"               = { allow = { ipv4 = ["192.0.2.1/24"] } }
    "bits of a host of IPv6"       = { allow = { ipv6 = ["2001:db8::1/32"] } }
    "an octal number"              = { deny = { ipv4 = ["010.0.0.0/8"] } }
    "everybody allowed"            = { allow = { ipv4 = ["0.0.0.0/0"] } }
    "everybody of IPv6 allowed"    = { allow = { ipv6 = ["::/0"] } }
    "everybody refused"            = { deny = { ipv4 = ["0.0.0.0/0"] } }
    "everybody of IPv6 refused"    = { deny = { ipv6 = ["::/0"] } }
    "everybody by a longer nought" = { deny = { ipv4 = ["0.0.0.0/00"] } }
    "null"                         = { deny = { ipv4 = [null] } }
    "a name"                       = { deny = { ipv4 = ["example.com"] } }
    "10001 addresses of IPv6"      = { allow = { ipv6 = concat(["2001:db8:a::/64"], flatten([for a in range(100) : [for b in range(100) : "2001:db8:${a}:${b}::/64"]])) } }
  }
}

accept "addresses" {
  values = {
    "ranges"                 = { allow = { ipv4 = ["192.0.2.44/32", "10.0.0.0/8"] }, deny = { ipv6 = ["2001:db8::/32", "2001:0DB8:0000::1/128"] } }
    "sets without addresses" = { allow = {}, deny = { ipv4 = null } }
    "10000"                  = { deny = { ipv4 = flatten([for a in range(100) : [for b in range(100) : "10.${a}.${b}.0/24"]]) } }
  }
}

refuse "countries" {
  values = {
    "both"              = { allow = ["DE"], deny = ["FR"] }
    "no country"        = { allow = [] }
    "no country's code" = { deny = ["EU"] }
    "a country twice"   = { deny = ["DE", "FR", "DE"] }
  }
}

accept "countries" {
  values = {
    "one" = { deny = ["KP"] }
  }
}

refuse "managed_groups" {
  values = {
    "an override that is no action"  = { common = { overrides = { NoUserAgent_HEADER = "off" } } }
    "an override of null"            = { common = { overrides = { NoUserAgent_HEADER = null } } }
    "an override of no rule"         = { common = { overrides = { "" = "count" } } }
    "a version of a group with none" = { ip_reputation = { version = "Version_1.0" } }
    "and of the other"               = { anonymous_ip = { version = "Version_1.0" } }
    "a number as a version"          = { common = { version = "1.10" } }
    "an empty version"               = { sql_injection = { version = "" } }
  }
}

accept "managed_groups" {
  values = {
    "versions"  = { common = { version = "Version_1.10" }, known_bad_inputs = { version = "Version_1.22", count = true } }
    "overrides" = { anonymous_ip = { overrides = { HostingProviderIPList = "count" } }, sql_injection = { enabled = false } }
    "null"      = { common = null }
  }
}

refuse "bot_control" {
  values = {
    "a level of none"               = { level = "HIGH" }
    "an override that is no action" = { overrides = { CategoryHttpLibrary = "off" } }
    "an override of null"           = { overrides = { CategoryHttpLibrary = null } }
  }
}

refuse "custom_rules" {
  values = {
    "the name of a rule"                 = { rate = { priority = 1, when = { countries = ["FR"] } } }
    "the name of a group"                = { common = { priority = 1, when = { countries = ["FR"] } } }
    "the name of another group"          = { anonymous_ip = { priority = 1, when = { countries = ["FR"] } } }
    "the name of bot control"            = { bot_control = { priority = 1, when = { countries = ["FR"] } } }
    "a name with a space"                = { "my rule" = { priority = 1, when = { countries = ["FR"] } } }
    "no name"                            = { "" = { priority = 1, when = { countries = ["FR"] } } }
    "a rule of null"                     = { a = null }
    "one priority twice"                 = { a = { priority = 1, when = { countries = ["FR"] } }, b = { priority = 1, when = { countries = ["FR"] } } }
    "a priority of parts"                = { a = { priority = 1.5, when = { countries = ["FR"] } } }
    "a priority among the groups'"       = { a = { priority = 1000, when = { countries = ["FR"] } } }
    "a priority of null"                 = { a = { priority = null, when = { countries = ["FR"] } } }
    "an action of none"                  = { a = { priority = 1, action = "captcha", when = { countries = ["FR"] } } }
    "a status that WAF has not"          = { a = { priority = 1, status = 431, when = { countries = ["FR"] } } }
    "everybody"                          = { a = { priority = 1, when = {} } }
    "a when of null"                     = { a = { priority = 1, when = null } }
    "a reserved label"                   = { a = { priority = 1, labels = ["mine:aws"], when = { countries = ["FR"] } } }
    "a label with a space"               = { a = { priority = 1, labels = ["my label"], when = { countries = ["FR"] } } }
    "an empty label"                     = { a = { priority = 1, labels = [""], when = { countries = ["FR"] } } }
    "a label of six namespaces"          = { a = { priority = 1, labels = ["a:b:c:d:e:f:g"], when = { countries = ["FR"] } } }
    "a long label"                       = { a = { priority = 1, labels = [format("%0129d", 0)], when = { countries = ["FR"] } } }
    "a part of none"                     = { a = { priority = 1, when = { text = [{ part = "body", value = "x" }] } } }
    "a header without a name"            = { a = { priority = 1, when = { text = [{ part = "header", value = "x" }] } } }
    "a header's name for a path"         = { a = { priority = 1, when = { text = [{ part = "path", header = "host", value = "x" }] } } }
    "an empty name of a header"          = { a = { priority = 1, when = { text = [{ part = "header", header = "", value = "x" }] } } }
    "a header with a colon"              = { a = { priority = 1, when = { text = [{ part = "header", header = "host:", value = "x" }] } } }
    "a long name of a header"            = { a = { priority = 1, when = { text = [{ part = "header", header = format("%065d", 0), value = "x" }] } } }
    "a match of none"                    = { a = { priority = 1, when = { text = [{ part = "path", match = "IS", value = "x" }] } } }
    "no value"                           = { a = { priority = 1, when = { text = [{ part = "path", value = "" }] } } }
    "a value of null"                    = { a = { priority = 1, when = { text = [{ part = "path", value = null }] } } }
    "a text of null"                     = { a = { priority = 1, when = { text = [null] } } }
    "a value too long for WAF"           = { a = { priority = 1, when = { text = [{ part = "path", value = format("%0201d", 0) }] } } }
    "a value too long in bytes"          = { a = { priority = 1, when = { text = [{ part = "path", value = join("", [for n in range(101) : "é"]) }] } } }
    "an expression that is none"         = { a = { priority = 1, when = { text = [{ part = "path", match = "REGEX", value = "(" }] } } }
    "an expression that looks behind"    = { a = { priority = 1, when = { text = [{ part = "path", match = "REGEX", value = "(?<!a)b" }] } } }
    "a long expression"                  = { a = { priority = 1, when = { text = [{ part = "path", match = "REGEX", value = format("%0513d", 0) }] } } }
    "an expression that cannot match"    = { a = { priority = 1, when = { text = [{ part = "header", header = "user-agent", match = "REGEX", value = "^Curl/", lower = true }] } } }
    "a country of none"                  = { a = { priority = 1, when = { countries = ["UK"] } } }
    "addresses of a Region"              = { a = { priority = 1, when = { ip_set_arns = ["arn:aws:wafv2:us-east-1:111122223333:regional/ipset/partner/1"] } } }
    "addresses of another Region"        = { a = { priority = 1, when = { ip_set_arns = ["arn:aws:wafv2:eu-west-1:111122223333:global/ipset/partner/1"] } } }
    "no addresses"                       = { a = { priority = 1, when = { ip_set_arns = [""] } } }
    "a label to match with a colon last" = { a = { priority = 1, when = { labels = ["awswaf:managed:"] } } }
    "47 sets of addresses"               = { for rule in range(47) : "partner-${rule}" => { priority = rule, when = { ip_set_arns = ["arn:aws:wafv2:us-east-1:111122223333:global/ipset/partner/1"] } } }
    "a long label to match"              = { a = { priority = 1, when = { labels = [format("%01025d", 0)] } } }
  }
}

accept "custom_rules" {
  values = {
    "everything"       = { no-wordpress = { priority = 0, status = 404, labels = ["probes:wordpress", "probe"], when = { countries = ["CH"], ip_set_arns = ["arn:aws:wafv2:us-east-1:111122223333:global/ipset/partner/1a2b-3c"], labels = ["awswaf:clientip:geo:region:CH-ZH"], text = [{ part = "path", match = "STARTS_WITH", value = "/WP-", lower = true }] } } }
    "an expression"    = { curl = { priority = 999, action = "count", when = { text = [{ part = "header", header = "User-Agent", match = "REGEX", value = "^curl/\\D+\\W", lower = true }, { part = "query", match = "REGEX", value = "A{2,}" }] } } }
    "the longest text" = { long = { priority = 1, when = { text = [{ part = "path", value = format("%0200d", 0) }, { part = "path", match = "REGEX", value = format("%0512d", 0) }] } } }
    "46 sets"          = { partner = { priority = 1, when = { ip_set_arns = [for n in range(46) : "arn:aws:wafv2:us-east-1:111122223333:global/ipset/partner-${n}/1"] } } }
    "lists of null"    = { a = { priority = 1, action = null, when = { text = null, countries = ["FR"] } } }
  }
}

refuse "alarms" {
  values = {
    "nobody"                    = { actions = [] }
    "null"                      = { actions = null }
    "a name"                    = { actions = ["alarms"] }
    "a topic of another Region" = { actions = ["arn:aws:sns:eu-west-1:111122223333:alarms"] }
    "a topic twice"             = { actions = ["arn:aws:sns:us-east-1:111122223333:alarms", "arn:aws:sns:us-east-1:111122223333:alarms"] }
    "six"                       = { actions = [for n in range(6) : "arn:aws:sns:us-east-1:111122223333:alarms-${n}"] }
    "no error at all"           = { actions = ["arn:aws:sns:us-east-1:111122223333:alarms"], server_error_percent = 0 }
    "more errors than requests" = { actions = ["arn:aws:sns:us-east-1:111122223333:alarms"], server_error_percent = 101 }
    "no request at all"         = { actions = ["arn:aws:sns:us-east-1:111122223333:alarms"], blocked_requests = 0 }
    "half a request"            = { actions = ["arn:aws:sns:us-east-1:111122223333:alarms"], blocked_requests = 1.5 }
  }
}

accept "alarms" {
  values = {
    "a topic"   = { actions = ["arn:aws:sns:us-east-1:111122223333:alarms"], server_error_percent = 0.5, blocked_requests = 1 }
    "null"      = null
    "the least" = { actions = ["arn:aws:sns:us-east-1:111122223333:alarms"], server_error_percent = 100, blocked_requests = null }
  }
}

refuse "user_pool" {
  values = {
    "an id"                   = { arn = "eu-west-1_example01", kms_key_arn = "arn:aws:kms:eu-west-1:111122223333:key/1a2b3c4d-0000-4000-8000-000000000000" }
    "an alias of a key"       = { arn = "arn:aws:cognito-idp:eu-west-1:111122223333:userpool/eu-west-1_example01", kms_key_arn = "arn:aws:kms:eu-west-1:111122223333:alias/chat" }
    "a key of another Region" = { arn = "arn:aws:cognito-idp:eu-west-1:111122223333:userpool/eu-west-1_example01", kms_key_arn = "arn:aws:kms:us-east-1:111122223333:key/1a2b3c4d-0000-4000-8000-000000000000" }
    "no key"                  = { arn = "arn:aws:cognito-idp:eu-west-1:111122223333:userpool/eu-west-1_example01", kms_key_arn = null }
  }
}

accept "user_pool" {
  values = {
    "one of GovCloud" = { arn = "arn:aws-us-gov:cognito-idp:us-gov-west-1:111122223333:userpool/us-gov-west-1_example01", kms_key_arn = "arn:aws-us-gov:kms:us-gov-west-1:111122223333:key/mrk-1a2b3c4d000040008000000000000000" }
  }
}

refuse "sign_in_rate" {
  values = {
    "below what WAF counts" = 9
    "above what WAF counts" = 2000000001
    "parts"                 = 10.5
  }
}

#### Keys and logs ####

refuse "kms_key" {
  values = {
    "of another Region" = { arn = "arn:aws:kms:eu-west-1:111122223333:key/1a2b3c4d-0000-4000-8000-000000000000" }
    "an alias"          = { arn = "arn:aws:kms:us-east-1:111122223333:alias/chat" }
    "null"              = { arn = null }
  }
}

refuse "kms_deletion_window_days" {
  values = {
    "a day"    = 1
    "a month"  = 31
    "of parts" = 7.5
  }
}

refuse "log_retention_days" {
  values = {
    "nine days" = 9
    "for ever"  = 0
  }
}

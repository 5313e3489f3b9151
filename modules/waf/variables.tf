variable "name" {
  description = "Name of the edge and prefix of everything in it. Changing it replaces everything; the distribution's own domain name changes with it."
  type        = string
  nullable    = false

  validation {
    condition     = can(regex("^[a-z][a-z0-9-]{0,38}[a-z0-9]$", var.name))
    error_message = "name must be 2 to 40 characters of a-z, 0-9 and hyphen, begin with a letter and not end with a hyphen."
  }

  # https://docs.aws.amazon.com/AmazonS3/latest/userguide/bucketnamingrules.html
  validation {
    condition     = !can(regex("^(xn--|sthree-|amzn-s3-demo-)", var.name))
    error_message = "name must not begin with xn--, sthree- or amzn-s3-demo-, which S3 refuses for buckets."
  }
}

variable "tags" {
  description = "Tags of everything that takes tags."
  type        = map(string)
  default     = {}
  nullable    = false

  validation {
    condition     = length(var.tags) <= 50 && alltrue(flatten([for key, value in var.tags : [for text in [key, value] : can(regex("^[\\p{L}\\p{Z}\\p{N}_.:/=+@-]*$", text))]]))
    error_message = "tags must be 50 or fewer, their keys and values of letters, digits, spaces and _.:/=+-@ only, and no value null."
  }

  validation {
    condition     = alltrue([for key, value in var.tags : key != "" && length(regexall(".", key)) <= 128 && try(length(regexall(".", value)) <= 256, true) && !startswith(lower(key), "aws:")])
    error_message = "tags must have keys of 1 to 128 characters that do not begin with aws:, which is AWS's own, and values of at most 256."
  }
}

#### The API behind it ####

variable "api" {
  description = "The WebSocket API: `endpoint`, `wss://host` as API Gateway returns it or of a custom domain, and `path`, which clients ask for and the API answers at: `/<stage>`, or `/<mapping key>` of a custom domain, at most 200 characters. CloudFront passes the path on as it is."
  type = object({
    endpoint = string
    path     = string
  })
  nullable = false

  validation {
    condition     = can(regex("^(wss://[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?(\\.[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?)+|wss?://(127(\\.(25[0-5]|2[0-4][0-9]|1?[0-9]{1,2})){3}|localhost)(:(6553[0-5]|655[0-2][0-9]|65[0-4][0-9]{2}|6[0-4][0-9]{3}|[1-5][0-9]{4}|[1-9][0-9]{0,3}))?)(/[A-Za-z0-9_-][A-Za-z0-9._-]*)*/?$", var.api.endpoint))
    error_message = "api.endpoint must be wss://host, without query; ws and a port, of at most 65535, are for loopback addresses only."
  }

  validation {
    condition     = can(regex("^(/[A-Za-z0-9_-][A-Za-z0-9._-]*)+$", var.api.path)) && try(length(var.api.path) <= 200, false)
    error_message = "api.path must be a path of at most 200 characters without a slash at its end: after each slash a-z, A-Z, 0-9, underscore, hyphen and, not first, dot. CloudFront and AWS WAF cannot tell a mapping key with other characters."
  }
}

variable "origin_secrets" {
  description = "Secrets by which the API knows this edge, one or, while rotating, two: CloudFront sends the first as x-origin-verify, the API's authorizer takes either. At least 32 characters each, eight different ones among them; `openssl rand -hex 32` makes one. See docs/edge.md."
  type        = list(string)
  sensitive   = true
  nullable    = false

  validation {
    condition     = length(var.origin_secrets) >= 1 && length(var.origin_secrets) <= 2
    error_message = "origin_secrets must have one entry, or two while rotating: the one that CloudFront sends comes first."
  }

  validation {
    condition     = alltrue([for secret in var.origin_secrets : can(regex("^[!-~]{32,256}$", secret)) && try(length(distinct(split("", secret))) >= 8, false)])
    error_message = "Each origin secret must be 32 to 256 printable ASCII characters without spaces, eight different ones among them: openssl rand -hex 32 makes one."
  }

  validation {
    condition     = length(distinct(var.origin_secrets)) == length(var.origin_secrets)
    error_message = "The two origin_secrets must differ: a rotation to the same secret is none."
  }
}

#### The site ####

variable "site" {
  description = <<-EOT
    A static site beside the API, from a private bucket. Null, the default, makes none: everything goes to the API.

    - `dir`: folder of its files. Uploaded are html, css, js, mjs, json, svg, png, ico, webp, webmanifest, woff2 and txt files, and no others; nothing whose own name or folder's begins with a dot, but for `.well-known`.
    - `generated`: more files, by name: their text. They win over files of the folder.
    - `index`: what `/` answers (`index.html`), a page of the folder or of `generated`.
    - `error_pages`: pages for what is not found or refused, by status: path of a page of the folder or of `generated`. The status stays. Without, `404 = "/404.html"` if there is one.
    - `connect_origins`: origins that its scripts may talk to besides its own, as `https://host`: the issuer's for sign-in, tokens and discovery.
  EOT
  type = object({
    dir             = string
    generated       = optional(map(string), {})
    index           = optional(string, "index.html")
    error_pages     = optional(map(string))
    connect_origins = optional(list(string), [])
  })
  default = null

  validation {
    condition     = var.site == null ? true : can(regex("^([A-Za-z0-9_-][A-Za-z0-9._-]*/)*[A-Za-z0-9_-][A-Za-z0-9._-]*\\.html$", var.site.index)) && (contains(keys(var.site.generated), var.site.index) || try(fileexists("${var.site.dir}/${var.site.index}"), false))
    error_message = "site.dir must be a folder with the page (index.html) that site.index names, or site.generated must have it."
  }

  validation {
    condition     = var.site == null ? true : alltrue([for name, text in var.site.generated : can(regex("^(\\.well-known/)?([A-Za-z0-9_-][A-Za-z0-9._-]*/)*[A-Za-z0-9_-][A-Za-z0-9._-]*\\.(html|css|js|mjs|json|svg|webmanifest|txt)$", name)) && text != null])
    error_message = "Each of site.generated must be named as a file of text, without a slash before it: html, css, js, mjs, json, svg, webmanifest or txt; and must have its text."
  }

  validation {
    condition     = var.site == null ? true : alltrue([for status, page in coalesce(var.site.error_pages, {}) : contains(["400", "403", "404", "405", "414", "416", "500", "501", "502", "503", "504"], status) && can(regex("^(/[A-Za-z0-9_-][A-Za-z0-9._-]*)+\\.html$", page))])
    error_message = "site.error_pages must be paths of pages (/404.html) by status: 400, 403, 404, 405, 414, 416, 500, 501, 502, 503 or 504, those that CloudFront has pages for."
  }

  validation {
    condition     = var.site == null ? true : alltrue([for page in values(coalesce(var.site.error_pages, {})) : try(contains(keys(var.site.generated), trimprefix(page, "/")) || fileexists("${var.site.dir}${page}"), false)])
    error_message = "Each page of site.error_pages must be a file of site.dir or site.generated: CloudFront would answer with the error of a missing page."
  }

  validation {
    condition     = var.site == null ? true : !try(contains(keys(var.site.generated), trimprefix(var.api.path, "/")) || fileexists("${var.site.dir}${var.api.path}"), false)
    error_message = "The site has a file at api.path, which CloudFront would ask the API for: give one of them another name."
  }

  validation {
    condition     = var.site == null ? true : alltrue([for origin in var.site.connect_origins : can(regex("^(https|wss)://[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?(\\.[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?)*(:(6553[0-5]|655[0-2][0-9]|65[0-4][0-9]{2}|6[0-4][0-9]{3}|[1-5][0-9]{4}|[1-9][0-9]{0,3}))?$", origin)) || can(regex("^(http|ws)://(127(\\.(25[0-5]|2[0-4][0-9]|1?[0-9]{1,2})){3}|localhost)(:(6553[0-5]|655[0-2][0-9]|65[0-4][0-9]{2}|6[0-4][0-9]{3}|[1-5][0-9]{4}|[1-9][0-9]{0,3}))?$", origin))])
    error_message = "Each of site.connect_origins must be an origin, https://host or wss://host, without path or wildcard and with a port of at most 65535, if any; http and ws are for loopback addresses only."
  }
}

variable "site_url" {
  description = "URL that browsers reach the edge by, `https://host` without a slash at the end. Null, the default, is the first of `aliases`, or else the distribution's own domain name."
  type        = string
  default     = null

  validation {
    condition     = var.site_url == null ? true : can(regex("^(https://[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?(\\.[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?)*|http://(127(\\.(25[0-5]|2[0-4][0-9]|1?[0-9]{1,2})){3}|localhost))(:(6553[0-5]|655[0-2][0-9]|65[0-4][0-9]{2}|6[0-4][0-9]{3}|[1-5][0-9]{4}|[1-9][0-9]{0,3}))?$", var.site_url))
    error_message = "site_url must be https://host, in lower case, without path and trailing slash, and with a port of at most 65535, if any; http is for loopback addresses only."
  }
}

variable "hsts" {
  description = "For how long browsers use nothing but HTTPS for this host, in days (365 and more; default 730), whether for every name below it too (default true), and whether it may be put on the list that browsers come with (`preload`, default false: there is hardly a way back), which needs both."
  type = object({
    days               = optional(number, 730)
    include_subdomains = optional(bool, true)
    preload            = optional(bool, false)
  })
  default  = {}
  nullable = false

  validation {
    condition     = var.hsts.days == floor(var.hsts.days) && var.hsts.days >= 365 && var.hsts.days <= 3650
    error_message = "hsts.days must be a whole number from 365 to 3650."
  }

  # https://hstspreload.org/#submission-requirements
  validation {
    condition     = !var.hsts.preload || var.hsts.include_subdomains
    error_message = "hsts.preload needs hsts.include_subdomains: the list that browsers come with takes no other."
  }
}

#### The distribution ####

variable "aliases" {
  description = "Domain names of your own that the distribution answers for, the first being the one that people use. They need `certificate`, and a DNS record each that points to the output `distribution`. None by default: the distribution's own name is used."
  type        = list(string)
  default     = []
  nullable    = false

  validation {
    condition     = alltrue([for alias in var.aliases : can(regex("^([a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?\\.)+([a-z]{2,63}|xn--[a-z0-9-]{0,58}[a-z0-9])$", alias)) && try(length(alias) <= 253, false)]) && length(distinct(var.aliases)) == length(var.aliases)
    error_message = "Each alias must be a domain name of at most 253 characters in lower case, named once, without wildcard; letters beyond a-z in punycode (xn--)."
  }

  validation {
    condition     = (length(var.aliases) > 0) == (var.certificate != null)
    error_message = "aliases and certificate need each other: CloudFront serves a name with a certificate for it."
  }
}

variable "certificate" {
  description = "ACM certificate of us-east-1 for `aliases`, as `{ arn = ... }`. Null, the default, is CloudFront's own for its own name, with which CloudFront also accepts TLS 1.0 and 1.1: `minimum_tls` has no say then."
  type = object({
    arn = string
  })
  default = null

  validation {
    condition     = var.certificate == null ? true : can(regex("^arn:[a-z-]+:acm:us-east-1:[0-9]{12}:certificate/[A-Za-z0-9-]+$", var.certificate.arn))
    error_message = "certificate.arn must be the ARN of an ACM certificate of us-east-1, where CloudFront looks for it."
  }
}

variable "minimum_tls" {
  description = "CloudFront's security policy for viewers, with a certificate of your own: TLSv1.2_2021 (default) or a newer one, TLSv1.3_2025 for example, which the provider has to know."
  type        = string
  default     = "TLSv1.2_2021"
  nullable    = false

  validation {
    condition     = can(regex("^TLSv1\\.(2_202[1-9]|3_20[0-9]{2})$", var.minimum_tls))
    error_message = "minimum_tls must be TLSv1.2_2021 or newer: what is older takes weak ciphers."
  }
}

variable "price_class" {
  description = "Where CloudFront answers: PriceClass_100 (North America, Europe, Israel; default), PriceClass_200 or PriceClass_All."
  type        = string
  default     = "PriceClass_100"
  nullable    = false

  validation {
    condition     = contains(["PriceClass_100", "PriceClass_200", "PriceClass_All"], var.price_class)
    error_message = "price_class must be PriceClass_100, PriceClass_200 or PriceClass_All."
  }
}

variable "geo_restriction" {
  description = "Countries whose viewers CloudFront itself serves (`allow`) or refuses (`deny`), as two-letter codes: exactly one of the lists. Null, the default, serves all. Unlike `countries`, it is no rule of the web ACL: it has no metric, no log line and no exception for addresses."
  type = object({
    allow = optional(list(string))
    deny  = optional(list(string))
  })
  default = null

  validation {
    condition     = var.geo_restriction == null ? true : (var.geo_restriction.allow == null) != (var.geo_restriction.deny == null)
    error_message = "geo_restriction must have exactly one of allow and deny."
  }

  validation {
    condition     = var.geo_restriction == null ? true : alltrue([for country in coalesce(var.geo_restriction.allow, var.geo_restriction.deny, []) : can(regex("^(A[DEFGILMOQRSTUWXZ]|B[ABDEFGHIJLMNOQRSTVWYZ]|C[ACDFGHIKLMNORUVWXYZ]|D[EJKMOZ]|E[CEGHRST]|F[IJKMOR]|G[ABDEFGHILMNPQRSTUWY]|H[KMNRTU]|I[DELMNOQRST]|J[EMOP]|K[EGHIMNPRWYZ]|L[ABCIKRSTUVY]|M[ACDEFGHKLMNOPQRSTUVWXYZ]|N[ACEFGILOPRUZ]|OM|P[AEFGHKLMNRSTWY]|QA|R[EOSUW]|S[ABCDEGHIJKLMNORSTVXYZ]|T[CDFGHJKLMNORTVWZ]|U[AGMSYZ]|V[ACEGINU]|W[FS]|XK|Y[ET]|Z[AMW])$", country))]) && length(coalesce(var.geo_restriction.allow, var.geo_restriction.deny, [])) > 0 && length(distinct(coalesce(var.geo_restriction.allow, var.geo_restriction.deny, []))) == length(coalesce(var.geo_restriction.allow, var.geo_restriction.deny, []))
    error_message = "geo_restriction.allow and deny are ISO 3166-1 codes of countries, two capital letters (GB, not UK), at least one, each once."
  }
}

variable "access_log_fields" {
  description = "Fields of a line of CloudFront's access log, in its spelling (`c-ip`, `sc-status`). Null, the default, takes those that tell who asked for what; the query, cookies and the Referer, which may hold what is secret, cannot be had."
  type        = list(string)
  default     = null

  validation {
    condition = var.access_log_fields == null ? true : length(var.access_log_fields) > 0 && length(distinct(var.access_log_fields)) == length(var.access_log_fields) && alltrue([for field in var.access_log_fields : try(contains([
      "date", "time", "timestamp", "timestamp(ms)", "x-edge-location", "sc-bytes", "c-ip", "c-port", "c-country", "asn", "s-ip", "cs-method", "cs(Host)", "cs-uri-stem", "sc-status", "cs(User-Agent)", "cs-bytes", "time-taken", "time-to-first-byte",
      "x-edge-result-type", "x-edge-response-result-type", "x-edge-detailed-result-type", "x-edge-request-id", "x-host-header", "x-forwarded-for", "cs-protocol", "cs-protocol-version", "ssl-protocol", "ssl-cipher", "connection-id",
      "sc-content-type", "sc-content-len", "sc-range-start", "sc-range-end", "fle-status", "fle-encrypted-fields", "origin-fbl", "origin-lbl", "r-host", "sr-reason", "cache-behavior-path-pattern", "DistributionId",
    ], field), false)])
    error_message = "access_log_fields must be null or one or more different fields of date, time, timestamp, timestamp(ms), x-edge-location, sc-bytes, c-ip, c-port, c-country, asn, s-ip, cs-method, cs(Host), cs-uri-stem, sc-status, cs(User-Agent), cs-bytes, time-taken, time-to-first-byte, x-edge-result-type, x-edge-response-result-type, x-edge-detailed-result-type, x-edge-request-id, x-host-header, x-forwarded-for, cs-protocol, cs-protocol-version, ssl-protocol, ssl-cipher, connection-id, sc-content-type, sc-content-len, sc-range-start, sc-range-end, fle-status, fle-encrypted-fields, origin-fbl, origin-lbl, r-host, sr-reason, cache-behavior-path-pattern and DistributionId; cs(Cookie), cs(Referer) and cs-uri-query are not to be had, since a token may be there."
  }
}

variable "wait_for_deployment" {
  description = "Whether an apply ends only when the distribution has arrived everywhere, some minutes later. False gives up knowing that: a rotation of the origin secret needs it."
  type        = bool
  default     = true
  nullable    = false
}

#### The web ACL ####

variable "rate" {
  description = "How often one IP address may ask within `window_seconds` (60, 120, 300 or 600): `requests` in all (default 2000) and `handshakes`, new connections at the API's path (default 100), each at least 10; more are refused with 429. Everybody behind one address counts as one."
  type = object({
    requests       = optional(number, 2000)
    handshakes     = optional(number, 100)
    window_seconds = optional(number, 300)
  })
  default  = {}
  nullable = false

  validation {
    condition     = alltrue([for limit in [var.rate.requests, var.rate.handshakes] : limit == floor(limit) && limit >= 10 && limit <= 2000000000])
    error_message = "rate.requests and rate.handshakes must be whole numbers from 10 to 2000000000."
  }

  validation {
    condition     = var.rate.handshakes <= var.rate.requests
    error_message = "rate.handshakes must not be above rate.requests: a handshake is a request, and would be refused as one first."
  }

  validation {
    condition     = contains([60, 120, 300, 600], var.rate.window_seconds)
    error_message = "rate.window_seconds must be 60, 120, 300 or 600."
  }
}

variable "limits" {
  description = <<-EOT
    How long parts of a request may be, in bytes:

    - `path_bytes` (default 512) and `query_bytes` (default 2048; a sign-in comes back with a code in the query); longer ones get 414;
    - `handshake_query_bytes`: query at the API's path (default 128: `room=` and the longest name of a room are 69);
    - `allow_oversized_headers`: AWS WAF sees the first 8,192 bytes of all headers, and 200 of them. By default what it cannot see whole is refused with 413, so that nothing is smuggled past the rules; a token may then have about 7,000 bytes. True gives that up, for larger tokens (API Gateway takes 10,240 bytes of headers in all).
  EOT
  type = object({
    path_bytes              = optional(number, 512)
    query_bytes             = optional(number, 2048)
    handshake_query_bytes   = optional(number, 128)
    allow_oversized_headers = optional(bool, false)
  })
  default  = {}
  nullable = false

  validation {
    condition     = alltrue([for limit in [var.limits.path_bytes, var.limits.query_bytes, var.limits.handshake_query_bytes] : limit == floor(limit) && limit >= 16 && limit <= 8192])
    error_message = "limits.path_bytes, query_bytes and handshake_query_bytes must be whole numbers from 16 to 8192."
  }

  validation {
    condition     = var.limits.handshake_query_bytes >= 69
    error_message = "limits.handshake_query_bytes must be at least 69: room= and the longest name of a room."
  }

  validation {
    condition     = var.limits.handshake_query_bytes <= var.limits.query_bytes && try(length(var.api.path) <= var.limits.path_bytes, true)
    error_message = "limits.query_bytes must not be below limits.handshake_query_bytes, nor limits.path_bytes below the length of api.path: nobody could connect."
  }
}

variable "addresses" {
  description = "IP addresses in CIDR notation that are let through past every other rule (`allow`) or refused (`deny`): `ipv4` and `ipv6` lists each. Null, the default of each, makes no such rule."
  type = object({
    allow = optional(object({ ipv4 = optional(list(string), []), ipv6 = optional(list(string), []) }))
    deny  = optional(object({ ipv4 = optional(list(string), []), ipv6 = optional(list(string), []) }))
  })
  default  = {}
  nullable = false

  # The address by itself and the first of its range are one: no bit of a host is set.
  validation {
    condition     = alltrue([for set in [var.addresses.allow, var.addresses.deny] : set == null ? true : alltrue([for address in set.ipv4 : can(regex("^(0|[1-9][0-9]{0,2})(\\.(0|[1-9][0-9]{0,2})){3}/[0-9]+$", address)) && try(cidrhost(address, 0) == split("/", address)[0], false)])])
    error_message = "addresses.allow.ipv4 and deny.ipv4 must be IPv4 ranges in CIDR notation by their first address: 192.0.2.44/32, 192.0.2.0/24."
  }

  validation {
    condition     = alltrue([for set in [var.addresses.allow, var.addresses.deny] : set == null ? true : alltrue([for address in set.ipv6 : can(regex(":", address)) && try(cidrhost(address, 0) == cidrhost("${split("/", address)[0]}/128", 0), false)])])
    error_message = "addresses.allow.ipv6 and deny.ipv6 must be IPv6 ranges in CIDR notation by their first address: 2001:db8::/32."
  }

  # https://docs.aws.amazon.com/waf/latest/APIReference/API_IPSet.html
  validation {
    condition     = alltrue([for set in [var.addresses.allow, var.addresses.deny] : set == null ? true : alltrue([for address in concat(set.ipv4, set.ipv6) : !can(regex("/0+$", address))])])
    error_message = "addresses must not have a range of everybody (/0), which AWS WAF does not take."
  }

  # https://docs.aws.amazon.com/waf/latest/developerguide/limits.html
  validation {
    condition     = alltrue([for set in [var.addresses.allow, var.addresses.deny] : set == null ? true : alltrue([for addresses in [set.ipv4, set.ipv6] : length(addresses) <= 10000])])
    error_message = "Each of the lists of addresses must have 10000 ranges at most, as many as AWS WAF takes in a set: join neighbours, or refuse by custom_rules with sets of your own."
  }
}

variable "countries" {
  description = "Countries whose addresses are refused (`deny`), or from which alone anybody is let in (`allow`), by a rule of the web ACL; two-letter codes, exactly one of the lists. Null, the default, asks nobody where they are."
  type = object({
    allow = optional(list(string))
    deny  = optional(list(string))
  })
  default = null

  validation {
    condition     = var.countries == null ? true : (var.countries.allow == null) != (var.countries.deny == null)
    error_message = "countries must have exactly one of allow and deny."
  }

  validation {
    condition     = var.countries == null ? true : alltrue([for country in coalesce(var.countries.allow, var.countries.deny, []) : can(regex("^(A[DEFGILMOQRSTUWXZ]|B[ABDEFGHIJLMNOQRSTVWYZ]|C[ACDFGHIKLMNORUVWXYZ]|D[EJKMOZ]|E[CEGHRST]|F[IJKMOR]|G[ABDEFGHILMNPQRSTUWY]|H[KMNRTU]|I[DELMNOQRST]|J[EMOP]|K[EGHIMNPRWYZ]|L[ABCIKRSTUVY]|M[ACDEFGHKLMNOPQRSTUVWXYZ]|N[ACEFGILOPRUZ]|OM|P[AEFGHKLMNRSTWY]|QA|R[EOSUW]|S[ABCDEGHIJKLMNORSTVXYZ]|T[CDFGHJKLMNORTVWZ]|U[AGMSYZ]|V[ACEGINU]|W[FS]|XK|Y[ET]|Z[AMW])$", country))]) && length(coalesce(var.countries.allow, var.countries.deny, [])) > 0 && length(distinct(coalesce(var.countries.allow, var.countries.deny, []))) == length(coalesce(var.countries.allow, var.countries.deny, []))
    error_message = "countries.allow and deny are ISO 3166-1 codes of countries, two capital letters (GB, not UK), at least one, each once."
  }
}

variable "managed_groups" {
  description = <<-EOT
    AWS's groups of rules, all on by default: `common`, `known_bad_inputs`, `sql_injection`, `ip_reputation` and `anonymous_ip`. Of each:

    - `enabled`: false gives the group up;
    - `count`: true makes the whole group count instead of block;
    - `version`: a version to stay at, as `Version_1.10` (default: AWS's newest); `ip_reputation` and `anonymous_ip` have none;
    - `overrides`: what single rules do, by their name: allow, block, count, captcha or challenge. Servers and VPNs that are clients of yours need `anonymous_ip = { overrides = { HostingProviderIPList = "count" } }`.
  EOT
  type = object({
    common           = optional(object({ enabled = optional(bool, true), count = optional(bool, false), version = optional(string), overrides = optional(map(string), {}) }), {})
    known_bad_inputs = optional(object({ enabled = optional(bool, true), count = optional(bool, false), version = optional(string), overrides = optional(map(string), {}) }), {})
    sql_injection    = optional(object({ enabled = optional(bool, true), count = optional(bool, false), version = optional(string), overrides = optional(map(string), {}) }), {})
    ip_reputation    = optional(object({ enabled = optional(bool, true), count = optional(bool, false), version = optional(string), overrides = optional(map(string), {}) }), {})
    anonymous_ip     = optional(object({ enabled = optional(bool, true), count = optional(bool, false), version = optional(string), overrides = optional(map(string), {}) }), {})
  })
  default  = {}
  nullable = false

  validation {
    condition     = alltrue(flatten([for group in values(var.managed_groups) : [for name, action in group.overrides : can(regex("^[A-Za-z0-9_-]{1,128}$", name)) && try(contains(["allow", "block", "count", "captcha", "challenge"], action), false)]]))
    error_message = "The overrides of managed_groups must be allow, block, count, captcha or challenge, by the names of rules."
  }

  validation {
    condition     = alltrue([for group in values(var.managed_groups) : group.version == null ? true : can(regex("^Version_[0-9]+\\.[0-9]+$", group.version))]) && var.managed_groups.ip_reputation.version == null && var.managed_groups.anonymous_ip.version == null
    error_message = "The version of one of managed_groups must be as Version_1.10; ip_reputation and anonymous_ip have no versions."
  }
}

variable "bot_control" {
  description = "AWS's bot control, billed by request: `level` COMMON (default) or TARGETED, and `overrides` as in managed_groups. It takes clients that are no browsers for bots: `{ overrides = { CategoryHttpLibrary = \"count\", SignalNonBrowserUserAgent = \"count\" } }` lets them in. Null, the default, has none."
  type = object({
    level     = optional(string, "COMMON")
    overrides = optional(map(string), {})
  })
  default = null

  validation {
    condition     = var.bot_control == null ? true : contains(["COMMON", "TARGETED"], var.bot_control.level)
    error_message = "bot_control.level must be COMMON or TARGETED."
  }

  validation {
    condition     = var.bot_control == null ? true : alltrue([for name, action in var.bot_control.overrides : can(regex("^[A-Za-z0-9_-]{1,128}$", name)) && try(contains(["allow", "block", "count", "captcha", "challenge"], action), false)])
    error_message = "The overrides of bot_control must be allow, block, count, captcha or challenge, by the names of rules."
  }
}

variable "anti_ddos" {
  description = "Whether AWS Shield Advanced mitigates floods of requests at the distribution by rules that it makes itself. The account must have subscribed to it (some 3,000 US dollars a month). False, the default, leaves Shield Standard and the rate rules."
  type        = bool
  default     = false
  nullable    = false
}

variable "custom_rules" {
  description = <<-EOT
    Rules of your own, by name. All conditions of `when` must hold:

    - `priority`: order among these rules, each number once (0 to 999); they come after addresses, countries, sizes and rates, and before AWS's groups;
    - `action`: block (default), allow or count; `status`: of a block (default 403);
    - `labels`: that a match is given, for rules after it;
    - `when.text`: list of `part` (path, query, method or header), `header` (its name, for header), `match` (EXACTLY, STARTS_WITH, ENDS_WITH, CONTAINS, CONTAINS_WORD or REGEX) and `value`; compared in lower case with `lower = true`;
    - `when.countries`: two-letter codes; `when.ip_set_arns`: sets of addresses, of scope CLOUDFRONT, each of which must match; `when.labels`: each of which must be there.
  EOT
  type = map(object({
    priority = number
    action   = optional(string, "block")
    status   = optional(number, 403)
    labels   = optional(list(string), [])
    when = object({
      text        = optional(list(object({ part = string, header = optional(string), match = optional(string, "EXACTLY"), value = string, lower = optional(bool, false) })), [])
      countries   = optional(list(string), [])
      ip_set_arns = optional(list(string), [])
      labels      = optional(list(string), [])
    })
  }))
  default  = {}
  nullable = false

  validation {
    condition     = alltrue([for name in keys(var.custom_rules) : can(regex("^[A-Za-z0-9_-]{1,64}$", name)) && !contains(["addresses-allowed", "addresses-denied", "countries", "oversized-headers", "path-size", "query-size", "handshake-query-size", "rate", "rate-handshakes", "common", "known_bad_inputs", "sql_injection", "ip_reputation", "anonymous_ip", "bot_control"], name)])
    error_message = "Each of custom_rules must be named by 1 to 64 letters, digits, underscores and hyphens, and not as a rule or a group of the module is."
  }

  validation {
    condition     = alltrue([for rule in values(var.custom_rules) : try(rule.priority == floor(rule.priority) && rule.priority >= 0 && rule.priority <= 999, false)]) && length(distinct([for rule in values(var.custom_rules) : try(rule.priority, null)])) == length(var.custom_rules)
    error_message = "The priorities of custom_rules must be whole numbers from 0 to 999, each used once."
  }

  validation {
    condition     = alltrue([for rule in values(var.custom_rules) : try(contains(["block", "allow", "count"], rule.action) && contains([400, 401, 403, 404, 405, 408, 409, 411, 412, 413, 414, 415, 416, 421, 429, 500, 501, 502, 503, 504], rule.status), false)])
    error_message = "The action of a custom rule must be block, allow or count, and its status one that AWS WAF has: 400, 401, 403 to 405, 408, 409, 411 to 416, 421, 429 or 500 to 504."
  }

  # https://docs.aws.amazon.com/waf/latest/developerguide/waf-rule-label-requirements.html
  validation {
    condition     = alltrue([for rule in values(var.custom_rules) : try(alltrue([for label in rule.labels : can(regex("^([A-Za-z0-9_-]{1,128}:){0,5}[A-Za-z0-9_-]{1,128}$", label)) && length(setintersection(split(":", label), ["awswaf", "aws", "waf", "rulegroup", "webacl", "regexpatternset", "ipset", "managed"])) == 0]), false)])
    error_message = "Each of a custom rule's labels must be a name, or up to five namespaces and a name with colons between, each 1 to 128 letters, digits, underscores and hyphens, and none of awswaf, aws, waf, rulegroup, webacl, regexpatternset, ipset and managed."
  }

  validation {
    condition     = alltrue([for rule in values(var.custom_rules) : try(length(rule.when.text) + length(rule.when.countries) + length(rule.when.ip_set_arns) + length(rule.when.labels) > 0, false)])
    error_message = "The when of a custom rule must have a condition: without one the rule would be for everybody."
  }

  validation {
    condition     = alltrue(flatten([for rule in values(var.custom_rules) : try([for text in rule.when.text : contains(["path", "query", "method", "header"], text.part) && (text.part == "header") == (text.header != null) && contains(["EXACTLY", "STARTS_WITH", "ENDS_WITH", "CONTAINS", "CONTAINS_WORD", "REGEX"], text.match) && length(text.value) > 0], false)]))
    error_message = "Each when.text of a custom rule needs part path, query, method or header (and header, the name, with that part alone), match EXACTLY, STARTS_WITH, ENDS_WITH, CONTAINS, CONTAINS_WORD or REGEX, and a value."
  }

  validation {
    condition     = alltrue(flatten([for rule in values(var.custom_rules) : try([for text in rule.when.text : text.header == null ? true : can(regex("^[A-Za-z0-9!#$%&'*+.^_`|~-]{1,64}$", text.header))], true)]))
    error_message = "The header of a custom rule's when.text must be the name of one: 1 to 64 characters of a-z, A-Z, 0-9 and !#$%&'*+.^_`|~-"
  }

  validation {
    condition     = alltrue(flatten([for rule in values(var.custom_rules) : try([for text in rule.when.text : text.match == "REGEX" ? can(regexall(text.value, "")) && length(text.value) <= 512 : floor(length(replace(base64encode(text.value), "=", "")) * 3 / 4) <= 200], true)]))
    error_message = "The value of a custom rule's when.text must have 200 bytes or fewer, or, with match REGEX, be a regular expression of 512 characters or fewer, without lookaround and backreferences."
  }

  # Without what a backslash makes of a letter, as in \W.
  validation {
    condition     = alltrue(flatten([for rule in values(var.custom_rules) : try([for text in rule.when.text : !(text.lower && text.match == "REGEX" && can(regex("[A-Z]", replace(text.value, "/\\\\./", ""))))], true)]))
    error_message = "A custom rule's when.text with match REGEX and lower = true must not have capital letters in its value: it is compared with text that has none."
  }

  validation {
    condition     = alltrue(flatten([for rule in values(var.custom_rules) : try([for country in rule.when.countries : can(regex("^(A[DEFGILMOQRSTUWXZ]|B[ABDEFGHIJLMNOQRSTVWYZ]|C[ACDFGHIKLMNORUVWXYZ]|D[EJKMOZ]|E[CEGHRST]|F[IJKMOR]|G[ABDEFGHILMNPQRSTUWY]|H[KMNRTU]|I[DELMNOQRST]|J[EMOP]|K[EGHIMNPRWYZ]|L[ABCIKRSTUVY]|M[ACDEFGHKLMNOPQRSTUVWXYZ]|N[ACEFGILOPRUZ]|OM|P[AEFGHKLMNRSTWY]|QA|R[EOSUW]|S[ABCDEGHIJKLMNORSTVXYZ]|T[CDFGHJKLMNORTVWZ]|U[AGMSYZ]|V[ACEGINU]|W[FS]|XK|Y[ET]|Z[AMW])$", country))], true)]))
    error_message = "The when.countries of a custom rule are ISO 3166-1 codes of countries, two capital letters (GB, not UK)."
  }

  validation {
    condition     = alltrue(flatten([for rule in values(var.custom_rules) : try([for arn in rule.when.ip_set_arns : can(regex("^arn:[a-z-]+:wafv2:us-east-1:[0-9]{12}:global/ipset/[A-Za-z0-9_-]{1,128}/[A-Za-z0-9-]+$", arn))], true)]))
    error_message = "The when.ip_set_arns of a custom rule must be ARNs of sets of addresses of scope CLOUDFRONT (arn:aws:wafv2:us-east-1:<account>:global/ipset/<name>/<id>)."
  }

  # With those of var.addresses, four at most.
  # https://docs.aws.amazon.com/waf/latest/developerguide/limits.html
  validation {
    condition     = sum(concat([0], [for rule in values(var.custom_rules) : try(length(rule.when.ip_set_arns), 0)])) <= 46
    error_message = "All custom_rules together must name 46 sets of addresses at most: AWS WAF takes 50 references in a web ACL, and addresses may need four."
  }

  validation {
    condition     = alltrue(flatten([for rule in values(var.custom_rules) : try([for label in rule.when.labels : can(regex("^([A-Za-z0-9_-]+:)*[A-Za-z0-9_-]+$", label)) && length(label) <= 1024], true)]))
    error_message = "The when.labels of a custom rule must be names of labels, of at most 1024 letters, digits, underscores and hyphens, with colons between namespaces."
  }
}

variable "count_only" {
  description = "Whether no rule blocks: all count, to see what they would do. True gives up what the web ACL is for; the gate reports it."
  type        = bool
  default     = false
  nullable    = false
}

variable "log_allowed" {
  description = "Whether the web ACL's log has every request. False, the default, keeps those that a rule blocked, counted or challenged."
  type        = bool
  default     = false
  nullable    = false
}

variable "alarms" {
  description = <<-EOT
    Alarms on the distribution and its web ACL, in us-east-1, where their metrics are. Null, the default, makes none: nobody is told.

    - `actions`: ARNs of what is told when an alarm begins and when it ends, as SNS topics of us-east-1;
    - `server_error_percent`: how many of a hundred requests the distribution answers with 5XX, in two of three times five minutes (default 5);
    - `blocked_requests`: how many requests the web ACL blocks in five minutes (default 1000). With count_only it blocks none.
  EOT
  type = object({
    actions              = list(string)
    server_error_percent = optional(number, 5)
    blocked_requests     = optional(number, 1000)
  })
  default = null

  validation {
    condition     = var.alarms == null ? true : try(length(var.alarms.actions) >= 1 && length(var.alarms.actions) <= 5 && alltrue([for action in var.alarms.actions : can(regex("^arn:[a-z-]+:[a-z0-9-]+:us-east-1:[0-9]{12}:[!-~]+$", action))]) && length(distinct(var.alarms.actions)) == length(var.alarms.actions), false)
    error_message = "alarms.actions must have 1 to 5 different ARNs of us-east-1, where the alarms are: an alarm that tells nobody is none."
  }

  validation {
    condition     = var.alarms == null ? true : var.alarms.server_error_percent > 0 && var.alarms.server_error_percent <= 100 && var.alarms.blocked_requests == floor(var.alarms.blocked_requests) && var.alarms.blocked_requests >= 1
    error_message = "alarms.server_error_percent must be above 0 and at most 100, and alarms.blocked_requests a whole number of at least 1."
  }
}

variable "user_pool" {
  description = "A Cognito user pool whose sign-in gets a web ACL of its own, of its Region, since people reach it past the distribution: `arn`, and `kms_key_arn` of a key of that Region for the log. Null, the default, makes none; AWS bills each web ACL by the month."
  type = object({
    arn         = string
    kms_key_arn = string
  })
  default = null

  validation {
    condition     = var.user_pool == null ? true : can(regex("^arn:[a-z-]+:cognito-idp:[a-z0-9-]+:[0-9]{12}:userpool/[a-z0-9-]+_[A-Za-z0-9]+$", var.user_pool.arn)) && can(regex("^arn:[a-z-]+:kms:[a-z0-9-]+:[0-9]{12}:key/[A-Za-z0-9-]+$", var.user_pool.kms_key_arn))
    error_message = "user_pool must have the ARN of a user pool (arn:aws:cognito-idp:<region>:<account>:userpool/<id>) and, as kms_key_arn, that of a key (arn:aws:kms:<region>:<account>:key/<id>), not an alias or a bare id."
  }

  validation {
    condition     = var.user_pool == null ? true : try(split(":", var.user_pool.arn)[3] == split(":", var.user_pool.kms_key_arn)[3], true)
    error_message = "user_pool.kms_key_arn must be a key of the user pool's Region, where its web ACL and the log of that are."
  }
}

variable "sign_in_rate" {
  description = "Requests that one IP address may make to the user pool in five minutes (10 to 2000000000), with user_pool."
  type        = number
  default     = 300
  nullable    = false

  validation {
    condition     = var.sign_in_rate == floor(var.sign_in_rate) && var.sign_in_rate >= 10 && var.sign_in_rate <= 2000000000
    error_message = "sign_in_rate must be a whole number from 10 to 2000000000."
  }
}

#### Keys and logs ####

variable "kms_key" {
  description = "A customer-managed KMS key of us-east-1, as `{ arn = ... }`, for the bucket and the logs; its policy must let S3, CloudFront and CloudWatch Logs use it (see the README). Null, the default, makes one."
  type = object({
    arn = string
  })
  default = null

  validation {
    condition     = var.kms_key == null ? true : can(regex("^arn:[a-z-]+:kms:us-east-1:[0-9]{12}:key/[A-Za-z0-9-]+$", var.kms_key.arn))
    error_message = "kms_key.arn must be the ARN of a KMS key of us-east-1, where CloudFront's and its web ACL's logs are."
  }
}

variable "kms_deletion_window_days" {
  description = "Days that KMS waits before it destroys the module's own key (7 to 30)."
  type        = number
  default     = 30
  nullable    = false

  validation {
    condition     = var.kms_deletion_window_days == floor(var.kms_deletion_window_days) && var.kms_deletion_window_days >= 7 && var.kms_deletion_window_days <= 30
    error_message = "kms_deletion_window_days must be a whole number from 7 to 30."
  }
}

variable "log_retention_days" {
  description = "Days that the logs are kept: of CloudFront, of the web ACLs and of the bucket. One of the numbers that CloudWatch Logs takes."
  type        = number
  default     = 365
  nullable    = false

  validation {
    condition     = contains([1, 3, 5, 7, 14, 30, 60, 90, 120, 150, 180, 365, 400, 545, 731, 1096, 1827, 2192, 2557, 2922, 3288, 3653], var.log_retention_days)
    error_message = "log_retention_days must be one of 1, 3, 5, 7, 14, 30, 60, 90, 120, 150, 180, 365, 400, 545, 731, 1096, 1827, 2192, 2557, 2922, 3288 and 3653."
  }
}

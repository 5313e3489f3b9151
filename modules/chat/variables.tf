variable "name" {
  description = "Name of the chat and prefix of everything in it. Changing it replaces everything and loses messages and users."
  type        = string
  nullable    = false

  validation {
    condition     = can(regex("^[a-z][a-z0-9-]{0,38}[a-z0-9]$", var.name))
    error_message = "name must be 2 to 40 characters of a-z, 0-9 and hyphen, begin with a letter and not end with a hyphen."
  }
}

variable "tags" {
  description = "Tags of everything that takes tags."
  type        = map(string)
  default     = {}
  nullable    = false
}

variable "cost_tags" {
  description = "Whether everything that takes tags also says whose it is, for a bill by chat and part: `portcullis:chat` is the name, `portcullis:part` one of key, connections, messages, auth, connect, disconnect, message, api, edge and alarms. A bill shows them once they are activated as cost allocation tags. The same keys in `tags` win."
  type        = bool
  default     = false
  nullable    = false
}

#### Who may connect ####

variable "allowed_origins" {
  description = "Origins of web pages that may connect, each `https://host` or `https://host:port`, compared exactly. Empty means no web page at all, which needs allow_missing_origin."
  type        = list(string)
  nullable    = false
}

variable "allow_missing_origin" {
  description = "Whether a client that sends no Origin header may connect, as native clients do. Browsers always send one, so this does not open the door to other web pages; it gives up telling a browser from a script."
  type        = bool
  default     = false
  nullable    = false
}

variable "origin_secrets" {
  description = "Secrets of which the header x-origin-verify must carry one, at most two so that they can be rotated; set by the edge in front of the API, so that nobody goes round it: the module's own (`edge`) sends the first. Only their SHA-256 reaches the authorizer. At least 32 characters each; `openssl rand -hex 32` makes one. Empty, the default, checks nothing: callers may come directly."
  type        = list(string)
  default     = []
  sensitive   = true
  nullable    = false

  validation {
    condition     = var.edge == null ? true : length(var.origin_secrets) > 0
    error_message = "edge needs origin_secrets, one or, while rotating, two: without a secret everybody could go round the edge. openssl rand -hex 32 makes one."
  }
}

variable "oidc" {
  description = "An OpenID Connect issuer of your own: issuer (exact value of the claim `iss`), jwks_uri (URL of its keys), audiences (one or more), and token_type_check (`typ`, the default, for RFC 9068 access tokens; `token_use`; `typ_claim`; or `none`, which lets ID tokens in). Null, the default, makes a Cognito user pool and an app client."
  type = object({
    issuer           = string
    jwks_uri         = string
    audiences        = list(string)
    token_type_check = optional(string)
  })
  default = null
}

variable "rooms" {
  description = "Which rooms a user may enter: `claim` is the claim of the access token that lists them (for example `cognito:groups`), `prefix` what the entries that count begin with. An entry is a room (`lobby`), or a beginning of names and a star (`team-*`), and with `:read` after it to read only; see the auth module. Null, the default, gives that up: everybody with a valid token may enter every room, and write there."
  type = object({
    claim  = string
    prefix = optional(string)
  })
  default = null
}

variable "baked_jwks" {
  description = "The issuer's public keys as a JSON Web Key Set, so that the first caller of a new authorizer does not wait for the issuer; see the auth module for what that costs when the issuer withdraws a key. Null, the default, always fetches."
  type        = string
  default     = null
}

variable "user_pool" {
  description = <<-EOT
    Settings of the Cognito user pool; what is left out has the default of the auth module, whose README says what each gives up. With `oidc` there is no pool, and nothing may be set here:

    - `mfa`: ON, OPTIONAL (default) or OFF;
    - `threat_protection`: ENFORCED (default), AUDIT or OFF;
    - `allow_self_sign_up`: whether anybody may make an account (default false);
    - `refresh_token_rotation`: `{}` replaces a refresh token each time it is used, grace_seconds (10) after which the one before is no longer good (none: they stay good until refresh_hours are over);
    - `token_validity`: access_minutes (30), id_minutes (30), refresh_hours (12);
    - `password_policy`: minimum_length (12), the required classes (all), history_size (5), temporary_validity_days (1);
    - `callback_urls`, `logout_urls`: of the hosted sign-in (none: OAuth flows are off);
    - `sign_in_domain`: where the pages of the hosted sign-in are, by `prefix` or `custom` (none: there are no pages).
  EOT
  type = object({
    mfa                = optional(string)
    threat_protection  = optional(string)
    allow_self_sign_up = optional(bool)
    refresh_token_rotation = optional(object({
      grace_seconds = optional(number)
    }))
    token_validity = optional(object({
      access_minutes = optional(number)
      id_minutes     = optional(number)
      refresh_hours  = optional(number)
    }))
    password_policy = optional(object({
      minimum_length          = optional(number)
      require_lowercase       = optional(bool)
      require_uppercase       = optional(bool)
      require_numbers         = optional(bool)
      require_symbols         = optional(bool)
      history_size            = optional(number)
      temporary_validity_days = optional(number)
    }))
    callback_urls = optional(list(string))
    logout_urls   = optional(list(string))
    sign_in_domain = optional(object({
      prefix = optional(string)
      custom = optional(object({
        name        = string
        certificate = object({ arn = string })
      }))
      managed_login_version = optional(number)
    }))
  })
  default  = {}
  nullable = false

  validation {
    condition     = var.oidc == null || alltrue([for setting in values(var.user_pool) : setting == null])
    error_message = "user_pool is for the Cognito user pool: with oidc there is none, and the issuer has settings of its own."
  }
}

variable "cognito_endpoint" {
  description = "Base URL of the regional Cognito endpoint that the authorizer fetches the pool's keys from, for example a FIPS endpoint. Null uses AWS's own."
  type        = string
  default     = null
}

#### The chat ####

variable "message_format" {
  description = "What happens to the text of a message: `text` keeps and escapes everything, `strip` removes tags, `rich` lets b, i, em, strong, code, pre, br and https links through."
  type        = string
  default     = "text"
  nullable    = false

  validation {
    condition     = contains(["text", "strip", "rich"], var.message_format)
    error_message = "message_format must be text, strip or rich."
  }
}

variable "max_frame_bytes" {
  description = "Longest frame that a client may send, in bytes (1024 to 32768, which is API Gateway's own limit)."
  type        = number
  default     = 8192
  nullable    = false

  validation {
    condition     = var.max_frame_bytes == floor(var.max_frame_bytes) && var.max_frame_bytes >= 1024 && var.max_frame_bytes <= 32768
    error_message = "max_frame_bytes must be a whole number from 1024 to 32768."
  }
}

variable "max_text_bytes" {
  description = "Longest text of a message, in bytes of UTF-8 (1 to 24576). Escaping makes some characters up to five times as long, and a message that no longer fits API Gateway's frame of 32 KB then is refused as too_large. What is stored costs one write unit for each KB."
  type        = number
  default     = 4096
  nullable    = false

  validation {
    condition     = var.max_text_bytes == floor(var.max_text_bytes) && var.max_text_bytes >= 1 && var.max_text_bytes <= 24576
    error_message = "max_text_bytes must be a whole number from 1 to 24576."
  }

  validation {
    condition     = var.max_text_bytes + 256 <= var.max_frame_bytes
    error_message = "max_text_bytes must be at least 256 less than max_frame_bytes, or the longest text could never be sent."
  }
}

variable "message_retention_days" {
  description = "Days after which a message expires (1 to 3650)."
  type        = number
  default     = 30
  nullable    = false

  validation {
    condition     = var.message_retention_days == floor(var.message_retention_days) && var.message_retention_days >= 1 && var.message_retention_days <= 3650
    error_message = "message_retention_days must be a whole number from 1 to 3650."
  }
}

variable "max_members" {
  description = "Connections that a room takes (2 to 5000); the next is refused with 503. Each message is one post to each of them, and API Gateway counts those posts against the account's request quota."
  type        = number
  default     = 500
  nullable    = false

  validation {
    condition     = var.max_members == floor(var.max_members) && var.max_members >= 2 && var.max_members <= 5000
    error_message = "max_members must be a whole number from 2 to 5000."
  }
}

variable "max_connections_per_user" {
  description = "Connections that one user may have open (1 to 50); the next is refused with 429. A client that renews its token needs two for a moment."
  type        = number
  default     = 5
  nullable    = false

  validation {
    condition     = var.max_connections_per_user == floor(var.max_connections_per_user) && var.max_connections_per_user >= 1 && var.max_connections_per_user <= 50
    error_message = "max_connections_per_user must be a whole number from 1 to 50."
  }
}

variable "page_size" {
  description = "Most that one answer holds: `history` in messages and `members` in users (1 to 100 each). A client asks on from where an answer ends, so a smaller page costs more requests and fewer read units each."
  type = object({
    history = optional(number, 100)
    members = optional(number, 100)
  })
  default  = {}
  nullable = false

  validation {
    condition     = alltrue([for size in [var.page_size.history, var.page_size.members] : size == floor(size) && size >= 1 && size <= 100])
    error_message = "page_size.history and page_size.members must be whole numbers from 1 to 100."
  }
}

variable "rate_limit" {
  description = "What one user may do over all connections: `messages_per_minute` (1 to 600) and `bytes_per_minute` of text (at least 1024 and at least max_text_bytes, at most 10485760); `reads_per_minute`, requests for history or members (1 to 6000); and `refusals_per_minute` (1 to 6000), frames that are refused by the user's own fault: with one more the connection is closed, and the next one refused with 429 for as long as another refusal would have to wait."
  type = object({
    messages_per_minute = optional(number, 60)
    bytes_per_minute    = optional(number, 65536)
    reads_per_minute    = optional(number, 120)
    refusals_per_minute = optional(number, 30)
  })
  default  = {}
  nullable = false

  validation {
    condition     = var.rate_limit.messages_per_minute == floor(var.rate_limit.messages_per_minute) && var.rate_limit.messages_per_minute >= 1 && var.rate_limit.messages_per_minute <= 600
    error_message = "rate_limit.messages_per_minute must be a whole number from 1 to 600."
  }

  validation {
    condition     = alltrue([for rate in [var.rate_limit.reads_per_minute, var.rate_limit.refusals_per_minute] : rate == floor(rate) && rate >= 1 && rate <= 6000])
    error_message = "rate_limit.reads_per_minute and rate_limit.refusals_per_minute must be whole numbers from 1 to 6000."
  }

  validation {
    condition     = var.rate_limit.bytes_per_minute == floor(var.rate_limit.bytes_per_minute) && var.rate_limit.bytes_per_minute >= max(1024, var.max_text_bytes) && var.rate_limit.bytes_per_minute <= 10485760
    error_message = "rate_limit.bytes_per_minute must be a whole number from 1024 to 10485760, and not below max_text_bytes, or the longest message could never be sent."
  }
}

#### Limits of the stage and of the functions ####

variable "stage_name" {
  description = "Name of the stage, which is the path of the URL that clients connect to."
  type        = string
  default     = "live"
  nullable    = false
}

variable "custom_domain" {
  description = "A domain name of your own for the API: `name`; `certificate` (`{ arn = ... }`, of ACM in the chat's Region; null if the domain name exists already); `mapping_key`, a path below the name (default: none); `hosted_zone` (`{ id = ... }` of Route 53, for the record; null leaves DNS to you, see the output `custom_domain`). Null, the default, leaves the API at its execute-api endpoint alone. See the api module."
  type = object({
    name        = string
    certificate = optional(object({ arn = string }))
    mapping_key = optional(string)
    hosted_zone = optional(object({ id = string }))
  })
  default = null
}

variable "disable_execute_api_endpoint" {
  description = "Whether the API's own endpoint (<id>.execute-api.<region>.amazonaws.com) refuses everybody, so that custom_domain is the only way in, for the functions' posts to connections too. False, the default, leaves a second way in past whatever stands before the domain name."
  type        = bool
  default     = false
  nullable    = false

  validation {
    condition     = !var.disable_execute_api_endpoint || var.custom_domain != null
    error_message = "disable_execute_api_endpoint needs custom_domain: without one nobody could connect."
  }
}

variable "edge" {
  description = <<-EOT
    CloudFront with a web ACL before the API, the API locked to it, and a site; needs `origin_secrets`, and the provider `aws.us_east_1` to be one of us-east-1. Null, the default, makes nothing of it. `{}` has all defaults, which are those of the [waf](../waf) module, whose README says what each gives up:

    - `site`: `dir`, the folder of its files (default: the project's own web client), to which a config.json is added; `enabled = false` for no site; with `oidc`, `client_id` of the page at your issuer (default: the first of its audiences), the `scopes` it asks for (default: openid), and `issuer_origins`, origins of sign-in and tokens besides that of the discovery document, as `https://host`;
    - `site_url`: URL that browsers use, `https://host`; it becomes an allowed origin, and callback and logout URL of the user pool if that has a `sign_in_domain` (default: the first of `aliases`, or the distribution's own name);
    - `aliases` and `certificate` (`{ arn = ... }`, of us-east-1), `minimum_tls`, `price_class`, `geo_restriction`, `hsts`, `wait_for_deployment`;
    - `rate`, `limits`, `addresses`, `countries`, `managed_groups`, `bot_control`, `custom_rules`, `anti_ddos`, `count_only`: the web ACL;
    - `protect_sign_in`: a web ACL for the user pool too (default false), and `sign_in_rate`;
    - `alarms`: on errors and on what is blocked, `actions` (ARNs of us-east-1, where no topic of the chat's own alarms is), `server_error_percent` and `blocked_requests`;
    - `log_allowed`, `access_log_fields`, `kms_key` (of us-east-1).

    With `custom_domain` the distribution reaches the API by that name, which needs a mapping_key, and the API's own endpoint refuses everybody.
  EOT
  type = object({
    site = optional(object({
      enabled        = optional(bool, true)
      dir            = optional(string)
      client_id      = optional(string)
      scopes         = optional(list(string))
      issuer_origins = optional(list(string), [])
      error_pages    = optional(map(string))
    }), {})
    site_url            = optional(string)
    aliases             = optional(list(string))
    certificate         = optional(object({ arn = string }))
    minimum_tls         = optional(string)
    price_class         = optional(string)
    geo_restriction     = optional(object({ allow = optional(list(string)), deny = optional(list(string)) }))
    hsts                = optional(object({ days = optional(number), include_subdomains = optional(bool), preload = optional(bool) }))
    wait_for_deployment = optional(bool)
    rate                = optional(object({ requests = optional(number), handshakes = optional(number), window_seconds = optional(number) }))
    limits              = optional(object({ path_bytes = optional(number), query_bytes = optional(number), handshake_query_bytes = optional(number), allow_oversized_headers = optional(bool) }))
    addresses = optional(object({
      allow = optional(object({ ipv4 = optional(list(string)), ipv6 = optional(list(string)) }))
      deny  = optional(object({ ipv4 = optional(list(string)), ipv6 = optional(list(string)) }))
    }))
    countries = optional(object({ allow = optional(list(string)), deny = optional(list(string)) }))
    managed_groups = optional(object({
      common           = optional(object({ enabled = optional(bool), count = optional(bool), version = optional(string), overrides = optional(map(string)) }))
      known_bad_inputs = optional(object({ enabled = optional(bool), count = optional(bool), version = optional(string), overrides = optional(map(string)) }))
      sql_injection    = optional(object({ enabled = optional(bool), count = optional(bool), version = optional(string), overrides = optional(map(string)) }))
      ip_reputation    = optional(object({ enabled = optional(bool), count = optional(bool), version = optional(string), overrides = optional(map(string)) }))
      anonymous_ip     = optional(object({ enabled = optional(bool), count = optional(bool), version = optional(string), overrides = optional(map(string)) }))
    }))
    bot_control = optional(object({ level = optional(string), overrides = optional(map(string)) }))
    custom_rules = optional(map(object({
      priority = number
      action   = optional(string)
      status   = optional(number)
      labels   = optional(list(string))
      when = object({
        text        = optional(list(object({ part = string, header = optional(string), match = optional(string), value = string, lower = optional(bool) })))
        countries   = optional(list(string))
        ip_set_arns = optional(list(string))
        labels      = optional(list(string))
      })
    })))
    anti_ddos         = optional(bool)
    count_only        = optional(bool)
    protect_sign_in   = optional(bool, false)
    sign_in_rate      = optional(number)
    alarms            = optional(object({ actions = list(string), server_error_percent = optional(number), blocked_requests = optional(number) }))
    log_allowed       = optional(bool)
    access_log_fields = optional(list(string))
    kms_key           = optional(object({ arn = string }))
  })
  default = null

  validation {
    condition     = var.edge == null || var.custom_domain == null ? true : var.custom_domain.mapping_key != null
    error_message = "With edge, custom_domain needs a mapping_key: it is the path below the site at which clients connect."
  }

  validation {
    condition     = var.edge == null ? true : !var.edge.protect_sign_in || var.oidc == null
    error_message = "edge.protect_sign_in is for the Cognito user pool: with oidc there is none."
  }

  validation {
    condition     = var.edge == null ? true : var.edge.sign_in_rate == null || var.edge.protect_sign_in
    error_message = "edge.sign_in_rate needs edge.protect_sign_in: without it there is no web ACL that counts sign-ins."
  }

  validation {
    condition     = var.edge == null ? true : var.edge.site.enabled || alltrue([for name, setting in var.edge.site : setting == null || name == "enabled" || try(length(setting) == 0, false)])
    error_message = "edge.site.enabled = false serves no site: leave out the site's other settings."
  }

  validation {
    condition     = var.edge == null ? true : var.oidc != null || var.edge.site.client_id == null && var.edge.site.scopes == null
    error_message = "edge.site.client_id and edge.site.scopes are for an issuer of your own (oidc): the client of the Cognito user pool is made here, and knows openid alone."
  }
}

variable "throttle" {
  description = "Requests that API Gateway lets through, of all clients together: `rate` a second and `burst` at once, for each route; and for new connections `connect_rate` and `connect_burst`."
  type = object({
    rate          = optional(number, 100)
    burst         = optional(number, 200)
    connect_rate  = optional(number, 20)
    connect_burst = optional(number, 40)
  })
  default  = {}
  nullable = false

  validation {
    condition     = var.throttle.rate > 0 && var.throttle.connect_rate > 0 && alltrue([for burst in [var.throttle.burst, var.throttle.connect_burst] : burst >= 1 && burst == floor(burst)])
    error_message = "throttle.rate and throttle.connect_rate must be above 0 (a second), throttle.burst and throttle.connect_burst whole numbers of at least 1; 0 would refuse everything."
  }
}

variable "reserved_concurrency" {
  description = "How many instances of each function may run at once: a whole number, or the word unreserved. Together they are taken from the account's concurrency (1,000 in most accounts, 10 in new ones, where every number is refused and only unreserved works). Unreserved gives up the bound: a flood can take the concurrency of the account's other functions."
  type = object({
    authorizer = optional(string, "25")
    connect    = optional(string, "25")
    disconnect = optional(string, "25")
    message    = optional(string, "100")
  })
  default  = {}
  nullable = false
}

variable "memory_mb" {
  description = "Memory of each function in MB (128 to 10240). Their share of a processor grows with it."
  type = object({
    authorizer = optional(number, 256)
    connect    = optional(number, 256)
    disconnect = optional(number, 256)
    message    = optional(number, 512)
  })
  default  = {}
  nullable = false
}

#### Packages ####

variable "package_dir" {
  description = "Folder with authorizer.zip, connect.zip, disconnect.zip, message.zip and SHA256SUMS, as `make package` or a release makes it. A missing zip or another sum is refused at plan time. Null, the default, where package_objects is given."
  type        = string
  default     = null

  validation {
    condition     = (var.package_dir == null) != (var.package_objects == null)
    error_message = "Give exactly one of package_dir and package_objects."
  }
}

variable "package_objects" {
  description = "The functions' zips as versions of S3 objects in the chat's Region, instead of package_dir: for each of authorizer, connect, disconnect and message bucket, key, version_id, and sha256, the zip's SHA-256 in base64. Null, the default, is zips from a folder. Signed zips come this way, since AWS Signer writes to S3."
  type = object({
    authorizer = object({ bucket = string, key = string, version_id = string, sha256 = string })
    connect    = object({ bucket = string, key = string, version_id = string, sha256 = string })
    disconnect = object({ bucket = string, key = string, version_id = string, sha256 = string })
    message    = object({ bucket = string, key = string, version_id = string, sha256 = string })
  })
  default = null
}

variable "code_signing" {
  description = "Who may publish the functions' code, as `{ profile_version_arns = [...] }` of AWS Signer; Lambda refuses any other zip. Null, the default, gives that up: whoever may update a function may run any code in it."
  type = object({
    profile_version_arns = list(string)
  })
  default = null
}

variable "architecture" {
  description = "Instruction set that the packages were built for: arm64 or x86_64."
  type        = string
  default     = "arm64"
  nullable    = false
}

#### Keys, rights and what is kept ####

variable "kms_key" {
  description = "A customer-managed KMS key of your own, as `{ arn = ... }`; its policy must let DynamoDB, Lambda and CloudWatch Logs use it (see the README). Null, the default, makes one for this chat alone."
  type = object({
    arn = string
  })
  default = null
}

variable "kms_deletion_window_days" {
  description = "Days that KMS waits before it destroys the module's own keys, this chat's and its edge's (7 to 30), and with them what was encrypted. Null, the default, is 30."
  type        = number
  default     = null

  validation {
    condition     = var.kms_deletion_window_days == null ? true : var.kms_deletion_window_days == floor(var.kms_deletion_window_days) && var.kms_deletion_window_days >= 7 && var.kms_deletion_window_days <= 30
    error_message = "kms_deletion_window_days must be a whole number from 7 to 30."
  }

  validation {
    condition     = var.kms_deletion_window_days == null || var.kms_key == null || try(var.edge.kms_key == null, false)
    error_message = "kms_deletion_window_days is for the module's own keys: with kms_key, and without an edge that makes another, there are none."
  }
}

variable "permissions_boundary" {
  description = "ARN of an IAM policy that bounds the role of each function, or null for none."
  type        = string
  default     = null
}

variable "deletion_protection" {
  description = "Whether AWS refuses to delete the tables and the user pool. False gives that up: `terraform destroy`, or a caller with the rights, removes all messages and users."
  type        = bool
  default     = true
  nullable    = false
}

variable "point_in_time_recovery" {
  description = "Whether the tables can be restored to any second of the last 35 days. False gives up every message that a faulty release or an intruder deletes."
  type        = bool
  default     = true
  nullable    = false
}

variable "log_retention_days" {
  description = "Days that CloudWatch keeps the logs of the functions and of the API."
  type        = number
  default     = 365
  nullable    = false
}

variable "keep_logs" {
  description = "Whether `terraform destroy` leaves the log groups of the functions and of the API behind, for looking into what happened: they are then removed from the state alone, kept for log_retention_days, and have to be imported or deleted before a chat of this name is made again. Needs kms_key, since logs end with their key. The edge's logs always go. False, the default, removes them with the rest."
  type        = bool
  default     = false
  nullable    = false

  validation {
    condition     = !var.keep_logs || var.kms_key != null
    error_message = "keep_logs needs kms_key: the module's own key is destroyed with the chat, and nobody could read the logs."
  }
}

variable "log_level" {
  description = "Least level of the functions' log lines that is kept: TRACE, DEBUG, INFO, WARN, ERROR or FATAL."
  type        = string
  default     = "INFO"
  nullable    = false
}

variable "access_log_fields" {
  description = "Fields of a line of the API's access log: names and the `$context` variables they hold. Only variables that cannot carry a token, a key or a message are allowed (see the api module), and `$context.requestId` or `$context.extendedRequestId` must be among them. Null, the default, takes the api module's, which name the user and their IP address: give your own where these must not be kept."
  type        = map(string)
  default     = null
}

variable "tracing_mode" {
  description = "Active samples calls of the functions into AWS X-Ray. PassThrough gives that up."
  type        = string
  default     = "Active"
  nullable    = false
}

variable "ip_address_type" {
  description = "Addresses by which the API, and its custom_domain if there is one, can be reached: ipv4, the default, or dualstack for IPv6 as well. An edge has both in any case."
  type        = string
  default     = "ipv4"
  nullable    = false
}

variable "detailed_metrics" {
  description = "Whether CloudWatch gets API metrics for each route as well as for the stage. They are billed as custom metrics."
  type        = bool
  default     = false
  nullable    = false
}

variable "metrics_namespace" {
  description = "CloudWatch namespace of the metrics that the functions write of themselves in their logs (docs/metrics.md). They are billed as custom metrics. Null writes none."
  type        = string
  default     = "Portcullis"
}

#### Alarms and dashboard ####

variable "alarms" {
  description = <<-EOT
    Alarms on the API, the functions and the tables, `{}` for all defaults. Null, the default, makes none: nobody is told when the chat fails.

    - `topic`: `{ arn = ... }` of an SNS topic of your own that is told when an alarm begins and ends. CloudWatch must be allowed to publish to it, and to use its key (`kms:Decrypt`, `kms:GenerateDataKey*`; AWS's own key for SNS does not allow that). Null makes one here, encrypted with the chat's key: subscribe to the output `alarm_topic_arn`.
    - `thresholds`: from how much on in five minutes, each a whole number of at least 1. Of the API `integration_errors` (50), `execution_errors` (5), `client_errors` (200), `connects` (80% of the throttle of new connections) and `latency_ms` (5000); of each function `failures` (1), `function_errors` (1), `function_throttles` (1), and `authorizer_errors` (100, since each 401 is one); of refused users `refused_handshakes` (100) and `refused_connects` (50); of messages `fanout_failures` (10) and `fanout_incomplete` (1); of each table `table_throttles` (1) and `table_errors` (5).

    Those of failures, refused users and messages need metrics_namespace: without it there are no such alarms, and no threshold for them may be set.
  EOT
  type = object({
    topic = optional(object({ arn = string }))
    thresholds = optional(object({
      integration_errors = optional(number)
      execution_errors   = optional(number)
      client_errors      = optional(number)
      connects           = optional(number)
      latency_ms         = optional(number)
      failures           = optional(number)
      function_errors    = optional(number, 1)
      function_throttles = optional(number, 1)
      authorizer_errors  = optional(number, 100)
      refused_handshakes = optional(number)
      refused_connects   = optional(number)
      fanout_failures    = optional(number)
      fanout_incomplete  = optional(number)
      table_throttles    = optional(number, 1)
      table_errors       = optional(number, 5)
    }), {})
  })
  default = null

  validation {
    condition     = var.alarms == null ? true : var.alarms.topic == null ? true : can(regex("^arn:[a-z-]+:sns:[a-z0-9-]+:[0-9]{12}:[A-Za-z0-9_-]{1,256}$", var.alarms.topic.arn))
    error_message = "alarms.topic.arn must be the ARN of an SNS topic that is not FIFO (arn:aws:sns:<region>:<account>:<name>)."
  }

  validation {
    condition     = var.alarms == null ? true : alltrue([for threshold in values(var.alarms.thresholds) : threshold == null ? true : threshold == floor(threshold) && threshold >= 1])
    error_message = "Each of alarms.thresholds must be a whole number of at least 1."
  }

  validation {
    condition = var.alarms == null || var.metrics_namespace != null ? true : alltrue([
      for name in ["failures", "refused_handshakes", "refused_connects", "fanout_failures", "fanout_incomplete"] : var.alarms.thresholds[name] == null
    ])
    error_message = "alarms.thresholds of failures, refused_handshakes, refused_connects, fanout_failures and fanout_incomplete are of the functions' own metrics: with metrics_namespace = null there are none."
  }
}

variable "dashboard" {
  description = "Whether to make a CloudWatch dashboard of the chat: API, functions, tables and the functions' own metrics. CloudWatch bills each dashboard of an account beyond the third."
  type        = bool
  default     = false
  nullable    = false
}

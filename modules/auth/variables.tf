variable "name" {
  description = "Name of the authorizer function, the user pool and its client; also the prefix of what belongs to them. Changing it replaces the user pool and loses its users."
  type        = string
  nullable    = false

  validation {
    condition     = can(regex("^[a-z][a-z0-9-]{0,50}[a-z0-9]$", var.name))
    error_message = "name must be 2 to 52 characters of a-z, 0-9 and hyphen, begin with a letter and not end with a hyphen."
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

  validation {
    condition     = length(distinct([for key in keys(var.tags) : lower(key)])) == length(var.tags)
    error_message = "tags must not have two keys that differ in upper and lower case alone: IAM takes them for one."
  }
}

#### Who may connect ####

variable "oidc" {
  description = <<-EOT
    An OpenID Connect issuer of your own. Null, the default, makes an Amazon Cognito user pool.

    - `issuer`: exact value of the claim `iss`; an https URL.
    - `jwks_uri`: URL of the issuer's keys; https, or http on a loopback address.
    - `audiences`: values of which the claim `aud` must hold one (or, in a token without `aud`, `client_id`; or, without that too, `azp`).
    - `token_type_check`: what tells an access token from an ID token: `typ` (the JOSE header says `at+jwt`, RFC 9068; the default), `token_use` (the claim says `access`, as Cognito writes it), `typ_claim` (the claim `typ` says `Bearer`, as Keycloak writes it), or `none`, which gives the distinction up: an ID token that leaks opens the chat.
  EOT
  type = object({
    issuer           = string
    jwks_uri         = string
    audiences        = list(string)
    token_type_check = optional(string, "typ")
  })
  default = null

  validation {
    condition     = var.oidc == null || can(regex("^[!-~]{1,512}$", var.oidc.issuer)) && can(regex("^(https://(?i:[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?(\\.[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?)*)|http://(127(\\.(25[0-5]|(2[0-4]|1[0-9]|[1-9])?[0-9])){3}|\\[::1\\]|localhost))(:([1-9][0-9]{0,3}|[1-5][0-9]{4}|6[0-4][0-9]{3}|65[0-4][0-9]{2}|655[0-2][0-9]|6553[0-5]))?(/([A-Za-z0-9._~!$&'()*+,;=:@/-]|%[0-9A-Fa-f]{2})*)?$", var.oidc.issuer))
    error_message = "oidc.issuer must be an https URL of at most 512 ASCII characters without user, query and fragment, exactly as the tokens write it; http is for loopback addresses only."
  }

  validation {
    condition     = var.oidc == null || can(regex("^(https://(?i:[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?(\\.[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?)*)|http://(127(\\.(25[0-5]|(2[0-4]|1[0-9]|[1-9])?[0-9])){3}|\\[::1\\]|localhost))(:([1-9][0-9]{0,3}|[1-5][0-9]{4}|6[0-4][0-9]{3}|65[0-4][0-9]{2}|655[0-2][0-9]|6553[0-5]))?(/([A-Za-z0-9._~!$&'()*+,;=:@/-]|%[0-9A-Fa-f]{2})*)?$", var.oidc.jwks_uri))
    error_message = "oidc.jwks_uri must be an https URL without user, query and fragment; http is for loopback addresses (127.0.0.0/8, [::1], localhost) only."
  }

  validation {
    condition     = var.oidc == null || try(length(var.oidc.audiences) > 0 && alltrue([for audience in var.oidc.audiences : can(regex("^[^\\pZ\\pC,]+$", audience))]) && length(distinct(var.oidc.audiences)) == length(var.oidc.audiences), false)
    error_message = "oidc.audiences must have one or more different entries, none empty, none with a comma, white space or a character that cannot be seen."
  }

  validation {
    condition     = var.oidc == null || try(contains(["typ", "token_use", "typ_claim", "none"], var.oidc.token_type_check), false)
    error_message = "oidc.token_type_check must be typ, token_use, typ_claim or none."
  }
}

variable "rooms" {
  description = <<-EOT
    Which rooms a user may enter, by a claim of the access token. Null, the default, gives that up: everybody with a valid token may enter every room, and write there.

    - `claim`: name of the claim, exactly and at the top level of the token, for example `cognito:groups`. It is an array of strings or one string with spaces between entries, of 100 entries at most; without it a user enters no room.
    - `prefix`: only entries that begin so count, and what follows it is the entry: `room:` keeps a group called admins from opening a room called admins. Empty, the default, where the claim lists rooms and nothing else.

    An entry is the name of a room, or the beginning of names and a star (`team-*`; `*` alone is every room), and with `:read` after it the room may be read but not written in (`news:read`). Of several entries that match, the one that gives more counts. What is no such entry opens nothing.
  EOT
  type = object({
    claim  = string
    prefix = optional(string, "")
  })
  default = null

  validation {
    condition     = var.rooms == null || can(regex("^[!-~]{1,128}$", var.rooms.claim))
    error_message = "rooms.claim must be the name of a claim: 1 to 128 printable ASCII characters without spaces."
  }

  validation {
    condition     = var.rooms == null || can(regex("^[!-~]{0,64}$", var.rooms.prefix))
    error_message = "rooms.prefix must be at most 64 printable ASCII characters without spaces."
  }
}

variable "baked_jwks" {
  description = "The issuer's public keys as a JSON Web Key Set of at most 2500 characters, so that the first caller of a new instance does not wait for the issuer. They are renewed as fetched ones are: a key that the issuer withdraws stays good for an hour in each new instance until it is taken out here as well. Null, the default, always fetches."
  type        = string
  default     = null

  validation {
    condition     = var.baked_jwks == null || try(length(var.baked_jwks) <= 2500 && can(jsondecode(var.baked_jwks).keys[0]) && alltrue([for key in jsondecode(var.baked_jwks).keys : can(keys(key))]), false)
    error_message = "baked_jwks must be null or a JSON Web Key Set, {\"keys\": [...]} with at least one key and nothing else in the list, in at most 2500 characters (a function's settings may have 4 KB in all)."
  }

  # The authorizer does not start with a set of which it can use no key.
  validation {
    condition = var.baked_jwks == null || anytrue([for key in try(tolist([for key in jsondecode(var.baked_jwks).keys : jsonencode(key)]), []) :
      try(length(jsondecode(key).kid) > 0, false) &&
      try(jsondecode(key).use, "sig") == "sig" &&
      (try(jsondecode(key).kty == "RSA" && can(jsondecode(key).n) && can(jsondecode(key).e), false) ||
      try(jsondecode(key).kty == "EC" && jsondecode(key).crv == "P-256" && can(jsondecode(key).x) && can(jsondecode(key).y), false))
    ])
    error_message = "baked_jwks has no key that the authorizer can use: RSA (n, e) or EC on P-256 (x, y), with a kid, and for signatures if it has a use."
  }

  validation {
    condition     = try(length(distinct([for key in jsondecode(var.baked_jwks).keys : key.kid])) == length(jsondecode(var.baked_jwks).keys), true)
    error_message = "baked_jwks has two keys with one kid: the authorizer could not tell which is meant."
  }

  validation {
    condition = !anytrue([for key in try([for key in jsondecode(var.baked_jwks).keys : key], []) :
      length(setintersection(try(keys(key), []), ["d", "k", "p", "q", "dp", "dq", "qi", "oth", "priv"])) > 0
    ])
    error_message = "baked_jwks has a private or symmetric key in it: publish that one nowhere, and put public keys here."
  }
}

variable "allowed_origins" {
  description = "Origins of web pages that may connect, each `scheme://host` or `scheme://host:port`, compared exactly. Empty means no web page at all, which needs allow_missing_origin."
  type        = list(string)
  nullable    = false

  validation {
    condition     = alltrue([for origin in var.allowed_origins : can(regex("^(https://[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?(\\.[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?)*|http://(127(\\.(25[0-5]|(2[0-4]|1[0-9]|[1-9])?[0-9])){3}|\\[::1\\]|localhost))(:([1-9][0-9]{0,3}|[1-5][0-9]{4}|6[0-4][0-9]{3}|65[0-4][0-9]{2}|655[0-2][0-9]|6553[0-5]))?$", origin))]) && length(distinct(var.allowed_origins)) == length(var.allowed_origins)
    error_message = "Each allowed origin must be https://host or https://host:port, in lower case, without path, trailing slash or wildcard, and named once; http is for 127.0.0.0/8, [::1] and localhost only."
  }

  validation {
    condition     = length(var.allowed_origins) > 0 || var.allow_missing_origin
    error_message = "With no allowed origin and allow_missing_origin = false nobody could connect: name an origin, or allow clients without one."
  }
}

variable "allow_missing_origin" {
  description = "Whether a client that sends no Origin header may connect, as native clients do. Browsers always send one, so this does not open the door to other web pages; it gives up telling a browser from a script."
  type        = bool
  default     = false
  nullable    = false
}

variable "origin_secrets" {
  description = "Secrets of which the header x-origin-verify must carry one, at most two so that they can be rotated; set by the edge in front of the API, so that nobody goes round it. At least 32 characters each, eight different ones among them; `openssl rand -hex 32` makes one. Only their SHA-256 reaches the function. Empty, the default, checks nothing: callers may come directly."
  type        = list(string)
  default     = []
  sensitive   = true
  nullable    = false

  validation {
    condition     = length(var.origin_secrets) <= 2
    error_message = "origin_secrets must have two entries or fewer: the current one and, while rotating, the next."
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

#### Cognito user pool (with oidc there is none, and what is set here is refused) ####

variable "cognito_endpoint" {
  description = "Base URL of the regional Cognito endpoint that the authorizer fetches the pool's keys from, for example a FIPS endpoint. Null uses AWS's own, the one that the issuer names."
  type        = string
  default     = null

  validation {
    condition     = var.cognito_endpoint == null || can(regex("^(https://[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?(\\.[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?)*|http://(127(\\.(25[0-5]|(2[0-4]|1[0-9]|[1-9])?[0-9])){3}|\\[::1\\]|localhost))(:([1-9][0-9]{0,3}|[1-5][0-9]{4}|6[0-4][0-9]{3}|65[0-4][0-9]{2}|655[0-2][0-9]|6553[0-5]))?$", var.cognito_endpoint))
    error_message = "cognito_endpoint must be null or https://host[:port] in lower case without a path; http is for loopback addresses only."
  }

  validation {
    condition     = var.cognito_endpoint == null || var.oidc == null
    error_message = "cognito_endpoint is for the Cognito user pool: with oidc there is none, and the keys come from oidc.jwks_uri."
  }
}

variable "token_validity" {
  description = "How long Cognito's tokens are good: access_minutes and id_minutes (5 to 1440, by default 30), refresh_hours (1 to 87600, by default 12). The access token's time is also how long a removed user keeps what is open. Null, the default, is all defaults."
  type = object({
    access_minutes = optional(number, 30)
    id_minutes     = optional(number, 30)
    refresh_hours  = optional(number, 12)
  })
  default = null

  validation {
    condition     = var.token_validity == null ? true : alltrue([for minutes in [var.token_validity.access_minutes, var.token_validity.id_minutes] : minutes == floor(minutes) && minutes >= 5 && minutes <= 1440])
    error_message = "token_validity.access_minutes and .id_minutes must be whole numbers from 5 to 1440."
  }

  validation {
    condition     = var.token_validity == null ? true : var.token_validity.refresh_hours == floor(var.token_validity.refresh_hours) && var.token_validity.refresh_hours >= 1 && var.token_validity.refresh_hours <= 87600
    error_message = "token_validity.refresh_hours must be a whole number from 1 to 87600."
  }

  validation {
    condition     = var.token_validity == null ? true : var.token_validity.refresh_hours * 60 > max(var.token_validity.access_minutes, var.token_validity.id_minutes)
    error_message = "token_validity.refresh_hours must be longer than the access and ID tokens' time."
  }

  validation {
    condition     = var.token_validity == null || var.oidc == null
    error_message = "token_validity is for the Cognito user pool: with oidc there is none, and the issuer says how long its tokens are good."
  }
}

variable "refresh_token_rotation" {
  description = "Whether a refresh token is replaced each time it is used, as `{ grace_seconds = ... }`: for how long the one before stays good, for clients that lost the answer (0 to 60, by default 10). A stolen token is then of use once at most, and the client of its owner notices. Refreshing takes the token endpoint or GetTokensFromRefreshToken then, since Cognito has no ALLOW_REFRESH_TOKEN_AUTH beside it. Null, the default, gives that up: a refresh token is good until token_validity.refresh_hours are over, for whoever has it."
  type = object({
    grace_seconds = optional(number, 10)
  })
  default = null

  validation {
    condition     = var.refresh_token_rotation == null ? true : var.refresh_token_rotation.grace_seconds == floor(var.refresh_token_rotation.grace_seconds) && var.refresh_token_rotation.grace_seconds >= 0 && var.refresh_token_rotation.grace_seconds <= 60
    error_message = "refresh_token_rotation.grace_seconds must be a whole number from 0 to 60."
  }

  validation {
    condition     = var.refresh_token_rotation == null || var.oidc == null
    error_message = "refresh_token_rotation is for the Cognito user pool: with oidc there is none, and the issuer says how tokens are renewed."
  }
}

variable "password_policy" {
  description = "What a password must have: minimum_length in characters (12, the default, to 99), the character classes (all by default), how many earlier passwords may not come back (history_size, 0 to 24, by default 5), and for how many days the temporary password of an invitation is good (temporary_validity_days, 1, the default, to 365). Null, the default, is all defaults."
  type = object({
    minimum_length          = optional(number, 12)
    require_lowercase       = optional(bool, true)
    require_uppercase       = optional(bool, true)
    require_numbers         = optional(bool, true)
    require_symbols         = optional(bool, true)
    history_size            = optional(number, 5)
    temporary_validity_days = optional(number, 1)
  })
  default = null

  validation {
    condition     = var.password_policy == null ? true : var.password_policy.minimum_length == floor(var.password_policy.minimum_length) && var.password_policy.minimum_length >= 12 && var.password_policy.minimum_length <= 99
    error_message = "password_policy.minimum_length must be a whole number from 12 to 99."
  }

  validation {
    condition     = var.password_policy == null ? true : var.password_policy.history_size == floor(var.password_policy.history_size) && var.password_policy.history_size >= 0 && var.password_policy.history_size <= 24
    error_message = "password_policy.history_size must be a whole number from 0 to 24."
  }

  validation {
    condition     = var.password_policy == null ? true : var.password_policy.temporary_validity_days == floor(var.password_policy.temporary_validity_days) && var.password_policy.temporary_validity_days >= 1 && var.password_policy.temporary_validity_days <= 365
    error_message = "password_policy.temporary_validity_days must be a whole number from 1 to 365."
  }

  validation {
    condition     = var.password_policy == null || var.oidc == null
    error_message = "password_policy is for the Cognito user pool: with oidc there is none, and the issuer has its own rules."
  }
}

variable "mfa" {
  description = "Whether users need a second factor, an authenticator app: ON for everybody, OPTIONAL for those who set it up, OFF for nobody. OFF and OPTIONAL leave an account as safe as its password. Null, the default, is OPTIONAL."
  type        = string
  default     = null

  validation {
    condition     = var.mfa == null ? true : contains(["ON", "OPTIONAL", "OFF"], var.mfa)
    error_message = "mfa must be ON, OPTIONAL or OFF."
  }

  validation {
    condition     = var.mfa == null || var.oidc == null
    error_message = "mfa is for the Cognito user pool: with oidc there is none, and the issuer must ask for the second factor."
  }
}

variable "threat_protection" {
  description = "What Cognito does about stolen passwords and suspicious sign-ins: ENFORCED acts on them, AUDIT only records them, OFF gives both up. ENFORCED and AUDIT put the pool on the Plus plan, which is billed for each active user; OFF puts it on Essentials. Null, the default, is ENFORCED."
  type        = string
  default     = null

  validation {
    condition     = var.threat_protection == null ? true : contains(["ENFORCED", "AUDIT", "OFF"], var.threat_protection)
    error_message = "threat_protection must be ENFORCED, AUDIT or OFF."
  }

  validation {
    condition     = var.threat_protection == null || var.oidc == null
    error_message = "threat_protection is for the Cognito user pool: with oidc there is none, and the issuer must protect its sign-in itself."
  }
}

variable "allow_self_sign_up" {
  description = "Whether anybody may make an account. True gives up knowing who is in the chat: only administrators create users otherwise. Null, the default, is false."
  type        = bool
  default     = null

  validation {
    condition     = var.allow_self_sign_up == null || var.oidc == null
    error_message = "allow_self_sign_up is for the Cognito user pool: with oidc there is none, and the issuer says who gets an account."
  }
}

variable "deletion_protection" {
  description = "Whether Cognito refuses to delete the user pool. False gives that up: `terraform destroy`, or any caller with cognito-idp:DeleteUserPool, removes it with all its users. Null, the default, is true."
  type        = bool
  default     = null

  validation {
    condition     = var.deletion_protection == null || var.oidc == null
    error_message = "deletion_protection is for the Cognito user pool: with oidc there is none, and nothing to protect."
  }
}

variable "callback_urls" {
  description = "Where the hosted sign-in may send a browser back to with its code. Empty, the default, switches every OAuth flow off; otherwise only the code grant is on, which a public client uses with PKCE."
  type        = list(string)
  default     = []
  nullable    = false

  validation {
    condition     = length(var.callback_urls) <= 100 && alltrue([for url in var.callback_urls : can(regex("^(https://(?i:[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?(\\.[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?)*)|http://(localhost|127\\.0\\.0\\.1|\\[::1\\]))(:([1-9][0-9]{0,3}|[1-5][0-9]{4}|6[0-4][0-9]{3}|65[0-4][0-9]{2}|655[0-2][0-9]|6553[0-5]))?([/?][!-\"$-~]*)?$", url)) && try(length(url) <= 1024, false)])
    error_message = "callback_urls must be at most 100 https URLs of at most 1024 ASCII characters without user and fragment; http is for localhost, 127.0.0.1 and [::1] only."
  }

  validation {
    condition     = length(var.callback_urls) == 0 || var.oidc == null
    error_message = "callback_urls is for the Cognito user pool: with oidc there is none, and the issuer has its own."
  }
}

variable "logout_urls" {
  description = "Where the hosted sign-out may send a browser to. Needs callback_urls."
  type        = list(string)
  default     = []
  nullable    = false

  validation {
    condition     = length(var.logout_urls) <= 100 && alltrue([for url in var.logout_urls : can(regex("^(https://(?i:[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?(\\.[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?)*)|http://(localhost|127\\.0\\.0\\.1|\\[::1\\]))(:([1-9][0-9]{0,3}|[1-5][0-9]{4}|6[0-4][0-9]{3}|65[0-4][0-9]{2}|655[0-2][0-9]|6553[0-5]))?([/?][!-\"$-~]*)?$", url)) && try(length(url) <= 1024, false)])
    error_message = "logout_urls must be at most 100 https URLs of at most 1024 ASCII characters without user and fragment; http is for localhost, 127.0.0.1 and [::1] only."
  }

  validation {
    condition     = length(var.logout_urls) == 0 || var.oidc == null
    error_message = "logout_urls is for the Cognito user pool: with oidc there is none, and the issuer has its own."
  }

  validation {
    condition     = length(var.logout_urls) == 0 || length(var.callback_urls) > 0
    error_message = "logout_urls needs callback_urls: without them there is no hosted sign-in to log out of."
  }
}

variable "sign_in_domain" {
  description = <<-EOT
    Where Cognito serves its own pages for signing in and out, which a web client needs. Null, the default, serves none: users sign in by the API with SRP, as `portcullis chat` does. Clients find the URLs by the output `openid_configuration_url`. Either

    - `prefix`: the pages are at `<prefix>.auth.<region>.amazoncognito.com`; unique in the Region; or
    - `custom`: `{ name = ..., certificate = { arn = ... } }`, a domain name of your own with an ACM certificate of us-east-1. The domain above it must have an A record. Point the name to the output `sign_in_domain`; AWS takes up to an hour.

    and `managed_login_version`: 1 (default), the classic pages, or 2, the newer ones, which say that they are unavailable until the client has a branding style of yours.
  EOT
  type = object({
    prefix = optional(string)
    custom = optional(object({
      name        = string
      certificate = object({ arn = string })
    }))
    managed_login_version = optional(number, 1)
  })
  default = null

  validation {
    condition     = var.sign_in_domain == null ? true : (var.sign_in_domain.prefix == null) != (var.sign_in_domain.custom == null)
    error_message = "sign_in_domain must have exactly one of prefix and custom."
  }

  validation {
    condition     = var.sign_in_domain == null ? true : var.sign_in_domain.prefix == null ? true : can(regex("^[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?$", var.sign_in_domain.prefix)) && !can(regex("aws|amazon|cognito", var.sign_in_domain.prefix))
    error_message = "sign_in_domain.prefix must be 1 to 63 characters of a-z, 0-9 and hyphen, neither begin nor end with a hyphen, and not contain aws, amazon or cognito."
  }

  validation {
    condition     = var.sign_in_domain == null ? true : var.sign_in_domain.custom == null ? true : can(regex("^([a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?\\.){2,}([a-z]{2,63}|xn--[a-z0-9-]{0,58}[a-z0-9])$", var.sign_in_domain.custom.name)) && try(length(var.sign_in_domain.custom.name) <= 63, false) && can(regex("^arn:[a-z-]+:acm:us-east-1:[0-9]{12}:certificate/[A-Za-z0-9-]+$", var.sign_in_domain.custom.certificate.arn))
    error_message = "sign_in_domain.custom must have a domain name below another (auth.example.com), in lower case and of at most 63 characters, which is all that Cognito takes, and the ARN of an ACM certificate of us-east-1."
  }

  validation {
    condition     = var.sign_in_domain == null ? true : try(contains([1, 2], var.sign_in_domain.managed_login_version), false)
    error_message = "sign_in_domain.managed_login_version must be 1 or 2."
  }

  validation {
    condition     = var.sign_in_domain == null || var.oidc == null
    error_message = "sign_in_domain is for the Cognito user pool: with oidc there is none, and the issuer has its own pages."
  }

  validation {
    condition     = var.sign_in_domain == null || length(var.callback_urls) > 0
    error_message = "sign_in_domain needs callback_urls: without them every OAuth flow is off, and the pages would lead nowhere."
  }
}

#### The authorizer function ####

variable "package_dir" {
  description = "Folder with authorizer.zip and SHA256SUMS, as `make package` or a release makes it. Null, the default, where package_object is given."
  type        = string
  default     = null

  validation {
    condition     = (var.package_dir == null) != (var.package_object == null)
    error_message = "Give exactly one of package_dir and package_object."
  }
}

variable "package_object" {
  description = "authorizer.zip as a version of an S3 object in the Region, instead of package_dir: bucket, key, version_id, and sha256, the zip's SHA-256 in base64. Null, the default, is a zip from a folder. See the function module."
  type = object({
    bucket     = string
    key        = string
    version_id = string
    sha256     = string
  })
  default = null
}

variable "code_signing" {
  description = "Who may publish the authorizer's code, as `{ profile_version_arns = [...] }` of AWS Signer; any other zip is refused. Null, the default, gives that up: whoever may update the function may let anybody in. See the function module."
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

variable "memory_mb" {
  description = "Memory of the authorizer in MB."
  type        = number
  default     = 256
  nullable    = false
}

variable "reserved_concurrency" {
  description = "How many authorizers may run at once: a whole number, or the word unreserved, which lets a flood of connects take the account's whole concurrency."
  type        = string
  nullable    = false
}

variable "kms_key_arn" {
  description = "ARN of the customer-managed KMS key for the authorizer's environment and log group."
  type        = string
  nullable    = false
}

variable "permissions_boundary" {
  description = "ARN of an IAM policy that bounds the authorizer's role, or null for none."
  type        = string
  default     = null
}

variable "tracing_mode" {
  description = "Active samples calls into AWS X-Ray. PassThrough gives that up, unless the caller has sampled already."
  type        = string
  default     = "Active"
  nullable    = false
}

variable "log_retention_days" {
  description = "Days that CloudWatch keeps the authorizer's log."
  type        = number
  default     = 365
  nullable    = false
}

variable "keep_logs" {
  description = "Whether `terraform destroy` leaves the authorizer's log group behind, for looking into what happened: it is then removed from the state alone, kept for its retention, and has to be imported or deleted before one of its name is made again. It can be read as long as its key is there. False, the default, removes it with the rest."
  type        = bool
  default     = false
  nullable    = false
}

variable "log_level" {
  description = "Least level of log lines that is kept: TRACE, DEBUG, INFO, WARN, ERROR or FATAL."
  type        = string
  default     = "INFO"
  nullable    = false
}

variable "metrics_namespace" {
  description = "CloudWatch namespace of the metrics that the authorizer writes of itself in its log. They are billed as custom metrics. Null writes none."
  type        = string
  default     = "Portcullis"

  validation {
    condition     = var.metrics_namespace == null || can(regex("^[A-Za-z0-9_#][A-Za-z0-9._/#-]{0,254}$", var.metrics_namespace)) && !startswith(coalesce(var.metrics_namespace, "none"), "AWS/")
    error_message = "metrics_namespace must be null or 1 to 255 characters of a-z, A-Z, 0-9, dot, underscore, slash, # and hyphen, begin with a letter, digit, underscore or #, and not with AWS/, which is CloudWatch's own."
  }
}

# What a caller may give and what is refused; see test/inputs.

given = {
  name                 = "chat"
  allowed_origins      = ["https://chat.example.com"]
  package_dir          = "packages"
  reserved_concurrency = "10"
  kms_key_arn          = "arn:aws:kms:eu-west-1:111122223333:key/1a2b3c4d-0000-4000-8000-000000000000"
}

refuse "name" {
  values = {
    "capitals"      = "Chat"
    "one letter"    = "c"
    "53 letters"    = "a${format("%052d", 0)}"
    "a hyphen last" = "chat-"
  }
}

refuse "tags" {
  values = {
    "AWS's prefix" = { "aws:team" = "chat" }
    "a sign"       = { team = "chat;" }
    "one in two"   = { team = "chat", Team = "chat" }
  }
}

#### Who may connect ####

refuse "oidc" {
  values = {
    "an issuer in clear"            = { issuer = "http://id.example.com", jwks_uri = "https://id.example.com/keys", audiences = ["chat"] }
    "an issuer with a query"        = { issuer = "https://id.example.com?a=b", jwks_uri = "https://id.example.com/keys", audiences = ["chat"] }
    "an issuer with a user"         = { issuer = "https://me@id.example.com", jwks_uri = "https://id.example.com/keys", audiences = ["chat"] }
    "an issuer of null"             = { issuer = null, jwks_uri = "https://id.example.com/keys", audiences = ["chat"] }
    "an issuer with a space"        = { issuer = "https://id.example.com/a b", jwks_uri = "https://id.example.com/keys", audiences = ["chat"] }
    "keys in clear"                 = { issuer = "https://id.example.com", jwks_uri = "http://id.example.com/keys", audiences = ["chat"] }
    "keys with a user"              = { issuer = "https://id.example.com", jwks_uri = "https://me:secret@id.example.com/keys", audiences = ["chat"] }
    "keys with a query"             = { issuer = "https://id.example.com", jwks_uri = "https://id.example.com/keys?", audiences = ["chat"] }
    "keys with a fragment"          = { issuer = "https://id.example.com", jwks_uri = "https://id.example.com/keys#", audiences = ["chat"] }
    "keys with a broken code"       = { issuer = "https://id.example.com", jwks_uri = "https://id.example.com/%zz", audiences = ["chat"] }
    "keys at a port of letters"     = { issuer = "https://id.example.com", jwks_uri = "https://id.example.com:https/keys", audiences = ["chat"] }
    "keys at a port above all"      = { issuer = "https://id.example.com", jwks_uri = "https://id.example.com:65536/keys", audiences = ["chat"] }
    "keys at port nought"           = { issuer = "https://id.example.com", jwks_uri = "https://id.example.com:0/keys", audiences = ["chat"] }
    "keys at no port"               = { issuer = "https://id.example.com", jwks_uri = "https://id.example.com:/keys", audiences = ["chat"] }
    "an issuer at a port above all" = { issuer = "https://id.example.com:99999", jwks_uri = "https://id.example.com/keys", audiences = ["chat"] }
    "keys at an address in clear"   = { issuer = "https://id.example.com", jwks_uri = "http://[2001:db8::1]/keys", audiences = ["chat"] }
    "keys without a host"           = { issuer = "https://id.example.com", jwks_uri = "https://:443/keys", audiences = ["chat"] }
    "keys at a half address"        = { issuer = "https://id.example.com", jwks_uri = "https://[::1/keys", audiences = ["chat"] }
    "keys at no loopback address"   = { issuer = "https://id.example.com", jwks_uri = "http://127.0.0.999/keys", audiences = ["chat"] }
    "keys at a name like one"       = { issuer = "https://id.example.com", jwks_uri = "http://127.0.0.1.example.com/keys", audiences = ["chat"] }
    "keys with a control character" = { issuer = "https://id.example.com", jwks_uri = "https://id.example.com/\u007fkeys", audiences = ["chat"] }
    "nobody"                        = { issuer = "https://id.example.com", jwks_uri = "https://id.example.com/keys", audiences = [] }
    "an empty audience"             = { issuer = "https://id.example.com", jwks_uri = "https://id.example.com/keys", audiences = [""] }
    "an audience with a comma"      = { issuer = "https://id.example.com", jwks_uri = "https://id.example.com/keys", audiences = ["a,b"] }
    "an audience that looks empty"  = { issuer = "https://id.example.com", jwks_uri = "https://id.example.com/keys", audiences = ["\u00a0"] }
    "an audience with a wide space" = { issuer = "https://id.example.com", jwks_uri = "https://id.example.com/keys", audiences = ["chat\u2003"] }
    "an audience nobody sees"       = { issuer = "https://id.example.com", jwks_uri = "https://id.example.com/keys", audiences = ["ch\u200bat"] }
    "an audience twice"             = { issuer = "https://id.example.com", jwks_uri = "https://id.example.com/keys", audiences = ["chat", "chat"] }
    "audiences of null"             = { issuer = "https://id.example.com", jwks_uri = "https://id.example.com/keys", audiences = null }
    "another check"                 = { issuer = "https://id.example.com", jwks_uri = "https://id.example.com/keys", audiences = ["chat"], token_type_check = "scope" }
  }
}

accept "oidc" {
  values = {
    "a realm"            = { issuer = "https://Login.example.com:8443/realms/chat", jwks_uri = "https://login.example.com:8443/realms/chat/protocol/openid-connect/certs", audiences = ["account", "https://api.example.com/"] }
    "a loopback address" = { issuer = "http://127.0.0.1:4510/issuer", jwks_uri = "http://[::1]:4510/keys%2F1", audiences = ["Chat", "chat"], token_type_check = "none" }
    "a slash last"       = { issuer = "https://tenant.eu.auth0.com/", jwks_uri = "https://tenant.eu.auth0.com/.well-known/jwks.json", audiences = ["chät"] }
  }
}

refuse "rooms" {
  values = {
    "no claim"             = { claim = "" }
    "null"                 = { claim = null }
    "a claim with a space" = { claim = "my rooms" }
    "129 letters"          = { claim = format("%0129d", 0) }
    "a prefix with spaces" = { claim = "groups", prefix = "room: " }
    "a prefix of 65"       = { claim = "groups", prefix = format("%065d", 0) }
  }
}

refuse "baked_jwks" {
  values = {
    "empty"            = ""
    "no JSON"          = "keys"
    "no key"           = "{\"keys\":[]}"
    "a key of text"    = "{\"keys\":[\"a\"]}"
    "a key of no use"  = jsonencode({ keys = [{ kid = "a", kty = "OKP", crv = "Ed25519", x = "a" }] })
    "a key of none"    = jsonencode({ keys = [{ kty = "RSA", n = "a", e = "AQAB" }] })
    "two of one name"  = jsonencode({ keys = [{ kid = "a", kty = "RSA", n = "a", e = "AQAB" }, { kid = "a", kty = "RSA", n = "b", e = "AQAB" }] })
    "a private key"    = jsonencode({ keys = [{ kid = "a", kty = "RSA", n = "a", e = "AQAB", d = "x" }] })
    "2501 characters"  = jsonencode({ keys = [{ kid = "a", kty = "RSA", n = format("%02500d", 0), e = "AQAB" }] })
    "a kid of nothing" = jsonencode({ keys = [{ kid = "", kty = "RSA", n = "a", e = "AQAB" }] })
  }
}

refuse "allowed_origins" {
  values = {
    "everybody"                 = ["*"]
    "every name below one"      = ["https://*.example.com"]
    "a path"                    = ["https://chat.example.com/"]
    "in clear"                  = ["http://chat.example.com"]
    "capitals"                  = ["https://Chat.example.com"]
    "no web page"               = ["null"]
    "two dots"                  = ["https://chat..example.com"]
    "a port of nought"          = ["https://chat.example.com:0"]
    "a port above all"          = ["https://chat.example.com:65536"]
    "no port"                   = ["https://chat.example.com:"]
    "no loopback address"       = ["http://127.0.0.256:80"]
    "two in one"                = ["https://a.example.com,https://b.example.com"]
    "one twice"                 = ["https://chat.example.com", "https://chat.example.com"]
    "null"                      = [null]
    "none, and none without it" = []
  }
}

accept "allowed_origins" {
  values = {
    "origins" = ["https://chat.example.com", "https://chat.example.com:8443", "http://localhost:4512", "http://127.0.0.1:1", "http://[::1]:65535", "https://chat.example.com:65529", "https://xn--bcher-kva.example"]
  }
}

accept "allowed_origins" {
  with = { allow_missing_origin = true }

  values = {
    "none but without it" = []
  }
}

refuse "origin_secrets" {
  values = {
    "a short one"      = ["0123456789abcdef0123456789abcde"]
    "three"            = ["0123456789abcdef0123456789abcdef-1", "0123456789abcdef0123456789abcdef-2", "0123456789abcdef0123456789abcdef-3"]
    "one letter"       = ["aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa"]
    "two that are one" = ["0123456789abcdef0123456789abcdef-1", "0123456789abcdef0123456789abcdef-1"]
    "null"             = [null]
    "a line feed last" = ["0123456789abcdef0123456789abcdef\n"]
  }
}

accept "origin_secrets" {
  values = {
    "none" = []
    "two"  = ["0123456789abcdef0123456789abcdef-1", "0123456789abcdef0123456789abcdef-2"]
  }
}

#### Cognito user pool (when oidc is null) ####

refuse "cognito_endpoint" {
  values = {
    "in clear"            = "http://cognito-idp.eu-west-1.amazonaws.com"
    "a path"              = "https://cognito-idp.eu-west-1.amazonaws.com/pool"
    "a slash"             = "https://cognito-idp.eu-west-1.amazonaws.com/"
    "a port above all"    = "https://cognito-idp.eu-west-1.amazonaws.com:65536"
    "a user"              = "https://me@cognito-idp.eu-west-1.amazonaws.com"
    "no loopback address" = "http://127.0.0.300:4566"
  }
}

refuse "cognito_endpoint" {
  with = { oidc = { issuer = "https://id.example.com", jwks_uri = "https://id.example.com/keys", audiences = ["chat"] } }

  values = {
    "an issuer of one's own" = "https://cognito-idp-fips.us-east-1.amazonaws.com"
  }
}

accept "cognito_endpoint" {
  values = {
    "a FIPS endpoint"    = "https://cognito-idp-fips.us-east-1.amazonaws.com"
    "a loopback address" = "http://127.0.0.1:4566"
  }
}

refuse "refresh_token_rotation" {
  values = {
    "more than a minute" = { grace_seconds = 61 }
    "less than nothing"  = { grace_seconds = -1 }
    "parts"              = { grace_seconds = 1.5 }
  }
}

refuse "refresh_token_rotation" {
  with = { oidc = { issuer = "https://id.example.com", jwks_uri = "https://id.example.com/keys", audiences = ["chat"] } }

  values = {
    "an issuer of one's own" = {}
  }
}

accept "refresh_token_rotation" {
  values = {
    "at once"  = { grace_seconds = 0 }
    "a minute" = { grace_seconds = 60 }
    "default"  = { grace_seconds = null }
  }
}

refuse "token_validity" {
  values = {
    "four minutes"           = { access_minutes = 4 }
    "two days"               = { id_minutes = 2880 }
    "no hour"                = { refresh_hours = 0 }
    "eleven years"           = { refresh_hours = 96360 }
    "parts of a minute"      = { access_minutes = 5.5 }
    "shorter than an access" = { access_minutes = 60, refresh_hours = 1 }
  }
}

refuse "password_policy" {
  values = {
    "eleven letters"   = { minimum_length = 11 }
    "a hundred"        = { minimum_length = 100 }
    "25 before"        = { history_size = 25 }
    "more than a year" = { temporary_validity_days = 366 }
    "parts of a day"   = { temporary_validity_days = 0.5 }
  }
}

refuse "mfa" {
  values = {
    "another word" = "REQUIRED"
    "small type"   = "on"
  }
}

refuse "threat_protection" {
  values = {
    "another word" = "FULL"
  }
}

refuse "token_validity" {
  with = { oidc = { issuer = "https://id.example.com", jwks_uri = "https://id.example.com/keys", audiences = ["chat"] } }

  values = {
    "an issuer of one's own"      = {}
    "an issuer of one's own, too" = { access_minutes = 30 }
  }
}

accept "token_validity" {
  with = { oidc = { issuer = "https://id.example.com", jwks_uri = "https://id.example.com/keys", audiences = ["chat"] } }

  values = {
    "nothing" = null
  }
}

refuse "password_policy" {
  with = { oidc = { issuer = "https://id.example.com", jwks_uri = "https://id.example.com/keys", audiences = ["chat"] } }

  values = {
    "an issuer of one's own" = {}
  }
}

accept "password_policy" {
  with = { oidc = { issuer = "https://id.example.com", jwks_uri = "https://id.example.com/keys", audiences = ["chat"] } }

  values = {
    "nothing" = null
  }
}

refuse "mfa" {
  with = { oidc = { issuer = "https://id.example.com", jwks_uri = "https://id.example.com/keys", audiences = ["chat"] } }

  values = {
    "an issuer of one's own"      = "OPTIONAL"
    "an issuer of one's own, too" = "ON"
  }
}

accept "mfa" {
  with = { oidc = { issuer = "https://id.example.com", jwks_uri = "https://id.example.com/keys", audiences = ["chat"] } }

  values = {
    "nothing" = null
  }
}

refuse "threat_protection" {
  with = { oidc = { issuer = "https://id.example.com", jwks_uri = "https://id.example.com/keys", audiences = ["chat"] } }

  values = {
    "an issuer of one's own"      = "ENFORCED"
    "an issuer of one's own, too" = "OFF"
  }
}

accept "threat_protection" {
  with = { oidc = { issuer = "https://id.example.com", jwks_uri = "https://id.example.com/keys", audiences = ["chat"] } }

  values = {
    "nothing" = null
  }
}

refuse "allow_self_sign_up" {
  with = { oidc = { issuer = "https://id.example.com", jwks_uri = "https://id.example.com/keys", audiences = ["chat"] } }

  values = {
    "an issuer of one's own" = false
  }
}

accept "allow_self_sign_up" {
  with = { oidc = { issuer = "https://id.example.com", jwks_uri = "https://id.example.com/keys", audiences = ["chat"] } }

  values = {
    "nothing" = null
  }
}

refuse "deletion_protection" {
  with = { oidc = { issuer = "https://id.example.com", jwks_uri = "https://id.example.com/keys", audiences = ["chat"] } }

  values = {
    "an issuer of one's own"      = true
    "an issuer of one's own, too" = false
  }
}

accept "deletion_protection" {
  with = { oidc = { issuer = "https://id.example.com", jwks_uri = "https://id.example.com/keys", audiences = ["chat"] } }

  values = {
    "nothing" = null
  }
}

refuse "callback_urls" {
  values = {
    "in clear"           = ["http://chat.example.com/"]
    "a fragment"         = ["https://chat.example.com/#"]
    "a port above all"   = ["https://chat.example.com:70000/"]
    "a user"             = ["https://me@chat.example.com/"]
    "a space"            = ["https://chat.example.com/a b"]
    "no host"            = ["https:///callback"]
    "an app's own"       = ["chat://callback"]
    "a name like one"    = ["http://localhost.example.com/"]
    "more than it takes" = [for n in range(101) : "https://chat.example.com/${n}"]
    "a long one"         = ["https://chat.example.com/${format("%01000d", 0)}"]
    "null"               = [null]
  }
}

refuse "callback_urls" {
  with = { oidc = { issuer = "https://id.example.com", jwks_uri = "https://id.example.com/keys", audiences = ["chat"] } }

  values = {
    "an issuer of one's own" = ["https://chat.example.com/"]
  }
}

accept "callback_urls" {
  values = {
    "several" = ["https://chat.example.com/", "https://chat.example.com", "https://chat.example.com:8443/back?from=sign-in", "http://localhost:4512/", "http://127.0.0.1:4512", "https://Chat.example.com/%C3%A9"]
  }
}

refuse "logout_urls" {
  with = { callback_urls = ["https://chat.example.com/"] }

  values = {
    "in clear"         = ["http://chat.example.com/"]
    "a port above all" = ["https://chat.example.com:65540/"]
    "null"             = [null]
  }
}

refuse "logout_urls" {
  values = {
    "no sign-in" = ["https://chat.example.com/"]
  }
}

refuse "logout_urls" {
  with = { oidc = { issuer = "https://id.example.com", jwks_uri = "https://id.example.com/keys", audiences = ["chat"] } }

  values = {
    "an issuer of one's own" = ["https://chat.example.com/"]
  }
}

refuse "sign_in_domain" {
  with = { callback_urls = ["https://chat.example.com/"] }

  values = {
    "neither"               = {}
    "both"                  = { prefix = "chat", custom = { name = "auth.example.com", certificate = { arn = "arn:aws:acm:us-east-1:111122223333:certificate/1a2b3c4d-0000-4000-8000-000000000000" } } }
    "a prefix with AWS"     = { prefix = "my-aws-chat" }
    "a prefix in capitals"  = { prefix = "Chat" }
    "an empty prefix"       = { prefix = "" }
    "a prefix of 64"        = { prefix = format("%064d", 0) }
    "a name above all"      = { custom = { name = "example.com", certificate = { arn = "arn:aws:acm:us-east-1:111122223333:certificate/1a2b3c4d-0000-4000-8000-000000000000" } } }
    "a name of 64 letters"  = { custom = { name = "${format("%047d", 0)}.auth.example.com", certificate = { arn = "arn:aws:acm:us-east-1:111122223333:certificate/1a2b3c4d-0000-4000-8000-000000000000" } } }
    "another Region's"      = { custom = { name = "auth.example.com", certificate = { arn = "arn:aws:acm:eu-west-1:111122223333:certificate/1a2b3c4d-0000-4000-8000-000000000000" } } }
    "a certificate of null" = { custom = { name = "auth.example.com", certificate = null } }
    "a third version"       = { prefix = "chat", managed_login_version = 3 }
  }
}

refuse "sign_in_domain" {
  values = {
    "nowhere to go back to" = { prefix = "chat" }
  }
}

refuse "sign_in_domain" {
  with = { oidc = { issuer = "https://id.example.com", jwks_uri = "https://id.example.com/keys", audiences = ["chat"] } }

  values = {
    "an issuer of one's own" = { prefix = "chat" }
  }
}

accept "sign_in_domain" {
  with = { callback_urls = ["https://chat.example.com/"] }

  values = {
    "63 letters" = { custom = { name = "${format("%046d", 0)}.auth.example.com", certificate = { arn = "arn:aws:acm:us-east-1:111122223333:certificate/1a2b3c4d-0000-4000-8000-000000000000" } } }
    "a prefix"   = { prefix = format("%063d", 0), managed_login_version = 2 }
  }
}

#### The authorizer function ####

refuse "package_dir" {
  values = {
    "nothing" = null
  }
}

refuse "package_dir" {
  with = { package_object = { bucket = "releases", key = "authorizer.zip", version_id = "3HL4kqtJlcpXroDTDmJ", sha256 = "47DEQpj8HBSa+/TImW+5JCeuQeRkm5NMpJWZG3hSuFU=" } }

  values = {
    "both" = "packages"
  }
}

refuse "metrics_namespace" {
  values = {
    "empty"       = ""
    "AWS's own"   = "AWS/Lambda"
    "a colon"     = ":chat"
    "256 letters" = format("%0256d", 0)
    "a space"     = "my chat"
  }
}

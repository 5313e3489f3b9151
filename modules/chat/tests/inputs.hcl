# What a caller may give and what is refused by this module itself; see test/inputs.
# The others are judged by the modules that it is made of.

given = {
  name            = "chat"
  allowed_origins = ["https://chat.example.com"]
  package_dir     = "packages"
}

refuse "name" {
  values = {
    "capitals"      = "Chat"
    "one letter"    = "c"
    "41 letters"    = "a${format("%040d", 0)}"
    "a digit first" = "1chat"
    "a hyphen last" = "chat-"
  }
}

#### The chat ####

refuse "message_format" {
  values = {
    "another word" = "markdown"
    "empty"        = ""
  }
}

refuse "max_frame_bytes" {
  with = { max_text_bytes = 1 }

  values = {
    "less than a text"    = 1023
    "more than API takes" = 32769
    "parts of a byte"     = 2048.5
  }
}

refuse "max_text_bytes" {
  values = {
    "none"                  = 0
    "more than is stored"   = 24577
    "parts of a byte"       = 1.5
    "more than a frame has" = 7937
  }
}

accept "max_text_bytes" {
  values = {
    "all that a frame has" = 7936
  }
}

refuse "message_retention_days" {
  values = {
    "none"         = 0
    "eleven years" = 4015
    "half a day"   = 0.5
  }
}

refuse "max_members" {
  values = {
    "one"       = 1
    "too many"  = 5001
    "and parts" = 2.5
  }
}

refuse "max_connections_per_user" {
  values = {
    "none"      = 0
    "too many"  = 51
    "and parts" = 1.5
  }
}

refuse "page_size" {
  values = {
    "nothing"     = { history = 0 }
    "too much"    = { members = 101 }
    "parts of it" = { history = 1.5 }
  }
}

refuse "rate_limit" {
  values = {
    "no message"            = { messages_per_minute = 0 }
    "601"                   = { messages_per_minute = 601 }
    "no read"               = { reads_per_minute = 0 }
    "6001 refusals"         = { refusals_per_minute = 6001 }
    "less than one message" = { bytes_per_minute = 4095 }
    "parts of a byte"       = { bytes_per_minute = 65536.5 }
  }
}

#### Limits of the stage and of the functions ####

refuse "origin_secrets" {
  with = { edge = {} }

  values = {
    "an edge without" = []
  }
}

refuse "edge" {
  with = { origin_secrets = ["0123456789abcdef0123456789abcdef-1"], custom_domain = { name = "chat.example.com" } }

  values = {
    "a domain name alone" = {}
  }
}

refuse "edge" {
  with = { origin_secrets = ["0123456789abcdef0123456789abcdef-1"], oidc = { issuer = "https://id.example.com", jwks_uri = "https://id.example.com/keys", audiences = ["chat"] } }

  values = {
    "no user pool" = { protect_sign_in = true }
  }
}

refuse "edge" {
  with = { origin_secrets = ["0123456789abcdef0123456789abcdef-1"] }

  values = {
    "a rate of sign-ins that nobody counts" = { sign_in_rate = 50 }
    "a site's folder without a site"        = { site = { enabled = false, dir = "site" } }
    "issuers without a site"                = { site = { enabled = false, issuer_origins = ["https://id.example.com"] } }
    "scopes of the pool's client"           = { site = { scopes = ["openid", "email"] } }
    "another client than the pool's"        = { site = { client_id = "web" } }
  }
}

accept "edge" {
  with = { origin_secrets = ["0123456789abcdef0123456789abcdef-1"], oidc = { issuer = "https://id.example.com", jwks_uri = "https://id.example.com/keys", audiences = ["chat"] } }

  values = {
    "a site at an issuer of one's own" = { site = { client_id = "web", scopes = ["openid", "rooms"] } }
    "no site"                          = { site = { enabled = false, issuer_origins = [] } }
  }
}

refuse "user_pool" {
  with = { oidc = { issuer = "https://id.example.com", jwks_uri = "https://id.example.com/keys", audiences = ["chat"] } }

  values = {
    "a second factor"   = { mfa = "ON" }
    "threat protection" = { threat_protection = "ENFORCED" }
    "who signs up"      = { allow_self_sign_up = false }
    "times"             = { token_validity = {} }
    "passwords"         = { password_policy = { minimum_length = 14 } }
    "callback URLs"     = { callback_urls = ["https://chat.example.com/"] }
    "logout URLs"       = { logout_urls = [] }
    "pages"             = { sign_in_domain = { prefix = "chat" } }
  }
}

accept "user_pool" {
  with = { oidc = { issuer = "https://id.example.com", jwks_uri = "https://id.example.com/keys", audiences = ["chat"] } }

  values = {
    "nothing"         = {}
    "nothing in each" = { mfa = null, token_validity = null }
  }
}

accept "edge" {
  with = { origin_secrets = ["0123456789abcdef0123456789abcdef-1"] }

  values = {
    "all defaults" = {}
    "none"         = null
  }
}

refuse "disable_execute_api_endpoint" {
  values = {
    "no other way in" = true
  }
}

refuse "throttle" {
  values = {
    "nothing"          = { rate = 0 }
    "no connection"    = { connect_rate = 0 }
    "no burst"         = { burst = 0 }
    "a burst of parts" = { connect_burst = 1.5 }
  }
}

#### Packages, keys ####

refuse "package_dir" {
  values = {
    "nothing" = null
  }
}

refuse "kms_deletion_window_days" {
  values = {
    "six"   = 6
    "31"    = 31
    "parts" = 7.5
  }
}

refuse "kms_deletion_window_days" {
  with = { kms_key = { arn = "arn:aws:kms:eu-west-1:111122223333:key/1a2b3c4d-0000-4000-8000-000000000000" } }

  values = {
    "a key of one's own" = 30
  }
}

refuse "kms_deletion_window_days" {
  with = {
    kms_key        = { arn = "arn:aws:kms:eu-west-1:111122223333:key/1a2b3c4d-0000-4000-8000-000000000000" }
    origin_secrets = ["0123456789abcdef0123456789abcdef-1"]
    edge           = { kms_key = { arn = "arn:aws:kms:us-east-1:111122223333:key/1a2b3c4d-0000-4000-8000-000000000000" } }
  }

  values = {
    "and another for the edge" = 7
  }
}

accept "kms_deletion_window_days" {
  with = {
    kms_key        = { arn = "arn:aws:kms:eu-west-1:111122223333:key/1a2b3c4d-0000-4000-8000-000000000000" }
    origin_secrets = ["0123456789abcdef0123456789abcdef-1"]
    edge           = {}
  }

  values = {
    "the edge's key" = 7
  }
}

refuse "keep_logs" {
  values = {
    "under a key that goes" = true
  }
}

accept "keep_logs" {
  with = { kms_key = { arn = "arn:aws:kms:eu-west-1:111122223333:key/1a2b3c4d-0000-4000-8000-000000000000" } }

  values = {
    "under a key that stays" = true
  }
}

#### Alarms and dashboard ####

refuse "alarms" {
  with = { metrics_namespace = null }

  values = {
    "failures"           = { thresholds = { failures = 1 } }
    "refused handshakes" = { thresholds = { refused_handshakes = 100 } }
    "refused connects"   = { thresholds = { refused_connects = 50 } }
    "posts that failed"  = { thresholds = { fanout_failures = 10 } }
    "posts given up"     = { thresholds = { fanout_incomplete = 2 } }
  }
}

accept "alarms" {
  with = { metrics_namespace = null }

  values = {
    "none"     = null
    "others"   = { thresholds = { function_errors = 5, failures = null } }
    "defaults" = {}
  }
}

refuse "alarms" {
  values = {
    "a FIFO topic"       = { topic = { arn = "arn:aws:sns:eu-west-1:111122223333:alarms.fifo" } }
    "a topic's name"     = { topic = { arn = "alarms" } }
    "a topic of null"    = { topic = { arn = null } }
    "none to be told of" = { thresholds = { failures = 0 } }
    "parts"              = { thresholds = { latency_ms = 1.5 } }
  }
}

accept "alarms" {
  values = {
    "all defaults" = {}
    "a topic"      = { topic = { arn = "arn:aws:sns:eu-west-1:111122223333:alarms" }, thresholds = { connects = 10 } }
  }
}

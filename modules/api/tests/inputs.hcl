# What a caller may give and what is refused; see test/inputs.

given = {
  name        = "chat"
  kms_key_arn = "arn:aws:kms:eu-west-1:111122223333:key/1a2b3c4d-0000-4000-8000-000000000000"
  authorizer  = { invoke_arn = "arn:aws:apigateway:authorizer", function_name = "authorizer", qualifier = "live" }
  routes      = { "$connect" = { function = { invoke_arn = "arn:aws:apigateway:connect", function_name = "connect", qualifier = "live" } } }
}

refuse "name" {
  values = {
    "empty"          = ""
    "a space"        = "my chat"
    "a hyphen first" = "-chat"
    "65 letters"     = format("%065d", 0)
  }
}

refuse "description" {
  values = {
    "empty"      = ""
    "1025 bytes" = format("%01025d", 0)
    "1026 bytes" = join("", [for n in range(513) : "é"])
  }
}

accept "description" {
  values = {
    "1024 bytes"          = format("%01024d", 0)
    "1024 bytes of UTF-8" = join("", [for n in range(512) : "é"])
  }
}

refuse "stage_name" {
  values = {
    "empty"       = ""
    "a slash"     = "live/ws"
    "the default" = "$default"
    "129 letters" = format("%0129d", 0)
  }
}

refuse "tags" {
  values = {
    "AWS's prefix" = { "aws:team" = "chat" }
    "a sign"       = { team = "chat?" }
  }
}

#### Routes ####

refuse "authorizer" {
  values = {
    "the function's own ARN"     = { invoke_arn = "arn:aws:lambda:eu-west-1:111122223333:function:authorizer:live", function_name = "authorizer", qualifier = "live" }
    "an ARN for a name"          = { invoke_arn = "arn:aws:apigateway:authorizer", function_name = "arn:aws:lambda:eu-west-1:111122223333:function:authorizer", qualifier = "live" }
    "no qualifier"               = { invoke_arn = "arn:aws:apigateway:authorizer", function_name = "authorizer", qualifier = "" }
    "null"                       = { invoke_arn = "arn:aws:apigateway:authorizer", function_name = null, qualifier = "live" }
    "a source as of an HTTP API" = { invoke_arn = "arn:aws:apigateway:authorizer", function_name = "authorizer", qualifier = "live", identity_sources = ["$request.header.Authorization"] }
    "a source without a name"    = { invoke_arn = "arn:aws:apigateway:authorizer", function_name = "authorizer", qualifier = "live", identity_sources = ["route.request.header."] }
    "a source twice"             = { invoke_arn = "arn:aws:apigateway:authorizer", function_name = "authorizer", qualifier = "live", identity_sources = ["route.request.header.Origin", "route.request.header.Origin"] }
    "a source of null"           = { invoke_arn = "arn:aws:apigateway:authorizer", function_name = "authorizer", qualifier = "live", identity_sources = [null] }
  }
}

accept "authorizer" {
  values = {
    "sources" = { invoke_arn = "arn:aws-us-gov:apigateway:us-gov-west-1:lambda:path/2015-03-31/functions/arn:aws-us-gov:lambda:us-gov-west-1:111122223333:function:authorizer:live/invocations", function_name = "authorizer", qualifier = "live", identity_sources = ["route.request.header.Origin", "route.request.querystring.room"] }
  }
}

refuse "routes" {
  values = {
    "none"                         = {}
    "no connect"                   = { "$default" = { function = { invoke_arn = "arn:aws:apigateway:message", function_name = "message", qualifier = "live" } } }
    "a route of null"              = { "$connect" = { function = { invoke_arn = "arn:aws:apigateway:connect", function_name = "connect", qualifier = "live" } }, send = null }
    "a route that does nothing"    = { "$connect" = { function = { invoke_arn = "arn:aws:apigateway:connect", function_name = "connect", qualifier = "live" } }, ping = {} }
    "a route that does both"       = { "$connect" = { function = { invoke_arn = "arn:aws:apigateway:connect", function_name = "connect", qualifier = "live" } }, ping = { function = { invoke_arn = "arn:aws:apigateway:ping", function_name = "ping", qualifier = "live" }, mock = "pong" } }
    "a mock without text"          = { "$connect" = { function = { invoke_arn = "arn:aws:apigateway:connect", function_name = "connect", qualifier = "live" } }, ping = { mock = " " } }
    "a mock on connect"            = { "$connect" = { mock = "{}" } }
    "a mock that waits"            = { "$connect" = { function = { invoke_arn = "arn:aws:apigateway:connect", function_name = "connect", qualifier = "live" } }, ping = { mock = "pong", timeout_ms = 29000 } }
    "a mock that says nothing"     = { "$connect" = { function = { invoke_arn = "arn:aws:apigateway:connect", function_name = "connect", qualifier = "live" } }, ping = { mock = "pong", reply = false } }
    "a function's own ARN"         = { "$connect" = { function = { invoke_arn = "arn:aws:lambda:eu-west-1:111122223333:function:connect:live", function_name = "connect", qualifier = "live" } } }
    "a function without a name"    = { "$connect" = { function = { invoke_arn = "arn:aws:apigateway:connect", function_name = "", qualifier = "live" } } }
    "a function of null"           = { "$connect" = { function = { invoke_arn = "arn:aws:apigateway:connect", function_name = null, qualifier = null } } }
    "a system route of none"       = { "$connect" = { function = { invoke_arn = "arn:aws:apigateway:connect", function_name = "connect", qualifier = "live" } }, "$message" = { mock = "x" } }
    "a path"                       = { "$connect" = { function = { invoke_arn = "arn:aws:apigateway:connect", function_name = "connect", qualifier = "live" } }, "GET /rooms" = { mock = "x" } }
    "a timeout that is none"       = { "$connect" = { function = { invoke_arn = "arn:aws:apigateway:connect", function_name = "connect", qualifier = "live" }, timeout_ms = 49 } }
    "a timeout above API Gateways" = { "$connect" = { function = { invoke_arn = "arn:aws:apigateway:connect", function_name = "connect", qualifier = "live" }, timeout_ms = 29001 } }
    "a throttle of nothing"        = { "$connect" = { function = { invoke_arn = "arn:aws:apigateway:connect", function_name = "connect", qualifier = "live" }, throttle = { rate = 0, burst = 1 } } }
    "a throttle of null"           = { "$connect" = { function = { invoke_arn = "arn:aws:apigateway:connect", function_name = "connect", qualifier = "live" }, throttle = { rate = 1, burst = null } } }
    "a model that is not there"    = { "$connect" = { function = { invoke_arn = "arn:aws:apigateway:connect", function_name = "connect", qualifier = "live" } }, send = { function = { invoke_arn = "arn:aws:apigateway:message", function_name = "message", qualifier = "live" }, model = "send" } }
    "more than a policy holds"     = merge({ "$connect" = { function = { invoke_arn = "arn:aws:apigateway:connect", function_name = "connect", qualifier = "live" } } }, { for n in range(60) : "route${n}" => { function = { invoke_arn = "arn:aws:apigateway:connect", function_name = "connect", qualifier = "live" } } })
  }
}

refuse "routes" {
  with = { models = { send = { schema = "{}" } } }

  values = {
    "none has the model" = { "$connect" = { function = { invoke_arn = "arn:aws:apigateway:connect", function_name = "connect", qualifier = "live" } }, send = { function = { invoke_arn = "arn:aws:apigateway:message", function_name = "message", qualifier = "live" } } }
  }
}

refuse "route_selection_expression" {
  values = {
    "no field"        = "$request.body."
    "a path of HTTP"  = "$request.method $request.path"
    "an index"        = "$request.body.actions[0]"
    "a capital first" = "$Request.body.action"
  }
}

refuse "models" {
  values = {
    "no schema"             = { send = { schema = null } }
    "no JSON"               = { send = { schema = "{" } }
    "a list"                = { send = { schema = "[]" } }
    "a model of null"       = { send = null }
    "a name with a hyphen"  = { send-message = { schema = "{}" } }
    "a name of 129 letters" = { (format("%0129d", 0)) = { schema = "{}" } }
    "a long schema"         = { send = { schema = jsonencode({ a = join("", [for n in range(1000) : "éééééééééééééééé "]) }) } }
    "a long description"    = { send = { schema = "{}", description = join("", [for n in range(65) : "é"]) } }
    "an empty description"  = { send = { schema = "{}", description = "" } }
  }
}

accept "models" {
  with = { routes = { "$connect" = { function = { invoke_arn = "arn:aws:apigateway:connect", function_name = "connect", qualifier = "live" } }, send = { function = { invoke_arn = "arn:aws:apigateway:message", function_name = "message", qualifier = "live" }, model = "send" } } }

  values = {
    "the longest description" = { send = { schema = "{\"type\":\"object\"}", description = join("", [for n in range(64) : "é"]) } }
  }
}

refuse "ip_address_type" {
  values = {
    "IPv6 alone" = "ipv6"
    "capitals"   = "IPv4"
    "empty"      = ""
  }
}

#### Custom domain ####

refuse "custom_domain" {
  values = {
    "a wildcard"            = { name = "*.example.com" }
    "a URL"                 = { name = "wss://chat.example.com" }
    "one label"             = { name = "chat" }
    "an address"            = { name = "192.0.2.1" }
    "capitals"              = { name = "Chat.example.com" }
    "254 characters"        = { name = "${join(".", [for n in range(4) : format("%060d", 0)])}.example.xy" }
    "null"                  = { name = null }
    "a certificate of IAM"  = { name = "chat.example.com", certificate = { arn = "arn:aws:iam::111122223333:server-certificate/chat" } }
    "a key with a slash"    = { name = "chat.example.com", mapping_key = "/live" }
    "a key that goes up"    = { name = "chat.example.com", mapping_key = "live/.." }
    "a key of a dot"        = { name = "chat.example.com", mapping_key = "." }
    "a key of 301 letters"  = { name = "chat.example.com", mapping_key = format("%0301d", 0) }
    "a zone without a name" = { name = "chat.example.com", hosted_zone = { id = "Z0123456789" } }
    "a zone of no id"       = { name = "chat.example.com", certificate = { arn = "arn:aws:acm:eu-west-1:111122223333:certificate/1a2b3c4d-0000-4000-8000-000000000000" }, hosted_zone = { id = "/hostedzone/Z0123456789" } }
  }
}

accept "custom_domain" {
  values = {
    "punycode"         = { name = "chat.xn--bcher-kva.example", mapping_key = "v1.0/a..b" }
    "a cyrillic name"  = { name = "xn--80ak6aa92e.xn--p1ai" }
    "a name and a key" = { name = "chat.example.com", certificate = { arn = "arn:aws:acm:eu-west-1:111122223333:certificate/1a2b3c4d-0000-4000-8000-000000000000" }, hosted_zone = { id = "Z0123456789" } }
  }
}

refuse "disable_execute_api_endpoint" {
  values = {
    "no other way in" = true
  }
}

#### Limits ####

refuse "throttle" {
  values = {
    "nothing"          = { rate = 0 }
    "no burst"         = { burst = 0 }
    "parts of a burst" = { burst = 1.5 }
    "less than none"   = { rate = -1 }
  }
}

#### Logs ####

refuse "kms_key_arn" {
  values = {
    "an alias" = "arn:aws:kms:eu-west-1:111122223333:alias/chat"
    "empty"    = ""
  }
}

refuse "log_retention_days" {
  values = {
    "for ever" = 0
    "100 days" = 100
  }
}

refuse "access_log_fields" {
  values = {
    "none"                 = {}
    "no request"           = { status = "$context.status" }
    "a message"            = { requestId = "$context.requestId", body = "$context.requestBody" }
    "a token"              = { requestId = "$context.requestId", token = "$context.authorizer.token" }
    "two variables in one" = { requestId = "$context.requestId $context.status" }
    "a variable and more"  = { requestId = "$context.requestId", query = "$context.status$context.identity.queryString" }
    "null"                 = { requestId = "$context.requestId", status = null }
    "an empty name"        = { requestId = "$context.requestId", "" = "$context.status" }
    "a name with a quote"  = { requestId = "$context.requestId", "a\"b" = "$context.status" }
    "more than it takes"   = merge({ requestId = "$context.requestId" }, { for n in range(60) : format("a%062d", n) => "$context.status" })
  }
}

#### Alarms ####

refuse "alarms" {
  values = {
    "nobody"               = { actions = [] }
    "null"                 = { actions = null }
    "a name"               = { actions = ["chat-alarms"] }
    "the beginning of one" = { actions = ["arn:aws:"] }
    "an ARN and more"      = { actions = ["arn:aws:sns:eu-west-1:111122223333:chat alarms"] }
    "one twice"            = { actions = ["arn:aws:sns:eu-west-1:111122223333:chat", "arn:aws:sns:eu-west-1:111122223333:chat"] }
    "six"                  = { actions = [for n in range(6) : "arn:aws:sns:eu-west-1:111122223333:chat${n}"] }
    "none to be told of"   = { actions = ["arn:aws:sns:eu-west-1:111122223333:chat"], client_errors = 0 }
    "parts"                = { actions = ["arn:aws:sns:eu-west-1:111122223333:chat"], connects = 1.5 }
  }
}

accept "alarms" {
  values = {
    "others" = { actions = ["arn:aws:sns:eu-west-1:111122223333:chat", "arn:aws:lambda:eu-west-1:111122223333:function:alarm:live", "arn:aws:ssm-incidents::111122223333:response-plan/chat"] }
  }
}

variable "name" {
  description = "Name of the API and of its authorizer."
  type        = string
  nullable    = false

  validation {
    condition     = can(regex("^[A-Za-z0-9][A-Za-z0-9_-]{0,63}$", var.name))
    error_message = "name must be 1 to 64 characters of a-z, A-Z, 0-9, underscore and hyphen, and begin with a letter or a digit."
  }
}

variable "description" {
  description = "What the API is for, up to 1024 bytes of UTF-8, which the console shows. Null, the default, says nothing."
  type        = string
  default     = null

  validation {
    condition     = var.description == null ? true : var.description != "" && floor(length(replace(base64encode(var.description), "=", "")) * 3 / 4) <= 1024
    error_message = "description must be null or 1 to 1024 bytes of UTF-8: the provider counts bytes."
  }
}

variable "stage_name" {
  description = "Name of the stage, which is the path of the URL that clients connect to."
  type        = string
  default     = "live"
  nullable    = false

  validation {
    condition     = can(regex("^[A-Za-z0-9_-]{1,128}$", var.stage_name))
    error_message = "stage_name must be 1 to 128 characters of a-z, A-Z, 0-9, underscore and hyphen."
  }
}

variable "ip_address_type" {
  description = "Addresses by which the API, and its custom_domain if there is one, can be reached: ipv4, the default, or dualstack for IPv6 as well, with a record AAAA beside A. With dualstack the access log has IPv6 addresses, and whoever judges callers by address must know them too."
  type        = string
  default     = "ipv4"
  nullable    = false

  validation {
    condition     = contains(["ipv4", "dualstack"], var.ip_address_type)
    error_message = "ip_address_type must be ipv4 or dualstack: API Gateway has no IPv6 alone."
  }
}

variable "tags" {
  description = "Tags of the API, its stage and its log groups."
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

#### Routes ####

variable "authorizer" {
  description = "The Lambda function that decides who may connect: invoke_arn, function_name and qualifier, as the function module's output `target` has them. It is asked on $connect, the only route where API Gateway asks one, and there is no way to do without. `identity_sources` are request parameters (`route.request.header.<name>` or `route.request.querystring.<name>`) that must all be present and not empty: otherwise API Gateway answers 401 and does not call the function. None, the default, leaves every request to the function."
  type = object({
    invoke_arn       = string
    function_name    = string
    qualifier        = string
    identity_sources = optional(list(string), [])
  })
  nullable = false

  validation {
    condition     = can(regex("^arn:[a-z-]+:apigateway:[!-~]+$", var.authorizer.invoke_arn)) && can(regex("^[A-Za-z0-9_-]{1,64}$", var.authorizer.function_name)) && can(regex("^[A-Za-z0-9_-]{1,128}$", var.authorizer.qualifier))
    error_message = "authorizer must have the invoke_arn of a function's alias or version (arn:aws:apigateway:<region>:lambda:path/..., not the function's own ARN), the name of the function alone as function_name, and that of the alias or version as qualifier."
  }

  validation {
    condition     = alltrue([for source in var.authorizer.identity_sources : can(regex("^route\\.request\\.(header|querystring)\\.[A-Za-z0-9._-]+$", source))]) && length(distinct(var.authorizer.identity_sources)) == length(var.authorizer.identity_sources)
    error_message = "Each of authorizer.identity_sources must be route.request.header.<name> or route.request.querystring.<name>; $request.header.<name> is the form of HTTP APIs. Each is named once."
  }
}

variable "routes" {
  description = <<-EOT
    The routes by their key: `$connect`, `$disconnect`, `$default`, or the value of the field `action` in a client's message. Each has one of

    - `function`: the Lambda function to call: invoke_arn, function_name and qualifier, as the function module's output `target` has them;
    - `mock`: the text of the frame that API Gateway answers by itself. It is a mapping template (VTL).

    and optionally

    - `reply`: whether what the function returns goes back to the caller as a frame (default true; `$connect` and `$disconnect` never reply);
    - `timeout_ms`: how long API Gateway waits for the function, in milliseconds (50 to 29000, the default); a mock does not wait;
    - `throttle`: `rate` in messages a second and `burst`, for this route instead of the stage's;
    - `model`: name of one of `models`, which API Gateway holds each message against before the function: one that does not match gets the frame `Bad request body`. Not for `$connect` and `$disconnect`, which have no message.

    Each route to a function is a statement in that function's policy, which may have 20 KB: some 50 routes. Beyond that let the messages come by `$default`, or by several functions.
  EOT
  type = map(object({
    function = optional(object({
      invoke_arn    = string
      function_name = string
      qualifier     = string
    }))
    mock       = optional(string)
    reply      = optional(bool, true)
    timeout_ms = optional(number)
    throttle = optional(object({
      rate  = number
      burst = number
    }))
    model = optional(string)
  }))
  nullable = false

  validation {
    condition     = contains(keys(var.routes), "$connect")
    error_message = "routes must have a $connect: it is where the authorizer is asked and where the subprotocol is answered."
  }

  validation {
    condition     = alltrue([for key in keys(var.routes) : contains(["$connect", "$disconnect", "$default"], key) || can(regex("^[A-Za-z0-9][A-Za-z0-9_-]{0,63}$", key))])
    error_message = "Each key of routes must be $connect, $disconnect, $default, or 1 to 64 characters of a-z, A-Z, 0-9, underscore and hyphen that begin with a letter or a digit."
  }

  validation {
    condition     = alltrue([for route in values(var.routes) : try((route.function == null) != (route.mock == null), false)])
    error_message = "Each route must have exactly one of function and mock."
  }

  validation {
    condition     = alltrue([for route in values(var.routes) : try(route.mock, null) == null ? true : trimspace(route.mock) != ""])
    error_message = "The mock of a route must have text: a frame cannot be empty."
  }

  validation {
    condition     = alltrue([for route in values(var.routes) : try(route.function == null, true) ? true : can(regex("^arn:[a-z-]+:apigateway:[!-~]+$", route.function.invoke_arn)) && can(regex("^[A-Za-z0-9_-]{1,64}$", route.function.function_name)) && can(regex("^[A-Za-z0-9_-]{1,128}$", route.function.qualifier))])
    error_message = "The function of each route must have the invoke_arn of a function's alias or version (arn:aws:apigateway:<region>:lambda:path/..., not the function's own ARN), the name of the function alone as function_name, and that of the alias or version as qualifier."
  }

  validation {
    condition     = alltrue([for key, route in var.routes : try(route.function != null, true) || !contains(["$connect", "$disconnect"], key)])
    error_message = "$connect and $disconnect must have a function: a mock could neither answer the subprotocol nor forget the connection."
  }

  validation {
    condition     = alltrue([for route in values(var.routes) : try(route.mock == null || route.reply, true)])
    error_message = "A route with a mock must reply: its answer is all that it does."
  }

  validation {
    condition     = alltrue([for route in values(var.routes) : try(route.timeout_ms == floor(route.timeout_ms) && route.timeout_ms >= 50 && route.timeout_ms <= 29000, true)])
    error_message = "The timeout_ms of each route must be a whole number from 50 to 29000."
  }

  validation {
    condition     = alltrue([for route in values(var.routes) : try(route.mock == null || route.timeout_ms == null, true)])
    error_message = "A route with a mock must have no timeout_ms: API Gateway answers by itself, and waits for nobody."
  }

  validation {
    condition     = alltrue([for key, route in var.routes : try(route.model, null) == null ? true : contains(keys(var.models), route.model) && !contains(["$connect", "$disconnect"], key)])
    error_message = "The model of each route must be a key of models; $connect and $disconnect cannot have one."
  }

  validation {
    condition     = alltrue([for name in keys(var.models) : contains([for route in values(var.routes) : coalesce(try(route.model, null), "none of them")], name)])
    error_message = "Each of models must be the model of a route: one that no route names is held against no message."
  }

  # A statement has some 330 characters beside the names in it.
  validation {
    condition = alltrue([for function in distinct([for route in values(var.routes) : route.function.function_name if try(route.function, null) != null]) :
      try(sum([for key, route in var.routes : 330 + length(function) + length(var.stage_name) + 2 * length(key) if try(route.function.function_name, null) == function]) <= 20480, true)
    ])
    error_message = "A function has more routes than its policy has room for (20 KB, one statement for each route, some 50 in all). Serve some by $default, or by another function."
  }

  validation {
    condition     = alltrue([for route in values(var.routes) : try(route.throttle.rate > 0 && route.throttle.burst >= 1 && route.throttle.burst == floor(route.throttle.burst), try(route.throttle, null) == null)])
    error_message = "The throttle of each route must have a rate above 0 (messages a second) and a burst that is a whole number of at least 1; 0 would refuse everything."
  }
}

variable "route_selection_expression" {
  description = "Field of a message that names its route, as `$request.body.<path>`. The default is `$request.body.action`; a protocol that exists already may have another name for it. A message that is no JSON, or without the field, goes to `$default`."
  type        = string
  default     = "$request.body.action"
  nullable    = false

  validation {
    condition     = can(regex("^\\$request\\.body\\.[A-Za-z0-9_]+(\\.[A-Za-z0-9_]+)*$", var.route_selection_expression))
    error_message = "route_selection_expression must be $request.body. and the path of a field: names of a-z, A-Z, 0-9 and underscore with dots between."
  }
}

variable "models" {
  description = "What a message may look like, by name: `schema` is a JSON schema of draft 4, and `description`, of at most 128 bytes, is optional. Each is the model of a route at least. None by default: the functions judge alone."
  type = map(object({
    schema      = string
    description = optional(string)
  }))
  default  = {}
  nullable = false

  validation {
    condition     = alltrue([for name in keys(var.models) : can(regex("^[A-Za-z0-9]{1,128}$", name))])
    error_message = "Each name in models must be 1 to 128 characters of a-z, A-Z and 0-9."
  }

  validation {
    condition     = alltrue([for model in values(var.models) : can(keys(jsondecode(model.schema))) && try(floor(length(replace(base64encode(model.schema), "=", "")) * 3 / 4) <= 32768, true)])
    error_message = "The schema of each model must be a JSON object of at most 32768 bytes."
  }

  validation {
    condition     = alltrue([for model in values(var.models) : try(model.description, null) == null ? true : model.description != "" && floor(length(replace(base64encode(model.description), "=", "")) * 3 / 4) <= 128])
    error_message = "The description of each model must be null or 1 to 128 bytes of UTF-8: the provider counts bytes."
  }
}

#### Custom domain ####

variable "custom_domain" {
  description = <<-EOT
    A domain name of your own for the API, with TLS 1.2 or newer. Null, the default, leaves the API at its execute-api endpoint alone.

    - `name`: the domain name, in lower case and without a wildcard;
    - `certificate`: `{ arn = ... }` of an issued ACM certificate for the name in the API's Region. Null maps the API to a domain name that exists already, as the second of two APIs under one name does;
    - `mapping_key`: path below the name, without slashes at its ends (default: none, the name alone);
    - `hosted_zone`: `{ id = ... }` of a Route 53 zone that gets the alias record. Null leaves DNS to you: point the name to the output `custom_domain`.
  EOT
  type = object({
    name        = string
    certificate = optional(object({ arn = string }))
    mapping_key = optional(string, "")
    hosted_zone = optional(object({ id = string }))
  })
  default = null

  validation {
    condition     = var.custom_domain == null ? true : can(regex("^([a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?\\.)+([a-z]{2,63}|xn--[a-z0-9-]{0,58}[a-z0-9])$", var.custom_domain.name)) && try(length(var.custom_domain.name) <= 253, false)
    error_message = "custom_domain.name must be a domain name of at most 253 characters in lower case, without wildcard, scheme, port and path; letters beyond a-z in punycode (xn--)."
  }

  validation {
    condition     = try(var.custom_domain.certificate, null) == null ? true : can(regex("^arn:[a-z-]+:acm:[a-z0-9-]+:[0-9]{12}:certificate/[A-Za-z0-9-]+$", var.custom_domain.certificate.arn))
    error_message = "custom_domain.certificate.arn must be the ARN of an ACM certificate (arn:aws:acm:<region>:<account>:certificate/<id>)."
  }

  validation {
    condition     = var.custom_domain == null ? true : length(var.custom_domain.mapping_key) <= 300 && can(regex("^([A-Za-z0-9$_.+!*'()-]+(/[A-Za-z0-9$_.+!*'()-]+)*)?$", var.custom_domain.mapping_key)) && !can(regex("(^|/)[.][.]?(/|$)", var.custom_domain.mapping_key))
    error_message = "custom_domain.mapping_key must be empty or a path of at most 300 characters of a-z, A-Z, 0-9 and $-_.+!*'(), with single slashes between its parts only, none of which is a dot or two: clients resolve them."
  }

  validation {
    condition     = try(var.custom_domain.hosted_zone, null) == null ? true : can(regex("^Z[A-Z0-9]{1,31}$", var.custom_domain.hosted_zone.id)) && var.custom_domain.certificate != null
    error_message = "custom_domain.hosted_zone.id must be the id of a hosted zone (Z and up to 31 of A-Z and 0-9), and needs custom_domain.certificate: the record belongs where the domain name is made."
  }
}

variable "disable_execute_api_endpoint" {
  description = "Whether the API's own endpoint (<id>.execute-api.<region>.amazonaws.com) refuses everybody, so that custom_domain is the only way in, for @connections too. False, the default, leaves a second way in past whatever stands before the domain name."
  type        = bool
  default     = false
  nullable    = false

  validation {
    condition     = !var.disable_execute_api_endpoint || var.custom_domain != null
    error_message = "disable_execute_api_endpoint needs custom_domain: without one nobody could connect."
  }
}

#### Limits ####

variable "throttle" {
  description = "Requests a second (`rate`) and at once (`burst`) that the stage lets through, connects and messages of all clients together, for each route without a throttle of its own. API Gateway takes a limit that is left out for 0, so both are always set."
  type = object({
    rate  = optional(number, 100)
    burst = optional(number, 200)
  })
  default  = {}
  nullable = false

  validation {
    condition     = var.throttle.rate > 0 && var.throttle.burst >= 1 && var.throttle.burst == floor(var.throttle.burst)
    error_message = "throttle.rate must be above 0 (requests a second) and throttle.burst a whole number of at least 1; 0 would refuse everything."
  }
}

#### Logs ####

variable "kms_key_arn" {
  description = "ARN of the customer-managed KMS key that encrypts the log groups. Its policy must let CloudWatch Logs use it for both, see the outputs."
  type        = string
  nullable    = false

  validation {
    condition     = can(regex("^arn:[a-z-]+:kms:[a-z0-9-]+:[0-9]{12}:key/[A-Za-z0-9-]+$", var.kms_key_arn))
    error_message = "kms_key_arn must be the ARN of a key (arn:aws:kms:<region>:<account>:key/<id>), not an alias or a bare id."
  }
}

variable "log_retention_days" {
  description = "Days that CloudWatch keeps the access log and the execution log."
  type        = number
  default     = 365
  nullable    = false

  validation {
    condition     = contains([1, 3, 5, 7, 14, 30, 60, 90, 120, 150, 180, 365, 400, 545, 731, 1096, 1827, 2192, 2557, 2922, 3288, 3653], var.log_retention_days)
    error_message = "log_retention_days must be 1, 3, 5, 7, 14, 30, 60, 90, 120, 150, 180, 365, 400, 545, 731, 1096, 1827, 2192, 2557, 2922, 3288 or 3653."
  }
}

variable "keep_logs" {
  description = "Whether `terraform destroy` leaves the two log groups behind, for looking into what happened: they are then removed from the state alone, kept for their retention, and that of the access log has to be imported or deleted before one of its name is made again. They can be read as long as their key is there. False, the default, removes them with the rest."
  type        = bool
  default     = false
  nullable    = false
}

variable "access_log_fields" {
  description = "Fields of a line of the access log, which is JSON: names and the `$context` variables they hold. Only variables that cannot carry a token, a key or a message are allowed."
  type        = map(string)
  default = {
    apiId             = "$context.apiId"
    authorizerError   = "$context.authorizer.error"
    authorizerLatency = "$context.authorizer.latency"
    authorizerStatus  = "$context.authorizer.status"
    connectionId      = "$context.connectionId"
    domainName        = "$context.domainName"
    error             = "$context.error.message"
    errorType         = "$context.error.responseType"
    eventType         = "$context.eventType"
    integrationError  = "$context.integration.error"
    integrationStatus = "$context.integration.status"
    latency           = "$context.integrationLatency"
    messageId         = "$context.messageId"
    principalId       = "$context.authorizer.principalId"
    requestId         = "$context.requestId"
    routeKey          = "$context.routeKey"
    sourceIp          = "$context.identity.sourceIp"
    stage             = "$context.stage"
    status            = "$context.status"
    time              = "$context.requestTimeEpoch"
  }
  nullable = false

  validation {
    condition     = alltrue([for field in keys(var.access_log_fields) : can(regex("^[A-Za-z][A-Za-z0-9_.-]{0,63}$", field))])
    error_message = "Each name in access_log_fields must be 1 to 64 characters of a-z, A-Z, 0-9, underscore, dot and hyphen, and begin with a letter."
  }

  validation {
    condition     = alltrue([for value in values(var.access_log_fields) : can(regex("^\\$context\\.(apiId|connectedAt|connectionId|domainName|eventType|extendedRequestId|messageId|requestId|requestTime|requestTimeEpoch|routeKey|stage|status|integrationLatency|authorize\\.(error|latency|status)|authenticate\\.(error|latency|status)|authorizer\\.(error|integrationLatency|integrationStatus|latency|requestId|status|principalId)|error\\.(message|responseType)|identity\\.(sourceIp|userAgent)|integration\\.(error|integrationStatus|latency|requestId|status)|waf\\.(error|latency|status))$", value))])
    error_message = "Each value in access_log_fields must be one $context variable of: apiId, connectedAt, connectionId, domainName, eventType, extendedRequestId, messageId, requestId, requestTime, requestTimeEpoch, routeKey, stage, status, integrationLatency; authorize. and authenticate.{error,latency,status}; authorizer.{error,integrationLatency,integrationStatus,latency,requestId,status,principalId}; error.{message,responseType}; identity.{sourceIp,userAgent}; integration.{error,integrationStatus,latency,requestId,status}; waf.{error,latency,status}."
  }

  validation {
    condition     = length(setintersection(values(var.access_log_fields), ["$context.requestId", "$context.extendedRequestId"])) > 0
    error_message = "access_log_fields must have $context.requestId or $context.extendedRequestId, or API Gateway refuses the format."
  }

  validation {
    condition     = length(jsonencode(var.access_log_fields)) <= 3072
    error_message = "access_log_fields must come to 3072 characters or fewer as JSON."
  }
}

variable "detailed_metrics" {
  description = "Whether CloudWatch gets metrics for each route as well as for the stage. They are billed as custom metrics."
  type        = bool
  default     = false
  nullable    = false
}

#### Alarms ####

variable "alarms" {
  description = <<-EOT
    Alarms on the stage's metrics. Null, the default, makes none: nobody is told when the API fails.

    - `actions`: ARNs of what is told when an alarm begins and when it ends, as SNS topics;

    and from how much on in five minutes:

    - `integration_errors`: 4XX and 5XX of the functions, and so also connections that `$connect` refuses (default 50);
    - `execution_errors`: functions that could not be called, or failed (default 5);
    - `client_errors`: handshakes and messages refused with 4XX, throttled ones among them (default 200);
    - `connects`: new connections (default 80% of what the throttle of `$connect` lets through);
    - `latency_ms`: milliseconds that one call of a function in a hundred takes longer than, in two of three times five minutes (default 5000).
  EOT
  type = object({
    actions            = list(string)
    integration_errors = optional(number, 50)
    execution_errors   = optional(number, 5)
    client_errors      = optional(number, 200)
    connects           = optional(number)
    latency_ms         = optional(number, 5000)
  })
  default = null

  validation {
    condition     = var.alarms == null ? true : try(length(var.alarms.actions) >= 1 && length(var.alarms.actions) <= 5 && alltrue([for action in var.alarms.actions : can(regex("^arn:[a-z-]+:[a-z0-9-]+:[a-z0-9-]*:([0-9]{12})?:[!-~]+$", action))]) && length(distinct(var.alarms.actions)) == length(var.alarms.actions), false)
    error_message = "alarms.actions must have 1 to 5 different ARNs: an alarm that tells nobody is none."
  }

  validation {
    condition = var.alarms == null ? true : alltrue([
      for threshold in [var.alarms.integration_errors, var.alarms.execution_errors, var.alarms.client_errors, coalesce(var.alarms.connects, 1), var.alarms.latency_ms] : threshold == floor(threshold) && threshold >= 1
    ])
    error_message = "Each threshold in alarms must be a whole number of at least 1."
  }
}

variable "name" {
  description = "Name of the API and of its authorizer."
  type        = string
  nullable    = false

  validation {
    condition     = can(regex("^[A-Za-z0-9][A-Za-z0-9_-]{0,63}$", var.name))
    error_message = "name must be 1 to 64 characters of a-z, A-Z, 0-9, underscore and hyphen, and begin with a letter or a digit."
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

variable "tags" {
  description = "Tags of the API, its stage and its log groups."
  type        = map(string)
  default     = {}
  nullable    = false
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
    condition     = alltrue([for source in var.authorizer.identity_sources : can(regex("^route\\.request\\.(header|querystring)\\.[A-Za-z0-9._-]+$", source))])
    error_message = "Each of authorizer.identity_sources must be route.request.header.<name> or route.request.querystring.<name>; $request.header.<name> is the form of HTTP APIs."
  }
}

variable "routes" {
  description = <<-EOT
    The routes by their key: `$connect`, `$disconnect`, `$default`, or the value of the field `action` in a client's message. Each has one of

    - `function`: the Lambda function to call: invoke_arn, function_name and qualifier, as the function module's output `target` has them;
    - `mock`: the text of the frame that API Gateway answers by itself. It is a mapping template (VTL).

    and optionally

    - `reply`: whether what the function returns goes back to the caller as a frame (default true; `$connect` and `$disconnect` never reply);
    - `timeout_ms`: how long API Gateway waits for the function, in milliseconds (50 to 29000, the default);
    - `throttle`: `rate` in messages a second and `burst`, for this route instead of the stage's.
  EOT
  type = map(object({
    function = optional(object({
      invoke_arn    = string
      function_name = string
      qualifier     = string
    }))
    mock       = optional(string)
    reply      = optional(bool, true)
    timeout_ms = optional(number, 29000)
    throttle = optional(object({
      rate  = number
      burst = number
    }))
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
    condition     = alltrue([for route in values(var.routes) : (route.function == null) != (route.mock == null)])
    error_message = "Each route must have exactly one of function and mock."
  }

  validation {
    condition     = alltrue([for key, route in var.routes : route.function != null || !contains(["$connect", "$disconnect"], key)])
    error_message = "$connect and $disconnect must have a function: a mock could neither answer the subprotocol nor forget the connection."
  }

  validation {
    condition     = alltrue([for route in values(var.routes) : route.mock == null || route.reply])
    error_message = "A route with a mock must reply: its answer is all that it does."
  }

  validation {
    condition     = alltrue([for route in values(var.routes) : route.timeout_ms == floor(route.timeout_ms) && route.timeout_ms >= 50 && route.timeout_ms <= 29000])
    error_message = "The timeout_ms of each route must be a whole number from 50 to 29000."
  }

  validation {
    condition     = alltrue([for route in values(var.routes) : try(route.throttle.rate > 0 && route.throttle.burst >= 1 && route.throttle.burst == floor(route.throttle.burst), route.throttle == null)])
    error_message = "The throttle of each route must have a rate above 0 (messages a second) and a burst that is a whole number of at least 1; 0 would refuse everything."
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

variable "access_log_fields" {
  description = "Fields of a line of the access log, which is JSON: names and the `$context` variables they hold. Only variables that cannot carry a token, a key or a message are allowed."
  type        = map(string)
  default = {
    apiId             = "$context.apiId"
    authorizerError   = "$context.authorizer.error"
    authorizerLatency = "$context.authorizer.latency"
    authorizerStatus  = "$context.authorizer.status"
    connectionId      = "$context.connectionId"
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

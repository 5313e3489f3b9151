variable "name" {
  description = "Name of the chat and prefix of everything in it."
  type        = string
  default     = "portcullis-complete"
  nullable    = false
}

variable "region" {
  description = "AWS Region of the chat."
  type        = string
  default     = "eu-west-1"
  nullable    = false
}

variable "tags" {
  description = "Tags of everything that takes tags."
  type        = map(string)
  default     = { project = "portcullis", example = "complete" }
  nullable    = false
}

variable "package_dir" {
  description = "Folder with the functions' zips and SHA256SUMS. Null, the default, is where `make package` leaves them: dist/<architecture>; or none, with signed_packages."
  type        = string
  default     = null

  validation {
    condition     = var.package_dir == null || var.signed_packages == null
    error_message = "Give either package_dir or signed_packages."
  }
}

variable "signed_packages" {
  description = "The functions' zips as AWS Signer signed them: `profile_version_arns`, the profiles that may sign, and `objects`, for each of authorizer, connect, disconnect and message a version of an S3 object in the chat's Region (bucket, key, version_id, and sha256, the signed zip's SHA-256 in base64). Lambda then refuses any other code. Null, the default, gives that up and takes the zips of package_dir: whoever may update a function may run any code in it."
  type = object({
    profile_version_arns = list(string)
    objects = object({
      authorizer = object({ bucket = string, key = string, version_id = string, sha256 = string })
      connect    = object({ bucket = string, key = string, version_id = string, sha256 = string })
      disconnect = object({ bucket = string, key = string, version_id = string, sha256 = string })
      message    = object({ bucket = string, key = string, version_id = string, sha256 = string })
    })
  })
  default = null
}

variable "architecture" {
  description = "Instruction set that the packages were built for: arm64 or x86_64."
  type        = string
  default     = "arm64"
  nullable    = false
}

variable "allowed_origins" {
  description = "Origins of the web pages that may connect, each `https://host` or `https://host:port`."
  type        = list(string)
  default     = ["https://chat.example.com"]
  nullable    = false

  validation {
    condition     = length(var.allowed_origins) > 0
    error_message = "allowed_origins must name the page of your chat: this example lets no client in that sends no Origin."
  }
}

variable "cognito_endpoint" {
  description = "Base URL of the regional Cognito endpoint, for example a FIPS endpoint. Null uses AWS's own."
  type        = string
  default     = null
}

variable "production" {
  description = "Whether this is for real use: tables and user pool that AWS refuses to delete, a key that can be had back for 30 days, a second factor for everybody, and 175 reserved concurrent executions, which a new account does not have. False, the default, gives those up, so that the example can be tried and thrown away."
  type        = bool
  default     = false
  nullable    = false
}

variable "domain" {
  description = "A domain name of your own: `name`, `certificate_arn` (ACM, in the chat's Region) and `hosted_zone_id` (Route 53). The API's own endpoint then refuses everybody. Null, the default, leaves the API there."
  type = object({
    name            = string
    certificate_arn = string
    hosted_zone_id  = string
  })
  default = null
}

variable "edge" {
  description = "CloudFront with a web ACL before the API, and the web client: `site_url`, `https://host` without a slash at the end (default: the first of the aliases, or CloudFront's own name), and for names of your own `aliases` and `certificate_arn` (ACM, in us-east-1); `wait_for_deployment`, whether an apply ends only when the distribution has arrived everywhere (default true; false gives up knowing that, which a rotation of the secret needs). `{}` has all defaults. It needs `origin_secrets`, and `sign_in` for people to sign in on the page. Null, the default, leaves the API without: AWS WAF sees nothing of it."
  type = object({
    site_url            = optional(string)
    aliases             = optional(list(string))
    certificate_arn     = optional(string)
    wait_for_deployment = optional(bool)
  })
  default = null
}

variable "origin_secrets" {
  description = "The secret by which the API knows the edge, or two of them while it is rotated (docs/edge.md). Give it by the environment, so that it is in no file: `export TF_VAR_origin_secrets=\"[\\\"$(openssl rand -hex 32)\\\"]\"`. Needed with edge; none by default."
  type        = list(string)
  default     = []
  sensitive   = true
  nullable    = false
}

variable "sign_in" {
  description = "Cognito's pages to sign in: `prefix` of their address, unique in the Region, and the `callback_urls` and `logout_urls` of pages of yours, besides that of the edge. Null, the default, makes none: clients sign in by SRP."
  type = object({
    prefix        = string
    callback_urls = optional(list(string), [])
    logout_urls   = optional(list(string), [])
  })
  default = null
}

variable "alarm_emails" {
  description = "Addresses that are told when an alarm begins and ends. None by default: subscribe to the output alarm_topic_arn in another way."
  type        = list(string)
  default     = []
  nullable    = false

  validation {
    condition     = alltrue([for address in var.alarm_emails : can(regex("^[^@\\s]+@[^@\\s]+$", address))])
    error_message = "Each of alarm_emails must be an address: name@host."
  }
}

variable "name" {
  description = "Name of the API and prefix of everything else."
  type        = string
  default     = "portcullis-polls"
  nullable    = false
}

variable "region" {
  description = "AWS Region."
  type        = string
  default     = "eu-west-1"
  nullable    = false
}

variable "handlers_dir" {
  description = "Folder with presence.zip, vote.zip and SHA256SUMS. Null, the default, is where the README's command leaves them: dist/<architecture> beside this file."
  type        = string
  default     = null
}

variable "package_dir" {
  description = "Folder with authorizer.zip and SHA256SUMS. Null, the default, is where `make package` leaves them: dist/<architecture> in the root of the repository."
  type        = string
  default     = null
}

variable "architecture" {
  description = "Instruction set that the packages were built for: arm64 or x86_64."
  type        = string
  default     = "arm64"
  nullable    = false
}

variable "allowed_origins" {
  description = "Origins of web pages that may connect. Empty, the default, lets native clients in only."
  type        = list(string)
  default     = []
  nullable    = false
}

variable "allow_missing_origin" {
  description = "Whether a client that sends no Origin may connect, as native clients do (default true). The token decides either way; what is given up is telling a browser from a script."
  type        = bool
  default     = true
  nullable    = false
}

variable "cognito_endpoint" {
  description = "Base URL of the regional Cognito endpoint, for example a FIPS endpoint. Null uses AWS's own."
  type        = string
  default     = null
}

variable "reserved_concurrency" {
  description = "How many instances of each function may run at once: a whole number, or the word unreserved, the default: a new account has 10 instances in all and lets none be reserved. Unreserved gives up the bound."
  type        = string
  default     = "unreserved"
  nullable    = false
}

variable "name" {
  description = "Name of the chat and prefix of everything in it."
  type        = string
  default     = "portcullis-external-idp"
  nullable    = false
}

variable "region" {
  description = "AWS Region of the chat."
  type        = string
  default     = "eu-west-1"
  nullable    = false
}

variable "package_dir" {
  description = "Folder with the functions' zips and SHA256SUMS. Null, the default, is where `make package` leaves them: dist/<architecture>."
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
  description = "Whether a client that sends no Origin may connect, as the terminal client does (default true). The token decides either way; what is given up is telling a browser from a script."
  type        = bool
  default     = true
  nullable    = false
}

variable "issuer" {
  description = "Issuer of the tokens, exactly as their claim `iss` has it: `issuer` in the discovery document."
  type        = string
  nullable    = false
}

variable "jwks_uri" {
  description = "URL of the issuer's keys: `jwks_uri` in the discovery document."
  type        = string
  nullable    = false
}

variable "audiences" {
  description = "Audiences of which a token must name one: what the issuer calls this chat, not what it calls the sign-in page."
  type        = list(string)
  nullable    = false
}

variable "token_type_check" {
  description = "What tells an access token from an ID token: typ (RFC 9068, the default), token_use, typ_claim, or none, which lets ID tokens in."
  type        = string
  default     = "typ"
  nullable    = false
}

variable "rooms" {
  description = "The claim that lists the rooms a user may enter, and what its entries begin with; see the auth module. Null, the default, opens every room to everybody with a valid token."
  type = object({
    claim  = string
    prefix = optional(string)
  })
  default = null
}

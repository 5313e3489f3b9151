variable "name" {
  description = "Name of the chat and prefix of everything in it."
  type        = string
  default     = "portcullis-minimal"
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

variable "cognito_endpoint" {
  description = "Base URL of the regional Cognito endpoint, for example a FIPS endpoint. Null uses AWS's own."
  type        = string
  default     = null
}

variable "manage_account_logging" {
  description = "Whether to set the role that API Gateway writes logs with, which is one setting for the whole account and Region. Leave it false where the account has one (the console shows it under API Gateway, Settings); without one AWS refuses the stage with \"CloudWatch Logs role ARN must be set in account settings to enable logging\". While it is true, destroying this example may take the logs of every other API in the Region with it."
  type        = bool
  default     = false
  nullable    = false
}

# A caller that remembers what it had at its first apply.

terraform {
  required_version = ">= 1.9"

  required_providers {
    aws = {
      source  = "hashicorp/aws"
      version = ">= 5.100, < 7.0"
    }
  }
}

variable "routes" {
  description = "Routes of the API; those that are not $connect answer by themselves, or hold messages against a model."
  type        = map(object({ mock = string, model = optional(string) }))
}

variable "models" {
  description = "Models of the API."
  type        = map(object({ schema = string }))
}

module "api" {
  source = "../.."

  name        = "chat"
  kms_key_arn = "arn:aws:kms:eu-west-1:111122223333:key/1a2b3c4d-0000-4000-8000-000000000000"

  authorizer = { invoke_arn = "arn:aws:apigateway:authorizer", function_name = "authorizer", qualifier = "live" }
  models     = var.models

  routes = merge(var.routes, {
    "$connect" = { function = { invoke_arn = "arn:aws:apigateway:connect", function_name = "connect", qualifier = "live" } }
  })
}

resource "terraform_data" "first" {
  input = { route_ids = module.api.route_ids, trigger = module.api.deployment_trigger }

  lifecycle {
    ignore_changes = [input]
  }
}

output "first" {
  description = "What there was at the first apply."
  value       = terraform_data.first.output
}

output "now" {
  description = "What there is."
  value       = { route_ids = module.api.route_ids, trigger = module.api.deployment_trigger }
}

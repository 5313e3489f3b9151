# Callers that differ in one thing each.

terraform {
  required_version = ">= 1.9"

  required_providers {
    aws = {
      source  = "hashicorp/aws"
      version = ">= 5.100, < 7.0"
    }
  }
}

locals {
  authorizer = { invoke_arn = "arn:aws:apigateway:authorizer", function_name = "authorizer", qualifier = "live" }

  routes = {
    "$connect"  = { function = { invoke_arn = "arn:aws:apigateway:connect", function_name = "connect", qualifier = "live" } }
    sendMessage = { function = { invoke_arn = "arn:aws:apigateway:message", function_name = "message", qualifier = "live" } }
    ping        = { mock = "{\"type\":\"pong\"}" }
  }

  callers = {
    first          = {}
    the_same_again = {}

    # In effect at once, and so no part of a deployment.
    another_throttle = { throttle = { rate = 1, burst = 1 } }
    a_domain_name    = { custom_domain = { name = "ws.example.com" } }

    another_authorizer_function = { authorizer = merge(local.authorizer, { invoke_arn = "arn:aws:apigateway:authorizer-2" }) }
    another_identity_source     = { authorizer = merge(local.authorizer, { identity_sources = ["route.request.header.x-origin-verify"] }) }

    another_function = { routes = merge(local.routes, { sendMessage = { function = merge(local.routes.sendMessage.function, { invoke_arn = "arn:aws:apigateway:message-2" }) } }) }
    another_timeout  = { routes = merge(local.routes, { sendMessage = merge(local.routes.sendMessage, { timeout_ms = 1000 }) }) }
    no_reply         = { routes = merge(local.routes, { sendMessage = merge(local.routes.sendMessage, { reply = false }) }) }
    another_mock     = { routes = merge(local.routes, { ping = { mock = "{\"type\":\"pong\",\"v\":2}" } }) }
    another_field    = { route_selection_expression = "$request.body.type" }
    one_more_route   = { routes = merge(local.routes, { history = local.routes.sendMessage }) }

    # AWS closes and opens the endpoint with a deployment only.
    a_disabled_endpoint = { custom_domain = { name = "ws.example.com" }, disable_execute_api_endpoint = true }

    a_model        = { models = { send = { schema = "{\"type\":\"object\"}" } }, routes = merge(local.routes, { sendMessage = merge(local.routes.sendMessage, { model = "send" }) }) }
    another_schema = { models = { send = { schema = "{\"type\":\"array\"}" } }, routes = merge(local.routes, { sendMessage = merge(local.routes.sendMessage, { model = "send" }) }) }
  }
}

module "api" {
  source   = "../.."
  for_each = local.callers

  name        = "chat"
  kms_key_arn = "arn:aws:kms:eu-west-1:111122223333:key/1a2b3c4d-0000-4000-8000-000000000000"

  authorizer                   = try(each.value.authorizer, local.authorizer)
  routes                       = try(each.value.routes, local.routes)
  models                       = try(each.value.models, null)
  route_selection_expression   = try(each.value.route_selection_expression, null)
  throttle                     = try(each.value.throttle, null)
  custom_domain                = try(each.value.custom_domain, null)
  disable_execute_api_endpoint = try(each.value.disable_execute_api_endpoint, null)
}

output "triggers" {
  description = "What decides about a new deployment, by caller."
  value       = { for name, api in module.api : name => api.deployment_trigger }
}

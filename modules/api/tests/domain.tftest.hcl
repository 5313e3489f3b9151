# A domain name of the API's own. Functions that took the name from a request, or
# kept the stage in the path behind a mapping, could not post to connections:
# aws-samples/simple-websockets-chat-app issues 40 and 51.

mock_provider "aws" {
  mock_resource "aws_apigatewayv2_api" {
    defaults = {
      id            = "a1b2c3d4e5"
      api_endpoint  = "wss://a1b2c3d4e5.execute-api.eu-west-1.amazonaws.com"
      execution_arn = "arn:aws:execute-api:eu-west-1:111122223333:a1b2c3d4e5"
    }
  }

  mock_resource "aws_apigatewayv2_domain_name" {
    defaults = {
      domain_name_configuration = {
        target_domain_name = "d-1234567890.execute-api.eu-west-1.amazonaws.com"
        hosted_zone_id     = "Z1UJRXOUMOOFQ8"
      }
    }
  }

  mock_resource "aws_cloudwatch_log_group" {
    defaults = { arn = "arn:aws:logs:eu-west-1:111122223333:log-group:example" }
  }
}

variables {
  name        = "chat"
  kms_key_arn = "arn:aws:kms:eu-west-1:111122223333:key/1a2b3c4d-0000-4000-8000-000000000000"

  authorizer = { invoke_arn = "arn:aws:apigateway:authorizer", function_name = "authorizer", qualifier = "live" }

  routes = {
    "$connect" = { function = { invoke_arn = "arn:aws:apigateway:connect", function_name = "connect", qualifier = "live" } }
  }
}

run "without_one_there_is_nothing" {
  assert {
    condition     = length(aws_apigatewayv2_domain_name.this) == 0 && length(aws_apigatewayv2_api_mapping.this) == 0 && length(aws_route53_record.this) == 0 && output.custom_domain == null
    error_message = "Something of a custom domain is made that nobody asked for."
  }

  assert {
    condition     = !aws_apigatewayv2_api.this.disable_execute_api_endpoint
    error_message = "Nobody could connect."
  }

  assert {
    condition     = aws_apigatewayv2_api.this.ip_address_type == "ipv4"
    error_message = "The API has addresses that nobody asked for."
  }
}

run "a_domain_name_with_tls_and_a_mapping" {
  variables {
    custom_domain = {
      name        = "ws.example.com"
      certificate = { arn = "arn:aws:acm:eu-west-1:111122223333:certificate/1a2b3c4d-0000-4000-8000-000000000000" }
    }
  }

  assert {
    condition = (
      aws_apigatewayv2_domain_name.this[0].domain_name == "ws.example.com" &&
      aws_apigatewayv2_domain_name.this[0].domain_name_configuration[0].security_policy == "TLS_1_2" &&
      aws_apigatewayv2_domain_name.this[0].domain_name_configuration[0].endpoint_type == "REGIONAL" &&
      aws_apigatewayv2_domain_name.this[0].domain_name_configuration[0].certificate_arn == var.custom_domain.certificate.arn
    )
    error_message = "The domain name takes another TLS, or another certificate."
  }

  assert {
    condition     = aws_apigatewayv2_api_mapping.this[0].domain_name == "ws.example.com" && aws_apigatewayv2_api_mapping.this[0].stage == "live" && aws_apigatewayv2_api_mapping.this[0].api_mapping_key == ""
    error_message = "The domain name leads elsewhere."
  }

  assert {
    condition     = output.connect_url == "wss://ws.example.com" && output.custom_domain.name == "ws.example.com"
    error_message = "Clients are told another URL."
  }

  assert {
    condition     = output.management_endpoint == "https://a1b2c3d4e5.execute-api.eu-west-1.amazonaws.com/live"
    error_message = "Functions leave the API's own endpoint although it is there."
  }

  assert {
    condition     = length(aws_route53_record.this) == 0
    error_message = "A record is made in a zone that nobody named."
  }
}

run "without_the_apis_own_endpoint_functions_post_by_the_domain_name" {
  variables {
    custom_domain = {
      name        = "ws.example.com"
      certificate = { arn = "arn:aws:acm:eu-west-1:111122223333:certificate/1a2b3c4d-0000-4000-8000-000000000000" }
      mapping_key = "chat/v1"
    }
    disable_execute_api_endpoint = true
  }

  assert {
    condition     = aws_apigatewayv2_api.this.disable_execute_api_endpoint
    error_message = "The endpoint is still open."
  }

  assert {
    condition     = output.management_endpoint == "https://ws.example.com/chat/v1" && output.connect_url == "wss://ws.example.com/chat/v1"
    error_message = "Functions or clients would come by an endpoint that refuses them, or by a path with the stage in it."
  }

  assert {
    condition     = output.connections_arn == "arn:aws:execute-api:eu-west-1:111122223333:a1b2c3d4e5/live"
    error_message = "IAM judges API and stage, whatever the way in."
  }
}

run "without_a_mapping_key_there_is_no_slash" {
  variables {
    custom_domain                = { name = "ws.example.com" }
    disable_execute_api_endpoint = true
  }

  assert {
    condition     = output.management_endpoint == "https://ws.example.com"
    error_message = "The path of a call would begin with two slashes."
  }
}

run "a_second_api_under_a_domain_name_that_exists" {
  variables {
    custom_domain = { name = "ws.example.com", mapping_key = "other" }
  }

  assert {
    condition     = length(aws_apigatewayv2_domain_name.this) == 0 && aws_apigatewayv2_api_mapping.this[0].domain_name == "ws.example.com" && aws_apigatewayv2_api_mapping.this[0].api_mapping_key == "other"
    error_message = "The domain name would be made a second time, or is not mapped."
  }

  assert {
    condition     = output.custom_domain == null && output.connect_url == "wss://ws.example.com/other"
    error_message = "The outputs are not those of a domain name that exists already."
  }
}

run "a_record_in_a_given_zone" {
  variables {
    custom_domain = {
      name        = "ws.example.com"
      certificate = { arn = "arn:aws:acm:eu-west-1:111122223333:certificate/1a2b3c4d-0000-4000-8000-000000000000" }
      hosted_zone = { id = "Z0123456789ABCDEFGHIJ" }
    }
  }

  assert {
    condition     = keys(aws_route53_record.this) == ["A"] && aws_route53_record.this["A"].zone_id == "Z0123456789ABCDEFGHIJ" && aws_route53_record.this["A"].name == "ws.example.com" && aws_route53_record.this["A"].type == "A" && length(aws_route53_record.this["A"].alias) == 1
    error_message = "The record is not an alias of that name in that zone."
  }

  assert {
    condition     = aws_apigatewayv2_domain_name.this[0].domain_name_configuration[0].ip_address_type == "ipv4"
    error_message = "The domain name has addresses that nobody asked for."
  }
}

run "records_of_both_kinds_of_addresses" {
  variables {
    ip_address_type = "dualstack"
    custom_domain = {
      name        = "ws.example.com"
      certificate = { arn = "arn:aws:acm:eu-west-1:111122223333:certificate/1a2b3c4d-0000-4000-8000-000000000000" }
      hosted_zone = { id = "Z0123456789ABCDEFGHIJ" }
    }
  }

  assert {
    condition     = aws_apigatewayv2_api.this.ip_address_type == "dualstack" && aws_apigatewayv2_domain_name.this[0].domain_name_configuration[0].ip_address_type == "dualstack"
    error_message = "API or domain name have no IPv6."
  }

  assert {
    condition     = { for key, record in aws_route53_record.this : key => [record.type, record.name, record.zone_id, record.alias[0].name] } == { for type in ["A", "AAAA"] : type => [type, "ws.example.com", "Z0123456789ABCDEFGHIJ", "d-1234567890.execute-api.eu-west-1.amazonaws.com"] }
    error_message = "Clients do not find both kinds of addresses."
  }
}

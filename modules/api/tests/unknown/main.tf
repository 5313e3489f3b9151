# Callers that make in the same plan whatever they give to the API, so that
# nothing of it is known while planning; two of them, by for_each.

terraform {
  required_version = ">= 1.9"

  required_providers {
    aws = {
      source  = "hashicorp/aws"
      version = ">= 5.100, < 7.0"
    }
  }
}

resource "terraform_data" "made" {
  input = "made-later"
}

resource "aws_kms_key" "made" {
  enable_key_rotation = true
}

resource "aws_sns_topic" "made" {
  name = "made"
}

resource "aws_route53_zone" "made" {
  name = "example.com"
}

resource "aws_acm_certificate" "made" {
  domain_name       = "ws.example.com"
  validation_method = "DNS"
}

module "api" {
  source   = "../.."
  for_each = { a = "first", b = "second" }

  name        = "${terraform_data.made.output}-${each.value}"
  stage_name  = terraform_data.made.output
  kms_key_arn = aws_kms_key.made.arn
  tags        = { made = terraform_data.made.output }

  authorizer = {
    invoke_arn    = terraform_data.made.output
    function_name = terraform_data.made.output
    qualifier     = terraform_data.made.output
  }

  models = { made = { schema = jsonencode({ title = terraform_data.made.output }) } }

  routes = {
    "$connect" = {
      function = { invoke_arn = terraform_data.made.output, function_name = terraform_data.made.output, qualifier = terraform_data.made.output }
    }
    made = {
      function = { invoke_arn = terraform_data.made.output, function_name = terraform_data.made.output, qualifier = terraform_data.made.output }
      model    = "made"
    }
    mock = { mock = terraform_data.made.output }
  }

  custom_domain = {
    name        = "${each.key}.${terraform_data.made.output}.example.com"
    certificate = { arn = aws_acm_certificate.made.arn }
    hosted_zone = { id = aws_route53_zone.made.zone_id }
  }

  disable_execute_api_endpoint = each.key == "a"

  alarms = { actions = [aws_sns_topic.made.arn] }
}

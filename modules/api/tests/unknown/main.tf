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

resource "terraform_data" "made_in_aws" {
  input = {
    key_arn         = "arn:aws:kms:eu-west-1:111122223333:key/1a2b3c4d-0000-4000-8000-000000000000"
    certificate_arn = "arn:aws:acm:eu-west-1:111122223333:certificate/1a2b3c4d-0000-4000-8000-000000000000"
    topic_arn       = "arn:aws:sns:eu-west-1:111122223333:made"
    zone_id         = "Z0123456789EXAMPLE"
  }
}

module "api" {
  source   = "../.."
  for_each = { a = "first", b = "second" }

  name        = "${terraform_data.made.output}-${each.value}"
  stage_name  = terraform_data.made.output
  kms_key_arn = terraform_data.made_in_aws.output.key_arn
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
    certificate = { arn = terraform_data.made_in_aws.output.certificate_arn }
    hosted_zone = { id = terraform_data.made_in_aws.output.zone_id }
  }

  disable_execute_api_endpoint = each.key == "a"

  alarms = { actions = [terraform_data.made_in_aws.output.topic_arn] }
}

# A caller whose names, key and readers are made in the same plan.

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
  input = {
    id         = "made-later"
    key_arn    = "arn:aws:kms:eu-west-1:111122223333:key/1a2b3c4d-0000-4000-8000-000000000000"
    reader_arn = "arn:aws:iam::111122223333:role/reader"
  }
}

module "given_key" {
  source = "../.."

  name    = "rows-${terraform_data.made.output.id}"
  kms_key = { arn = terraform_data.made.output.key_arn }

  resource_policy_statements = [{
    sid        = "Reader"
    principals = { identifiers = [terraform_data.made.output.reader_arn] }
    actions    = ["dynamodb:Query"]
  }]

  tags = { reader = terraform_data.made.output.id }
}

module "own_key" {
  source = "../.."

  name = "rows-${terraform_data.made.output.id}"
}

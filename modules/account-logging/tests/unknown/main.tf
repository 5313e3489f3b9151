# A caller whose boundary is made in the same plan.

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
  input = { id = "made-later", arn = "arn:aws:iam::111122223333:policy/boundary" }
}

module "account_logging" {
  source = "../.."

  name                 = "logs-${terraform_data.made.output.id}"
  permissions_boundary = terraform_data.made.output.arn
}

# A fixture: a configuration, its plan beside it (terraform init, terraform plan
# -out=tfplan, terraform show -json tfplan > plan.json), and above each resource
# what the rules have to say of it.
terraform {
  required_providers {
    aws = { source = "hashicorp/aws" }
  }
}

provider "aws" {
  region                      = "eu-west-1"
  access_key                  = "none"
  secret_key                  = "none"
  skip_credentials_validation = true
  skip_requesting_account_id  = true
  skip_metadata_api_check     = true
}

resource "terraform_data" "later" {
  input = "known after apply"
}

# pass: ours/queue-name
resource "aws_sqs_queue" "team" {
  name = "jobs-mail"
}

# fail: ours/queue-name
resource "aws_sqs_queue" "no_team" {
  name = "mail"
}

# fail: ours/queue-name
resource "aws_sqs_queue" "no_name" {}

# unknown: ours/queue-name
resource "aws_sqs_queue" "later" {
  name = terraform_data.later.output
}

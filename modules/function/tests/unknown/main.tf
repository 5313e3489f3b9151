# A caller whose key, bucket, queue, network, signer and boundary are made in the
# same plan.

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
    id             = "made-later"
    key_arn        = "arn:aws:kms:eu-west-1:111122223333:key/1a2b3c4d-0000-4000-8000-000000000000"
    boundary_arn   = "arn:aws:iam::111122223333:policy/boundary"
    bucket         = "releases"
    version_id     = "made-later"
    sha256         = "47DEQpj8HBSa+/TImW+5JCeuQeRkm5NMpJWZG3hSuFU="
    profile_arn    = "arn:aws:signer:eu-west-1:111122223333:/signing-profiles/release/made1ater"
    subnet         = "subnet-0123456789abcdef0"
    security_group = "sg-0123456789abcdef0"
    queue_arn      = "arn:aws:sqs:eu-west-1:111122223333:failures"
    queue_url      = "https://sqs.eu-west-1.amazonaws.com/111122223333/failures"
  }
}

module "function" {
  source = "../.."

  name                 = "example-${terraform_data.made.output.id}"
  reserved_concurrency = "10"
  kms_key_arn          = terraform_data.made.output.key_arn
  permissions_boundary = terraform_data.made.output.boundary_arn

  package_object = {
    bucket     = terraform_data.made.output.bucket
    key        = "${terraform_data.made.output.id}.zip"
    version_id = terraform_data.made.output.version_id
    sha256     = terraform_data.made.output.sha256
  }

  code_signing = { profile_version_arns = [terraform_data.made.output.profile_arn] }
  vpc          = { subnet_ids = [terraform_data.made.output.subnet], security_group_ids = [terraform_data.made.output.security_group] }
  on_failure   = { service = "sqs", arn = terraform_data.made.output.queue_arn, kms_key = { arn = terraform_data.made.output.key_arn } }

  # Sensitive besides: how many there are decides whether there is a block.
  environment = sensitive({ QUEUE = terraform_data.made.output.queue_url })
  statements  = [{ sid = "Queue", actions = ["sqs:SendMessage"], resources = [terraform_data.made.output.queue_arn] }]
}

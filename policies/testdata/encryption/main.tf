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

# What is known after apply: text of any meaning.
resource "terraform_data" "later" {
  for_each = toset(["text", "number", "bool"])
  input    = each.key
}

locals {
  later  = terraform_data.later["text"].output
  number = try(tonumber(terraform_data.later["number"].output), 1)
  bool   = terraform_data.later["bool"].output == "true"
}


# pass: encryption/key-rotation
resource "aws_kms_key" "good" {
  enable_key_rotation = true
}

# fail: encryption/key-rotation
resource "aws_kms_key" "bad" {
  description = "never rotated"
}

# unknown: encryption/key-rotation
resource "aws_kms_key" "later" {
  enable_key_rotation = local.bool
}

resource "aws_kms_key" "asymmetric" {
  customer_master_key_spec = "RSA_2048"
  key_usage                = "SIGN_VERIFY"
}

# pass: encryption/queue-key
resource "aws_sqs_queue" "own" {
  name              = "own"
  kms_master_key_id = aws_kms_key.good.arn
}

# pass: encryption/queue-key
resource "aws_sqs_queue" "known" {
  name              = "known"
  kms_master_key_id = "arn:aws:kms:eu-west-1:111122223333:key/1234abcd-12ab-34cd-56ef-1234567890ab"
}

# fail: encryption/queue-key
resource "aws_sqs_queue" "none" {
  name = "none"
}

# fail: encryption/queue-key
resource "aws_sqs_queue" "of_aws" {
  name              = "of_aws"
  kms_master_key_id = "alias/aws/service"
}

# unknown: encryption/queue-key
resource "aws_sqs_queue" "later" {
  name              = "later"
  kms_master_key_id = local.later
}

# pass: encryption/topic-key
resource "aws_sns_topic" "own" {
  name              = "own"
  kms_master_key_id = aws_kms_key.good.arn
}

# pass: encryption/topic-key
resource "aws_sns_topic" "known" {
  name              = "known"
  kms_master_key_id = "arn:aws:kms:eu-west-1:111122223333:key/1234abcd-12ab-34cd-56ef-1234567890ab"
}

# fail: encryption/topic-key
resource "aws_sns_topic" "none" {
  name = "none"
}

# fail: encryption/topic-key
resource "aws_sns_topic" "of_aws" {
  name              = "of_aws"
  kms_master_key_id = "alias/aws/service"
}

# unknown: encryption/topic-key
resource "aws_sns_topic" "later" {
  name              = "later"
  kms_master_key_id = local.later
}

# pass: encryption/log-group-key
resource "aws_cloudwatch_log_group" "own" {
  name       = "own"
  kms_key_id = aws_kms_key.good.arn
}

# pass: encryption/log-group-key
resource "aws_cloudwatch_log_group" "known" {
  name       = "known"
  kms_key_id = "arn:aws:kms:eu-west-1:111122223333:key/1234abcd-12ab-34cd-56ef-1234567890ab"
}

# fail: encryption/log-group-key
resource "aws_cloudwatch_log_group" "none" {
  name = "none"
}

# unknown: encryption/log-group-key
resource "aws_cloudwatch_log_group" "later" {
  name       = "later"
  kms_key_id = local.later
}

# pass: encryption/secret-key
resource "aws_secretsmanager_secret" "own" {
  name       = "own"
  kms_key_id = aws_kms_key.good.arn
}

# pass: encryption/secret-key
resource "aws_secretsmanager_secret" "known" {
  name       = "known"
  kms_key_id = "arn:aws:kms:eu-west-1:111122223333:key/1234abcd-12ab-34cd-56ef-1234567890ab"
}

# fail: encryption/secret-key
resource "aws_secretsmanager_secret" "none" {
  name = "none"
}

# fail: encryption/secret-key
resource "aws_secretsmanager_secret" "of_aws" {
  name       = "of_aws"
  kms_key_id = "alias/aws/service"
}

# unknown: encryption/secret-key
resource "aws_secretsmanager_secret" "later" {
  name       = "later"
  kms_key_id = local.later
}

# pass: encryption/table-key
resource "aws_dynamodb_table" "own" {
  name         = "own"
  hash_key     = "pk"
  billing_mode = "PAY_PER_REQUEST"

  attribute {
    name = "pk"
    type = "S"
  }

  server_side_encryption {
    enabled     = true
    kms_key_arn = aws_kms_key.good.arn
  }
}

# pass: encryption/table-key
resource "aws_dynamodb_table" "known" {
  name         = "known"
  hash_key     = "pk"
  billing_mode = "PAY_PER_REQUEST"

  attribute {
    name = "pk"
    type = "S"
  }

  server_side_encryption {
    enabled     = true
    kms_key_arn = "arn:aws:kms:eu-west-1:111122223333:key/1234abcd-12ab-34cd-56ef-1234567890ab"
  }
}

# fail: encryption/table-key
resource "aws_dynamodb_table" "none" {
  name         = "none"
  hash_key     = "pk"
  billing_mode = "PAY_PER_REQUEST"

  attribute {
    name = "pk"
    type = "S"
  }
}

# unknown: encryption/table-key
resource "aws_dynamodb_table" "later" {
  name         = "later"
  hash_key     = "pk"
  billing_mode = "PAY_PER_REQUEST"

  attribute {
    name = "pk"
    type = "S"
  }

  server_side_encryption {
    enabled     = true
    kms_key_arn = local.later
  }
}

# The provider takes an empty choice for AWS's own key.
# fail: encryption/table-key
resource "aws_dynamodb_table" "of_aws" {
  name         = "of-aws"
  hash_key     = "pk"
  billing_mode = "PAY_PER_REQUEST"

  attribute {
    name = "pk"
    type = "S"
  }

  server_side_encryption {
    enabled = true
  }
}

# A replica has a key of its own.
# fail: encryption/secret-key
resource "aws_secretsmanager_secret" "replicated" {
  name       = "replicated"
  kms_key_id = aws_kms_key.good.arn

  replica {
    region = "us-east-1"
  }
}

# pass: encryption/parameter-key
resource "aws_ssm_parameter" "own" {
  name             = "own"
  type             = "SecureString"
  key_id           = aws_kms_key.good.arn
  value_wo         = "x"
  value_wo_version = 1
}

# fail: encryption/parameter-key
resource "aws_ssm_parameter" "none" {
  name             = "none"
  type             = "SecureString"
  value_wo         = "x"
  value_wo_version = 1
}

# fail: encryption/parameter-key
resource "aws_ssm_parameter" "of_aws" {
  name             = "of_aws"
  type             = "SecureString"
  key_id           = "alias/aws/ssm"
  value_wo         = "x"
  value_wo_version = 1
}

# unknown: encryption/parameter-key
resource "aws_ssm_parameter" "later" {
  name             = "later"
  type             = "SecureString"
  key_id           = local.later
  value_wo         = "x"
  value_wo_version = 1
}

# unknown: encryption/parameter-key
resource "aws_ssm_parameter" "type_later" {
  name  = "type_later"
  type  = local.later
  value = "x"
}

resource "aws_ssm_parameter" "clear" {
  name  = "clear"
  type  = "String"
  value = "x"
}

# fail: encryption/bucket-kms
resource "aws_s3_bucket" "bare" {
  bucket = "bare"
}

resource "aws_s3_bucket" "set" {
  bucket = "set"
}

# Buckets log to it.
resource "aws_s3_bucket" "logs" {
  bucket = "logs"
}

resource "aws_s3_bucket_logging" "set" {
  bucket        = aws_s3_bucket.set.id
  target_bucket = aws_s3_bucket.logs.id
  target_prefix = "set/"
}

resource "aws_s3_bucket_server_side_encryption_configuration" "logs" {
  bucket = aws_s3_bucket.logs.id

  rule {
    apply_server_side_encryption_by_default {
      sse_algorithm = "AES256"
    }
  }
}

# pass: encryption/bucket-kms
resource "aws_s3_bucket_server_side_encryption_configuration" "own" {
  bucket = aws_s3_bucket.set.id

  rule {
    apply_server_side_encryption_by_default {
      sse_algorithm     = "aws:kms"
      kms_master_key_id = aws_kms_key.good.arn
    }
  }
}

# fail: encryption/bucket-kms
resource "aws_s3_bucket_server_side_encryption_configuration" "none" {
  bucket = aws_s3_bucket.set.id

  rule {
    apply_server_side_encryption_by_default {
      sse_algorithm = "AES256"
    }
  }
}

# fail: encryption/bucket-kms
resource "aws_s3_bucket_server_side_encryption_configuration" "of_aws" {
  bucket = aws_s3_bucket.set.id

  rule {
    apply_server_side_encryption_by_default {
      sse_algorithm     = "aws:kms"
      kms_master_key_id = "alias/aws/s3"
    }
  }
}

# unknown: encryption/bucket-kms
resource "aws_s3_bucket_server_side_encryption_configuration" "later" {
  bucket = aws_s3_bucket.set.id

  rule {
    apply_server_side_encryption_by_default {
      sse_algorithm     = "aws:kms"
      kms_master_key_id = local.later
    }
  }
}

# pass: encryption/bucket-kms
resource "aws_s3_bucket" "inline" {
  bucket = "inline"

  server_side_encryption_configuration {
    rule {
      apply_server_side_encryption_by_default {
        sse_algorithm     = "aws:kms"
        kms_master_key_id = aws_kms_key.good.arn
      }
    }
  }

  logging {
    target_bucket = aws_s3_bucket.old_logs.id
  }
}

resource "aws_s3_bucket" "old_logs" {
  bucket = "old-logs"

  server_side_encryption_configuration {
    rule {
      apply_server_side_encryption_by_default {
        sse_algorithm = "AES256"
      }
    }
  }
}

# Buckets log to it, and nothing is said of it.
resource "aws_s3_bucket" "bare_logs" {
  bucket = "bare-logs"
}

resource "aws_s3_bucket_logging" "bare" {
  bucket        = aws_s3_bucket.bare.id
  target_bucket = aws_s3_bucket.bare_logs.id
  target_prefix = "bare/"
}

# What replicas it has is known after apply.
# unknown: encryption/secret-key
resource "aws_secretsmanager_secret" "replicated_perhaps" {
  name       = "replicated_perhaps"
  kms_key_id = aws_kms_key.good.arn

  dynamic "replica" {
    for_each = local.bool ? ["us-east-1"] : []

    content {
      region = replica.value
    }
  }
}

# unknown: encryption/bucket-kms
resource "aws_s3_bucket" "encrypted_perhaps" {
  bucket = "encrypted-perhaps"

  dynamic "server_side_encryption_configuration" {
    for_each = local.bool ? [1] : []

    content {
      rule {
        apply_server_side_encryption_by_default {
          sse_algorithm = "aws:kms"
        }
      }
    }
  }
}

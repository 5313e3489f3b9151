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


provider "aws" {
  alias                       = "us"
  region                      = "us-east-1"
  access_key                  = "none"
  secret_key                  = "none"
  skip_credentials_validation = true
  skip_requesting_account_id  = true
  skip_metadata_api_check     = true
}

resource "aws_kms_key" "own" {
  description = "own"
}

# pass: data/deletion-protection, data/point-in-time-recovery, data/ttl
resource "aws_dynamodb_table" "good" {
  name                        = "good"
  hash_key                    = "pk"
  billing_mode                = "PAY_PER_REQUEST"
  deletion_protection_enabled = true

  attribute {
    name = "pk"
    type = "S"
  }

  point_in_time_recovery {
    enabled = true
  }

  ttl {
    enabled        = true
    attribute_name = "expires_at"
  }
}

# pass: data/deletion-protection, data/ttl
# fail: data/point-in-time-recovery
resource "aws_dynamodb_table" "no_recovery" {
  name                        = "no_recovery"
  hash_key                    = "pk"
  billing_mode                = "PAY_PER_REQUEST"
  deletion_protection_enabled = true

  attribute {
    name = "pk"
    type = "S"
  }

  ttl {
    enabled        = true
    attribute_name = "expires_at"
  }
}

# pass: data/deletion-protection, data/ttl
# fail: data/point-in-time-recovery
resource "aws_dynamodb_table" "recovery_off" {
  name                        = "recovery_off"
  hash_key                    = "pk"
  billing_mode                = "PAY_PER_REQUEST"
  deletion_protection_enabled = true

  attribute {
    name = "pk"
    type = "S"
  }

  ttl {
    enabled        = true
    attribute_name = "expires_at"
  }

  point_in_time_recovery {
    enabled = false
  }
}

# pass: data/deletion-protection, data/ttl
# unknown: data/point-in-time-recovery
resource "aws_dynamodb_table" "recovery_later" {
  name                        = "recovery_later"
  hash_key                    = "pk"
  billing_mode                = "PAY_PER_REQUEST"
  deletion_protection_enabled = true

  attribute {
    name = "pk"
    type = "S"
  }

  ttl {
    enabled        = true
    attribute_name = "expires_at"
  }

  point_in_time_recovery {
    enabled = local.bool
  }
}

# pass: data/point-in-time-recovery, data/ttl
# fail: data/deletion-protection
resource "aws_dynamodb_table" "unprotected" {
  name         = "unprotected"
  hash_key     = "pk"
  billing_mode = "PAY_PER_REQUEST"

  attribute {
    name = "pk"
    type = "S"
  }

  point_in_time_recovery {
    enabled = true
  }

  ttl {
    enabled        = true
    attribute_name = "expires_at"
  }
}

# pass: data/point-in-time-recovery, data/ttl
# fail: data/deletion-protection
resource "aws_dynamodb_table" "protection_off" {
  name                        = "protection_off"
  hash_key                    = "pk"
  billing_mode                = "PAY_PER_REQUEST"
  deletion_protection_enabled = false

  attribute {
    name = "pk"
    type = "S"
  }

  point_in_time_recovery {
    enabled = true
  }

  ttl {
    enabled        = true
    attribute_name = "expires_at"
  }
}

# pass: data/point-in-time-recovery, data/ttl
# unknown: data/deletion-protection
resource "aws_dynamodb_table" "protection_later" {
  name                        = "protection_later"
  hash_key                    = "pk"
  billing_mode                = "PAY_PER_REQUEST"
  deletion_protection_enabled = local.bool

  attribute {
    name = "pk"
    type = "S"
  }

  point_in_time_recovery {
    enabled = true
  }

  ttl {
    enabled        = true
    attribute_name = "expires_at"
  }
}

# pass: data/deletion-protection, data/point-in-time-recovery
# fail: data/ttl
resource "aws_dynamodb_table" "no_ttl" {
  name                        = "no_ttl"
  hash_key                    = "pk"
  billing_mode                = "PAY_PER_REQUEST"
  deletion_protection_enabled = true

  attribute {
    name = "pk"
    type = "S"
  }

  point_in_time_recovery {
    enabled = true
  }
}

# pass: data/deletion-protection, data/point-in-time-recovery
# fail: data/ttl
resource "aws_dynamodb_table" "ttl_off" {
  name                        = "ttl_off"
  hash_key                    = "pk"
  billing_mode                = "PAY_PER_REQUEST"
  deletion_protection_enabled = true

  attribute {
    name = "pk"
    type = "S"
  }

  point_in_time_recovery {
    enabled = true
  }

  ttl {
    enabled        = false
    attribute_name = "expires_at"
  }
}

# pass: data/deletion-protection, data/point-in-time-recovery
# unknown: data/ttl
resource "aws_dynamodb_table" "ttl_later" {
  name                        = "ttl_later"
  hash_key                    = "pk"
  billing_mode                = "PAY_PER_REQUEST"
  deletion_protection_enabled = true

  attribute {
    name = "pk"
    type = "S"
  }

  point_in_time_recovery {
    enabled = true
  }

  ttl {
    enabled        = local.bool
    attribute_name = "expires_at"
  }
}

# pass: data/deletion-protection, data/point-in-time-recovery
# fail: data/ttl
resource "aws_dynamodb_table" "ttl_on_text" {
  name                        = "ttl_on_text"
  hash_key                    = "expires_at"
  billing_mode                = "PAY_PER_REQUEST"
  deletion_protection_enabled = true

  attribute {
    name = "expires_at"
    type = "S"
  }

  point_in_time_recovery {
    enabled = true
  }

  ttl {
    enabled        = true
    attribute_name = "expires_at"
  }
}

# pass: data/deletion-protection, data/point-in-time-recovery, data/ttl
resource "aws_dynamodb_table" "ttl_on_number" {
  name                        = "ttl_on_number"
  hash_key                    = "expires_at"
  billing_mode                = "PAY_PER_REQUEST"
  deletion_protection_enabled = true

  attribute {
    name = "expires_at"
    type = "N"
  }

  point_in_time_recovery {
    enabled = true
  }

  ttl {
    enabled        = true
    attribute_name = "expires_at"
  }
}

# pass: data/deletion-protection, data/point-in-time-recovery, data/ttl
# fail: data/autoscaling
# unknown: data/autoscaling
resource "aws_dynamodb_table" "fixed" {
  name                        = "fixed"
  hash_key                    = "pk"
  billing_mode                = "PROVISIONED"
  deletion_protection_enabled = true
  read_capacity               = 1
  write_capacity              = 1

  attribute {
    name = "pk"
    type = "S"
  }

  point_in_time_recovery {
    enabled = true
  }

  ttl {
    enabled        = true
    attribute_name = "expires_at"
  }
}

# pass: data/deletion-protection, data/point-in-time-recovery, data/ttl
# fail: data/autoscaling
# unknown: data/autoscaling
resource "aws_dynamodb_table" "fixed_by_default" {
  name                        = "fixed_by_default"
  hash_key                    = "pk"
  deletion_protection_enabled = true
  read_capacity               = 1
  write_capacity              = 1

  attribute {
    name = "pk"
    type = "S"
  }

  point_in_time_recovery {
    enabled = true
  }

  ttl {
    enabled        = true
    attribute_name = "expires_at"
  }
}

# pass: data/autoscaling, data/deletion-protection, data/point-in-time-recovery, data/ttl
resource "aws_dynamodb_table" "scaled" {
  name                        = "scaled"
  hash_key                    = "pk"
  billing_mode                = "PROVISIONED"
  deletion_protection_enabled = true
  read_capacity               = 1
  write_capacity              = 1

  attribute {
    name = "pk"
    type = "S"
  }

  point_in_time_recovery {
    enabled = true
  }

  ttl {
    enabled        = true
    attribute_name = "expires_at"
  }
}

# pass: data/autoscaling, data/deletion-protection, data/point-in-time-recovery, data/ttl
resource "aws_dynamodb_table" "scaled_by_name" {
  name                        = "scaled_by_name"
  hash_key                    = "pk"
  billing_mode                = "PROVISIONED"
  deletion_protection_enabled = true
  read_capacity               = 1
  write_capacity              = 1

  attribute {
    name = "pk"
    type = "S"
  }

  point_in_time_recovery {
    enabled = true
  }

  ttl {
    enabled        = true
    attribute_name = "expires_at"
  }
}

# pass: data/deletion-protection, data/point-in-time-recovery, data/ttl
# unknown: data/autoscaling
resource "aws_dynamodb_table" "mode_later" {
  name                        = "mode_later"
  hash_key                    = "pk"
  billing_mode                = local.later
  deletion_protection_enabled = true
  read_capacity               = 1
  write_capacity              = 1

  attribute {
    name = "pk"
    type = "S"
  }

  point_in_time_recovery {
    enabled = true
  }

  ttl {
    enabled        = true
    attribute_name = "expires_at"
  }
}

resource "aws_appautoscaling_target" "scaled_read" {
  max_capacity       = 10
  min_capacity       = 1
  resource_id        = "table/${aws_dynamodb_table.scaled.name}"
  scalable_dimension = "dynamodb:table:ReadCapacityUnits"
  service_namespace  = "dynamodb"
}

resource "aws_appautoscaling_target" "by_name_read" {
  max_capacity       = 10
  min_capacity       = 1
  resource_id        = "table/scaled_by_name"
  scalable_dimension = "dynamodb:table:ReadCapacityUnits"
  service_namespace  = "dynamodb"
}

resource "aws_appautoscaling_target" "scaled_write" {
  max_capacity       = 10
  min_capacity       = 1
  resource_id        = "table/${aws_dynamodb_table.scaled.name}"
  scalable_dimension = "dynamodb:table:WriteCapacityUnits"
  service_namespace  = "dynamodb"
}

resource "aws_appautoscaling_target" "by_name_write" {
  max_capacity       = 10
  min_capacity       = 1
  resource_id        = "table/scaled_by_name"
  scalable_dimension = "dynamodb:table:WriteCapacityUnits"
  service_namespace  = "dynamodb"
}

resource "aws_appautoscaling_target" "half" {
  max_capacity       = 10
  min_capacity       = 1
  resource_id        = "table/${aws_dynamodb_table.half.name}"
  scalable_dimension = "dynamodb:table:ReadCapacityUnits"
  service_namespace  = "dynamodb"
}

resource "aws_appautoscaling_target" "elsewhere" {
  max_capacity       = 10
  min_capacity       = 1
  resource_id        = local.later
  scalable_dimension = "dynamodb:table:WriteCapacityUnits"
  service_namespace  = "dynamodb"
}

# Its writes may be those of the target whose table is known after apply.
# pass: data/deletion-protection, data/point-in-time-recovery, data/ttl
# unknown: data/autoscaling
resource "aws_dynamodb_table" "half" {
  name                        = "half"
  hash_key                    = "pk"
  billing_mode                = "PROVISIONED"
  deletion_protection_enabled = true
  read_capacity               = 1
  write_capacity              = 1

  attribute {
    name = "pk"
    type = "S"
  }

  point_in_time_recovery {
    enabled = true
  }

  ttl {
    enabled        = true
    attribute_name = "expires_at"
  }
}

# pass: data/deletion-protection, data/point-in-time-recovery, data/replica-key, data/ttl
resource "aws_dynamodb_table" "replicated" {
  name                        = "replicated"
  hash_key                    = "pk"
  billing_mode                = "PAY_PER_REQUEST"
  deletion_protection_enabled = true
  stream_enabled              = true
  stream_view_type            = "NEW_AND_OLD_IMAGES"

  attribute {
    name = "pk"
    type = "S"
  }

  point_in_time_recovery {
    enabled = true
  }

  ttl {
    enabled        = true
    attribute_name = "expires_at"
  }

  replica {
    region_name = "us-east-1"
    kms_key_arn = "arn:aws:kms:us-east-1:111122223333:key/1234abcd-12ab-34cd-56ef-1234567890ab"
  }
}

# pass: data/deletion-protection, data/point-in-time-recovery, data/ttl
# fail: data/replica-key
resource "aws_dynamodb_table" "replicated_no_key" {
  name                        = "replicated_no_key"
  hash_key                    = "pk"
  billing_mode                = "PAY_PER_REQUEST"
  deletion_protection_enabled = true
  stream_enabled              = true
  stream_view_type            = "NEW_AND_OLD_IMAGES"

  attribute {
    name = "pk"
    type = "S"
  }

  point_in_time_recovery {
    enabled = true
  }

  ttl {
    enabled        = true
    attribute_name = "expires_at"
  }

  replica {
    region_name = "us-east-1"
  }
}

# pass: data/deletion-protection, data/point-in-time-recovery, data/ttl
# unknown: data/replica-key
resource "aws_dynamodb_table" "replicated_later" {
  name                        = "replicated_later"
  hash_key                    = "pk"
  billing_mode                = "PAY_PER_REQUEST"
  deletion_protection_enabled = true
  stream_enabled              = true
  stream_view_type            = "NEW_AND_OLD_IMAGES"

  attribute {
    name = "pk"
    type = "S"
  }

  point_in_time_recovery {
    enabled = true
  }

  ttl {
    enabled        = true
    attribute_name = "expires_at"
  }

  replica {
    region_name = "us-east-1"
    kms_key_arn = local.later
  }
}

# pass: data/replica-key, data/deletion-protection
resource "aws_dynamodb_table_replica" "own" {
  provider                    = aws.us
  global_table_arn            = aws_dynamodb_table.good.arn
  kms_key_arn                 = aws_kms_key.own.arn
  deletion_protection_enabled = true
}

# fail: data/replica-key, data/deletion-protection
resource "aws_dynamodb_table_replica" "bare" {
  provider         = aws.us
  global_table_arn = aws_dynamodb_table.good.arn
}

# unknown: data/replica-key, data/deletion-protection
resource "aws_dynamodb_table_replica" "later" {
  provider                    = aws.us
  global_table_arn            = aws_dynamodb_table.good.arn
  kms_key_arn                 = local.later
  deletion_protection_enabled = local.bool
}

# pass: data/dax-encryption
resource "aws_dax_cluster" "sealed" {
  cluster_name                     = "sealed"
  iam_role_arn                     = "arn:aws:iam::111122223333:role/dax"
  node_type                        = "dax.r5.large"
  replication_factor               = 1
  cluster_endpoint_encryption_type = "TLS"

  server_side_encryption {
    enabled = true
  }
}

# fail: data/dax-encryption
resource "aws_dax_cluster" "bare" {
  cluster_name       = "bare"
  iam_role_arn       = "arn:aws:iam::111122223333:role/dax"
  node_type          = "dax.r5.large"
  replication_factor = 1
}

# unknown: data/dax-encryption
resource "aws_dax_cluster" "later" {
  cluster_name                     = "later"
  iam_role_arn                     = "arn:aws:iam::111122223333:role/dax"
  node_type                        = "dax.r5.large"
  replication_factor               = 1
  cluster_endpoint_encryption_type = local.later

  server_side_encryption {
    enabled = local.bool
  }
}

# What replicas there are, and what attribute says when, is known after apply.
# unknown: data/replica-key, data/ttl
# pass: data/deletion-protection, data/point-in-time-recovery
resource "aws_dynamodb_table" "replicated_perhaps" {
  name                        = "replicated_perhaps"
  hash_key                    = "pk"
  billing_mode                = "PAY_PER_REQUEST"
  deletion_protection_enabled = true
  stream_enabled              = true
  stream_view_type            = "NEW_AND_OLD_IMAGES"

  attribute {
    name = "pk"
    type = "S"
  }

  point_in_time_recovery {
    enabled = true
  }

  ttl {
    enabled        = true
    attribute_name = local.later
  }

  dynamic "replica" {
    for_each = local.bool ? ["us-east-1"] : []

    content {
      region_name = replica.value
    }
  }
}

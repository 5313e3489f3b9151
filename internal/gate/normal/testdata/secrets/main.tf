# A set of blocks that Terraform marks as a whole for one secret in it. The key of
# each tag says what its value is made from.
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

variable "password" {
  type      = string
  sensitive = true
  default   = "correct-horse"
}

variable "stage" {
  type    = string
  default = "prod"
}

locals {
  names = { stage = var.stage, password = var.password }

  tags = {
    "each-plain"  = { value = var.stage }
    "each-secret" = { value = var.password }
  }
}

data "aws_partition" "current" {}

resource "aws_sqs_queue" "queue" {
  name = "queue"
}

# The provider says that its value is a secret.
resource "aws_ssm_parameter" "parameter" {
  name  = "/parameter"
  type  = "SecureString"
  value = "correct-horse"
}

module "child" {
  source = "./child"

  stage  = var.stage
  note   = "note: ${var.password}"
  hushed = "correct-horse"
}

resource "aws_autoscaling_group" "one" {
  name     = "one"
  max_size = 1
  min_size = 1

  launch_configuration = "made-up"

  tag {
    key                 = "constant"
    value               = "plain"
    propagate_at_launch = true
  }

  tag {
    key                 = "variable"
    value               = upper(var.stage)
    propagate_at_launch = true
  }

  tag {
    key                 = "secret-variable"
    value               = var.password
    propagate_at_launch = true
  }

  tag {
    key                 = "member"
    value               = local.names.stage
    propagate_at_launch = true
  }

  tag {
    key                 = "secret-member"
    value               = local.names["password"]
    propagate_at_launch = true
  }

  tag {
    key                 = "secret-condition"
    value               = var.password == "" ? "correct-none" : "correct-some"
    propagate_at_launch = true
  }

  tag {
    key                 = "secret-text"
    value               = "a ${var.password} b"
    propagate_at_launch = true
  }

  tag {
    key                 = "secret-loop"
    value               = join(" ", [for word in ["a"] : "${word} ${var.password}"])
    propagate_at_launch = true
  }

  tag {
    key                 = "secret-mark"
    value               = lower(sensitive("correct-mark"))
    propagate_at_launch = true
  }

  tag {
    key                 = "output"
    value               = module.child.stage
    propagate_at_launch = true
  }

  tag {
    key                 = "secret-through-input"
    value               = module.child.note
    propagate_at_launch = true
  }

  tag {
    key                 = "secret-input"
    value               = module.child.hushed
    propagate_at_launch = true
  }

  tag {
    key                 = "secret-output"
    value               = module.child.marked
    propagate_at_launch = true
  }

  tag {
    key                 = "resource"
    value               = aws_ssm_parameter.parameter.name
    propagate_at_launch = true
  }

  tag {
    key                 = "secret-resource"
    value               = aws_ssm_parameter.parameter.value
    propagate_at_launch = true
  }

  tag {
    key                 = "queue"
    value               = aws_sqs_queue.queue.name
    propagate_at_launch = true
  }

  tag {
    key                 = "data"
    value               = data.aws_partition.current.partition
    propagate_at_launch = true
  }

  dynamic "tag" {
    for_each = local.tags

    content {
      key                 = tag.key
      value               = tag.value.value
      propagate_at_launch = true
    }
  }

  # Nobody can tell from which of the two blocks each of these comes.
  dynamic "tag" {
    for_each = ["plain", var.password]

    content {
      key                 = "secret-among-others"
      value               = tag.value
      propagate_at_launch = true
    }
  }
}

# How many blocks there are tells something, too.
resource "aws_autoscaling_group" "counted" {
  name     = "counted"
  max_size = 1
  min_size = 1

  launch_configuration = "made-up"

  dynamic "tag" {
    for_each = var.password == "" ? [] : ["correct-key"]

    content {
      key                 = tag.value
      value               = "plain"
      propagate_at_launch = true
    }
  }
}

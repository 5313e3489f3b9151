variable "name" {
  type = string
}

variable "password" {
  type      = string
  sensitive = true
}

variable "settings" {
  type = object({ key = string, topic = string, stage = string })
}

module "grand" {
  source = "./grand"
  key    = var.settings.key
  stage  = var.settings.stage
}

resource "aws_lambda_function" "this" {
  function_name = var.name
  role          = "arn:aws:iam::111122223333:role/r"
  filename      = "${path.module}/main.tf"
  handler       = "x"
  runtime       = "provided.al2023"
  kms_key_arn   = var.settings.key

  environment {
    variables = { PASSWORD = var.password, NAME = var.name }
  }
}

output "key" {
  value = module.grand.key
}

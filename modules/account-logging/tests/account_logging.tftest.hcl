mock_provider "aws" {
  mock_data "aws_iam_policy_document" {
    defaults = { json = "{}" }
  }

  mock_resource "aws_iam_role" {
    defaults = { arn = "arn:aws-us-gov:iam::111122223333:role/apigateway-logs" }
  }
}

variables {
  name = "apigateway-logs"
}

# Without the role no stage with logs can be made (sst/sst issue 1556, aws/aws-cdk
# pull request 33977).
run "only_api_gateway_writes_logs" {
  assert {
    condition     = length(data.aws_iam_policy_document.trust.statement) == 1 && alltrue([for principal in data.aws_iam_policy_document.trust.statement[0].principals : principal.type == "Service" && principal.identifiers == toset(["apigateway.amazonaws.com"])])
    error_message = "Somebody other than API Gateway may assume the role."
  }

  assert {
    condition     = data.aws_iam_policy_document.trust.statement[0].actions == toset(["sts:AssumeRole"])
    error_message = "API Gateway may do more with the role than assume it."
  }

  assert {
    condition     = aws_iam_role_policy_attachment.this.policy_arn == "arn:aws-us-gov:iam::aws:policy/service-role/AmazonAPIGatewayPushToCloudWatchLogs"
    error_message = "The role does not have AWS's policy of the partition it is in."
  }

  assert {
    condition     = aws_api_gateway_account.this.cloudwatch_role_arn == aws_iam_role.this.arn
    error_message = "The account does not use the role."
  }

  assert {
    condition     = aws_iam_role.this.permissions_boundary == null && aws_iam_role.this.name == "apigateway-logs" && output.role_arn == aws_iam_role.this.arn && output.role_name == "apigateway-logs"
    error_message = "The role has another name, or a boundary that nobody gave."
  }
}

run "bounded_and_tagged" {
  variables {
    tags = { team = "chat" }

    permissions_boundary = "arn:aws:iam::111122223333:policy/boundary"
  }

  assert {
    condition     = aws_iam_role.this.permissions_boundary == "arn:aws:iam::111122223333:policy/boundary"
    error_message = "The boundary is not on the role."
  }

  assert {
    condition     = aws_iam_role.this.tags == tomap({ team = "chat" })
    error_message = "The tags are not on the role."
  }
}

run "refuses_a_name_with_a_slash_and_a_tag_of_awss" {
  command = plan

  variables {
    name = "logs/apigateway"
    tags = { "aws:team" = "chat" }
  }

  expect_failures = [var.name, var.tags]
}

run "refuses_a_name_that_is_too_long" {
  command = plan

  variables {
    name = format("%065d", 0)
  }

  expect_failures = [var.name]
}

run "plans_with_a_boundary_of_the_same_plan" {
  command = plan

  module {
    source = "./tests/unknown"
  }

  assert {
    condition     = length(module.account_logging) > 0
    error_message = "There is no role."
  }
}

run "refuses_a_boundary_that_is_no_policy" {
  command = plan

  variables {
    permissions_boundary = "arn:aws:iam::111122223333:role/boundary"
  }

  expect_failures = [var.permissions_boundary]
}

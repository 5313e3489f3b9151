# METADATA
# title: No access key stands in the configuration
# description: |
#   Who can read the repository, the plan or a log of the pipeline has what the
#   key may do, which is what Terraform may do. A variable of the root keeps it
#   out of the repository and not out of the plan.
# related_resources:
# - https://docs.aws.amazon.com/IAM/latest/UserGuide/best-practices.html#bp-workloads-use-roles
# - https://registry.terraform.io/providers/hashicorp/aws/latest/docs#authentication-and-configuration
# custom:
#   severity: critical
#   remediation: Delete the key, and let the provider take its credentials from the environment, best those of a role that the pipeline takes by OIDC.
#   types: [provider]
#   mappings:
#     checkov: [CKV_AWS_41]
#   good: |
#     provider "aws" {
#       region = "eu-west-1"
#     }
#   bad: |
#     provider "aws" {
#       region     = "eu-west-1"
#       access_key = "AKIAIOSFODNN7EXAMPLE"
#       secret_key = "wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY"
#     }
package portcullis.rules.configuration.provider_credentials

import data.portcullis.lib

# What AWS gives out has these forms; "none" or "test" of a local stack has not.
forms := {
	"access_key": `^(AKIA|ASIA)[A-Z0-9]{16}$`,
	"secret_key": `^[A-Za-z0-9/+]{40}$`,
	"token": `^[A-Za-z0-9/+=]{100,}$`,
}

aws contains p if {
	some p in input.providers
	p.type == "aws"
}

subjects contains p.address if some p in aws

deny contains lib.finding(p, [name], "the key is in the configuration or in a variable in clear") if {
	some p in aws
	some name, form in forms
	regex.match(form, lib.text(p, [name]))
}

# Of a resource or data source the plan holds it too.
unknown contains lib.finding(p, [name], "where the key comes from cannot be seen; it is in the plan") if {
	some p in aws
	some name, _ in forms
	lib.state(p, [name]) == "reference"
}

package rules_test

import (
	"maps"
	"strings"
	"testing"
	"testing/fstest"

	"github.com/portcullis-chat/portcullis/test/modules/rules"
)

// good is a module that keeps every rule.
var good = map[string]string{
	"main.tf": `
data "aws_iam_policy_document" "this" {
  statement {
    actions   = ["sqs:SendMessage"]
    resources = [aws_sqs_queue.this.arn]
  }
}

locals {
  by_name = { for i, name in var.rules : name => i }
}

resource "aws_sqs_queue" "this" {
  name = var.name
  tags = var.tags

  kms_data_key_reuse_enabled = true
}

resource "aws_sqs_queue_policy" "this" {
  count = var.shared ? 1 : 0

  queue_url = aws_sqs_queue.this.id
  policy    = data.aws_iam_policy_document.this.json
}
`,
	"variables.tf": `
variable "name" {
  description = "Name of the queue."
  type        = string
  nullable    = false

  validation {
    condition     = length(var.name) > 0
    error_message = "name must have a character or more."
  }
}

variable "shared" {
  description = "Whether others may send. False gives up their messages."
  type        = bool
  default     = true
  nullable    = false
}

variable "rules" {
  description = "Names of rules."
  type        = list(string)
  default     = []
  nullable    = false
}

variable "tags" {
  description = "Tags of the queue, or null for none."
  type        = map(string)
  default     = null
}
`,
	"outputs.tf": `
output "arn" {
  description = "ARN of the queue."
  value       = aws_sqs_queue.this.arn
}
`,
	"versions.tf": `
terraform {
  required_version = ">= 1.9"

  required_providers {
    aws = {
      source  = "hashicorp/aws"
      version = ">= 5.100, < 7.0"
    }
  }
}
`,
	"README.md": "# queue\n\n**When.** Always.\n\n```hcl\nmodule \"queue\" {}\n```\n\n**What it protects.** Nothing.\n\n**What it costs.** Nothing.\n\n<!-- BEGIN_TF_DOCS -->\n<!-- END_TF_DOCS -->\n",
	"tests/queue.tftest.hcl": `
run "refuses_no_name" {
  command = plan

  variables {
    name = ""
  }

  expect_failures = [var.name]
}
`,
}

func folder(files map[string]string) fstest.MapFS {
	dir := fstest.MapFS{}
	for name, text := range files {
		dir[name] = &fstest.MapFile{Data: []byte(text)}
	}
	return dir
}

func TestAGoodModuleHasNoProblems(t *testing.T) {
	t.Parallel()
	found, err := rules.Module(folder(good), "queue")
	if err != nil {
		t.Fatal(err)
	}
	for _, problem := range found {
		t.Error(problem)
	}
}

// Each case changes one thing in the good module, and exactly one rule notices.
func TestAModuleIsRefusedWhen(t *testing.T) {
	t.Parallel()
	const inResource = "  name = var.name\n"
	for name, test := range map[string]struct {
		file, old, new string // an empty old adds to the file
		rule           string
	}{
		"it has no outputs.tf":                        {"outputs.tf", good["outputs.tf"], "", "files"},
		"it has no README":                            {"README.md", good["README.md"], "", "files"},
		"it has no tests":                             {"tests/queue.tftest.hcl", good["tests/queue.tftest.hcl"], "", "files tested"},
		"a variable stands elsewhere":                 {"main.tf", "", "variable \"other\" {\n  description = \"Used below.\"\n  type = string\n  nullable = false\n}\nlocals {\n  other = var.other\n}\n", "files"},
		"the README does not say what it costs":       {"README.md", "**What it costs.**", "", "readme"},
		"the README has no smallest call":             {"README.md", "module \"queue\"", "", "readme"},
		"it takes another version of Terraform":       {"versions.tf", ">= 1.9", ">= 1.5", "versions"},
		"it takes any version of the provider":        {"versions.tf", ">= 5.100, < 7.0", ">= 5.100", "versions"},
		"it wants another provider":                   {"versions.tf", "    aws = {", "    null = {\n      source  = \"hashicorp/null\"\n      version = \">= 5.100, < 7.0\"\n    }\n    aws = {", "versions"},
		"a variable has no description":               {"variables.tf", "  description = \"Name of the queue.\"\n", "", "description"},
		"a description is a label":                    {"variables.tf", "Name of the queue.", "Name of the queue", "description"},
		"an output has no description":                {"outputs.tf", "  description = \"ARN of the queue.\"\n", "", "description"},
		"a variable has no type":                      {"variables.tf", "  type        = string\n", "", "type"},
		"a variable takes anything":                   {"variables.tf", "  type        = map(string)\n", "  type        = any\n", "type"},
		"a variable may be null by accident":          {"variables.tf", "  default     = true\n  nullable    = false\n", "  default     = true\n", "nullable"},
		"a relaxation does not say what one gives up": {"variables.tf", " False gives up their messages.", "", "relaxation"},
		"a secret is shown":                           {"variables.tf", "", "variable \"origin_secrets\" {\n  description = \"Secrets of the origin.\"\n  type = list(string)\n  nullable = false\n}\n", "sensitive used"},
		"a validation says nothing":                   {"variables.tf", "    error_message = \"name must have a character or more.\"\n", "", "validation"},
		"a validation is not tested":                  {"tests/queue.tftest.hcl", "var.name", "aws_sqs_queue.this", "tested"},
		"a variable has no effect":                    {"main.tf", "  tags = var.tags\n", "", "used"},
		"it has a provider":                           {"main.tf", "", "provider \"aws\" {}\n", "provider"},
		// What users of other modules are warned of in each plan:
		// terraform-aws-modules/terraform-aws-lambda issue 686, cloudposse/terraform-aws-lambda-function issue 89.
		"a resource has a region":                   {"main.tf", inResource, inResource + "  region = \"eu-west-1\"\n", "v6"},
		"it sets the account's log role":            {"main.tf", "", "resource \"aws_api_gateway_account\" \"this\" {}\n", "v6"},
		"a key goes before what it encrypts":        {"main.tf", "", "resource \"aws_kms_key\" \"this\" {\n  lifecycle {\n    prevent_destroy = true\n  }\n}\n", "key"},
		"a resource is gone":                        {"main.tf", "", "resource \"aws_opsworks_stack\" \"this\" {}\n", "v6"},
		"it asks for the Region's name":             {"outputs.tf", "aws_sqs_queue.this.arn", "data.aws_region.current.name", "v6"},
		"it asks for the Region's id":               {"outputs.tf", "aws_sqs_queue.this.arn", "data.aws_region.current.id", "v6"},
		"it asks for a bucket's region":             {"outputs.tf", "aws_sqs_queue.this.arn", "aws_s3_bucket.this.region", "v6"},
		"it asks for a found bucket's region":       {"outputs.tf", "aws_sqs_queue.this.arn", "data.aws_s3_bucket.this.region", "v6"},
		"it sets what version 6 computes":           {"main.tf", "", "resource \"aws_cloudfront_response_headers_policy\" \"this\" {\n  etag = \"x\"\n}\n", "v6"},
		"a default that differs is not said":        {"main.tf", inResource, inResource + "  aws_managed_rules_bot_control_rule_set {\n    inspection_level = \"TARGETED\"\n  }\n", "v6"},
		"a switch is a number":                      {"main.tf", inResource, inResource + "  sqs_managed_sse_enabled = 1\n", "v6"},
		"a switch is a digit in a block":            {"main.tf", inResource, inResource + "  ebs {\n    encrypted = \"0\"\n  }\n", "v6"},
		"it asks for the Region's region":           {"outputs.tf", "aws_sqs_queue.this.arn", "\"x ${lower(data.aws_region.current.region)}\"", "v6"},
		"it looks the Region up":                    {"main.tf", "", "data \"aws_region\" \"current\" {}\n", "lookup"},
		"it looks the account up":                   {"main.tf", "", "data \"aws_caller_identity\" \"current\" {}\n", "lookup"},
		"an index":                                  {"main.tf", inResource, inResource + "  global_secondary_index {}\n", "block"},
		"an index that may be there":                {"main.tf", inResource, inResource + "  dynamic \"global_secondary_index\" {\n    for_each = []\n    content {}\n  }\n", "block"},
		"a local index":                             {"main.tf", inResource, inResource + "  local_secondary_index {}\n", "block"},
		"a dead-letter queue":                       {"main.tf", inResource, inResource + "  dead_letter_config {}\n", "block"},
		"a command":                                 {"main.tf", inResource, inResource + "  provisioner \"local-exec\" {\n    command = \"true\"\n  }\n", "block"},
		"a reset on delete":                         {"main.tf", inResource, inResource + "  reset_on_delete = true\n", "argument"},
		"a deployment by itself":                    {"main.tf", inResource, inResource + "  auto_deploy = true\n", "argument"},
		"changes are ignored":                       {"main.tf", inResource, inResource + "  lifecycle {\n    ignore_changes = [tags]\n  }\n", "argument"},
		"a rule of a web ACL by itself":             {"main.tf", "", "resource \"aws_wafv2_web_acl_rule\" \"this\" {}\n", "acl"},
		"a web ACL for whatever there is":           {"main.tf", "", "resource \"aws_wafv2_web_acl\" \"this\" {\ndynamic \"d0\" {\nfor_each = var.tags\ncontent {\ndynamic \"d1\" {\nfor_each = var.tags\ncontent {\ndynamic \"d2\" {\nfor_each = var.tags\ncontent {\ndynamic \"d3\" {\nfor_each = var.tags\ncontent {\n}\n}\n}\n}\n}\n}\n}\n}\n}\n", "acl"},
		"rules in JSON":                             {"main.tf", inResource, inResource + "  rule_json = \"[]\"\n", "argument"},
		"a policy in JSON":                          {"main.tf", "data.aws_iam_policy_document.this.json", "jsonencode({})", "policy"},
		"a policy in JSON that is chosen":           {"main.tf", "data.aws_iam_policy_document.this.json", "var.shared ? trimspace(jsonencode({})) : \"\"", "policy"},
		"a trust policy in JSON":                    {"main.tf", "", "resource \"aws_iam_role\" \"this\" {\n  assume_role_policy = jsonencode({})\n}\n", "policy"},
		"a count of a list":                         {"main.tf", "count = var.shared ? 1 : 0", "count = length([var.shared])", "count"},
		"a count of two":                            {"main.tf", "count = var.shared ? 1 : 0", "count = var.shared ? 2 : 0", "count"},
		"a count that is a switch or a list":        {"main.tf", "count = var.shared ? 1 : 0", "count = var.shared ? 1 : length(var.tags)", "count"},
		"a count that is unknown with its object":   {"main.tf", "count = var.shared ? 1 : 0", "count = try(var.tags.shared, null) == null ? 0 : var.shared ? 1 : 0", "try"},
		"blocks that are unknown with their object": {"main.tf", inResource, inResource + "  dynamic \"x\" {\n    for_each = try([var.tags.x], [])\n    content {}\n  }\n", "try"},
		"an index of a count":                       {"main.tf", "  queue_url = aws_sqs_queue.this.id", "  queue_url = \"${count.index}\"", "count"},
		"keys that are places in a list":            {"main.tf", "", "locals {\n  rules = { for i, rule in var.rules : \"rule-${i}\" => rule }\n}\n", "position"},
		"keys that are numbers in a row":            {"main.tf", inResource, inResource + "  dynamic \"x\" {\n    for_each = { for i in range(2) : i => i }\n    content {}\n  }\n", "position"},
		"a module call with a count of a list":      {"main.tf", "", "module \"x\" {\n  source = \"../x\"\n  count = length(var.tags)\n}\n", "count"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			files := maps.Clone(good)
			if test.old != "" && !strings.Contains(files[test.file], test.old) {
				t.Fatalf("%s has no %q", test.file, test.old)
			}
			if test.old == "" {
				files[test.file] += test.new
			} else {
				files[test.file] = strings.Replace(files[test.file], test.old, test.new, 1)
			}
			if strings.TrimSpace(files[test.file]) == "" {
				delete(files, test.file)
			}
			found, err := rules.Module(folder(files), "queue")
			if err != nil {
				t.Fatal(err)
			}
			var broken []string
			for _, problem := range found {
				broken = append(broken, problem.Rule)
			}
			if got := strings.Join(broken, " "); got != test.rule {
				t.Errorf("broken: %q, want %q: %v", got, test.rule, found)
			}
		})
	}
}

func TestTheModuleForTheAccountsLogRoleMayHaveIt(t *testing.T) {
	t.Parallel()
	files := maps.Clone(good)
	files["main.tf"] += "resource \"aws_api_gateway_account\" \"this\" {}\n"
	if found, err := rules.Module(folder(files), "account-logging"); err != nil || len(found) > 0 {
		t.Errorf("%v, %v", found, err)
	}
}

func TestARootMayHaveAProvider(t *testing.T) {
	t.Parallel()
	files := maps.Clone(good)
	delete(files, "tests/queue.tftest.hcl")
	files["main.tf"] += "provider \"aws\" {\n  region = \"eu-west-1\"\n}\ndata \"aws_region\" \"current\" {}\n"
	if found, err := rules.Root(folder(files)); err != nil || len(found) > 0 {
		t.Errorf("%v, %v", found, err)
	}
	files["main.tf"] += "output \"bare\" {\n  value = data.aws_region.current.name\n}\nprovider \"aws\" {\n  alias = \"old\"\n  endpoints {\n    sqs = \"http://127.0.0.1\"\n    sdb = \"http://127.0.0.1\"\n  }\n}\n"
	if found, err := rules.Root(folder(files)); err != nil || len(found) != 3 {
		t.Errorf("%v, %v", found, err)
	}
}

func TestAProblemSaysWhere(t *testing.T) {
	t.Parallel()
	files := maps.Clone(good)
	files["main.tf"] = "\n\nprovider \"aws\" {}\n" + files["main.tf"]
	found, err := rules.Module(folder(files), "queue")
	if err != nil || len(found) != 1 || !strings.HasPrefix(found[0].String(), "main.tf:3: ") {
		t.Errorf("%v, %v", found, err)
	}
}

func TestWhatCannotBeReadIsAnError(t *testing.T) {
	t.Parallel()
	files := maps.Clone(good)
	files["main.tf"] += "resource {"
	if _, err := rules.Module(folder(files), "queue"); err == nil {
		t.Error("broken HCL was read")
	}
	if _, err := rules.Module(fstest.MapFS{}, "queue"); err == nil {
		t.Error("an empty folder is a module")
	}
}

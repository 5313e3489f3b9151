// Package gate_test puts this project's own examples before its gate: as they
// are, and weakened.
package gate_test

import (
	"bytes"
	"context"
	"crypto/sha256"
	"fmt"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/portcullis-chat/portcullis/internal/gate"
	"github.com/portcullis-chat/portcullis/internal/gate/plan"
	"github.com/portcullis-chat/portcullis/internal/terraform"
	"github.com/portcullis-chat/portcullis/policies"
)

const root = "../.."

// example is a root below examples/, and what Terraform is told to plan it.
type example struct {
	dir       string
	arguments []string
}

// examples are the roots, with the variables that have no default, and the
// variants that they document.
var examples = map[string]example{
	"minimal":      {dir: "minimal"},
	"complete":     {dir: "complete"},
	"production":   production,
	"external-idp": {"external-idp", []string{`-var=issuer=https://id.example.com/`, `-var=jwks_uri=https://id.example.com/jwks`, `-var=audiences=["chat"]`}},
	"own-handlers": {dir: "own-handlers"},
}

// offline has the provider plan without asking AWS.
const offline = `provider "aws" {
  access_key                  = "none"
  secret_key                  = "none"
  skip_credentials_validation = true
  skip_requesting_account_id  = true
  skip_metadata_api_check     = true
}
`

// prepare copies modules and examples and puts packages where the examples look
// for them; what is in a package does not matter to a plan, its sum does.
func prepare(t *testing.T) string {
	t.Helper()
	work := t.TempDir()
	for _, dir := range []string{"modules", "examples"} {
		if err := os.CopyFS(filepath.Join(work, dir), os.DirFS(filepath.Join(root, dir))); err != nil {
			t.Fatal(err)
		}
	}
	for _, dir := range []string{"dist/arm64", "examples/own-handlers/dist/arm64"} {
		dir = filepath.Join(work, dir)
		if err := os.MkdirAll(dir, 0o700); err != nil {
			t.Fatal(err)
		}
		var sums strings.Builder
		for _, name := range []string{"authorizer", "connect", "disconnect", "message", "presence", "vote"} {
			body := []byte(name)
			fmt.Fprintf(&sums, "%x  %s.zip\n", sha256.Sum256(body), name)
			if err := os.WriteFile(filepath.Join(dir, name+".zip"), body, 0o600); err != nil {
				t.Fatal(err)
			}
		}
		if err := os.WriteFile(filepath.Join(dir, "SHA256SUMS"), []byte(sums.String()), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	return work
}

// planned plans an example and returns the file of the plan, and the same as JSON.
func planned(t *testing.T, work string, e example) (file string, asJSON []byte) {
	t.Helper()
	dir := filepath.Join(work, "examples", e.dir)
	if err := os.RemoveAll(filepath.Join(dir, ".terraform")); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(filepath.Join(dir, "gate_override.tf"), []byte(offline), 0o600); err != nil {
		t.Fatal(err)
	}
	env, err := terraform.Environment(filepath.Join(t.TempDir(), "terraform.rc"))
	if err != nil {
		t.Fatal(err)
	}
	for _, pair := range env {
		name, value, _ := strings.Cut(pair, "=")
		t.Setenv(name, value)
	}
	run := func(args ...string) []byte {
		t.Helper()
		cmd := exec.CommandContext(t.Context(), terraform.Binary(), args...)
		cmd.Dir = dir
		var said bytes.Buffer
		cmd.Stderr = &said
		out, err := cmd.Output()
		if err != nil {
			t.Fatalf("terraform %s: %v\n%s", args[0], err, said.Bytes()[max(0, said.Len()-4000):])
		}
		return out
	}
	run("init", "-backend=false", "-input=false", "-no-color")
	run(append([]string{"plan", "-input=false", "-no-color", "-out=tfplan"}, e.arguments...)...)
	return filepath.Join(dir, "tfplan"), run("show", "-json", "tfplan")
}

// judge plans an example and puts the plan before the gate.
func judge(t *testing.T, work string, e example) *gate.Report {
	t.Helper()
	file, _ := planned(t, work, e)
	return judged(t, file)
}

// judged puts a plan before the gate.
func judged(t *testing.T, file string) *gate.Report {
	t.Helper()
	in, err := plan.Read(t.Context(), plan.Options{Path: file, Terraform: terraform.Binary()})
	if err != nil {
		t.Fatal(err)
	}
	engine, err := gate.Load([]fs.FS{policies.FS})
	if err != nil {
		t.Fatal(err)
	}
	report, err := engine.Evaluate(context.WithoutCancel(t.Context()), in)
	if err != nil {
		t.Fatal(err)
	}
	return report
}

// chosen are the rules whose findings in the examples are right and meant, each
// with the reason: the examples can be tried and thrown away, the modules'
// defaults protect.
var chosen = map[string]string{
	"data/deletion-protection":     "terraform destroy has to be able to remove the tables",
	"identity/deletion-protection": "and the users",
	"keys/deletion-window":         "the key goes soon after",
	"function/code-signing":        "a signing profile is the account's; the modules take one, and each zip is checked against its sum",
}

func TestTheExamplesPassTheGate(t *testing.T) {
	work := prepare(t)
	for name, example := range examples {
		t.Run(name, func(t *testing.T) {
			report := judge(t, work, example)
			if report.Judged < 10 || len(report.Passed) < 20 {
				t.Errorf("only %d resources judged, %d checks passed", report.Judged, len(report.Passed))
			}
			for _, f := range report.Findings {
				if f.Kind == gate.Fail && chosen[f.Rule] != "" {
					continue
				}
				t.Errorf("%s %s %s %s: %s (%s:%d)", f.Kind, f.Rule, f.Address, f.Path, f.Message, f.Place.File, f.Place.Line)
			}
		})
	}
}

// weakenings are changes of the modules, each with the rule that is meant for it.
var weakenings = []struct{ file, from, to, rule string }{
	{"api/main.tf", `data_trace_enabled       = false`, `data_trace_enabled       = true`, "websocket/data-trace"},
	{"api/main.tf", `logging_level            = "ERROR"`, `logging_level            = "OFF"`, "websocket/execution-log"},
	{"api/main.tf", `throttling_rate_limit    = var.throttle.rate`, `throttling_rate_limit    = 0`, "websocket/stage-throttling"},
	{"api/main.tf", `key == "$connect" ? "CUSTOM" : "NONE"`, `key == "$connect" ? "NONE" : "NONE"`, "websocket/connect-authorizer"},
	{"api/main.tf", `execution_arn}/${var.stage_name}/${each.key}"`, `execution_arn}/*/*"`, "websocket/permission-scope"},
	{"api/main.tf", "  source_arn    = \"${aws_apigatewayv2_api.this.execution_arn}/authorizers/${aws_apigatewayv2_authorizer.this.id}\"\n", "", "websocket/permission-source"},
	{"api/main.tf", `deployment_id = aws_apigatewayv2_deployment.this.id`, `auto_deploy   = true`, "websocket/auto-deploy"},
	{"auth/main.tf", `prevent_user_existence_errors = "ENABLED"`, `prevent_user_existence_errors = "LEGACY"`, "identity/user-existence"},
	{"auth/main.tf", `enable_token_revocation       = true`, `enable_token_revocation       = false`, "identity/token-revocation"},
	{"auth/main.tf", `"ALLOW_USER_SRP_AUTH"]`, `"ALLOW_USER_PASSWORD_AUTH"]`, "identity/password-flows"},
	{"auth/main.tf", `case_sensitive = false`, `case_sensitive = true`, "identity/username-case"},
	{"auth/main.tf", `name     = "verified_email"`, `name     = "verified_phone_number"`, "identity/account-recovery"},
	{"function/main.tf", `resources = ["${aws_cloudwatch_log_group.this.arn}:*"]`, `resources = ["*"]`, ""},
	{"function/main.tf", `actions   = ["logs:CreateLogStream", "logs:PutLogEvents"]`, `actions   = ["*"]`, "iam/full-admin"},
	{"function/main.tf", "type        = \"Service\"\n      identifiers = [\"lambda.amazonaws.com\"]", "type        = \"AWS\"\n      identifiers = [\"*\"]", "iam/trust-anyone"},
}

func TestEachWeakeningOfTheModulesIsCaughtByTheRuleMeantForIt(t *testing.T) {
	work := prepare(t)
	for _, w := range weakenings {
		file := filepath.Join(work, "modules", w.file)
		body, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		if !strings.Contains(string(body), w.from) {
			t.Fatalf("%s has no %s", w.file, w.from)
		}
		if err := os.WriteFile(file, []byte(strings.Replace(string(body), w.from, w.to, 1)), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	report := judge(t, work, examples["minimal"])
	for _, w := range weakenings {
		if w.rule == "" {
			continue // makes the next one whole
		}
		at := slices.IndexFunc(report.Findings, func(f gate.Finding) bool { return f.Rule == w.rule && f.Kind == gate.Fail })
		if at < 0 {
			t.Errorf("%s: %s is not noticed by %s", w.file, w.to, w.rule)
			continue
		}
		if f := report.Findings[at]; !strings.HasSuffix(f.Place.File, "modules/"+w.file) || len(f.Calls) < 2 || !strings.HasSuffix(f.Calls[0].File, "examples/minimal/main.tf") {
			t.Errorf("%s is found at %s, called at %v", w.rule, f.Place.File, f.Calls)
		}
	}
}

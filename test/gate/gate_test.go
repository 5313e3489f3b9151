// Package gate_test puts this project's own examples before its gate: as they
// are, and weakened.
package gate_test

import (
	"context"
	"io/fs"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/portcullis-chat/portcullis/internal/gate"
	"github.com/portcullis-chat/portcullis/internal/gate/plan"
	"github.com/portcullis-chat/portcullis/internal/terraform"
	"github.com/portcullis-chat/portcullis/policies"
	"github.com/portcullis-chat/portcullis/test/internal/examples"
	"github.com/portcullis-chat/portcullis/test/internal/tfroot"
	"github.com/portcullis-chat/portcullis/test/internal/weakened"
)

const root = "../.."

// variant is a way to plan an example.
type variant struct {
	example string
	// inputs is a file of inputs beside the example's own files; empty for none.
	inputs string
	// settings are those of Terraform's environment.
	settings []string
}

// prepare copies a variant and what it needs, ready to be planned without AWS.
func prepare(t *testing.T, v variant) (r *tfroot.Root, work string) {
	t.Helper()
	work = t.TempDir()
	r, err := examples.Copy(root, work, v.example)
	if err != nil {
		t.Fatal(err)
	}
	if v.inputs != "" {
		r.AddInputs(v.inputs)
	}
	r.Set(v.settings...)
	return r, work
}

// planned plans a root.
func planned(t *testing.T, r *tfroot.Root) tfroot.Plan {
	t.Helper()
	if err := r.Init(t.Context()); err != nil {
		t.Fatal(err)
	}
	plan, err := r.Plan(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	return plan
}

// judge puts the plan of a root before the gate.
func judge(t *testing.T, r *tfroot.Root, binary string) *gate.Report {
	t.Helper()
	in, err := plan.Read(t.Context(), plan.Options{Path: binary, Dir: r.Dir, Terraform: terraform.Binary()})
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

// chosen are the findings that are right and meant: rule and address, by example.
// An example can be thrown away: terraform destroy removes tables and users, and
// the key goes soon after. A signing profile is the account's: the modules take
// one, and each zip is checked against its sum. Production has none of these.
var chosen = map[string][]string{
	"minimal":      append(slices.Clone(chosenInChat), "identity/deletion-protection module.chat.module.auth.aws_cognito_user_pool.this[0]"),
	"complete":     append(slices.Clone(chosenInChat), "identity/deletion-protection module.chat.module.auth.aws_cognito_user_pool.this[0]"),
	"external-idp": chosenInChat,
	"own-handlers": {
		"data/deletion-protection module.table.aws_dynamodb_table.this",
		"identity/deletion-protection module.auth.aws_cognito_user_pool.this[0]",
		"keys/deletion-window aws_kms_key.this",
		"function/code-signing module.auth.module.authorizer.aws_lambda_function.this",
		"function/code-signing module.presence.aws_lambda_function.this",
		"function/code-signing module.vote.aws_lambda_function.this",
	},
}

var chosenInChat = []string{
	"data/deletion-protection module.chat.module.connections.aws_dynamodb_table.this",
	"data/deletion-protection module.chat.module.messages.aws_dynamodb_table.this",
	"keys/deletion-window module.chat.aws_kms_key.this[0]",
	"function/code-signing module.chat.module.auth.module.authorizer.aws_lambda_function.this",
	"function/code-signing module.chat.module.connect.aws_lambda_function.this",
	"function/code-signing module.chat.module.disconnect.aws_lambda_function.this",
	"function/code-signing module.chat.module.message.aws_lambda_function.this",
}

// TestTheExamplesPassTheGate, each with its defaults. The production variant does
// where it is planned.
func TestTheExamplesPassTheGate(t *testing.T) {
	names, err := examples.Names(root)
	if err != nil {
		t.Fatal(err)
	}
	for name := range chosen {
		if !slices.Contains(names, name) {
			t.Errorf("findings are chosen for %s, which there is not", name)
		}
	}
	for _, name := range names {
		t.Run(name, func(t *testing.T) {
			r, _ := prepare(t, variant{example: name})
			passes(t, judge(t, r, planned(t, r).Binary), chosen[name])
		})
	}
}

// passes fails the test unless a report has just the findings that are meant, and
// says of nothing that it cannot be told.
func passes(t *testing.T, report *gate.Report, meant []string) {
	t.Helper()
	if report.Judged < 10 || len(report.Passed) < 20 {
		t.Errorf("only %d resources judged, %d checks passed", report.Judged, len(report.Passed))
	}
	unseen := slices.Clone(meant)
	for _, f := range report.Findings {
		if at := slices.Index(unseen, f.Rule+" "+f.Address); at >= 0 && f.Kind == gate.Fail {
			unseen = slices.Delete(unseen, at, at+1)
			continue
		}
		t.Errorf("%s %s %s %s: %s (%s:%d)", f.Kind, f.Rule, f.Address, f.Path, f.Message, f.Place.File, f.Place.Line)
	}
	for _, entry := range unseen {
		t.Errorf("meant, and not found: %s", entry)
	}
}

func TestEachWeakeningOfTheModulesIsCaughtByTheRuleMeantForIt(t *testing.T) {
	r, work := prepare(t, variant{example: "complete"})
	if err := weakened.Apply(filepath.Join(work, "modules")); err != nil {
		t.Fatal(err)
	}
	report := judge(t, r, planned(t, r).Binary)
	for _, w := range weakened.List {
		if w.Rule == "" {
			continue // makes the next one whole
		}
		at := slices.IndexFunc(report.Findings, func(f gate.Finding) bool { return f.Rule == w.Rule && f.Kind == gate.Fail })
		if at < 0 {
			t.Errorf("%s: %s is not noticed by %s", w.File, w.To, w.Rule)
			continue
		}
		least := 2 // calls: of the chat, and by the chat
		if strings.HasPrefix(w.File, "chat/") {
			least = 1
		}
		if f := report.Findings[at]; !strings.HasSuffix(f.Place.File, "modules/"+w.File) || len(f.Calls) < least || !strings.HasSuffix(f.Calls[0].File, "examples/complete/main.tf") {
			t.Errorf("%s is found at %s, called at %v", w.Rule, f.Place.File, f.Calls)
		}
	}
}

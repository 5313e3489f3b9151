package gate

import (
	"bytes"
	"encoding/json"
	"io/fs"
	"os"
	"path/filepath"
	"reflect"
	"slices"
	"strings"
	"testing"
	"testing/fstest"
	"time"

	"github.com/open-policy-agent/opa/v1/ast"

	"github.com/portcullis-chat/portcullis/internal/gate/normal"
	"github.com/portcullis-chat/portcullis/internal/gate/plan"
	"github.com/portcullis-chat/portcullis/policies"
)

// reading is a plan of the real provider: `make gate-fixtures`.
const reading = "plan/testdata/reading"

func input(t *testing.T, edits ...string) *plan.Input {
	t.Helper()
	body, err := os.ReadFile(filepath.Join(reading, "plan.json"))
	if err != nil {
		t.Fatal(err)
	}
	text := string(body)
	for i := 0; i < len(edits); i += 2 {
		if !strings.Contains(text, edits[i]) {
			t.Fatalf("the plan has no %s", edits[i])
		}
		text = strings.ReplaceAll(text, edits[i], edits[i+1])
	}
	in, err := plan.Read(t.Context(), plan.Options{Path: "-", Stdin: strings.NewReader(text), SourceFile: reading + "/tfplan"})
	if err != nil {
		t.Fatal(err)
	}
	return in
}

// rule is a whole rule, test/one, with a body.
func rule(body string) fstest.MapFS {
	return fstest.MapFS{"one.rego": &fstest.MapFile{Data: []byte(`# METADATA
# title: A title
# description: Why.
# related_resources:
# - https://example.com/why
# custom:
#   severity: high
#   remediation: Mend it.
#   types: [aws_sqs_queue]
#   mappings:
#     checkov: [CKV_1]
#   good: good
#   bad: bad
package portcullis.rules.test.one

` + body)}}
}

const encrypted = `import data.portcullis.lib

subjects contains r.address if some r in input.by_type.aws_sqs_queue

deny contains lib.finding(r, ["kms_master_key_id"], "no key") if {
	some r in input.by_type.aws_sqs_queue
	not lib.is_set(r, ["kms_master_key_id"])
}

unknown contains lib.finding(r, ["kms_master_key_id"], "which key is not known") if {
	some r in input.by_type.aws_sqs_queue
	lib.state(r, ["kms_master_key_id"]) == "reference"
	not lib.set_from(r, ["kms_master_key_id"], {"aws_kms_key"})
}
`

func load(t *testing.T, body string, options ...Option) *Engine {
	t.Helper()
	e, err := Load([]fs.FS{policies.FS, rule(body)}, options...)
	if err != nil {
		t.Fatal(err)
	}
	e.Rules = slices.DeleteFunc(e.Rules, func(r *Rule) bool { return r.ID != "test/one" })
	return e
}

// The textbook rule gives five false alarms and misses the real one here.
func TestARuleTellsSetByReferenceFromNotSet(t *testing.T) {
	r, err := load(t, encrypted).Evaluate(t.Context(), input(t))
	if err != nil {
		t.Fatal(err)
	}
	if len(r.Findings) != 1 || len(r.Passed) != 2 || r.Judged != 3 || r.Resources != 7 {
		t.Fatalf("%+v", r)
	}
	f := r.Findings[0]
	if f.Address != "aws_sqs_queue.none" || f.Kind != Fail || f.Severity != High || f.Rule != "test/one" || f.Path != "kms_master_key_id" {
		t.Errorf("%+v", f)
	}
	if f.Place.File != reading+"/main.tf" || f.Place.Line == 0 {
		t.Errorf("place %+v", f.Place)
	}
}

func TestAFindingInAModuleNamesTheCalls(t *testing.T) {
	r, err := load(t, `deny contains {"address": r.address, "path": ["server_side_encryption", "0", "kms_key_arn"], "message": "m"} if some r in input.by_type.aws_dynamodb_table`).Evaluate(t.Context(), input(t))
	if err != nil {
		t.Fatal(err)
	}
	f := r.Findings[0]
	if f.Place.File != reading+"/m/main.tf" || len(f.Calls) != 1 || f.Calls[0].File != reading+"/main.tf" {
		t.Errorf("%+v", f)
	}
}

func TestFingerprintsOutliveMovedLinesAndOtherOrder(t *testing.T) {
	body := `deny contains {"address": r.address, "path": ["a", n, "b"], "message": "m"} if {
	some r in input.by_type.aws_sqs_queue
	some n in ["0", "1"]
}`
	prints := func(body string, edits ...string) []string {
		r, err := load(t, body).Evaluate(t.Context(), input(t, edits...))
		if err != nil {
			t.Fatal(err)
		}
		var all []string
		for _, f := range r.Findings {
			all = append(all, f.Fingerprint)
		}
		slices.Sort(all)
		return all
	}
	before := prints(body)
	if len(before) != 6 || len(slices.Compact(slices.Clone(before))) != 6 {
		t.Errorf("%d fingerprints: %v", len(before), before)
	}
	if after := prints(strings.ReplaceAll(body, `["0", "1"]`, `["7", "3"]`)); !slices.Equal(before, after) {
		t.Error("other numbers of blocks give other fingerprints")
	}
	after := prints(body, "aws_sqs_queue.none", "aws_sqs_queue.renamed", `"name":"none"`, `"name":"renamed"`)
	same := 0
	for _, print := range after {
		if slices.Contains(before, print) {
			same++
		}
	}
	if same != 4 {
		t.Errorf("%d of 4 fingerprints stay when another resource changes its name", same)
	}
}

func TestRulesThatCannotBeTrustedAreErrors(t *testing.T) {
	for name, c := range map[string]struct{ body, want string }{
		"built-in error":    {`deny contains {"address": "x", "path": [], "message": "m"} if to_number("x") == 1`, "to_number"},
		"unknown address":   {`deny contains {"address": "nowhere.x", "path": [], "message": "m"}`, "not in the plan"},
		"no message":        {`deny contains {"address": "aws_kms_key.k", "path": [], "message": ""}`, "says nothing"},
		"another form":      {`deny contains "a text"`, "something else"},
		"conflicting rules": {"p := 1 if input.version\np := 2 if input.version\ndeny contains {\"address\": \"x\", \"path\": [], \"message\": \"m\"} if p", "conflict"},
		"endless": {`deny contains {"address": "x", "path": [], "message": "m"} if {
	some a in numbers.range(1, 5000)
	some b in numbers.range(1, 5000)
	some c in numbers.range(1, 5000)
	a + b + c == -1
}`, "took longer"},
	} {
		t.Run(name, func(t *testing.T) {
			_, err := load(t, c.body, WithLimit(2*time.Second)).Evaluate(t.Context(), input(t))
			if err == nil || !strings.Contains(err.Error(), c.want) || !strings.Contains(err.Error(), "test/one") {
				t.Fatal(err)
			}
		})
	}
}

func TestPoliciesThatReachOutOrSayLittleAreNotLoaded(t *testing.T) {
	whole := string(rule(encrypted)["one.rego"].Data)
	for name, c := range map[string]struct{ text, want string }{
		"network":     {string(rule(`deny contains x if x := http.send({"url": "http://127.0.0.1", "method": "get"}).body`)["one.rego"].Data), "http.send"},
		"environment": {string(rule(`deny contains x if x := opa.runtime().env`)["one.rego"].Data), "opa.runtime"},
		"clock":       {string(rule(`deny contains x if x := time.now_ns()`)["one.rego"].Data), "time.now_ns"},
		"chance":      {string(rule(`deny contains x if x := rand.intn("a", 5)`)["one.rego"].Data), "rand.intn"},
		"old Rego":    {"package portcullis.rules.test.one\n\ndeny[x] { x := 1 }", "if"},
		"unused":      {string(rule("deny contains 1 if { x := 1 }")["one.rego"].Data), "unused"},
		"no metadata": {"package portcullis.rules.test.one\n\ndeny contains 1", "METADATA"},
		"no severity": {strings.Replace(whole, "severity: high", "severity: grave", 1), "severity"},
		"no examples": {strings.Replace(whole, "#   good: good\n", "", 1), "custom.good"},
		"no source":   {strings.Replace(whole, "# related_resources:\n# - https://example.com/why\n", "", 1), "related_resources"},
		"a number":    {strings.Replace(whole, "checkov: [CKV_1]", "cis: [3.6]", 1), "custom.mappings.cis the value 3.6"},
		"no list":     {strings.Replace(whole, "checkov: [CKV_1]", "cis: CIS.1", 1), "custom.mappings.cis no list"},
		"no mappings": {strings.Replace(whole, "  mappings:\n#     checkov: [CKV_1]\n", "  mappings: [CKV_1]\n", 1), "custom.mappings"},
		"a flag":      {strings.Replace(whole, "types: [aws_sqs_queue]", "types: [true]", 1), "custom.types the value true"},
		"deep":        {strings.Replace(whole, "rules.test.one", "rules.one", 1), "<group>.<name>"},
		"no rule":     {"package other\n\nx := 1", "no rules"},
	} {
		t.Run(name, func(t *testing.T) {
			lib, err := fs.Sub(policies.FS, "lib")
			if err != nil {
				t.Fatal(err)
			}
			_, err = Load([]fs.FS{lib, fstest.MapFS{"a.rego": &fstest.MapFile{Data: []byte(c.text)}}})
			if err == nil || !strings.Contains(err.Error(), c.want) {
				t.Fatal(err)
			}
		})
	}
}

// A folder of rules may come with the plan that it judges: it must not change what
// other rules say.
func TestNobodyAddsToThePackagesOfOthers(t *testing.T) {
	for name, c := range map[string]struct {
		text, want string
		before     fs.FS
	}{
		"the helpers":     {"package portcullis.lib\n\nis_set(_, _) := true", "portcullis.lib is that of lib/", nil},
		"a rule of ours":  {"package portcullis.rules.websocket.data_trace\n\nsubjects contains \"x\"", "websocket/data_trace.rego", nil},
		"around a rule":   {"package portcullis.rules.websocket\n\ndata_trace := {}", "conflict", nil},
		"around helpers":  {"package portcullis\n\nlib := {}", "conflict", nil},
		"another's rule":  {string(rule(encrypted)["one.rego"].Data), "portcullis.rules.test.one is that of 1:one.rego", rule(encrypted)},
		"what conftest's": {"package main\n\nx := 1", "", nil},
	} {
		t.Run(name, func(t *testing.T) {
			all := []fs.FS{policies.FS}
			if c.before != nil {
				all = append(all, c.before)
			}
			_, err := Load(append(all, fstest.MapFS{"a.rego": &fstest.MapFile{Data: []byte(c.text)}}))
			if (err == nil) != (c.want == "") || err != nil && !strings.Contains(err.Error(), c.want) {
				t.Error(err)
			}
		})
	}
}

func TestAPolicyThatIsNoFileIsNotRead(t *testing.T) {
	dir := t.TempDir()
	if err := os.Symlink("/dev/zero", filepath.Join(dir, "a.rego")); err != nil {
		t.Fatal(err)
	}
	if _, err := Load([]fs.FS{policies.FS, os.DirFS(dir)}); err == nil || !strings.Contains(err.Error(), "no regular file") {
		t.Error(err)
	}
}

// A large plan is judged once, and its values go when they have been read. Where
// there are sources, places are found by them.
func TestAPlanThatIsJudgedOnceGetsTheSameReport(t *testing.T) {
	e := load(t, encrypted)
	for _, sources := range []string{"", reading + "/tfplan"} {
		var reports []*Report
		for _, once := range []bool{false, true} {
			in, err := plan.Read(t.Context(), plan.Options{Path: reading + "/plan.json", SourceFile: sources})
			if err != nil {
				t.Fatal(err)
			}
			in.Once = once
			r, err := e.Evaluate(t.Context(), in)
			if err != nil {
				t.Fatal(err)
			}
			if gone := len(in.Plan.Changes) == 0; gone != (once && sources == "") {
				t.Errorf("the values are gone: %v", gone)
			}
			reports = append(reports, r)
		}
		if len(reports[0].Findings) == 0 || !reflect.DeepEqual(reports[0], reports[1]) {
			t.Errorf("%+v\n%+v", reports[0], reports[1])
		}
	}
}

func TestAPlanWithNothingToLookAtSaysSo(t *testing.T) {
	r, err := load(t, `subjects contains r.address if some r in input.by_type.aws_elsewhere`).Evaluate(t.Context(), input(t))
	if err != nil || r.Judged != 0 || !slices.Equal(r.NotApplicable, []string{"test/one"}) {
		t.Errorf("%+v, %v", r, err)
	}
}

func TestTheInputIsWhatItsJSONSays(t *testing.T) {
	for _, dir := range []string{reading, "normal/testdata/shapes"} {
		in, err := plan.Read(t.Context(), plan.Options{Path: filepath.Join(dir, "plan.json"), Dir: dir})
		if err != nil {
			t.Fatal(err)
		}
		document, err := normal.New(in, nil)
		if err != nil {
			t.Fatal(err)
		}
		body, err := json.Marshal(document)
		if err != nil {
			t.Fatal(err)
		}
		want, err := ast.ValueFromReader(bytes.NewReader(body))
		if err != nil {
			t.Fatal(err)
		}
		for _, forget := range []bool{false, true} {
			got, err := build(document, forget)
			if err != nil || got.Compare(want) != 0 {
				t.Errorf("%s: another input than that of the JSON, %v", dir, err)
			}
		}
	}
}

// A rule that takes the names of attributes from the plan gets all of them.
func TestARuleThatLooksAtWhateverIsThereSeesIt(t *testing.T) {
	for _, body := range []string{
		`deny contains {"address": r.address, "path": [name], "message": "m"} if {
	some r in input.by_type.aws_sqs_queue
	some name, _ in r.values
	name == concat("", ["visibility_", "timeout_seconds"])
}`,
		`deny contains {"address": r.address, "path": [], "message": "m"} if {
	some r in input.by_type.aws_sqs_queue
	r.values[concat("", ["visibility_", "timeout_seconds"])]
}`,
	} {
		r, err := load(t, body).Evaluate(t.Context(), input(t))
		if err != nil || len(r.Findings) != 3 {
			t.Errorf("%v, %v", r, err)
		}
	}
}

// Package inputs_test puts good and bad values to the variables of each module and
// reads what Terraform says of them.
//
// The values are in modules/<name>/tests/inputs.hcl. They are not runs of
// `terraform test`, since each of those plans the whole module, and takes one bad
// value for a variable: here one plan has a call for each value of a module that is
// its variables.tf and nothing else, and so needs no provider and a second or two.
package inputs_test

import (
	"bytes"
	"encoding/json"
	"fmt"
	"maps"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"

	"github.com/hashicorp/hcl/v2"
	"github.com/hashicorp/hcl/v2/hclsyntax"

	"github.com/portcullis-chat/portcullis/internal/terraform"
)

const root = "../.."

// A call is one call of a module with the text of its arguments by their names.
type call struct {
	about       string // what is tried
	refused     string // the variable that must be refused; empty when none may be
	arguments   map[string]string
	first, last int          // its lines in main.tf
	broken      map[int]bool // lines of the rules that it broke
}

// A rule is a validation of a variable.
type rule struct {
	variable string
	broken   bool // by a call at least
}

// A diagnostic is what Terraform complains of.
type diagnostic struct {
	Severity string `json:"severity"`
	Summary  string `json:"summary"`
	Detail   string `json:"detail"`
	Range    struct {
		Filename string             `json:"filename"`
		Start    struct{ Line int } `json:"start"`
	} `json:"range"`
}

func TestInputs(t *testing.T) {
	t.Parallel()
	if _, err := terraform.CheckBinary(t.Context()); err != nil {
		t.Fatal(err)
	}
	files, err := filepath.Glob(filepath.Join(root, "modules", "*", "variables.tf"))
	if err != nil || len(files) == 0 {
		t.Fatal(files, err)
	}
	for _, file := range files {
		module := filepath.Dir(file)
		t.Run(filepath.Base(module), func(t *testing.T) {
			t.Parallel()
			text, err := os.ReadFile(file)
			if err != nil {
				t.Fatal(err)
			}
			variables, rules := variablesOf(t, text)
			calls := callsOf(t, filepath.Join(module, "tests", "inputs.hcl"), variables)
			// What is accepted comes apart: it would have to be planned again.
			slices.SortStableFunc(calls, func(a, b *call) int { return strings.Compare(a.refused, b.refused) })
			for some := range slices.Chunk(calls, atOnce) {
				work := t.TempDir()
				if err := os.CopyFS(filepath.Join(work, "module", "tests"), os.DirFS(filepath.Join(module, "tests"))); err != nil {
					t.Fatal(err)
				}
				if err := os.WriteFile(filepath.Join(work, "module", "variables.tf"), text, 0o600); err != nil {
					t.Fatal(err)
				}
				judge(t, work, some, rules)
			}
			for _, c := range calls {
				if c.refused != "" && len(c.broken) == 0 {
					t.Errorf("it accepts %s", c.about)
				}
				for line := range c.broken {
					if rules[line].variable != c.refused {
						t.Errorf("variables.tf:%d refuses %s", line, c.about)
					}
				}
			}
			for line, rule := range rules {
				if !rule.broken {
					t.Errorf("variables.tf:%d: nothing is refused by this rule of %s", line, rule.variable)
				}
			}
		})
	}
}

// atOnce is how many calls are in one plan: its graph takes longer than they do.
const atOnce = 40

// judge plans calls and notes in them, and in the rules by their lines, which rules
// they break. A rule of two variables is not asked while a rule of one is broken
// anywhere, so what is left then is planned again.
func judge(t *testing.T, work string, calls []*call, rules map[int]*rule) {
	t.Helper()
	for left := calls; len(left) > 0; {
		if err := os.WriteFile(filepath.Join(work, "main.tf"), write(left), 0o600); err != nil {
			t.Fatal(err)
		}
		complaints := plan(t, work)
		if len(complaints) == 0 {
			return
		}
		for _, d := range complaints {
			i := slices.IndexFunc(left, func(c *call) bool {
				return d.Range.Filename == "main.tf" && c.first <= d.Range.Start.Line && d.Range.Start.Line <= c.last
			})
			found := checkedBy.FindStringSubmatch(d.Detail)
			if i < 0 || found == nil {
				t.Fatalf("not the message of a rule: %s: %s (%s:%d)\n%s", d.Summary, d.Detail, d.Range.Filename, d.Range.Start.Line, write(left[max(i, 0):max(i, 0)+1]))
			}
			line, err := strconv.Atoi(found[1])
			if err != nil || rules[line] == nil {
				t.Fatalf("no rule: %s", found[0])
			}
			rules[line].broken = true
			left[i].broken[line] = true
		}
		left = slices.DeleteFunc(slices.Clone(left), func(c *call) bool { return len(c.broken) > 0 })
	}
}

// checkedBy finds where the rule is that a value broke.
var checkedBy = regexp.MustCompile(`This was checked by the validation rule at module/variables\.tf:(\d+),`)

// variablesOf returns the names of a module's variables, and their rules by their
// lines.
func variablesOf(t *testing.T, text []byte) ([]string, map[int]*rule) {
	t.Helper()
	var names []string
	rules := map[int]*rule{}
	for _, block := range parse(t, "variables.tf", text).Blocks {
		names = append(names, block.Labels[0])
		for _, inner := range block.Body.Blocks {
			if inner.Type == "validation" {
				rules[inner.DefRange().Start.Line] = &rule{variable: block.Labels[0]}
			}
		}
	}
	return names, rules
}

// callsOf reads what is tried on a module: `given`, the arguments of all calls, and
// blocks `refuse` and `accept` for a variable with `values` by what is odd about
// them, and `with`, other arguments that go with them. A call more has nothing but
// what is known after the apply.
func callsOf(t *testing.T, file string, variables []string) []*call {
	t.Helper()
	text, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	format := exec.CommandContext(t.Context(), terraform.Binary(), "fmt", "-") // the file's name is none that it looks for
	format.Stdin = bytes.NewReader(text)
	if formatted, err := format.Output(); err != nil || !bytes.Equal(formatted, text) {
		t.Errorf("%s is not formatted as terraform fmt does (%v)", file, err)
	}
	body := parse(t, file, text)
	given := items(t, text, body.Attributes["given"])
	later := &call{about: "what is known after the apply", arguments: map[string]string{}, broken: map[int]bool{}}
	for _, name := range variables {
		later.arguments[name] = "jsondecode(terraform_data.later.id)"
	}
	calls := []*call{later}
	for _, block := range body.Blocks {
		variable := block.Labels[0]
		with := map[string]string{}
		if attribute := block.Body.Attributes["with"]; attribute != nil {
			with = items(t, text, attribute)
		}
		values := items(t, text, block.Body.Attributes["values"])
		for _, odd := range slices.Sorted(maps.Keys(values)) {
			c := &call{about: fmt.Sprintf("%s (%s)", variable, odd), arguments: maps.Clone(given), broken: map[int]bool{}}
			maps.Copy(c.arguments, with)
			c.arguments[variable] = values[odd]
			if block.Type == "refuse" {
				c.refused = variable
			}
			calls = append(calls, c)
		}
	}
	return calls
}

func parse(t *testing.T, name string, text []byte) *hclsyntax.Body {
	t.Helper()
	file, diags := hclsyntax.ParseConfig(text, name, hcl.InitialPos)
	if diags.HasErrors() {
		t.Fatal(diags)
	}
	return file.Body.(*hclsyntax.Body)
}

// items returns the text of each item of an attribute that is an object.
func items(t *testing.T, text []byte, attribute *hclsyntax.Attribute) map[string]string {
	t.Helper()
	object, ok := attribute.Expr.(*hclsyntax.ObjectConsExpr)
	if !ok {
		t.Fatalf("%s is no object", attribute.SrcRange)
	}
	found := map[string]string{}
	for _, item := range object.Items {
		key, diags := item.KeyExpr.Value(&hcl.EvalContext{})
		if diags.HasErrors() {
			t.Fatal(diags)
		}
		found[key.AsString()] = string(item.ValueExpr.Range().SliceBytes(text))
	}
	return found
}

// write writes a root with all calls and notes the lines of each.
func write(calls []*call) []byte {
	text := "terraform {\n  required_version = \">= 1.9\"\n}\n\nresource \"terraform_data\" \"later\" {}\n\n"
	for i, c := range calls {
		c.first = strings.Count(text, "\n") + 1
		text += fmt.Sprintf("module \"call_%d\" {\n  source = \"./module\"\n", i)
		for _, name := range slices.Sorted(maps.Keys(c.arguments)) {
			text += fmt.Sprintf("  %s = %s\n", name, c.arguments[name])
		}
		text += "}\n"
		c.last = strings.Count(text, "\n")
	}
	return []byte(text)
}

// plan plans the root in dir and returns what Terraform complains of.
func plan(t *testing.T, dir string) []diagnostic {
	t.Helper()
	env := append(slices.DeleteFunc(os.Environ(), func(setting string) bool { return strings.HasPrefix(setting, "TF_VAR_") }), "TF_IN_AUTOMATION=1")
	initialise := exec.CommandContext(t.Context(), terraform.Binary(), "init", "-backend=false", "-input=false", "-no-color")
	initialise.Dir, initialise.Env = dir, env
	if out, err := initialise.CombinedOutput(); err != nil {
		t.Fatalf("init: %v\n%s", err, out)
	}
	planned := exec.CommandContext(t.Context(), terraform.Binary(), "plan", "-json", "-input=false")
	planned.Dir, planned.Env = dir, env
	out, err := planned.Output()
	var found []diagnostic
	for line := range bytes.Lines(out) {
		var message struct {
			Diagnostic *diagnostic `json:"diagnostic"`
		}
		if err := json.Unmarshal(line, &message); err != nil {
			t.Fatalf("%v: %s", err, line)
		}
		if message.Diagnostic != nil && message.Diagnostic.Severity == "error" {
			found = append(found, *message.Diagnostic)
		}
	}
	if err != nil && len(found) == 0 {
		t.Fatalf("plan: %v\n%s", err, out)
	}
	return found
}

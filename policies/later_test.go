package policies_test

import (
	"bytes"
	"encoding/json"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"testing"

	"github.com/portcullis-chat/portcullis/internal/gate"
	"github.com/portcullis-chat/portcullis/internal/gate/plan"
)

type object = map[string]any

// untold are findings whose place is not what decides them, or that have a form no
// plan has.
var untold = map[string]string{
	"messaging/dead-letter-alarm name":                                 "the queue is found by its name",
	"function/environment-secrets environment.0.variables.SIGNING_KEY": "of a function's variables a plan has all or none",
}

// Each value that a finding is about is made one that nobody can read, in the ways
// in which a plan says so. What failed must fail or be unknown then: it must not
// pass, and not be passed over.
func TestWhatFailsIsNotSilentWhereItsValueCannotBeRead(t *testing.T) {
	for _, form := range []struct {
		name string
		hide func(change, expressions object, path []string) bool
	}{
		{"the attribute is known after apply", hideAttribute},
		{"the value alone is known after apply", hideValue},
		{"the attribute is sensitive", func(change, _ object, path []string) bool {
			member(change, "after_sensitive")[path[0]] = true
			return member(change, "after")[path[0]] != nil
		}},
	} {
		t.Run(form.name, func(t *testing.T) {
			for _, dir := range fixtures(t) {
				body, err := os.ReadFile(filepath.Join(dir, "plan.json"))
				if err != nil {
					t.Fatal(err)
				}
				fails := failing(judged(t, body), groups(expected(t, dir)))
				for round := 0; ; round++ {
					changed, hidden := rewritten(t, body, fails, round, form.hide)
					if len(hidden) == 0 {
						break
					}
					report := judged(t, changed)
					for _, address := range slices.Sorted(maps.Keys(hidden)) {
						for _, rule := range fails[address][hidden[address]] {
							if untold[rule+" "+hidden[address]] == "" && !reported(report, address, rule) {
								t.Errorf("%s says nothing of %s when its %s cannot be read", rule, address, hidden[address])
							}
						}
					}
				}
			}
		})
	}
}

func judged(t *testing.T, body []byte) *gate.Report {
	t.Helper()
	in, err := plan.Read(t.Context(), plan.Options{Path: "-", Stdin: bytes.NewReader(body)})
	if err != nil {
		t.Fatal(err)
	}
	report, err := every(t).Evaluate(t.Context(), in)
	if err != nil {
		t.Fatal(err)
	}
	return report
}

// failing lists the rules that fail, by address and path.
func failing(report *gate.Report, groups map[string]bool) map[string]map[string][]string {
	all := map[string]map[string][]string{}
	for _, f := range report.Findings {
		group, _, _ := strings.Cut(f.Rule, "/")
		if f.Kind != gate.Fail || f.Path == "" || !groups[group] {
			continue
		}
		if all[f.Address] == nil {
			all[f.Address] = map[string][]string{}
		}
		all[f.Address][f.Path] = append(all[f.Address][f.Path], f.Rule)
	}
	return all
}

// reported tells whether a rule fails of a resource or cannot tell. What a policy
// that nobody can read grants is one rule's to say.
func reported(report *gate.Report, address, rule string) bool {
	return slices.ContainsFunc(report.Findings, func(f gate.Finding) bool {
		return f.Address == address && (f.Rule == rule || f.Rule == "iam/readable-policy")
	})
}

// rewritten hides one value of each resource of a plan, and tells which.
func rewritten(t *testing.T, body []byte, fails map[string]map[string][]string, round int, hide func(change, expressions object, path []string) bool) ([]byte, map[string]string) {
	t.Helper()
	var document struct {
		Changes       []object `json:"resource_changes"`
		Configuration struct {
			Root struct {
				Resources []object `json:"resources"`
			} `json:"root_module"`
		} `json:"configuration"`
	}
	var whole object
	for _, into := range []any{&document, &whole} {
		if err := json.Unmarshal(body, into); err != nil {
			t.Fatal(err)
		}
	}
	expressions := map[string]object{}
	for _, resource := range document.Configuration.Root.Resources {
		expressions[resource["address"].(string)] = member(resource, "expressions")
	}
	hidden := map[string]string{}
	for _, change := range document.Changes {
		address := change["address"].(string)
		paths := slices.Sorted(maps.Keys(fails[address]))
		base, _, _ := strings.Cut(address, "[")
		if round < len(paths) && expressions[base] != nil && hide(member(change, "change"), expressions[base], strings.Split(paths[round], ".")) {
			hidden[address] = paths[round]
		}
	}
	whole["resource_changes"] = document.Changes
	root := member(member(whole, "configuration"), "root_module")
	if root["resources"] = document.Configuration.Root.Resources; document.Configuration.Root.Resources == nil {
		delete(root, "resources")
	}
	changed, err := json.Marshal(whole)
	if err != nil {
		t.Fatal(err)
	}
	return changed, hidden
}

// member gives the object that is a member of another, and makes it if need be.
func member(of object, name string) object {
	inner, ok := of[name].(object)
	if !ok {
		inner = object{}
		of[name] = inner
	}
	return inner
}

var later = object{"references": []any{`terraform_data.later["text"].output`, `terraform_data.later["text"]`, "terraform_data.later"}}

func hideAttribute(change, expressions object, path []string) bool {
	delete(member(change, "after"), path[0])
	member(change, "after_unknown")[path[0]] = true
	expressions[path[0]] = later
	return true
}

// hideValue goes along the path in the values, in what is unknown and in the
// configuration.
func hideValue(change, expressions object, path []string) bool {
	values, unknown, written := member(change, "after"), member(change, "after_unknown"), expressions
	for len(path) > 1 {
		if number, err := strconv.Atoi(path[1]); err == nil {
			blocks, _ := values[path[0]].([]any)
			if number >= len(blocks) || len(path) == 2 {
				return false
			}
			inner, ok := blocks[number].(object)
			if !ok {
				return false
			}
			values, unknown, written, path = inner, element(unknown, path[0], number), element(written, path[0], number), path[2:]
			continue
		}
		inner, ok := values[path[0]].(object)
		if _, whole := written[path[0]].(object)["references"]; !ok || whole {
			return false
		}
		values, unknown, written, path = inner, member(unknown, path[0]), member(written, path[0]), path[1:]
	}
	delete(values, path[0])
	unknown[path[0]], written[path[0]] = true, later
	return true
}

// element gives an object of a list that is a member of another object, and makes
// those up to it.
func element(of object, name string, number int) object {
	list, _ := of[name].([]any)
	for len(list) <= number {
		list = append(list, object{})
	}
	inner, ok := list[number].(object)
	if !ok {
		inner = object{}
		list[number] = inner
	}
	of[name] = list
	return inner
}

package gate

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/portcullis-chat/portcullis/internal/gate/plan"
	"github.com/portcullis-chat/portcullis/policies"
)

// nested is a plan with a queue in each of n modules, one inside the other or
// one beside the other, whose key comes down from the root.
func nested(n int, deep bool) string {
	const queue = `{"mode":"managed","type":"aws_sqs_queue","name":"q","expressions":{"kms_master_key_id":{"references":["var.key"]}}}`
	var changes []string
	add := func(module string) {
		changes = append(changes, fmt.Sprintf(`{"address":"%[1]s.aws_sqs_queue.q","module_address":"%[1]s","mode":"managed","type":"aws_sqs_queue","name":"q","change":{"actions":["create"],"after":{},"after_unknown":{"kms_master_key_id":true}}}`, module))
	}
	module := fmt.Sprintf(`{"resources":[%s]}`, queue)
	calls := ""
	if deep {
		address := "module.m"
		for range n {
			add(address)
			address += ".module.m"
		}
		for range n - 1 {
			module = fmt.Sprintf(`{"resources":[%s],"module_calls":{"m":{"expressions":{"key":{"references":["var.key"]}},"module":%s}}}`, queue, module)
		}
		calls = fmt.Sprintf(`"m":{"expressions":{"key":{"references":["aws_kms_key.k.arn","aws_kms_key.k"]}},"module":%s}`, module)
	} else {
		var all []string
		for i := range n {
			add(fmt.Sprintf("module.m%d", i))
			all = append(all, fmt.Sprintf(`"m%d":{"expressions":{"key":{"references":["aws_kms_key.k.arn","aws_kms_key.k"]}},"module":%s}`, i, module))
		}
		calls = strings.Join(all, ",")
	}
	return fmt.Sprintf(`{"format_version":"1.2","configuration":{"root_module":{"resources":[{"mode":"managed","type":"aws_kms_key","name":"k"}],"module_calls":{%s}}},"resource_changes":[%s]}`, calls, strings.Join(changes, ","))
}

func TestAThousandModulesDeepAndWideAreJudged(t *testing.T) {
	for name, deep := range map[string]bool{"wide": false, "deep": true} {
		t.Run(name, func(t *testing.T) {
			in, err := plan.Read(t.Context(), plan.Options{Path: "-", Stdin: strings.NewReader(nested(1000, deep))})
			if err != nil {
				t.Fatal(err)
			}
			r, err := load(t, encrypted).Evaluate(t.Context(), in)
			if err != nil {
				t.Fatal(err)
			}
			if len(r.Passed) != 1000 || len(r.Findings) != 0 || r.Judged != 1000 {
				t.Errorf("%d passed, %d findings, %d judged", len(r.Passed), len(r.Findings), r.Judged)
			}
		})
	}
}

// together puts the fixtures of all rules into one plan, each as a module.
func together(t *testing.T) (changes []any, calls map[string]any) {
	t.Helper()
	files, err := filepath.Glob("../../policies/testdata/*/plan.json")
	if err != nil || len(files) == 0 {
		t.Fatal("no fixtures", err)
	}
	calls = map[string]any{}
	for _, file := range files {
		body, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		var whole struct {
			Changes       []map[string]any `json:"resource_changes"`
			Configuration map[string]any
		}
		if err := json.Unmarshal(body, &whole); err != nil {
			t.Fatal(err)
		}
		name := filepath.Base(filepath.Dir(file))
		for _, change := range whole.Changes {
			change["address"] = fmt.Sprintf("module.%s.%s", name, change["address"])
			change["module_address"] = "module." + name
			changes = append(changes, change)
		}
		calls[name] = map[string]any{"module": whole.Configuration["root_module"]}
	}
	return changes, calls
}

// Each member of each resource of the fixtures becomes what no provider plans. That
// is judged, or refused; it never ends the program, and never passes.
func TestValuesOfTheWrongTypeDoNotPass(t *testing.T) {
	e, err := Load([]fs.FS{policies.FS})
	if err != nil {
		t.Fatal(err)
	}
	deep := any("deep")
	for range 200 {
		deep = []any{map[string]any{"Statement": deep}}
	}
	for name, how := range map[string]func(any) any{
		"null":   func(any) any { return nil },
		"number": func(any) any { return json.Number("-123456789012345678901234567890e300") },
		"list":   func(v any) any { return []any{v, nil, []any{v}} },
		"object": func(v any) any { return map[string]any{"": v, "a": nil, "0": []any{}} },
		"nulls":  func(any) any { return []any{nil} },
		"policy": func(any) any {
			return `{"Statement":[null,1,"x",{"Effect":7,"Action":{},"Resource":[[]],"Principal":[1],"Condition":{"a":1,"b":{"c":{}}}}]}`
		},
		"texts": func(any) any { return []any{map[string]any{"statement": "x"}, "x\x1b]0;x\a\u202e::error::\n", 7} },
		"deep":  func(any) any { return deep },
	} {
		t.Run(name, func(t *testing.T) {
			changes, calls := together(t)
			for _, one := range changes {
				change, _ := one.(map[string]any)["change"].(map[string]any)
				for _, part := range []string{"after", "after_unknown"} {
					if members, ok := change[part].(map[string]any); ok {
						for name, member := range members {
							members[name] = how(member)
						}
					}
				}
			}
			doNotPass(t, e, changes, map[string]any{"root_module": map[string]any{"module_calls": calls}})
		})
	}
	t.Run("no configuration", func(t *testing.T) {
		changes, _ := together(t)
		doNotPass(t, e, changes, map[string]any{})
	})
}

// doNotPass judges a plan made of parts.
func doNotPass(t *testing.T, e *Engine, changes []any, configuration map[string]any) {
	t.Helper()
	body, err := json.Marshal(map[string]any{"format_version": "1.2", "resource_changes": changes, "configuration": configuration})
	if err != nil {
		t.Fatal(err)
	}
	var report *Report
	in, err := plan.Read(t.Context(), plan.Options{Path: "-", Stdin: bytes.NewReader(body)})
	if err == nil {
		report, err = e.Evaluate(t.Context(), in)
	}
	var known *plan.Error
	switch {
	case err != nil && (!errors.As(err, &known) || known.Remedy == ""):
		t.Errorf("%v", err)
	case err == nil && len(report.Findings) < 100:
		t.Errorf("only %d findings", len(report.Findings))
	}
}

package gate

import (
	"io/fs"
	"maps"
	"slices"
	"strings"
	"testing"
	"testing/fstest"

	"github.com/portcullis-chat/portcullis/policies"
)

// small is the helpers and one rule.
func small(t *testing.T, body string) fstest.MapFS {
	t.Helper()
	all := maps.Clone(rule(body))
	names, err := fs.Glob(policies.FS, "lib/*.rego")
	if err != nil {
		t.Fatal(err)
	}
	for _, name := range names {
		text, err := fs.ReadFile(policies.FS, name)
		if err != nil {
			t.Fatal(err)
		}
		all[name] = &fstest.MapFile{Data: text}
	}
	return all
}

// Rules that were packed before they were changed would judge by what nobody
// sees in the sources.
func TestPackedPoliciesAreUsedOnlyForTheSourcesThatTheyAreOf(t *testing.T) {
	sources := small(t, encrypted)
	body, err := Pack(sources)
	if err != nil {
		t.Fatal(err)
	}
	data := string(body)
	if again, err := Pack(sources); err != nil || string(again) != data {
		t.Errorf("it is packed in another way each time: %v", err)
	}
	changed := small(t, strings.Replace(encrypted, "no key", "another", 1))
	more := maps.Clone(sources)
	more["two.rego"] = &fstest.MapFile{Data: []byte(strings.Replace(string(rule(encrypted)["one.rego"].Data), "test.one", "test.two", 1))}
	for name, c := range map[string]struct {
		sources fs.FS
		data    string
		used    bool
		rules   int
		says    string
	}{
		"as packed":    {sources, data, true, 1, "no key"},
		"a rule more":  {more, data, false, 2, "no key"},
		"changed":      {changed, data, false, 1, "another"},
		"cut off":      {sources, data[:len(data)-1], false, 1, "no key"},
		"another byte": {sources, strings.Replace(data, "no key", "nokey!", 1), false, 1, "no key"},
		"no sum":       {sources, data[:20], false, 1, "no key"},
		"nothing":      {sources, "", false, 1, "no key"},
	} {
		t.Run(name, func(t *testing.T) {
			if used := (&Engine{packed: c.data}).unpack(c.sources); used != c.used {
				t.Errorf("used: %v", used)
			}
			e, err := Load([]fs.FS{c.sources}, Packed(c.data))
			if err != nil {
				t.Fatal(err)
			}
			r, err := e.Evaluate(t.Context(), input(t))
			if err != nil {
				t.Fatal(err)
			}
			if len(e.Rules) != c.rules || !slices.ContainsFunc(r.Findings, func(f Finding) bool { return f.Message == c.says }) {
				t.Errorf("%d rules: %+v", len(e.Rules), r.Findings)
			}
		})
	}
}

// An error in a rule names the line of its source.
func TestAnErrorOfAPackedRuleNamesItsPlace(t *testing.T) {
	sources := small(t, "deny contains x if {\n\tsome r in input.by_type.aws_sqs_queue\n\tx := to_number(r.address)\n}\n")
	body, err := Pack(sources)
	if err != nil {
		t.Fatal(err)
	}
	var said []string
	for _, data := range []string{"", string(body)} {
		e, err := Load([]fs.FS{sources}, Packed(data))
		if err != nil {
			t.Fatal(err)
		}
		_, err = e.Evaluate(t.Context(), input(t))
		if err == nil || !strings.Contains(err.Error(), "one.rego:18") {
			t.Fatal(err)
		}
		said = append(said, err.Error())
	}
	if said[0] != said[1] {
		t.Errorf("parsed: %s\npacked: %s", said[0], said[1])
	}
}

package main

import (
	"os"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/portcullis-chat/portcullis/test/internal/weakened"
)

// table are the first two columns of the rows below a heading of the page.
func table(t *testing.T, page, heading string) [][2]string {
	t.Helper()
	_, part, found := strings.Cut(page, "\n## "+heading+"\n")
	if !found {
		t.Fatalf("docs/gate-peers.md has no part %q", heading)
	}
	part, _, _ = strings.Cut(part, "\n## ")
	var rows [][2]string
	for line := range strings.Lines(part) {
		if cells := strings.Split(line, "|"); len(cells) > 3 && !strings.HasPrefix(line, "| ---") {
			rows = append(rows, [2]string{strings.TrimSpace(cells[1]), strings.TrimSpace(cells[2])})
		}
	}
	return rows
}

// The other tools take minutes and have to be built, so no test runs them: what
// the page says is held against the rules, the weakenings and the arguments of
// today.
func TestThePageIsOfTodaysRules(t *testing.T) {
	body, err := os.ReadFile("../../docs/gate-peers.md")
	if err != nil {
		t.Fatal(err)
	}
	page := string(body)
	e, err := engine()
	if err != nil {
		t.Fatal(err)
	}
	rules := e.ByID()

	named := set{}
	for _, row := range table(t, page, "Rule by rule") {
		named[row[0]] = true
	}
	alone := regexp.MustCompile(`(?m)^\| ([a-z]+) \| ([a-z0-9, -]+) \|$`)
	for _, group := range alone.FindAllStringSubmatch(page, -1)[1:] { // below the head
		for name := range strings.SplitSeq(group[2], ", ") {
			named[group[1]+"/"+name] = true
		}
	}
	for id := range rules {
		if !named[id] {
			t.Errorf("the page does not have %s: run make gate-peers", id)
		}
	}
	for id := range named {
		if strings.Contains(id, "/") && rules[id] == nil {
			t.Errorf("the page has %s, which there is not: run make gate-peers", id)
		}
	}

	var want [][2]string
	for _, w := range weakened.List {
		if w.Rule != "" {
			want = append(want, [2]string{name(w), w.Rule})
		}
	}
	if got := table(t, page, "The example, weakened"); len(want) < 20 || !slices.Equal(got[1:], want) {
		t.Errorf("the page has other weakenings than test/internal/weakened: run make gate-peers\n%v\n%v", got, want)
	}

	for _, words := range fields(reasons, 3) {
		if !strings.Contains(page, "| "+words[0]+" | "+words[1]+" |") || !strings.Contains(page, words[2]) {
			t.Errorf("the page does not have the argument %v: run make gate-peers", words)
		}
	}
	if !strings.Contains(page, strings.TrimSpace(byHand)) {
		t.Error("the page does not have the part that is written by hand as it is: run make gate-peers")
	}
	tools := []tool{{Name: "Checkov"}, {Name: "Trivy"}}
	if _, err := mapping(rules, tools); err != nil {
		t.Error(err)
	}
}

// What a tool says of the example as it is and of the weakened one.
func TestAWeaknessIsFoundByWhoDidNotComplainBefore(t *testing.T) {
	r := &report{Tools: []tool{{Name: "ours", Ours: true}, {Name: "new"}, {Name: "always"}, {Name: "blind"}, {Name: "none"}}}
	const rule = "encryption/topic-key"
	known := []map[string][]string{{rule: {rule}}, {rule: {"N"}}, {rule: {"A"}}, {rule: {"B"}}, {}}
	said := []map[string]set{
		{rule: {weak + " x": true}},
		{"N": {weak + " x": true, weak + " y": true, asItIs + " y": true}},
		{"A": {weak + " x": true, asItIs + " x": true}},
		{"other": {weak + " x": true}},
		{},
	}
	r.weaken(known, said)
	at := slices.IndexFunc(r.Weakened, func(w weakness) bool { return w.Rule == rule })
	if at < 0 || !slices.Equal(r.Weakened[at].Tools, []string{"found", "found", "before, too", "not found", ""}) {
		t.Fatalf("%v", r.Weakened)
	}
	var objected []string
	for _, o := range r.Objections {
		objected = append(objected, o.Tool+" "+o.Check)
	}
	slices.Sort(objected)
	if !slices.Equal(objected, []string{"always A", "new N"}) {
		t.Errorf("objections: %v", objected)
	}
}

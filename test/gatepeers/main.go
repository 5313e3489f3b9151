// Gatepeers runs other tools on the fixtures of the gate's rules and writes
// docs/gate-peers.md: who finds which weakness, and who complains of what is right.
package main

import (
	"context"
	_ "embed"
	"errors"
	"flag"
	"fmt"
	"maps"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"text/template"
	"time"

	"github.com/portcullis-chat/portcullis/internal/gate"
	"github.com/portcullis-chat/portcullis/internal/gate/policytest"
	"github.com/portcullis-chat/portcullis/test/internal/checkov"
	"github.com/portcullis-chat/portcullis/test/internal/weakened"
)

var (
	//go:embed report.md.tmpl
	page string
	// checks are the checks of other tools by our rules, where a rule's own
	// metadata does not say so: a tool, a rule, and ids.
	//go:embed checks.txt
	checks string
	// reasons say of each check that complains of what we call right why we do: a
	// tool, an id, and the argument.
	//go:embed reasons.txt
	reasons string
	// byHand is the part of the page that nobody can run again.
	//go:embed by-hand.md
	byHand string
)

func main() {
	out := flag.String("o", "docs/gate-peers.md", "file to write")
	flag.Parse()
	if err := run(context.Background(), *out); err != nil {
		fmt.Fprintln(os.Stderr, "gatepeers:", err)
		os.Exit(1)
	}
}

// set is a set of texts.
type set map[string]bool

// cases are the blocks that a rule has to say something of, by the fixture and the
// address.
type cases struct{ Bad, Good, Unknown set }

// tally counts what a tool says of the cases of one rule.
type tally struct{ Asked, Bad, Good, Unknown int }

// row is one rule and what each tool finds of its cases.
type row struct {
	Rule, Title string
	Cases       cases
	Tools       []tally
}

// objection is a check that complains of cases that we call right.
type objection struct {
	Tool, Check, Rules, Reason string
	Count                      int
	Examples                   string
}

// weakness is a change of a module, and what each tool says of it.
type weakness struct {
	Name, Rule string
	Tools      []string
}

// report is what the page says.
type report struct {
	Tools      []tool
	Plans      int
	Rows       []row
	Alone      map[string][]string // rules that no other tool has a check for, by group
	Total      row
	Weakened   []weakness
	Objections []objection
	Date       string
	ByHand     string
}

func run(ctx context.Context, file string) error {
	rules, truth, err := expected()
	if err != nil {
		return err
	}
	work, err := os.MkdirTemp("", "gatepeers-")
	if err != nil {
		return err
	}
	defer func() { _ = os.RemoveAll(work) }()
	plans, err := whole(work)
	if err != nil {
		return err
	}
	fixtures := len(plans)
	examples, err := ours(ctx, work)
	if err != nil {
		return err
	}
	maps.Copy(plans, examples)
	tools, err := peers(ctx)
	if err != nil {
		return err
	}
	r := &report{Tools: tools, Plans: fixtures, Alone: map[string][]string{}, Date: time.Now().UTC().Format("January 2006"), ByHand: strings.TrimSpace(byHand)}
	said := make([]map[string]set, len(tools)) // by check, the cases it complains of
	for i, tool := range tools {
		fmt.Println("running", tool.Name, tool.Version)
		if said[i], err = tool.run(ctx, plans); err != nil {
			return fmt.Errorf("%s: %w", tool.Name, err)
		}
	}
	known, err := mapping(rules, tools)
	if err != nil {
		return err
	}
	r.tell(rules, truth, known, said)
	r.weaken(known, said)
	if err := r.argue(); err != nil {
		return err
	}
	parsed, err := template.New("page").Parse(page)
	if err != nil {
		return err
	}
	to, err := os.Create(file) // #nosec G304 -- the caller names it
	if err != nil {
		return err
	}
	if err := parsed.Execute(to, r); err != nil {
		return err
	}
	return to.Close()
}

// expected reads what is written above the blocks of the fixtures, which the gate
// is tested to say.
func expected() (map[string]*gate.Rule, map[string]*cases, error) {
	engine, err := engine()
	if err != nil {
		return nil, nil, err
	}
	dirs, err := filepath.Glob("policies/testdata/*")
	if err != nil || len(dirs) == 0 {
		return nil, nil, errors.New("policies/testdata has no fixtures: run this in the root of the repository")
	}
	all := map[string]*cases{}
	for _, dir := range dirs {
		blocks, err := policytest.Expected(dir)
		if err != nil {
			return nil, nil, err
		}
		for address, verdicts := range blocks {
			at := filepath.Base(dir) + " " + address
			for _, verdict := range verdicts {
				what, rule, _ := strings.Cut(verdict, " ")
				c := all[rule]
				if c == nil {
					c = &cases{set{}, set{}, set{}}
					all[rule] = c
				}
				map[string]set{"fail": c.Bad, "pass": c.Good, "unknown": c.Unknown}[what][at] = true
			}
		}
	}
	for _, c := range all { // a block with instances may have several verdicts
		for at := range c.Bad {
			delete(c.Good, at)
			delete(c.Unknown, at)
		}
		for at := range c.Unknown {
			delete(c.Good, at)
		}
	}
	return engine.ByID(), all, nil
}

// mapping gives the checks of each tool for each rule.
func mapping(rules map[string]*gate.Rule, tools []tool) ([]map[string][]string, error) {
	all := make([]map[string][]string, len(tools))
	for i, tool := range tools {
		all[i] = map[string][]string{}
		for id, rule := range rules {
			if ids := rule.Mappings[strings.ToLower(tool.Name)]; len(ids) > 0 {
				all[i][id] = ids
			}
			if tool.Ours {
				all[i][id] = []string{id}
			}
		}
	}
	for _, words := range fields(checks, -1) {
		i := slices.IndexFunc(tools, func(t tool) bool { return t.Name == words[0] })
		if i < 0 || len(words) < 3 || rules[words[1]] == nil {
			return nil, fmt.Errorf("checks.txt: there is no tool %s, no rule %s, or no check is named", words[0], words[1])
		}
		all[i][words[1]] = append(all[i][words[1]], words[2:]...)
	}
	return all, nil
}

// fields splits the lines of a text, comments left out, in up to n words.
func fields(text string, n int) [][]string {
	var all [][]string
	for line := range strings.Lines(text) {
		line = strings.TrimSpace(line)
		if line == "" || strings.HasPrefix(line, "#") {
			continue
		}
		words := strings.Fields(line)
		if n > 0 {
			words = strings.SplitN(line, " ", n)
		}
		all = append(all, words)
	}
	return all
}

// tell counts what the tools say.
func (r *report) tell(rules map[string]*gate.Rule, truth map[string]*cases, known []map[string][]string, said []map[string]set) {
	r.Total = row{Cases: cases{set{}, set{}, set{}}, Tools: make([]tally, len(said))}
	objections := map[[2]string]map[string]set{} // by tool and check, by case, the rules
	for _, id := range slices.Sorted(maps.Keys(rules)) {
		c := truth[id]
		if c == nil {
			c = &cases{}
		}
		one := row{Rule: id, Title: rules[id].Title, Cases: *c, Tools: make([]tally, len(said))}
		others := false
		for i, tool := range r.Tools {
			t := &one.Tools[i]
			fires := set{}
			for _, check := range known[i][id] {
				t.Asked++
				for at := range said[i][check] {
					fires[at] = true
					if c.Good[at] {
						key := [2]string{tool.Name, check}
						if objections[key] == nil {
							objections[key] = map[string]set{}
						}
						if objections[key][at] == nil {
							objections[key][at] = set{}
						}
						objections[key][at][id] = true
					}
				}
			}
			others = others || t.Asked > 0 && !tool.Ours
			t.Bad, t.Good, t.Unknown = common(fires, c.Bad), common(fires, c.Good), common(fires, c.Unknown)
			if t.Asked > 0 {
				total := &r.Total.Tools[i]
				total.Asked, total.Bad, total.Good, total.Unknown = total.Asked+1, total.Bad+t.Bad, total.Good+t.Good, total.Unknown+t.Unknown
			}
		}
		for _, part := range []struct{ from, to set }{{c.Bad, r.Total.Cases.Bad}, {c.Good, r.Total.Cases.Good}, {c.Unknown, r.Total.Cases.Unknown}} {
			for at := range part.from {
				part.to[id+" "+at] = true
			}
		}
		if others {
			r.Rows = append(r.Rows, one)
			continue
		}
		group, name, _ := strings.Cut(id, "/")
		r.Alone[group] = append(r.Alone[group], name)
	}
	for key, byCase := range objections {
		all, examples := set{}, slices.Sorted(maps.Keys(byCase))
		for _, ids := range byCase {
			maps.Copy(all, ids)
		}
		r.Objections = append(r.Objections, objection{
			Tool: key[0], Check: key[1], Rules: strings.Join(slices.Sorted(maps.Keys(all)), ", "), Count: len(byCase),
			Examples: strings.Join(examples[:min(len(examples), 3)], ", "),
		})
	}
}

// weaken compares what the tools say of the weakened example with what they say
// of it as it is. They complain of a weakness if they complain of a resource that
// they did not complain of before.
func (r *report) weaken(known []map[string][]string, said []map[string]set) {
	for _, w := range weakened.List {
		if w.Rule == "" {
			continue
		}
		one := weakness{Name: name(w), Rule: w.Rule}
		for i := range r.Tools {
			checks := known[i][w.Rule]
			before, after := 0, 0
			for _, check := range checks {
				for at := range said[i][check] {
					plan, address, _ := strings.Cut(at, " ")
					switch {
					case plan == weak && said[i][check][asItIs+" "+address]:
						before++
					case plan == weak:
						after++
					}
				}
			}
			cell := ""
			switch {
			case len(checks) == 0:
			case after > 0:
				cell = "found"
			case before > 0:
				cell = "before, too"
			default:
				cell = "not found"
			}
			one.Tools = append(one.Tools, cell)
		}
		r.Weakened = append(r.Weakened, one)
	}
	r.object(known, said)
}

// name says in a line what a weakening writes.
func name(w weakened.Weakening) string {
	text := strings.Join(strings.Fields(w.To), " ")
	if text == "" {
		text = "no " + strings.Fields(w.From)[0]
	}
	return "`" + w.File + "`: `" + text + "`"
}

// object adds the checks that complain of the example as it is, where the gate
// has nothing to say that the check stands for.
func (r *report) object(known []map[string][]string, said []map[string]set) {
	of := map[string]set{} // by address, the rules that fail
	for rule, all := range said[0] {
		for at := range all {
			if of[at] == nil {
				of[at] = set{}
			}
			of[at][rule] = true
		}
	}
	for i, tool := range r.Tools {
		if tool.Ours {
			continue
		}
		for check, all := range said[i] {
			count, example := 0, ""
			for at := range all {
				agreed := false
				for rule := range of[at] {
					agreed = agreed || slices.Contains(known[i][rule], check)
				}
				if strings.HasPrefix(at, asItIs+" ") && !agreed {
					count++
					example = max(example, at)
				}
			}
			if count > 0 {
				r.Objections = append(r.Objections, objection{Tool: tool.Name, Check: check, Rules: ofExample, Count: count, Examples: example})
			}
		}
	}
}

func common(a, b set) (n int) {
	for at := range a {
		if b[at] {
			n++
		}
	}
	return n
}

// argue finds the argument for each objection: in reasons.txt, or, for the
// example, in .checkov.yaml. One without is an error: somebody has to look whether
// the other tool is right.
func (r *report) argue() error {
	slices.SortFunc(r.Objections, func(a, b objection) int {
		return strings.Compare(a.Tool+" "+a.Check+" "+a.Rules, b.Tool+" "+b.Check+" "+b.Rules)
	})
	given, used := map[[2]string]string{}, map[[2]string]bool{}
	for _, words := range fields(reasons, 3) {
		if len(words) != 3 {
			return fmt.Errorf("reasons.txt: %v is not a tool, a check and an argument", words)
		}
		given[[2]string{words[0], words[1]}] = words[2]
	}
	skips, err := checkov.Skips(".checkov.yaml")
	if err != nil {
		return err
	}
	var missing []string
	for i := range r.Objections {
		o := &r.Objections[i]
		key := [2]string{o.Tool, o.Check}
		if skip := skips[o.Check]; o.Rules == ofExample && o.Tool == "Checkov" && skip != "" {
			o.Reason = skip
			continue
		}
		if o.Reason = given[key]; o.Reason == "" {
			missing = append(missing, fmt.Sprintf("%s %s complains of %d cases of %s: %s", o.Tool, o.Check, o.Count, o.Rules, o.Examples))
		}
		used[key] = true
	}
	for key := range given {
		if !used[key] {
			missing = append(missing, fmt.Sprintf("reasons.txt: %s %s complains of nothing any more", key[0], key[1]))
		}
	}
	if len(missing) > 0 {
		slices.Sort(missing)
		return fmt.Errorf("look whether they are right; if not, say why in reasons.txt:\n%s", strings.Join(missing, "\n"))
	}
	return nil
}

// ofExample stands where others name the rules that an objection is about.
const ofExample = "the complete example"

// instance is the key of a resource's address.
var instance = regexp.MustCompile(`\[[^\]]*\]$`)

// Cell says in short what a tool finds of a rule's cases.
func (t tally) Cell(c cases) string {
	if t.Asked == 0 {
		return ""
	}
	text := fmt.Sprintf("%d/%d", t.Bad, len(c.Bad))
	if t.Good > 0 {
		text += fmt.Sprintf(", **%d false**", t.Good)
	}
	if t.Unknown > 0 {
		text += fmt.Sprintf(", %d untold", t.Unknown)
	}
	return text
}

// Package waiver lets findings stand that somebody answers for: for one rule,
// at one address, for a bounded time. A waiver that is expired, unused or wrong
// in any way is a finding of its own, so that none is forgotten.
package waiver

import (
	"cmp"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/portcullis-chat/portcullis/internal/gate"
	"github.com/portcullis-chat/portcullis/internal/gate/plan"
)

// Inline says which waivers in comments count.
type Inline string

// Those of all modules; those of the configuration itself and of its modules
// with relative paths, which are in the same repository and so in the same
// review; none.
const (
	InlineAll Inline = "all"
	InlineOwn Inline = "own"
	InlineOff Inline = "off"
)

// DefaultMaxDays is how far ahead a waiver may end unless the pipeline says
// otherwise: a quarter is long enough to plan the fix, and short enough that
// the owner still knows what it was about.
const DefaultMaxDays = 90

// soon is how many days ahead the end of a waiver is announced.
const soon = 14

const day = 24 * time.Hour

// Options say what counts.
type Options struct {
	Now     time.Time
	MaxDays int // days from today that a waiver may end at the latest
	Inline  Inline
	Rules   map[string]*gate.Rule // that there are
}

// problem is what is wrong with a waiver.
type problem struct {
	rule    string // id without the group: malformed
	message string
	address string // that the waiver has, or ""
	place   plan.Range
}

// Apply reads the waivers in a file, which may be nil, and in comments of
// the sources, and excuses the findings of a report that they are for. What is
// wrong with waivers is added to the findings.
func Apply(r *gate.Report, file, base *File, sources *plan.Sources, o Options) {
	use := &gate.Waivers{InForce: []*gate.Waiver{}, Changes: []gate.WaiverChange{}}
	var (
		all      []*gate.Waiver
		problems []problem
	)
	if file != nil {
		all, problems = slices.Clone(file.waivers), slices.Clone(file.problems)
		use.File, use.SHA256 = file.Name, file.sum
	}
	inline, wrong, ignored := fromComments(sources, o.Inline)
	all, problems, use.Ignored = append(all, inline...), append(problems, wrong...), ignored
	today := o.Now.UTC().Truncate(day)
	byRule := map[string][]*gate.Waiver{}
	for _, w := range all {
		if p := check(w, today, o); p != nil {
			problems = append(problems, *p)
			continue
		}
		use.InForce = append(use.InForce, w)
		byRule[w.Rule] = append(byRule[w.Rule], w)
	}
	for i := range r.Findings {
		f := &r.Findings[i]
		for _, w := range byRule[f.Rule] {
			if covers(w, f) {
				w.Findings++
				f.Waiver = cmp.Or(f.Waiver, w)
			}
		}
	}
	// A module that is called twice has its comments twice; one may be for one
	// call only.
	comments := map[plan.Range]int{}
	for _, w := range use.InForce {
		if w.Inline {
			comments[w.Place] += w.Findings
		}
	}
	for _, w := range use.InForce {
		ends := expiry(w)
		if w.Inline && w.Findings == 0 && comments[w.Place] > 0 {
			continue
		}
		switch left := int(ends.Sub(today) / day); {
		case w.Findings == 0:
			message := fmt.Sprintf("the waiver of %s covers no finding", w.Rule)
			if w.Inline && besideModule(w.Address) {
				message += " of the module block itself: for what is in the module use " + DefaultFile
			}
			problems = append(problems, problem{"unused", message, w.Address, w.Place})
		case left <= soon:
			problems = append(problems, problem{"expires-soon", fmt.Sprintf("the waiver of %s, owned by %s, ends after %s, %s", w.Rule, w.Owner, w.Until, inDays(left)), w.Address, w.Place})
		}
	}
	if base != nil {
		use.Base = base.Name
		use.Changes = changes(base, file)
		problems = append(problems, announce(use.Changes)...)
	}
	for _, p := range problems {
		r.Findings = append(r.Findings, p.finding())
	}
	r.Waivers = use
	r.Order()
}

func inDays(n int) string {
	switch n {
	case 0:
		return "today"
	case 1:
		return "tomorrow"
	}
	return fmt.Sprintf("in %d days", n)
}

func (p *problem) finding() gate.Finding {
	rule := rules[p.rule]
	f := gate.Finding{
		Rule: rule.ID, Severity: rule.Severity, Kind: gate.Fail, Address: cmp.Or(p.address, p.place.File),
		Message: p.message, Place: p.place, Calls: []plan.Range{},
	}
	if p.rule == "expires-soon" || p.rule == "changed" {
		f.Kind = gate.Warning
	}
	return f
}

// expiry is the last day of a waiver whose form has been checked.
func expiry(w *gate.Waiver) time.Time {
	ends, _ := time.Parse(time.DateOnly, w.Until)
	return ends
}

// check tells what keeps a well-formed waiver from being in force.
func check(w *gate.Waiver, today time.Time, o Options) *problem {
	ends := expiry(w)
	switch {
	case strings.HasPrefix(w.Rule, Group+"/"):
		return &problem{"unknown-rule", w.Rule + " cannot be waived: it is about waivers", w.Address, w.Place}
	case o.Rules[w.Rule] == nil:
		return &problem{"unknown-rule", "there is no rule " + w.Rule, w.Address, w.Place}
	case !w.Inline && broad(w.Address):
		return &problem{"too-broad", fmt.Sprintf("%s could be about anything", w.Address), w.Address, w.Place}
	case ends.Before(today):
		return &problem{"expired", fmt.Sprintf("the waiver of %s, owned by %s, ended with %s", w.Rule, w.Owner, w.Until), w.Address, w.Place}
	case ends.After(today.Add(time.Duration(o.MaxDays) * day)):
		return &problem{"too-long", fmt.Sprintf("the waiver of %s ends with %s; %d days from today is %s", w.Rule, w.Until, o.MaxDays, today.Add(time.Duration(o.MaxDays)*day).Format(time.DateOnly)), w.Address, w.Place}
	}
	return nil
}

func covers(w *gate.Waiver, f *gate.Finding) bool {
	if w.Inline {
		return f.Config == w.Address
	}
	return match(w.Address, f.Address)
}

// besideModule tells of the address of a module block: module.a.module.b.
func besideModule(address string) bool {
	steps := strings.Split(address, ".")
	return len(steps) > 1 && steps[len(steps)-2] == "module"
}

// match compares an address with a pattern, which has to fit from its first to
// its last character; * stands for any text. A key of a resource may have a
// star in it, so what is equal always fits.
func match(pattern, address string) bool {
	parts := strings.Split(pattern, "*")
	if pattern == address || len(parts) == 1 {
		return pattern == address
	}
	rest, ok := strings.CutPrefix(address, parts[0])
	if !ok {
		return false
	}
	for _, part := range parts[1 : len(parts)-1] {
		_, after, found := strings.Cut(rest, part)
		if !found {
			return false
		}
		rest = after
	}
	return strings.HasSuffix(rest, parts[len(parts)-1])
}

// broad tells of a pattern that names neither a module nor a resource: before
// its first star has to stand a whole module.<name> or <type>.<name>.
func broad(pattern string) bool {
	before, _, starred := strings.Cut(pattern, "*")
	if !starred {
		return false
	}
	if head, _, keyed := strings.Cut(before, "["); keyed {
		return strings.Count(head, ".") == 0
	}
	// Without a key before it the star stands for what is in a module.
	steps := strings.Split(before, ".")
	return len(steps) < 3 || steps[0] != "module"
}

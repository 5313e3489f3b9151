package waiver

import (
	"fmt"
	"strings"

	"github.com/portcullis-chat/portcullis/internal/gate"
)

// changes compares two files, the later of which may be nil, waiver by waiver.
// That waivers have other places makes no difference.
func changes(base, file *File) []gate.WaiverChange {
	var now []*gate.Waiver
	if file != nil {
		now = file.waivers
	}
	key := func(w *gate.Waiver) [2]string { return [2]string{w.Rule, w.Address} }
	before, after := map[[2]string]*gate.Waiver{}, map[[2]string]bool{}
	for _, w := range base.waivers {
		before[key(w)] = w
	}
	all := []gate.WaiverChange{}
	for _, w := range now {
		after[key(w)] = true
		old := before[key(w)]
		switch {
		case old == nil:
			all = append(all, gate.WaiverChange{Change: "added", After: w})
		case old.Owner != w.Owner || old.Reason != w.Reason || old.Until != w.Until:
			all = append(all, gate.WaiverChange{Change: "changed", Before: old, After: w})
		}
	}
	for _, w := range base.waivers {
		if !after[key(w)] {
			all = append(all, gate.WaiverChange{Change: "removed", Before: w})
		}
	}
	return all
}

// announce makes warnings of what a reviewer should look at. A waiver that is
// gone needs nobody's eye: its findings are back.
func announce(all []gate.WaiverChange) []problem {
	var problems []problem
	for _, c := range all {
		switch c.Change {
		case "added":
			problems = append(problems, problem{"changed", fmt.Sprintf("new waiver of %s until %s by %s: %s", c.After.Rule, c.After.Until, c.After.Owner, c.After.Reason), c.After.Address, c.After.Place})
		case "changed":
			var what []string
			for _, member := range []struct{ name, before, after string }{
				{"until", c.Before.Until, c.After.Until}, {"owner", c.Before.Owner, c.After.Owner}, {"reason", c.Before.Reason, c.After.Reason},
			} {
				if member.before != member.after {
					what = append(what, fmt.Sprintf("%s was %q, is %q", member.name, member.before, member.after))
				}
			}
			problems = append(problems, problem{"changed", fmt.Sprintf("the waiver of %s is another: %s", c.After.Rule, strings.Join(what, "; ")), c.After.Address, c.After.Place})
		}
	}
	return problems
}

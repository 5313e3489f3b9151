// Package output writes the gate's report for people and for machines. What
// comes of the plan, an address for instance, is never written raw: it may hold
// escapes for a terminal or for the format.
package output

import (
	"fmt"
	"io"
	"maps"
	"regexp"
	"slices"
	"strings"
	"unicode"
	"unicode/utf8"

	"github.com/portcullis-chat/portcullis/internal/gate"
	"github.com/portcullis-chat/portcullis/internal/gate/plan"
)

// Unknown says what a finding that cannot be told before apply counts for.
type Unknown string

// What can be asked for.
const (
	UnknownFails   Unknown = "fail"
	UnknownWarns   Unknown = "warn"
	UnknownIgnored Unknown = "ignore"
)

// View is a report and how it is to be shown.
type View struct {
	Report  *gate.Report
	Rules   map[string]*gate.Rule
	Sources *plan.Sources
	Version string // of the program
	Unknown Unknown
	FailOn  gate.Severity // the least severity that counts
	Passed  bool          // list what passed and what had nothing to look at
	Color   bool          // for a terminal
}

// Counts tells whether a finding makes the gate fail.
func (v *View) Counts(f *gate.Finding) bool {
	return !f.Excused() && f.Kind != gate.Warning && f.Severity.Rank() >= v.FailOn.Rank() && (f.Kind == gate.Fail || v.Unknown == UnknownFails)
}

// Failed tells whether any finding does.
func (v *View) Failed() bool {
	return slices.ContainsFunc(v.Report.Findings, func(f gate.Finding) bool { return v.Counts(&f) })
}

// shown are the findings without those that nobody wants to see.
func (v *View) shown() []gate.Finding {
	if v.Unknown != UnknownIgnored {
		return v.Report.Findings
	}
	return slices.DeleteFunc(slices.Clone(v.Report.Findings), func(f gate.Finding) bool { return f.Kind == gate.CannotTell })
}

// writers are the formats.
var writers = map[string]func(*View, io.Writer) error{
	"table": table, "json": writeJSON, "sarif": sarif, "junit": junit, "github": github, "gitlab": gitlab, "markdown": markdown,
}

// Formats lists the formats.
func Formats() []string { return slices.Sorted(maps.Keys(writers)) }

// Write writes a view in one of the formats.
func Write(v *View, format string, to io.Writer) error {
	write := writers[format]
	if write == nil {
		return fmt.Errorf("there is no format %q: use one of %s", format, strings.Join(Formats(), ", "))
	}
	return write(v, to)
}

// command begins what the agents of CI services take for a command wherever it
// stands in a line of a log: ##vso[…], ##[…], ##teamcity[…]. Of the other kind,
// ::name::, a line has to begin with it.
var (
	command = regexp.MustCompile(`#(#[A-Za-z]*\[)`)
	leading = regexp.MustCompile(`^\s*::`)
)

// Clean makes a text harmless for a terminal and for the log of a CI service:
// control characters, those that change the direction or are not seen, and
// invalid UTF-8 are written as escapes, line ends too; so is what would be a
// command.
func Clean(text string) string {
	var b strings.Builder
	for i := 0; i < len(text); {
		r, size := utf8.DecodeRuneInString(text[i:])
		switch {
		case r == utf8.RuneError && size == 1:
			fmt.Fprintf(&b, `\x%02x`, text[i])
		case r == '\t':
			b.WriteByte(' ')
		case unicode.Is(unicode.C, r) || r == '\u2028' || r == '\u2029':
			fmt.Fprintf(&b, `\u%04x`, r)
		default:
			b.WriteRune(r)
		}
		i += size
	}
	clean := command.ReplaceAllString(b.String(), `\u0023$1`)
	return leading.ReplaceAllString(clean, `\u003a:`)
}

// at is where a finding is shown: in the caller's own files, not in those of a
// module that was downloaded. Inner is the place in the module then.
func at(f *gate.Finding) (place plan.Range, inner *plan.Range) {
	if !plan.Downloaded(f.Place) && f.Place.File != "" {
		return f.Place, nil
	}
	for i := len(f.Calls) - 1; i >= 0; i-- {
		if !plan.Downloaded(f.Calls[i]) {
			if f.Place.File == "" {
				return f.Calls[i], nil
			}
			return f.Calls[i], &f.Place
		}
	}
	return f.Place, nil
}

func position(r plan.Range) string {
	if r.File == "" {
		return ""
	}
	return fmt.Sprintf("%s:%d:%d", r.File, r.Line, r.Column)
}

// summary counts in words.
func (v *View) summary() string {
	count := map[gate.Severity]int{}
	fails, unknown, waived, old, warnings := 0, 0, 0, 0, 0
	for _, f := range v.shown() {
		switch {
		case f.Waiver != nil:
			waived++
		case f.Baseline:
			old++
		case f.Kind == gate.CannotTell:
			unknown++
		case f.Kind == gate.Warning:
			warnings++
		default:
			fails++
			count[f.Severity]++
		}
	}
	var parts []string
	for _, s := range []gate.Severity{gate.Critical, gate.High, gate.Medium, gate.Low} {
		if count[s] > 0 {
			parts = append(parts, fmt.Sprintf("%d %s", count[s], s))
		}
	}
	text := "no findings"
	switch {
	case fails == 1:
		text = "1 finding"
	case fails > 1:
		text = fmt.Sprintf("%d findings", fails)
	}
	if len(parts) > 0 {
		text += " (" + strings.Join(parts, ", ") + ")"
	}
	if unknown > 0 {
		text += fmt.Sprintf(", %d cannot be told before apply", unknown)
	}
	if waived > 0 {
		text += fmt.Sprintf(", %d waived", waived)
	}
	if old > 0 {
		text += fmt.Sprintf(", %d in the baseline", old)
	}
	if warnings == 1 {
		text += ", 1 warning"
	} else if warnings > 1 {
		text += fmt.Sprintf(", %d warnings", warnings)
	}
	text += fmt.Sprintf("; %d checks passed on %d of %d resources", len(v.Report.Passed), v.Report.Judged, v.Report.Resources)
	if v.Report.Judged == 0 {
		text += ": the plan has no resource of the kinds that the rules look at"
	}
	return text
}

// excuse says why a finding does not count.
func excuse(v *View, f *gate.Finding) string {
	switch {
	case f.Waiver != nil:
		return fmt.Sprintf("waived until %s by %s: %s", f.Waiver.Until, f.Waiver.Owner, f.Waiver.Reason)
	case f.Baseline && v.Report.Baseline != nil:
		return "in the baseline " + v.Report.Baseline.File
	}
	return ""
}

// notes are lines about waivers and the baseline as a whole.
func notes(v *View) []string {
	var all []string
	if w := v.Report.Waivers; w != nil {
		count := map[string]int{}
		for _, change := range w.Changes {
			count[change.Change]++
		}
		if w.File != "" {
			text := fmt.Sprintf("waivers: %s, sha256 %s", w.File, w.SHA256)
			if w.Base != "" {
				text += fmt.Sprintf("; since %s %d added, %d changed, %d removed", w.Base, count["added"], count["changed"], count["removed"])
			}
			all = append(all, text)
		} else if w.Base != "" {
			all = append(all, fmt.Sprintf("waivers: none; since %s %d removed", w.Base, count["removed"]))
		}
		for _, change := range w.Changes {
			if change.Change == "removed" {
				all = append(all, fmt.Sprintf("waiver removed: %s at %s", change.Before.Rule, change.Before.Address))
			}
		}
		if w.Ignored > 0 {
			all = append(all, fmt.Sprintf("waivers in comments that do not count here: %d", w.Ignored))
		}
	}
	if b := v.Report.Baseline; b != nil {
		for _, fixed := range b.Fixed {
			all = append(all, fmt.Sprintf("fixed, and still in the baseline: %s at %s", fixed.Rule, fixed.Address))
		}
		if len(b.Fixed) > 0 {
			all = append(all, fmt.Sprintf("take what is fixed out of the baseline: portcullis gate baseline --update --file=%s", b.File))
		}
	}
	return all
}

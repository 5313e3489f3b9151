package output

import (
	"fmt"
	"io"
	"slices"
	"strings"

	"github.com/portcullis-chat/portcullis/internal/gate"
)

// Colours of severities on a terminal.
var colors = map[gate.Severity]string{gate.Critical: "\x1b[1;31m", gate.High: "\x1b[31m", gate.Medium: "\x1b[33m", gate.Low: "\x1b[36m"}

func table(v *View, to io.Writer) error {
	var b strings.Builder
	paint := func(color, text string) string {
		if !v.Color {
			return text
		}
		return color + text + "\x1b[0m"
	}
	all := slices.Clone(v.shown())
	slices.SortStableFunc(all, func(a, b gate.Finding) int { return excusedRank(&a) - excusedRank(&b) })
	for _, f := range all {
		if f.Waiver == nil && f.Baseline && !v.Passed {
			continue // counted below; there may be hundreds
		}
		label := strings.ToUpper(string(f.Severity))
		switch f.Kind {
		case gate.CannotTell:
			label += ", CANNOT TELL"
		case gate.Warning:
			label = "WARNING"
		}
		if f.Excused() {
			how := "WAIVED"
			if f.Waiver == nil {
				how = "BASELINE"
			}
			fmt.Fprintf(&b, "%s %s  %s  %s\n  %s\n", how, label, f.Rule, Clean(f.Address), Clean(strings.TrimPrefix(f.Path+": ", ": ")+f.Message))
			place, _ := at(&f)
			if place.File != "" {
				fmt.Fprintf(&b, "  at %s\n", Clean(position(place)))
			}
			fmt.Fprintf(&b, "  %s\n", Clean(excuse(v, &f)))
			if f.Waiver != nil {
				fmt.Fprintf(&b, "  at %s\n", Clean(position(f.Waiver.Place)))
			}
			b.WriteString("\n")
			continue
		}
		fmt.Fprintf(&b, "%s  %s  %s\n", paint(colors[f.Severity], label), f.Rule, paint("\x1b[1m", Clean(f.Address)))
		message := Clean(f.Message)
		if f.Path != "" {
			message = Clean(f.Path) + ": " + message
		}
		fmt.Fprintf(&b, "  %s\n", message)
		place, inner := at(&f)
		if place.File != "" {
			fmt.Fprintf(&b, "  at %s\n", Clean(position(place)))
			first, lines := v.Sources.Lines(place, 0, min(2, max(place.EndLine-place.Line, 0)))
			for i, line := range lines {
				fmt.Fprintf(&b, "    %4d | %s\n", first+i, Clean(strings.TrimRight(line, "\r")))
			}
		}
		if inner != nil {
			fmt.Fprintf(&b, "  in %s\n", Clean(position(*inner)))
		}
		for i := len(f.Calls) - 1; i >= 0; i-- {
			if f.Calls[i] != place {
				fmt.Fprintf(&b, "  called at %s\n", Clean(position(f.Calls[i])))
			}
		}
		if rule := v.Rules[f.Rule]; rule != nil {
			fmt.Fprintf(&b, "  fix: %s\n", Clean(rule.Remediation))
		}
		b.WriteString("\n")
	}
	if v.Passed {
		for _, p := range v.Report.Passed {
			fmt.Fprintf(&b, "passed  %s  %s\n", p.Rule, Clean(p.Address))
		}
		for _, rule := range v.Report.NotApplicable {
			fmt.Fprintf(&b, "nothing to look at  %s\n", rule)
		}
	}
	for _, note := range notes(v) {
		fmt.Fprintf(&b, "%s\n", Clean(note))
	}
	fmt.Fprintf(&b, "%s: %s\n", Clean(v.Report.Input), v.summary())
	_, err := io.WriteString(to, b.String())
	return err
}

// excusedRank puts what does not count behind what does.
func excusedRank(f *gate.Finding) int {
	if f.Excused() {
		return 1
	}
	return 0
}

// github writes workflow commands, which become annotations.
// https://docs.github.com/en/actions/reference/workflows-and-actions/workflow-commands
func github(v *View, to io.Writer) error {
	data := strings.NewReplacer("%", "%25", "\r", "%0D", "\n", "%0A")
	property := strings.NewReplacer("%", "%25", "\r", "%0D", "\n", "%0A", ":", "%3A", ",", "%2C")
	var b strings.Builder
	for _, f := range v.shown() {
		level, message := "warning", f.Address+": "+f.Message
		switch {
		case v.Counts(&f):
			level = "error"
		case f.Excused():
			level, message = "notice", message+" ("+excuse(v, &f)+")"
		}
		place, _ := at(&f)
		where := ""
		if place.File != "" {
			where = fmt.Sprintf("file=%s,line=%d,col=%d,", property.Replace(Clean(place.File)), place.Line, place.Column)
		}
		fmt.Fprintf(&b, "::%s %stitle=%s::%s\n", level, where, property.Replace(f.Rule), data.Replace(Clean(message)))
	}
	for _, note := range notes(v) {
		fmt.Fprintf(&b, "::notice title=portcullis gate::%s\n", data.Replace(Clean(note)))
	}
	fmt.Fprintf(&b, "::notice title=portcullis gate::%s\n", data.Replace(Clean(v.summary())))
	_, err := io.WriteString(to, b.String())
	return err
}

// escapes take from a text what Markdown, a table in it, GitHub and GitLab would
// take for theirs. A space of no width ends what would be a link or the name of
// somebody to call, which both find in the text after they have read it.
var escapes = strings.NewReplacer(`\`, `\\`, "&", "&amp;", "<", "&lt;", ">", "&gt;", "|", `\|`, "`", "&#96;", "*", `\*`, "_", `\_`, "~", `\~`, "$", `\$`,
	"[", `\[`, "]", `\]`, "!", `\!`, "@", "@&#8203;", "://", ":&#8203;//", "www.", "www&#8203;.")

// markdown writes for a job summary or a comment on a pull request.
func markdown(v *View, to io.Writer) error {
	escape := func(text string) string { return escapes.Replace(Clean(text)) }
	var b strings.Builder
	result := "passed"
	if v.Failed() {
		result = "failed"
	}
	fmt.Fprintf(&b, "### Portcullis gate: %s\n\n%s\n", result, escape(v.summary()))
	rows := func(title, last string, excused bool) {
		head := false
		for _, f := range v.shown() {
			if f.Excused() != excused {
				continue
			}
			if !head {
				fmt.Fprintf(&b, "\n%s| severity | rule | resource | finding | %s |\n| --- | --- | --- | --- | --- |\n", title, last)
				head = true
			}
			severity := string(f.Severity)
			switch f.Kind {
			case gate.CannotTell:
				severity += ", cannot tell"
			case gate.Warning:
				severity = "warning"
			}
			place, _ := at(&f)
			end := position(place)
			if excused {
				end = excuse(v, &f)
			}
			fmt.Fprintf(&b, "| %s | %s | %s | %s | %s |\n", severity, escape(f.Rule), escape(f.Address), escape(f.Message), escape(end))
		}
	}
	rows("", "at", false)
	rows("Not counted:\n\n", "why", true)
	if all := notes(v); len(all) > 0 {
		b.WriteString("\n")
		for _, note := range all {
			fmt.Fprintf(&b, "- %s\n", escape(note))
		}
	}
	_, err := io.WriteString(to, b.String())
	return err
}

package output

import (
	"fmt"
	"io"
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
	for _, f := range v.shown() {
		label := strings.ToUpper(string(f.Severity))
		if f.Kind == gate.CannotTell {
			label += ", CANNOT TELL"
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
	fmt.Fprintf(&b, "%s: %s\n", Clean(v.Report.Input), v.summary())
	_, err := io.WriteString(to, b.String())
	return err
}

// github writes workflow commands, which become annotations.
// https://docs.github.com/en/actions/reference/workflows-and-actions/workflow-commands
func github(v *View, to io.Writer) error {
	data := strings.NewReplacer("%", "%25", "\r", "%0D", "\n", "%0A")
	property := strings.NewReplacer("%", "%25", "\r", "%0D", "\n", "%0A", ":", "%3A", ",", "%2C")
	var b strings.Builder
	for _, f := range v.shown() {
		level := "warning"
		if v.Counts(&f) {
			level = "error"
		}
		place, _ := at(&f)
		where := ""
		if place.File != "" {
			where = fmt.Sprintf("file=%s,line=%d,col=%d,", property.Replace(Clean(place.File)), place.Line, place.Column)
		}
		fmt.Fprintf(&b, "::%s %stitle=%s::%s\n", level, where, property.Replace(f.Rule), data.Replace(Clean(f.Address+": "+f.Message)))
	}
	fmt.Fprintf(&b, "::notice title=portcullis gate::%s\n", data.Replace(Clean(v.summary())))
	_, err := io.WriteString(to, b.String())
	return err
}

// markdown writes for a job summary or a comment on a pull request.
func markdown(v *View, to io.Writer) error {
	escape := func(text string) string {
		return strings.NewReplacer("&", "&amp;", "<", "&lt;", ">", "&gt;", "|", "\\|", "`", "&#96;", "*", "\\*", "_", "\\_", "[", "\\[", "]", "\\]", "@", "&#64;").Replace(Clean(text))
	}
	var b strings.Builder
	result := "passed"
	if v.Failed() {
		result = "failed"
	}
	fmt.Fprintf(&b, "### Portcullis gate: %s\n\n%s\n", result, escape(v.summary()))
	if findings := v.shown(); len(findings) > 0 {
		b.WriteString("\n| severity | rule | resource | finding | at |\n| --- | --- | --- | --- | --- |\n")
		for _, f := range findings {
			severity := string(f.Severity)
			if f.Kind == gate.CannotTell {
				severity += ", cannot tell"
			}
			place, _ := at(&f)
			fmt.Fprintf(&b, "| %s | %s | %s | %s | %s |\n", severity, escape(f.Rule), escape(f.Address), escape(f.Message), escape(position(place)))
		}
	}
	_, err := io.WriteString(to, b.String())
	return err
}

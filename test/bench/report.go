//go:build linux

package main

import (
	"bytes"
	_ "embed"
	"fmt"
	"text/template"
	"time"
)

//go:embed report.md.tmpl
var page string

// report is everything that was measured.
type report struct {
	Machine string
	Quick   bool
	Effort  effort
	Apply   apply
	Calls   calls
	Sockets []sockets
	Rooms   []room
}

// text is the page.
func (r *report) text() ([]byte, error) {
	parsed, err := template.New("page").Funcs(template.FuncMap{
		"ms":       func(d time.Duration) string { return fmt.Sprintf("%.2f ms", float64(d)/float64(time.Millisecond)) },
		"us":       func(d time.Duration) string { return fmt.Sprintf("%.0f µs", float64(d)/float64(time.Microsecond)) },
		"s":        func(d time.Duration) string { return fmt.Sprintf("%.1f s", d.Seconds()) },
		"n":        number,
		"ratio":    func(a, b any) string { return fmt.Sprintf("%.1f", float(a)/float(b)) },
		"goal":     goal,
		"twice":    func(d time.Duration) time.Duration { return 2 * d },
		"times":    func(a, b float64) float64 { return a * b },
		"date":     func() string { return time.Now().UTC().Format("January 2006") },
		"callers":  func() int { return callers },
		"speakers": func() int { return speakers },
		"perMessage": func(c cpu, part time.Duration, said float64) string {
			return fmt.Sprintf("%.2f ms", part.Seconds()/c.Took.Seconds()/said*1000)
		},
	}).Parse(page)
	if err != nil {
		return nil, err
	}
	var out bytes.Buffer
	err = parsed.Execute(&out, r)
	return out.Bytes(), err
}

// number writes a figure of three digits or more without fractions.
func number(f float64) string {
	if f < 100 {
		return fmt.Sprintf("%.1f", f)
	}
	text := fmt.Sprintf("%.0f", f)
	for i := len(text) - 3; i > 0; i -= 3 {
		text = text[:i] + "," + text[i:]
	}
	return text
}

func float(v any) float64 {
	switch v := v.(type) {
	case time.Duration:
		return v.Seconds()
	case float64:
		return v
	}
	panic(fmt.Sprintf("%T is no figure", v))
}

// goal tells whether a figure is at most, or at least, what it is to be.
func goal(figure any, atMost bool, wanted any) string {
	if float(figure) == float(wanted) || (float(figure) < float(wanted)) == atMost {
		return "met"
	}
	return "**missed**"
}

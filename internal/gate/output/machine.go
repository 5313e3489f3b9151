package output

import (
	"encoding/json"
	"encoding/xml"
	"fmt"
	"io"
	"maps"
	"net/url"
	"path"
	"slices"
	"strings"
	"unicode"
	"unicode/utf16"

	"github.com/portcullis-chat/portcullis/internal/gate"
	"github.com/portcullis-chat/portcullis/internal/gate/plan"
)

// JSON writes JSON in which what a terminal would not show, or show in
// another order, is escaped, as all control characters are.
func JSON(to io.Writer, value any) error {
	body, err := json.MarshalIndent(value, "", "  ")
	if err != nil {
		return err
	}
	_, err = io.WriteString(to, CleanJSON(string(body))+"\n")
	return err
}

// CleanJSON escapes what a terminal would not show, or show in another order, and
// what the agent of a CI service would take for a command, in a text of JSON.
func CleanJSON(text string) string {
	var b strings.Builder
	for _, r := range text {
		if r != '\n' && unicode.Is(unicode.C, r) {
			for _, unit := range utf16.Encode([]rune{r}) {
				fmt.Fprintf(&b, `\u%04x`, unit)
			}
			continue
		}
		b.WriteRune(r)
	}
	return command.ReplaceAllString(b.String(), `\u0023$1`)
}

// writeJSON writes the whole report, for programs.
func writeJSON(v *View, to io.Writer) error {
	used := map[string]*gate.Rule{}
	for _, f := range v.Report.Findings {
		used[f.Rule] = v.Rules[f.Rule]
	}
	report := *v.Report
	report.Findings = v.shown()
	if !v.Passed {
		report.Passed, report.NotApplicable = nil, nil
	}
	return JSON(to, struct {
		Version int  `json:"version"`
		Failed  bool `json:"failed"`
		*gate.Report
		Rules map[string]*gate.Rule `json:"rules"`
	}{1, v.Failed(), &report, used})
}

// levels of SARIF, and scores by which GitHub names severities.
// https://docs.github.com/en/code-security/code-scanning/integrating-with-code-scanning/sarif-support-for-code-scanning
var (
	levels = map[gate.Severity]string{gate.Critical: "error", gate.High: "error", gate.Medium: "warning", gate.Low: "note"}
	scores = map[gate.Severity]string{gate.Critical: "9.5", gate.High: "8.0", gate.Medium: "5.5", gate.Low: "2.0"}
)

type object = map[string]any

// sarif writes SARIF 2.1.0 that GitHub takes: each result has a place in a file.
func sarif(v *View, to io.Writer) error {
	rules, number := []object{}, map[string]int{}
	for _, id := range slices.Sorted(maps.Keys(v.Rules)) {
		rule := v.Rules[id]
		number[id] = len(rules)
		tags := []string{"security", "terraform"}
		for _, kind := range slices.Sorted(maps.Keys(rule.Mappings)) {
			tags = append(tags, rule.Mappings[kind]...)
		}
		one := object{
			"id": id, "shortDescription": object{"text": rule.Title}, "fullDescription": object{"text": rule.Why},
			"help": object{
				"text":     rule.Why + "\n\n" + rule.Remediation,
				"markdown": fmt.Sprintf("%s\n\n%s\n\n```hcl\n%s\n```\n", rule.Why, rule.Remediation, rule.Good),
			},
			"defaultConfiguration": object{"level": levels[rule.Severity]},
			"properties":           object{"security-severity": scores[rule.Severity], "tags": tags},
		}
		if len(rule.References) > 0 {
			one["helpUri"] = rule.References[0]
		}
		rules = append(rules, one)
	}
	results := []object{}
	for _, f := range v.shown() {
		place, inner := at(&f)
		result := object{
			"ruleId": f.Rule, "ruleIndex": number[f.Rule], "kind": "fail", "level": levels[f.Severity],
			"message": object{"text": plainText(f.Address + ": " + f.Message)},
			"locations": []object{{
				"physicalLocation": physical(place, v.Report.Input),
				"logicalLocations": []object{{"fullyQualifiedName": Clean(f.Address), "kind": "resource"}},
			}},
			"partialFingerprints": object{"portcullis/v1": f.Fingerprint},
			"properties":          object{"attribute": Clean(f.Path), "kind": string(f.Kind)},
		}
		if f.Kind == gate.CannotTell && v.Unknown != UnknownFails {
			result["kind"], result["level"] = "review", "none"
		}
		if f.Kind == gate.Warning {
			result["level"] = "note"
		}
		if f.Waiver != nil {
			kind := "external"
			if f.Waiver.Inline {
				kind = "inSource"
			}
			result["suppressions"] = []object{{
				"kind": kind, "status": "accepted", "justification": Clean(excuse(v, &f)),
				"location": object{"physicalLocation": physical(f.Waiver.Place, v.Report.Input)},
			}}
		} else if f.Baseline {
			result["suppressions"] = []object{{"kind": "external", "status": "accepted", "justification": Clean(excuse(v, &f))}}
		}
		if v.Report.Baseline != nil {
			result["baselineState"] = "new"
			if f.Baseline {
				result["baselineState"] = "unchanged"
			}
		}
		related := []object{}
		if inner != nil {
			related = append(related, object{"physicalLocation": physical(*inner, v.Report.Input), "message": object{"text": "in the module"}})
		}
		for _, call := range f.Calls {
			if call != place {
				related = append(related, object{"physicalLocation": physical(call, v.Report.Input), "message": object{"text": "called here"}})
			}
		}
		if len(related) > 0 {
			result["relatedLocations"] = related
		}
		results = append(results, result)
	}
	return JSON(to, object{
		"$schema": "https://json.schemastore.org/sarif-2.1.0.json", "version": "2.1.0",
		"runs": []object{{
			"tool": object{"driver": object{
				"name": "portcullis", "version": v.Version, "informationUri": "https://github.com/portcullis-chat/portcullis", "rules": rules,
			}},
			"results": results, "columnKind": "unicodeCodePoints",
		}},
	})
}

// plainText is a message of SARIF without links: [text](target) would be one.
func plainText(text string) string { return strings.ReplaceAll(Clean(text), "](", `\](`) }

// physical is a place for SARIF. Without sources it is the plan: a result
// without a file would make GitHub refuse the whole report.
func physical(r plan.Range, input string) object {
	if r.File == "" {
		name := input
		if name == "standard input" || name == "" {
			name = "plan.json"
		}
		return object{"artifactLocation": object{"uri": uri(name)}, "region": object{"startLine": 1}}
	}
	return object{
		"artifactLocation": object{"uri": uri(r.File)},
		"region":           object{"startLine": r.Line, "startColumn": r.Column, "endLine": r.EndLine, "endColumn": r.EndColumn},
	}
}

func uri(file string) string {
	return (&url.URL{Path: path.Clean(strings.ReplaceAll(file, `\`, "/"))}).EscapedPath()
}

// gitlabSeverities are those of a code quality report.
// https://docs.gitlab.com/ci/testing/code_quality/
var gitlabSeverities = map[gate.Severity]string{gate.Critical: "blocker", gate.High: "critical", gate.Medium: "major", gate.Low: "minor"}

func gitlab(v *View, to io.Writer) error {
	all := []object{}
	for _, f := range v.shown() {
		place, _ := at(&f)
		file, line := place.File, place.Line
		if file == "" {
			file, line = v.Report.Input, 1
		}
		severity, description := gitlabSeverities[f.Severity], f.Address+": "+f.Message
		if f.Kind == gate.CannotTell && v.Unknown != UnknownFails || f.Kind == gate.Warning {
			severity = "info"
		}
		if f.Excused() {
			severity, description = "info", description+" ("+excuse(v, &f)+")"
		}
		all = append(all, object{
			"description": Clean(description), "check_name": f.Rule, "fingerprint": f.Fingerprint, "severity": severity,
			"location": object{"path": Clean(file), "lines": object{"begin": line}},
		})
	}
	return JSON(to, all)
}

type junitSuites struct {
	XMLName  xml.Name     `xml:"testsuites"`
	Tests    int          `xml:"tests,attr"`
	Failures int          `xml:"failures,attr"`
	Skipped  int          `xml:"skipped,attr"`
	Suites   []junitSuite `xml:"testsuite"`
}

type junitSuite struct {
	Name     string      `xml:"name,attr"`
	Tests    int         `xml:"tests,attr"`
	Failures int         `xml:"failures,attr"`
	Skipped  int         `xml:"skipped,attr"`
	Cases    []junitCase `xml:"testcase"`
}

type junitCase struct {
	Name    string      `xml:"name,attr"`
	Class   string      `xml:"classname,attr"`
	Failure *junitWords `xml:"failure,omitempty"`
	Skipped *junitWords `xml:"skipped,omitempty"`
}

type junitWords struct {
	Message string `xml:"message,attr"`
	Text    string `xml:",chardata"`
}

// junit writes a suite for each rule and a case for each resource it looked at.
// What does not count, or cannot be told, is a skipped case.
func junit(v *View, to io.Writer) error {
	suites := map[string]*junitSuite{}
	suite := func(rule string) *junitSuite {
		if suites[rule] == nil {
			suites[rule] = &junitSuite{Name: rule}
		}
		suites[rule].Tests++
		return suites[rule]
	}
	for _, p := range v.Report.Passed {
		s := suite(p.Rule)
		s.Cases = append(s.Cases, junitCase{Name: Clean(p.Address), Class: p.Rule})
	}
	for _, f := range v.shown() {
		s := suite(f.Rule)
		place, _ := at(&f)
		words := &junitWords{Message: Clean(f.Message), Text: Clean(position(place))}
		one := junitCase{Name: Clean(strings.TrimRight(f.Address+" "+f.Path, " ")), Class: f.Rule}
		if v.Counts(&f) {
			one.Failure = words
			s.Failures++
		} else {
			if f.Excused() {
				words.Message = Clean(excuse(v, &f) + "; " + f.Message)
			}
			one.Skipped = words
			s.Skipped++
		}
		s.Cases = append(s.Cases, one)
	}
	all := junitSuites{}
	for _, rule := range slices.Sorted(maps.Keys(suites)) {
		s := suites[rule]
		all.Tests, all.Failures, all.Skipped = all.Tests+s.Tests, all.Failures+s.Failures, all.Skipped+s.Skipped
		all.Suites = append(all.Suites, *s)
	}
	if _, err := io.WriteString(to, xml.Header); err != nil {
		return err
	}
	e := xml.NewEncoder(to)
	e.Indent("", "  ")
	if err := e.Encode(all); err != nil {
		return err
	}
	_, err := io.WriteString(to, "\n")
	return err
}

package output

import (
	"bytes"
	"encoding/json"
	"encoding/xml"
	"io/fs"
	"slices"
	"strings"
	"sync"
	"testing"

	"github.com/portcullis-chat/portcullis/internal/gate"
	"github.com/portcullis-chat/portcullis/internal/gate/plan"
	"github.com/portcullis-chat/portcullis/policies"
)

var loaded = sync.OnceValues(func() (*gate.Engine, error) { return gate.Load([]fs.FS{policies.FS}) })

// engine has all rules, which take longer to compile than all tests take.
func engine(t *testing.T) *gate.Engine {
	t.Helper()
	e, err := loaded()
	if err != nil {
		t.Fatal(err)
	}
	return e
}

const evil = "a\x1b[2Jb\r\n::error::c\u202ed|<script>`"

// view has a finding in a file, one in a downloaded module, one that cannot be
// told, and one without a place whose texts are hostile.
func view(t *testing.T) *View {
	t.Helper()
	here := plan.Range{File: "main.tf", Line: 3, Column: 5, EndLine: 3, EndColumn: 9}
	call := plan.Range{File: "main.tf", Line: 9, Column: 1, EndLine: 9, EndColumn: 4}
	inside := plan.Range{File: ".terraform/modules/x/main.tf", Line: 7, Column: 1, EndLine: 7, EndColumn: 2}
	return &View{
		Rules: engine(t).ByID(), Sources: &plan.Sources{}, Version: "1.2.3", Unknown: UnknownWarns, FailOn: gate.Low,
		Report: &gate.Report{
			Input: "plan.json", Resources: 9, Judged: 4,
			Findings: []gate.Finding{
				{Rule: "websocket/data-trace", Severity: gate.High, Kind: gate.Fail, Address: "a.here", Path: "x.0.y", Message: "m", Place: here, Fingerprint: "f1"},
				{Rule: "websocket/data-trace", Severity: gate.High, Kind: gate.Fail, Address: "module.x.a.b", Message: "m", Place: inside, Calls: []plan.Range{call}, Fingerprint: "f2"},
				{Rule: "websocket/data-trace", Severity: gate.High, Kind: gate.CannotTell, Address: "a.later", Message: "m", Place: here, Fingerprint: "f3"},
				{Rule: "websocket/auto-deploy", Severity: gate.Low, Kind: gate.Fail, Address: evil, Path: evil, Message: evil, Fingerprint: "f4"},
			},
			Passed: []gate.Pass{{Rule: "websocket/data-trace", Address: "a.fine"}}, NotApplicable: []string{"iam/pass-role"},
		},
	}
}

func written(t *testing.T, v *View, format string) string {
	t.Helper()
	var out bytes.Buffer
	if err := Write(v, format, &out); err != nil {
		t.Fatal(err)
	}
	return out.String()
}

func TestNothingHostileIsWrittenRaw(t *testing.T) {
	for _, format := range Formats() {
		got := written(t, view(t), format)
		for _, bad := range []string{"\x1b", "\r", "\u202e", "\n::error::c"} {
			if strings.Contains(got, bad) {
				t.Errorf("%s has %q", format, bad)
			}
		}
		if !strings.Contains(got, "001b") {
			t.Errorf("%s does not show that there was an escape", format)
		}
	}
	if got := written(t, view(t), "markdown"); strings.Contains(got, "<script>") || strings.Contains(got, "|<") {
		t.Errorf("markdown lets HTML through: %s", got)
	}
}

// Runners read commands in logs: GitHub at the start of a line and, in the older
// form, anywhere, as Azure Pipelines and TeamCity do. Markdown, and messages of
// SARIF, may be links.
func TestNoTextOfAPlanIsACommandALinkOrACall(t *testing.T) {
	const call = "  ::stop-commands::x ##[add-path]/tmp ##vso[task.setvariable variable=PATH]/tmp ##teamcity[buildStop] " +
		`\[text\](https://a.example) ![image](https://b.example) \| www.c.example @org/team [text](https://d.example)`
	for _, format := range Formats() {
		v := view(t)
		v.Report.Input = call
		v.Report.Findings[3].Address, v.Report.Findings[3].Message, v.Report.Findings[3].Path = `a.b["`+call+`"]`, call, ""
		v.Report.Passed[0].Address = call
		got := written(t, v, format)
		for _, bad := range []string{"##[", "##vso[", "##teamcity[", "\n  ::", "\n::stop"} {
			if strings.Contains(got, bad) {
				t.Errorf("%s has %q", format, bad)
			}
		}
		if strings.Count(got, "stop-commands") < 1 {
			t.Errorf("%s does not have the finding", format)
		}
	}
	v := view(t)
	v.Report.Findings = v.Report.Findings[3:]
	v.Report.Findings[0].Message = call
	got := written(t, v, "markdown")
	for _, bad := range []string{"](", "://", "www.", " @org"} {
		if strings.Contains(strings.ReplaceAll(got, `\]`, ""), bad) {
			t.Errorf("markdown has %q:\n%s", bad, got)
		}
	}
	if !strings.Contains(got, `\\\[text\\\]`) || !strings.Contains(got, `\\\|`) {
		t.Errorf("markdown does not escape the back slashes:\n%s", got)
	}
	var log struct {
		Runs []struct {
			Results []struct{ Message struct{ Text string } }
		}
	}
	if err := json.Unmarshal([]byte(written(t, v, "sarif")), &log); err != nil {
		t.Fatal(err)
	}
	if text := log.Runs[0].Results[0].Message.Text; strings.Count(text, "](") != strings.Count(text, `\](`) || !strings.Contains(text, "##vso[") && !strings.Contains(text, `\u0023`) {
		t.Errorf("the message of SARIF has a link: %s", text)
	}
}

func TestTheTableShowsPlacesFixesAndCounts(t *testing.T) {
	v := view(t)
	got := written(t, v, "table")
	for _, want := range []string{
		"HIGH  websocket/data-trace  a.here\n  x.0.y: m\n  at main.tf:3:5\n",
		"at main.tf:9:1\n  in .terraform/modules/x/main.tf:7:1\n", "HIGH, CANNOT TELL", "fix: Leave data_trace_enabled out",
		"plan.json: 3 findings (2 high, 1 low), 1 cannot be told before apply; 1 checks passed on 4 of 9 resources\n",
	} {
		if !strings.Contains(got, want) {
			t.Errorf("no %q in\n%s", want, got)
		}
	}
	if strings.Contains(got, "a.fine") || strings.Contains(got, "\x1b") {
		t.Error("what passed, or colours, unasked")
	}
	v.Passed, v.Color = true, true
	if got := written(t, v, "table"); !strings.Contains(got, "passed  websocket/data-trace  a.fine") || !strings.Contains(got, "nothing to look at  iam/pass-role") || !strings.Contains(got, "\x1b[31m") {
		t.Error(got)
	}
	v.Report.Judged = 0
	if got := written(t, v, "table"); !strings.Contains(got, "no resource of the kinds") {
		t.Error(got)
	}
}

func TestUnknownAndThresholdDecideWhatCounts(t *testing.T) {
	v := view(t)
	counts := func() (n int) {
		for _, f := range v.Report.Findings {
			if v.Counts(&f) {
				n++
			}
		}
		return n
	}
	for _, c := range []struct {
		unknown       Unknown
		failOn        gate.Severity
		counts, shown int
	}{
		{UnknownWarns, gate.Low, 3, 4},
		{UnknownFails, gate.Low, 4, 4},
		{UnknownIgnored, gate.Low, 3, 3},
		{UnknownWarns, gate.High, 2, 4},
		{UnknownFails, gate.Critical, 0, 4},
	} {
		v.Unknown, v.FailOn = c.unknown, c.failOn
		if counts() != c.counts || len(v.shown()) != c.shown || v.Failed() != (c.counts > 0) {
			t.Errorf("%s, %s: %d count, %d shown", c.unknown, c.failOn, counts(), len(v.shown()))
		}
	}
}

func TestSARIFIsWhatGitHubTakes(t *testing.T) {
	type location struct {
		PhysicalLocation struct {
			ArtifactLocation struct{ URI string }
			Region           struct{ StartLine int }
		}
	}
	var log struct {
		Version string
		Runs    []struct {
			Tool struct {
				Driver struct {
					Version string
					Rules   []struct{ ID string }
				}
			}
			Results []struct {
				RuleID, Kind, Level         string
				RuleIndex                   int
				Locations, RelatedLocations []location
				PartialFingerprints         map[string]string
			}
		}
	}
	if err := json.Unmarshal([]byte(written(t, view(t), "sarif")), &log); err != nil {
		t.Fatal(err)
	}
	run := log.Runs[0]
	if log.Version != "2.1.0" || run.Tool.Driver.Version != "1.2.3" || len(run.Results) != 4 {
		t.Fatalf("%+v", log)
	}
	for _, r := range run.Results {
		place := r.Locations[0].PhysicalLocation
		if run.Tool.Driver.Rules[r.RuleIndex].ID != r.RuleID || place.ArtifactLocation.URI == "" || place.Region.StartLine < 1 || r.PartialFingerprints["portcullis/v1"] == "" {
			t.Errorf("%+v", r)
		}
		if strings.Contains(place.ArtifactLocation.URI, ".terraform") {
			t.Errorf("a place that is not in the repository: %+v", place)
		}
	}
	if in := run.Results[1].RelatedLocations; len(in) != 1 || in[0].PhysicalLocation.Region.StartLine != 7 {
		t.Errorf("the place in the module: %+v", in)
	}
	if r := run.Results[2]; r.Kind != "review" || r.Level != "none" {
		t.Errorf("what cannot be told: %+v", r)
	}
	if r := run.Results[3]; r.Locations[0].PhysicalLocation.ArtifactLocation.URI != "plan.json" {
		t.Errorf("without sources: %+v", r)
	}
}

func TestJUnitHasACaseForWhatPassedFailedAndCannotBeTold(t *testing.T) {
	var suites junitSuites
	if err := xml.Unmarshal([]byte(written(t, view(t), "junit")), &suites); err != nil {
		t.Fatal(err)
	}
	if suites.Tests != 5 || suites.Failures != 3 || suites.Skipped != 1 || len(suites.Suites) != 2 {
		t.Errorf("%+v", suites)
	}
}

func TestAnnotationsCountAsTheGateDoes(t *testing.T) {
	v := view(t)
	v.FailOn = gate.High
	got := strings.Split(strings.TrimSpace(written(t, v, "github")), "\n")
	want := []string{
		"::error file=main.tf,line=3,col=5,title=websocket/data-trace::a.here: m",
		"::error file=main.tf,line=9,col=1,title=websocket/data-trace::module.x.a.b: m",
		"::warning file=main.tf,line=3,col=5,title=websocket/data-trace::a.later: m",
	}
	if len(got) != 5 || !slices.Equal(got[:3], want) || !strings.HasPrefix(got[3], "::warning title=websocket/auto-deploy::a") {
		t.Errorf("%q", got)
	}
}

func TestGitLabGetsAPathALineAndAFingerprint(t *testing.T) {
	var all []struct {
		Fingerprint, Severity string
		Location              struct {
			Path  string
			Lines struct{ Begin int }
		}
	}
	if err := json.Unmarshal([]byte(written(t, view(t), "gitlab")), &all); err != nil {
		t.Fatal(err)
	}
	if len(all) != 4 || all[1].Location.Path != "main.tf" || all[1].Location.Lines.Begin != 9 || all[2].Severity != "info" || all[3].Fingerprint != "f4" {
		t.Errorf("%+v", all)
	}
}

func TestJSONHasTheRulesOfItsFindings(t *testing.T) {
	var report struct {
		Failed   bool
		Findings []gate.Finding
		Passed   []gate.Pass
		Rules    map[string]gate.Rule
	}
	if err := json.Unmarshal([]byte(written(t, view(t), "json")), &report); err != nil {
		t.Fatal(err)
	}
	if !report.Failed || len(report.Findings) != 4 || len(report.Passed) != 0 || len(report.Rules) != 2 || report.Rules["websocket/data-trace"].Title == "" {
		t.Errorf("%+v", report)
	}
}

func TestAnUnknownFormatIsAnError(t *testing.T) {
	if err := Write(view(t), "pdf", nil); err == nil || !strings.Contains(err.Error(), "sarif") {
		t.Error(err)
	}
}

// excused has a waived finding, one of the baseline and a warning.
func excused(t *testing.T) *View {
	t.Helper()
	v := view(t)
	w := &gate.Waiver{Rule: "websocket/data-trace", Owner: "me" + evil, Reason: "why" + evil, Until: "2026-12-31", Place: plan.Range{File: "w.yaml", Line: 4, Column: 5, EndLine: 4, EndColumn: 6}}
	v.Report.Findings[0].Waiver = w
	v.Report.Findings[1].Baseline = true
	v.Report.Findings[3].Kind = gate.Warning
	v.Report.Waivers = &gate.Waivers{File: "w.yaml" + evil, SHA256: "abc", InForce: []*gate.Waiver{w}, Base: "base.yaml", Changes: []gate.WaiverChange{{Change: "removed", Before: &gate.Waiver{Rule: "a/b", Address: "x.gone" + evil, Until: "2026-12-31"}}}}
	v.Report.Baseline = &gate.Baseline{File: "b.json", Known: 1, Fixed: []gate.BaselineEntry{{Rule: "a/b", Address: "x.fixed" + evil}}}
	return v
}

func TestWhatDoesNotCountStaysVisible(t *testing.T) {
	v := excused(t)
	if v.Failed() {
		t.Error("it counts")
	}
	v.Passed = true
	for format, wants := range map[string][]string{
		"table":    {"WAIVED HIGH  websocket/data-trace  a.here", "waived until 2026-12-31 by me", "at w.yaml:4:5", "BASELINE HIGH", "WARNING", "no findings, 1 cannot be told before apply, 1 waived, 1 in the baseline, 1 warning;", "sha256 abc; since base.yaml 0 added, 0 changed, 1 removed", "waiver removed: a/b at x.gone", "fixed, and still in the baseline: a/b at x.fixed", "baseline --update --file=b.json"},
		"markdown": {"Not counted:", "waived until 2026-12-31 by me", "in the baseline b.json", "waiver removed: a/b at x.gone"},
		"github":   {"::notice file=main.tf,line=3,col=5,title=websocket/data-trace::a.here: m (waived until 2026-12-31", "::notice title=portcullis gate::waiver removed", "::warning title=websocket/auto-deploy"},
		"gitlab":   {`"a.here: m (waived until`, `"severity": "info"`},
		"junit":    {`<skipped message="waived until 2026-12-31`, `<skipped message="in the baseline b.json; m"`, `failures="0"`},
		"sarif":    {`"suppressions"`, `"justification": "waived until 2026-12-31`, `"baselineState": "unchanged"`, `"baselineState": "new"`, `"uri": "w.yaml"`},
		"json":     {`"waiver": {`, `"baseline": true`, `"sha256": "abc"`, `"fixed": [`},
	} {
		got := written(t, v, format)
		for _, want := range wants {
			if !strings.Contains(got, want) {
				t.Errorf("%s: no %q in\n%s", format, want, got)
			}
		}
		for _, bad := range []string{"\x1b[2J", "\r", "\u202e", "\n::error::c"} {
			if strings.Contains(got, bad) {
				t.Errorf("%s has %q", format, bad)
			}
		}
	}
	v.Passed = false
	if got := written(t, v, "table"); strings.Contains(got, "BASELINE") || !strings.Contains(got, "1 in the baseline") {
		t.Error("hundreds of old findings would hide the new ones")
	}
}

package output

import (
	"encoding/json"
	"encoding/xml"
	"net/url"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/open-policy-agent/opa/v1/rego"

	"github.com/portcullis-chat/portcullis/internal/gate"
	"github.com/portcullis-chat/portcullis/internal/gate/plan"
	"github.com/portcullis-chat/portcullis/internal/gate/waiver"
)

// real is what the gate makes of a plan of the real provider, with a waiver, a
// wrong one, a changed one and a baseline.
func real(t *testing.T) *View {
	t.Helper()
	e := engine(t)
	const dir = "../../../policies/testdata/websocket"
	in, err := plan.Read(t.Context(), plan.Options{Path: filepath.Join(dir, "plan.json"), Dir: dir})
	if err != nil {
		t.Fatal(err)
	}
	r, err := e.Evaluate(t.Context(), in)
	if err != nil {
		t.Fatal(err)
	}
	for i := range r.Findings[:5] {
		r.Findings[i].Baseline = true
	}
	text := "version: 1\nwaivers:\n- {rule: websocket/execute-api-endpoint, address: aws_apigatewayv2_api.without_connect, owner: me, reason: r, until: 2026-11-30}\n- {rule: websocket/none}\n"
	now := time.Date(2026, 11, 23, 0, 0, 0, 0, time.UTC)
	waiver.Apply(r, waiver.Read(".portcullis/waivers.yaml", []byte(text)), waiver.Read("base.yaml", nil), in.Sources, waiver.Options{Now: now, MaxDays: 90, Inline: waiver.InlineOwn, Rules: e.ByID()})
	r.Baseline = &gate.Baseline{File: "baseline.json", Known: 5, Fixed: []gate.BaselineEntry{{Fingerprint: "gone", Rule: "a/b", Kind: gate.Fail, Address: "x.y"}}}
	rules := e.ByID()
	for _, rule := range waiver.Rules() {
		rules[rule.ID] = rule
	}
	return &View{Report: r, Rules: rules, Sources: in.Sources, Version: "1.2.3", Unknown: UnknownWarns, FailOn: gate.Low}
}

// matches asks OPA, which knows JSON schemas, whether a document is as a schema
// says.
func matches(t *testing.T, schema, document string) (bool, any) {
	t.Helper()
	body, err := os.ReadFile(schema)
	if err != nil {
		t.Fatal(err)
	}
	results, err := rego.New(rego.Query("x := json.match_schema(input.document, input.schema)"),
		rego.Input(map[string]any{"document": document, "schema": string(body)}), rego.StrictBuiltinErrors(true)).Eval(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	answer := results[0].Bindings["x"].([]any)
	return answer[0] == true, answer[1]
}

func TestReportsAreAsTheirSchemasSay(t *testing.T) {
	for format, c := range map[string]struct{ schema, member string }{
		"json":  {"../../../docs/gate-report.schema.json", `"fingerprint":`},
		"sarif": {"testdata/sarif-2.1.0-rtm.5.json", `"physicalLocation":`},
	} {
		v := real(t)
		for range 2 {
			got := written(t, v, format)
			if ok, why := matches(t, c.schema, got); !ok {
				t.Errorf("%s: %v", format, why)
			}
			if ok, _ := matches(t, c.schema, strings.Replace(got, c.member, `"other":`, 1)); ok {
				t.Errorf("%s with another member is as the schema says", format)
			}
			v.Passed, v.Unknown = true, UnknownFails
		}
		for _, hostile := range []*View{excused(t), view(t)} {
			for i := range hostile.Report.Findings {
				hostile.Report.Findings[i].Fingerprint = strings.Repeat("0", 32)
			}
			if hostile.Report.Waivers != nil {
				hostile.Report.Waivers.SHA256 = strings.Repeat("0", 64)
			}
			if ok, why := matches(t, c.schema, written(t, hostile, format)); !ok {
				t.Errorf("%s of hostile names: %v", format, why)
			}
		}
	}
}

// What GitHub asks for beyond the schema.
// https://docs.github.com/en/code-security/code-scanning/integrating-with-code-scanning/sarif-support-for-code-scanning
func TestGitHubTakesTheSARIFOfARealPlan(t *testing.T) {
	type physicalLocation struct {
		ArtifactLocation struct{ URI string }
		Region           struct{ StartLine, StartColumn, EndLine, EndColumn int }
	}
	var log struct {
		Runs []struct {
			Tool struct {
				Driver struct {
					Name  string
					Rules []struct {
						ID               string
						ShortDescription struct{ Text string }
						FullDescription  struct{ Text string }
						Help             struct{ Text, Markdown string }
						Properties       struct {
							Severity string `json:"security-severity"`
							Tags     []string
						}
					}
				}
			}
			Results []struct {
				RuleID    string
				RuleIndex int
				Message   struct{ Text string }
				Locations []struct{ PhysicalLocation *physicalLocation }
				Prints    map[string]string `json:"partialFingerprints"`
			}
		}
	}
	if err := json.Unmarshal([]byte(written(t, real(t), "sarif")), &log); err != nil {
		t.Fatal(err)
	}
	run := log.Runs[0]
	ids := map[string]bool{}
	for _, rule := range run.Tool.Driver.Rules {
		if ids[rule.ID] || rule.ShortDescription.Text == "" || rule.FullDescription.Text == "" || rule.Help.Text == "" || rule.Help.Markdown == "" || rule.Properties.Severity == "" || len(rule.Properties.Tags) == 0 || len(rule.Properties.Tags) > 20 {
			t.Errorf("%+v", rule)
		}
		if len(rule.ShortDescription.Text) > 1024 || len(rule.FullDescription.Text) > 1024 {
			t.Errorf("%s describes itself in more than 1024 characters", rule.ID)
		}
		ids[rule.ID] = true
	}
	if len(run.Results) < 20 || len(run.Results) > 5000 {
		t.Fatalf("%d results", len(run.Results))
	}
	prints := map[string]bool{}
	for _, result := range run.Results {
		if run.Tool.Driver.Rules[result.RuleIndex].ID != result.RuleID || result.Message.Text == "" {
			t.Errorf("%+v", result)
		}
		if len(result.Locations) != 1 || result.Locations[0].PhysicalLocation == nil {
			t.Fatalf("%s has no place", result.RuleID)
		}
		at := result.Locations[0].PhysicalLocation
		address, err := url.Parse(at.ArtifactLocation.URI)
		if err != nil || address.IsAbs() || strings.HasPrefix(address.Path, "/") || strings.Contains(address.Path, `\`) || address.Path == "" {
			t.Errorf("%q is no relative address", at.ArtifactLocation.URI)
		}
		if at.Region.StartLine < 1 || at.Region.EndLine < at.Region.StartLine || at.Region.EndLine == at.Region.StartLine && at.Region.EndColumn < at.Region.StartColumn {
			t.Errorf("%s: region %+v", result.RuleID, at.Region)
		}
		print := result.Prints["portcullis/v1"]
		if print == "" || prints[print] {
			t.Errorf("fingerprint %q", print)
		}
		prints[print] = true
	}
}

// https://docs.gitlab.com/ci/testing/code_quality/#code-quality-report-format
func TestGitLabTakesTheReportOfARealPlan(t *testing.T) {
	var all []map[string]any
	if err := json.Unmarshal([]byte(written(t, real(t), "gitlab")), &all); err != nil || len(all) < 20 {
		t.Fatal(len(all), err)
	}
	prints := map[any]bool{}
	for _, one := range all {
		location := one["location"].(map[string]any)
		name, line := location["path"].(string), location["lines"].(map[string]any)["begin"].(float64)
		if one["description"] == "" || one["check_name"] == "" || prints[one["fingerprint"]] || strings.HasPrefix(name, "./") || strings.HasPrefix(name, "/") || line < 1 {
			t.Errorf("%v", one)
		}
		if !slices.Contains([]any{"info", "minor", "major", "critical", "blocker"}, one["severity"]) {
			t.Errorf("severity %v", one["severity"])
		}
		prints[one["fingerprint"]] = true
	}
}

func TestJUnitAddsUp(t *testing.T) {
	v := real(t)
	var all junitSuites
	if err := xml.Unmarshal([]byte(written(t, v, "junit")), &all); err != nil {
		t.Fatal(err)
	}
	counted := 0
	for i := range v.Report.Findings {
		if v.Counts(&v.Report.Findings[i]) {
			counted++
		}
	}
	tests, failures, skipped := 0, 0, 0
	for _, s := range all.Suites {
		failed, left := 0, 0
		for _, c := range s.Cases {
			if c.Name == "" || c.Class != s.Name {
				t.Errorf("%+v", c)
			}
			if c.Failure != nil {
				failed++
			}
			if c.Skipped != nil {
				left++
			}
		}
		if s.Tests != len(s.Cases) || s.Failures != failed || s.Skipped != left {
			t.Errorf("%s does not add up", s.Name)
		}
		tests, failures, skipped = tests+s.Tests, failures+s.Failures, skipped+s.Skipped
	}
	if tests != all.Tests || failures != all.Failures || skipped != all.Skipped || failures != counted || tests != len(v.Report.Findings)+len(v.Report.Passed) || skipped == 0 {
		t.Errorf("%d tests, %d failures, %d skipped; %d count", tests, failures, skipped, counted)
	}
}

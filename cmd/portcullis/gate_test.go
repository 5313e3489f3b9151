package main

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/portcullis-chat/portcullis/internal/gate/output"

	"github.com/portcullis-chat/portcullis/internal/gate"
)

// A plan of the real provider: `make gate-fixtures`.
const gateFixture = "../../policies/testdata/websocket"

func runGateCommand(t *testing.T, args ...string) (stdout, stderr string, status int) {
	t.Helper()
	var out, errOut bytes.Buffer
	root := newRootCommand()
	root.SetArgs(append([]string{"gate"}, args...))
	root.SetOut(&out)
	root.SetErr(&errOut)
	err := root.ExecuteContext(t.Context())
	var code exitStatus
	if err != nil && !errors.As(err, &code) {
		t.Fatalf("an error without a status: %v", err)
	}
	return out.String(), errOut.String(), int(code)
}

func TestTheGatesStatusTellsFindingsFromUsageFromWhatCouldNotBeJudged(t *testing.T) {
	plan := filepath.Join(gateFixture, "plan.json")
	broken := filepath.Join(t.TempDir(), "plan.json")
	if err := os.WriteFile(broken, []byte(`{"a`), 0o600); err != nil {
		t.Fatal(err)
	}
	clean := filepath.Join(t.TempDir(), "plan.json")
	if err := os.WriteFile(clean, []byte(`{"format_version":"1.2","configuration":{},"resource_changes":[]}`), 0o600); err != nil {
		t.Fatal(err)
	}
	for _, c := range []struct {
		args   []string
		status int
		says   string
	}{
		{[]string{plan}, 1, "websocket/connect-authorizer"},
		{[]string{clean}, 0, "no resource of the kinds"},
		{[]string{clean, "--fail-on=critical", "--unknown=fail"}, 0, "no findings"},
		{[]string{broken}, 3, broken},
		{[]string{"/none"}, 3, "/none"},
		{[]string{plan, plan}, 2, "one plan"},
		{[]string{plan, "--format=pdf"}, 2, "sarif"},
		{[]string{plan, "--format=sarif="}, 2, "names no file"},
		{[]string{plan, "--format=json", "--format=table"}, 2, "two formats"},
		{[]string{plan, "--fail-on=grave"}, 2, "critical"},
		{[]string{plan, "--unknown=perhaps"}, 2, "ignore"},
		{[]string{plan, "--policy=/none"}, 2, "no directory"},
		{[]string{plan, "--nonsense"}, 2, "nonsense"},
		{[]string{"rules", "x"}, 2, "no arguments"},
		{[]string{"explain", "x/y"}, 2, "x/y"},
		{[]string{"explain"}, 2, "one rule"},
		{[]string{"normalize", broken}, 3, broken},
	} {
		out, errOut, status := runGateCommand(t, c.args...)
		if status != c.status || !strings.Contains(out+errOut, c.says) {
			t.Errorf("%v: status %d, want %d; no %q in\n%s%s", c.args, status, c.status, c.says, out, errOut)
		}
	}
}

func TestSeveralFormatsAreWrittenAtOnce(t *testing.T) {
	dir := t.TempDir()
	sarif, junit := filepath.Join(dir, "gate.sarif"), filepath.Join(dir, "junit.xml")
	out, _, status := runGateCommand(t, filepath.Join(gateFixture, "plan.json"), "--dir="+gateFixture, "--format=github", "--format=sarif="+sarif, "--format=junit="+junit)
	if status != 1 || !strings.Contains(out, "::error file=") {
		t.Errorf("status %d: %s", status, out)
	}
	for file, want := range map[string]string{sarif: `"2.1.0"`, junit: "<testsuites"} {
		if body, err := os.ReadFile(file); err != nil || !strings.Contains(string(body), want) {
			t.Errorf("%s: %v, %s", file, err, body)
		}
	}
}

func TestRulesAreListedAndExplained(t *testing.T) {
	out, _, status := runGateCommand(t, "rules")
	if status != 0 || !strings.Contains(out, "websocket/connect-authorizer") {
		t.Errorf("status %d: %s", status, out)
	}
	out, _, status = runGateCommand(t, "rules", "--json")
	if status != 0 || !strings.Contains(out, `"id": "websocket/connect-authorizer"`) {
		t.Errorf("status %d: %s", status, out)
	}
	out, _, status = runGateCommand(t, "explain", "websocket/connect-authorizer")
	for _, want := range []string{"critical", "Good:", "Bad:", "Fix:", "https://docs.aws.amazon.com/", "CKV_AWS_309"} {
		if status != 0 || !strings.Contains(out, want) {
			t.Errorf("status %d: no %q in %s", status, want, out)
		}
	}
}

func TestRulesOfOnesOwnAreUsed(t *testing.T) {
	dir := t.TempDir()
	own := `# METADATA
# title: Queues have names
# description: So that people find them.
# related_resources:
# - https://example.com
# custom:
#   severity: low
#   remediation: Name it.
#   types: [aws_apigatewayv2_api]
#   good: name = "x"
#   bad: nothing
package portcullis.rules.own.names

import data.portcullis.lib

deny contains lib.finding(r, ["name"], "own words") if {
	some r in input.by_type.aws_apigatewayv2_api
	r.values.name == "good"
}
`
	if err := os.WriteFile(filepath.Join(dir, "names.rego"), []byte(own), 0o600); err != nil {
		t.Fatal(err)
	}
	out, _, status := runGateCommand(t, filepath.Join(gateFixture, "plan.json"), "--policy="+dir)
	if status != 1 || !strings.Contains(out, "own/names") || !strings.Contains(out, "own words") {
		t.Errorf("status %d: %s", status, out)
	}
}

func TestNormalizePrintsTheInputOfPolicies(t *testing.T) {
	out, _, status := runGateCommand(t, "normalize", filepath.Join(gateFixture, "plan.json"))
	if status != 0 || !strings.Contains(out, `"by_type"`) || !strings.Contains(out, `"policies"`) {
		t.Errorf("status %d", status)
	}
}

func TestAWaivedFindingIsShownAndDoesNotCount(t *testing.T) {
	dir := t.TempDir()
	copyFile(t, filepath.Join(gateFixture, "plan.json"), filepath.Join(dir, "plan.json"))
	plan := filepath.Join(dir, "plan.json")
	found := func(args ...string) (waived, warned int, report gate.Report) {
		t.Helper()
		out, errOut, status := runGateCommand(t, append([]string{plan, "--format=json"}, args...)...)
		if err := json.Unmarshal([]byte(out), &report); err != nil || status != 1 {
			t.Fatal(status, err, errOut)
		}
		for _, f := range report.Findings {
			if f.Waiver != nil {
				waived++
			}
			if f.Kind == gate.Warning {
				warned++
			}
		}
		return waived, warned, report
	}
	if waived, _, _ := found(); waived > 0 {
		t.Fatalf("%d waived without a waiver", waived)
	}
	text := fmt.Sprintf("version: 1\nwaivers:\n  - rule: websocket/execute-api-endpoint\n    address: aws_apigatewayv2_api.without_connect\n    owner: chat\n    reason: Until the move.\n    until: %s\n",
		time.Now().UTC().AddDate(0, 0, 40).Format(time.DateOnly))
	file := filepath.Join(dir, ".portcullis", "waivers.yaml")
	if err := os.MkdirAll(filepath.Dir(file), 0o700); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(file, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	if waived, warned, report := found(); waived != 1 || warned != 0 || report.Waivers.File != file || len(report.Waivers.InForce) != 1 {
		t.Errorf("%d waived, %d warned", waived, warned)
	}
	if waived, _, report := found("--waivers=none"); waived != 0 || report.Waivers.File != "" {
		t.Errorf("%d waived with --waivers=none", waived)
	}
	if waived, _, _ := found("--max-waiver-days=39"); waived != 0 {
		t.Errorf("%d waived for longer than the pipeline wants", waived)
	}
	if waived, warned, _ := found("--waivers-base=" + os.DevNull); waived != 1 || warned != 1 {
		t.Errorf("%d waived, %d warned of with an empty base", waived, warned)
	}
	for _, args := range [][]string{{"--waivers=" + dir + "/none.yaml"}, {"--waivers-base=" + dir + "/none.yaml"}, {"--inline-waivers=some"}, {"--max-waiver-days=0"}} {
		if _, errOut, status := runGateCommand(t, append([]string{plan}, args...)...); status != 2 || errOut == "" {
			t.Errorf("%v: status %d, %s", args, status, errOut)
		}
	}
}

func copyFile(t *testing.T, from, to string) {
	t.Helper()
	body, err := os.ReadFile(from)
	if err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(to, body, 0o600); err != nil {
		t.Fatal(err)
	}
}

// A plan comes from whoever opened the pull request, and its report goes to
// terminals, logs and pages of a browser.
func TestNothingHostileOfAPlanIsWrittenRaw(t *testing.T) {
	const evil = `\u001b[2J\u001b]0;x\u0007\r\n::error::\u202e\u2028\u009b\u007f|<img src=x>`
	file := filepath.Join(t.TempDir(), "plan.json")
	body := strings.ReplaceAll(`{"format_version":"1.2","terraform_version":"EVIL","configuration":{"root_module":{"resources":[{"mode":"managed","type":"aws_sqs_queue","name":"EVIL","expressions":{"name":{"references":["var.EVIL"]}}}],"module_calls":{"EVIL":{"module":{}}}}},
"resource_changes":[{"address":"aws_sqs_queue.EVIL[\"EVIL\"]","mode":"managed","type":"aws_sqs_queue","name":"EVIL","index":"EVIL","change":{"actions":["create"],"after":{"name":"EVIL","policy":"{\"Statement\":[{\"Sid\":\"x\",\"Effect\":\"Allow\",\"Principal\":\"*\",\"Action\":\"*\",\"Resource\":\"*\"}]}"},"after_unknown":{"EVIL":true}}}]}`, "EVIL", evil)
	if err := os.WriteFile(file, []byte(body), 0o600); err != nil {
		t.Fatal(err)
	}
	for _, format := range output.Formats() {
		out, errOut, status := runGateCommand(t, file, "--format="+format, "--passed")
		if status != 1 || len(out) < 100 {
			t.Errorf("%s: status %d, %s", format, status, errOut)
		}
		for _, r := range out + errOut {
			if r < ' ' && r != '\n' || r >= 0x7f && r < 0xa0 || r == 0x202e || r == 0x2028 {
				t.Errorf("%s has %q", format, r)
				break
			}
		}
		if strings.Contains(out, "\n::error::\\u") || format == "markdown" && strings.Contains(out, "<img") {
			t.Errorf("%s lets through what is more than text", format)
		}
	}
	if err := os.WriteFile(file, []byte(strings.Replace(body, `"aws_sqs_queue","name":"`, `"aws_sqs_queue","mode":"`, 1)), 0o600); err != nil {
		t.Fatal(err)
	}
	if _, errOut, status := runGateCommand(t, file); status != 3 || strings.ContainsAny(errOut, "\x1b\r\x07") {
		t.Errorf("status %d, %q", status, errOut)
	}
}

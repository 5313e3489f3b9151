package main

import (
	"encoding/json"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/portcullis-chat/portcullis/internal/gate"
)

func rewrite(t *testing.T, name string, pairs ...string) {
	t.Helper()
	body, err := os.ReadFile(name)
	if err != nil {
		t.Fatal(err)
	}
	text := string(body)
	for i := 0; i < len(pairs); i += 2 {
		if !strings.Contains(text, pairs[i]) {
			t.Fatalf("%s has no %q", name, pairs[i])
		}
		text = strings.ReplaceAll(text, pairs[i], pairs[i+1])
	}
	if err := os.WriteFile(name, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
}

func TestTheStartPassesItsOwnTestsAndIsNotWrittenTwice(t *testing.T) {
	dir := t.TempDir()
	out, errOut, status := runGateCommand(t, "init", dir)
	if status != 0 || !strings.Contains(out, filepath.Join(dir, ".portcullis", "waivers.yaml")) {
		t.Fatal(status, out, errOut)
	}
	own := filepath.Join(dir, ".portcullis", "policies")
	fixture := filepath.Join(own, "testdata", "queues")
	if out, errOut, status = runGateCommand(t, "test", own); status != 0 || !strings.Contains(out, "3 tests and 1 fixtures, 0 failures, 0 skipped\n") || !strings.Contains(out, "queue_name_test.test_no_name_fails: PASS") {
		t.Fatal(status, out, errOut)
	}
	out, errOut, status = runGateCommand(t, filepath.Join(fixture, "plan.json"), "--dir="+fixture, "--policy="+own, "--waivers="+filepath.Join(dir, ".portcullis", "waivers.yaml"))
	if status != 1 || !strings.Contains(out, "ours/queue-name  aws_sqs_queue.no_team") || strings.Contains(out, "waivers/") {
		t.Error(status, out, errOut)
	}
	rewrite(t, filepath.Join(own, "queue_name.rego"), `"jobs-"`, `"x-"`)
	if _, errOut, status = runGateCommand(t, "init", dir); status != 3 || !strings.Contains(errOut, "nothing was written") {
		t.Error(status, errOut)
	}
	rule := filepath.Join(own, "queue_name.rego")
	for _, c := range []struct {
		name   string
		change func()
		status int
		says   string
	}{
		{"another rule", func() {}, 1, "data.portcullis.rules.ours.queue_name_test.test_a_name_with_the_team_passes: FAIL"},
		{"the fixture sees it too", func() {}, 1, "aws_sqs_queue.team\n  want pass ours/queue-name\n  have fail ours/queue-name"},
		{"an unmarked resource", func() {
			rewrite(t, rule, `"x-"`, `"jobs-"`)
			rewrite(t, filepath.Join(fixture, "main.tf"), "# unknown: ours/queue-name\n", "")
		}, 1, "aws_sqs_queue.later\n  want nothing\n  have unknown ours/queue-name"},
		{"no case that fails", func() {
			rewrite(t, filepath.Join(fixture, "main.tf"), "# fail: ours/queue-name\n", "")
		}, 1, "no fixture has a resource with # fail: ours/queue-name"},
		{"a test that is to come", func() {
			rewrite(t, filepath.Join(own, "queue_name_test.rego"), "test_no_name_fails", "todo_test_no_name_fails")
		}, 1, "2 tests and 1 fixtures, 2 failures, 1 skipped\n"},
		{"no plan", func() { os.Remove(filepath.Join(fixture, "plan.json")) }, 3, "terraform show -json tfplan"},
		{"a rule that does not compile", func() { rewrite(t, rule, "lib.state(", "lib.stat(") }, 3, "lib.stat"},
		{"nothing", func() { os.RemoveAll(own); os.MkdirAll(own, 0o700) }, 3, "no test"},
	} {
		c.change()
		if out, errOut, status := runGateCommand(t, "test", own); status != c.status || !strings.Contains(out+errOut, c.says) {
			t.Errorf("%s: status %d\n%s%s", c.name, status, out, errOut)
		}
	}
	for _, args := range [][]string{{"test"}, {"test", "/none"}, {"init", "/none"}, {"init", dir, dir}} {
		if _, _, status := runGateCommand(t, args...); status != 2 {
			t.Errorf("%v: status %d", args, status)
		}
	}
}

func TestABaselineSurvivesMovedLinesAndShrinks(t *testing.T) {
	dir := t.TempDir()
	for _, name := range []string{"plan.json", "main.tf"} {
		copyFile(t, filepath.Join(gateFixture, name), filepath.Join(dir, name))
	}
	plan, file := filepath.Join(dir, "plan.json"), filepath.Join(dir, ".portcullis", "baseline.json")
	out, errOut, status := runGateCommand(t, "baseline", plan, "--dir="+dir, "--file="+file)
	if status != 0 || !strings.Contains(out, "findings recorded") {
		t.Fatal(status, out, errOut)
	}
	if _, errOut, status := runGateCommand(t, "baseline", plan, "--dir="+dir, "--file="+file); status != 2 || !strings.Contains(errOut, "--update") {
		t.Error(status, errOut)
	}
	rewrite(t, filepath.Join(dir, "main.tf"), "# What is known after apply", "\n\n\n# What is known after apply")
	if out, errOut, status := runGateCommand(t, plan, "--dir="+dir, "--baseline="+file, "--unknown=fail"); status != 0 || !strings.Contains(out, "in the baseline") || strings.Contains(out, "fixed") {
		t.Fatal(status, out, errOut)
	}
	rewrite(t, plan, "aws_apigatewayv2_api.without_connect", "aws_apigatewayv2_api.renamed", `"name":"without_connect"`, `"name":"renamed"`)
	out, _, status = runGateCommand(t, plan, "--dir="+dir, "--baseline="+file, "--format=json")
	var report gate.Report
	if err := json.Unmarshal([]byte(out), &report); err != nil || status != 1 {
		t.Fatal(status, err)
	}
	fixed := len(report.Baseline.Fixed)
	if fixed == 0 {
		t.Error("nothing fixed")
	}
	for _, f := range report.Findings {
		if !f.Baseline && !strings.Contains(f.Address+f.Message, "renamed") {
			t.Errorf("new: %+v", f)
		}
	}
	before, _ := os.ReadFile(file)
	if out, errOut, status := runGateCommand(t, "baseline", plan, "--dir="+dir, "--file="+file, "--update"); status != 0 || !strings.Contains(out, "fixed and taken out") {
		t.Error(status, out, errOut)
	}
	after, _ := os.ReadFile(file)
	if lines := strings.Count(string(before), "\n") - strings.Count(string(after), "\n"); lines != fixed || strings.Contains(string(after), "renamed") {
		t.Errorf("%d lines went, %d were fixed", lines, fixed)
	}
	if _, errOut, status := runGateCommand(t, plan, "--baseline="+plan); status != 3 || !strings.Contains(errOut, "is not a baseline") {
		t.Error(status, errOut)
	}
}

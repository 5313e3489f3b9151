package main

import (
	"encoding/json"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/portcullis-chat/portcullis/internal/localaws/faults"
)

func TestFaultsAreAddedListedAndRemoved(t *testing.T) {
	command, folder := command(t), filepath.Join(t.TempDir(), "stack")
	t.Cleanup(func() { local(t, command, "down", "--dir", folder) })
	fault := func(line string) (string, int) {
		t.Helper()
		return local(t, command, append([]string{"fault", "--dir", folder}, strings.Fields(line)...)...)
	}
	if out, status := fault("list"); status != 1 || !strings.Contains(out, "portcullis local up") {
		t.Errorf("without a stack: status %d, %s", status, out)
	}
	must(t, command, "up", "-d", "--dir", folder)

	added := []struct{ line, want string }{
		{"add aws --service dynamodb --operation UpdateItem --kind throttle --count 3", "f1 aws dynamodb UpdateItem throttle 3 times 0"},
		{"add aws --service execute-api --resource a= --kind delay --delay 1500ms --probability 0.5 --seed 7", "f2 aws execute-api * of a= delay 1.5s probability 0.5, seed 7, until removed 0"},
		{"add sandbox-kill --function message --count 1", "f3 sandbox-kill function message 1 times 0"},
		{"add lose-disconnect --api abcd1234", "f4 lose-disconnect API abcd1234 until removed 0"},
		{"add lose-disconnect", "f5 lose-disconnect all until removed 0"},
	}
	for _, c := range added {
		if out, status := fault(c.line); status != 0 || !hasRow(out, c.want) {
			t.Errorf("%s: status %d, %s", c.line, status, out)
		}
	}
	out, _ := fault("list")
	for _, c := range added {
		if !hasRow(out, c.want) {
			t.Errorf("no %q in\n%s", c.want, out)
		}
	}
	if out, status := local(t, command, "status", "--dir", folder); status != 0 || !hasRow(out, "faults 5 added: see portcullis local fault list") {
		t.Errorf("status %d: %s", status, out)
	}

	for line, want := range map[string]string{
		"add flood": `has no "flood": there are aws, cut, lose-disconnect, sandbox-kill, slow-reader`,
		"end f1":    `has no "end": there are add, clear, clock, list, remove`,
		"add aws --service cloudwatch --kind fail":              "unknown service",
		"add aws --service sts --kind slow":                     "unknown kind",
		"add aws --service sts --kind fail --count 0":           "--count 0",
		"add aws --service sts --kind fail --count -1":          "count is -1",
		"add aws --service sts --kind fail --probability 0":     "--probability 0",
		"add aws --service sts --kind fail --probability 1.5":   "probability is 1.5",
		"add aws --service sts --kind fail --probability often": "--help",
		"add cut --connection none":                             "no connection none is open",
		"add slow-reader --connection none":                     "no connection none is open",
		"add sandbox-kill":                                      "no sandbox runs",
		"remove f1 f99":                                         "f99: no such fault",
		"remove":                                                "requires at least 1 arg",
		"clock --forward -1m":                                   "forward only",
		"clock --forward 0s":                                    "forward only",
	} {
		if out, status := fault(line); status != 1 || !strings.Contains(out, want) {
			t.Errorf("%s: status %d, %s", line, status, out)
		}
	}

	out, _ = fault("list --json")
	var listed []faults.Listed
	if err := json.Unmarshal([]byte(out), &listed); err != nil || len(listed) != 4 || listed[0].ID != "f2" || listed[0].Delay != faults.Duration(1500*time.Millisecond) {
		t.Errorf("%v: %s", err, out)
	}
	if out, status := fault("clear"); status != 0 {
		t.Errorf("status %d: %s", status, out)
	}
	if out, status := fault("list"); status != 0 || !strings.Contains(out, "no faults") {
		t.Errorf("status %d: %s", status, out)
	}
	for _, c := range []struct{ line, want string }{
		{"clock", "0s ahead"}, {"clock --forward 11m", "11m0s ahead"}, {"clock --forward 2h", "2h11m0s ahead"}, {"clock", "2h11m0s ahead"},
	} {
		if out, status := fault(c.line); status != 0 || !strings.HasPrefix(out, c.want) {
			t.Errorf("%s: status %d, %s", c.line, status, out)
		}
	}
}

// hasRow tells whether a table has a row of these words, however they are
// spaced.
func hasRow(table, row string) bool {
	return strings.Contains(strings.Join(strings.Fields(table), " "), row)
}

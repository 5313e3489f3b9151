package web_test

import (
	"encoding/json"
	"os"
	"os/exec"
	"strings"
	"testing"

	"github.com/portcullis-chat/portcullis/test/internal/chromium"
)

// TestLighthouse has Lighthouse find nothing to mend in the client's
// accessibility and best practices. Its report is among the pictures.
func TestLighthouse(t *testing.T) {
	t.Parallel()
	chrome := chromium.Find(t)
	_, err := os.Stat("../../web/lighthouse/node_modules/lighthouse")
	if _, missing := exec.LookPath("npm"); err != nil && missing != nil {
		t.Skip("NOT TESTED: what Lighthouse says, since it is a package of npm, which is not on this machine")
	}
	if err != nil {
		t.Fatalf("%v: scripts/lighthouse installs it", err)
	}
	w := newWorld(t)
	w.conversation()
	if err := os.MkdirAll(pictures, 0o750); err != nil {
		t.Fatal(err)
	}
	command := exec.CommandContext(t.Context(), "node", "../../web/lighthouse/judge.js", chrome, w.site.URL+"/#ops", pictures)
	command.Stderr = os.Stderr
	out, err := command.Output()
	if err != nil {
		t.Fatal(err)
	}
	var judged []struct {
		What   string
		Score  int
		Audits int
		Failed []string
	}
	if err := json.Unmarshal(out, &judged); err != nil || len(judged) != 4 {
		t.Fatalf("%v: %s", err, out)
	}
	for _, j := range judged {
		t.Logf("%s: %d, by %d audits", j.What, j.Score, j.Audits)
		if j.Score != 100 || j.Audits < 5 {
			t.Errorf("%s: %d by %d audits\n%s", j.What, j.Score, j.Audits, strings.Join(j.Failed, "\n"))
		}
	}
}

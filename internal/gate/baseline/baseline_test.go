package baseline

import (
	"bytes"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/portcullis-chat/portcullis/internal/gate"
)

func report(addresses ...string) *gate.Report {
	r := &gate.Report{}
	for _, address := range addresses {
		r.Findings = append(r.Findings, gate.Finding{Rule: "a/b", Kind: gate.Fail, Severity: gate.High, Address: address, Path: "x.0.y"})
	}
	r.Order()
	return r
}

func reopened(t *testing.T, b *File) *File {
	t.Helper()
	var body bytes.Buffer
	if err := b.Write(&body); err != nil {
		t.Fatal(err)
	}
	if strings.ContainsAny(body.String(), "\x1b\u202e") {
		t.Error("hostile texts are written raw")
	}
	name := filepath.Join(t.TempDir(), "b.json")
	if err := os.WriteFile(name, body.Bytes(), 0o600); err != nil {
		t.Fatal(err)
	}
	read, err := Open(name)
	if err != nil {
		t.Fatal(err)
	}
	return read
}

func TestOnlyNewFindingsCountAndTheBaselineOnlyShrinks(t *testing.T) {
	b := reopened(t, Record(report("x.old", "x.fixed\x1b\u202e")))
	if len(b.Findings) != 2 {
		t.Fatalf("%+v", b)
	}
	r := report("x.new", "x.old")
	b.Apply(r, "b.json")
	for _, f := range r.Findings {
		if f.Baseline != (f.Address == "x.old") || f.Excused() != f.Baseline {
			t.Errorf("%+v", f)
		}
	}
	if r.Baseline.Known != 1 || len(r.Baseline.Fixed) != 1 || r.Baseline.Fixed[0].Address != "x.fixed\x1b\u202e" {
		t.Errorf("%+v", r.Baseline)
	}
	smaller := reopened(t, b.Shrink(r))
	if len(smaller.Findings) != 1 || smaller.Findings[0].Address != "x.old" {
		t.Errorf("%+v", smaller)
	}
	if again := smaller.Shrink(report("x.old", "x.new", "x.fixed")); len(again.Findings) != 1 {
		t.Errorf("it grew: %+v", again)
	}
}

func TestABaselineExcusesNothingAboutWaivers(t *testing.T) {
	r := report("x.old", "x.waived", "x.soon", "x.expired")
	r.Findings[0].Rule = "waivers/expired"
	r.Findings[1].Kind = gate.Warning
	r.Findings[2].Waiver = &gate.Waiver{}
	if b := Record(r); len(b.Findings) != 1 {
		t.Errorf("%+v", b)
	}
	b := &File{Version: 1}
	for _, f := range r.Findings {
		b.Findings = append(b.Findings, gate.BaselineEntry{Fingerprint: f.Fingerprint})
	}
	if b.Apply(r, "b"); r.Baseline.Known != 1 || r.Findings[0].Baseline {
		t.Errorf("%+v", r.Baseline)
	}
}

// What cannot be told today may turn out to be wrong: that is news.
func TestAFindingThatCouldNotBeToldIsNewWhenItFails(t *testing.T) {
	r := report("x.y")
	r.Findings[0].Kind = gate.CannotTell
	r.Order()
	b := Record(r)
	if r = report("x.y"); r.Findings[0].Excused() {
		t.Fatal("excused before")
	}
	if b.Apply(r, "b"); r.Baseline.Known != 0 || len(r.Baseline.Fixed) != 1 {
		t.Errorf("%+v", r.Baseline)
	}
}

func TestABaselineThatCannotBeReadIsAnError(t *testing.T) {
	name := filepath.Join(t.TempDir(), "b.json")
	if _, err := Open(name); err == nil {
		t.Error("a file that is not there")
	}
	for _, body := range []string{"", "[]", `{"version":2,"findings":[]}`, `{"findings":[]}`, `{"version":1,"findings":[{}]}`, `{"version":1,"findings":[{"fingerprint":"a"},{"fingerprint":"a"}]}`, `{"version":1,"fingerprints":[]}`, `{"version":1,"findings":[`} {
		if err := os.WriteFile(name, []byte(body), 0o600); err != nil {
			t.Fatal(err)
		}
		if _, err := Open(name); err == nil || !strings.Contains(err.Error(), "portcullis gate baseline") {
			t.Errorf("%s: %v", body, err)
		}
	}
}

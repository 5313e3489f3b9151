package adapter

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
)

func TestAStoreThatCannotBeReadIsAnError(t *testing.T) {
	file := filepath.Join(t.TempDir(), "adapter.json")
	for content, want := range map[string]string{
		"{":             "adapter.json",
		`{"version":2}`: "version 2, this program reads version 1",
	} {
		if err := os.WriteFile(file, []byte(content), 0o600); err != nil {
			t.Fatal(err)
		}
		if _, err := New(Config{StateFile: file}); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%s: error %v", content, err)
		}
	}
}

func TestWhatCannotBeWrittenIsNotKept(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "gone")
	s := must(openStore(filepath.Join(dir, "adapter.json")))
	if err := s.put("kind", "key", 1); err == nil {
		t.Error("no error")
	}
	if found, err := s.get("kind", "key", new(int)); found || err != nil {
		t.Errorf("found %v, %v", found, err)
	}
	if err := os.Mkdir(dir, 0o700); err != nil {
		t.Fatal(err)
	}
	if err := s.put("kind", "key", 1); err != nil {
		t.Error(err)
	}
	if left := must(os.ReadDir(dir)); len(left) != 1 {
		t.Errorf("left %v", left)
	}
}

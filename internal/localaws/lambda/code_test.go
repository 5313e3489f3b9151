package lambda

import (
	"debug/elf"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

func TestUnsafeZipsAreRefused(t *testing.T) {
	store, err := openCodeStore(filepath.Join(t.TempDir(), "code"))
	if err != nil {
		t.Fatal(err)
	}
	many := make([]zipEntry, maxZipEntries+1)
	for i := range many {
		many[i] = zipEntry{fmt.Sprint(i), 0o644, nil}
	}
	tests := []struct {
		name string
		zip  []byte
		want string
	}{
		{"a path upwards", zipOf(t, zipEntry{"a/../../b", 0o644, nil}), "leads out"},
		{"an absolute path", zipOf(t, zipEntry{"/etc/b", 0o644, nil}), "leads out"},
		{"a Windows path", zipOf(t, zipEntry{`..\b`, 0o644, nil}), "leads out"},
		{"a symbolic link", zipOf(t, zipEntry{"b", 0o777 | os.ModeSymlink, []byte("/etc/passwd")}), "neither a file nor a folder"},
		{"a name twice", zipOf(t, zipEntry{"b", 0o644, nil}, zipEntry{"b", 0o644, nil}), "exist"},
		{"too many entries", zipOf(t, many...), "more than"},
		{"a folder that is a file too", zipOf(t, zipEntry{"b", 0o644, nil}, zipEntry{"b/c", 0o644, nil}), "b/c"},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			if err := store.put(test.zip); err == nil || !strings.Contains(err.Error(), test.want) {
				t.Errorf("error %v", err)
			}
		})
	}
	if entries, _ := os.ReadDir(store.dir); len(entries) != 0 {
		t.Errorf("left behind: %v", entries)
	}
}

func TestTheCodeStoreSurvivesARestart(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "code")
	store, err := openCodeStore(dir)
	if err != nil {
		t.Fatal(err)
	}
	if err := store.put(zipOf(t, zipEntry{"sub/file", 0o600, []byte("x")}, zipEntry{"bootstrap", 0o700, elfHeader(elf.EM_NONE)})); err != nil {
		t.Fatal(err)
	}
	if err := os.Mkdir(filepath.Join(dir, partial+"1"), 0o755); err != nil {
		t.Fatal(err)
	}
	if store, err = openCodeStore(dir); err != nil {
		t.Fatal(err)
	}
	entries, _ := os.ReadDir(dir)
	if len(entries) != 2 || entries[1].Name() != entries[0].Name()+".zip" {
		t.Fatalf("entries %v", entries)
	}
	code, err := store.open(&version{codeSHA256: entries[0].Name(), architecture: hostArchitecture()})
	if err != nil {
		t.Fatal(err)
	}
	info, err := os.Stat(filepath.Join(code, "sub", "file"))
	if err != nil || info.Mode().Perm() != 0o444 {
		t.Errorf("file %v, error %v", info, err)
	}
}

package worktree

import (
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"testing"
)

func TestACopyHasWhatACommitWouldHave(t *testing.T) {
	root := t.TempDir()
	write := func(name, text string) {
		t.Helper()
		file := filepath.Join(root, name)
		if err := os.MkdirAll(filepath.Dir(file), 0o700); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(file, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	git := func(args ...string) {
		t.Helper()
		cmd := exec.CommandContext(t.Context(), "git", args...)
		cmd.Dir = root
		if out, err := cmd.CombinedOutput(); err != nil {
			t.Fatalf("git %v: %v\n%s", args, err, out)
		}
	}
	git("init", "--quiet")
	write(".gitignore", "dist/\n")
	write("changed", "before")
	write("deleted", "")
	git("add", ".")
	write("changed", "after")
	write("in a folder/ü new", "")
	write("dist/ignored", "")
	if err := os.Remove(filepath.Join(root, "deleted")); err != nil {
		t.Fatal(err)
	}
	dir := t.TempDir()
	if err := Copy(t.Context(), root, dir); err != nil {
		t.Fatal(err)
	}
	var got []string
	if err := filepath.WalkDir(dir, func(name string, entry os.DirEntry, err error) error {
		if err == nil && !entry.IsDir() {
			name, err = filepath.Rel(dir, name)
			got = append(got, name)
		}
		return err
	}); err != nil {
		t.Fatal(err)
	}
	if want := []string{".gitignore", "changed", "in a folder/ü new"}; !slices.Equal(got, want) {
		t.Errorf("got %q, want %q", got, want)
	}
	if text, err := os.ReadFile(filepath.Join(dir, "changed")); err != nil || string(text) != "after" {
		t.Errorf("%s, %v", text, err)
	}
}

func TestWithoutARepositoryThereIsAnError(t *testing.T) {
	if names, err := Files(t.Context(), t.TempDir()); err == nil {
		t.Errorf("got %v", names)
	}
}

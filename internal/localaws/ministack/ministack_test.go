package ministack

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// interpreter makes a python that behaves as a script says.
func interpreter(t *testing.T, script string) {
	t.Helper()
	path := filepath.Join(t.TempDir(), "python")
	if err := os.WriteFile(path, []byte("#!/bin/sh\n"+script), 0o700); err != nil {
		t.Fatal(err)
	}
	t.Setenv("PYTHON", path)
}

func TestAPythonThatWillNotDoIsNamedWithTheRemedy(t *testing.T) {
	for name, c := range map[string]struct{ script, want string }{
		"too old":      {"echo 3.9; exit 3", "is Python 3.9, but the local stack needs Python 3.10 or newer"},
		"without venv": {"echo 'No module named venv' >&2; exit 1", "apt-get install python3-venv"},
	} {
		interpreter(t, c.script)
		if _, err := CheckPython(t.Context()); err == nil || !strings.Contains(err.Error(), c.want) {
			t.Errorf("%s: error %v, want %q", name, err, c.want)
		}
		if _, err := Install(t.Context(), t.TempDir(), func(string) {}); err == nil || !strings.Contains(err.Error(), c.want) {
			t.Errorf("%s: Install says %v", name, err)
		}
	}
	t.Setenv("PYTHON", "/does/not/exist")
	if _, err := CheckPython(t.Context()); err == nil || !strings.Contains(err.Error(), "PYTHON=<interpreter>") {
		t.Errorf("missing: error %v", err)
	}
}

func TestAnInstallationThatFailsSaysWhyAndIsMadeAnew(t *testing.T) {
	cache := t.TempDir()
	// Passes the check; `-m venv` makes a folder whose own python cannot install.
	interpreter(t, `case "$2" in
venv) mkdir -p "$3/bin"; printf '#!/bin/sh\necho no route to the index >&2; exit 1\n' > "$3/bin/python"; chmod +x "$3/bin/python";;
*) echo 3.11;;
esac`)
	for range 2 {
		_, err := Install(t.Context(), cache, func(string) {})
		if err == nil || !strings.Contains(err.Error(), "no route to the index") || !strings.Contains(err.Error(), "PyPI") {
			t.Fatalf("error %v", err)
		}
	}
	complete, err := filepath.Glob(filepath.Join(cache, "*", "complete"))
	if err != nil || len(complete) > 0 {
		t.Fatalf("%v, %v: a failed installation counts as complete", complete, err)
	}
}

func TestEveryRequirementIsPinnedByHash(t *testing.T) {
	if !strings.Contains(requirements, "ministack=="+Version+" ") {
		t.Errorf("the requirements have no ministack==%s", Version)
	}
	for _, needed := range []string{"cryptography==", "botocore=="} {
		if !strings.Contains(requirements, needed) {
			t.Errorf("the requirements have no %s", needed)
		}
	}
	for requirement := range strings.SplitSeq(strings.ReplaceAll(strings.TrimSpace(requirements), "\\\n", " "), "\n") {
		if !strings.Contains(requirement, "==") || !strings.Contains(requirement, "--hash=sha256:") {
			t.Errorf("not pinned: %s", requirement)
		}
	}
}

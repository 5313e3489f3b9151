package pyenv

import (
	"context"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
)

// wanted is an environment that these tests never really make.
var wanted = Environment{Name: "a-1", Requirements: "a==1 --hash=sha256:0\n"}

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
		"too old":      {"echo 3.9; exit 3", "is Python 3.9, but Python 3.10 or newer is needed"},
		"without venv": {"echo 'No module named venv' >&2; exit 1", "apt-get install python3-venv"},
	} {
		interpreter(t, c.script)
		if _, err := Check(t.Context()); err == nil || !strings.Contains(err.Error(), c.want) {
			t.Errorf("%s: error %v, want %q", name, err, c.want)
		}
		if _, err := wanted.Install(t.Context(), t.TempDir(), func(string) {}); err == nil || !strings.Contains(err.Error(), c.want) {
			t.Errorf("%s: Install says %v", name, err)
		}
	}
	t.Setenv("PYTHON", "/does/not/exist")
	if _, err := Check(t.Context()); err == nil || !strings.Contains(err.Error(), "PYTHON=<interpreter>") {
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
		_, err := wanted.Install(t.Context(), cache, func(string) {})
		if err == nil || !strings.Contains(err.Error(), "no route to the index") || !strings.Contains(err.Error(), "PyPI") {
			t.Fatalf("error %v", err)
		}
	}
	complete, err := filepath.Glob(filepath.Join(cache, "*", "complete"))
	if err != nil || len(complete) > 0 {
		t.Fatalf("%v, %v: a failed installation counts as complete", complete, err)
	}
}

// pip is an interpreter that makes environments of itself and counts what it
// is asked to install. $PIP may let that fail.
const pip = `
case "$1 $2" in
-c*) echo 3.12 ;;
"-m venv") mkdir -p "$3/bin" && cp "$0" "$3/bin/python" && echo venv >>"$COUNT" ;;
"-m pip") echo pip >>"$COUNT"; sleep 0.05; eval "$PIP" ;;
esac
`

func counted(t *testing.T, file string) string {
	t.Helper()
	data, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	return strings.Join(strings.Fields(string(data)), " ")
}

func TestInstallHappensOnceForSeveralAtOnce(t *testing.T) {
	interpreter(t, pip)
	count, cache := filepath.Join(t.TempDir(), "count"), t.TempDir()
	t.Setenv("COUNT", count)
	t.Setenv("PIP", "true")
	var all sync.WaitGroup
	for range 4 {
		all.Go(func() {
			path, err := wanted.Install(context.Background(), cache, func(string) {})
			if err != nil {
				t.Error(err)
			}
			if _, err := os.Stat(path); err != nil {
				t.Error(err)
			}
		})
	}
	all.Wait()
	if got := counted(t, count); got != "venv pip" {
		t.Errorf("got %q, want one installation", got)
	}
	said := ""
	if _, err := wanted.Install(t.Context(), cache, func(what string) { said += what }); err != nil || said != "" {
		t.Errorf("again: got %v and %q, want nothing to do and to say", err, said)
	}
}

func TestAnInstallationThatFailedIsMadeAnew(t *testing.T) {
	interpreter(t, pip)
	count, cache := filepath.Join(t.TempDir(), "count"), t.TempDir()
	t.Setenv("COUNT", count)
	t.Setenv("PIP", "echo no route to pypi >&2; exit 1")
	_, err := wanted.Install(t.Context(), cache, func(string) {})
	if err == nil || !strings.Contains(err.Error(), "no route to pypi") || !strings.Contains(err.Error(), "check that pip can reach it") {
		t.Fatalf("got %v", err)
	}
	t.Setenv("PIP", "true")
	if _, err := wanted.Install(t.Context(), cache, func(string) {}); err != nil {
		t.Fatal(err)
	}
	if got := counted(t, count); got != "venv pip venv pip" {
		t.Errorf("got %q, want two installations", got)
	}
}

func TestInstallStopsWithItsContext(t *testing.T) {
	interpreter(t, pip)
	t.Setenv("COUNT", filepath.Join(t.TempDir(), "count"))
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if _, err := wanted.Install(ctx, t.TempDir(), func(string) {}); err == nil {
		t.Error("no error")
	}
}

func TestAnotherSetOfPinsIsAnotherEnvironment(t *testing.T) {
	interpreter(t, pip)
	t.Setenv("COUNT", filepath.Join(t.TempDir(), "count"))
	t.Setenv("PIP", "true")
	cache := t.TempDir()
	other := wanted
	other.Requirements += "b==2 --hash=sha256:1\n"
	paths := map[string]bool{}
	for _, e := range []Environment{wanted, other, wanted} {
		path, err := e.Install(t.Context(), cache, func(string) {})
		if err != nil {
			t.Fatal(err)
		}
		paths[path] = true
	}
	if len(paths) != 2 {
		t.Errorf("got %v, want two", paths)
	}
}

func TestANewEnoughPythonWillDo(t *testing.T) {
	interpreter(t, "echo 3.13")
	if version, err := Check(t.Context()); err != nil || version != "3.13" {
		t.Errorf("%s, %v", version, err)
	}
}

func TestCheckPythonSaysThatThereIsNone(t *testing.T) {
	t.Setenv("PYTHON", "")
	t.Setenv("PATH", t.TempDir())
	_, err := Check(t.Context())
	if err == nil || !strings.Contains(err.Error(), "needs Python 3.10 or newer as python3 on the PATH, or named with PYTHON=") {
		t.Errorf("got %v", err)
	}
}

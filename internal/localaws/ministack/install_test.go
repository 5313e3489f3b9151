package ministack

import (
	"context"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
)

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
			path, err := Install(context.Background(), cache, func(string) {})
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
	if _, err := Install(t.Context(), cache, func(what string) { said += what }); err != nil || said != "" {
		t.Errorf("again: got %v and %q, want nothing to do and to say", err, said)
	}
}

func TestAnInstallationThatFailedIsMadeAnew(t *testing.T) {
	interpreter(t, pip)
	count, cache := filepath.Join(t.TempDir(), "count"), t.TempDir()
	t.Setenv("COUNT", count)
	t.Setenv("PIP", "echo no route to pypi >&2; exit 1")
	_, err := Install(t.Context(), cache, func(string) {})
	if err == nil || !strings.Contains(err.Error(), "no route to pypi") || !strings.Contains(err.Error(), "check that pip can reach it") {
		t.Fatalf("got %v", err)
	}
	t.Setenv("PIP", "true")
	if _, err := Install(t.Context(), cache, func(string) {}); err != nil {
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
	if _, err := Install(ctx, t.TempDir(), func(string) {}); err == nil {
		t.Error("no error")
	}
}

func TestANewEnoughPythonWillDo(t *testing.T) {
	interpreter(t, "echo 3.13")
	if version, err := CheckPython(t.Context()); err != nil || version != "3.13" {
		t.Errorf("%s, %v", version, err)
	}
}

func TestCheckPythonSaysThatThereIsNone(t *testing.T) {
	t.Setenv("PYTHON", "")
	t.Setenv("PATH", t.TempDir())
	_, err := CheckPython(t.Context())
	if err == nil || !strings.Contains(err.Error(), "needs Python 3.10 or newer as python3 on the PATH, or named with PYTHON=") {
		t.Errorf("got %v", err)
	}
}

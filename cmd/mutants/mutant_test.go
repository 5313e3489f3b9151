package main

import (
	"context"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"
)

const sample = `package a

import "errors"

var errFew = errors.New("few")

// Far is tested, Near is not.
func Far(n int, on bool) (err error) {
	seen := 0
	for i := range 3 {
		if i == 1 {
			continue
		}
		seen++
	}
	if n >= 5 && on ||
		!on && seen == 2 {
		seen = 7
		return nil
	}
	if ok(n) {
		err = errFew
	}
	return err
}

func ok(int) bool { return true }

func Near(n int) bool { return n == 2 }
`

const sampleTest = `package a

import "testing"

func TestFar(t *testing.T) {
	if Far(4, true) == nil || Far(5, true) != nil || Far(6, true) != nil || Far(1, false) != nil {
		t.Fail()
	}
}
`

func TestTheTestsOfAMutantDecide(t *testing.T) {
	dir := t.TempDir()
	write := func(name, text string) {
		t.Helper()
		path := filepath.Join(dir, name)
		if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	write("go.mod", "module sample\n\ngo 1.26\n")
	write("a/a.go", sample)
	write("a/a_test.go", sampleTest)
	t.Chdir(dir)
	t.Setenv("GOFLAGS", "")

	p, err := mutate("a")
	if err != nil {
		t.Fatal(err)
	}
	var names []string
	for _, m := range p.mutants {
		names = append(names, strings.TrimPrefix(m.String(), "a/a.go "))
	}
	want := []string{
		"Far: i == 1 -> i != 1",
		"Far: seen++ -> {}",
		"Far: continue -> {}",
		"Far: n >= 5 && on || !on && seen == 2 -> n >= 5 && on && !on && seen == 2",
		"Far: n >= 5 && on -> n >= 5 || on",
		"Far: n >= 5 -> n < 5",
		"Far: n >= 5 -> n > 5",
		"Far: !on && seen == 2 -> !on || seen == 2",
		"Far: !on -> on",
		"Far: seen == 2 -> seen != 2",
		"Far: seen = 7 -> {}",
		"Far: ok(n) -> !ok(n)",
		"Far: err = errFew -> {}",
		"Far: return err -> return nil",
		"ok: true -> false",
		"Near: n == 2 -> n != 2",
	}
	sorted := slices.Sorted(slices.Values(names))
	if !slices.Equal(sorted, slices.Sorted(slices.Values(want))) {
		t.Errorf("got\n%s", strings.Join(names, "\n"))
	}

	mutants := func(file string) string {
		t.Helper()
		if err := run(context.Background(), []string{"a"}, file, false, 2, time.Minute); err != nil {
			return err.Error()
		}
		return ""
	}
	// Whatever is assigned before a return makes no difference.
	const survivors = "survived: a/a.go Far: seen = 7 -> {}\nsurvived: a/a.go Near: n == 2 -> n != 2"
	if got := mutants(""); got != survivors {
		t.Errorf("got\n%s", got)
	}
	list := "# comment\n\na/a.go Near: n == 2 -> n != 2 = because x\na/a.go Far: seen = 7 -> {} = because y\n"
	write("list", list)
	if got := mutants("list"); got != "" {
		t.Errorf("with a list: got %s", got)
	}
	write("list", list+"a/a.go Far: n >= 5 -> n > 5 = because x\na/a.go Gone: a -> b = because x\n")
	if got := mutants("list"); !strings.Contains(got, "makes a difference after all: a/a.go Far: n >= 5 -> n > 5") || !strings.Contains(got, "no such mutant (any more): a/a.go Gone") {
		t.Errorf("with a wrong list: got %s", got)
	}
	write("list", "a/a.go Near: n == 2 -> n != 2\n")
	if got := mutants("list"); !strings.Contains(got, "no reason") {
		t.Errorf("without a reason: got %s", got)
	}
	write("a/a_test.go", sampleTest+"\nfunc TestNever(t *testing.T) { t.Fail() }\n")
	if got := mutants(""); !strings.Contains(got, "fail without any mutant") {
		t.Errorf("with failing tests: got %s", got)
	}
}

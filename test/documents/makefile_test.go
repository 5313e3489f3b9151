package documents_test

import (
	"io/fs"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"
)

// ownTarget are the packages of tests that take too long, or too much memory, for
// make test, with the target that runs them.
var ownTarget = map[string]string{"test/gatelarge": "test-gate-large"}

var (
	rule      = regexp.MustCompile(`^([a-z][a-z-]*):([^#=]*)`)
	submake   = regexp.MustCompile(`\$\(MAKE\) ([a-z -]+)`)
	goTest    = regexp.MustCompile(`^\t@?\$\(GO\) test .*`)
	patternOf = regexp.MustCompile(` \./(test/[^ ]*)`)
)

// target is what the Makefile says of one: the packages below test/ that it tests
// and the targets that it makes.
type target struct {
	packages []string
	needs    []string
}

func targets(t *testing.T) map[string]target {
	t.Helper()
	text, err := os.ReadFile(filepath.Join(root, "Makefile"))
	if err != nil {
		t.Fatal(err)
	}
	all, name := map[string]target{}, ""
	for line := range strings.Lines(string(text)) {
		if r := rule.FindStringSubmatch(line); r != nil {
			name = r[1]
			all[name] = target{needs: strings.Fields(r[2])}
			continue
		}
		if name == "" || !strings.HasPrefix(line, "\t") {
			continue
		}
		made := all[name]
		for _, m := range submake.FindAllStringSubmatch(line, -1) {
			made.needs = append(made.needs, strings.Fields(m[1])...)
		}
		if run := goTest.FindString(line); !strings.Contains(run, " -run") {
			for _, m := range patternOf.FindAllStringSubmatch(run, -1) {
				made.packages = append(made.packages, m[1])
			}
		}
		all[name] = made
	}
	return all
}

// covers tells whether a pattern of go test names a package.
func covers(pattern, pkg string) bool {
	if parent, all := strings.CutSuffix(pattern, "/..."); all {
		return pkg == parent || strings.HasPrefix(pkg, parent+"/")
	}
	return strings.TrimSuffix(pattern, "/") == pkg
}

// TestMakeTestRunsEveryPackageBelowTest holds the Makefile, which names these
// packages one by one, against the packages that there are: a suite that no target
// names would never be run, and nobody would see it.
func TestMakeTestRunsEveryPackageBelowTest(t *testing.T) {
	all := targets(t)
	var reached, patterns []string
	var reach func(name string)
	reach = func(name string) {
		if slices.Contains(reached, name) {
			return
		}
		reached = append(reached, name)
		patterns = append(patterns, all[name].packages...)
		for _, need := range all[name].needs {
			reach(need)
		}
	}
	reach("test")
	if len(reached) < 10 {
		t.Fatalf("make test makes %v only", reached)
	}
	found := map[string]bool{}
	err := filepath.WalkDir(filepath.Join(root, "test"), func(path string, entry fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		if entry.IsDir() && (entry.Name() == "node_modules" || entry.Name() == "testdata") {
			return filepath.SkipDir
		}
		if strings.HasSuffix(path, "_test.go") && hasTests(t, path) {
			dir, err := filepath.Rel(root, filepath.Dir(path))
			found[filepath.ToSlash(dir)] = true
			return err
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	for pkg := range found {
		run := slices.ContainsFunc(patterns, func(p string) bool { return covers(p, pkg) })
		own, slow := ownTarget[pkg]
		switch {
		case slow && run:
			t.Errorf("make test runs ./%s after all: it is no exception", pkg)
		case slow && !slices.ContainsFunc(all[own].packages, func(p string) bool { return covers(p, pkg) }):
			t.Errorf("make %s does not run ./%s", own, pkg)
		case !slow && !run:
			t.Errorf("make test does not run ./%s: name it in one of its targets", pkg)
		}
	}
	for pkg := range ownTarget {
		if !found[pkg] {
			t.Errorf("./%s has no tests", pkg)
		}
	}
}

// hasTests tells whether a file has a test; benchmarks have a target of their own.
func hasTests(t *testing.T, path string) bool {
	t.Helper()
	text, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	return strings.Contains(string(text), "\nfunc Test")
}

package conformance_test

import (
	"io/fs"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"
)

var (
	testName     = regexp.MustCompile("`(Test[A-Za-z0-9_]+)`")
	testFunction = regexp.MustCompile(`(?m)^func (Test[A-Za-z0-9_]+)\(`)
	// conformanceLine is a section and a behaviour, which may be cut short.
	conformanceLine = regexp.MustCompile(`(?:conformance. |, )((?:rfc-)?[0-9.]+)(?: “([^”]+)”)?`)
)

// TestTheDifferencesNameTheirTests checks that every test that
// docs/local-stack-differences.md names exists, and that every line about API
// Gateway names one.
func TestTheDifferencesNameTheirTests(t *testing.T) {
	functions := make(map[string]bool)
	for _, folder := range []string{"internal", "lambdas", "test", "cmd"} {
		if err := filepath.WalkDir(filepath.Join(root, folder), func(path string, d fs.DirEntry, err error) error {
			if err != nil || d.IsDir() || !strings.HasSuffix(path, "_test.go") {
				return err
			}
			source, err := os.ReadFile(path)
			for _, match := range testFunction.FindAllSubmatch(source, -1) {
				functions[string(match[1])] = true
			}
			return err
		}); err != nil {
			t.Fatal(err)
		}
	}
	page, err := os.ReadFile(root + "/docs/local-stack-differences.md")
	if err != nil {
		t.Fatal(err)
	}
	cases, heading, rows := allCases(), "", 0
	for line := range strings.Lines(string(page)) {
		line = strings.TrimSpace(line)
		if strings.HasPrefix(line, "#") {
			heading = strings.TrimLeft(line, "# ")
		}
		cells := strings.Split(line, " | ")
		if len(cells) != 5 || strings.HasPrefix(line, "| | ") {
			continue
		}
		rows++
		named := cells[4]
		for _, match := range testName.FindAllStringSubmatch(named, -1) {
			if !functions[match[1]] {
				t.Errorf("%s: there is no %s", cells[0], match[1])
			}
		}
		if strings.Contains(named, "`conformance`") {
			for _, match := range conformanceLine.FindAllStringSubmatch(named, -1) {
				name, cut := strings.CutSuffix(match[2], " …")
				if !slices.ContainsFunc(cases, func(c testCase) bool {
					return c.section == match[1] && (c.name == name || (cut || name == "") && strings.HasPrefix(c.name, name))
				}) {
					t.Errorf("%s: there is no case %s “%s”", cells[0], match[1], match[2])
				}
			}
		}
		if named == "– |" && (heading == "Connections and messages" || heading == "API Gateway's control plane") {
			t.Errorf("%s: no test", cells[0])
		}
	}
	if rows < 60 {
		t.Errorf("only %d lines were found", rows)
	}
}

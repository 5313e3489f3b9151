package documents_test

import (
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
)

// sections are what the README of each example has: a picture, what it costs,
// how to destroy it, and how much Terraform plans.
var sections = map[string]*regexp.Regexp{
	"a picture (a block without a language, with an arrow)": regexp.MustCompile("(?ms)^```\n[^`]*──>[^`]*^```$"),
	"what it costs":                     regexp.MustCompile(`(?m)^## What it costs\n\n\S.{40}`),
	"how to destroy it":                 regexp.MustCompile("(?m)^## How to destroy it\n\n```console\n\\$ .*destroy"),
	"a link to the figures of its plan": regexp.MustCompile(`\]\(\.\./\.\./docs/plan-performance\.md\)`),
}

// TestEachExampleSaysWhatItIsAndCosts also looks for each in the figures.
func TestEachExampleSaysWhatItIsAndCosts(t *testing.T) {
	figures, err := os.ReadFile(filepath.Join(root, "docs/plan-performance.md"))
	if err != nil {
		t.Fatal(err)
	}
	examples, err := filepath.Glob(filepath.Join(root, "examples/*/main.tf"))
	if err != nil || len(examples) < 4 {
		t.Fatalf("%d examples: %v", len(examples), err)
	}
	for _, file := range examples {
		dir := filepath.Dir(file)
		readme, err := os.ReadFile(filepath.Join(dir, "README.md"))
		if err != nil {
			t.Error(err)
			continue
		}
		for what, section := range sections {
			if !section.Match(readme) {
				t.Errorf("%s/README.md lacks %s", dir, what)
			}
		}
		if row := "| [" + filepath.Base(dir) + "](../examples/" + filepath.Base(dir) + ") | "; !strings.Contains(string(figures), row) {
			t.Errorf("docs/plan-performance.md has no row for %s: make bench-modules", dir)
		}
	}
}

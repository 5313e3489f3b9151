package documents_test

import (
	"fmt"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
)

const differences = root + "/docs/local-stack-differences.md"

// parts of the last cell of a row: a link to a file, a package or a test, and
// the name of a subtest.
var cellParts = regexp.MustCompile("\\[[^]]*]\\(\\.\\./([^)]+)\\)|`([^`]+)`|“([^”]+)”")

// checkDifferences returns what is wrong with the last column of the tables.
func checkDifferences(text, conformance string) []string {
	var problems []string
	rows, above := 0, ""
	for line := range strings.Lines(text) {
		cells := strings.Split(strings.TrimSpace(line), " | ")
		if !strings.HasPrefix(line, "| ") || strings.HasPrefix(line, "| ---") || len(cells) < 3 {
			continue
		}
		last := strings.TrimSuffix(cells[len(cells)-1], " |")
		if last == "test" { // the head of a table
			continue
		}
		rows++
		if last == "as above" {
			last = above
		}
		above = last
		named, err := checkCell(last, conformance)
		if err == nil && named == 0 {
			err = fmt.Errorf("%q names no test", last)
		}
		if err != nil {
			problems = append(problems, strings.TrimPrefix(cells[0], "| ")+": "+err.Error())
		}
	}
	if rows == 0 {
		problems = append(problems, "there are no tables")
	}
	return problems
}

// checkCell returns how many tests a cell names, all of which exist.
func checkCell(cell, conformance string) (int, error) {
	named, dir, file := 0, "", ""
	for _, m := range cellParts.FindAllStringSubmatch(cell, -1) {
		link, code, subtest := m[1], m[2], m[3]
		switch {
		case link != "":
			if !strings.HasSuffix(link, "_test.go") && !strings.HasSuffix(link, ".tftest.hcl") {
				return 0, fmt.Errorf("%s is no file of tests", link)
			}
			if _, err := os.Stat(filepath.Join(root, link)); err != nil {
				return 0, err
			}
			file = link
			named++
		case code != "" && strings.HasSuffix(file, ".tftest.hcl"):
			if err := exists(file, code); err != nil {
				return 0, err
			}
			file = ""
		case strings.HasPrefix(code, "Test") || strings.HasPrefix(code, "Fuzz"):
			p, err := parse(dir)
			if err != nil {
				return 0, err
			}
			if !p.functions[code] {
				return 0, fmt.Errorf("%s has no %s", dir, code)
			}
			named++
		case strings.HasPrefix(code, "make "):
			if err := checkTarget(strings.TrimPrefix(code, "make ")); err != nil {
				return 0, err
			}
			named++
		case code != "":
			if dir = packageDir(code); dir == "" {
				return 0, fmt.Errorf("there is no package %s", code)
			}
			if strings.Contains(cell, "(all tests)") || code == "conformance" {
				named++
			}
		default:
			if err := checkSubtest(dir, subtest, conformance); err != nil {
				return 0, err
			}
			named++
		}
	}
	return named, nil
}

// checkSubtest looks for a subtest, and for a case of the conformance suite in
// the table that a run of it has written. An ellipsis stands for the rest.
func checkSubtest(dir, name, conformance string) error {
	begin, shortened := strings.CutSuffix(name, " …")
	if filepath.Base(dir) == "conformance" {
		line := "\n| " + begin
		if !shortened {
			line += " |"
		}
		if !strings.Contains(conformance, line) {
			return fmt.Errorf("the conformance suite has no case “%s”", name)
		}
		return nil
	}
	p, err := parse(dir)
	if err != nil {
		return err
	}
	if !p.hasSubtest(name) {
		return fmt.Errorf("%s has no subtest “%s”", dir, name)
	}
	return nil
}

// checkTarget looks for a target of the Makefile, for what is measured.
func checkTarget(name string) error {
	makefile, err := os.ReadFile(filepath.Join(root, "Makefile"))
	if err == nil && !strings.Contains(string(makefile), "\n"+name+":") {
		err = fmt.Errorf("the Makefile has no target %s", name)
	}
	return err
}

// packageDir is the folder of a package by the name that the page explains.
func packageDir(name string) string {
	for _, dir := range []string{
		map[string]string{"localaws": "internal/localaws"}[name],
		filepath.Join("internal/localaws", name), filepath.Join("test", name),
	} {
		if dir == "" {
			continue
		}
		path := filepath.Join(root, dir)
		if info, err := os.Stat(path); err == nil && info.IsDir() {
			return path
		}
	}
	return ""
}

func readDifferences(t *testing.T) (text, conformance string) {
	t.Helper()
	page, err := os.ReadFile(differences)
	if err != nil {
		t.Fatal(err)
	}
	table, err := os.ReadFile(root + "/docs/conformance.md")
	if err != nil {
		t.Fatal(err)
	}
	return string(page), string(table)
}

func TestEveryDifferenceHasATestThatExists(t *testing.T) {
	text, conformance := readDifferences(t)
	for _, problem := range checkDifferences(text, conformance) {
		t.Error(problem)
	}
}

func TestTheCheckOfDifferencesNotices(t *testing.T) {
	text, conformance := readDifferences(t)
	before := len(checkDifferences(text, conformance))
	for name, change := range map[string][2]string{
		"a row without a test":         {"| `apigw` `TestRegionsAreApart` |", "| – |"},
		"a test that is not there":     {"`TestRegionsAreApart`", "`TestRegionsAreOne`"},
		"a package that is not there":  {"`apigw` `TestRegionsAreApart`", "`apigee` `TestRegionsAreApart`"},
		"a subtest that is not there":  {"“an identity parameter differs by case”", "“an identity parameter differs by colour”"},
		"a target that is not there":   {"`make bench-local`", "`make bench-global`"},
		"a case that is not there":     {"“compression is not negotiated”", "“compression is negotiated”"},
		"a run that is not there":      {"`the_key_serves_this_chat_only`", "`the_key_serves_all`"},
		"a file that is not there":     {"(../lambdas/internal/store/store_test.go)", "(../lambdas/internal/store/stores_test.go)"},
		"a file that is none of tests": {"(../lambdas/internal/store/store_test.go)", "(../lambdas/internal/store/store.go)"},
	} {
		changed := strings.Replace(text, change[0], change[1], 1)
		if changed == text {
			t.Errorf("%s: the page has no %q any more", name, change[0])
		} else if len(checkDifferences(changed, conformance)) <= before {
			t.Errorf("%s: not noticed", name)
		}
	}
}

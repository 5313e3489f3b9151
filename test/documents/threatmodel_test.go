package documents_test

import (
	"bytes"
	"debug/buildinfo"
	"fmt"
	"maps"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"

	"github.com/portcullis-chat/portcullis/test/internal/worktree"
)

const (
	root     = "../.."
	document = root + "/docs/threat-model.md"
	rows     = 48
)

// row is one section of the document: its lines by their first word.
type row struct {
	number int
	title  string
	parts  map[string]string
}

var (
	heading = regexp.MustCompile(`^### (\d+) (\S.*)$`)
	part    = regexp.MustCompile(`^- (Requirement|Defence|Code|Test|Not ours, because): (\S.*)$`)
	quoted  = regexp.MustCompile("`([^`]+)`")
	// reference is a test: a file, and a test of that file's package.
	reference = regexp.MustCompile("^`([^`]+)` `([^`]+)`$")
)

// read returns the rows of a document, and what is wrong with its lines.
func read(text string) (list []row, problems []string) {
	for line := range strings.Lines(text) {
		line = strings.TrimRight(line, "\n")
		if m := heading.FindStringSubmatch(line); m != nil {
			number, _ := strconv.Atoi(m[1])
			list = append(list, row{number: number, title: m[2], parts: map[string]string{}})
			continue
		}
		switch m := part.FindStringSubmatch(line); {
		case m != nil && len(list) > 0:
			last := list[len(list)-1]
			if last.parts[m[1]] != "" {
				problems = append(problems, fmt.Sprintf("row %d: %s stands there twice", last.number, m[1]))
			}
			last.parts[m[1]] = m[2]
		case strings.HasPrefix(line, "- "), strings.HasPrefix(line, "###"):
			problems = append(problems, "a line that is neither a part nor a row: "+line)
		}
	}
	return list, problems
}

// check returns what is wrong with a document.
func check(text string) []string {
	list, problems := read(text)
	for i := range max(len(list), rows) {
		if i >= len(list) || list[i].number != i+1 {
			return append(problems, fmt.Sprintf("row %d is missing or in the wrong place", i+1))
		}
	}
	for _, r := range list {
		problem := func(format string, args ...any) {
			problems = append(problems, fmt.Sprintf("row %d: ", r.number)+fmt.Sprintf(format, args...))
		}
		for _, name := range []string{"Requirement", "Defence"} {
			if r.parts[name] == "" {
				problem("no %s", name)
			}
		}
		if r.parts["Test"] == "" && r.parts["Not ours, because"] == "" {
			problem("neither a test nor a reason to have none")
		}
		if r.parts["Code"] == "" {
			problem("no code")
		}
		for _, m := range quoted.FindAllStringSubmatch(r.parts["Code"], -1) {
			if _, err := os.Stat(filepath.Join(root, m[1])); err != nil {
				problem("%v", err)
			}
		}
		if r.parts["Test"] == "" {
			continue
		}
		for _, test := range strings.Split(r.parts["Test"], "; ") {
			m := reference.FindStringSubmatch(test)
			if m == nil {
				problem("a test is `file` `name`, not %s", test)
			} else if err := exists(m[1], m[2]); err != nil {
				problem("%v", err)
			}
		}
	}
	return problems
}

// exists returns an error unless a file has a test, and its package the
// subtests that the test's name goes on with.
func exists(file, test string) error {
	path := filepath.Join(root, file)
	for kind, begin := range map[string]string{".tftest.hcl": "\nrun \"" + test + "\" {", ".test.js": "\ntest(\"" + test + "\", "} {
		if !strings.HasSuffix(file, kind) {
			continue
		}
		text, err := os.ReadFile(path)
		if err == nil && !bytes.Contains(text, []byte(begin)) {
			err = fmt.Errorf("%s has no %q", file, test)
		}
		return err
	}
	names := strings.Split(test, "/")
	if _, err := os.Stat(path); err != nil {
		return err
	}
	p, err := parse(filepath.Dir(path))
	if err != nil {
		return err
	}
	if !p.functions[names[0]] {
		return fmt.Errorf("%s: no test %s in its package", file, names[0])
	}
	for _, name := range names[1:] {
		if !p.hasSubtest(name) {
			return fmt.Errorf("%s: no subtest %q in its package", file, name)
		}
	}
	// The file is where a reader looks: what is named last must stand there.
	text, err := os.ReadFile(path)
	if err != nil {
		return err
	}
	last := names[len(names)-1]
	if len(names) == 1 && !bytes.Contains(text, []byte("func "+last+"(")) {
		return fmt.Errorf("%s: %s stands in another file", file, last)
	}
	return nil
}

// Every row has a test that exists, or says why it needs none.
func TestEveryThreatHasATestThatExists(t *testing.T) {
	text, err := os.ReadFile(document)
	if err != nil {
		t.Fatal(err)
	}
	for _, problem := range check(string(text)) {
		t.Error(problem)
	}
}

// TestTheCheckNotices changes the document in ways that it must notice.
func TestTheCheckNotices(t *testing.T) {
	text, err := os.ReadFile(document)
	if err != nil {
		t.Fatal(err)
	}
	for name, change := range map[string][2]string{
		"a row that is missing":         {"### 30 ", "#### 30 "},
		"a row that stands there twice": {"### 30 ", "### 29 "},
		"a file that is not there":      {"`lambdas/internal/origin/origin.go`", "`lambdas/internal/origin/gone.go`"},
		"a test that is not there":      {"`TestOnlyListedOriginsMayConnect`", "`TestOnlyListedOriginsMayConnectX`"},
		"a test of another file":        {"`lambdas/internal/authorize/chain_test.go` `TestTheWholeChain", "`lambdas/internal/authorize/authorize_test.go` `TestTheWholeChain"},
		"a subtest that is not there":   {"/from a page of another origin`", "/from a page of another planet`"},
		"a run that is not there":       {"`refuses_a_wildcard_origin`", "`refuses_a_wildcard`"},
		"a test of a module's":          {"`frames are copied member by member`", "`frames are copied`"},
		"a row without a test":          {"- Test: `lambdas/internal/ledger/ledger_test.go` `TestABannedUserIsRefused`", "- Open: `lambdas/internal/ledger/ledger_test.go` `TestABannedUserIsRefused`"},
		"a row without a defence":       {"- Defence: a ban is", "A ban is"},
		"an open row that is not":       {"- Test: `lambdas/internal/token/token_test.go` `TestTimes`", "- Open: later\n- Test: `lambdas/internal/token/token_test.go` `TestTimes`"},
	} {
		changed := strings.Replace(string(text), change[0], change[1], 1)
		if changed == string(text) {
			t.Errorf("%s: the document has no %q any more", name, change[0])
		} else if len(check(changed)) == 0 {
			t.Errorf("%s: not noticed", name)
		}
	}
}

// secrets are the forms of credentials that have one.
var secrets = map[string]*regexp.Regexp{
	"a private key":            regexp.MustCompile(`-----BEGIN [A-Z ]*PRIVATE KEY-----\s+[A-Za-z0-9+/=\s]{40,}`),
	"an access key of AWS":     regexp.MustCompile(`\b(?:AKIA|ASIA)[0-9A-Z]{16}\b`),
	"a token of GitHub":        regexp.MustCompile(`\bgh[pousr]_[A-Za-z0-9]{36,}\b|\bgithub_pat_[A-Za-z0-9_]{60,}\b`),
	"a token of Slack":         regexp.MustCompile(`\bxox[abprs]-[A-Za-z0-9-]{10,}`),
	"a signed JSON Web Token":  regexp.MustCompile(`\beyJ[A-Za-z0-9_-]{10,}\.eyJ[A-Za-z0-9_-]{10,}\.[A-Za-z0-9_-]{20,}`),
	"a password in an address": regexp.MustCompile(`\bhttps?://[A-Za-z0-9._-]+:[A-Za-z0-9._-]{8,}@`),
}

// published are the files whose secrets are published with the standards or
// documentation that they are from.
var published = []string{"lambdas/internal/token/vectors_test.go", "lambdas/internal/markup/testdata/", "lambdas/internal/text/testdata/"}

func TestThreat39NoFileHasASecret(t *testing.T) {
	names, err := worktree.Files(t.Context(), root)
	if err != nil {
		t.Fatal(err)
	}
	files := 0
	for _, name := range names {
		if slices.ContainsFunc(published, func(prefix string) bool { return strings.HasPrefix(name, prefix) }) {
			continue
		}
		text, err := os.ReadFile(filepath.Join(root, name))
		if err != nil {
			t.Fatal(err)
		}
		files++
		for _, what := range found(string(text)) {
			t.Errorf("%s has %s", name, what)
		}
	}
	if files < 100 {
		t.Fatalf("only %d files were read", files)
	}
	for what, text := range map[string]string{
		"a private key":            "-----BEGIN EC " + "PRIVATE KEY-----\n" + strings.Repeat("A", 64),
		"an access key of AWS":     "AKIA" + strings.Repeat("Z", 16),
		"a signed JSON Web Token":  "eyJhbGciOiJSUzI1NiJ9" + ".eyJzdWIiOiJhbm4ifQ." + strings.Repeat("a", 86),
		"a password in an address": "https://ann:" + "correcthorse@example.com",
	} {
		if !slices.Contains(found(text), what) {
			t.Errorf("%s is not found", what)
		}
	}
}

func found(text string) []string {
	var what []string
	for _, name := range slices.Sorted(maps.Keys(secrets)) {
		for _, hit := range secrets[name].FindAllString(text, -1) {
			if !strings.HasSuffix(hit, "EXAMPLE") {
				what = append(what, name)
			}
		}
	}
	return what
}

// The parser of golang.org/x/net/html before v0.55.0 has CVE-2026-25680, 25681,
// 27136, 42502 and 42506, and bluemonday asks for v0.26.0 only.
func TestThreat44TheHTMLParserInTheFunctionIsPatched(t *testing.T) {
	binary := filepath.Join(t.TempDir(), "bootstrap")
	build := exec.CommandContext(t.Context(), "go", "build", "-o", binary, "./lambdas/message")
	build.Dir = root
	if out, err := build.CombinedOutput(); err != nil {
		t.Fatalf("%v\n%s", err, out)
	}
	info, err := buildinfo.ReadFile(binary)
	if err != nil {
		t.Fatal(err)
	}
	for _, dependency := range info.Deps {
		if dependency.Path != "golang.org/x/net" {
			continue
		}
		var major, minor, patch int
		if _, err := fmt.Sscanf(dependency.Version, "v%d.%d.%d", &major, &minor, &patch); err != nil {
			t.Fatalf("%s: %v", dependency.Version, err)
		}
		if major == 0 && minor < 55 {
			t.Errorf("golang.org/x/net is %s, want v0.55.0 or later", dependency.Version)
		}
		return
	}
	t.Error("the function has no golang.org/x/net")
}

package documents_test

import (
	"encoding/json"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"
	"unicode"
)

// managedPolicy is how many characters a managed policy may have, white space
// not counted.
// https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_iam-quotas.html
const managedPolicy = 6144

// explained is a row of the table that gives the reasons for the statements.
var explained = regexp.MustCompile("(?m)^\\| ((?:`\\w+`(?:, )?)+) \\| (.+) \\| (.+) \\|$")

// TestEveryStatementOfTheDeployRoleHasItsReason reads what is written by hand of
// the role that deploys.
func TestEveryStatementOfTheDeployRoleHasItsReason(t *testing.T) {
	page, err := os.ReadFile(filepath.Join(root, "docs/deploy-role.md"))
	if err != nil {
		t.Fatal(err)
	}
	var reasons []string
	for _, row := range explained.FindAllStringSubmatch(string(page), -1) {
		if !strings.Contains(row[3], "](https://docs.aws.amazon.com/") {
			t.Errorf("%s has no page of AWS for its source", row[1])
		}
		for sid := range strings.SplitSeq(row[1], ", ") {
			reasons = append(reasons, strings.Trim(sid, "`"))
		}
	}
	var statements []string
	for _, statement := range deployStatements(t, "docs/deploy-role-supplement.json") {
		statements = append(statements, statement.Sid)
	}
	if !slices.Equal(reasons, statements) {
		t.Errorf("docs/deploy-role.md explains\n%v, the supplement has\n%v", reasons, statements)
	}
}

// TestTheDeployRoleCanBeAttached looks for what AWS would refuse.
func TestTheDeployRoleCanBeAttached(t *testing.T) {
	action := regexp.MustCompile(`^[a-z0-9-]+:[A-Za-z0-9]+\*?$`)
	for _, file := range []string{"docs/deploy-role.json", "docs/deploy-role-supplement.json"} {
		data, err := os.ReadFile(filepath.Join(root, file))
		if err != nil {
			t.Fatal(err)
		}
		length := strings.Count(strings.Map(func(r rune) rune {
			if unicode.IsSpace(r) {
				return -1
			}
			return r
		}, string(data)), "") - 1
		if length > managedPolicy {
			t.Errorf("%s has %d characters, a managed policy at most %d", file, length, managedPolicy)
		}
		seen := map[string]bool{}
		for _, statement := range deployStatements(t, file) {
			if statement.Effect != "Allow" || len(statement.Action) == 0 || len(statement.Resource) == 0 || seen[statement.Sid] {
				t.Errorf("%s: %s is not one whole statement", file, statement.Sid)
			}
			seen[statement.Sid] = true
			for _, a := range statement.Action {
				if !action.MatchString(a) {
					t.Errorf("%s: %s: %s is no action, or more than one service's prefix of them", file, statement.Sid, a)
				}
			}
		}
	}
}

type deployStatement struct {
	Sid, Effect      string
	Action, Resource []string
}

func deployStatements(t *testing.T, file string) []deployStatement {
	t.Helper()
	data, err := os.ReadFile(filepath.Join(root, file))
	if err != nil {
		t.Fatal(err)
	}
	var policy struct{ Statement []deployStatement }
	if err := json.Unmarshal(data, &policy); err != nil {
		t.Fatalf("%s: %v", file, err)
	}
	if len(policy.Statement) < 5 {
		t.Fatalf("%s has %d statements", file, len(policy.Statement))
	}
	return policy.Statement
}

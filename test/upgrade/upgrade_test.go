// Package upgrade_test applies the example as it was at the last release and
// plans the working tree on it: what people have must survive an upgrade.
package upgrade_test

import (
	"context"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/portcullis-chat/portcullis/internal/packaging"
	"github.com/portcullis-chat/portcullis/test/internal/tfroot"
	"github.com/portcullis-chat/portcullis/test/localstack"
)

const (
	root    = "../.."
	example = "examples/minimal"
)

// kept are the types whose replacement loses data, users or the address that
// clients know. Nothing may ever delete one of them, whatever UPGRADING.md says.
var kept = []string{
	"aws_apigatewayv2_api", "aws_apigatewayv2_stage", "aws_cognito_user_pool", "aws_cognito_user_pool_client", "aws_cloudwatch_log_group", "aws_dynamodb_table", "aws_kms_key",
}

// command runs a command in a folder and returns what it printed.
func command(t *testing.T, dir, name string, args ...string) string {
	t.Helper()
	cmd := exec.CommandContext(t.Context(), name, args...)
	cmd.Dir = dir
	out, err := cmd.Output()
	if err != nil {
		t.Fatalf("%s %s: %v\n%s", name, strings.Join(args, " "), err, out)
	}
	return strings.TrimSpace(string(out))
}

// before is the last release, or the first commit that has the example as long
// as there is none.
func before(t *testing.T) string {
	t.Helper()
	if tag := command(t, root, "git", "tag", "--merged", "HEAD", "--sort=-v:refname", "--list", "v*"); tag != "" {
		return strings.Fields(tag)[0]
	}
	if command(t, root, "git", "rev-parse", "--is-shallow-repository") == "true" {
		t.Fatal("this clone has neither a tag nor the history: get both with `git fetch --tags --unshallow`")
	}
	added := strings.Fields(command(t, root, "git", "log", "--diff-filter=A", "--format=%H", "--", example+"/main.tf"))
	if len(added) == 0 {
		t.Fatalf("no commit has added %s/main.tf", example)
	}
	return added[len(added)-1]
}

// packages builds the functions' zips of a tree.
func packages(t *testing.T, tree string) (dir, architecture string) {
	t.Helper()
	host, err := packaging.Host()
	if err != nil {
		t.Fatal(err)
	}
	dir = filepath.Join(t.TempDir(), "packages")
	if _, err := packaging.Build(t.Context(), tree, dir, host, packaging.Functions()); err != nil {
		t.Fatal(err)
	}
	return dir, string(host)
}

func TestAnUpgradeReplacesNothingThatPeopleHave(t *testing.T) {
	work := t.TempDir()
	base := before(t)
	t.Logf("from %s", base)
	old := filepath.Join(work, "old")
	if err := os.Mkdir(old, 0o700); err != nil {
		t.Fatal(err)
	}
	archive := filepath.Join(work, "old.tar")
	command(t, root, "git", "archive", "--output="+archive, base)
	command(t, old, "tar", "-xf", archive)

	stop, err := localstack.Start(t.Context(), root, work)
	if err != nil {
		t.Fatal(err)
	}
	defer stop()

	// The first commits have Terraform only: then both get the zips of today.
	functions := old
	if _, err := os.Stat(filepath.Join(old, "lambdas")); os.IsNotExist(err) {
		functions = root
	}
	vars := func(tree string) map[string]any {
		dir, architecture := packages(t, tree)
		return map[string]any{
			"name": "portcullis-upgrade", "package_dir": dir, "architecture": architecture, "cognito_endpoint": os.Getenv("AWS_ENDPOINT_URL"),
		}
	}
	was, err := tfroot.Copy(old, filepath.Join(work, "was"), example, vars(functions))
	if err != nil {
		t.Fatal(err)
	}
	is, err := tfroot.Copy(root, filepath.Join(work, "is"), example, vars(root))
	if err != nil {
		t.Fatal(err)
	}
	if err := was.Init(t.Context()); err != nil {
		t.Fatal(err)
	}
	if _, err := was.Apply(t.Context(), &struct{}{}); err != nil {
		t.Fatal(err)
	}
	state, err := os.ReadFile(filepath.Join(was.Dir, "terraform.tfstate"))
	if err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(filepath.Join(is.Dir, "terraform.tfstate"), state, 0o600); err != nil {
		t.Fatal(err)
	}
	if err := is.Init(t.Context()); err != nil {
		t.Fatal(err)
	}
	plan, err := is.Plan(context.WithoutCancel(t.Context()))
	if err != nil {
		t.Fatal(err)
	}

	told, err := os.ReadFile(filepath.Join(root, "UPGRADING.md"))
	if err != nil {
		t.Fatal(err)
	}
	same := 0
	for _, change := range plan.Changes {
		what := fmt.Sprintf("%s: %v", change.Address, change.Change.Actions)
		switch {
		case change.Nothing():
			same++
		case !change.Replaces():
			t.Log(what)
		case slices.Contains(kept, change.Type):
			t.Errorf("%s, which loses what people have", what)
		case !strings.Contains(string(told), "`"+change.Type+"`"):
			t.Errorf("%s, of which UPGRADING.md says nothing: it has to name `%s`", what, change.Type)
		default:
			t.Log(what)
		}
	}
	if same == 0 {
		t.Error("nothing stays as it is: is this a plan on the state of before?")
	}
}

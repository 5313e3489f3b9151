// Package upgrade_test applies each example as it was at the last release and
// plans the working tree on it: what people have must survive an upgrade.
package upgrade_test

import (
	"fmt"
	"maps"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/portcullis-chat/portcullis/internal/packaging"
	"github.com/portcullis-chat/portcullis/test/internal/examples"
	"github.com/portcullis-chat/portcullis/test/internal/tfroot"
	"github.com/portcullis-chat/portcullis/test/localstack"
)

const root = "../.."

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
// as there is none. It is empty when the last release does not have the example.
func before(t *testing.T, example string) string {
	t.Helper()
	main := "examples/" + example + "/main.tf"
	if tags := command(t, root, "git", "tag", "--merged", "HEAD", "--sort=-v:refname", "--list", "v*"); tags != "" {
		last := strings.Fields(tags)[0]
		if command(t, root, "git", "ls-tree", "--name-only", "--full-tree", last, main) == "" {
			return ""
		}
		return last
	}
	if command(t, root, "git", "rev-parse", "--is-shallow-repository") == "true" {
		t.Fatal("this clone has neither a tag nor the history: get both with `git fetch --tags --unshallow`")
	}
	added := strings.Fields(command(t, root, "git", "log", "--diff-filter=A", "--format=%H", "--", ":/"+main))
	if len(added) == 0 {
		t.Fatalf("no commit has added %s", main)
	}
	return added[len(added)-1]
}

// inputs are those of an example, with the zips of a tree.
func inputs(t *testing.T, tree, example string) map[string]any {
	t.Helper()
	host, err := packaging.Host()
	if err != nil {
		t.Fatal(err)
	}
	all := examples.Inputs(example)
	maps.Copy(all, map[string]any{"name": "upgrade-" + example, "architecture": string(host), "cognito_endpoint": os.Getenv("AWS_ENDPOINT_URL")})
	for name, functions := range map[string][]string{
		"package_dir":  packaging.Functions(),
		"handlers_dir": {"./examples/own-handlers/handlers/presence", "./examples/own-handlers/handlers/vote"},
	} {
		if name == "handlers_dir" && example != "own-handlers" {
			continue
		}
		dir := filepath.Join(t.TempDir(), "packages")
		if _, err := packaging.Build(t.Context(), tree, dir, host, functions); err != nil {
			t.Fatal(err)
		}
		all[name] = dir
	}
	return all
}

func TestAnUpgradeReplacesNothingThatPeopleHave(t *testing.T) {
	stop, err := localstack.Start(t.Context(), root, t.TempDir())
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(stop) // after the examples, which run side by side
	names, err := examples.Names(root)
	if err != nil {
		t.Fatal(err)
	}
	upgraded := 0
	for _, name := range names {
		base := before(t, name)
		if base == "" {
			t.Logf("%s is new", name)
			continue
		}
		upgraded++
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			upgrade(t, name, base)
		})
	}
	if upgraded == 0 {
		t.Error("the last release has no example")
	}
}

// upgrade applies an example as it was at a commit and plans the working tree on
// it.
func upgrade(t *testing.T, name, base string) {
	t.Helper()
	t.Logf("from %s", base)
	work := t.TempDir()
	old := filepath.Join(work, "old")
	if err := os.Mkdir(old, 0o700); err != nil {
		t.Fatal(err)
	}
	archive := filepath.Join(work, "old.tar")
	command(t, root, "git", "archive", "--output="+archive, base+":")
	command(t, old, "tar", "-xf", archive)

	// The first commits have Terraform only: then both get the zips of today.
	functions := old
	if _, err := os.Stat(filepath.Join(old, "lambdas")); os.IsNotExist(err) {
		functions = root
	}
	example := filepath.Join("examples", name)
	was, err := tfroot.Copy(old, filepath.Join(work, "was"), example, inputs(t, functions, name))
	if err != nil {
		t.Fatal(err)
	}
	is, err := tfroot.Copy(root, filepath.Join(work, "is"), example, inputs(t, root, name))
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
	plan, err := is.Plan(t.Context())
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

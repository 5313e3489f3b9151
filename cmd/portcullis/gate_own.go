package main

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"os/signal"
	"path/filepath"
	"strings"

	"github.com/open-policy-agent/opa/v1/ast"
	"github.com/spf13/cobra"

	"github.com/portcullis-chat/portcullis/internal/gate"
	"github.com/portcullis-chat/portcullis/internal/gate/output"
	"github.com/portcullis-chat/portcullis/internal/gate/policytest"
	"github.com/portcullis-chat/portcullis/internal/gate/scaffold"
	"github.com/portcullis-chat/portcullis/policies"
)

func newGateTestCommand() *cobra.Command {
	return &cobra.Command{
		Use:   "test <directory>",
		Short: "Test rules of your own",
		Long: `Test rules of your own.

Compiles the rules in a directory with those built in, runs the tests in its
*_test.rego as opa test does, and judges its fixtures: each directory with a
main.tf and a plan.json beside it, which terraform show -json made of it. Above
each resource in main.tf stands what your rules have to say of it; anything more
or less is a failure:

  # fail: ours/queue-name
  resource "aws_sqs_queue" "nameless" {}

Exit status: 0 all passed, 1 some did not, 2 wrong usage, 3 could not be run.`,
		Example: "  portcullis gate test .portcullis/policies",
		RunE: func(cmd *cobra.Command, args []string) error {
			return gateStatus(cmd, testPolicies(cmd, args))
		},
	}
}

func testPolicies(cmd *cobra.Command, args []string) error {
	if len(args) != 1 {
		return usageError{errors.New("test takes the directory with your rules")}
	}
	ctx, stop := signal.NotifyContext(cmd.Context(), os.Interrupt)
	defer stop()
	engine, err := (&gateFlags{policies: args}).engine()
	if err != nil {
		return err
	}
	inBuilt, err := gate.Load([]fs.FS{policies.FS})
	if err != nil {
		return err
	}
	own := engine.ByID()
	for id := range inBuilt.ByID() {
		delete(own, id)
	}
	ran, skipped, failed, err := testRego(ctx, cmd, args[0])
	if err != nil {
		return err
	}
	seen := map[string]bool{}
	judged, wrong, err := testFixtures(ctx, cmd, engine, args[0], own, seen)
	if err != nil {
		return err
	}
	if ran+skipped+judged == 0 {
		return fmt.Errorf("%s has no test: neither a *_test.rego nor a fixture", args[0])
	}
	for _, rule := range engine.Rules {
		for _, verdict := range []string{"pass", "fail"} {
			if own[rule.ID] != nil && judged > 0 && !seen[verdict+" "+rule.ID] {
				wrong++
				fmt.Fprintf(cmd.OutOrStdout(), "FAIL: no fixture has a resource with # %s: %s\n", verdict, rule.ID)
			}
		}
	}
	fmt.Fprintf(cmd.OutOrStdout(), "%d tests and %d fixtures, %d failures, %d skipped\n", ran, judged, failed+wrong, skipped)
	if failed+wrong > 0 {
		return gateFindings
	}
	return nil
}

// testRego runs the tests in Rego of a directory. OPA skips those whose names
// begin with todo_.
func testRego(ctx context.Context, cmd *cobra.Command, dir string) (ran, skipped, failed int, err error) {
	modules := map[string]*ast.Module{}
	if err := policytest.Parse(modules, "portcullis:", policies.FS, false); err != nil {
		return 0, 0, 0, err
	}
	if err := policytest.Parse(modules, "", os.DirFS(dir), true); err != nil {
		return 0, 0, 0, err
	}
	results, err := policytest.Rego(ctx, modules, nil)
	if err != nil {
		return 0, 0, 0, err
	}
	for _, result := range results {
		switch {
		case result.Skip:
			skipped++
		case result.Pass():
			ran++
		default:
			ran++
			failed++
		}
		fmt.Fprintln(cmd.OutOrStdout(), cleanLines(strings.TrimRight(result.String(), "\n")))
	}
	return ran, skipped, failed, nil
}

// testFixtures judges the fixtures below a directory by the rules of its own.
func testFixtures(ctx context.Context, cmd *cobra.Command, engine *gate.Engine, dir string, own map[string]*gate.Rule, seen map[string]bool) (judged, failed int, err error) {
	err = filepath.WalkDir(dir, func(name string, entry fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		if entry.IsDir() && strings.HasPrefix(entry.Name(), ".terraform") {
			return fs.SkipDir
		}
		if entry.Name() != "main.tf" {
			return nil
		}
		fixture := filepath.Dir(name)
		if _, err := os.Stat(filepath.Join(fixture, "plan.json")); err != nil {
			return fmt.Errorf("%s has a main.tf and no plan.json: run there `terraform init`, `terraform plan -out=tfplan` and `terraform show -json tfplan > plan.json`", fixture)
		}
		want, err := policytest.Expected(fixture)
		if err != nil {
			return err
		}
		for _, all := range want {
			for _, verdict := range all {
				seen[verdict] = true
			}
		}
		report, err := policytest.Fixture(ctx, engine, fixture, true)
		if err != nil {
			return err
		}
		judged++
		differences := policytest.Differences(want, policytest.Verdicts(report, func(rule string) bool { return own[rule] != nil }))
		word := "PASS"
		if len(differences) > 0 {
			word = "FAIL"
			failed++
		}
		fmt.Fprintf(cmd.OutOrStdout(), "%s: %s\n", word, output.Clean(fixture))
		for _, difference := range differences {
			fmt.Fprintln(cmd.OutOrStdout(), cleanLines(difference))
		}
		return nil
	})
	return judged, failed, err
}

func cleanLines(text string) string {
	lines := strings.Split(text, "\n")
	for i := range lines {
		lines[i] = output.Clean(lines[i])
	}
	return strings.Join(lines, "\n")
}

func newGateInitCommand() *cobra.Command {
	return &cobra.Command{
		Use:   "init [directory]",
		Short: "Write a start: waivers, a rule of your own with its tests, CI",
		Long: `Write a start into .portcullis of a directory: an empty waiver file, a rule of
your own with a test and a fixture, and a CI job each for GitHub and GitLab to
copy. Nothing that is there is written over.`,
		RunE: func(cmd *cobra.Command, args []string) error {
			return gateStatus(cmd, initGate(cmd, args))
		},
	}
}

func initGate(cmd *cobra.Command, args []string) error {
	dir := "."
	switch len(args) {
	case 0:
	case 1:
		dir = args[0]
	default:
		return usageError{errors.New("init takes one directory")}
	}
	if info, err := os.Stat(dir); err != nil || !info.IsDir() {
		return usageError{fmt.Errorf("%s is no directory", dir)}
	}
	written, err := scaffold.Write(dir)
	if err != nil {
		return err
	}
	for _, name := range written {
		fmt.Fprintf(cmd.OutOrStdout(), "%s\n", output.Clean(name))
	}
	own := filepath.Join(dir, ".portcullis", "policies")
	fmt.Fprintf(cmd.OutOrStdout(), "\nTry: portcullis gate test %s\n     portcullis gate --policy=%s tfplan\n", output.Clean(own), output.Clean(own))
	return nil
}

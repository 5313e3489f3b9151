// Package policytest tests rules: by their own tests in Rego, and by fixtures,
// which are plans with the verdict on each resource written above its block.
package policytest

import (
	"bufio"
	"context"
	"fmt"
	"io/fs"
	"maps"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"time"

	"github.com/open-policy-agent/opa/v1/ast"
	"github.com/open-policy-agent/opa/v1/cover"
	"github.com/open-policy-agent/opa/v1/storage/inmem"
	"github.com/open-policy-agent/opa/v1/tester"

	"github.com/portcullis-chat/portcullis/internal/gate"
	"github.com/portcullis-chat/portcullis/internal/gate/plan"
)

var (
	verdict = regexp.MustCompile(`^# (pass|fail|unknown): (.+)$`)
	head    = regexp.MustCompile(`^resource "([^"]+)" "([^"]+)"`)
	other   = regexp.MustCompile(`^(provider|module) "([^"]+)"`)
	alias   = regexp.MustCompile(`^  alias += "([^"]+)"`)
	key     = regexp.MustCompile(`\[.*\]$`)
)

// Expected are the verdicts written above the blocks of a fixture's main.tf:
//
//	# fail: websocket/connect-authorizer
//	resource "aws_apigatewayv2_route" "open" {
//
// by address without keys, as "fail websocket/connect-authorizer". The alias of a
// provider block stands in the line below its first.
func Expected(dir string) (map[string][]string, error) {
	file, err := os.Open(filepath.Join(dir, "main.tf")) // #nosec G304 -- the user names the folder
	if err != nil {
		return nil, err
	}
	defer func() { _ = file.Close() }()
	all := map[string][]string{}
	var above, beside []string // beside the block that the last line began
	var block string
	lines := bufio.NewScanner(file)
	for lines.Scan() {
		line := strings.TrimRight(lines.Text(), "\r")
		if m := verdict.FindStringSubmatch(line); m != nil {
			for _, rule := range strings.Split(m[2], ", ") {
				above = append(above, m[1]+" "+rule)
			}
			continue
		}
		if m := head.FindStringSubmatch(line); m != nil {
			all[m[1]+"."+m[2]] = above
		}
		if block != "" {
			if m := alias.FindStringSubmatch(line); m != nil {
				block += "." + m[1]
			}
			all[block], block = beside, ""
		}
		if m := other.FindStringSubmatch(line); m != nil {
			block, beside = m[1]+"."+m[2], above
		}
		if !strings.HasPrefix(line, "#") {
			above = nil
		}
	}
	return all, lines.Err()
}

// Verdicts are what the rules that are asked for say in a report, in the form of
// Expected.
func Verdicts(r *gate.Report, asked func(rule string) bool) map[string][]string {
	all := map[string][]string{}
	add := func(address, rule, verdict string) {
		base := key.ReplaceAllString(address, "")
		if asked(rule) && !slices.Contains(all[base], verdict+" "+rule) {
			all[base] = append(all[base], verdict+" "+rule)
		}
	}
	for _, f := range r.Findings {
		add(f.Address, f.Rule, map[gate.Kind]string{gate.Fail: "fail", gate.CannotTell: "unknown"}[f.Kind])
	}
	for _, p := range r.Passed {
		add(p.Address, p.Rule, "pass")
	}
	return all
}

// Differences says where verdicts are other than expected, in words.
func Differences(want, got map[string][]string) []string {
	addresses := map[string]bool{}
	for address := range want {
		addresses[address] = true
	}
	for address := range got {
		addresses[address] = true
	}
	var all []string
	for _, address := range slices.Sorted(maps.Keys(addresses)) {
		wanted, have := slices.Sorted(slices.Values(want[address])), slices.Sorted(slices.Values(got[address]))
		if !slices.Equal(wanted, have) {
			all = append(all, fmt.Sprintf("%s\n  want %s\n  have %s", address, words(wanted), words(have)))
		}
	}
	return all
}

func words(verdicts []string) string {
	if len(verdicts) == 0 {
		return "nothing"
	}
	return strings.Join(verdicts, ", ")
}

// Parse reads the modules of a folder, and those in tests if they are wanted.
// Their names begin with prefix.
func Parse(into map[string]*ast.Module, prefix string, from fs.FS, tests bool) error {
	return fs.WalkDir(from, ".", func(name string, entry fs.DirEntry, err error) error {
		if err != nil || entry.IsDir() || !strings.HasSuffix(name, ".rego") || !tests && strings.HasSuffix(name, "_test.rego") {
			return err
		}
		body, err := fs.ReadFile(from, name)
		if err != nil {
			return err
		}
		module, err := ast.ParseModuleWithOpts(prefix+name, string(body), ast.ParserOptions{RegoVersion: ast.RegoV1})
		if err != nil {
			return err
		}
		if module != nil {
			into[prefix+name] = module
		}
		return nil
	})
}

// Rego runs the tests in modules as `opa test` does, with the built-in functions
// that rules may use. A tracer that is nil measures nothing.
func Rego(ctx context.Context, modules map[string]*ast.Module, tracer *cover.Cover) ([]*tester.Result, error) {
	runner := tester.NewRunner().SetCompiler(ast.NewCompiler().WithStrict(true).WithCapabilities(gate.Capabilities())).
		SetModules(modules).SetStore(inmem.New()).SetTimeout(time.Minute)
	if tracer != nil {
		runner = runner.SetCoverageQueryTracer(tracer)
	}
	results, err := runner.RunTests(ctx, nil)
	if err != nil {
		return nil, err
	}
	var all []*tester.Result
	for result := range results {
		all = append(all, result)
	}
	return all, ctx.Err()
}

// Fixture judges a fixture: plan.json beside main.tf, which is also where its
// source lines are.
func Fixture(ctx context.Context, e *gate.Engine, dir string, sources bool) (*gate.Report, error) {
	o := plan.Options{Path: filepath.Join(dir, "plan.json")}
	if sources {
		o.Dir = dir
	}
	in, err := plan.Read(ctx, o)
	if err != nil {
		return nil, err
	}
	return e.Evaluate(ctx, in)
}

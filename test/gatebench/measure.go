//go:build linux

package main

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"github.com/open-policy-agent/opa/v1/ast"
	"github.com/open-policy-agent/opa/v1/rego"
	"golang.org/x/sys/unix"

	"github.com/portcullis-chat/portcullis/internal/gate"
	"github.com/portcullis-chat/portcullis/internal/gate/normal"
	"github.com/portcullis-chat/portcullis/internal/gate/plan"
	"github.com/portcullis-chat/portcullis/policies"
	"github.com/portcullis-chat/portcullis/test/internal/checkov"
)

const checkovVersion = checkov.Version

type bench struct {
	ctx                      context.Context
	work, plan               string
	gate, conftest, measured string // programs
	whole                    []byte // the plan's JSON
}

// use is what one run of a process took: by the clock, of the processors, and
// at most of memory in bytes.
type use struct {
	Clock, CPU time.Duration
	Memory     int64
}

// process runs a program; findings are no failure.
func (b *bench) process(name string, args ...string) (use, []byte, error) {
	took := filepath.Join(b.work, "took.json")
	cmd := exec.CommandContext(b.ctx, b.measured, append([]string{took, name}, args...)...) // #nosec G204 -- the programs are this file's
	var out, said bytes.Buffer
	cmd.Stdout, cmd.Stderr = &out, &said
	err := cmd.Run()
	var exit *exec.ExitError
	if err != nil && (!errors.As(err, &exit) || exit.ExitCode() != 1) {
		return use{}, nil, fmt.Errorf("%s: %w\n%s", filepath.Base(name), err, said.String())
	}
	written, err := os.ReadFile(took) // #nosec G304 -- of this run
	if err != nil {
		return use{}, nil, err
	}
	var u use
	err = json.Unmarshal(written, &u)
	return u, out.Bytes(), err
}

// median of many runs, each figure for itself.
func median(all []use) use {
	of := func(figure func(use) int64) int64 {
		figures := make([]int64, len(all))
		for i, u := range all {
			figures[i] = figure(u)
		}
		slices.Sort(figures)
		return figures[len(figures)/2]
	}
	return use{
		Clock: time.Duration(of(func(u use) int64 { return int64(u.Clock) })), CPU: time.Duration(of(func(u use) int64 { return int64(u.CPU) })),
		Memory: of(func(u use) int64 { return u.Memory }),
	}
}

// turns runs processes in turns, so that all meet the same machine.
func (b *bench) turns(rounds int, commands ...[]string) ([]use, error) {
	all := make([][]use, len(commands))
	for round := range rounds + 1 {
		for i, command := range commands {
			u, _, err := b.process(command[0], command[1:]...)
			if err != nil {
				return nil, err
			}
			if round > 0 { // the first warms up
				all[i] = append(all[i], u)
			}
		}
	}
	medians := make([]use, len(all))
	for i := range all {
		medians[i] = median(all[i])
	}
	return medians, nil
}

type peers struct{ Gate, Conftest, Checkov use }

type found struct{ Gate, Conftest, Checkov int }

// rules copies the policies, without their tests, for conftest.
func (b *bench) rules() (string, error) {
	dir := filepath.Join(b.work, "policy")
	err := fs.WalkDir(policies.FS, ".", func(name string, entry fs.DirEntry, err error) error {
		if err != nil || entry.IsDir() || !strings.HasSuffix(name, ".rego") || strings.HasSuffix(name, "_test.rego") {
			return err
		}
		body, err := fs.ReadFile(policies.FS, name)
		if err != nil {
			return err
		}
		to := filepath.Join(dir, filepath.FromSlash(name))
		if err := os.MkdirAll(filepath.Dir(to), 0o700); err != nil {
			return err
		}
		return os.WriteFile(to, body, 0o600)
	})
	if err != nil {
		return "", err
	}
	shim, err := os.ReadFile("policies/conftest.rego")
	if err != nil {
		return "", err
	}
	return dir, os.WriteFile(filepath.Join(dir, "conftest.rego"), shim, 0o600)
}

// small measures the whole processes on the example's plan, and sees that all
// of them have judged it.
func (b *bench) small(r *report) error {
	engine, err := gate.Load([]fs.FS{policies.FS})
	if err != nil {
		return err
	}
	r.Rules = len(engine.Rules)
	input, err := b.normalized(b.plan)
	if err != nil {
		return err
	}
	rules, err := b.rules()
	if err != nil {
		return err
	}
	ours := []string{b.gate, "gate", b.plan, "--format=json", "--unknown=fail"}
	theirs := []string{b.conftest, "test", input, "--policy", rules, "--output", "json"}
	if err := b.agree(r, ours, theirs); err != nil {
		return err
	}
	medians, err := b.turns(11, ours, theirs)
	if err != nil {
		return err
	}
	r.Small.Gate, r.Small.Conftest = medians[0], medians[1]
	var runs []use
	for round := range 4 {
		var before, after unix.Rusage
		_ = unix.Getrusage(unix.RUSAGE_CHILDREN, &before) // cannot fail with these arguments
		began := time.Now()
		findings, err := checkov.Run(b.ctx, b.plan, "", func(text string) { fmt.Println(text) })
		if err != nil {
			return err
		}
		took := time.Since(began)
		_ = unix.Getrusage(unix.RUSAGE_CHILDREN, &after) // as above
		r.Found.Checkov = len(findings)
		if round > 0 { // the first may have installed it
			runs = append(runs, use{Clock: took, CPU: processor(&after) - processor(&before)})
		}
	}
	r.Small.Checkov = median(runs)
	return nil
}

func processor(u *unix.Rusage) time.Duration { return time.Duration(u.Utime.Nano() + u.Stime.Nano()) }

// agree sees that the gate and conftest find the same.
func (b *bench) agree(r *report, ours, theirs []string) error {
	var report struct {
		Resources int `json:"resources"`
		Findings  []struct {
			Rule, Address, Message string
		} `json:"findings"`
	}
	_, out, err := b.process(ours[0], ours[1:]...)
	if err == nil {
		err = json.Unmarshal(out, &report)
	}
	if err != nil {
		return err
	}
	type message struct{ Msg string }
	var files []struct{ Failures, Warnings []message }
	_, out, err = b.process(theirs[0], theirs[1:]...)
	if err == nil {
		err = json.Unmarshal(out, &files)
	}
	if err != nil {
		return err
	}
	messages := map[string]bool{}
	for _, f := range report.Findings {
		messages[fmt.Sprintf("%s %s: %s", f.Rule, f.Address, f.Message)] = true
	}
	r.Resources, r.Found.Gate = report.Resources, len(messages)
	said := map[string]bool{}
	for _, file := range files {
		for _, f := range slices.Concat(file.Failures, file.Warnings) {
			if said[f.Msg] = true; !messages[f.Msg] {
				return fmt.Errorf("conftest alone says: %s", f.Msg)
			}
		}
	}
	r.Found.Conftest = len(said)
	if r.Found.Gate != r.Found.Conftest {
		return fmt.Errorf("the gate finds %d, conftest %d", r.Found.Gate, r.Found.Conftest)
	}
	return nil
}

func (b *bench) normalized(file string) (string, error) {
	_, out, err := b.process(b.gate, "gate", "normalize", file)
	if err != nil {
		return "", err
	}
	to := file + ".normalized.json"
	return to, os.WriteFile(to, out, 0o600)
}

type start struct{ Help, Tiny, Conftest use }

// start measures what takes no judging.
func (b *bench) start(r *report) error {
	tiny := filepath.Join(b.work, "tiny.json")
	const body = `{"format_version":"1.2","terraform_version":"1.11.4","resource_changes":[{"address":"aws_sqs_queue.q","mode":"managed","type":"aws_sqs_queue","name":"q","change":{"actions":["create"],"after":{"name":"q"},"after_unknown":{"arn":true}}}],"configuration":{"root_module":{"resources":[{"mode":"managed","type":"aws_sqs_queue","name":"q","expressions":{"name":{"constant_value":"q"}}}]}}}`
	if err := os.WriteFile(tiny, []byte(body), 0o600); err != nil {
		return err
	}
	input, err := b.normalized(tiny)
	if err != nil {
		return err
	}
	medians, err := b.turns(21, []string{b.gate, "gate", "--help"}, []string{b.gate, "gate", tiny},
		[]string{b.conftest, "test", input, "--policy", filepath.Join(b.work, "policy")})
	if err != nil {
		return err
	}
	r.Start = start{Help: medians[0], Tiny: medians[1], Conftest: medians[2]}
	return nil
}

type evaluation struct {
	Resources      int
	Gate, HandMade time.Duration
}

// Limit is what the goal allows the gate.
func (e evaluation) Limit() time.Duration { return e.HandMade * 3 / 2 }

// evaluations compares judging a plan that has been read, from its raw values to
// the report, with OPA alone on input that is ready.
func (b *bench) evaluations(r *report) error {
	for _, copies := range []int{3, 26} {
		file, resources, _, err := b.big(copies)
		if err != nil {
			return err
		}
		in, err := plan.Read(b.ctx, plan.Options{Path: file})
		if err != nil {
			return err
		}
		engine, err := gate.Load([]fs.FS{policies.FS})
		if err != nil {
			return err
		}
		alone, err := b.prepared(in)
		if err != nil {
			return err
		}
		e := evaluation{Resources: resources}
		var ours, theirs []use
		for round := range 12 {
			began := time.Now()
			if _, err := engine.Evaluate(b.ctx, in); err != nil {
				return err
			}
			middle := time.Now()
			if err := alone(); err != nil {
				return err
			}
			if round > 0 {
				ours = append(ours, use{Clock: middle.Sub(began)})
				theirs = append(theirs, use{Clock: time.Since(middle)})
			}
		}
		e.Gate, e.HandMade = median(ours).Clock, median(theirs).Clock
		r.Evaluations = append(r.Evaluations, e)
	}
	return nil
}

// prepared gives the evaluation of all rules by OPA, on input made beforehand.
func (b *bench) prepared(in *plan.Input) (func() error, error) {
	modules := map[string]*ast.Module{}
	err := fs.WalkDir(policies.FS, ".", func(name string, entry fs.DirEntry, err error) error {
		if err != nil || entry.IsDir() || !strings.HasSuffix(name, ".rego") || strings.HasSuffix(name, "_test.rego") {
			return err
		}
		body, err := fs.ReadFile(policies.FS, name)
		if err == nil {
			modules[name], err = ast.ParseModule(name, string(body))
		}
		return err
	})
	if err != nil {
		return nil, err
	}
	compiler := ast.NewCompiler()
	if compiler.Compile(modules); compiler.Failed() {
		return nil, compiler.Errors
	}
	document, err := normal.New(in, nil)
	if err != nil {
		return nil, err
	}
	input, err := gate.Input(document)
	if err != nil {
		return nil, err
	}
	var queries []rego.PreparedEvalQuery
	for _, module := range modules {
		if !module.Package.Path.HasPrefix(ast.MustParseRef("data.portcullis.rules")) {
			continue
		}
		query, err := rego.New(rego.ParsedQuery(ast.NewBody(ast.NewExpr(ast.NewTerm(module.Package.Path)))), rego.Compiler(compiler)).PrepareForEval(b.ctx)
		if err != nil {
			return nil, err
		}
		queries = append(queries, query)
	}
	return func() error { return all(b.ctx, queries, input) }, nil
}

type size struct {
	Resources int
	Bytes     int64
	Use       use
}

// Each is the processor time for one resource.
func (s size) Each() time.Duration { return s.Use.CPU / time.Duration(s.Resources) }

// sizes measures the whole process on ever larger plans, in turns, so that all
// meet the same machine.
func (b *bench) sizes(r *report) error {
	var commands [][]string
	for _, copies := range []int{85, 340, 850} {
		file, resources, bytes, err := b.big(copies)
		if err != nil {
			return err
		}
		r.Sizes = append(r.Sizes, size{Resources: resources, Bytes: bytes})
		commands = append(commands, []string{b.gate, "gate", file})
	}
	medians, err := b.turns(3, commands...)
	if err != nil {
		return err
	}
	for i, command := range commands {
		r.Sizes[i].Use = medians[i]
		if err := os.Remove(command[2]); err != nil {
			return err
		}
	}
	return nil
}

// Faster tells whether the gate is 50 times as fast as Checkov.
func (r *report) Faster() bool { return r.Small.Checkov.Clock >= 50*r.Small.Gate.Clock }

// Lean tells whether a plan takes at most five times its size. The smallest may
// take in addition what the program takes with the same rules and hardly a plan.
func (r *report) Lean(i int) bool {
	limit := 5 * r.Sizes[i].Bytes
	if i == 0 {
		limit += r.Small.Gate.Memory
	}
	return r.Sizes[i].Use.Memory <= limit
}

// Linear tells whether a resource takes as long in a large plan as in the smallest.
func (r *report) Linear(i int) bool { return r.Sizes[i].Each()*10 <= r.Sizes[0].Each()*13 }

//go:build linux

// Plancost measures how long Terraform plans the examples, and compares the chat
// with the same resources written flat in one root, which it makes itself. It
// writes docs/plan-performance.md; `make bench-modules` runs it from the root of
// the repository. What it compares is measured in turns in the same run.
package main

import (
	"bytes"
	"context"
	_ "embed"
	"encoding/json"
	"errors"
	"flag"
	"fmt"
	"maps"
	"os"
	"os/signal"
	"path/filepath"
	"slices"
	"strings"
	"syscall"
	"text/template"
	"time"

	"github.com/portcullis-chat/portcullis/internal/packaging"
	"github.com/portcullis-chat/portcullis/test/internal/examples"
	"github.com/portcullis-chat/portcullis/test/internal/machine"
	"github.com/portcullis-chat/portcullis/test/internal/tfroot"
	"github.com/portcullis-chat/portcullis/test/localstack"
)

// goal is how many times as long as the flat root the modules may take.
const goal = 2.0

//go:embed report.md.tmpl
var page string

func main() { os.Exit(status()) }

// status runs the bench and returns the status to end with.
func status() int {
	out := flag.String("o", "", "file to write; standard output if there is none")
	rounds := flag.Int("rounds", 7, "how often each root is planned")
	flag.Parse()
	ctx, stop := signal.NotifyContext(context.Background(), syscall.SIGINT, syscall.SIGTERM)
	defer stop()
	if err := run(ctx, *out, *rounds); err != nil {
		fmt.Fprintln(os.Stderr, "plancost:", err)
		return 1
	}
	return 0
}

// root is a root that is planned from an empty state.
type root struct {
	Name      string
	Resources int
	Took      []time.Duration
	tf        *tfroot.Root
}

// Median is the middle one of the times.
func (r *root) Median() time.Duration { return middle(r.Took) }

// Least and Most are the shortest and the longest time.
func (r *root) Least() time.Duration { return slices.Min(r.Took) }

// Most is the longest time.
func (r *root) Most() time.Duration { return slices.Max(r.Took) }

func middle[T float64 | time.Duration](values []T) T {
	sorted := slices.Sorted(slices.Values(values))
	return sorted[len(sorted)/2]
}

// report is everything that was measured.
type report struct {
	Machine  string
	Rounds   int
	Examples []*root
	Chat     *root // one of the examples
	Flat     *root // the same, flat
	One      *root // one resource: what every plan takes
}

// Ratio is the middle one of the rounds' ratios.
func (r *report) Ratio() float64 {
	ratios := make([]float64, 0, len(r.Chat.Took))
	for i := range r.Chat.Took {
		ratios = append(ratios, r.Chat.Took[i].Seconds()/r.Flat.Took[i].Seconds())
	}
	return middle(ratios)
}

// Above is the ratio of what both take above a plan of one resource.
func (r *report) Above() float64 {
	one := r.One.Median()
	return (r.Chat.Median() - one).Seconds() / (r.Flat.Median() - one).Seconds()
}

// Met tells whether the goal is.
func (r *report) Met() bool { return r.Ratio() <= goal }

func run(ctx context.Context, out string, rounds int) error {
	if rounds < 1 {
		return errors.New("-rounds must be at least 1")
	}
	work, err := os.MkdirTemp("", "portcullis-plancost-")
	if err != nil {
		return err
	}
	defer func() { _ = os.RemoveAll(work) }()
	r := &report{Machine: machine.Name(), Rounds: rounds}
	if err := r.prepare(ctx, work); err != nil {
		return err
	}
	roots := append(slices.Clone(r.Examples), r.Flat, r.One)
	for round := range rounds {
		fmt.Fprintf(os.Stderr, "round %d of %d\n", round+1, rounds)
		for _, root := range roots {
			took, err := root.tf.TimePlan(ctx)
			if err != nil {
				return fmt.Errorf("%s: %w", root.Name, err)
			}
			root.Took = append(root.Took, took)
		}
	}
	text, err := r.text()
	if err != nil {
		return err
	}
	if out == "" {
		_, err = os.Stdout.Write(text)
	} else {
		err = os.WriteFile(out, text, 0o644) //nolint:gosec // a page of the documentation
	}
	if err == nil && !r.Met() {
		err = fmt.Errorf("the modules take %.2f times as long as the flat root, at most %.0f is the goal", r.Ratio(), goal)
	}
	return err
}

func (r *report) text() ([]byte, error) {
	parsed, err := template.New("page").Funcs(template.FuncMap{
		"s":    func(d time.Duration) string { return fmt.Sprintf("%.1f s", d.Seconds()) },
		"x":    func(f float64) string { return fmt.Sprintf("%.2f", f) },
		"date": func() string { return time.Now().UTC().Format("January 2006") },
		"goal": func() float64 { return goal },
	}).Parse(page)
	if err != nil {
		return nil, err
	}
	var out bytes.Buffer
	err = parsed.Execute(&out, r)
	return out.Bytes(), err
}

// prepare makes all roots and plans each once, so that files are in memory
// before anything is measured.
func (r *report) prepare(ctx context.Context, work string) error {
	host, err := packaging.Host()
	if err != nil {
		return err
	}
	packages, handlers := filepath.Join(work, "packages"), filepath.Join(work, "handlers")
	if _, err := packaging.Build(ctx, ".", packages, host, packaging.Functions()); err != nil {
		return err
	}
	if _, err := packaging.Build(ctx, ".", handlers, host, []string{"./examples/own-handlers/handlers/presence", "./examples/own-handlers/handlers/vote"}); err != nil {
		return err
	}
	names, err := examples.Names(".")
	if err != nil {
		return err
	}
	for _, name := range names {
		all := map[string]any{"package_dir": packages, "architecture": string(host)}
		maps.Copy(all, examples.Inputs(name))
		if name == "own-handlers" {
			all["handlers_dir"] = handlers
		}
		fmt.Fprintln(os.Stderr, "planning", name)
		var was state
		if name == "complete" {
			all["cognito_endpoint"] = "https://cognito-idp.eu-west-1.amazonaws.com"
			if was, err = applied(ctx, filepath.Join(work, "applied"), all); err != nil {
				return err
			}
		}
		example, first, err := r.example(ctx, filepath.Join(work, name), name, all)
		if err != nil {
			return fmt.Errorf("%s: %w", name, err)
		}
		if name == "complete" {
			r.Chat = example
			if err := r.flat(ctx, filepath.Join(work, "flat"), first, was); err != nil {
				return fmt.Errorf("the flat root: %w", err)
			}
		}
	}
	one := map[string]any{"aws_sns_topic": map[string]any{"this": map[string]any{"name": "one"}}}
	r.One, _, err = made(ctx, filepath.Join(work, "one"), map[string]any{"provider": map[string]any{"aws": provider()}, "resource": one})
	return err
}

// applied is the state of the complete example on the local stack.
func applied(ctx context.Context, work string, inputs map[string]any) (was state, err error) {
	if err := os.MkdirAll(work, 0o700); err != nil {
		return was, err
	}
	stop, err := localstack.Start(ctx, ".", work)
	if err != nil {
		return was, err
	}
	defer stop()
	root, err := tfroot.Copy(".", work, "examples/complete", inputs)
	if err != nil {
		return was, err
	}
	if err := root.Init(ctx); err != nil {
		return was, err
	}
	fmt.Fprintln(os.Stderr, "applying complete")
	if _, err := root.Apply(ctx, &struct{}{}); err != nil {
		return was, err
	}
	data, err := os.ReadFile(filepath.Join(root.Dir, "terraform.tfstate"))
	if err != nil {
		return was, err
	}
	return was, json.Unmarshal(data, &was)
}

// example plans a copy of an example, without asking AWS.
func (r *report) example(ctx context.Context, work, name string, inputs map[string]any) (*root, plan, error) {
	tf, err := tfroot.Copy(".", work, "examples/"+name, inputs)
	if err != nil {
		return nil, plan{}, err
	}
	if err := examples.Offline(tf); err != nil {
		return nil, plan{}, err
	}
	example, first, err := planned(ctx, tf, name)
	r.Examples = append(r.Examples, example)
	return example, first, err
}

// provider is the provider block of the complete example, for a root without
// inputs.
func provider() map[string]any {
	settings := map[string]any{"region": "eu-west-1", "default_tags": map[string]any{"tags": map[string]any{"project": "portcullis", "example": "complete"}}}
	maps.Copy(settings, examples.Provider())
	return settings
}

// flat makes the flat root and fails unless its plan is that of the modules.
func (r *report) flat(ctx context.Context, work string, first plan, was state) error {
	data, err := r.Chat.tf.Schemas(ctx)
	if err != nil {
		return err
	}
	var said schema
	if err := json.Unmarshal(data, &said); err != nil {
		return err
	}
	all, err := resources(first, said, was)
	if err != nil {
		return err
	}
	flat, again, err := made(ctx, work, flatten(all, provider()))
	if err != nil {
		return err
	}
	if differences := different(all, again); len(differences) > 0 {
		return fmt.Errorf("its plan is not that of the modules:\n%s", strings.Join(differences, "\n"))
	}
	r.Flat = flat
	return nil
}

// made writes a root and plans it.
func made(ctx context.Context, work string, configuration map[string]any) (*root, plan, error) {
	dir := filepath.Join(work, "root")
	if err := os.MkdirAll(dir, 0o700); err != nil {
		return nil, plan{}, err
	}
	configuration["terraform"] = map[string]any{"required_providers": map[string]any{"aws": map[string]any{"source": "hashicorp/aws", "version": ">= 5.100, < 7.0"}}}
	text, err := json.MarshalIndent(configuration, "", "  ")
	if err != nil {
		return nil, plan{}, err
	}
	if err := os.WriteFile(filepath.Join(dir, "main.tf.json"), text, 0o600); err != nil {
		return nil, plan{}, err
	}
	tf, err := tfroot.In(dir, work, map[string]any{})
	if err != nil {
		return nil, plan{}, err
	}
	return planned(ctx, tf, filepath.Base(work))
}

// planned plans a root for the first time.
func planned(ctx context.Context, tf *tfroot.Root, name string) (*root, plan, error) {
	var said plan
	if err := tf.Init(ctx); err != nil {
		return nil, said, err
	}
	made, err := tf.Plan(ctx)
	if err != nil {
		return nil, said, err
	}
	data, err := os.ReadFile(made.File)
	if err != nil {
		return nil, said, err
	}
	return &root{Name: name, Resources: len(made.Changes), tf: tf}, said, json.Unmarshal(data, &said)
}

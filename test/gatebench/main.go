//go:build linux

// Gatebench measures the gate beside conftest and Checkov and writes
// docs/gate-performance.md. Everything is measured in one run, so that ratios
// hold on other machines too.
package main

import (
	"context"
	_ "embed"
	"flag"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"text/template"
	"time"

	"github.com/portcullis-chat/portcullis/test/internal/bigplan"
	"github.com/portcullis-chat/portcullis/test/internal/machine"
)

//go:embed report.md.tmpl
var page string

// report is everything that was measured.
type report struct {
	Machine           string
	Resources, Rules  int
	Conftest, Checkov string // versions
	Found             found
	Small             peers
	Start             start
	Evaluations       []evaluation
	Sizes             []size
}

func main() {
	out := flag.String("o", "docs/gate-performance.md", "file to write")
	flag.Parse()
	if err := run(context.Background(), *out); err != nil {
		fmt.Fprintln(os.Stderr, "gatebench:", err)
		os.Exit(1)
	}
}

func run(ctx context.Context, file string) error {
	work, err := os.MkdirTemp("", "gatebench-")
	if err != nil {
		return err
	}
	defer func() { _ = os.RemoveAll(work) }()
	b := &bench{ctx: ctx, work: work, gate: filepath.Join(work, "portcullis"), conftest: filepath.Join(work, "conftest"), measured: filepath.Join(work, "measured")}
	fmt.Println("building")
	for _, args := range [][]string{
		{"build", "-trimpath", "-o", b.gate, "./cmd/portcullis"},
		{"build", "-o", b.measured, "./test/gatebench/measured"},
		{"build", "-C", "tools/conftest", "-trimpath", "-o", b.conftest, "github.com/open-policy-agent/conftest"},
	} {
		if out, err := exec.CommandContext(ctx, "go", args...).CombinedOutput(); err != nil {
			return fmt.Errorf("go %v: %w\n%s", args, err, out)
		}
	}
	fmt.Println("planning examples/minimal")
	if _, b.plan, err = examplePlan(ctx, work); err != nil {
		return err
	}
	if b.whole, err = os.ReadFile(b.plan); err != nil {
		return err
	}
	r := &report{Machine: machine.Name(), Conftest: "0.71.1", Checkov: checkovVersion}
	for _, step := range []struct {
		what    string
		measure func(*report) error
	}{
		{"small plan", b.small}, {"start", b.start}, {"evaluation", b.evaluations}, {"large plans", b.sizes},
	} {
		fmt.Println("measuring:", step.what)
		if err := step.measure(r); err != nil {
			return fmt.Errorf("%s: %w", step.what, err)
		}
	}
	fmt.Printf("%+v\n", *r)
	parsed, err := template.New("page").Funcs(template.FuncMap{
		"ms":    func(d time.Duration) string { return fmt.Sprintf("%.0f ms", float64(d)/float64(time.Millisecond)) },
		"s":     func(d time.Duration) string { return fmt.Sprintf("%.1f s", d.Seconds()) },
		"mb":    func(n int64) string { return fmt.Sprintf("%.0f MB", float64(n)/1e6) },
		"ratio": func(a, b time.Duration) string { return fmt.Sprintf("%.2f", float64(a)/float64(b)) },
		"times": func(a, b int64) string { return fmt.Sprintf("%.1f", float64(a)/float64(b)) },
		"minus": func(a, b int64) int64 { return a - b },
		"goal": func(ok bool) string {
			if ok {
				return "met"
			}
			return "**missed**"
		},
		"date":  func() string { return time.Now().UTC().Format("January 2006") },
		"cores": runtime.NumCPU,
	}).Parse(page)
	if err != nil {
		return err
	}
	to, err := os.Create(file)
	if err != nil {
		return err
	}
	if err := parsed.Execute(to, r); err != nil {
		return err
	}
	return to.Close()
}

// big writes a plan with copies of the example's resources.
func (b *bench) big(copies int) (file string, resources int, size int64, err error) {
	file = filepath.Join(b.work, fmt.Sprintf("big-%d.json", copies))
	to, err := os.Create(file)
	if err != nil {
		return "", 0, 0, err
	}
	if resources, err = bigplan.Write(to, b.whole, copies); err != nil {
		return "", 0, 0, err
	}
	info, err := to.Stat()
	if err != nil {
		return "", 0, 0, err
	}
	return file, resources, info.Size(), to.Close()
}

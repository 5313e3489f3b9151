package main

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"os/signal"
	"path/filepath"
	"runtime/debug"
	"runtime/metrics"
	"slices"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"github.com/portcullis-chat/portcullis/internal/gate"
	"github.com/portcullis-chat/portcullis/internal/gate/baseline"
	"github.com/portcullis-chat/portcullis/internal/gate/normal"
	"github.com/portcullis-chat/portcullis/internal/gate/output"
	"github.com/portcullis-chat/portcullis/internal/gate/plan"
	"github.com/portcullis-chat/portcullis/internal/gate/waiver"
	"github.com/portcullis-chat/portcullis/internal/terraform"
	"github.com/portcullis-chat/portcullis/policies"
)

// Exit statuses of the gate, which pipelines tell apart.
const (
	gateFindings  exitStatus = 1
	gateUsage     exitStatus = 2
	gateNotJudged exitStatus = 3
)

// usageError is a command line that makes no sense.
type usageError struct{ error }

type gateFlags struct {
	dir, source, terraform string
	formats, policies      []string
	unknown, failOn        string
	passed                 bool
	baseline               string
	waivers, waiversBase   string
	maxWaiverDays          int
	inlineWaivers          string
}

func newGateCommand() *cobra.Command {
	var f gateFlags
	cmd := &cobra.Command{
		Use:   "gate [tfplan | plan.json | - | directory]",
		Short: "Say what is wrong with a Terraform plan before it is applied",
		Long: `Say what is wrong with a Terraform or OpenTofu plan before it is applied.

The plan is a plan file (terraform plan -out=tfplan), its JSON
(terraform show -json tfplan), - for JSON on standard input, or a directory,
which is planned first. Default: the current directory.

A plan file has the configuration in it, so findings name exact lines. Its values
are decoded by Terraform in the directory that the file lies in, or --dir, which
has to be initialised. JSON needs no Terraform; --source=tfplan or --dir gives
its findings their lines.

A value that is known after apply is no pass: the finding is then "cannot tell",
and --unknown says what it counts for.

Exit status: 0 nothing at or above --fail-on, 1 findings, 2 wrong usage,
3 the plan could not be judged.`,
		Example: `  portcullis gate tfplan
  portcullis gate plan.json --source=tfplan --format=table --format=sarif=gate.sarif
  terraform show -json tfplan | portcullis gate -`,
		RunE: func(cmd *cobra.Command, args []string) error {
			return gateStatus(cmd, runGate(cmd, args, &f))
		},
	}
	cmd.Flags().StringArrayVar(&f.formats, "format", []string{"table"}, "one of "+strings.Join(output.Formats(), ", ")+"; with =<file> into that file; can be given several times")
	cmd.Flags().StringVar(&f.failOn, "fail-on", string(gate.Low), "least severity that fails: low, medium, high or critical")
	cmd.Flags().StringVar(&f.unknown, "unknown", string(output.UnknownWarns), "what counts that cannot be told before apply: fail, warn or ignore")
	cmd.Flags().StringVar(&f.baseline, "baseline", "", "file of old findings, which do not count; portcullis gate baseline makes it")
	f.waiverFlags(cmd)
	cmd.Flags().StringVar(&f.waiversBase, "waivers-base", "", "the waiver file before the change under review: what differs is shown")
	cmd.Flags().BoolVar(&f.passed, "passed", false, "list what passed, and rules with nothing to look at, too")
	f.inputFlags(cmd)
	f.policyFlags(cmd)
	cmd.SetFlagErrorFunc(func(cmd *cobra.Command, err error) error { return gateStatus(cmd, usageError{err}) })
	cmd.AddCommand(newGateRulesCommand(), newGateExplainCommand(), newGateNormalizeCommand(), newGateBaselineCommand(), newGateTestCommand(), newGateInitCommand())
	return cmd
}

func (f *gateFlags) inputFlags(cmd *cobra.Command) {
	cmd.Flags().StringVar(&f.dir, "dir", "", "directory the plan was made in")
	cmd.Flags().StringVar(&f.source, "source", "", "plan file that plan JSON was made from, for its source lines")
	cmd.Flags().StringVar(&f.terraform, "terraform", terraform.Binary(), "Terraform or OpenTofu to run")
}

func (f *gateFlags) waiverFlags(cmd *cobra.Command) {
	cmd.Flags().StringVar(&f.waivers, "waivers", "", "file with waivers; none: without one (default "+waiver.DefaultFile+" in the planned folder, if there)")
	cmd.Flags().IntVar(&f.maxWaiverDays, "max-waiver-days", waiver.DefaultMaxDays, "days from today that a waiver may end at the latest")
	cmd.Flags().StringVar(&f.inlineWaivers, "inline-waivers", string(waiver.InlineOwn), "waivers in comments that count: own (not those of downloaded modules), all or off")
}

func (f *gateFlags) policyFlags(cmd *cobra.Command) {
	cmd.Flags().StringArrayVar(&f.policies, "policy", nil, "directory with rules of your own; can be given several times")
}

// gateStatus says what went wrong and turns it into the exit status.
func gateStatus(cmd *cobra.Command, err error) error {
	var status exitStatus
	var usage usageError
	switch {
	case err == nil, errors.As(err, &status):
		return err
	case errors.As(err, &usage):
		fmt.Fprintf(cmd.ErrOrStderr(), "portcullis gate: %s; see %s --help\n", output.Clean(err.Error()), cmd.CommandPath())
		return gateUsage
	default:
		lines := strings.Split(err.Error(), "\n")
		for i := range lines {
			lines[i] = output.Clean(lines[i])
		}
		fmt.Fprintf(cmd.ErrOrStderr(), "portcullis gate: %s\n", strings.Join(lines, "\n"))
		return gateNotJudged
	}
}

// target is one format and where it goes; file is "" for standard output.
type target struct{ format, file string }

func (f *gateFlags) targets() ([]target, error) {
	var all []target
	toScreen := 0
	for _, text := range f.formats {
		format, file, named := strings.Cut(text, "=")
		if !slices.Contains(output.Formats(), format) {
			return nil, usageError{fmt.Errorf("there is no format %q: use one of %s", format, strings.Join(output.Formats(), ", "))}
		}
		if named && file == "" {
			return nil, usageError{fmt.Errorf("--format=%s names no file", text)}
		}
		if !named {
			toScreen++
		}
		all = append(all, target{format, file})
	}
	if toScreen > 1 {
		return nil, usageError{errors.New("two formats for standard output: give all but one a file, as in --format=sarif=gate.sarif")}
	}
	return all, nil
}

func (f *gateFlags) engine() (*gate.Engine, error) {
	from := []fs.FS{policies.FS}
	for _, dir := range f.policies {
		if info, err := os.Stat(dir); err != nil || !info.IsDir() {
			return nil, usageError{fmt.Errorf("--policy=%s is no directory", dir)}
		}
		from = append(from, os.DirFS(dir))
	}
	if len(f.policies) == 0 {
		return gate.Load(from, gate.Packed(policies.Packed))
	}
	return gate.Load(from)
}

func (f *gateFlags) read(ctx context.Context, cmd *cobra.Command, args []string) (*plan.Input, error) {
	if len(args) > 1 {
		return nil, usageError{fmt.Errorf("one plan at a time, not %d", len(args))}
	}
	path := "."
	if len(args) == 1 {
		path = args[0]
	}
	return plan.Read(ctx, plan.Options{
		Path: path, Dir: f.dir, SourceFile: f.source, Terraform: f.terraform, Stdin: cmd.InOrStdin(), Progress: cmd.ErrOrStderr(),
	})
}

// waiverFiles opens the waivers and those that they are compared with. Only the
// default file may be missing.
func (f *gateFlags) waiverFiles(args []string) (waivers, base *waiver.File, err error) {
	name := f.waivers
	if name == "" {
		name = filepath.Join(f.folder(args), filepath.FromSlash(waiver.DefaultFile))
	}
	if f.waivers != "none" {
		waivers, err = waiver.Open(name)
		if err != nil && (f.waivers != "" || !errors.Is(err, fs.ErrNotExist)) {
			return nil, nil, usageError{fmt.Errorf("the waivers cannot be read: %w", err)}
		}
	}
	if f.waiversBase != "" {
		if base, err = waiver.Open(f.waiversBase); err != nil {
			return nil, nil, usageError{fmt.Errorf("--waivers-base cannot be read: %w", err)}
		}
	}
	return waivers, base, nil
}

// folder is the one that was planned, as far as the command line tells.
func (f *gateFlags) folder(args []string) string {
	switch {
	case f.dir != "":
		return f.dir
	case f.source != "":
		return filepath.Dir(f.source)
	case len(args) != 1 || args[0] == "-":
		return "."
	}
	if info, err := os.Stat(args[0]); err == nil && info.IsDir() {
		return args[0]
	}
	return filepath.Dir(args[0])
}

// allRules are those of the engine and those about waivers, by id.
func allRules(engine *gate.Engine) map[string]*gate.Rule {
	all := engine.ByID()
	for _, rule := range waiver.Rules() {
		all[rule.ID] = rule
	}
	return all
}

// judged is a plan's report, with waivers and the baseline in it.
type judged struct {
	report  *gate.Report
	rules   map[string]*gate.Rule
	sources *plan.Sources
}

// gcSmall is what GOGC would be for a small plan: what that makes is not worth
// collecting before the process ends.
const gcSmall = 1600

// heapFor is the memory, in bytes, that the Go runtime may use for a plan of a size.
// Beside it stand up to 31 MB for the program itself. A large plan then takes less
// than five times its size, and a smaller one in addition what a plan of a few
// resources takes.
func heapFor(size int64) int64 { return max(size*5-31<<20, size/2*5+60<<20) }

// boundMemory has garbage collected so often that a plan does not take more than
// it may, as long as what is in use leaves room for it: close to a limit it would
// take ever longer. It gives what ends it.
func boundMemory(size int64) func() {
	done := make(chan struct{})
	live := []metrics.Sample{{Name: "/gc/heap/live:bytes"}}
	go func() {
		tick := time.NewTicker(100 * time.Millisecond)
		defer tick.Stop()
		for {
			metrics.Read(live)
			debug.SetMemoryLimit(max(heapFor(size), int64(live[0].Value.Uint64()/2*3)))
			select {
			case <-done:
				return
			case <-tick.C:
			}
		}
	}()
	return func() { close(done) }
}

// judge reads a plan and puts it before the rules, the waivers and the baseline.
func (f *gateFlags) judge(ctx context.Context, cmd *cobra.Command, args []string) (*judged, error) {
	inline := waiver.Inline(f.inlineWaivers)
	if !slices.Contains([]waiver.Inline{waiver.InlineOwn, waiver.InlineAll, waiver.InlineOff}, inline) {
		return nil, usageError{fmt.Errorf("--inline-waivers=%s: use own, all or off", f.inlineWaivers)}
	}
	if f.maxWaiverDays < 1 || f.maxWaiverDays > 3660 {
		return nil, usageError{fmt.Errorf("--max-waiver-days=%d: use 1 to 3660", f.maxWaiverDays)}
	}
	waivers, base, err := f.waiverFiles(args)
	if err != nil {
		return nil, err
	}
	var old *baseline.File
	if f.baseline != "" {
		if old, err = baseline.Open(f.baseline); err != nil {
			return nil, err
		}
	}
	if len(args) == 1 {
		if info, err := os.Stat(args[0]); err == nil && info.Mode().IsRegular() && info.Size() < 1<<20 {
			debug.SetGCPercent(gcSmall)
		}
	}
	engine, err := f.engine()
	if err != nil {
		return nil, err
	}
	in, err := f.read(ctx, cmd, args)
	if err != nil {
		return nil, err
	}
	debug.SetGCPercent(100)
	if in.Plan.Size < 1<<20 {
		debug.SetGCPercent(gcSmall)
	} else {
		defer boundMemory(in.Plan.Size)()
	}
	in.Once = true
	report, err := engine.Evaluate(ctx, in)
	if err != nil {
		return nil, err
	}
	waiver.Apply(report, waivers, base, in.Sources, waiver.Options{Now: time.Now(), MaxDays: f.maxWaiverDays, Inline: inline, Rules: engine.ByID()})
	if old != nil {
		old.Apply(report, f.baseline)
	}
	return &judged{report: report, rules: allRules(engine), sources: in.Sources}, nil
}

func runGate(cmd *cobra.Command, args []string, f *gateFlags) error {
	targets, err := f.targets()
	if err != nil {
		return err
	}
	failOn, unknown := gate.Severity(f.failOn), output.Unknown(f.unknown)
	if failOn.Rank() < 0 {
		return usageError{fmt.Errorf("--fail-on=%s: use low, medium, high or critical", f.failOn)}
	}
	if !slices.Contains([]output.Unknown{output.UnknownFails, output.UnknownWarns, output.UnknownIgnored}, unknown) {
		return usageError{fmt.Errorf("--unknown=%s: use fail, warn or ignore", f.unknown)}
	}
	ctx, stop := signal.NotifyContext(cmd.Context(), os.Interrupt)
	defer stop()
	judged, err := f.judge(ctx, cmd, args)
	if err != nil {
		return err
	}
	view := &output.View{
		Report: judged.report, Rules: judged.rules, Sources: judged.sources, Version: version(),
		Unknown: unknown, FailOn: failOn, Passed: f.passed,
	}
	for _, t := range targets {
		if err := writeView(cmd, view, t); err != nil {
			return err
		}
	}
	if view.Failed() {
		return gateFindings
	}
	return nil
}

func writeView(cmd *cobra.Command, view *output.View, t target) error {
	if t.file == "" {
		to := cmd.OutOrStdout()
		view.Color = isTerminal(to) && os.Getenv("NO_COLOR") == ""
		return output.Write(view, t.format, to)
	}
	var body bytes.Buffer
	view.Color = false
	if err := output.Write(view, t.format, &body); err != nil {
		return err
	}
	return os.WriteFile(t.file, body.Bytes(), 0o600)
}

func newGateRulesCommand() *cobra.Command {
	var f gateFlags
	var asJSON bool
	cmd := &cobra.Command{
		Use:   "rules",
		Short: "List the rules",
		RunE: func(cmd *cobra.Command, args []string) error {
			if len(args) > 0 {
				return gateStatus(cmd, usageError{errors.New("rules takes no arguments")})
			}
			engine, err := f.engine()
			if err != nil {
				return gateStatus(cmd, err)
			}
			rules := append(slices.Clone(engine.Rules), waiver.Rules()...)
			if asJSON {
				return gateStatus(cmd, output.JSON(cmd.OutOrStdout(), rules))
			}
			for _, rule := range rules {
				fmt.Fprintf(cmd.OutOrStdout(), "%-8s  %-32s  %s\n", rule.Severity, rule.ID, output.Clean(rule.Title))
			}
			return nil
		},
	}
	cmd.Flags().BoolVar(&asJSON, "json", false, "as JSON, with everything the rules say of themselves")
	f.policyFlags(cmd)
	return cmd
}

func newGateExplainCommand() *cobra.Command {
	var f gateFlags
	cmd := &cobra.Command{
		Use:   "explain <rule>",
		Short: "Say what a rule wants and why, with a good and a bad example",
		RunE: func(cmd *cobra.Command, args []string) error {
			return gateStatus(cmd, explain(cmd, args, &f))
		},
	}
	f.policyFlags(cmd)
	return cmd
}

func explain(cmd *cobra.Command, args []string, f *gateFlags) error {
	if len(args) != 1 {
		return usageError{errors.New("explain takes the id of one rule, as `portcullis gate rules` lists them")}
	}
	engine, err := f.engine()
	if err != nil {
		return err
	}
	rule := allRules(engine)[args[0]]
	if rule == nil {
		return usageError{fmt.Errorf("there is no rule %q; `portcullis gate rules` lists them", args[0])}
	}
	indent := func(text string) string { return "    " + strings.ReplaceAll(text, "\n", "\n    ") }
	out := cmd.OutOrStdout()
	fmt.Fprintf(out, "%s (%s)\n%s\n\n%s\n\nFix: %s\n\nGood:\n\n%s\n\nBad:\n\n%s\n", rule.ID, rule.Severity, rule.Title, rule.Why, rule.Remediation, indent(rule.Good), indent(rule.Bad))
	fmt.Fprintln(out, "\nSee:")
	for _, reference := range rule.References {
		fmt.Fprintf(out, "  %s\n", reference)
	}
	for _, kind := range []string{"checkov", "fsbp", "cis"} {
		if ids := rule.Mappings[kind]; len(ids) > 0 {
			fmt.Fprintf(out, "  %s: %s\n", kind, strings.Join(ids, ", "))
		}
	}
	return nil
}

func newGateNormalizeCommand() *cobra.Command {
	var f gateFlags
	cmd := &cobra.Command{
		Use:   "normalize [tfplan | plan.json | - | directory]",
		Short: "Print what policies get as input, for opa eval or conftest",
		RunE: func(cmd *cobra.Command, args []string) error {
			ctx, stop := signal.NotifyContext(cmd.Context(), os.Interrupt)
			defer stop()
			in, err := f.read(ctx, cmd, args)
			if err != nil {
				return gateStatus(cmd, err)
			}
			document, err := normal.New(in, nil)
			if err != nil {
				return gateStatus(cmd, err)
			}
			return gateStatus(cmd, output.JSON(cmd.OutOrStdout(), document))
		},
	}
	f.inputFlags(cmd)
	return cmd
}

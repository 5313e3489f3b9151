package plan

import (
	"bufio"
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"time"
)

// maxSaid is how much of the end of what Terraform complains of is kept.
const maxSaid = 4 << 10

// tail keeps the last bytes written to it.
type tail struct{ kept []byte }

func (t *tail) Write(p []byte) (int, error) {
	t.kept = append(t.kept, p...)
	if len(t.kept) > maxSaid {
		t.kept = bytes.Clone(t.kept[len(t.kept)-maxSaid:])
	}
	return len(p), nil
}

func (t *tail) error() error {
	said := strings.TrimSpace(string(t.kept))
	if said == "" {
		return nil
	}
	return errors.New(said)
}

func command(ctx context.Context, o Options, dir string, args ...string) (*exec.Cmd, *tail) {
	cmd := exec.CommandContext(ctx, o.Terraform, append([]string{"-chdir=" + dir}, args...)...)
	cmd.Env = append(os.Environ(), "TF_IN_AUTOMATION=1", "TF_INPUT=0")
	cmd.Cancel = func() error { return cmd.Process.Signal(os.Interrupt) }
	cmd.WaitDelay = 30 * time.Second
	said := &tail{}
	cmd.Stderr = said
	return cmd, said
}

// makePlan runs `terraform plan` in a folder that was initialised before: to
// initialise is to download and run what the configuration names, which the
// caller has to decide.
func makePlan(ctx context.Context, o Options, file string) error {
	tell(o.Progress, "running %s plan in %s", o.Terraform, o.Path)
	began := time.Now()
	cmd, said := command(ctx, o, o.Path, "plan", "-input=false", "-no-color", "-out="+file)
	out, err := cmd.StdoutPipe()
	if err == nil {
		err = cmd.Start()
	}
	if err != nil {
		return notRun(o, err)
	}
	lines := bufio.NewScanner(out)
	lines.Buffer(nil, 1<<20)
	for lines.Scan() {
		if line := lines.Text(); strings.HasSuffix(line, "...") || strings.Contains(line, "complete after") || strings.HasPrefix(line, "Plan: ") {
			tell(o.Progress, "  %s", line)
		}
	}
	_, _ = io.Copy(io.Discard, out)
	if err := cmd.Wait(); err != nil {
		return &Error{
			File: o.Path, Problem: "`terraform plan` failed", Err: errors.Join(said.error(), err),
			Remedy: fmt.Sprintf("see that `%s -chdir=%s plan` works; `init` comes first", o.Terraform, o.Path),
		}
	}
	tell(o.Progress, "planned in %.1f s", time.Since(began).Seconds())
	return nil
}

func notRun(o Options, err error) error {
	return &Error{File: o.Path, Problem: fmt.Sprintf("%s does not run", o.Terraform), Remedy: "name Terraform or OpenTofu with --terraform=<binary>, or gate the output of `terraform show -json tfplan`", Err: err}
}

// show has Terraform decode a plan file. This needs the schemas of the
// providers, which Terraform asks of the providers that dir was initialised
// with; it needs no credentials and no state.
func show(ctx context.Context, o Options, dir, file string) (*Plan, error) {
	absolute, err := filepath.Abs(file)
	if err != nil {
		return nil, &Error{File: file, Problem: "cannot be found", Err: err}
	}
	cmd, said := command(ctx, o, dir, "show", "-json", absolute)
	out, err := cmd.StdoutPipe()
	if err == nil {
		err = cmd.Start()
	}
	if err != nil {
		return nil, notRun(o, err)
	}
	plan, decodeErr := Decode(o.Path, out)
	_, _ = io.Copy(io.Discard, out)
	if err := cmd.Wait(); err != nil {
		remedy := fmt.Sprintf("run `%s init` in %s, name the initialised folder with --dir=<folder>, or run `terraform show -json` where the plan was made and gate its output", o.Terraform, dir)
		return nil, &Error{File: o.Path, Problem: fmt.Sprintf("`%s -chdir=%s show` cannot decode the plan", o.Terraform, dir), Remedy: remedy, Err: errors.Join(said.error(), err)}
	}
	return plan, decodeErr
}

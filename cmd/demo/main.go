//go:build linux

// Demo deploys the whole chat on this machine, behind its edge and with the web
// client, and lets two people talk: the real Terraform with the real provider,
// the real functions, real tokens and real WebSockets. It is what `make demo`
// runs, from the root of the repository. Nothing it starts outlives it, and all
// it writes is in .portcullis/local/demo.
package main

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"os"
	"os/exec"
	"os/signal"
	"path/filepath"
	"runtime"
	"strings"
	"syscall"
	"time"

	"golang.org/x/term"

	"github.com/portcullis-chat/portcullis/internal/localaws"
	"github.com/portcullis-chat/portcullis/internal/packaging"
	"github.com/portcullis-chat/portcullis/internal/pyenv"
	"github.com/portcullis-chat/portcullis/internal/terraform"
)

var folderPath = filepath.Join(".portcullis", "local", "demo")

// example is what is deployed: the one with everything that the stack serves.
var example = filepath.Join("examples", "complete")

func main() { os.Exit(status()) }

// status runs the demo and returns the status to end with.
func status() int {
	ctx, stop := signal.NotifyContext(context.Background(), syscall.SIGINT, syscall.SIGTERM, syscall.SIGHUP)
	defer stop()
	err := run(ctx)
	if ctx.Err() != nil {
		fmt.Println("\nstopped; nothing is left running")
		return 0
	}
	if err != nil {
		fmt.Fprintf(os.Stderr, "\ndemo: %v\n", err)
		return 1
	}
	return 0
}

// demo is what the steps hand on to each other.
type demo struct {
	folder   localaws.Folder
	packages string
	stack    *localaws.Stack
	env      []string // for Terraform
	chat     outputs
	people   []*person
}

func run(ctx context.Context) (err error) {
	fmt.Print("Portcullis: the whole chat, on this machine\n\n")
	d := &demo{}
	if d.folder, err = localaws.OpenFolder(folderPath); err != nil {
		return err
	}
	if running, err := d.folder.Running(); err == nil {
		return fmt.Errorf("a demo runs here already (pid %d)", running.PID)
	}
	log, err := d.folder.NewLog("stack")
	if err != nil {
		return err
	}
	defer func() { _ = log.Close() }()
	// A context of its own: what cleans up still has to work after Ctrl-C.
	defer func() {
		if d.stack != nil {
			d.stack.Close(context.WithoutCancel(ctx))
		}
	}()

	for _, step := range []struct {
		doing string
		do    func(context.Context) (done string, err error)
	}{
		{"looking at the machine", d.check},
		{"building the functions", d.build},
		{"starting AWS", func(ctx context.Context) (string, error) {
			return d.start(ctx, slog.New(slog.NewJSONHandler(log, nil)))
		}},
		{"terraform init", d.init},
		{"terraform apply of " + example, d.apply},
		{"making two users", d.makeUsers},
	} {
		if err := timed(ctx, step.doing, step.do); err != nil {
			return err
		}
	}
	fmt.Println()
	if err := d.talk(ctx); err != nil {
		return err
	}
	stays := term.IsTerminal(int(os.Stdin.Fd())) && term.IsTerminal(int(os.Stdout.Fd()))
	d.invite(stays)
	if !stays {
		return nil
	}
	select {
	case <-ctx.Done():
		return ctx.Err()
	case failed := <-d.stack.Failed():
		return failed
	}
}

// timed runs a step and prints what it did and how long it took.
func timed(ctx context.Context, doing string, do func(context.Context) (string, error)) error {
	live := term.IsTerminal(int(os.Stdout.Fd()))
	if live {
		fmt.Printf("  …  %s", doing)
	}
	start := time.Now()
	done, err := do(ctx)
	if live {
		fmt.Print("\r\x1b[K")
	}
	if err != nil {
		return fmt.Errorf("%s: %w", doing, err)
	}
	fmt.Printf("  ok %-64s %6.1f s\n", done, time.Since(start).Seconds())
	return nil
}

func (d *demo) check(ctx context.Context) (string, error) {
	python, pythonErr := pyenv.Check(ctx)
	version, terraformErr := terraform.CheckBinary(ctx)
	if err := errors.Join(pythonErr, terraformErr, terraform.CheckProvider(ctx)); err != nil {
		return "", err
	}
	return fmt.Sprintf("this machine has %s, Terraform %s, Python %s", runtime.Version(), version, python), nil
}

func (d *demo) build(ctx context.Context) (string, error) {
	arch, err := packaging.Host()
	if err != nil {
		return "", err
	}
	d.packages = filepath.Join(d.folder.Path(), "packages")
	built, err := packaging.Build(ctx, ".", d.packages, arch, packaging.Functions())
	if err != nil {
		return "", err
	}
	return fmt.Sprintf("%d functions built for %s", len(built), arch), nil
}

func (d *demo) start(ctx context.Context, logger *slog.Logger) (string, error) {
	if err := d.folder.Clean(); err != nil { // of an earlier demo
		return "", err
	}
	folder, err := localaws.OpenFolder(folderPath)
	if err != nil {
		return "", err
	}
	d.stack, err = localaws.Start(ctx, localaws.Options{Folder: folder, Region: localaws.DefaultRegion, Logger: logger, Progress: func(string) {}})
	if err != nil {
		return "", err
	}
	// This process signs its users in as a client would, by the settings.
	for _, setting := range localaws.Environment(d.stack.Description()) {
		name, value, _ := strings.Cut(setting, "=")
		if err := os.Setenv(name, value); err != nil {
			return "", err
		}
	}
	mirror, err := terraform.Environment(filepath.Join(folder.Path(), "terraform.rc"))
	d.env = append(localaws.WithoutForeign(os.Environ()), "TF_IN_AUTOMATION=1", "AWS_ENDPOINT_URL="+d.stack.Endpoint())
	d.env = append(d.env, mirror...)
	return "AWS answers at " + d.stack.Endpoint(), err
}

// root is a copy of the example: Terraform writes beside what it applies.
func (d *demo) root() string {
	return filepath.Join(d.folder.Path(), "terraform", example)
}

func (d *demo) init(ctx context.Context) (string, error) {
	if err := os.RemoveAll(filepath.Join(d.folder.Path(), "terraform")); err != nil {
		return "", err
	}
	for _, dir := range []string{"modules", filepath.Join("web", "site"), example} {
		if err := os.CopyFS(filepath.Join(d.folder.Path(), "terraform", dir), os.DirFS(dir)); err != nil {
			return "", err
		}
	}
	// What somebody made in the original is none of this copy's.
	for _, leftover := range []string{".terraform", ".terraform.lock.hcl", "terraform.tfstate", "terraform.tfstate.backup"} {
		if err := os.RemoveAll(filepath.Join(d.root(), leftover)); err != nil {
			return "", err
		}
	}
	_, err := d.terraform(ctx, "init", "-input=false", "-no-color")
	return "terraform init with the aws provider", err
}

// terraform runs a Terraform command; its output is in a log and, when it
// fails, the end of it in the error.
func (d *demo) terraform(ctx context.Context, args ...string) ([]byte, error) {
	cmd := exec.CommandContext(ctx, terraform.Binary(), append([]string{"-chdir=" + d.root()}, args...)...)
	cmd.Env = d.env
	cmd.Cancel = func() error { return cmd.Process.Signal(syscall.SIGINT) }
	cmd.WaitDelay = 10 * time.Second
	var stderr strings.Builder
	cmd.Stderr = &stderr
	out, err := cmd.Output()
	file := d.folder.Log("terraform-" + args[0])
	if writeErr := os.WriteFile(file, append(out, stderr.String()...), 0o600); writeErr != nil {
		return nil, errors.Join(err, writeErr)
	}
	if err != nil {
		return nil, fmt.Errorf("%w\n%s\nthe whole log: %s", err, lastLines(stderr.String(), 30), file)
	}
	return out, nil
}

func lastLines(text string, n int) string {
	lines := strings.Split(strings.TrimSpace(text), "\n")
	return strings.Join(lines[max(0, len(lines)-n):], "\n")
}

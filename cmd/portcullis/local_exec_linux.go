package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"os/signal"
	"syscall"

	"github.com/spf13/cobra"

	"github.com/portcullis-chat/portcullis/internal/localaws"
)

func newExecCommand(flags *localFlags) *cobra.Command {
	cmd := &cobra.Command{
		Use:   "exec -- command [argument ...]",
		Short: "Run one command against a fresh stack, then take the stack down",
		Long: `Run one command against a stack of its own, with the AWS settings in its
environment, and take that stack down when the command ends. It ends with the
command's status. What the command deployed is gone afterwards.`,
		Example: "  portcullis local exec -- terraform -chdir=examples/minimal apply -auto-approve",
		Args:    cobra.MinimumNArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			return flags.exec(cmd, args)
		},
	}
	flags.addStart(cmd)
	cmd.Flags().SetInterspersed(false) // flags after the command are the command's
	return cmd
}

// exec runs a command against a stack in a temporary folder. The folder stays
// when the stack itself fails, since the logs that say why are in it.
func (f *localFlags) exec(cmd *cobra.Command, args []string) (err error) {
	base, err := localaws.OpenFolder(f.dir)
	if err != nil {
		return err
	}
	if err := base.RemoveAbandoned(); err != nil {
		return err
	}
	folder, err := base.Temporary()
	if err != nil {
		return err
	}
	keep := false
	defer func() {
		if !keep {
			_ = os.RemoveAll(folder.Path())
		}
	}()
	ctx, stop := signal.NotifyContext(cmd.Context(), endSignals...)
	defer stop()
	stack, closeLog, err := f.start(ctx, folder, false, cmd.ErrOrStderr())
	if ctx.Err() != nil && err != nil {
		return exitStatus(128 + int(syscall.SIGINT))
	}
	if err != nil {
		keep = true
		return err
	}
	defer closeLog()
	defer func() { stack.Close(context.WithoutCancel(cmd.Context())) }()
	env, err := environment(folder, stack.Description())
	if err != nil {
		return err
	}

	child := exec.Command(args[0], args[1:]...)
	child.Env = append(localaws.WithoutForeign(os.Environ()), env...)
	child.Stdin, child.Stdout, child.Stderr = os.Stdin, cmd.OutOrStdout(), cmd.ErrOrStderr()
	// If this process is killed the stack is gone: the command is asked to end,
	// so that Terraform, say, takes its plugins with it.
	child.SysProcAttr = &syscall.SysProcAttr{Pdeathsig: syscall.SIGTERM}
	signals := make(chan os.Signal, 4)
	signal.Notify(signals, endSignals...)
	defer signal.Stop(signals)
	if ctx.Err() != nil {
		return exitStatus(128 + int(syscall.SIGINT))
	}
	if err := child.Start(); err != nil {
		return fmt.Errorf("%s: %w", args[0], err)
	}
	keep, err = attend(child, signals, stack.Failed())
	return err
}

// endSignals ask a program to end.
var endSignals = []os.Signal{syscall.SIGINT, syscall.SIGTERM, syscall.SIGHUP}

// attend waits for a command and returns its status as an error. The command is
// in this process group, so Ctrl-C reaches it without us; other signals are
// passed on. The stack stays up until the command has ended; if the stack ends
// first, stackFailed says so.
func attend(child *exec.Cmd, signals <-chan os.Signal, failed <-chan error) (stackFailed bool, err error) {
	ended := make(chan error, 1)
	go func() { ended <- child.Wait() }()
	for {
		select {
		case s := <-signals:
			if s != syscall.SIGINT {
				_ = child.Process.Signal(s)
			}
		case failure := <-failed:
			_ = child.Process.Signal(syscall.SIGTERM)
			return true, errors.Join(fmt.Errorf("the stack ended under the command: %w", failure), <-ended)
		case err := <-ended:
			return false, statusOf(err)
		}
	}
}

// statusOf is the status of a command that has ended, as a shell gives it.
func statusOf(err error) error {
	exit, ok := errors.AsType[*exec.ExitError](err)
	if !ok {
		return err
	}
	if status, ok := exit.Sys().(syscall.WaitStatus); ok && status.Signaled() {
		return exitStatus(128 + int(status.Signal()))
	}
	return exitStatus(exit.ExitCode())
}

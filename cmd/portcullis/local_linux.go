package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"os"
	"os/exec"
	"os/signal"
	"path/filepath"
	"strings"
	"syscall"
	"time"

	"github.com/spf13/cobra"

	"github.com/portcullis-chat/portcullis/internal/localaws"
	"github.com/portcullis-chat/portcullis/internal/localaws/proxy"
	"github.com/portcullis-chat/portcullis/internal/terraform"
)

// defaultFolder is below the working folder and ignored by git.
var defaultFolder = filepath.Join(".portcullis", "local")

// localFlags are shared by all subcommands of local.
type localFlags struct {
	dir     string
	port    int
	region  string
	profile bool
	record  string
}

func newLocalCommand() *cobra.Command {
	flags := &localFlags{}
	cmd := &cobra.Command{
		Use:   "local",
		Short: "Run AWS for this project on this machine, without an account",
		Long: `Run the local stack: API Gateway WebSocket APIs and Lambda functions, and
MiniStack for DynamoDB, KMS, IAM, Cognito and the rest, with IAM enforced.

It listens on 127.0.0.1 only. State and logs are in one folder, and the ports
of a folder stay the same.`,
	}
	cmd.PersistentFlags().StringVar(&flags.dir, "dir", defaultFolder, "folder of the stack's state and logs")
	cmd.AddCommand(newUpCommand(flags), newDownCommand(flags), newStatusCommand(flags), newEnvCommand(flags), newLogsCommand(flags), newExecCommand(flags), newFaultCommand(flags))
	return cmd
}

func (f *localFlags) addStart(cmd *cobra.Command) {
	cmd.Flags().IntVar(&f.port, "port", 0, "port on 127.0.0.1 (default: chosen free once and kept)")
	cmd.Flags().StringVar(&f.region, "region", localaws.DefaultRegion, "AWS Region that the printed settings name")
}

func newUpCommand(flags *localFlags) *cobra.Command {
	detach := false
	cmd := &cobra.Command{
		Use:   "up",
		Short: "Start the stack; Ctrl-C stops it",
		Args:  cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			folder, err := localaws.OpenFolder(flags.dir)
			if err != nil {
				return err
			}
			if run, err := folder.Running(); err == nil {
				return fmt.Errorf("a stack runs here already: %s (pid %d, folder %s); stop it with `portcullis local down`", run.Endpoint, run.PID, folder.Path())
			}
			if detach {
				return flags.startDetached(cmd, folder)
			}
			return flags.runForeground(cmd, folder)
		},
	}
	flags.addStart(cmd)
	cmd.Flags().BoolVarP(&detach, "detach", "d", false, "return when the stack answers and leave it running")
	cmd.Flags().BoolVar(&flags.profile, "profile", false, "serve CPU profiles of the stack at "+proxy.ProfilePath+"?seconds=<1-60>")
	cmd.Flags().StringVar(&flags.record, "record", "", "write each kind of AWS call, with who made it, to this file (JSON lines)")
	return cmd
}

// runForeground runs the stack until a signal or until a part of it ends.
func (f *localFlags) runForeground(cmd *cobra.Command, folder localaws.Folder) error {
	ctx, stop := signal.NotifyContext(cmd.Context(), syscall.SIGINT, syscall.SIGTERM, syscall.SIGHUP)
	defer stop()
	stack, closeLog, err := f.start(ctx, folder, true, cmd.ErrOrStderr())
	if err != nil {
		return err
	}
	defer closeLog()
	fmt.Fprintf(cmd.OutOrStdout(), "AWS for this folder: %s (folder %s)\nuse it in another terminal: eval \"$(portcullis local env%s)\"\n",
		stack.Endpoint(), folder.Path(), f.dirFlag())
	var failed error
	select {
	case <-ctx.Done():
	case failed = <-stack.Failed():
		failed = fmt.Errorf("the stack stops: %w", failed)
	}
	stop() // a second signal kills
	stack.Close(context.WithoutCancel(ctx))
	return failed
}

// dirFlag is the flag that leads another command to the same folder.
func (f *localFlags) dirFlag() string {
	if f.dir == defaultFolder {
		return ""
	}
	return " --dir " + f.dir
}

// start starts a stack that logs into its folder.
func (f *localFlags) start(ctx context.Context, folder localaws.Folder, persist bool, progress io.Writer) (*localaws.Stack, func(), error) {
	log, err := folder.NewLog("stack")
	if err != nil {
		return nil, nil, err
	}
	stack, err := localaws.Start(ctx, localaws.Options{
		Folder: folder, Port: f.port, Region: f.region, Persist: persist, Profile: f.profile, Record: f.record,
		Logger:   slog.New(slog.NewJSONHandler(log, nil)),
		Progress: func(what string) { fmt.Fprintln(progress, what) },
	})
	if err != nil {
		_ = log.Close()
		return nil, nil, err
	}
	return stack, func() { _ = log.Close() }, nil
}

// startDetached runs `up` again in a session of its own and waits until it
// answers.
func (f *localFlags) startDetached(cmd *cobra.Command, folder localaws.Folder) error {
	self, err := os.Executable()
	if err != nil {
		return err
	}
	out, err := os.OpenFile(folder.Log("up"), os.O_CREATE|os.O_WRONLY|os.O_TRUNC, 0o600)
	if err != nil {
		return err
	}
	defer func() { _ = out.Close() }()
	child := exec.Command(self, "local", "up", "--dir", folder.Path(), "--port", fmt.Sprint(f.port), "--region", f.region, "--profile="+fmt.Sprint(f.profile), "--record="+f.record)
	child.Stdout, child.Stderr = out, out
	child.SysProcAttr = &syscall.SysProcAttr{Setsid: true}
	if err := child.Start(); err != nil {
		return err
	}
	ended := make(chan struct{})
	go func() { _ = child.Wait(); close(ended) }()
	for {
		select {
		case <-ended:
			said, _ := os.ReadFile(folder.Log("up"))
			return fmt.Errorf("the stack did not start:\n%s", strings.TrimSpace(string(said)))
		case <-cmd.Context().Done():
			return cmd.Context().Err()
		case <-time.After(30 * time.Millisecond):
		}
		if run, err := folder.Running(); err == nil && run.PID == child.Process.Pid {
			fmt.Fprintf(cmd.OutOrStdout(), "AWS for this folder: %s (pid %d, folder %s)\n", run.Endpoint, run.PID, folder.Path())
			return nil
		}
	}
}

func newDownCommand(flags *localFlags) *cobra.Command {
	clean := false
	cmd := &cobra.Command{
		Use:   "down",
		Short: "Stop the stack; what is deployed in it comes back with the next up",
		Args:  cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			folder, err := localaws.OpenFolder(flags.dir)
			if err != nil {
				return err
			}
			run, err := folder.Running()
			switch {
			case errors.Is(err, localaws.ErrNotRunning):
				fmt.Fprintf(cmd.OutOrStdout(), "no stack runs in %s\n", folder.Path())
			case err != nil:
				return err
			default:
				if err := stop(cmd.Context(), folder, run.PID); err != nil {
					return err
				}
				fmt.Fprintf(cmd.OutOrStdout(), "stopped (pid %d)\n", run.PID)
			}
			if clean {
				if err := folder.Clean(); err != nil {
					return err
				}
			}
			return folder.RemoveAbandoned()
		},
	}
	cmd.Flags().BoolVar(&clean, "clean", false, "also remove everything that is deployed and stored in it")
	return cmd
}

// stop ends the process of a stack and waits until its folder is free.
func stop(ctx context.Context, folder localaws.Folder, pid int) error {
	if err := syscall.Kill(pid, syscall.SIGTERM); err != nil {
		return fmt.Errorf("pid %d: %w", pid, err)
	}
	ctx, cancel := context.WithTimeout(ctx, 30*time.Second)
	defer cancel()
	for {
		if _, err := folder.Running(); errors.Is(err, localaws.ErrNotRunning) {
			return nil
		}
		select {
		case <-ctx.Done():
			return fmt.Errorf("the stack (pid %d) did not stop within 30 seconds; its log is %s", pid, folder.Log("stack"))
		case <-time.After(20 * time.Millisecond):
		}
	}
}

// running returns the folder's stack or an error that says how to start one.
func (f *localFlags) running() (localaws.Folder, localaws.Run, error) {
	folder, err := localaws.OpenFolder(f.dir)
	if err != nil {
		return localaws.Folder{}, localaws.Run{}, err
	}
	run, err := folder.Running()
	if errors.Is(err, localaws.ErrNotRunning) {
		err = fmt.Errorf("no stack runs in %s: start one with `portcullis local up`", folder.Path())
	}
	return folder, run, err
}

func newStatusCommand(flags *localFlags) *cobra.Command {
	asJSON := false
	cmd := &cobra.Command{
		Use:   "status",
		Short: "Say what runs; ends with status 1 when nothing does",
		Args:  cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			_, run, err := flags.running()
			if err != nil {
				return err
			}
			req, err := http.NewRequestWithContext(cmd.Context(), http.MethodGet, run.Endpoint+proxy.StatusPath, nil)
			if err != nil {
				return err
			}
			res, err := http.DefaultClient.Do(req)
			if err != nil {
				return fmt.Errorf("the stack does not answer: %w", err)
			}
			defer func() { _ = res.Body.Close() }()
			if asJSON {
				_, err := io.Copy(cmd.OutOrStdout(), res.Body)
				return err
			}
			var status localaws.Status
			if err := json.NewDecoder(res.Body).Decode(&status); err != nil {
				return fmt.Errorf("the stack's status: %w", err)
			}
			return status.Print(cmd.OutOrStdout())
		},
	}
	cmd.Flags().BoolVar(&asJSON, "json", false, "print JSON")
	return cmd
}

func newEnvCommand(flags *localFlags) *cobra.Command {
	return &cobra.Command{
		Use:   "env",
		Short: `Print the shell settings for the running stack: eval "$(portcullis local env)"`,
		Args:  cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			folder, run, err := flags.running()
			if err != nil {
				return err
			}
			env, err := environment(folder, run)
			if err != nil {
				return err
			}
			for _, name := range localaws.Foreign(os.Environ()) {
				fmt.Fprintf(cmd.OutOrStdout(), "unset %s\n", name)
			}
			for _, setting := range env {
				name, value, _ := strings.Cut(setting, "=")
				fmt.Fprintf(cmd.OutOrStdout(), "export %s='%s'\n", name, strings.ReplaceAll(value, "'", `'\''`))
			}
			return nil
		},
	}
}

// environment is what a command needs in its environment to work on a stack.
func environment(folder localaws.Folder, run localaws.Run) ([]string, error) {
	mirror, err := terraform.Environment(filepath.Join(folder.Path(), "terraform.rc"))
	if err != nil {
		return nil, err
	}
	return append(localaws.Environment(run), mirror...), nil
}

func newLogsCommand(flags *localFlags) *cobra.Command {
	follow := false
	cmd := &cobra.Command{
		Use:       "logs [stack|ministack]",
		Short:     "Print the stack's own log or MiniStack's",
		Args:      cobra.MatchAll(cobra.MaximumNArgs(1), cobra.OnlyValidArgs),
		ValidArgs: []string{"stack", "ministack"},
		RunE: func(cmd *cobra.Command, args []string) error {
			folder, err := localaws.OpenFolder(flags.dir)
			if err != nil {
				return err
			}
			name := "stack"
			if len(args) == 1 {
				name = args[0]
			}
			return printLog(cmd.Context(), cmd.OutOrStdout(), folder.Log(name), follow)
		},
	}
	cmd.Flags().BoolVarP(&follow, "follow", "f", false, "go on printing what comes")
	return cmd
}

func printLog(ctx context.Context, out io.Writer, file string, follow bool) error {
	log, err := os.Open(file)
	if errors.Is(err, os.ErrNotExist) {
		return fmt.Errorf("%s does not exist: no stack has run here", file)
	}
	if err != nil {
		return err
	}
	defer func() { _ = log.Close() }()
	ctx, stop := signal.NotifyContext(ctx, syscall.SIGINT, syscall.SIGTERM)
	defer stop()
	for {
		if _, err := io.Copy(out, log); err != nil {
			return err
		}
		if !follow {
			return nil
		}
		select {
		case <-ctx.Done():
			return nil
		case <-time.After(200 * time.Millisecond):
		}
	}
}

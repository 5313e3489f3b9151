// Package localstack runs `portcullis local up` for a test suite, as the
// command's users do.
package localstack

import (
	"bufio"
	"bytes"
	"context"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"time"
)

// Start builds the command from the module in the folder module, runs a stack
// in the folder work, and returns when it answers. Its settings are then in
// this process's environment, where Terraform and the AWS SDK find them; stop
// takes it down. flags are more flags of `local up`.
func Start(ctx context.Context, module, work string, flags ...string) (stop func(), err error) {
	command := filepath.Join(work, "portcullis")
	build := exec.CommandContext(ctx, "go", "build", "-o", command, "./cmd/portcullis")
	build.Dir = module
	if out, err := build.CombinedOutput(); err != nil {
		return nil, fmt.Errorf("build: %w\n%s", err, out)
	}
	folder := filepath.Join(work, "stack")
	var said bytes.Buffer
	up := exec.Command(command, append([]string{"local", "up", "--dir", folder}, flags...)...)
	up.Stdout, up.Stderr = &said, &said
	if err := up.Start(); err != nil {
		return nil, err
	}
	ended := make(chan error, 1)
	go func() { ended <- up.Wait() }()
	stop = func() {
		_ = up.Process.Signal(syscall.SIGTERM)
		if err := <-ended; err != nil {
			fmt.Fprintf(os.Stderr, "the local stack ended with %v:\n%s", err, said.String())
		}
	}
	for {
		out, err := exec.CommandContext(ctx, command, "local", "env", "--dir", folder).Output()
		if err == nil {
			return stop, apply(exports(out))
		}
		select {
		case err := <-ended:
			return nil, fmt.Errorf("the local stack did not start (%w):\n%s", err, said.String())
		case <-time.After(100 * time.Millisecond):
		}
	}
}

// exports reads the settings that `portcullis local env` prints.
func exports(script []byte) []string {
	var settings []string
	lines := bufio.NewScanner(bytes.NewReader(script))
	for lines.Scan() {
		if setting, ok := strings.CutPrefix(lines.Text(), "export "); ok {
			name, value, _ := strings.Cut(setting, "=")
			settings = append(settings, name+"="+strings.Trim(value, "'"))
		}
	}
	return settings
}

func apply(settings []string) error {
	for _, setting := range settings {
		name, value, _ := strings.Cut(setting, "=")
		if err := os.Setenv(name, value); err != nil {
			return err
		}
	}
	return nil
}

// Package gatelarge_test puts plans before the gate that are as large as any.
package gatelarge_test

import (
	"bytes"
	"errors"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/portcullis-chat/portcullis/test/internal/bigplan"
)

const root = "../.."

// program builds the command.
func program(t *testing.T) string {
	t.Helper()
	file := filepath.Join(t.TempDir(), "portcullis")
	cmd := exec.CommandContext(t.Context(), "go", "build", "-o", file, "./cmd/portcullis")
	cmd.Dir = root
	if out, err := cmd.CombinedOutput(); err != nil {
		t.Fatalf("%v\n%s", err, out)
	}
	return file
}

// run gives the status, what was said, and the memory in bytes.
func run(t *testing.T, program string, stdin io.Reader, args ...string) (status int, said string, memory int64) {
	t.Helper()
	cmd := exec.CommandContext(t.Context(), program, append([]string{"gate"}, args...)...)
	var out bytes.Buffer
	cmd.Stdin, cmd.Stdout, cmd.Stderr = stdin, &out, &out
	began := time.Now()
	err := cmd.Run()
	var exit *exec.ExitError
	if err != nil && !errors.As(err, &exit) {
		t.Fatal(err)
	}
	usage, ok := cmd.ProcessState.SysUsage().(*syscall.Rusage)
	if !ok {
		t.Fatal("no usage of the process")
	}
	said = out.String()
	t.Logf("status %d, %.1f s, %.1f s of processors, %d MB: %s", cmd.ProcessState.ExitCode(), time.Since(began).Seconds(),
		(cmd.ProcessState.UserTime() + cmd.ProcessState.SystemTime()).Seconds(), usage.Maxrss>>10, said[max(0, len(said)-300):])
	return cmd.ProcessState.ExitCode(), said, usage.Maxrss << 10
}

func TestAPlanOfFiftyThousandResourcesAndAHundredMegabytes(t *testing.T) {
	base, err := os.ReadFile(filepath.Join(root, "policies", "testdata", "encryption", "plan.json"))
	if err != nil {
		t.Fatal(err)
	}
	file := filepath.Join(t.TempDir(), "plan.json")
	for copies := 1500; ; copies *= 2 {
		to, err := os.Create(file)
		if err != nil {
			t.Fatal(err)
		}
		resources, err := bigplan.Write(to, base, copies)
		if err != nil {
			t.Fatal(err)
		}
		info, err := to.Stat()
		if err != nil {
			t.Fatal(err)
		}
		if err := to.Close(); err != nil {
			t.Fatal(err)
		}
		if resources < 50_000 || info.Size() < 100<<20 {
			continue
		}
		gate := program(t)
		t.Logf("%d resources, %d MB", resources, info.Size()>>20)
		if status, said, _ := run(t, gate, nil, file, "--format=github"); status != 1 || !strings.Contains(said, "encryption/queue-key") {
			t.Errorf("status %d", status)
		}
		return
	}
}

// endless writes plan JSON that does not end.
type endless struct{ begun bool }

func (e *endless) Read(p []byte) (int, error) {
	if !e.begun {
		e.begun = true
		return copy(p, `{"format_version":"1.2","planned_values":[`), nil
	}
	for i := range p {
		p[i] = "0,"[i%2]
	}
	return len(p) &^ 1, nil
}

func TestInputWithoutEndIsRefusedInLittleMemory(t *testing.T) {
	status, said, memory := run(t, program(t), &endless{}, "-")
	if status != 3 || !strings.Contains(said, "larger than 2048 MiB") || !strings.Contains(said, "split") {
		t.Errorf("status %d: %s", status, said)
	}
	if memory > 256<<20 {
		t.Errorf("it took %d MB", memory>>20)
	}
}

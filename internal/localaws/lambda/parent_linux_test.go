package lambda

import (
	"bufio"
	"fmt"
	"os"
	"os/exec"
	"strings"
	"testing"
)

const parentVariable = "LAMBDA_TEST_IS_PARENT"

func TestSandboxesDieWithTheirParent(t *testing.T) {
	if os.Getenv(parentVariable) != "" {
		s := newStack(t)
		s.deploy(t, "f", nil)
		fmt.Printf("sandbox %s\n", s.invoke(t, "f", map[string]any{"do": "pid"}).Payload)
		select {}
	}
	parent := exec.Command(os.Args[0], "-test.run=^"+t.Name()+"$")
	parent.Env = append(os.Environ(), parentVariable+"=1", "TMPDIR="+t.TempDir()) // it cannot clear up
	output, err := parent.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := parent.Start(); err != nil {
		t.Fatal(err)
	}
	pid := ""
	for lines := bufio.NewScanner(output); pid == "" && lines.Scan(); {
		if number, ok := strings.CutPrefix(lines.Text(), "sandbox "); ok {
			pid = number
		}
	}
	parent.Process.Kill()
	parent.Wait()
	waitGone(t, pid)
}

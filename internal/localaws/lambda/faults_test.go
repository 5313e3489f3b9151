package lambda

import (
	"strings"
	"sync"
	"testing"
	"time"
)

// plannedKills is how many requests of a function lose their sandbox.
type plannedKills struct {
	mu   sync.Mutex
	left map[string]int
}

// KillSandbox implements Faults.
func (k *plannedKills) KillSandbox(function string) bool {
	k.mu.Lock()
	defer k.mu.Unlock()
	if k.left[function] == 0 {
		return false
	}
	k.left[function]--
	return true
}

func (k *plannedKills) plan(function string, n int) {
	k.mu.Lock()
	defer k.mu.Unlock()
	k.left = map[string]int{function: n}
}

// isKilled fails the test unless a result is that of a bootstrap that was
// killed.
func isKilled(t *testing.T, result *Result) {
	t.Helper()
	if result.FunctionError != unhandled || !strings.Contains(string(result.Payload), "Runtime exited with error: signal: killed") {
		t.Errorf("got %q %s", result.FunctionError, result.Payload)
	}
}

func TestAKilledSandboxEndsItsRequestAndTheNextGetsAnother(t *testing.T) {
	s := newStack(t)
	s.deploy(t, "f", nil)
	s.deploy(t, "g", nil)
	ended := make(chan *Result, 1)
	go func() {
		result, _ := s.runner.Invoke(t.Context(), arnOf("f"), []byte(`{"do":"sleep","seconds":600}`))
		ended <- result
	}()
	other := string(s.invoke(t, "g", map[string]any{"do": "pid"}).Payload)
	for deadline := time.Now().Add(10 * time.Second); !busy(s.runner, "f"); time.Sleep(time.Millisecond) {
		if time.Now().After(deadline) {
			t.Fatal("f does not run")
		}
	}
	if killed := s.runner.KillSandboxes("f"); killed != 1 {
		t.Errorf("%d sandboxes killed, want 1", killed)
	}
	isKilled(t, <-ended)
	if again := string(s.invoke(t, "g", map[string]any{"do": "pid"}).Payload); again != other {
		t.Errorf("g had the sandbox %s, now %s", other, again)
	}

	if killed := s.runner.KillSandboxes(""); killed == 0 {
		t.Error("no sandbox killed")
	}
	result := s.invoke(t, "g", map[string]any{"do": "pid"})
	if result.FunctionError != "" || string(result.Payload) == other {
		t.Errorf("after its sandbox was killed: %q %s, before %s", result.FunctionError, result.Payload, other)
	}
	if killed := s.runner.KillSandboxes("none"); killed != 0 {
		t.Errorf("%d sandboxes killed of no function", killed)
	}
}

// busy tells whether a sandbox of a function has a request.
func busy(r *Runner, function string) bool {
	for _, sandbox := range r.Status().Sandboxes {
		if sandbox.Function == function && sandbox.State == "busy" {
			return true
		}
	}
	return false
}

func TestASandboxIsKilledDuringARequest(t *testing.T) {
	s := newStack(t)
	s.deploy(t, "f", nil)
	s.deploy(t, "g", nil)
	s.kills.plan("f", 2)
	for range 2 {
		// However fast the function is, it does not answer.
		isKilled(t, s.invoke(t, "f", map[string]any{"do": "echo", "text": "x"}))
	}
	for _, name := range []string{"f", "g"} {
		if result := s.invoke(t, name, map[string]any{"do": "echo", "text": "x"}); result.FunctionError != "" {
			t.Errorf("%s: %s", name, result.Payload)
		}
	}
}

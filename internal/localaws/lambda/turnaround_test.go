package lambda

import (
	"context"
	"errors"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"
	"time"
)

// deployRaw makes a function with a runtime of its own.
func (s *stack) deployRaw(t *testing.T, timeout, reserved int, environment map[string]string) {
	t.Helper()
	environment["INIT"] = "raw"
	s.deploy(t, "f", func(c map[string]any) {
		c["Timeout"] = timeout
		c["Environment"] = map[string]any{"Variables": environment}
	})
	if reserved > 0 {
		s.fake.functions["f"]["Concurrency"] = map[string]any{"ReservedConcurrentExecutions": reserved}
	}
}

// ask invokes f and does not wait until its sandbox is ready for more.
func (s *stack) ask(t *testing.T) string {
	t.Helper()
	result, err := s.runner.Invoke(t.Context(), arnOf("f"), []byte("{}"))
	if err != nil || result.FunctionError != "" {
		t.Fatalf("%+v, %v", result, err)
	}
	return string(result.Payload)
}

func TestACallerDoesNotWaitForTheRuntimeToBeReadyForMore(t *testing.T) {
	s := newStack(t)
	s.deployRaw(t, 30, 0, map[string]string{"LINGER": "20s"})
	first := s.ask(t)
	if state := s.runner.Status().Sandboxes[0].State; state != "busy" {
		t.Errorf("after its answer the sandbox is %s", state)
	}
	if second := s.ask(t); second == first {
		t.Error("a runtime that had not asked for it got a second request")
	}
}

func TestAnInvocationCountsUntilItsRuntimeIsReadyForMore(t *testing.T) {
	s := newStack(t)
	s.deployRaw(t, 30, 1, map[string]string{"LINGER": "20s"})
	s.ask(t)
	var throttled *ThrottledError
	if _, err := s.runner.Invoke(t.Context(), arnOf("f"), []byte("{}")); !errors.As(err, &throttled) {
		t.Errorf("a second request, with a concurrency of 1 and a runtime that works on: %v", err)
	}
	ctx, cancel := context.WithTimeout(t.Context(), time.Millisecond)
	defer cancel()
	if _, err := s.runner.Invoke(ctx, arnOf("f"), []byte("{}")); err == nil {
		t.Error("a caller that left was served")
	}
}

func TestAtItsLimitARequestWaitsForTheTurnaround(t *testing.T) {
	s := newStack(t)
	s.deployRaw(t, 30, 1, map[string]string{"LINGER": "20ms"})
	pid := s.ask(t)
	for range 20 {
		if again := s.ask(t); again != pid {
			t.Fatalf("served by %s, before by %s", again, pid)
		}
	}
}

func TestARequestRatherWaitsForTheTurnaroundThanStartsASandbox(t *testing.T) {
	s := newStack(t)
	s.deployRaw(t, 30, 0, map[string]string{"LINGER": "5ms"})
	pids := make(map[string]bool)
	for range 20 {
		pids[s.ask(t)] = true
	}
	if len(pids) > 2 { // a slow machine may once be late
		t.Errorf("%d sandboxes for one request after the other", len(pids))
	}
}

func TestATimeoutAfterTheAnswerIsReportedAndTheAnswerStands(t *testing.T) {
	s := newStack(t)
	s.deployRaw(t, 1, 0, map[string]string{"LINGER": "20s"})
	pid := s.ask(t)
	waitGone(t, pid)
	s.close(t)
	if lines := s.fake.lines(); !slices.ContainsFunc(lines, func(line string) bool { return strings.HasSuffix(line, "Status: timeout\t") }) {
		t.Errorf("no timeout in\n%s", strings.Join(lines, "\n"))
	}
}

func TestARuntimeThatGivesAPollUpGetsTheRequestWithTheNext(t *testing.T) {
	s := newStack(t)
	s.deployRaw(t, 30, 0, map[string]string{"GIVE_UP": "20ms"})
	pid := s.ask(t)
	for i := range 20 {
		time.Sleep(time.Duration(i) * 7 * time.Millisecond) // while it polls, and between its polls
		if again := s.ask(t); again != pid {
			t.Fatalf("served by %s, before by %s", again, pid)
		}
	}
}

func TestClosingLetsAnsweredRequestsEnd(t *testing.T) {
	s := newStack(t)
	s.deployRaw(t, 30, 0, map[string]string{"LINGER": "50ms"})
	s.ask(t)
	s.close(t)
	lines := s.fake.lines()
	if last := lines[len(lines)-1]; !strings.HasPrefix(last, "REPORT ") || strings.Contains(last, "Status:") {
		t.Errorf("the log ends with %s", last)
	}
}

func TestASandboxThatIsKilledAfterItsAnswerGetsNothingMore(t *testing.T) {
	s := newStack(t)
	s.deployRaw(t, 30, 0, map[string]string{})
	for range 40 {
		s.ask(t)
		time.Sleep(time.Duration(rand.N(1000)) * time.Microsecond)
		s.runner.KillSandboxes("f")
	}
}

package lambda

import (
	"context"
	"debug/elf"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"regexp"
	"slices"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"github.com/portcullis-chat/portcullis/internal/localaws/logship"
)

func TestAFunctionAnswers(t *testing.T) {
	s := newStack(t)
	s.deploy(t, "f", nil)
	result := s.invoke(t, "f", map[string]any{"do": "echo", "text": "<hi>"})
	if got, want := string(result.Payload), `"<hi>"`; got != want {
		t.Errorf("payload %s, want %s", got, want)
	}
	if result.FunctionError != "" || result.ExecutedVersion != latest {
		t.Errorf("got %+v", result)
	}
	if !regexp.MustCompile(`^[0-9a-f]{8}-[0-9a-f]{4}-4[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$`).MatchString(result.RequestID) {
		t.Errorf("request id %q", result.RequestID)
	}
}

func TestAFunctionSeesItsInvocation(t *testing.T) {
	s := newStack(t)
	s.deploy(t, "f", nil)
	result := s.invoke(t, "f", map[string]any{"do": "context"})
	var seen struct {
		ARN       string
		RequestID string
		Left      float64
		Trace     string
	}
	if err := json.Unmarshal(result.Payload, &seen); err != nil {
		t.Fatal(err)
	}
	if seen.ARN != arnOf("f") || seen.RequestID != result.RequestID {
		t.Errorf("seen %+v", seen)
	}
	if seen.Left < 2 || seen.Left > 3 {
		t.Errorf("%v s left of a timeout of 3 s", seen.Left)
	}
	if !regexp.MustCompile(`^Root=1-[0-9a-f]{8}-[0-9a-f]{24};Parent=[0-9a-f]{16};Sampled=0$`).MatchString(seen.Trace) {
		t.Errorf("trace id %q", seen.Trace)
	}
}

func TestTheEnvironmentIsAWSsAndTheFunctionsOwn(t *testing.T) {
	s := newStack(t)
	s.deploy(t, "f", func(c map[string]any) {
		c["Environment"] = map[string]any{"Variables": map[string]string{"TABLE": "t", "LANG": "C", "AWS_REGION": "mars-1"}}
		c["LoggingConfig"] = map[string]any{"LogFormat": "JSON", "LogGroup": "/mine", "ApplicationLogLevel": "DEBUG"}
	})
	var seen struct {
		Environment []string
		Folder      string
	}
	if err := json.Unmarshal(s.invoke(t, "f", map[string]any{"do": "environment"}).Payload, &seen); err != nil {
		t.Fatal(err)
	}
	got := make(map[string]string)
	for _, variable := range seen.Environment {
		name, value, _ := strings.Cut(variable, "=")
		got[name] = value
	}
	for name, pattern := range map[string]string{
		"_HANDLER":                        "bootstrap",
		"_X_AMZN_TRACE_ID":                "Root=.*",
		"AWS_ACCESS_KEY_ID":               "ASIAROLE",
		"AWS_DEFAULT_REGION":              testRegion,
		"AWS_ENDPOINT_URL":                "http://127.0.0.1:4566",
		"AWS_LAMBDA_FUNCTION_MEMORY_SIZE": "128",
		"AWS_LAMBDA_FUNCTION_NAME":        "f",
		"AWS_LAMBDA_FUNCTION_VERSION":     `\$LATEST`,
		"AWS_LAMBDA_INITIALIZATION_TYPE":  "on-demand",
		"AWS_LAMBDA_LOG_FORMAT":           "JSON",
		"AWS_LAMBDA_LOG_GROUP_NAME":       "/mine",
		"AWS_LAMBDA_LOG_LEVEL":            "DEBUG",
		"AWS_LAMBDA_LOG_STREAM_NAME":      `\d{4}/\d\d/\d\d/\[\$LATEST\][0-9a-f]{32}`,
		"AWS_LAMBDA_RUNTIME_API":          `127\.0\.0\.1:\d+`,
		"AWS_REGION":                      testRegion,
		"AWS_SECRET_ACCESS_KEY":           "secret",
		"AWS_SESSION_TOKEN":               "token of f",
		"LAMBDA_RUNTIME_DIR":              "/var/runtime",
		"LAMBDA_TASK_ROOT":                regexp.QuoteMeta(seen.Folder),
		"LANG":                            "C",
		"LD_LIBRARY_PATH":                 ".*",
		"PATH":                            "/usr/local/bin:/usr/bin/:/bin:/opt/bin",
		"TABLE":                           "t",
		"TZ":                              ":UTC",
	} {
		if value, ok := got[name]; !ok || !regexp.MustCompile("^(?:"+pattern+")$").MatchString(value) {
			t.Errorf("%s=%q, want %s", name, value, pattern)
		}
		delete(got, name)
	}
	for name, value := range got {
		t.Errorf("unexpected %s=%s", name, value)
	}
}

func TestWhatGoesWrongHasAWSsShape(t *testing.T) {
	tests := []struct {
		name   string
		init   string
		event  map[string]any
		change func(map[string]any)
		want   string // RequestId stands for the request's id
		log    string // a line of the function's log
	}{
		{
			name:   "a timeout",
			event:  map[string]any{"do": "sleep", "seconds": 30},
			change: func(c map[string]any) { c["Timeout"] = 1 },
			want:   `{"errorType":"Sandbox.Timedout","errorMessage":"RequestId: RequestId Error: Task timed out after 1.00 seconds"}`,
			log:    `^\S+Z RequestId Task timed out after 1\.00 seconds$`,
		},
		{
			name:  "a crash",
			event: map[string]any{"do": "crash"},
			want:  `{"errorType":"Runtime.ExitError","errorMessage":"RequestId: RequestId Error: Runtime exited with error: exit status 3"}`,
			log:   "^RequestId: RequestId Error: Runtime exited with error: exit status 3\nRuntime.ExitError$",
		},
		{
			name:  "an error of the handler",
			event: map[string]any{"do": "error", "text": "no"},
			want:  `{"errorMessage":"no","errorType":"errorString"}`,
			log:   `^REPORT RequestId: RequestId\tDuration: .*\tMax Memory Used: \d+ MB\tInit Duration: .* ms\t$`,
		},
		{
			name:  "a crash while it initialises",
			init:  "crash",
			event: map[string]any{},
			want:  `{"errorType":"Runtime.ExitError","errorMessage":"RequestId: RequestId Error: Runtime exited with error: exit status 7"}`,
			log:   `^INIT_REPORT Init Duration: .* ms\tPhase: init\tStatus: error\tError Type: Runtime.ExitError$`,
		},
		{
			name:  "an end without a reason while it initialises",
			init:  "leave",
			event: map[string]any{},
			want:  `{"errorType":"Runtime.ExitError","errorMessage":"RequestId: RequestId Error: Runtime exited without providing a reason"}`,
			log:   `^END RequestId: RequestId$`,
		},
		{
			name:  "an error that the runtime reports while it initialises",
			init:  "error",
			event: map[string]any{},
			want:  `{"errorType":"Config.Missing","errorMessage":"TABLE is not set"}`,
			log:   `^INIT_REPORT Init Duration: .* ms\tPhase: init\tStatus: error\tError Type: Config.Missing$`,
		},
		{
			name:  "a response that is too large",
			event: map[string]any{"do": "big", "bytes": maxResponse},
			want:  `{"errorType":"Function.ResponseSizeTooLarge","errorMessage":"RequestId: RequestId Error: Response payload size (6291558 bytes) exceeded maximum allowed payload size (6291556 bytes)."}`,
			log:   `\tError Type: Function.ResponseSizeTooLarge\t$`,
		},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			s := newStack(t)
			s.deploy(t, "f", func(c map[string]any) {
				c["Environment"] = map[string]any{"Variables": map[string]string{"INIT": test.init}}
				if test.change != nil {
					test.change(c)
				}
			})
			result := s.invoke(t, "f", test.event)
			if result.FunctionError != "Unhandled" {
				t.Errorf("function error %q", result.FunctionError)
			}
			if want := strings.Replace(test.want, "RequestId Error", result.RequestID+" Error", 1); string(result.Payload) != want {
				t.Errorf("payload %s\nwant    %s", result.Payload, want)
			}
			s.close(t)
			pattern := regexp.MustCompile(strings.NewReplacer("RequestId: RequestId", "RequestId: "+result.RequestID, "Z RequestId", "Z "+result.RequestID).Replace(test.log))
			if lines := s.fake.lines(); !slices.ContainsFunc(lines, pattern.MatchString) {
				t.Errorf("no line %s in\n%s", pattern, strings.Join(lines, "\n"))
			}
		})
	}
}

func TestAPanicIsAnsweredAndTheNextRequestGetsANewSandbox(t *testing.T) {
	s := newStack(t)
	s.deploy(t, "f", nil)
	first := s.invoke(t, "f", map[string]any{"do": "pid"})
	result := s.invoke(t, "f", map[string]any{"do": "panic"})
	if result.FunctionError != "Unhandled" || !strings.Contains(string(result.Payload), `"errorMessage":"lost my head"`) || !strings.Contains(string(result.Payload), "stackTrace") {
		t.Errorf("got %s %s", result.FunctionError, result.Payload)
	}
	second := s.invoke(t, "f", map[string]any{"do": "pid"})
	if string(first.Payload) == string(second.Payload) {
		t.Errorf("process %s served after its panic", first.Payload)
	}
}

func TestInitialisationMayTakeTenSeconds(t *testing.T) {
	t.Parallel()
	s := newStack(t)
	s.deploy(t, "f", func(c map[string]any) {
		c["Environment"] = map[string]any{"Variables": map[string]string{"INIT": "hang"}}
	})
	result := s.invoke(t, "f", map[string]any{})
	want := `{"errorType":"Sandbox.Timedout","errorMessage":"RequestId: ` + result.RequestID + ` Error: Task timed out after 10.00 seconds"}`
	if string(result.Payload) != want {
		t.Errorf("got %s", result.Payload)
	}
}

func TestLogLinesComeInTheOrderTheyWereWritten(t *testing.T) {
	s := newStack(t)
	s.deploy(t, "f", nil)
	first := s.invoke(t, "f", map[string]any{"do": "print", "text": "one"})
	second := s.invoke(t, "f", map[string]any{"do": "print", "text": strings.Repeat("ä", logship.MaxEventBytes)})
	s.close(t)
	lines := s.fake.lines()
	patterns := []string{
		`^INIT_START Runtime Version: provided:al2023`,
		`^START RequestId: ` + first.RequestID + ` Version: \$LATEST$`,
		`^one$`,
		`^to stderr$`,
		`^without line break$`,
		`^END RequestId: ` + first.RequestID + `$`,
		`^REPORT RequestId: ` + first.RequestID + `\tDuration: [\d.]+ ms\tBilled Duration: \d+ ms\tMemory Size: 128 MB\tMax Memory Used: \d+ MB\tInit Duration: [\d.]+ ms\t$`,
		`^START RequestId: ` + second.RequestID,
		`^ä+$`,
		`^ä+$`,
		`^to stderr$`,
		`^without line break$`,
		`^END RequestId: ` + second.RequestID,
		`^REPORT RequestId: ` + second.RequestID + `\tDuration: [\d.]+ ms\tBilled Duration: \d+ ms\tMemory Size: 128 MB\tMax Memory Used: \d+ MB\t$`,
	}
	if len(lines) != len(patterns) {
		t.Fatalf("%d lines, want %d", len(lines), len(patterns))
	}
	for i, pattern := range patterns {
		if !regexp.MustCompile(pattern).MatchString(lines[i]) {
			t.Errorf("line %d is %.200q, want %s", i, lines[i], pattern)
		}
	}
}

func TestJSONLogsHavePlatformRecordsAndAreFilteredByLevel(t *testing.T) {
	s := newStack(t)
	s.deploy(t, "f", func(c map[string]any) {
		c["LoggingConfig"] = map[string]any{"LogFormat": "JSON", "LogGroup": "/aws/lambda/f", "ApplicationLogLevel": "WARN"}
	})
	result := s.invoke(t, "f", map[string]any{"do": "print", "text": "{\"level\":\"debug\",\"msg\":\"d\"}\n{\"level\":\"ERROR\",\"msg\":\"e\"}"})
	s.close(t)
	var got []string
	for _, line := range s.fake.lines() {
		var record struct {
			Time   time.Time
			Type   string
			Level  string
			Record struct {
				RequestID string
				Status    string
				Metrics   struct {
					DurationMs, BilledDurationMs, MemorySizeMB, InitDurationMs float64
				}
			}
		}
		if err := json.Unmarshal([]byte(line), &record); err != nil {
			t.Fatalf("line %q: %v", line, err)
		}
		got = append(got, record.Type+record.Level)
		if record.Type != "platform.report" {
			continue
		}
		m := record.Record.Metrics
		if record.Record.RequestID != result.RequestID || record.Record.Status != "success" || m.MemorySizeMB != 128 || m.InitDurationMs <= 0 || m.BilledDurationMs < m.DurationMs {
			t.Errorf("report %s", line)
		}
	}
	want := []string{"platform.initStart", "platform.start", "ERROR", "platform.report"}
	if !slices.Equal(got, want) {
		t.Errorf("got %v, want %v", got, want)
	}
}

func TestLogLinesAreSentWhileTheSandboxLives(t *testing.T) {
	s := newStack(t)
	s.deploy(t, "f", nil)
	s.invoke(t, "f", map[string]any{"do": "print", "text": "soon"})
	deadline := time.Now().Add(2 * time.Second)
	for !slices.Contains(s.fake.lines(), "soon") {
		if time.Now().After(deadline) {
			t.Fatal("not sent")
		}
		time.Sleep(10 * time.Millisecond)
	}
}

func TestAMissingLogGroupIsReportedAndNotFatal(t *testing.T) {
	s := newStack(t)
	s.deploy(t, "f", func(c map[string]any) {
		c["LoggingConfig"] = map[string]any{"LogFormat": "Text", "LogGroup": "/gone"}
	})
	s.invoke(t, "f", map[string]any{"do": "echo"})
	s.close(t)
	problems := s.runner.Status().Problems
	if len(problems) != 1 || problems[0].Subject != "log group /gone" || problems[0].Count == 0 || !strings.Contains(problems[0].Message, "does not exist") {
		t.Errorf("problems %+v", problems)
	}
	if _, made := s.fake.groups["/gone"]; made {
		t.Error("the log group was made")
	}
}

func TestRequestsRunInParallelAndSandboxesAreUsedAgain(t *testing.T) {
	s := newStack(t)
	s.deploy(t, "f", nil)
	const parallel = 4
	var wg sync.WaitGroup
	var mu sync.Mutex
	pids := make(map[string]int)
	started := time.Now()
	for range parallel {
		wg.Go(func() {
			result := s.invoke(t, "f", map[string]any{"do": "pid", "seconds": 1})
			mu.Lock()
			defer mu.Unlock()
			pids[string(result.Payload)]++
		})
	}
	wg.Wait()
	if len(pids) != parallel {
		t.Errorf("%d processes served %d parallel requests", len(pids), parallel)
	}
	if took := time.Since(started); took > 3*time.Second {
		t.Errorf("took %v: one after the other", took)
	}
	for range 10 {
		if result := s.invoke(t, "f", map[string]any{"do": "pid"}); pids[string(result.Payload)] == 0 {
			t.Errorf("a new process %s for a request after the others", result.Payload)
		}
	}
	if status := s.runner.Status(); len(status.Sandboxes) != parallel || status.Sandboxes[0].State != "idle" || status.Sandboxes[0].PID == 0 {
		t.Errorf("status %+v", status)
	}
}

func TestReservedConcurrencyThrottles(t *testing.T) {
	s := newStack(t)
	s.deploy(t, "f", nil)
	s.fake.functions["f"]["Concurrency"] = map[string]any{"ReservedConcurrentExecutions": 1}
	s.invoke(t, "f", map[string]any{"do": "echo"})
	busy := make(chan error)
	go func() {
		_, err := s.runner.Invoke(context.Background(), arnOf("f"), []byte(`{"do":"sleep","seconds":1}`))
		busy <- err
	}()
	waitState(t, s, "busy")
	var throttled *ThrottledError
	if err := invokeError(s, "f"); !errors.As(err, &throttled) {
		t.Fatalf("error %v", err)
	}
	if throttled.Reason != "ReservedFunctionConcurrentInvocationLimitExceeded" {
		t.Errorf("reason %q", throttled.Reason)
	}
	if err := <-busy; err != nil {
		t.Errorf("the first request: %v", err)
	}
	if err := invokeError(s, "f"); err != nil {
		t.Errorf("still throttled after the request: %v", err)
	}

	s.fake.functions["f"]["Concurrency"] = map[string]any{"ReservedConcurrentExecutions": 0}
	s.runner.forget("f")
	if !errors.As(invokeError(s, "f"), &throttled) {
		t.Error("a reservation of 0 does not throttle")
	}
}

// waitState waits until the only sandbox is in that state.
func waitState(t *testing.T, s *stack, state string) {
	t.Helper()
	for deadline := time.Now().Add(5 * time.Second); s.runner.Status().Sandboxes[0].State != state; time.Sleep(time.Millisecond) {
		if time.Now().After(deadline) {
			t.Fatalf("the sandbox is not %s", state)
		}
	}
}

func invokeError(s *stack, name string) error {
	_, err := s.runner.Invoke(context.Background(), arnOf(name), []byte(`{"do":"echo"}`))
	s.runner.awaitTurnaround(context.Background())
	return err
}

func TestACallerThatLeavesDoesNotEndTheFunction(t *testing.T) {
	s := newStack(t)
	s.deploy(t, "f", nil)
	s.invoke(t, "f", map[string]any{"do": "echo"})
	ctx, cancel := context.WithTimeout(t.Context(), 50*time.Millisecond)
	defer cancel()
	if _, err := s.runner.Invoke(ctx, arnOf("f"), []byte(`{"do":"sleep","seconds":1}`)); !errors.Is(err, context.DeadlineExceeded) {
		t.Errorf("error %v", err)
	}
	waitState(t, s, "busy")
	waitState(t, s, "idle")
}

func TestErrorsOfInvokeAreTyped(t *testing.T) {
	s := newStack(t)
	s.deploy(t, "role", func(c map[string]any) { c["Role"] = testRole + "-refused" })
	s.fake.badRoles[testRole+"-refused"] = true
	s.deploy(t, "code", func(c map[string]any) { c["CodeSha256"] = sumOf([]byte("never seen")) })
	s.deploy(t, "python", func(c map[string]any) { c["Runtime"] = "python3.13" })
	s.deploy(t, "weights", nil)
	s.fake.aliases["weights:live"] = map[string]any{"FunctionVersion": "1", "RoutingConfig": map[string]any{"AdditionalVersionWeights": map[string]float64{"2": 0.5}}}

	var role *RoleError
	if err := invokeError(s, "role"); !errors.As(err, &role) || role.Role != testRole+"-refused" || !strings.Contains(err.Error(), "not authorized") {
		t.Errorf("role: %v", err)
	}
	for name, want := range map[string]error{
		"code":         ErrCodeMissing,
		"python":       ErrNotServed,
		"weights:live": ErrNotServed,
		"none":         ErrNotFound,
		"weights:none": ErrNotFound,
	} {
		if err := invokeError(s, name); !errors.Is(err, want) {
			t.Errorf("%s: %v, want %v", name, err, want)
		}
	}
	if _, err := s.runner.Invoke(t.Context(), "arn:aws:lambda:us-east-1:111111111111:function:role", nil); !errors.Is(err, ErrNotFound) {
		t.Errorf("another account: %v", err)
	}
	if _, err := s.runner.Invoke(t.Context(), arnOf("role"), make([]byte, maxRequest+1)); !errors.Is(err, ErrRequestTooLarge) {
		t.Errorf("large request: %v", err)
	}
}

func TestAnAliasLeadsToItsVersion(t *testing.T) {
	s := newStack(t)
	s.deploy(t, "f", nil)
	s.fake.functions["f:7"] = s.fake.functions["f"]
	s.fake.aliases["f:live"] = map[string]any{"FunctionVersion": "7"}
	result := s.invoke(t, "f:live", map[string]any{"do": "context"})
	if result.ExecutedVersion != "7" {
		t.Errorf("version %s", result.ExecutedVersion)
	}
	if !strings.Contains(string(result.Payload), `"arn":"`+arnOf("f:live")+`"`) {
		t.Errorf("payload %s", result.Payload)
	}
}

func TestAChangedConfigurationReplacesTheSandboxes(t *testing.T) {
	s := newStack(t)
	s.deploy(t, "f", nil)
	before := s.invoke(t, "f", map[string]any{"do": "pid"})
	s.deploy(t, "f", func(c map[string]any) {
		c["Environment"] = map[string]any{"Variables": map[string]string{"NEW": "1"}}
	})
	after := s.invoke(t, "f", map[string]any{"do": "environment"})
	if !strings.Contains(string(after.Payload), `"NEW=1"`) {
		t.Errorf("payload %s", after.Payload)
	}
	waitGone(t, string(before.Payload))
}

func TestIdleSandboxesAreTakenDown(t *testing.T) {
	s := newStack(t)
	s.deploy(t, "f", nil)
	pid := s.invoke(t, "f", map[string]any{"do": "pid"})
	s.runner.reapIdleSince(time.Now().Add(-time.Minute))
	if n := len(s.runner.Status().Sandboxes); n != 1 {
		t.Fatalf("%d sandboxes after a look at fresh ones", n)
	}
	s.runner.reapIdleSince(time.Now())
	waitGone(t, string(pid.Payload))
}

func TestCloseLeavesNoProcess(t *testing.T) {
	s := newStack(t)
	s.deploy(t, "f", func(c map[string]any) { c["Timeout"] = 60 })
	pid := s.invoke(t, "f", map[string]any{"do": "pid"})
	child := s.invoke(t, "f", map[string]any{"do": "child"})
	over := make(chan error)
	go func() {
		_, err := s.runner.Invoke(context.Background(), arnOf("f"), []byte(`{"do":"sleep","seconds":50}`))
		over <- err
	}()
	waitState(t, s, "busy")
	s.close(t)
	if err := <-over; !errors.Is(err, ErrClosed) {
		t.Errorf("the running invocation: %v", err)
	}
	if err := invokeError(s, "f"); !errors.Is(err, ErrClosed) {
		t.Errorf("an invocation afterwards: %v", err)
	}
	waitGone(t, string(pid.Payload))
	waitGone(t, string(child.Payload))
}

func TestATimeoutKillsWhatTheFunctionStarted(t *testing.T) {
	s := newStack(t)
	s.deploy(t, "f", func(c map[string]any) { c["Timeout"] = 1 })
	child := s.invoke(t, "f", map[string]any{"do": "child"})
	s.invoke(t, "f", map[string]any{"do": "sleep", "seconds": 30})
	waitGone(t, string(child.Payload))
}

// waitGone fails unless the process ends within two seconds. A zombie counts as
// gone: an orphan is reaped by init, which tests do not wait for.
func waitGone(t *testing.T, number string) {
	t.Helper()
	var pid int
	if _, err := fmt.Sscan(number, &pid); err != nil {
		t.Fatal(err)
	}
	for deadline := time.Now().Add(2 * time.Second); ; time.Sleep(5 * time.Millisecond) {
		if errors.Is(syscall.Kill(pid, 0), syscall.ESRCH) {
			return
		}
		if stat, err := os.ReadFile(fmt.Sprintf("/proc/%d/stat", pid)); err == nil && strings.Contains(string(stat), ") Z ") {
			return
		}
		if time.Now().After(deadline) {
			t.Fatalf("process %d still runs", pid)
		}
	}
}

func TestABootstrapThatCannotRunHereSaysWhatToDo(t *testing.T) {
	s := newStack(t)
	host := hostArchitecture()
	other, machine := "arm64", elf.EM_AARCH64
	if host == "arm64" {
		other, machine = "x86_64", elf.EM_X86_64
	}
	foreign, native := elfHeader(machine), elfHeader(elf.EM_NONE)
	tests := []struct {
		name         string
		zip          []byte
		architecture string
		want         []string
	}{
		{"built for another machine", zipOf(t, zipEntry{"bootstrap", 0o755, foreign}), host, []string{"built for " + other, "architecture is " + host, "make package"}},
		{"function and bootstrap for another machine", zipOf(t, zipEntry{"bootstrap", 0o755, foreign}), other, []string{"for " + other, "this host runs " + host, "make package"}},
		{"function for another machine than the bootstrap", zipOf(t, zipEntry{"bootstrap", 0o755, native}), other, []string{"built for " + host, "architecture is " + other, "make package"}},
		{"no bootstrap", zipOf(t, zipEntry{"main", 0o755, native}), host, []string{"couldn't find valid bootstrap", "make package"}},
		{"not executable", zipOf(t, zipEntry{"bootstrap", 0o644, native}), host, []string{"permission denied", "not executable", "make package"}},
	}
	for i, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			name := fmt.Sprintf("f%d", i)
			if err := s.runner.code.put(test.zip); err != nil {
				t.Fatal(err)
			}
			s.deploy(t, name, func(c map[string]any) {
				c["CodeSha256"] = sumOf(test.zip)
				c["Architectures"] = []string{test.architecture}
			})
			result := s.invoke(t, name, map[string]any{})
			for _, part := range append(test.want, `"errorType":"Runtime.InvalidEntrypoint"`) {
				if !strings.Contains(string(result.Payload), part) {
					t.Errorf("payload %s lacks %q", result.Payload, part)
				}
			}
			if problems := s.runner.Status().Problems; !slices.ContainsFunc(problems, func(p Problem) bool { return p.Subject == "function "+name }) {
				t.Errorf("problems %+v", problems)
			}
		})
	}
}

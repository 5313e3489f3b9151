package lambda

import (
	"encoding/json"
	"regexp"
	"slices"
	"strings"
	"testing"
)

func TestAFunctionThatUsesMoreMemoryThanItMayIsKilled(t *testing.T) {
	const above = 200 << 20
	tests := []struct {
		name    string
		event   map[string]any
		init    string
		json    bool
		pattern string // a line of the log
	}{
		{"while it works", map[string]any{"do": "fill", "bytes": above}, "", false, `\tMemory Size: 128 MB\tMax Memory Used: 128 MB\tInit Duration: .* ms\tStatus: error\tError Type: Runtime.OutOfMemory\t$`},
		{"in a process that it started", map[string]any{"do": "fillChild", "bytes": above}, "", false, `\tMemory Size: 128 MB\tMax Memory Used: 128 MB\tInit Duration: .* ms\tStatus: error\tError Type: Runtime.OutOfMemory\t$`},
		{"though it answers before anybody looks", map[string]any{"do": "fillInTime", "bytes": 140 << 20}, "", false, `\tMemory Size: 128 MB\tMax Memory Used: 128 MB\tInit Duration: .* ms\tStatus: error\tError Type: Runtime.OutOfMemory\t$`},
		{"while it initialises", nil, "fill", false, `^INIT_REPORT Init Duration: .* ms\tPhase: init\tStatus: error\tError Type: Runtime.OutOfMemory$`},
		{"and its log is JSON", map[string]any{"do": "fill", "bytes": above}, "", true, `"type":"platform.report","record":{"errorType":"Runtime.OutOfMemory","metrics":{.*"maxMemoryUsedMB":128,"memorySizeMB":128},"requestId":"[^"]*","status":"error"}`},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			s := newStack(t)
			s.deploy(t, "f", func(c map[string]any) {
				c["Timeout"] = 60
				c["Environment"] = map[string]any{"Variables": map[string]string{"INIT": test.init, "BYTES": "209715200"}}
				if test.json {
					c["LoggingConfig"] = map[string]any{"LogFormat": "JSON", "LogGroup": "/aws/lambda/f"}
				}
			})
			result := s.invoke(t, "f", test.event)
			want := `{"errorType":"Runtime.ExitError","errorMessage":"RequestId: ` + result.RequestID + ` Error: Runtime exited with error: signal: killed"}`
			if result.FunctionError != "Unhandled" || string(result.Payload) != want {
				t.Errorf("%s %s\nwant %s", result.FunctionError, result.Payload, want)
			}
			s.close(t)
			if lines := s.fake.lines(); !slices.ContainsFunc(lines, regexp.MustCompile(test.pattern).MatchString) {
				t.Errorf("no line %s in\n%s", test.pattern, strings.Join(lines, "\n"))
			}
		})
	}
}

func TestAFunctionMayUseItsMemory(t *testing.T) {
	s := newStack(t)
	s.deploy(t, "f", func(c map[string]any) { c["MemorySize"] = 256 })
	first := s.invoke(t, "f", map[string]any{"do": "pid"})
	if result := s.invoke(t, "f", map[string]any{"do": "fillInTime", "bytes": 150 << 20}); result.FunctionError != "" {
		t.Errorf("%s", result.Payload)
	}
	if after := s.invoke(t, "f", map[string]any{"do": "pid"}); string(after.Payload) != string(first.Payload) {
		t.Errorf("process %s after %s", after.Payload, first.Payload)
	}
	s.close(t)
	used := 0
	for _, line := range s.fake.lines() {
		if m := regexp.MustCompile(`Max Memory Used: (\d+) MB`).FindStringSubmatch(line); m != nil {
			if err := json.Unmarshal([]byte(m[1]), &used); err != nil {
				t.Fatal(err)
			}
		}
	}
	if used < 150 || used > 256 {
		t.Errorf("%d MB reported", used)
	}
}

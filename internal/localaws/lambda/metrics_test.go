package lambda

import (
	"slices"
	"testing"
)

func TestInvocationsArePublished(t *testing.T) {
	s := newStack(t)
	s.deploy(t, "f", nil)
	s.fake.functions["f:7"] = s.fake.functions["f"]
	s.fake.aliases["f:live"] = map[string]any{"FunctionVersion": "7"}
	s.deploy(t, "none", nil)
	s.fake.functions["none"]["Concurrency"] = map[string]any{"ReservedConcurrentExecutions": 0}

	s.invoke(t, "f", map[string]any{"do": "echo"})
	s.invoke(t, "f:live", map[string]any{"do": "error", "text": "no"})
	s.invoke(t, "f", map[string]any{"do": "crash"})
	if invokeError(s, "none") == nil {
		t.Fatal("not throttled")
	}

	function := map[string]string{"FunctionName": "f"}
	unqualified := map[string]string{"FunctionName": "f", "Resource": "f"}
	alias := map[string]string{"FunctionName": "f", "Resource": "f:live"}
	version := map[string]string{"FunctionName": "f", "Resource": "f:live", "ExecutedVersion": "7"}
	throttled := map[string]string{"FunctionName": "none"}
	all := map[string]string{}
	for _, test := range []struct {
		name       string
		dimensions map[string]string
		want       []float64
	}{
		{"Invocations", function, []float64{1, 1, 1}},
		{"Invocations", unqualified, []float64{1, 1}},
		{"Invocations", alias, []float64{1}},
		{"Invocations", version, []float64{1}},
		{"Invocations", all, []float64{1, 1, 1}},
		{"Invocations", throttled, nil},
		{"Errors", function, []float64{0, 1, 1}},
		{"Errors", version, []float64{1}},
		{"Errors", throttled, nil},
		{"Throttles", function, []float64{0, 0, 0}},
		{"Throttles", throttled, []float64{1}},
		{"Throttles", all, []float64{0, 0, 0, 1}},
		{"ConcurrentExecutions", function, []float64{1, 1, 1}},
		{"ConcurrentExecutions", all, []float64{1, 1, 1}},
		{"ConcurrentExecutions", throttled, nil},
		{"UnreservedConcurrentExecutions", all, []float64{1, 1, 1}},
		{"UnreservedConcurrentExecutions", function, nil},
	} {
		if got := s.metrics.of(test.name, "Count", test.dimensions); !slices.Equal(got, test.want) {
			t.Errorf("%s of %v: %v, want %v", test.name, test.dimensions, got, test.want)
		}
	}
	for _, set := range []map[string]string{function, all} {
		got := s.metrics.of("Duration", "Milliseconds", set)
		if len(got) != 3 || slices.Min(got) <= 0 || slices.Max(got) > 3000 {
			t.Errorf("Duration of %v: %v", set, got)
		}
	}
}

func TestConcurrencyIsPublishedAsItIs(t *testing.T) {
	s := newStack(t)
	s.deploy(t, "f", nil)
	s.fake.functions["f"]["Concurrency"] = map[string]any{"ReservedConcurrentExecutions": 2}
	s.deploy(t, "g", nil)
	done := make(chan error)
	for _, name := range []string{"f", "f"} {
		go func() { done <- s.sleep(name) }()
	}
	s.waitRunning(t, 2)
	s.invoke(t, "g", map[string]any{"do": "echo"})
	for range 2 {
		if err := <-done; err != nil {
			t.Error(err)
		}
	}
	if got := s.metrics.of("ConcurrentExecutions", "Count", map[string]string{"FunctionName": "f"}); !slices.Equal(got, []float64{1, 2}) {
		t.Errorf("f: %v", got)
	}
	if got := s.metrics.of("ConcurrentExecutions", "Count", map[string]string{}); !slices.Equal(got, []float64{1, 2, 3}) {
		t.Errorf("all: %v", got)
	}
	if got := s.metrics.of("UnreservedConcurrentExecutions", "Count", map[string]string{}); !slices.Equal(got, []float64{0, 0, 1}) {
		t.Errorf("unreserved: %v", got)
	}
}

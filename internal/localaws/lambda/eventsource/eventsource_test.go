package eventsource

import (
	"maps"
	"os"
	"path/filepath"
	"slices"
	"testing"
	"time"
)

func TestPartialBatchResponses(t *testing.T) {
	tests := map[string]struct {
		response string
		failed   []string
		all      bool
	}{
		"none":                             {``, nil, false},
		"null":                             {`null`, nil, false},
		"an empty object":                  {`{}`, nil, false},
		"an empty list":                    {`{"batchItemFailures":[]}`, nil, false},
		"null for the list":                {`{"batchItemFailures":null}`, nil, false},
		"one failure":                      {`{"batchItemFailures":[{"itemIdentifier":"b"}]}`, []string{"b"}, false},
		"all":                              {`{"batchItemFailures":[{"itemIdentifier":"b"},{"itemIdentifier":"a"}]}`, []string{"a", "b"}, false},
		"one twice":                        {`{"batchItemFailures":[{"itemIdentifier":"b"},{"itemIdentifier":"b"}]}`, []string{"b"}, false},
		"other members":                    {`{"x":1,"batchItemFailures":[{"itemIdentifier":"b","y":2}]}`, []string{"b"}, false},
		"no JSON":                          {`{"batchItemFailures":[`, nil, true},
		"a string":                         {`"ok"`, nil, true},
		"a list":                           {`[]`, nil, true},
		"an empty identifier":              {`{"batchItemFailures":[{"itemIdentifier":""}]}`, nil, true},
		"a null identifier":                {`{"batchItemFailures":[{"itemIdentifier":null}]}`, nil, true},
		"a misspelt identifier":            {`{"batchItemFailures":[{"itemId":"b"}]}`, nil, true},
		"an identifier in another case":    {`{"batchItemFailures":[{"ItemIdentifier":"b"}]}`, nil, true},
		"a list in another case":           {`{"BatchItemFailures":[{"itemIdentifier":"b"}]}`, nil, false},
		"a number as identifier":           {`{"batchItemFailures":[{"itemIdentifier":1}]}`, nil, true},
		"an unknown message":               {`{"batchItemFailures":[{"itemIdentifier":"z"}]}`, nil, true},
		"an unknown message beside others": {`{"batchItemFailures":[{"itemIdentifier":"a"},{"itemIdentifier":"z"}]}`, nil, true},
	}
	for name, test := range tests {
		b := &batch{messages: map[string]string{"a": "1", "b": "2"}}
		failed, all := b.failures([]byte(test.response))
		if got := slices.Sorted(maps.Keys(failed)); !slices.Equal(got, test.failed) || all != test.all {
			t.Errorf("%s: %v, all %v", name, got, all)
		}
	}
}

func TestBodiesAreFilteredAsWhatTheyAre(t *testing.T) {
	for _, test := range []struct {
		pattern string
		body    string
		want    bool
	}{
		{`{"body":{"a":[1]}}`, `{"a":1}`, true},
		{`{"body":{"a":[1]}}`, ` {"a":1}`, true},
		{`{"body":{"a":[1]}}`, `[{"a":1}]`, true},
		{`{"body":{"a":[1]}}`, `{"a":2}`, false},
		{`{"body":{"a":[1]}}`, `a`, false},
		{`{"body":{"a":[{"exists":false}]}}`, `a`, false},
		{`{"body":["a"]}`, `a`, true},
		{`{"body":["a"]}`, `b`, false},
		{`{"body":["{\"a\":1}"]}`, `{"a":1}`, false},
		{`{"body":[{"anything-but":"a"}]}`, `{"a":1}`, false},
		{`{"body":[{"prefix":"{"}]}`, `{"a":1`, true},
		{`{"body":["1"]}`, `1`, true},
	} {
		p, err := parseFilter(test.pattern)
		if err != nil {
			t.Fatal(err)
		}
		if got := p.matches(test.body); got != test.want {
			t.Errorf("%s and %s: %v", test.pattern, test.body, got)
		}
	}
}

func TestWhatWasOnItsWayHasArrivedAfterARestart(t *testing.T) {
	file := filepath.Join(t.TempDir(), "below", "mappings.json")
	const source = "arn:aws:sqs:us-east-1:000000000000:q"
	if err := write(file, []Mapping{
		{UUID: "a", State: deleting, EventSourceARN: source},
		{UUID: "b", State: updating, EventSourceARN: source, LastModified: time.Unix(1, 0)},
		{UUID: "c", State: disabling, EventSourceARN: source},
	}); err != nil {
		t.Fatal(err)
	}
	m, err := Open(Config{StateFile: file})
	if err != nil {
		t.Fatal(err)
	}
	if err := m.Close(t.Context()); err != nil {
		t.Fatal(err)
	}
	m.mu.Lock()
	defer m.mu.Unlock()
	if len(m.mapping) != 2 || m.mapping["b"].State != disabled || m.mapping["c"].State != disabled || !m.mapping["b"].LastModified.Equal(time.Unix(1, 0)) {
		t.Errorf("mappings %+v", m.mapping)
	}

	if err := os.WriteFile(file, []byte("no JSON"), 0o600); err != nil {
		t.Fatal(err)
	}
	if _, err := Open(Config{StateFile: file}); err == nil {
		t.Error("a broken state file was taken for none")
	}
}

func TestConcurrencyGrowsWhileAllIsBusyUpToTheMappingsLimit(t *testing.T) {
	limit := 7
	for _, most := range []*int{nil, &limit} {
		p := newPoller(Config{}, Mapping{Settings: Settings{MaximumConcurrency: most}})
		want := 2 * firstConcurrency
		if most != nil {
			want = *most
		}
		begun := time.Now()
		for i := range want {
			if !p.acquire() {
				t.Fatal("stopped")
			}
			if took := time.Since(begun); i >= firstConcurrency && took < moreEvery {
				t.Errorf("batch %d after %v", i+1, took)
			}
		}
		acquired := make(chan bool)
		go func() { acquired <- p.acquire() }()
		select {
		case <-acquired:
			t.Errorf("batch %d at once", want+1)
		case <-time.After(moreEvery / 2):
		}
		p.release()
		if !<-acquired {
			t.Error("stopped")
		}
		go func() { acquired <- p.acquire() }()
		p.stop()
		if <-acquired {
			t.Error("another batch after the poller was stopped")
		}
	}
}

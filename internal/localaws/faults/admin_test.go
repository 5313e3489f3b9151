package faults

import (
	"errors"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"
)

// served is a Client of a Set and a Clock, and where they are.
func served(t *testing.T) (*Client, *Set, *Clock, string) {
	t.Helper()
	set, clock := newSet(chat()), &Clock{}
	server := httptest.NewServer(Handler(set, clock))
	t.Cleanup(server.Close)
	return NewClient(server.URL), set, clock, server.URL
}

func TestAClientAdministersFaults(t *testing.T) {
	client, set, clock, _ := served(t)
	ctx := t.Context()
	if listed, err := client.List(ctx); err != nil || listed == nil || len(listed) != 0 {
		t.Errorf("of an empty set: %v, %v", listed, err)
	}
	want := Fault{
		Type: AWS, Service: "dynamodb", Operation: "Put*", Kind: Delay, Delay: Duration(1500 * time.Millisecond),
		Count: 3, Probability: 0.25, Seed: 1<<64 - 1,
	}
	added, err := client.Add(ctx, want)
	if err != nil || added.Fault != want || added.ID == "" {
		t.Fatalf("%+v, %v", added, err)
	}
	if listed, err := client.List(ctx); err != nil || len(listed) != 1 || listed[0] != added {
		t.Errorf("%+v, %v", listed, err)
	}
	if got, err := client.Get(ctx, added.ID); err != nil || got != added {
		t.Errorf("%+v, %v", got, err)
	}
	if err := client.Remove(ctx, added.ID); err != nil || len(set.List()) != 0 {
		t.Errorf("%v, left: %v", err, set.List())
	}
	for range 2 {
		if _, err := client.Add(ctx, Fault{Type: LoseDisconnect}); err != nil {
			t.Error(err)
		}
	}
	if err := client.Clear(ctx); err != nil || len(set.List()) != 0 {
		t.Errorf("%v, left: %v", err, set.List())
	}

	state, err := client.Forward(ctx, 11*time.Minute)
	if err != nil || state.Ahead != Duration(11*time.Minute) || clock.Ahead() != 11*time.Minute {
		t.Errorf("%+v, %v, %v", state, err, clock.Ahead())
	}
	if again, err := client.Clock(ctx); err != nil || again.Ahead != state.Ahead || again.Now.Before(state.Now) {
		t.Errorf("%+v, %v", again, err)
	}
}

func TestAClientIsToldWhatIsWrong(t *testing.T) {
	client, _, _, _ := served(t)
	ctx := t.Context()
	other := httptest.NewServer(http.NotFoundHandler())
	defer other.Close()
	gone := httptest.NewServer(nil)
	gone.Close()
	for name, c := range map[string]struct {
		do   func() error
		want string
	}{
		"a bad fault":        {func() error { return discard(client.Add(ctx, Fault{Type: "x"})) }, "unknown type of fault"},
		"no such fault":      {func() error { return client.Remove(ctx, "f9") }, "local fault list"},
		"no such fault, got": {func() error { return discard(client.Get(ctx, "f 9/x")) }, "local fault list"},
		"a clock backwards":  {func() error { return discard(client.Forward(ctx, -time.Minute)) }, "forward only"},
		"another server":     {func() error { return discard(NewClient(other.URL).List(ctx)) }, "is no local stack: it answers 404"},
		"no server":          {func() error { return discard(NewClient(gone.URL).List(ctx)) }, "the stack does not answer"},
	} {
		if err := c.do(); err == nil || !strings.Contains(err.Error(), c.want) {
			t.Errorf("%s: got %v, want %q", name, err, c.want)
		}
	}
}

func TestARequestIsRefusedWhen(t *testing.T) {
	const fault = `{"type":"lose-disconnect"}`
	for name, c := range map[string]struct {
		method, path, body string
		header             map[string]string
		status             int
		want               string
	}{
		"a page sends JSON":          {"POST", Path, fault, map[string]string{"Content-Type": "application/json", "Origin": "http://127.0.0.1"}, 403, "web pages"},
		"a page sends text":          {"POST", Path, fault, map[string]string{"Content-Type": "text/plain", "Sec-Fetch-Site": "same-origin"}, 403, "web pages"},
		"a page clears":              {"DELETE", Path, "", map[string]string{"Origin": "null"}, 403, "web pages"},
		"a page moves the clock":     {"POST", ClockPath, `{"forward":"1m"}`, map[string]string{"Content-Type": "application/json", "Origin": "http://127.0.0.1"}, 403, "web pages"},
		"an old page sends text":     {"POST", Path, fault, map[string]string{"Content-Type": "text/plain"}, 415, "send application/json"},
		"a form is sent":             {"POST", ClockPath, "forward=1m", map[string]string{"Content-Type": "application/x-www-form-urlencoded"}, 415, "send application/json"},
		"nothing is said of a type":  {"POST", Path, fault, map[string]string{"Content-Type": ""}, 415, "send application/json"},
		"it is no JSON":              {"POST", Path, "type=aws", nil, 400, "not what is expected"},
		"it is empty":                {"POST", Path, "", nil, 400, "not what is expected"},
		"it has an unknown member":   {"POST", Path, `{"type":"lose-disconnect","cuont":1}`, nil, 400, "cuont"},
		"it has an id":               {"POST", Path, `{"type":"lose-disconnect","id":"f9"}`, nil, 400, "id"},
		"its count is no number":     {"POST", Path, `{"type":"lose-disconnect","count":1.5}`, nil, 400, "count"},
		"its count is zero":          {"POST", Path, `{"type":"lose-disconnect","count":0}`, nil, 400, "1 or more"},
		"its count is negative":      {"POST", Path, `{"type":"lose-disconnect","count":-2}`, nil, 400, "count is -2"},
		"its probability is zero":    {"POST", Path, `{"type":"lose-disconnect","probability":0}`, nil, 400, "above 0"},
		"its probability is above 1": {"POST", Path, `{"type":"lose-disconnect","probability":2}`, nil, 400, "probability is 2"},
		"its delay is a number":      {"POST", Path, `{"type":"aws","service":"sts","kind":"delay","delay":3}`, nil, 400, "delay"},
		"its delay is no duration":   {"POST", Path, `{"type":"aws","service":"sts","kind":"delay","delay":"3"}`, nil, 400, "a duration is written as"},
		"something follows":          {"POST", Path, fault + fault, nil, 400, "after the body"},
		"it is too long":             {"POST", Path, `{"type":"` + strings.Repeat("x", maxBody) + `"}`, nil, 400, "not what is expected"},
		"the clock is told nothing":  {"POST", ClockPath, `{}`, nil, 400, "forward only"},
		"the clock is told a number": {"POST", ClockPath, `{"forward":60}`, nil, 400, "forward"},
		"another method":             {"PUT", Path, fault, nil, 405, ""},
		"the clock is removed":       {"DELETE", ClockPath, "", nil, 405, ""},
	} {
		t.Run(name, func(t *testing.T) {
			_, set, clock, url := served(t)
			req, err := http.NewRequestWithContext(t.Context(), c.method, url+c.path, strings.NewReader(c.body))
			if err != nil {
				t.Fatal(err)
			}
			req.Header.Set("Content-Type", "application/json")
			for name, value := range c.header {
				req.Header.Set(name, value)
			}
			res, err := http.DefaultClient.Do(req)
			if err != nil {
				t.Fatal(err)
			}
			defer res.Body.Close()
			body, _ := io.ReadAll(res.Body)
			if res.StatusCode != c.status || !strings.Contains(string(body), c.want) {
				t.Errorf("status %d, %s", res.StatusCode, body)
			}
			if len(set.List()) != 0 || clock.Ahead() != 0 {
				t.Errorf("it had an effect: %v, %v", set.List(), clock.Ahead())
			}
		})
	}
}

func TestARefusalDoesNotChangeTheNextAnswer(t *testing.T) {
	client, _, _, _ := served(t)
	for range 2 {
		if _, err := client.Get(t.Context(), "f1"); err == nil || errors.Is(err, io.EOF) {
			t.Errorf("got %v", err)
		}
	}
	if _, err := client.Add(t.Context(), Fault{Type: LoseDisconnect}); err != nil {
		t.Error(err)
	}
	if _, err := client.Get(t.Context(), "f1"); err != nil {
		t.Error(err)
	}
}

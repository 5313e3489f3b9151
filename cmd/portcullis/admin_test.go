package main

import (
	"bytes"
	"context"
	"encoding/json"
	"io"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/portcullis-chat/portcullis/internal/operator"
)

// awsAccount answers the calls of `portcullis admin`: one table, one user.
type awsAccount struct {
	url string

	mu     sync.Mutex
	calls  []string // operation, or method and path
	banned bool
}

func newAWSAccount(t *testing.T) *awsAccount {
	t.Helper()
	a := &awsAccount{}
	server := httptest.NewServer(a)
	t.Cleanup(server.Close)
	a.url = server.URL
	for name, value := range map[string]string{
		"AWS_ENDPOINT_URL": server.URL, "AWS_ACCESS_KEY_ID": "AKIDEXAMPLE", "AWS_SECRET_ACCESS_KEY": "secret", "AWS_SESSION_TOKEN": "",
		"AWS_CONFIG_FILE": os.DevNull, "AWS_SHARED_CREDENTIALS_FILE": os.DevNull, "AWS_EC2_METADATA_DISABLED": "true", "AWS_PROFILE": "",
	} {
		t.Setenv(name, value)
	}
	return a
}

func (a *awsAccount) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	a.mu.Lock()
	defer a.mu.Unlock()
	_, operation, dynamodb := strings.Cut(r.Header.Get("X-Amz-Target"), ".")
	if !dynamodb {
		a.calls = append(a.calls, r.Method+" "+r.URL.Path)
		w.WriteHeader(http.StatusNoContent)
		return
	}
	a.calls = append(a.calls, operation)
	body, _ := io.ReadAll(r.Body)
	w.Header().Set("Content-Type", "application/x-amz-json-1.0")
	const later = `{"N":"4102444800"}`
	switch {
	case operation == "Scan" || strings.Contains(string(body), `"room#`) && operation == "Query":
		io.WriteString(w, `{"Items":[{"pk":{"S":"room#lobby"},"sk":{"S":"c1="},"sub":{"S":"ann-id"},"name":{"S":"An\u001b[31mn"},"connectedAt":{"N":"1700000000000"},"tokenEnds":`+later+`,"expiry":`+later+`}]}`)
	case operation == "Query":
		state := ""
		if a.banned {
			state = `,{"pk":{"S":"user#ann-id"},"sk":{"S":"state"},"revokedUntil":` + later + `,"revokedWhy":{"S":"too\nloud"},"expiry":` + later + `}`
		}
		io.WriteString(w, `{"Items":[{"pk":{"S":"user#ann-id"},"sk":{"S":"slot#0"},"connectionId":{"S":"c1="},"room":{"S":"lobby"},"expiry":`+later+`}`+state+`]}`)
	case operation == "UpdateItem" && strings.Contains(string(body), "REMOVE") && !a.banned:
		w.WriteHeader(http.StatusBadRequest)
		io.WriteString(w, `{"__type":"com.amazonaws.dynamodb.v20120810#ConditionalCheckFailedException","message":"no"}`)
	default:
		io.WriteString(w, `{}`)
	}
}

func (a *awsAccount) asked() string {
	a.mu.Lock()
	defer a.mu.Unlock()
	calls := strings.Join(a.calls, "; ")
	a.calls = nil
	return calls
}

// admin runs the command and returns what it prints.
func admin(t *testing.T, stdin string, args ...string) (string, error) {
	t.Helper()
	root := newRootCommand()
	var out bytes.Buffer
	root.SetOut(&out)
	root.SetErr(io.Discard)
	root.SetIn(strings.NewReader(stdin))
	root.SetArgs(append([]string{"admin"}, args...))
	err := root.ExecuteContext(context.Background())
	return out.String(), err
}

func (a *awsAccount) flags() []string {
	return []string{"--table", "chat-connections", "--region", "eu-west-1", "--management-endpoint", a.url + "/live"}
}

func TestAdminShowsWhoIsThere(t *testing.T) {
	a := newAWSAccount(t)
	for name, c := range map[string]struct {
		args []string
		want []string
	}{
		"rooms":                 {[]string{"rooms"}, []string{"ROOM", "lobby  1      1"}},
		"the rooms as JSON":     {[]string{"rooms", "--json"}, []string{`"room": "lobby"`, `"connections": 1`}},
		"a room":                {[]string{"connections", "--room", "lobby"}, []string{"ann-id", "An[31mn", "2023-11-14T22:13:20Z", "c1="}},
		"a user":                {[]string{"connections", "--user", "ann-id"}, []string{"lobby", "c1="}},
		"a user as JSON":        {[]string{"connections", "--user", "ann-id", "--json"}, []string{`"user": "ann-id"`, `"connectionId": "c1="`}},
		"a user who is banned":  {[]string{"connections", "--user", "ann-id"}, []string{"banned until 2100-01-01T00:00:00Z: too loud"}},
		"a connection as JSON":  {[]string{"connections", "--room", "lobby", "--json"}, []string{`"tokenEnds": "2100-01-01T00:00:00Z"`}},
		"a disconnect":          {[]string{"disconnect", "ann-id"}, []string{"closed 1 connections"}},
		"a disconnect as JSON":  {[]string{"disconnect", "ann-id", "--json"}, []string{`"closed": 1`}},
		"a disconnect of bytes": {[]string{"disconnect", "Ä"}, []string{"closed 1 connections"}},
	} {
		a.mu.Lock()
		a.banned = strings.Contains(name, "banned")
		a.mu.Unlock()
		out, err := admin(t, "", append(c.args, a.flags()...)...)
		if err != nil {
			t.Errorf("%s: %v", name, err)
		}
		for _, want := range c.want {
			if !strings.Contains(out, want) {
				t.Errorf("%s: %q is not in %q", name, want, out)
			}
		}
		if strings.Contains(out, "\x1b") {
			t.Errorf("%s drives the terminal: %q", name, out)
		}
	}
}

func TestAdminBansAndUnbans(t *testing.T) {
	a := newAWSAccount(t)
	out, err := admin(t, "", append([]string{"ban", "ann-id", "--until", "2100-01-01T00:00:00+01:00", "--why", "spam"}, a.flags()...)...)
	if err != nil || !strings.Contains(out, "banned until 2099-12-31T23:00:00Z\n") {
		t.Errorf("got %q, %v", out, err)
	}
	if got, want := a.asked(), "UpdateItem; Query; DELETE /live/@connections/c1=; DeleteItem; DeleteItem; Query;"; !strings.HasPrefix(got, want) {
		t.Errorf("the calls are %s", got)
	}
	if _, err := admin(t, "", append([]string{"unban", "ann-id"}, a.flags()...)...); err == nil || !strings.Contains(err.Error(), operator.ErrNotBanned.Error()) {
		t.Errorf("got %v", err)
	}
	a.mu.Lock()
	a.banned = true
	a.mu.Unlock()
	if _, err := admin(t, "", append([]string{"unban", "ann-id"}, a.flags()...)...); err != nil {
		t.Error(err)
	}
}

func TestAdminSaysWhatIsWrongAndCallsNothing(t *testing.T) {
	a := newAWSAccount(t)
	for name, c := range map[string]struct {
		args []string
		want string
	}{
		"no table":           {[]string{"rooms", "--region", "eu-west-1", "--management-endpoint", a.url}, "--table is missing"},
		"no Region":          {[]string{"rooms", "--table", "t", "--management-endpoint", a.url}, "--region is missing"},
		"no endpoint":        {[]string{"rooms", "--table", "t", "--region", "eu-west-1"}, "--management-endpoint is missing"},
		"a plain endpoint":   {[]string{"rooms", "--table", "t", "--region", "eu-west-1", "--management-endpoint", "http://chat.example.com/live"}, "must be an https URL"},
		"an endpoint of wss": {[]string{"rooms", "--table", "t", "--region", "eu-west-1", "--management-endpoint", "wss://chat.example.com/live"}, "must be an https URL"},
		"no room, no user":   {append([]string{"connections"}, a.flags()...), "room"},
		"a room and a user":  {append([]string{"connections", "--room", "r", "--user", "u"}, a.flags()...), "room"},
		"a strange room":     {append([]string{"connections", "--room", "a#b"}, a.flags()...), "not the name of a room"},
		"no user":            {append([]string{"disconnect"}, a.flags()...), "name one user"},
		"an empty user":      {append([]string{"disconnect", ""}, a.flags()...), "name one user"},
		"two users":          {append([]string{"disconnect", "a", "b"}, a.flags()...), "name one user"},
		"a ban for no time":  {append([]string{"ban", "u", "--why", "x"}, a.flags()...), "for"},
		"a ban for nothing":  {append([]string{"ban", "u", "--for", "1h"}, a.flags()...), "why"},
		"a strange time":     {append([]string{"ban", "u", "--until", "tomorrow", "--why", "x"}, a.flags()...), "--until is not a time"},
		"a time in the past": {append([]string{"ban", "u", "--for", "-1h", "--why", "x"}, a.flags()...), "over already"},
		"a long reason":      {append([]string{"ban", "u", "--for", "1h", "--why", strings.Repeat("x", 257)}, a.flags()...), "257"},
		"no such file":       {[]string{"rooms", "--outputs", filepath.Join(t.TempDir(), "none")}, "reading --outputs"},
	} {
		if out, err := admin(t, "", c.args...); err == nil || !strings.Contains(err.Error(), c.want) {
			t.Errorf("%s: got %q, %v", name, out, err)
		}
		if calls := a.asked(); calls != "" {
			t.Errorf("%s: called %s", name, calls)
		}
	}
}

func TestAdminReadsTerraformsOutputs(t *testing.T) {
	a := newAWSAccount(t)
	type value map[string]any
	example := map[string]value{"connections_table": {"value": "example-table"}, "management_endpoint": {"value": a.url}, "region": {"value": "eu-west-1"}, "url": {"value": "wss://x"}}
	module := map[string]value{"tables": {"value": map[string]any{"connections": map[string]string{"name": "module-table", "arn": "x"}}}, "management_endpoint": {"value": a.url}, "region": {"value": "eu-west-1"}}
	for name, outputs := range map[string]map[string]value{"example-table": example, "module-table": module} {
		data, err := json.Marshal(outputs)
		if err != nil {
			t.Fatal(err)
		}
		file := filepath.Join(t.TempDir(), "outputs.json")
		if err := os.WriteFile(file, data, 0o600); err != nil {
			t.Fatal(err)
		}
		for _, from := range []string{file, "-"} {
			f := &adminFlags{outputs: from}
			if err := f.complete(bytes.NewReader(data)); err != nil || f.table != name || f.endpoint != a.url || f.region != "eu-west-1" {
				t.Errorf("%s from %s: got %+v, %v", name, from, f, err)
			}
		}
		f := &adminFlags{outputs: file, table: "mine"}
		if err := f.complete(nil); err != nil || f.table != "mine" {
			t.Errorf("a flag does not win: %+v, %v", f, err)
		}
	}
	if _, err := admin(t, "not JSON", "rooms", "--outputs", "-"); err == nil || !strings.Contains(err.Error(), "reading --outputs") {
		t.Errorf("got %v", err)
	}
	if _, err := admin(t, "{}", "rooms", "--outputs", "-"); err == nil || !strings.Contains(err.Error(), "is missing") {
		t.Errorf("got %v", err)
	}
}

func TestStampsAreInUTC(t *testing.T) {
	if got := stamp(time.Date(2030, 1, 1, 1, 0, 0, 0, time.FixedZone("", 3600))); got != "2030-01-01T00:00:00Z" {
		t.Error(got)
	}
}

package e2e_test

import (
	"encoding/json"
	"maps"
	"net/http"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/service/dynamodb"

	"github.com/portcullis-chat/portcullis/internal/packaging"
)

// handlers are the main packages of the example own-handlers.
var handlers = []string{"./examples/own-handlers/handlers/presence", "./examples/own-handlers/handlers/vote"}

// TestOwnHandlers deploys functions that are not the chat's behind the modules.
func TestOwnHandlers(t *testing.T) {
	t.Parallel()
	dir := t.TempDir() + "/handlers"
	if _, err := packaging.Build(t.Context(), root, dir, packaging.Arch(architecture()), handlers); err != nil {
		t.Fatal(err)
	}
	vars := map[string]any{"handlers_dir": dir}
	maps.Copy(vars, cognitoEndpoint())
	d := deploy(t, "examples/own-handlers", vars)
	alice, bob := d.newUser(t, "alice"), d.newUser(t, "bob")

	t.Run("a second plan is empty", d.planIsEmpty)
	t.Run("Checkov finds just what is skipped with a reason", d.checkov)

	t.Run("who has no token is refused", func(t *testing.T) {
		o := browser(room(t), alice.Access)
		o.subprotocols = o.subprotocols[:1]
		refused(t, d, o, http.StatusUnauthorized)
	})

	t.Run("a page of another origin is refused", func(t *testing.T) {
		o := browser(room(t), alice.Access)
		o.header.Set("Origin", "https://evil.example.com")
		refused(t, d, o, http.StatusForbidden)
	})

	t.Run("everybody in the poll sees each vote", func(t *testing.T) {
		poll := room(t)
		a, b := join(t, d, browser(poll, alice.Access)), join(t, d, native(poll, bob.Access))
		elsewhere := join(t, d, browser(poll+"-else", bob.Access))

		a.send(t, `{"action":"vote","choice":"soup"}`)
		a.tally(t, map[string]int{"soup": 1})
		b.tally(t, map[string]int{"soup": 1})
		b.send(t, `{"action":"vote","choice":"salad"}`)
		b.tally(t, map[string]int{"soup": 1, "salad": 1})
		a.tally(t, map[string]int{"soup": 1, "salad": 1})
		b.send(t, `{"action":"vote","choice":"soup"}`) // has changed their mind
		a.tally(t, map[string]int{"soup": 2})
		b.tally(t, map[string]int{"soup": 2})
		elsewhere.send(t, `{"action":"tally"}`)
		elsewhere.tally(t, map[string]int{})

		a.send(t, `{"action":"ping"}`)
		a.next(t, "pong")
	})

	t.Run("a choice that is none is refused", func(t *testing.T) {
		a := join(t, d, browser(room(t), alice.Access))
		for _, text := range []string{`{"action":"vote"}`, `{"action":"vote","choice":"<b>"}`, `{"action":"vote","choice":7}`} {
			a.send(t, text)
			if f := a.next(t, "error"); f.Code != "bad_request" {
				t.Fatalf("%s: %s", text, f.raw)
			}
		}
		a.send(t, `{"action":"tally"}`)
		a.tally(t, map[string]int{})
	})

	t.Run("who has left gets no more posts", func(t *testing.T) {
		poll := room(t)
		a, b := join(t, d, browser(poll, alice.Access)), join(t, d, browser(poll, bob.Access))
		b.leave()
		db := dynamodb.NewFromConfig(d.aws)
		eventually(t, "the row of the connection is deleted", func() bool { return len(scan(t, db, d.PollsTable, poll)) == 1 })
		a.send(t, `{"action":"vote","choice":"soup"}`)
		a.tally(t, map[string]int{"soup": 1})
	})

	t.Run("each grant is used, and covers just what is done", d.everyGrantIsUsed)
}

// tally waits for a tally and compares it.
func (m *member) tally(t *testing.T, want map[string]int) {
	t.Helper()
	timeout := time.After(wait)
	for {
		select {
		case f := <-m.frames:
			var got struct {
				Type  string
				Votes map[string]int
			}
			if err := json.Unmarshal([]byte(f.raw), &got); err != nil || got.Type != "tally" || !maps.Equal(got.Votes, want) {
				t.Fatalf("got %s, want a tally of %v", f.raw, want)
			}
			return
		case <-timeout:
			t.Fatalf("no tally within %v", wait)
		}
	}
}

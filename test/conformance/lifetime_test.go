package conformance_test

import (
	"net/http"
	"os"
	"strings"
	"time"

	"github.com/portcullis-chat/portcullis/test/conformance/script"
)

// pass lets time pass for the stack's limits. Only the local stack has a clock
// that can be moved, and it moves for all connections.
func (t *T) pass(d time.Duration) {
	t.Helper()
	req, err := http.NewRequestWithContext(t.Context(), http.MethodPost, os.Getenv("AWS_ENDPOINT_URL")+"/_portcullis/clock", strings.NewReader(`{"forward":"`+d.String()+`"}`))
	if err != nil {
		t.Fatal(err)
	}
	req.Header.Set("Content-Type", "application/json")
	res, err := http.DefaultClient.Do(req)
	if err != nil {
		t.Fatal(err)
	}
	_ = res.Body.Close()
	if res.StatusCode != http.StatusOK {
		t.Fatalf("the clock does not move: %s", res.Status)
	}
}

// stays fails unless the connection is open after the stack has looked for those
// that are overdue, which it does every second.
func (c *conn) stays() {
	c.t.Helper()
	time.Sleep(1200 * time.Millisecond)
	c.send(control(opPing, "open?"))
	if f := c.next(); f.op != opPong || f.payload != "open?" {
		c.t.Fatalf("got opcode %#x and %q, want a pong", f.op, f.payload)
	}
}

// goesAway fails unless the server closes the connection as overdue.
func (c *conn) goesAway() {
	c.t.Helper()
	code, reason := c.ended()
	equal(c.t, "code", code, 1001)
	equal(c.t, "reason", reason, "Going away")
	c.send(closing(1001, ""))
	c.wantEnd()
	c.wantDisconnect(1001, "Going away")
}

func lifetimeCases() []testCase {
	limits := docs(quotas)
	wscat := seen("andyrichardson/subscriptionless#3")
	timeline := func(section, name string, source source, takes string, run func(*T)) testCase {
		return testCase{section: section, name: name, source: source, notOnAWS: "needs a clock that is moved, or " + takes, alone: true, run: run}
	}
	const minutes, hours = "10 minutes and more", "two hours"
	return []testCase{
		timeline("1", "a connection without messages is closed after 10 minutes, not before", limits, minutes, func(t *T) {
			c := t.dial(t.Open, offer{})
			t.pass(9*time.Minute + 50*time.Second)
			c.stays()
			t.pass(10 * time.Second)
			c.goesAway()
		}),
		timeline("3.7", "a message of the client keeps the connection", source("[O](https://www.hotsock.io/docs/)"), minutes, func(t *T) {
			c := t.dial(t.Open, offer{})
			t.pass(9 * time.Minute)
			c.hearsNothing()
			t.pass(9 * time.Minute)
			c.stays()
			t.pass(time.Minute)
			c.goesAway()
		}),
		timeline("3.7", "a message to the client keeps the connection", wscat, minutes, func(t *T) {
			c := t.dial(t.Open, offer{})
			t.pass(9 * time.Minute)
			equal(t, "status", c.manage(t.cfg, http.MethodPost, "x").status, http.StatusOK)
			c.hears("x")
			t.pass(9 * time.Minute)
			c.stays()
			t.pass(time.Minute)
			c.goesAway()
		}),
		timeline("3.7", "pings and pongs of the client do not keep the connection", choice, minutes, func(t *T) {
			c := t.dial(t.Open, offer{})
			t.pass(9 * time.Minute)
			c.send(control(opPing, "x"), control(opPong, "y"))
			equal(t, "opcode", c.next().op, byte(opPong))
			t.pass(time.Minute)
			c.goesAway()
		}),
		timeline("3.7", "API Gateway sends no pings", wscat, minutes, func(t *T) {
			c := t.dial(t.Open, offer{})
			for range 5 {
				t.pass(110 * time.Second)
			}
			c.stays() // a ping would come before the pong
		}),
		timeline("1", "a connection is closed after 2 hours, whatever goes on in it", limits.and(choice), hours, func(t *T) {
			c := t.dial(t.Open, offer{})
			for range 13 {
				t.pass(9 * time.Minute)
				c.hearsNothing()
			}
			t.pass(2*time.Minute + 50*time.Second)
			c.stays()
			t.pass(10 * time.Second)
			c.goesAway()
		}),
		timeline("3.5", "a message that runs when its connection is overdue may end, and its answer is dropped", choice, minutes, func(t *T) {
			c := t.dial(t.Open, offer{})
			c.do("send", script.Script{SleepMillis: 3000})
			t.event(script.ConnectionKey(c.connectionID()), "MESSAGE")
			t.pass(10 * time.Minute)
			c.goesAway()
		}),
	}
}

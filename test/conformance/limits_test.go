package conformance_test

import (
	"net/http"
	"strings"
	"time"

	"github.com/portcullis-chat/portcullis/test/conformance/script"
)

// The quotas of the developer guide's table, with KB as 1,024 bytes.
const (
	frameLimit   = 32 << 10
	messageLimit = 128 << 10
	urlLimit     = 4096 // characters

	quotas = "apigateway-execution-service-websocket-limits-table"
)

// fragments are a message of n times size bytes.
func fragments(n, size int) []frame {
	frames := make([]frame, n)
	for i := range frames {
		op := byte(opContinuation)
		if i == 0 {
			op = opText
		}
		frames[i] = part(op, strings.Repeat("x", size), i < n-1)
	}
	return frames
}

// passing sends frames to the Open API and checks the message that the function
// gets.
func passing(body string, frames ...frame) func(*T) {
	return func(t *T) {
		c := t.dial(t.Open, offer{})
		c.send(frames...)
		ev := t.event(script.ConnectionKey(c.connectionID()), "MESSAGE")
		if got := ev.string("body"); got != body {
			t.Errorf("the function got %d bytes, %.100q …; want %d, %.100q …", len(got), got, len(body), body)
		}
	}
}

// tooLong sends frames to the Open API that must end the connection with 1009,
// without a message for the function, and be told so to $disconnect.
func tooLong(frames ...frame) func(*T) {
	return func(t *T) {
		c := t.dial(t.Open, offer{})
		c.send(frames...)
		c.closesWith(1009)
		equal(t, "disconnectStatusCode", c.disconnected().context("disconnectStatusCode"), "1009")
		for _, ev := range t.events(script.ConnectionKey(c.connectionID())) {
			if ev.kind() == "MESSAGE" {
				t.Errorf("the function got the message %.100q", ev.string("body"))
			}
		}
	}
}

func limitCases() []testCase {
	long := strings.Repeat("x", frameLimit)
	whole := docs(quotas)
	urlOf := func(n int) func(t *T) offer {
		return func(t *T) offer {
			target, _ := t.target(t.Open, offer{})
			return offer{query: "pad=" + strings.Repeat("x", n-len(target)-len("pad=&"))}
		}
	}
	return []testCase{
		{section: "1", name: "a frame of 32 KB passes", source: whole, run: passing(long, text(long))},
		{section: "1", name: "a frame above 32 KB closes the connection with 1009", source: whole, run: tooLong(text(long + "x"))},
		{section: "1", name: "a frame above 32 KB is judged by its header, before its payload has come", source: choice, run: tooLong(frame{op: opText, claims: 1 << 62})},
		{section: "1", name: "a fragment above 32 KB closes the connection with 1009", source: whole, run: tooLong(part(opText, "x", true), part(opContinuation, long+"x", false))},
		{section: "1", name: "a message of 128 KB in fragments passes", source: whole, run: passing(strings.Repeat(long, 4), fragments(4, frameLimit)...)},
		{section: "1", name: "a message one byte above 128 KB closes the connection with 1009", source: whole, run: func(t *T) {
			frames := fragments(5, frameLimit)
			frames[4].payload = "x"
			tooLong(frames...)(t)
		}},
		{section: "1", name: "an upgrade URL of 4,096 characters passes", source: whole, run: func(t *T) {
			o := urlOf(urlLimit)(t)
			if target, _ := t.target(t.Open, o); len(target) != urlLimit {
				t.Fatalf("the target has %d characters", len(target))
			}
			t.dial(t.Open, o)
		}},
		{section: "1", name: "an upgrade URL above 4,096 characters is refused with 414", source: whole.and(choice), run: func(t *T) {
			c := t.refused(t.Open, urlOf(urlLimit+1)(t), http.StatusRequestURITooLong)
			_, connects := c.calls()
			equal(t, "calls of $connect", connects, 0)
		}},
		{section: "1", name: "an authorizer's result of 8 KB passes", source: whole, run: func(t *T) {
			t.dial(t.Guarded, offer{authorize: script.Script{Result: result(statement("Allow", `"{methodArn}"`), `,"context":{"pad":"{pad}"}`), Size: 8 << 10}})
		}},
		{section: "1", name: "an authorizer's result above 8 KB is refused with 500", source: whole.and(docs("supported-gateway-response-types")), run: func(t *T) {
			t.refused(t.Guarded, offer{authorize: script.Script{Result: result(statement("Allow", `"{methodArn}"`), `,"context":{"pad":"{pad}"}`), Size: 8<<10 + 1}}, http.StatusInternalServerError)
		}},
		{section: "1", name: "the integration timeout is 29 s when none was set", source: whole.and(reference("CreateIntegration")), run: func(t *T) {
			c := t.dial(t.Guarded, offer{})
			started := time.Now()
			c.do("long", script.Script{SleepMillis: 40_000})
			wantErrorFrame(t, c.hear(), "Endpoint request timed out")
			if took := time.Since(started); took < 28*time.Second || took > 39*time.Second {
				t.Errorf("the frame came after %v", took)
			}
		}},
		{section: "1", name: "an answer above 128 KB is replaced by the frame “Internal server error”", source: choice, run: func(t *T) {
			c := t.dial(t.Guarded, offer{})
			c.do("send", script.Script{Result: `{"statusCode":200,"body":"{pad}"}`, Size: messageLimit + len(`{"statusCode":200,"body":""}`) + 1})
			wantErrorFrame(t, c.hear(), "Internal server error")
		}},
		{section: "1", name: "an answer of 128 KB comes in frames of at most 32 KB", source: whole.and(choice), run: func(t *T) {
			c := t.dial(t.Guarded, offer{})
			c.do("send", script.Script{Result: `{"statusCode":200,"body":"{pad}"}`, Size: messageLimit + len(`{"statusCode":200,"body":""}`)})
			c.hearsInFrames(strings.Repeat("x", messageLimit))
		}},
		{section: "1", name: "a posted message of 128 KB comes in frames of at most 32 KB", source: whole.and(choice), run: func(t *T) {
			c := t.dial(t.Open, offer{})
			data := strings.Repeat("é", messageLimit/2)
			equal(t, "status", c.manage(t.cfg, http.MethodPost, data).status, http.StatusOK)
			c.hearsInFrames(data)
		}},
		{section: "1", name: "data posted above 128 KB is refused with 413, PayloadTooLargeException", source: management("PostToConnection"), run: func(t *T) {
			c := t.dial(t.Open, offer{})
			res := c.manage(t.cfg, http.MethodPost, strings.Repeat("x", messageLimit+1))
			equal(t, "status", res.status, http.StatusRequestEntityTooLarge)
			equal(t, "type", res.kind(), "PayloadTooLargeException")
			c.hearsNothing()
		}},
	}
}

// hearsInFrames reads a message that must come in frames within the limit.
func (c *conn) hearsInFrames(want string) {
	c.t.Helper()
	var got strings.Builder
	for i, more := 0, true; more; i++ {
		f := c.next()
		if len(f.payload) > frameLimit || (f.op == opText) != (i == 0) || f.op != opText && f.op != opContinuation {
			c.t.Fatalf("frame %d has opcode %#x and %d bytes", i, f.op, len(f.payload))
		}
		got.WriteString(f.payload)
		more = f.more
	}
	if got.String() != want {
		c.t.Errorf("got %d bytes, want %d", got.Len(), len(want))
	}
}

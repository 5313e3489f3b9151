package conformance_test

import (
	"net"
	"net/http"

	"github.com/portcullis-chat/portcullis/test/conformance/script"
)

func disconnectCases() []testCase {
	// left is the case of a client that leaves in some way.
	left := func(leave func(*conn), code int, reason string) func(*T) {
		return func(t *T) {
			c := t.dial(t.Open, offer{})
			leave(c)
			c.wantDisconnect(code, reason)
		}
	}
	closes := func(f frame) func(*conn) {
		return func(c *conn) { c.send(f); c.next() }
	}
	limits := docs(quotas)
	const lost = "Connection closed abnormally"
	fixtures := fixture("apigw-websocket-request-disconnect")
	return []testCase{
		{section: "3.5", name: "the client closes without a status: 1005, “Client-side close frame status not set”", source: docs("apigateway-websocket-api-integration-requests"), run: left(closes(control(opClose, "")), 1005, "Client-side close frame status not set")},
		{section: "3.5", name: "the client closes with 1001 and no reason: 1001, no reason", source: fixtures, run: left(closes(closing(1001, "")), 1001, "")},
		{section: "3.5", name: "the client closes with 1000 and a reason: both are passed on", source: choice, run: left(closes(closing(1000, "bye – é")), 1000, "bye – é")},
		{section: "3.5", name: "the client closes with a code of its own: it is passed on", source: choice, run: left(closes(closing(4001, "mine")), 4001, "mine")},
		{section: "3.5", name: "a reason of 123 bytes, the longest, is passed on whole", source: choice, run: left(closes(closing(1000, string(make123()))), 1000, string(make123()))},
		{section: "3.5", name: "DELETE of @connections: 1000, “Connection Closed Normally”", source: seen("aws/chalice#2060"), run: func(t *T) {
			c := t.dial(t.Open, offer{})
			equal(t, "status", c.manage(t.cfg, http.MethodDelete, "").status, http.StatusNoContent)
			c.closesWith(1000)
			c.wantDisconnect(1000, "Connection Closed Normally")
		}},
		{section: "3.5", name: "a message that is too long: 1009", source: limits.and(choice), run: left(func(c *conn) { c.send(frame{op: opText, claims: 1 << 20}); c.closesWith(1009) }, 1009, "Message too long")},
		{section: "3.5", name: "a binary message: 1003", source: docs("apigateway-websocket-api-routes-integrations").and(choice), run: left(func(c *conn) {
			c.send(control(opBinary, "x"))
			c.closesWith(1003)
		}, 1003, "Binary frames are not supported")},
		{section: "3.5", name: "the client vanishes: 1006, “Connection closed abnormally”", source: choice, run: left((*conn).vanish, 1006, lost)},
		{section: "3.5", name: "the client vanishes within a frame: 1006", source: choice, run: left(func(c *conn) {
			c.send(frame{op: opText, payload: "half of it", truncated: true, mask: defaultMask})
			c.vanish()
		}, 1006, lost)},
		{section: "3.5", name: "the connection is reset: 1006", source: choice, notOnAWS: "with TLS a client cannot make a reset certain", run: left(func(c *conn) {
			_ = c.net.(*net.TCPConn).SetLinger(0)
			c.vanish()
		}, 1006, lost)},
		{section: "3.5", name: "what $disconnect returns is ignored", source: choice, run: func(t *T) {
			c := t.dial(t.Guarded, offer{authorize: allowing(`{"disconnect":` + encode(encode(script.Script{Error: "boom"})) + `}`)})
			c.send(closing(1000, "x"))
			c.wantDisconnect(1000, "x")
		}},
		{section: "3.5", name: "$disconnect comes once", source: choice, run: func(t *T) {
			c := t.dial(t.Guarded, offer{})
			equal(t, "status", c.manage(t.cfg, http.MethodDelete, "").status, http.StatusNoContent)
			c.closesWith(1000)
			c.disconnected()
			// $disconnect of a later connection comes after a second one would.
			later := t.dial(t.Guarded, offer{})
			later.send(closing(1000, ""))
			later.disconnected()
			equal(t, "events", len(t.events(script.ConnectionKey(c.connectionID()))), 1)
		}},
		{section: "3.5", name: "inside $disconnect the connection is gone: 410", source: choice, run: func(t *T) {
			s := script.Script{Posts: []script.Post{{Method: "POST", Data: "x"}, {Method: "GET"}, {Method: "DELETE"}}}
			c := t.dial(t.Guarded, offer{authorize: allowing(`{"disconnect":` + encode(encode(s)) + `}`)})
			c.send(closing(1000, ""))
			equal(t, "statuses", t.posts(script.ConnectionKey(c.connectionID())), "[410,410,410]")
		}},
		{section: "3.5", name: "an API needs no $disconnect", source: docs("apigateway-websocket-api-route-keys-connect-disconnect"), run: func(t *T) {
			c := t.dial(t.Echo, offer{})
			c.send(closing(1000, ""))
			c.closesWith(1000)
		}},
	}
}

// make123 is the longest reason of a close frame.
func make123() []byte {
	b := make([]byte, 123)
	for i := range b {
		b[i] = 'a' + byte(i%26)
	}
	return b
}

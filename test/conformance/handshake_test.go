package conformance_test

import (
	"net/http"
	"slices"
	"strings"
)

// handshakeCases are the rules of RFC 6455 for the opening handshake.
func handshakeCases() []testCase {
	// changed is the case of an upgrade request with lines that are replaced: by
	// the name of the header, with "" to leave it out.
	changed := func(status int, replace map[string]string, more ...string) func(*T) {
		return func(t *T) {
			target, caseID := t.target(t.Open, offer{})
			lines := handshake(t.Open, target, more...)
			for i, line := range lines {
				name, _, _ := strings.Cut(line, ":")
				if i == 0 {
					name = "request"
				}
				if with, ok := replace[name]; ok {
					lines[i] = strings.ReplaceAll(with, "{target}", target)
				}
			}
			lines = slices.DeleteFunc(lines, func(line string) bool { return line == "" })
			c := t.request(t.Open, lines)
			c.caseID = caseID
			if c.answer.status != status {
				t.Fatalf("status %d, want %d: %s", c.answer.status, status, c.answer.body)
			}
			_, connect := c.calls()
			if status == http.StatusSwitchingProtocols {
				c.hearsNothing()
				return
			}
			equal(t, "calls of $connect", connect, 0)
			if status == http.StatusUpgradeRequired {
				equal(t, "Upgrade", c.answer.header.Get("Upgrade"), "websocket")
			}
		}
	}
	const (
		ok       = http.StatusSwitchingProtocols
		bad      = http.StatusBadRequest
		required = http.StatusUpgradeRequired
	)
	version := func(value string) func(*T) {
		return func(t *T) {
			target, _ := t.target(t.Open, offer{})
			lines := handshake(t.Open, target)
			lines[5] = "Sec-WebSocket-Version: " + value
			c := t.request(t.Open, lines)
			equal(t, "status", c.answer.status, required)
			equal(t, "Sec-WebSocket-Version", c.answer.header.Get("Sec-WebSocket-Version"), "13")
		}
	}
	return []testCase{
		{section: "rfc-4", name: "the response is 101 with Upgrade, Connection and the right Sec-WebSocket-Accept", source: rfc("4.2.2"), run: func(t *T) {
			c := t.dial(t.Open, offer{})
			equal(t, "Upgrade", strings.ToLower(c.answer.header.Get("Upgrade")), "websocket")
			equal(t, "Connection", strings.ToLower(c.answer.header.Get("Connection")), "upgrade")
			equal(t, "Sec-WebSocket-Accept", c.answer.header.Get("Sec-WebSocket-Accept"), accept)
			equal(t, "Sec-WebSocket-Extensions", c.answer.header.Get("Sec-WebSocket-Extensions"), "")
		}},
		{section: "rfc-4", name: "names and values of Connection and Upgrade may be written in any case", source: rfc("4.2.1"), run: changed(ok, map[string]string{"Connection": "cOnneCtion: UPGRADE", "Upgrade": "uPGRADE: WebSocket"})},
		{section: "rfc-4", name: "Connection may name more than Upgrade", source: rfc("4.2.1"), run: changed(ok, map[string]string{"Connection": "Connection: keep-alive, Upgrade"})},
		{section: "rfc-4", name: "without Connection: Upgrade it is 426", source: rfc("4.2.1"), run: changed(required, map[string]string{"Connection": "Connection: keep-alive"})},
		{section: "rfc-4", name: "without Upgrade it is 426", source: rfc("4.2.1"), run: changed(required, map[string]string{"Upgrade": ""})},
		{section: "rfc-4", name: "an Upgrade to something else is 426", source: rfc("4.2.1"), run: changed(required, map[string]string{"Upgrade": "Upgrade: h2c"})},
		{section: "rfc-4", name: "an Upgrade that only contains the word is 426", source: rfc("4.2.1"), run: changed(required, map[string]string{"Upgrade": "Upgrade: websockets"})},
		{section: "rfc-4", name: "without Sec-WebSocket-Key it is 400", source: rfc("4.2.1"), run: changed(bad, map[string]string{"Sec-WebSocket-Key": ""})},
		{section: "rfc-4", name: "an empty key is 400", source: rfc("4.2.1"), run: changed(bad, map[string]string{"Sec-WebSocket-Key": "Sec-WebSocket-Key:"})},
		{section: "rfc-4", name: "a key that is not 16 bytes is 400", source: rfc("4.2.1"), run: changed(bad, map[string]string{"Sec-WebSocket-Key": "Sec-WebSocket-Key: dGhlIHNhbXBsZQ=="})},
		{section: "rfc-4", name: "a key that is not base64 is 400", source: rfc("4.2.1"), run: changed(bad, map[string]string{"Sec-WebSocket-Key": "Sec-WebSocket-Key: ************************"})},
		{section: "rfc-4", name: "two keys are 400", source: rfc("11.3.1"), run: changed(bad, nil, "Sec-WebSocket-Key: "+key)},
		{section: "rfc-4", name: "two versions are 400", source: rfc("11.3.5"), run: changed(bad, nil, "Sec-WebSocket-Version: 13")},
		{section: "rfc-4", name: "a handshake with a body is 400", source: choice, run: func(t *T) {
			for _, header := range []string{"Content-Length: 5", "Transfer-Encoding: chunked"} {
				changed(bad, nil, header)(t)
			}
		}},
		{section: "rfc-4", name: "a body of no length is no harm", source: choice, run: changed(ok, nil, "Content-Length: 0")},
		{section: "rfc-4", name: "without Sec-WebSocket-Version it is 426, and the version that is spoken is named", source: rfc("4.2.2"), run: func(t *T) {
			target, _ := t.target(t.Open, offer{})
			c := t.request(t.Open, handshake(t.Open, target)[:5])
			equal(t, "status", c.answer.status, required)
			equal(t, "Sec-WebSocket-Version", c.answer.header.Get("Sec-WebSocket-Version"), "13")
		}},
		{section: "rfc-4", name: "version 8 is 426, and the version that is spoken is named", source: rfc("4.2.2"), run: version("8")},
		{section: "rfc-4", name: "version 14 is 426, and the version that is spoken is named", source: rfc("4.2.2"), run: version("14")},
		{section: "rfc-4", name: "HTTP/1.0 is 400", source: rfc("4.2.1").and(choice), run: changed(bad, map[string]string{"request": "GET {target} HTTP/1.0"})},
		{section: "rfc-4", name: "POST is 400", source: rfc("4.2.1").and(choice), run: changed(bad, map[string]string{"request": "POST {target} HTTP/1.1"}, "Content-Length: 0")},
		{section: "rfc-4", name: "a request without Host is 400", source: rfc("4.2.1"), run: changed(bad, map[string]string{"Host": ""})},
		{section: "rfc-4", name: "an Origin is no harm", source: rfc("4.2.1"), run: changed(ok, nil, "Origin: https://app.example.com")},
		{section: "rfc-4", name: "unknown headers and extensions are no harm", source: rfc("4.2.1"), run: changed(ok, nil, "X-Unknown: 1", "Sec-WebSocket-Extensions: x-unknown; y=1")},
		{section: "rfc-4", name: "frames may come in the same segment as the request", source: rfc("4.1"), run: func(t *T) {
			target, _ := t.target(t.Echo, offer{bare: true})
			c := t.connectTCP(t.Echo)
			c.write(append([]byte(strings.Join(handshake(t.Echo, target), "\r\n")+"\r\n\r\n"), text("early").bytes()...))
			c.readAnswer(http.MethodGet)
			equal(t, "status", c.answer.status, ok)
			c.hears("early")
		}},
		{section: "rfc-4", name: "a request that comes byte by byte is the same", source: rfc("4.1"), run: func(t *T) {
			target, _ := t.target(t.Echo, offer{bare: true})
			c := t.connectTCP(t.Echo)
			for _, b := range []byte(strings.Join(handshake(t.Echo, target), "\r\n") + "\r\n\r\n") {
				c.write([]byte{b})
			}
			c.readAnswer(http.MethodGet)
			equal(t, "status", c.answer.status, ok)
			for _, b := range text("late").bytes() {
				c.write([]byte{b})
			}
			c.hears("late")
		}},
	}
}

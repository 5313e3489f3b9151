package conformance_test

import (
	"fmt"
	"strings"

	"github.com/portcullis-chat/portcullis/test/conformance/script"
)

// echoes sends frames to the Echo API and checks the messages that come back.
func echoes(want []string, frames ...frame) func(*T) {
	return func(t *T) {
		c := t.dial(t.Echo, offer{bare: true})
		c.send(frames...)
		for _, message := range want {
			c.hears(message)
		}
		c.send(closing(1000, ""))
		c.closesWith(1000)
	}
}

// fails sends frames to the Echo API, which must end the connection with a code
// and nothing before it.
func fails(code int, frames ...frame) func(*T) {
	return func(t *T) {
		c := t.dial(t.Echo, offer{bare: true})
		c.send(frames...)
		c.closesWith(code)
		// It serves others.
		other := t.dial(t.Echo, offer{bare: true})
		other.say("still here")
		other.hears("still here")
	}
}

func framingCases() []testCase {
	var cases []testCase
	add := func(section, name string, source source, run func(*T)) {
		cases = append(cases, testCase{section: section, name: name, source: source, run: run})
	}
	one := func(messages ...string) []string { return messages }
	routes := docs("apigateway-websocket-api-routes-integrations")

	// Lengths. API Gateway's limit of a frame, 32 KB, is below the longest of
	// 16 bits: 64 bits are never the shortest form of a legal frame.
	for _, n := range []int{1, 124, 125, 126, 127, 128, 255, 256, 32_767, 32_768} {
		payload := strings.Repeat("x", n)
		add("rfc-5", fmt.Sprintf("a text of %d bytes passes in the shortest form of its length", n), rfc("5.2"), echoes(one(payload), text(payload)))
	}
	for _, n := range []int{0, 1, 125} {
		add("rfc-5", fmt.Sprintf("%d bytes in a length of 16 bits is 1002: not the shortest form", n), rfc("5.2"), fails(1002, frame{op: opText, payload: strings.Repeat("x", n), form: form16}))
	}
	for _, n := range []int{0, 125, 126, 32_768} {
		add("rfc-5", fmt.Sprintf("%d bytes in a length of 64 bits is 1002: not the shortest form", n), rfc("5.2"), fails(1002, frame{op: opText, payload: strings.Repeat("x", n), form: form64}))
	}
	add("rfc-5", "a length of 64 bits with the highest bit set is 1002", rfc("5.2"), fails(1002, frame{op: opText, form: form64, claims: 1<<63 | 5}))
	add("rfc-5", "a close frame's length in 16 bits is 1002: not the shortest form", rfc("5.2"), fails(1002, frame{op: opClose, payload: "\x03\xe8", form: form16}))

	// Masks.
	add("rfc-5", "a text that is not masked is 1002", rfc("5.1"), fails(1002, frame{op: opText, payload: "x", unmasked: true}))
	add("rfc-5", "an empty text that is not masked is 1002", rfc("5.1"), fails(1002, frame{op: opText, unmasked: true}))
	add("rfc-5", "a continuation that is not masked is 1002", rfc("5.1"), fails(1002, part(opText, "x", true), frame{op: opContinuation, payload: "y", unmasked: true}))
	add("rfc-5", "a ping that is not masked is 1002", rfc("5.1"), fails(1002, frame{op: opPing, unmasked: true}))
	add("rfc-5", "a close frame that is not masked is 1002", rfc("5.1"), fails(1002, frame{op: opClose, unmasked: true}))
	for _, mask := range [][4]byte{{}, {0xff, 0xff, 0xff, 0xff}, {1, 2, 3, 4}} {
		add("rfc-5", fmt.Sprintf("the mask %x is undone", mask), rfc("5.3"), echoes(one("masked payload é"), frame{op: opText, payload: "masked payload é", mask: mask}))
	}
	add("rfc-5", "each fragment has a mask of its own", rfc("5.3"), echoes(one("abcde"),
		frame{op: opText, payload: "abc", more: true, mask: [4]byte{9, 8, 7, 6}}, frame{op: opContinuation, payload: "de", mask: [4]byte{1, 2, 3, 4}}))

	// Reserved bits and opcodes.
	for bits := byte(1); bits < 8; bits++ {
		add("rfc-5", fmt.Sprintf("reserved bits %03b without an extension are 1002", bits), rfc("5.2"), fails(1002, frame{op: opText, payload: "x", rsv: bits}))
	}
	add("rfc-5", "a reserved bit in a continuation is 1002", rfc("5.2"), fails(1002, part(opText, "x", true), frame{op: opContinuation, payload: "y", rsv: 4}))
	add("rfc-5", "a reserved bit in a ping is 1002", rfc("5.2"), fails(1002, frame{op: opPing, rsv: 4}))
	add("rfc-5", "a reserved bit in a close frame is 1002", rfc("5.2"), fails(1002, frame{op: opClose, rsv: 1}))
	for _, op := range []byte{0x3, 0x4, 0x5, 0x6, 0x7, 0xb, 0xc, 0xd, 0xe, 0xf} {
		add("rfc-5", fmt.Sprintf("the reserved opcode %#x is 1002", op), rfc("5.2"), fails(1002, control(op, "")))
	}
	add("rfc-5", "a reserved opcode within a message is 1002", rfc("5.2"), fails(1002, part(opText, "x", true), control(0x3, "y")))

	// Binary: API Gateway's own rule.
	add("3.6", "a binary message is 1003", routes, fails(1003, control(opBinary, "x")))
	add("3.6", "an empty binary message is 1003", routes, fails(1003, control(opBinary, "")))
	add("3.6", "the first fragment of a binary message is 1003", routes, fails(1003, part(opBinary, "x", true)))
	add("3.6", "a binary message after texts is 1003, and the texts are answered", routes, func(t *T) {
		c := t.dial(t.Echo, offer{bare: true})
		c.say("before")
		c.hears("before")
		c.send(control(opBinary, "x"))
		c.closesWith(1003)
	})
	add("3.6", "a message in fragments is one event", docs(quotas), func(t *T) {
		c := t.dial(t.Open, offer{})
		c.send(part(opText, `{"action":`, true), part(opContinuation, `"se`, true), part(opContinuation, `nd"}`, false))
		ev := c.hearsEvent()
		equal(t, "route", ev.context("routeKey"), "send")
		equal(t, "body", ev.string("body"), `{"action":"send"}`)
		c.hearsNothing()
		equal(t, "events", len(t.events(script.ConnectionKey(c.connectionID()))), 2)
	})

	// Fragments.
	add("rfc-5", "a message in two fragments is whole", rfc("5.4"), echoes(one("ab"), part(opText, "a", true), part(opContinuation, "b", false)))
	add("rfc-5", "a message in 100 fragments is whole", rfc("5.4"), echoes(one(strings.Repeat("x", 100)), fragments(100, 1)...))
	add("rfc-5", "fragments may be empty", rfc("5.4"), echoes(one("x"), part(opText, "", true), part(opContinuation, "", true), part(opContinuation, "x", true), part(opContinuation, "", false)))
	add("rfc-5", "messages in fragments one after the other are apart", rfc("5.4"), func(t *T) {
		c := t.dial(t.Echo, offer{bare: true})
		for _, message := range []string{"ab", "cd"} {
			c.send(part(opText, message[:1], true), part(opContinuation, message[1:], false))
			c.hears(message)
		}
	})
	add("rfc-5", "a continuation that continues nothing is 1002", rfc("5.4"), fails(1002, part(opContinuation, "x", false)))
	add("rfc-5", "a continuation that continues nothing, and more to come, is 1002", rfc("5.4"), fails(1002, part(opContinuation, "x", true)))
	add("rfc-5", "a continuation after a whole message is 1002", rfc("5.4"), func(t *T) {
		c := t.dial(t.Echo, offer{bare: true})
		c.say("whole")
		c.hears("whole")
		c.send(part(opContinuation, "x", false))
		c.closesWith(1002)
	})
	add("rfc-5", "a text within a message is 1002", rfc("5.4"), fails(1002, part(opText, "x", true), text("y")))
	add("rfc-5", "a text within a message, in fragments itself, is 1002", rfc("5.4"), fails(1002, part(opText, "x", true), part(opText, "y", true)))
	add("rfc-5", "a binary frame within a message is 1002 or 1003", rfc("5.4"), func(t *T) {
		c := t.dial(t.Echo, offer{bare: true})
		c.send(part(opText, "x", true), control(opBinary, "y"))
		if code, reason := c.ended(); code != 1002 && code != 1003 {
			t.Errorf("closed with %d %q", code, reason)
		}
	})

	// Control frames.
	add("rfc-5", "a ping is answered by a pong with its payload", rfc("5.5.3"), func(t *T) {
		c := t.dial(t.Echo, offer{bare: true})
		for _, payload := range []string{"", "hello", "\x00\xff\xfe", strings.Repeat("p", 125)} {
			c.send(control(opPing, payload))
			f := c.next()
			equal(t, "opcode", f.op, byte(opPong))
			equal(t, "payload", f.payload, payload)
		}
	})
	add("rfc-5", "ten pings are answered by ten pongs in their order", rfc("5.5.3"), func(t *T) {
		c := t.dial(t.Echo, offer{bare: true})
		for i := range 10 {
			c.send(control(opPing, fmt.Sprint(i)))
		}
		for i := range 10 {
			f := c.next()
			equal(t, "payload", f.payload, fmt.Sprint(i))
		}
	})
	add("rfc-5", "a pong that nobody asked for is no harm", rfc("5.5.3"), echoes(one("x"), control(opPong, "unasked"), control(opPong, ""), text("x")))
	add("rfc-5", "a ping between fragments is answered before the message", rfc("5.4"), func(t *T) {
		c := t.dial(t.Echo, offer{bare: true})
		c.send(part(opText, "a", true), control(opPing, "now"), part(opContinuation, "b", true), control(opPong, ""), part(opContinuation, "c", false))
		f := c.next()
		equal(t, "opcode", f.op, byte(opPong))
		equal(t, "payload", f.payload, "now")
		c.hears("abc")
	})
	add("rfc-7", "a close frame between fragments ends the connection, and the message is none", rfc("5.4"), func(t *T) {
		c := t.dial(t.Open, offer{})
		c.send(part(opText, "a", true), closing(1000, ""))
		c.closesWith(1000)
		c.disconnected()
		equal(t, "events", len(t.events(script.ConnectionKey(c.connectionID()))), 1)
	})
	for _, op := range []byte{opPing, opPong, opClose} {
		name := map[byte]string{opPing: "ping", opPong: "pong", opClose: "close frame"}[op]
		add("rfc-5", "a "+name+" of 126 bytes is 1002", rfc("5.5"), fails(1002, control(op, "\x03\xe8"+strings.Repeat("x", 124))))
		add("rfc-5", "a "+name+" in fragments is 1002", rfc("5.5"), fails(1002, frame{op: op, payload: "\x03\xe8", more: true}))
	}

	// The close frame of the client.
	for _, code := range []int{1000, 1001, 1002, 1003, 1007, 1008, 1009, 1010, 1011, 3000, 3999, 4000, 4999} {
		add("rfc-7", fmt.Sprintf("the client's close code %d is answered by the same", code), rfc("7.4"), func(t *T) {
			c := t.dial(t.Echo, offer{bare: true})
			c.send(closing(code, "because"))
			got, _ := c.ended()
			equal(t, "code", got, code)
			c.wantEnd()
		})
	}
	for _, code := range []int{0, 999, 1004, 1005, 1006, 1015, 1016, 1100, 2000, 2999, 5000, 65535} {
		add("rfc-7", fmt.Sprintf("the client's close code %d must not be sent: 1002", code), rfc("7.4"), fails(1002, closing(code, "")))
	}
	add("rfc-7", "a close frame without a code is answered by one without a code", rfc("5.5.1"), func(t *T) {
		c := t.dial(t.Echo, offer{bare: true})
		c.send(control(opClose, ""))
		code, _ := c.ended()
		equal(t, "code", code, 1005)
		c.wantEnd()
	})
	add("rfc-7", "a close frame with one byte is 1002", rfc("5.5.1"), fails(1002, control(opClose, "\x03")))
	add("rfc-7", "a close reason of 123 bytes, the longest, is fine", rfc("5.5.1"), func(t *T) {
		c := t.dial(t.Echo, offer{bare: true})
		c.send(closing(1000, strings.Repeat("r", 123)))
		code, _ := c.ended()
		equal(t, "code", code, 1000)
	})
	add("rfc-7", "a close reason that is no UTF-8 is 1007", rfc("8.1"), fails(1007, closing(1000, "\xff\xfe")))
	add("rfc-7", "what comes after the client's close frame is ignored", rfc("5.5.1"), func(t *T) {
		c := t.dial(t.Echo, offer{bare: true})
		c.send(closing(1000, ""), text("after"), control(opPing, "after"), control(opBinary, "after"))
		code, _ := c.ended()
		equal(t, "code", code, 1000)
		c.wantEnd()
	})
	add("rfc-7", "the server ends the TCP connection when it has answered a close", rfc("7.1.1"), func(t *T) {
		c := t.dial(t.Echo, offer{bare: true})
		c.send(closing(1000, ""))
		c.ended()
		c.wantEnd()
	})
	add("rfc-7", "the server ends the TCP connection when its close was answered, and sends nothing after it", rfc("7.1.1"), func(t *T) {
		c := t.dial(t.Open, offer{})
		c.manage(t.cfg, "DELETE", "")
		code, _ := c.ended()
		equal(t, "code", code, 1000)
		c.send(control(opPing, "x"), text("x"), closing(1000, ""))
		c.wantEnd()
	})
	add("rfc-7", "a client that does not answer the server's close is cut off", rfc("7.1.1").and(choice), func(t *T) {
		c := t.dial(t.Open, offer{})
		c.manage(t.cfg, "DELETE", "")
		c.ended()
		c.wantEnd()
	})

	// UTF-8.
	for _, c := range []struct{ name, payload string }{
		{"of one byte each", "Hello, World!"},
		{"of two, three and four bytes", "Hëllø ∑ 日本 \U0001f600"},
		{"that end the ranges of each length", "\x00\x7f\u0080\u07ff\u0800\uffff\U00010000\U0010ffff"},
		{"around the surrogates", "\ud7ff\ue000"},
		{"that are non-characters", "\ufffe\uffff\U0001fffe\U0010fffe"},
		{"with a byte order mark", "\ufeffx"},
	} {
		add("rfc-8", "characters "+c.name+" pass", rfc("5.6"), echoes(one(c.payload), text(c.payload)))
	}
	for _, c := range []struct{ name, payload string }{
		{"a byte that begins nothing", "\x80"},
		{"a byte that continues nothing after a character", "é\xa9"},
		{"the byte fe", "\xfe"},
		{"the byte ff", "\xff"},
		{"a character of two bytes without its second", "\xc3"},
		{"a character of two bytes with a wrong second", "\xc3\x28"},
		{"a character of three bytes without its third", "\xe2\x82"},
		{"a character of four bytes without its fourth", "\xf0\x9f\x98"},
		{"an overlong / of two bytes", "\xc0\xaf"},
		{"an overlong / of three bytes", "\xe0\x80\xaf"},
		{"an overlong / of four bytes", "\xf0\x80\x80\xaf"},
		{"an overlong NUL", "\xc0\x80"},
		{"the longest overlong character of two bytes", "\xc1\xbf"},
		{"the longest overlong character of three bytes", "\xe0\x9f\xbf"},
		{"the first surrogate", "\xed\xa0\x80"},
		{"the last surrogate", "\xed\xbf\xbf"},
		{"a pair of surrogates", "\xed\xa0\xbd\xed\xb8\x80"},
		{"a character above U+10FFFF", "\xf4\x90\x80\x80"},
		{"a character of five bytes", "\xf8\x88\x80\x80\x80"},
		{"a character of six bytes", "\xfc\x84\x80\x80\x80\x80"},
	} {
		add("rfc-8", c.name+" is 1007", rfc("8.1"), fails(1007, text("ok "+c.payload)))
	}
	add("rfc-8", "a character cut in two by fragments is whole", rfc("5.6"), echoes(one("aéb"), part(opText, "a\xc3", true), part(opContinuation, "\xa9b", false)))
	add("rfc-8", "a character cut in four by fragments is whole", rfc("5.6"), echoes(one("\U0001f600"),
		part(opText, "\xf0", true), part(opContinuation, "\x9f", true), part(opContinuation, "\x98", true), part(opContinuation, "\x80", false)))
	add("rfc-8", "a message in fragments that ends within a character is 1007", rfc("8.1"), fails(1007, part(opText, "a\xc3", true), part(opContinuation, "", false)))
	add("rfc-8", "what is no UTF-8 in a first fragment is 1007, at the end of the message at the latest", rfc("8.1"), fails(1007, part(opText, "\xff", true), part(opContinuation, "x", false)))
	return cases
}

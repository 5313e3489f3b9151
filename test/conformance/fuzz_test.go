package conformance_test

import (
	"errors"
	"io"
	"net"
	"net/http"
	"os"
	"strings"
	"syscall"
	"testing"
	"time"
)

// FuzzFrames throws bytes at a connection. Whatever they are, the server answers
// with frames that RFC 6455 allows, ends the connection soon after the client
// has ended its half, tells a close code that may be told, and serves others.
func FuzzFrames(f *testing.F) {
	if onAWS {
		f.Skip("not on AWS: bytes made to break a server are for one's own")
	}
	many := func(frames ...frame) []byte {
		var all []byte
		for _, frame := range frames {
			all = append(all, frame.bytes()...)
		}
		return all
	}
	for _, seed := range [][]byte{
		{},
		many(text("x"), closing(1000, "bye")),
		many(part(opText, "x", true), control(opPing, "p"), part(opContinuation, "y", false)),
		many(control(opBinary, "x")),
		many(part(opText, "\xc3", true), part(opContinuation, "\x28", false)),
		many(frame{op: opText, claims: 1 << 62}),
		many(frame{op: opText, payload: "x", form: form64}),
		many(frame{op: opPing, payload: "x", unmasked: true}),
		many(text(`{"action":"send"}`), frame{op: 0x3, rsv: 7, mask: defaultMask}),
		many(fragments(5, frameLimit)...),
		[]byte("GET / HTTP/1.1\r\nHost: x\r\n\r\n"),
	} {
		f.Add(false, seed)
	}
	f.Add(true, []byte("\x01\x02ab\x90\x00\x80\x01c\x88\x02\x03\xe8"))
	f.Fuzz(func(t *testing.T, recipe bool, data []byte) {
		if recipe {
			data = many(recipeFrames(data)...)
		}
		c := &T{t, shared}
		attacked, other := c.dialPatiently(), c.dialPatiently()
		defer attacked.vanish()
		defer other.vanish()
		_ = attacked.net.SetDeadline(time.Now().Add(20 * time.Second))
		sent := make(chan struct{})
		go func() {
			defer close(sent)
			_, _ = attacked.net.Write(data) // it may have closed before it has all
			_ = attacked.net.(*net.TCPConn).CloseWrite()
		}()
		for closed := false; ; {
			frame, err := readFrame(attacked.br)
			if errors.Is(err, os.ErrDeadlineExceeded) {
				t.Fatal("the connection does not end")
			}
			// A server that ends a connection before it has read all that was
			// sent to it may well reset it.
			if errors.Is(err, io.EOF) || errors.Is(err, io.ErrUnexpectedEOF) || errors.Is(err, syscall.ECONNRESET) {
				break
			}
			if err != nil {
				t.Fatal(err)
			}
			if closed {
				t.Fatalf("opcode %#x after the close frame", frame.op)
			}
			if frame.op == opClose {
				closed = true
				closeOf(c, frame)
			}
		}
		<-sent
		other.say("still here")
		other.hears("still here")
	})
}

// recipeFrames makes frames of arbitrary bytes, most of which are legal: of each,
// the first byte is that of the header, and the second the payload's length with
// a few odd things in its upper bits. So more of what is tried gets past the
// first frame than of bytes that are sent as they are.
func recipeFrames(recipe []byte) []frame {
	var frames []frame
	for len(recipe) >= 2 {
		head, odd, n := recipe[0], recipe[1]>>5, int(recipe[1]&0x1f)
		recipe = recipe[2:]
		n = min(n, len(recipe))
		f := frame{op: head & 0xf, more: head&0x80 == 0, payload: string(recipe[:n]), mask: defaultMask}
		switch odd {
		case 1:
			f.rsv = head >> 4 & 7
		case 2:
			f.form = form16
		case 3:
			f.form = form64
		case 4:
			f.unmasked = true
		case 5:
			f.payload = strings.Repeat(f.payload, 1<<12)
		case 6:
			f.claims = uint64(head) << 20
		}
		frames, recipe = append(frames, f), recipe[n:]
	}
	return frames
}

// dialPatiently waits when there were too many handshakes in this second.
func (t *T) dialPatiently() *conn {
	t.Helper()
	for {
		switch c := t.try(t.Echo, offer{bare: true}); c.answer.status {
		case http.StatusSwitchingProtocols:
			return c
		case http.StatusTooManyRequests:
			c.vanish()
			time.Sleep(50 * time.Millisecond)
		default:
			t.Fatalf("the handshake was refused: %d", c.answer.status)
		}
	}
}

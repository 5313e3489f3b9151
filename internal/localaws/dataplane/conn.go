package dataplane

import (
	"bufio"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"os"
	"sync"
	"sync/atomic"
	"time"
	"unicode/utf8"

	"github.com/gobwas/ws"
)

// The close codes that the gateway uses (RFC 6455 section 7.4.1).
const (
	closeNormal       = 1000
	closeGoingAway    = 1001
	closeProtocol     = 1002
	closeUnsupported  = 1003
	closeNoStatus     = 1005
	closeAbnormal     = 1006
	closeInvalidUTF8  = 1007
	closeTooBig       = 1009
	writeTimeout      = 10 * time.Second
	closeHandshake    = 2 * time.Second
	maxInFlight       = 64 // messages of one connection that run at once
	maxControlPayload = 125
	maxDrained        = 1 << 20 // bytes that are read after a violation
)

// errGone says that a connection is closed.
var errGone = errors.New("the connection is gone")

// errSlow says that a client did not read in time.
var errSlow = errors.New("the client does not read")

// abnormally is the reason of a connection that was lost; a choice.
const abnormally = "Connection closed abnormally"

// conn is one WebSocket connection of a client.
type conn struct {
	id          string
	apiID       string
	stageName   string
	region      string
	accountID   string
	domainName  string
	lowerNames  bool // of headers in events
	connectedAt time.Time
	opened      time.Time // by clock
	identity    identity
	authorizer  map[string]any
	traceID     string
	now, clock  func() time.Time // those of Config

	writeTimeout, closeHandshake time.Duration

	// The last message, either way, in Unix milliseconds of now and of clock.
	active, used atomic.Int64
	inFlight     chan struct{}

	net *wire
	br  *bufio.Reader
	// unread is how much of the frame that is being read is still to come.
	unread int64

	write     sync.Mutex // one frame at a time
	closeOnce sync.Once
	// closing is closed when this side has begun to close.
	closing     chan struct{}
	closeCode   int
	closeReason string
}

func (c *conn) lastActive() time.Time { return time.UnixMilli(c.active.Load()) }

// idle is how long there was no message, by clock.
func (c *conn) idle() time.Duration { return c.clock().Sub(time.UnixMilli(c.used.Load())) }

func (c *conn) touch() {
	c.active.Store(c.now().UnixMilli())
	c.used.Store(c.clock().UnixMilli())
}

// closeError ends a connection with a code and a reason.
type closeError struct {
	code   int
	reason string
}

func (e *closeError) Error() string { return fmt.Sprintf("close %d %s", e.code, e.reason) }

// send writes one text message, in frames of at most 32 KB.
func (c *conn) send(message []byte) error {
	c.write.Lock()
	defer c.write.Unlock()
	select {
	case <-c.closing:
		return errGone
	default:
	}
	c.touch() // before a client that has read it can see what follows from it
	op := ws.OpText
	for first := true; first || len(message) > 0; first = false {
		n := min(len(message), maxFrame)
		frame := ws.NewFrame(op, n == len(message), message[:n])
		if err := c.writeFrame(frame); err != nil {
			return err
		}
		message = message[n:]
		op = ws.OpContinuation
	}
	return nil
}

// open writes the response of the handshake as the first bytes. Before that it
// calls add, which makes the connection reachable or refuses it.
func (c *conn) open(response []byte, add func() bool) error {
	c.write.Lock()
	defer c.write.Unlock()
	if !add() {
		return errGone
	}
	_ = c.net.SetWriteDeadline(time.Now().Add(c.writeTimeout))
	_, err := c.net.Write(response)
	return err
}

// writeFrame writes a frame; the caller holds write. A client that does not
// read for writeTimeout is cut off: what it has of a frame cannot be taken back.
func (c *conn) writeFrame(frame ws.Frame) error {
	_ = c.net.SetWriteDeadline(time.Now().Add(c.writeTimeout))
	// In one write: a header alone would wake the client for nothing.
	data, err := ws.CompileFrame(frame)
	if err == nil {
		_, err = c.net.Write(data)
	}
	if err == nil {
		return nil
	}
	_ = c.net.Close()
	if errors.Is(err, os.ErrDeadlineExceeded) {
		return errSlow
	}
	return errGone
}

// close begins the closing handshake with a code of this side's choice. The
// connection ends when the client answers or after closeHandshake.
func (c *conn) close(code int, reason string) {
	c.closeOnce.Do(func() {
		c.closeCode, c.closeReason = code, reason
		// Whatever is being written has this long, and so has the close frame.
		_ = c.net.SetWriteDeadline(time.Now().Add(c.closeHandshake))
		c.write.Lock()
		defer c.write.Unlock()
		close(c.closing)
		_ = c.net.SetWriteDeadline(time.Now().Add(c.closeHandshake))
		if err := ws.WriteFrame(c.net, ws.NewCloseFrame(ws.NewCloseFrameBody(ws.StatusCode(code), reason))); err != nil {
			_ = c.net.Close()
			return
		}
		_ = c.net.SetReadDeadline(time.Now().Add(c.closeHandshake))
	})
}

// read hands each text message to deliver until the connection ends, and
// returns the code and reason that $disconnect reports.
func (c *conn) read(deliver func(message []byte)) (int, string) {
	err := c.readMessages(deliver)
	defer func() { _ = c.net.Close() }()
	var violation *closeError
	if errors.As(err, &violation) {
		c.close(violation.code, violation.reason)
		c.drain()
	}
	// Unless one side has closed, or is about to, the connection is lost.
	c.closeOnce.Do(func() {
		c.closeCode, c.closeReason = closeAbnormal, abnormally
		close(c.closing)
	})
	return c.closeCode, c.closeReason
}

// drain reads what the client sends until it has answered the close frame, so
// that closing the socket does not reset it before that frame has arrived. A
// client that never answers is left to the deadline that close has set.
func (c *conn) drain() {
	rest := io.LimitReader(c.br, maxDrained)
	for {
		if _, err := io.CopyN(io.Discard, rest, c.unread); err != nil {
			return
		}
		header, err := ws.ReadHeader(rest)
		if err != nil || header.OpCode == ws.OpClose {
			return
		}
		c.unread = header.Length
	}
}

func (c *conn) readMessages(deliver func(message []byte)) error {
	var message []byte
	fragmented := false
	for {
		head, err := c.br.Peek(2)
		if err != nil {
			return err
		}
		form := head[1] & 0x7f
		header, err := ws.ReadHeader(c.br)
		if err != nil {
			c.unread = maxDrained // nobody knows where the next frame begins
			if errors.Is(err, ws.ErrHeaderLengthMSB) || errors.Is(err, ws.ErrHeaderLengthUnexpected) {
				return &closeError{closeProtocol, "Protocol error"}
			}
			return err
		}
		c.unread = header.Length
		if header.Rsv != 0 || !header.Masked || header.OpCode.IsReserved() || !shortest(form, header.Length) {
			return &closeError{closeProtocol, "Protocol error"}
		}
		if header.OpCode.IsControl() {
			if err := c.control(header); err != nil {
				return err
			}
			continue
		}
		switch {
		case header.OpCode == ws.OpBinary:
			return &closeError{closeUnsupported, "Binary frames are not supported"}
		case header.OpCode == ws.OpText && fragmented, header.OpCode == ws.OpContinuation && !fragmented:
			return &closeError{closeProtocol, "Protocol error"}
		case header.Length > maxFrame || int64(len(message))+header.Length > maxMessage:
			return &closeError{closeTooBig, "Message too long"}
		}
		start := len(message)
		message = append(message, make([]byte, header.Length)...)
		if _, err := io.ReadFull(c.br, message[start:]); err != nil {
			return err
		}
		c.unread = 0
		ws.Cipher(message[start:], header.Mask, 0)
		fragmented = !header.Fin
		if fragmented {
			continue
		}
		if !utf8.Valid(message) {
			return &closeError{closeInvalidUTF8, "Invalid UTF-8"}
		}
		c.touch()
		select {
		case <-c.closing: // messages that cross this side's close are dropped
		default:
			deliver(message)
		}
		message = nil
	}
}

// shortest tells whether a length stands in the shortest of the three forms that
// it fits in, as it must (RFC 6455 section 5.2). form is what the header's first
// seven bits of it say: 126 for 16 bits, 127 for 64.
func shortest(form byte, length int64) bool {
	switch form {
	case 126:
		return length > 125
	case 127:
		return length > 0xffff
	default:
		return true
	}
}

// control handles a ping, pong or close frame. A close frame of the client is
// answered with its own code and ends the connection.
func (c *conn) control(header ws.Header) error {
	if header.Length > maxControlPayload || !header.Fin {
		return &closeError{closeProtocol, "Protocol error"}
	}
	payload := make([]byte, header.Length)
	if _, err := io.ReadFull(c.br, payload); err != nil {
		return err
	}
	c.unread = 0
	ws.Cipher(payload, header.Mask, 0)
	switch header.OpCode {
	case ws.OpPing:
		return c.pong(payload)
	case ws.OpClose:
		return c.clientClose(payload)
	default:
		return nil
	}
}

// pong answers a ping; after a close frame nothing more may be sent.
func (c *conn) pong(payload []byte) error {
	c.write.Lock()
	defer c.write.Unlock()
	select {
	case <-c.closing:
		return nil
	default:
		return c.writeFrame(ws.NewPongFrame(payload))
	}
}

// clientClose answers a close frame and returns how the connection ended.
func (c *conn) clientClose(payload []byte) error {
	code, reason := closeNoStatus, "Client-side close frame status not set"
	answer := []byte{}
	switch {
	case len(payload) == 1:
		return &closeError{closeProtocol, "Protocol error"}
	case len(payload) >= 2:
		code = int(binary.BigEndian.Uint16(payload))
		reason = string(payload[2:])
		if !validCloseCode(code) {
			return &closeError{closeProtocol, "Protocol error"}
		}
		if !utf8.ValidString(reason) {
			return &closeError{closeInvalidUTF8, "Invalid UTF-8"}
		}
		answer = payload[:2]
	}
	c.closeOnce.Do(func() {
		c.closeCode, c.closeReason = code, reason
		c.write.Lock()
		close(c.closing)
		_ = c.writeFrame(ws.NewCloseFrame(answer))
		c.write.Unlock()
	})
	return io.EOF
}

// validCloseCode tells whether a code may stand in a close frame
// (RFC 6455 section 7.4).
func validCloseCode(code int) bool {
	switch {
	case code >= 3000 && code <= 4999:
		return true
	case code < 1000 || code > 1014:
		return false
	default:
		return code != 1004 && code != closeNoStatus && code != closeAbnormal
	}
}

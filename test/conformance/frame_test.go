package conformance_test

import (
	"bufio"
	"encoding/binary"
	"fmt"
	"io"
)

// Opcodes of RFC 6455 section 5.2.
const (
	opContinuation = 0x0
	opText         = 0x1
	opBinary       = 0x2
	opClose        = 0x8
	opPing         = 0x9
	opPong         = 0xa
)

// lengthForm is how a frame's header tells the payload's length.
type lengthForm int

const (
	shortest lengthForm = iota
	form16
	form64
)

// frame is a WebSocket frame with everything that can be wrong with it.
type frame struct {
	op        byte
	payload   string
	more      bool // FIN is not set
	rsv       byte // the reserved bits, 4 for the first
	unmasked  bool
	mask      [4]byte
	form      lengthForm
	claims    uint64 // the length that the header tells, when it is not the payload's
	truncated bool   // only the header and the payload's first half
}

// defaultMask is used by the frames that name none.
var defaultMask = [4]byte{0x37, 0xfa, 0x21, 0x3d}

// bytes encodes the frame.
func (f frame) bytes() []byte {
	first := f.op | f.rsv<<4
	if !f.more {
		first |= 0x80
	}
	length := uint64(len(f.payload))
	if f.claims != 0 {
		length = f.claims
	}
	var masked byte = 0x80
	if f.unmasked {
		masked = 0
	}
	b := []byte{first}
	switch {
	case f.form == form64 || f.form == shortest && length > 0xffff:
		b = binary.BigEndian.AppendUint64(append(b, masked|127), length)
	case f.form == form16 || f.form == shortest && length > 125:
		b = binary.BigEndian.AppendUint16(append(b, masked|126), uint16(length))
	default:
		b = append(b, masked|byte(length))
	}
	payload := []byte(f.payload)
	if !f.unmasked {
		b = append(b, f.mask[:]...)
		for i := range payload {
			payload[i] ^= f.mask[i%4]
		}
	}
	if f.truncated {
		payload = payload[:len(payload)/2]
	}
	return append(b, payload...)
}

func text(payload string) frame { return frame{op: opText, payload: payload, mask: defaultMask} }

// part is a fragment; the last one of a message has more unset.
func part(op byte, payload string, more bool) frame {
	return frame{op: op, payload: payload, more: more, mask: defaultMask}
}

func control(op byte, payload string) frame {
	return frame{op: op, payload: payload, mask: defaultMask}
}

// closing is a close frame with a code and a reason.
func closing(code int, reason string) frame {
	return control(opClose, string(binary.BigEndian.AppendUint16(nil, uint16(code)))+reason)
}

// readFrame reads a server's frame, which must be as RFC 6455 section 5 wants
// it: no mask, no reserved bit, the shortest length form, small control frames.
func readFrame(r *bufio.Reader) (frame, error) {
	var head [2]byte
	if _, err := io.ReadFull(r, head[:]); err != nil {
		return frame{}, err
	}
	f := frame{op: head[0] & 0xf, more: head[0]&0x80 == 0, rsv: head[0] >> 4 & 7, unmasked: true}
	length := uint64(head[1] & 0x7f)
	switch {
	case f.rsv != 0:
		return f, fmt.Errorf("the server set reserved bits: %#x", head[0])
	case head[1]&0x80 != 0:
		return f, fmt.Errorf("the server masked a frame")
	case f.op >= 8 && (f.more || length > 125):
		return f, fmt.Errorf("the server sent a control frame that is fragmented or too long: %x", head)
	case f.op > opPong || f.op > opBinary && f.op < opClose:
		return f, fmt.Errorf("the server sent the reserved opcode %#x", f.op)
	}
	smallest := uint64(0)
	switch length {
	case 126:
		var b [2]byte
		if _, err := io.ReadFull(r, b[:]); err != nil {
			return f, err
		}
		length, smallest = uint64(binary.BigEndian.Uint16(b[:])), 126
	case 127:
		var b [8]byte
		if _, err := io.ReadFull(r, b[:]); err != nil {
			return f, err
		}
		length, smallest = binary.BigEndian.Uint64(b[:]), 1<<16
	}
	if length < smallest || length > 1<<24 {
		return f, fmt.Errorf("the server sent a length of %d in a form from %d on", length, smallest)
	}
	payload := make([]byte, length)
	_, err := io.ReadFull(r, payload)
	f.payload = string(payload)
	return f, err
}

// Package frame reads what a client sent and writes what it receives. Reading
// is strict: a frame is exactly one JSON object (RFC 8259, with the
// restrictions of RFC 7493) of strings and small numbers, with known members in
// exact case and none twice. Whatever two parsers could read differently is
// refused.
package frame

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"slices"
	"strconv"

	"github.com/go-json-experiment/json"
	"github.com/go-json-experiment/json/jsontext"

	"github.com/portcullis-chat/portcullis/internal/protocol"
)

// Problem says what is wrong with a frame, in a stable code for the log.
type Problem string

func (p Problem) Error() string { return "frame refused: " + string(p) }

// The problems of a frame.
const (
	TooLarge      Problem = "frame_size"
	NotAnObject   Problem = "frame_not_an_object"
	Malformed     Problem = "frame_malformed"
	UnknownMember Problem = "frame_unknown_member"
	WrongType     Problem = "frame_member_type"
	OutOfRange    Problem = "frame_member_range"
)

// Frame is what a client sent. A member that is not in the frame is the zero
// value, which is not a legal value of any that matters.
type Frame struct {
	ClientID string
	Text     string
	Before   string
	After    string
	Limit    int
}

// maxLimitDigits is enough for every legal limit.
const maxLimitDigits = 3

// members are the members that a frame of an action may have beside action,
// which is not looked at: what the frame asks for is the route that API Gateway
// chose.
var members = map[string][]string{
	protocol.ActionSendMessage: {"clientId", "text"},
	protocol.ActionHistory:     {"before", "limit"},
	protocol.ActionMembers:     {"after", "limit"},
}

// Decode reads a frame of an action, of most bytes at most. With a Problem it
// returns what it had read before, so that a reply can name the client's id.
func Decode(action, body string, most int) (Frame, error) {
	if len(body) > most {
		return Frame{}, TooLarge
	}
	r := reader{action: action}
	// Unmarshal lends its decoder, which knows what a frame's names were: a new
	// one for each frame costs more than the frame.
	if err := json.Unmarshal([]byte(body), &r); err != nil {
		var problem Problem
		if !errors.As(err, &problem) {
			problem = Malformed
		}
		return r.frame, problem
	}
	return r.frame, nil
}

// reader reads the members of a frame.
type reader struct {
	action string
	frame  Frame
}

// UnmarshalJSONFrom implements json.UnmarshalerFrom. What follows the object is
// an error of Unmarshal's own.
func (r *reader) UnmarshalJSONFrom(d *jsontext.Decoder) error {
	if err := begin(d); err != nil {
		return err
	}
	for d.PeekKind() != '}' {
		name, err := d.ReadToken()
		if err != nil {
			return Malformed
		}
		if err := r.frame.member(r.action, name.String(), d); err != nil {
			return err
		}
	}
	if _, err := d.ReadToken(); err != nil {
		return Malformed
	}
	return nil
}

// IsObject returns no error for a body of most bytes at most that is one valid
// JSON object of whatever content.
func IsObject(body string, most int) error {
	if len(body) > most {
		return TooLarge
	}
	d, err := object(body)
	if err != nil {
		return err
	}
	for d.PeekKind() != '}' {
		if d.SkipValue() != nil {
			return Malformed
		}
	}
	return end(d)
}

// object returns a decoder that has read the beginning of an object.
func object(body string) (*jsontext.Decoder, error) {
	d := jsontext.NewDecoder(bytes.NewBufferString(body))
	return d, begin(d)
}

// begin reads the beginning of an object.
func begin(d *jsontext.Decoder) error {
	switch d.PeekKind() {
	case '{':
		_, err := d.ReadToken()
		return err
	case 0:
		return Malformed
	}
	return NotAnObject
}

// end reads the end of an object and makes sure that nothing follows.
func end(d *jsontext.Decoder) error {
	if _, err := d.ReadToken(); err != nil {
		return Malformed
	}
	if _, err := d.ReadToken(); !errors.Is(err, io.EOF) {
		return Malformed
	}
	return nil
}

func (f *Frame) member(action, name string, d *jsontext.Decoder) error {
	if name != "action" && !slices.Contains(members[action], name) {
		return UnknownMember
	}
	kind := d.PeekKind()
	want := jsontext.Kind('"')
	if name == "limit" {
		want = '0'
	}
	if kind == 0 {
		return Malformed
	}
	if kind != want {
		return WrongType
	}
	value, err := d.ReadToken()
	if err != nil {
		return Malformed
	}
	switch name {
	case "clientId":
		if !protocol.ClientIDPattern.MatchString(value.String()) {
			return OutOfRange
		}
		f.ClientID = value.String()
	case "text":
		f.Text = value.String()
	case "before":
		f.Before = value.String()
	case "after":
		f.After = value.String()
	case "limit":
		return f.limit(value.String())
	}
	return nil
}

// limit reads a whole number from one that is written in digits only; how large
// it may be depends on the action.
func (f *Frame) limit(number string) error {
	n, err := strconv.ParseUint(number, 10, 16)
	if err != nil || n == 0 || len(number) > maxLimitDigits {
		return OutOfRange
	}
	f.Limit = int(n)
	return nil
}

// Encode returns a frame as bytes. HTML in it is not escaped again: it is
// escaped for HTML already, and escaping it for a script element as well would
// double its length.
func Encode(v any) ([]byte, error) {
	b, err := json.Marshal(v)
	if err != nil {
		return nil, fmt.Errorf("encoding a frame: %w", err)
	}
	return b, nil
}

// Fit returns how many of the elements of a list, from the first, fit a frame
// that has a size without them.
func Fit[T any](list []T, size int) (int, error) {
	for i, element := range list {
		b, err := Encode(element)
		if err != nil {
			return 0, err
		}
		if i > 0 {
			size += len(",")
		}
		if size += len(b); size > protocol.MaxEncodedFrame {
			return i, nil
		}
	}
	return len(list), nil
}

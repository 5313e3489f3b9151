package chatclient

import (
	"cmp"
	"errors"
	"fmt"
	"regexp"
	"slices"
	"time"
	"unicode/utf8"

	"github.com/go-json-experiment/json"
	"github.com/go-json-experiment/json/jsontext"

	"github.com/portcullis-chat/portcullis/internal/protocol"
)

// Limits of what a frame of the server may hold, in bytes: what is larger was
// not made by the chat's own functions.
const (
	maxUserID   = 256
	maxUserName = 1024
	maxPhrase   = 4096
)

// encode makes a frame of one of the protocol's requests. Their fields are
// strings of valid UTF-8 and numbers, which cannot fail to be encoded.
func encode(request any) []byte {
	frame, err := json.Marshal(request, jsontext.AllowInvalidUTF8(true))
	if err != nil {
		panic(err)
	}
	return frame
}

// messageID is a ULID in its canonical form. Gaps are found by comparing ids,
// so anything else is no message.
var messageID = regexp.MustCompile(`\A[0-7][0-9A-HJKMNP-TV-Z]{25}\z`)

// gatewayFailure is what API Gateway itself says about a frame that it could
// not bring to a function. It does not say which frame.
type gatewayFailure struct {
	Message      string `json:"message"`
	ConnectionID string `json:"connectionId"`
	RequestID    string `json:"requestId"`
}

// unknown is a frame of a type that a later version of the server may send.
type unknown struct{}

// decode reads a frame of the server into one of the protocol's types, a
// gatewayFailure or unknown. A frame that breaks the contract is an error.
func decode(data []byte, room string) (any, error) {
	var envelope protocol.Envelope
	if err := json.Unmarshal(data, &envelope); err != nil {
		return nil, fmt.Errorf("frame: %w", err)
	}
	switch envelope.Type {
	case protocol.TypeAck:
		return read(data, checkAck)
	case protocol.TypeMessage:
		return read(data, func(m protocol.Message) error { return checkMessage(m, room) })
	case protocol.TypeBatch:
		return read(data, func(b protocol.Batch) error { return checkMessages(b.Messages, room) })
	case protocol.TypeHistory:
		return read(data, func(h protocol.History) error { return checkHistory(h, room) })
	case protocol.TypeMembers:
		return read(data, checkMembers)
	case protocol.TypePong:
		return protocol.Pong{}, nil
	case protocol.TypeError:
		return read(data, checkError)
	case "":
		return read(data, func(f gatewayFailure) error {
			if f.Message == "" || f.ConnectionID == "" && f.RequestID == "" {
				return errors.New("a frame has no type")
			}
			return nil
		})
	}
	return unknown{}, nil
}

func read[T any](data []byte, check func(T) error) (any, error) {
	var frame T
	if err := json.Unmarshal(data, &frame); err != nil {
		return nil, fmt.Errorf("frame: %w", err)
	}
	if err := check(frame); err != nil {
		return nil, err
	}
	return frame, nil
}

func checkAck(a protocol.Ack) error {
	if !protocol.ClientIDPattern.MatchString(a.ClientID) {
		return errors.New("an ack has no client id")
	}
	return checkContent(a.ID, a.SentAt, a.HTML)
}

func checkMessage(m protocol.Message, room string) error {
	if m.Room != room {
		return errors.New("a message is of another room")
	}
	if err := checkUser(m.User); err != nil {
		return err
	}
	return checkContent(m.ID, m.SentAt, m.HTML)
}

func checkMessages(messages []protocol.Message, room string) error {
	for _, m := range messages {
		if err := checkMessage(m, room); err != nil {
			return err
		}
	}
	return nil
}

func checkHistory(h protocol.History, room string) error {
	if h.Next != "" && !messageID.MatchString(h.Next) {
		return errors.New("a history has a next that is no message id")
	}
	inOrder := slices.IsSortedFunc(h.Messages, func(a, b protocol.Message) int { return cmp.Compare(a.ID, b.ID) })
	if !inOrder {
		return errors.New("a history is not in order")
	}
	return checkMessages(h.Messages, room)
}

func checkMembers(m protocol.Members) error {
	for _, user := range m.Members {
		if err := checkUser(user); err != nil {
			return err
		}
	}
	if len(m.Next) > maxUserID {
		return errors.New("a list of members has a next that is too long")
	}
	return nil
}

func checkError(e protocol.Error) error {
	if e.Code == "" || len(e.Code) > maxUserID || len(e.Message) > maxPhrase || e.RetryAfterMS < 0 {
		return errors.New("an error frame breaks its limits")
	}
	return nil
}

func checkUser(u protocol.User) error {
	if u.ID == "" || len(u.ID) > maxUserID || len(u.Name) > maxUserName {
		return errors.New("a user breaks the limits")
	}
	return nil
}

func checkContent(id, sentAt, html string) error {
	if !messageID.MatchString(id) {
		return errors.New("a message has an id that is no ULID")
	}
	if _, err := time.Parse(time.RFC3339, sentAt); err != nil {
		return errors.New("a message has no time")
	}
	if len(html) > protocol.MaxEncodedFrame || !utf8.ValidString(html) {
		return errors.New("a message breaks the limits")
	}
	return nil
}

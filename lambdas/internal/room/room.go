// Package room has the things a room consists of: who is in it and what was
// said.
package room

import (
	"crypto/rand"
	"time"

	"github.com/oklog/ulid/v2"

	"github.com/portcullis-chat/portcullis/internal/protocol"
)

// Member is one connection in a room. A user with two sockets is two members.
type Member struct {
	ConnectionID string
	Sub          string
	Name         string
	Slot         int
	ConnectedAt  int64 // Unix milliseconds
	TokenEnds    int64 // Unix seconds
}

// Ended says whether the token that the connection was opened with has ended.
// Such a connection receives nothing any more.
func (m Member) Ended(now time.Time) bool {
	return m.TokenEnds != 0 && m.TokenEnds <= now.Unix()
}

// Message is a stored message.
type Message struct {
	ID       ulid.ULID
	Room     string
	Sub      string
	Name     string
	ClientID string
	HTML     string
	Policy   string // the rules HTML was made by
}

// SentAt is the time in a message's id, in RFC 3339 with milliseconds.
func SentAt(id ulid.ULID) string {
	return id.Timestamp().UTC().Format("2006-01-02T15:04:05.000Z07:00")
}

// Wire returns the message as clients receive it.
func (m Message) Wire() protocol.Message {
	return protocol.Message{
		Type:     protocol.TypeMessage,
		ID:       m.ID.String(),
		ClientID: m.ClientID,
		Room:     m.Room,
		User:     protocol.User{ID: m.Sub, Name: m.Name},
		HTML:     m.HTML,
		SentAt:   SentAt(m.ID),
	}
}

// NewIDs returns a source of message ids that sort by time. Ids of one process
// and millisecond follow each other; those of different processes do not
// collide (80 random bits). It is safe for concurrent use.
func NewIDs(now func() time.Time) func() ulid.ULID {
	entropy := &ulid.LockedMonotonicReader{MonotonicReader: ulid.Monotonic(rand.Reader, 0)}
	return func() ulid.ULID {
		return ulid.MustNew(ulid.Timestamp(now()), entropy)
	}
}

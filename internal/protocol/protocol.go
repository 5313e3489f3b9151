// Package protocol holds the wire format of the chat: what a client sends,
// what it receives, and the names and limits both sides must agree on. The
// functions, the terminal client and the tests share it, so that none of them
// can drift from the others.
package protocol

import (
	"regexp"
	"time"
)

// Subprotocol is the WebSocket subprotocol (RFC 6455 section 1.9) of this chat.
// It is the only entry of a client's offer that the server echoes.
const Subprotocol = "chat.v1"

// BearerPrefix marks the subprotocol entry that carries the access token.
// Browsers cannot set a header on a WebSocket, and a token in the URL ends up
// in logs (OWASP ASVS 5.0 14.2.1).
const BearerPrefix = "bearer."

// RoomParameter is the only query parameter of the connect URL.
const RoomParameter = "room"

// The actions a client may send. They are also the route keys of the API.
const (
	ActionSendMessage = "sendMessage"
	ActionHistory     = "history"
	ActionMembers     = "members"
	ActionPing        = "ping"
)

// The types of the frames a server sends.
const (
	TypeAck     = "ack"
	TypeMessage = "message"
	TypeHistory = "history"
	TypeMembers = "members"
	TypeBatch   = "batch"
	TypePong    = "pong"
	TypeError   = "error"
)

// Limits, in bytes unless the name says otherwise.
const (
	// MaxFrame is the default of the largest frame that the functions accept.
	MaxFrame = 8 << 10
	// LargestFrame is what it can be set to: API Gateway closes a connection
	// with 1009 above 32 KB.
	LargestFrame = 32 << 10
	// MaxEncodedFrame is the largest frame the functions send.
	MaxEncodedFrame = LargestFrame - 1
	// MaxText is the default limit of a message's text.
	MaxText = 4096
	// LargestText is what it can be set to. A message of so much text that needs
	// no escaping fits the frames in which it is sent and passed on, whoever
	// sends it; one that escaping makes too long is refused as too_large.
	LargestText = 24 << 10
	// FrameBeyondText is how much longer than the longest text a frame may be at
	// least, for the names around it and a client id.
	FrameBeyondText = 256
	// MaxToken is the largest access token that is looked at.
	MaxToken = 8 << 10

	DefaultHistoryLimit = 50  // messages
	MaxHistoryLimit     = 100 // messages
	DefaultMembersLimit = 100 // members
	MaxMembersLimit     = 100 // members
)

// RetryTime is for how long a message may be sent again under its client id: the
// server stores it once, however much else the user sends. A client that comes
// back later looks in the history for its client id first.
const RetryTime = 5 * time.Minute

// RoomPattern is what a room may be called.
var RoomPattern = regexp.MustCompile(`\A[a-z0-9][a-z0-9_-]{0,63}\z`)

// ClientIDPattern is what a client may call its own message.
var ClientIDPattern = regexp.MustCompile(`\A[A-Za-z0-9_-]{1,64}\z`)

// Code says why a frame was refused. Codes are stable; texts are not.
type Code string

// The codes of an Error frame.
const (
	CodeBadRequest    Code = "bad_request"
	CodeUnknownAction Code = "unknown_action"
	CodeTooLarge      Code = "too_large"
	CodeEmptyMessage  Code = "empty_message"
	CodeRateLimited   Code = "rate_limited"
	CodeTokenExpired  Code = "token_expired"
	CodeForbidden     Code = "forbidden"
	CodeInternal      Code = "internal"
)

// SendMessage asks the server to store a text and pass it to the room.
// ClientID is the client's own name for it: sending the same one again within
// RetryTime on any of the user's connections does not store the message twice.
type SendMessage struct {
	Action   string `json:"action"`
	ClientID string `json:"clientId"`
	Text     string `json:"text"`
}

// HistoryRequest asks for the messages before a message id, newest first page
// first; without Before for the newest.
type HistoryRequest struct {
	Action string `json:"action"`
	Before string `json:"before,omitempty"`
	Limit  int    `json:"limit,omitzero"`
}

// MembersRequest asks who is in the room, in the order of user ids.
type MembersRequest struct {
	Action string `json:"action"`
	After  string `json:"after,omitempty"`
	Limit  int    `json:"limit,omitzero"`
}

// Ping asks for a pong. It keeps the connection from API Gateway's idle
// timeout of ten minutes and never reaches a function.
type Ping struct {
	Action string `json:"action"`
}

// User is a sender or a member.
type User struct {
	ID   string `json:"id"`
	Name string `json:"name"`
}

// Ack tells the sender that the message is stored. HTML is what the others
// receive: a fragment that is safe as the content of an element.
type Ack struct {
	Type     string `json:"type"`
	ClientID string `json:"clientId"`
	ID       string `json:"id"`
	SentAt   string `json:"sentAt"`
	HTML     string `json:"html"`
}

// Message is one message of a room. ID is a ULID, so that ids sort by time;
// SentAt is RFC 3339 with milliseconds, in UTC.
type Message struct {
	Type     string `json:"type"`
	ID       string `json:"id"`
	ClientID string `json:"clientId"`
	Room     string `json:"room"`
	User     User   `json:"user"`
	HTML     string `json:"html"`
	SentAt   string `json:"sentAt"`
}

// History answers a HistoryRequest: messages in the order they were sent, and
// in Next the id to ask with as Before for the page that precedes this one.
type History struct {
	Type     string    `json:"type"`
	Messages []Message `json:"messages"`
	Next     string    `json:"next,omitempty"`
}

// Members answers a MembersRequest; Next is what to ask with as After.
type Members struct {
	Type    string `json:"type"`
	Members []User `json:"members"`
	Next    string `json:"next,omitempty"`
}

// Batch carries several messages in one frame. Every client accepts it.
type Batch struct {
	Type     string    `json:"type"`
	Messages []Message `json:"messages"`
}

// Pong answers a Ping.
type Pong struct {
	Type string `json:"type"`
}

// Error says why a frame was refused. ClientID is set when the frame named
// one; RequestID finds the log line. RetryAfterMS comes with rate_limited.
type Error struct {
	Type         string `json:"type"`
	Code         Code   `json:"code"`
	Message      string `json:"message"`
	RequestID    string `json:"requestId"`
	ClientID     string `json:"clientId,omitempty"`
	RetryAfterMS int64  `json:"retryAfterMs,omitzero"`
}

// Envelope is what a client decodes first to learn the type of a frame.
type Envelope struct {
	Type string `json:"type"`
}

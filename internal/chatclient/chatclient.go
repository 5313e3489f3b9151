// Package chatclient is one user in one room of the chat: it keeps a
// connection, sends what the user says until the server has it, and passes on
// what the room says, in order, once.
//
// Connections end: API Gateway closes them after two hours, an access token
// expires, a network goes away. The client then connects again, reads in the
// room's history what it missed, and sends again what was not acknowledged
// under the same client id, which the server stores once; what the history has
// already is not sent again. Shortly before its token expires it opens a second
// connection with a new token before it leaves the first. While a connection
// lasts the client compares what came with the history, since a message that the
// server failed to pass on leaves no gap that could be seen.
package chatclient

import (
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"strings"
	"time"
	"unicode/utf8"

	"github.com/portcullis-chat/portcullis/internal/protocol"
)

// Options say where to connect and as whom.
type Options struct {
	// URL begins with wss:, or with ws: where the host is this machine.
	URL string
	// Room may stand in the URL's query instead.
	Room   string
	Tokens TokenSource
	// Origin is sent as the header of that name; programs need it only where
	// a deployment demands one.
	Origin string
	// Backlog is how many messages from before the connection are passed on,
	// at most protocol.MaxHistoryLimit.
	Backlog int
}

// timing are the durations of the client.
type timing struct {
	handshake time.Duration // one attempt to connect; two functions may start cold in it
	token     time.Duration // one call of the token source
	write     time.Duration // one frame
	ack       time.Duration // until a message is sent again, doubled with each try
	answer    time.Duration // until an unanswered question means a dead connection; API Gateway gives up after 29 s
	ping      time.Duration // between pings and checks; API Gateway closes after 10 minutes of silence
	pong      time.Duration // until an unanswered ping means a dead connection
	retry     time.Duration // first step of the back-off
	retryMax  time.Duration // its last
	stable    time.Duration // a connection that lasts so long starts the back-off anew
	grace     time.Duration // for answers that are still under way on a connection that was replaced
	closing   time.Duration // for the closing handshake
}

var defaultTiming = timing{
	handshake: 20 * time.Second,
	token:     time.Minute,
	write:     10 * time.Second,
	ack:       15 * time.Second,
	answer:    35 * time.Second,
	ping:      4 * time.Minute,
	pong:      30 * time.Second,
	retry:     500 * time.Millisecond,
	retryMax:  30 * time.Second,
	stable:    30 * time.Second,
	grace:     2 * time.Second,
	closing:   3 * time.Second,
}

const (
	// maxTries is how often a message is sent on working connections before
	// the server's silence is taken for an answer. With the times between them
	// they take less than protocol.RetryTime.
	maxTries = 6
	// maxEvents is how many events may wait to be received.
	maxEvents = 1024
)

var (
	// ErrClosed is returned by the methods of a client that was closed.
	ErrClosed = errors.New("the connection was closed")
	// ErrTokenExpired ends a client whose token source has no newer token.
	ErrTokenExpired = errors.New("the token has expired and there is no newer one")
	// ErrUnanswered means that the server did not say whether it has a
	// message. It may have it.
	ErrUnanswered = errors.New("the server does not answer")
)

// Refused is the server's answer to a frame it did not accept.
type Refused struct {
	Code       protocol.Code
	Message    string        // the server's words; unfit for a terminal without OneLine
	RequestID  string        // finds the line in the server's log
	RetryAfter time.Duration // with rate_limited; zero if the server does not say
}

func (e *Refused) Error() string {
	switch e.Code {
	case protocol.CodeTooLarge:
		return "the message is too long"
	case protocol.CodeEmptyMessage:
		return "the message is empty"
	case protocol.CodeRateLimited:
		if e.RetryAfter > 0 {
			return fmt.Sprintf("too many messages: wait %v", e.RetryAfter.Round(time.Second/10))
		}
		return "too many messages: wait a little"
	case protocol.CodeForbidden:
		return "you may read in this room, but not write"
	case protocol.CodeTokenExpired:
		return "the token has expired"
	case protocol.CodeInternal:
		return "the server has a problem"
	}
	return fmt.Sprintf("the server refuses: %s (%s)", e.Message, e.Code)
}

// Event is something that happened: a Message, Connected, CaughtUp, Lost or
// Notice.
type Event interface{ event() }

// Message is a message of the room. Each comes once, the user's own when the
// server has it.
type Message struct {
	protocol.Message
	Own bool // of the same user; then User.Name may be empty
	// Past tells that the message was read in the history: it was sent before
	// this client came, or while it was away.
	Past bool
}

// Connected comes after each handshake.
type Connected struct {
	Again bool
}

// CaughtUp comes after each Connected, when the messages that were missed have
// been passed on.
type CaughtUp struct{}

// Lost tells that there is no connection, and when the next attempt is made.
type Lost struct {
	Reason  error
	RetryIn time.Duration
}

// Notice is a problem that does not end the connection.
type Notice struct {
	Err error
}

func (Message) event()   {}
func (Connected) event() {}
func (CaughtUp) event()  {}
func (Lost) event()      {}
func (Notice) event()    {}

// Client is a user in a room. Its methods may be called by several goroutines.
type Client struct {
	options   Options
	timing    timing
	url, room string
	subject   string // the user's id, as the first token has it

	calls  chan func(*loop)
	events chan Event
	cancel context.CancelFunc
	ended  chan struct{}
	err    error // set before ended is closed
}

// Dial makes the first connection, within ctx, and keeps the client connected
// until Close. A server that refuses the first handshake is not asked again.
func Dial(ctx context.Context, options Options) (*Client, error) {
	return dial(ctx, options, defaultTiming)
}

func dial(ctx context.Context, options Options, timing timing) (*Client, error) {
	url, room, err := address(options.URL, options.Room)
	if err != nil {
		return nil, err
	}
	if options.Backlog < 0 || options.Backlog > protocol.MaxHistoryLimit {
		return nil, fmt.Errorf("a backlog of %d is not possible: 0 to %d messages are", options.Backlog, protocol.MaxHistoryLimit)
	}
	client := &Client{
		options: options, timing: timing, url: url, room: room,
		calls:  make(chan func(*loop)),
		events: make(chan Event, maxEvents),
		ended:  make(chan struct{}),
	}
	token, err := options.Tokens.Token(ctx, "")
	if err != nil {
		return nil, err
	}
	first, err := client.open(ctx, token)
	if err != nil {
		return nil, err
	}
	client.subject = first.claims.Subject
	var running context.Context
	running, client.cancel = context.WithCancel(context.Background())
	go client.run(running, first)
	return client, nil
}

// Events gives what happens. It is closed when the client has ended. The
// client waits while its buffer is full, so receive in a goroutine that does
// not call the client.
func (c *Client) Events() <-chan Event { return c.events }

// Room is the name of the room.
func (c *Client) Room() string { return c.room }

// Own tells whether a message is of the same user.
func (c *Client) Own(m protocol.Message) bool { return m.User.ID == c.subject }

// Err tells why the client ended: nil while it has not, and after Close.
func (c *Client) Err() error {
	select {
	case <-c.ended:
		return c.err
	default:
		return nil
	}
}

// Close leaves the room, with the closing handshake if the server takes part
// in it. What was not acknowledged by then fails.
func (c *Client) Close() error {
	c.cancel()
	<-c.ended
	return c.err
}

// Send says something in the room and returns when the server has it, however
// many connections that takes. It fails with a *Refused, with ErrUnanswered, with
// the reason for which the client ended, or with ctx.
func (c *Client) Send(ctx context.Context, text string) (protocol.Ack, error) {
	if strings.TrimSpace(text) == "" {
		return protocol.Ack{}, &Refused{Code: protocol.CodeEmptyMessage}
	}
	if !utf8.ValidString(text) {
		return protocol.Ack{}, errors.New("the message is not UTF-8")
	}
	clientID := rand.Text()
	frame := encode(protocol.SendMessage{Action: protocol.ActionSendMessage, ClientID: clientID, Text: text})
	if len(frame) > protocol.LargestFrame {
		return protocol.Ack{}, &Refused{Code: protocol.CodeTooLarge}
	}
	out := &outgoing{clientID: clientID, frame: frame, result: make(chan sent, 1)}
	if err := c.call(ctx, func(l *loop) { l.send(out) }); err != nil {
		return protocol.Ack{}, err
	}
	select {
	case result := <-out.result:
		return result.ack, result.err
	case <-ctx.Done():
		// It must not be sent again later, when nobody waits for it.
		_ = c.call(context.Background(), func(l *loop) { l.forget(out) })
		return protocol.Ack{}, ctx.Err()
	}
}

// History reads a page of the room's messages: those before the given id, or
// the newest if it is empty. Limit is from 1 to protocol.MaxHistoryLimit.
func (c *Client) History(ctx context.Context, before string, limit int) (protocol.History, error) {
	return ask[protocol.History](ctx, c, historyQuery(before, limit))
}

// Members reads a page of who is in the room: those after the given user id,
// or the first if it is empty.
func (c *Client) Members(ctx context.Context, after string) (protocol.Members, error) {
	request := protocol.MembersRequest{Action: protocol.ActionMembers, After: after, Limit: protocol.MaxMembersLimit}
	return ask[protocol.Members](ctx, c, newQuery(request, func(frame any) bool {
		_, ok := frame.(protocol.Members)
		return ok
	}))
}

func ask[T any](ctx context.Context, c *Client, q *query) (T, error) {
	type answer struct {
		frame T
		err   error
	}
	answers := make(chan answer, 1)
	q.done = func(frame any, err error) {
		content, _ := frame.(T)
		answers <- answer{content, err}
	}
	var none T
	if err := c.call(ctx, func(l *loop) { l.ask(q) }); err != nil {
		return none, err
	}
	select {
	case got := <-answers:
		return got.frame, got.err
	case <-ctx.Done():
		return none, ctx.Err()
	}
}

// call has the client's goroutine do something.
func (c *Client) call(ctx context.Context, do func(*loop)) error {
	select {
	case c.calls <- do:
		return nil
	case <-c.ended:
		if c.err != nil {
			return c.err
		}
		return ErrClosed
	case <-ctx.Done():
		return ctx.Err()
	}
}

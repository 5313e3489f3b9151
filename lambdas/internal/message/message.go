// Package message is the handler of every route that a client can name in a
// frame: sendMessage, history, members, and $default for all others. What it
// returns is the frame the caller receives as route response.
package message

import (
	"context"
	"errors"
	"log/slog"
	"net/http"
	"time"

	"github.com/go-json-experiment/json"
	"github.com/go-json-experiment/json/jsontext"
	"github.com/oklog/ulid/v2"

	"github.com/portcullis-chat/portcullis/internal/protocol"
	"github.com/portcullis-chat/portcullis/lambdas/internal/frame"
	"github.com/portcullis-chat/portcullis/lambdas/internal/gateway"
	"github.com/portcullis-chat/portcullis/lambdas/internal/ledger"
	"github.com/portcullis-chat/portcullis/lambdas/internal/logging"
	"github.com/portcullis-chat/portcullis/lambdas/internal/markup"
	"github.com/portcullis-chat/portcullis/lambdas/internal/metrics"
	"github.com/portcullis-chat/portcullis/lambdas/internal/push"
	"github.com/portcullis-chat/portcullis/lambdas/internal/room"
)

// margin is how long before Lambda would kill the function its own work ends,
// so that the answer, the log line and the clean-up still happen.
const margin = 500 * time.Millisecond

// Charger decides whether a user may send a message now.
type Charger interface {
	Charge(ctx context.Context, sub string, key ledger.Key, id ulid.ULID, bytes int) (sent ulid.ULID, repeated bool, err error)
}

// Counter counts what a user does beside sending. It returns a
// ledger.LimitError when it was too much, and ledger.ErrRevoked for a user who
// is banned.
type Counter interface {
	Take(ctx context.Context, sub string, kind ledger.Kind) error
}

// Messages is what was said in the rooms.
type Messages interface {
	Put(ctx context.Context, message room.Message) error
	Get(ctx context.Context, roomName string, id ulid.ULID) (message room.Message, found bool, err error)
	Before(ctx context.Context, roomName string, before ulid.ULID, most int) (messages []room.Message, more ulid.ULID, err error)
}

// Members is who is in the rooms.
type Members interface {
	Members(ctx context.Context, roomName string, yield func(room.Member) bool) error
}

// Fanout sends a frame to many.
type Fanout interface {
	Send(ctx context.Context, roomName string, frame []byte, members func(yield func(room.Member) bool) error) (push.Report, error)
}

// Sockets sends a frame to one connection, or closes it.
type Sockets interface {
	Post(ctx context.Context, connectionID string, frame []byte) error
	Close(ctx context.Context, connectionID string) error
}

// Handler answers frames.
type Handler struct {
	Ledger   Charger
	Counter  Counter
	Messages Messages
	Members  Members
	Fanout   Fanout
	Sockets  Sockets

	Format   markup.Mode
	MaxFrame int // bytes
	MaxText  int // bytes

	HistoryPage int // messages in one frame
	MembersPage int // members in one frame

	NewID   func() ulid.ULID
	Now     func() time.Time
	Log     *slog.Logger
	Metrics *metrics.Recorder
}

// Invoke implements lambda.Handler. It reads the event itself, because the
// library's decoder would turn invalid UTF-8 into replacement characters.
func (h *Handler) Invoke(ctx context.Context, payload []byte) ([]byte, error) {
	var request gateway.Request
	if json.Unmarshal(payload, &request) != nil {
		request = gateway.Request{}
		if err := json.Unmarshal(payload, &request, jsontext.AllowInvalidUTF8(true)); err != nil {
			h.Log.ErrorContext(ctx, logging.DependencyFail, logging.Reason("event"))
			return nil, errors.New("the event is not one of a WebSocket API")
		}
		request.Body = "" // is refused as malformed
	}
	ctx, cancel := gateway.Work(ctx, margin)
	defer cancel()
	return json.Marshal(h.handle(ctx, request))
}

// call is one frame that is being answered.
type call struct {
	gateway.Context
	caller gateway.Identity
	frame  frame.Frame
	log    *slog.Logger
	start  time.Time
}

func (h *Handler) handle(ctx context.Context, request gateway.Request) (response gateway.Response) {
	c := &call{Context: request.RequestContext, caller: request.RequestContext.Authorizer, start: time.Now()}
	c.log = h.Log.With(
		slog.String("requestId", c.RequestID),
		slog.String("connectionId", c.ConnectionID),
		slog.String("room", c.caller.Room),
		logging.Subject(c.caller.Sub),
	)
	defer func() {
		if value := recover(); value != nil {
			logging.Panic(ctx, c.log, value)
			h.Metrics.PutReason("crash", metrics.Failures.Of(1))
			response = c.reply(c.errorFrame(internal))
		}
	}()
	answer, err := h.answer(ctx, c, request)
	if err == nil {
		return c.reply(answer)
	}
	refusal := h.refuse(ctx, c, err)
	if refusal.ends {
		return h.end(ctx, c, refusal)
	}
	return c.reply(c.errorFrame(refusal))
}

// answer returns the frame for the caller.
func (h *Handler) answer(ctx context.Context, c *call, request gateway.Request) (any, error) {
	if c.EventType != gateway.EventMessage || c.ConnectionID == "" {
		return nil, foreignEvent
	}
	if err := c.caller.Check(); err != nil {
		return nil, err
	}
	if c.caller.Expired(h.Now()) {
		return nil, tokenExpired
	}
	body := request.Body
	if request.IsBase64Encoded {
		return nil, frame.Malformed // API Gateway passes on text frames only
	}
	switch c.RouteKey {
	case protocol.ActionSendMessage, protocol.ActionHistory, protocol.ActionMembers:
	default:
		if err := frame.IsObject(body, h.MaxFrame); err != nil {
			return nil, err
		}
		return nil, unknownAction
	}
	var err error
	if c.frame, err = frame.Decode(c.RouteKey, body, h.MaxFrame); err != nil {
		return nil, err
	}
	switch c.RouteKey {
	case protocol.ActionHistory:
		return h.history(ctx, c)
	case protocol.ActionMembers:
		return h.members(ctx, c)
	}
	return h.send(ctx, c)
}

// end tells a caller why the connection ends, and closes it. A route response is
// sent only after the function has returned, which would be too late; so the
// frame is posted, and the response is empty.
func (h *Handler) end(ctx context.Context, c *call, r refusal) gateway.Response {
	body, err := frame.Encode(c.errorFrame(r))
	if err == nil {
		err = h.Sockets.Post(ctx, c.ConnectionID, body)
	}
	if err != nil && !errors.Is(err, push.ErrGone) {
		c.log.WarnContext(ctx, logging.DependencyFail, logging.Reason("post"), logging.Cause(err))
	}
	if err := h.Sockets.Close(ctx, c.ConnectionID); err != nil {
		c.log.ErrorContext(ctx, logging.DependencyFail, logging.Reason("close"), logging.Cause(err))
		h.Metrics.PutReason("close", metrics.Failures.Of(1))
		return gateway.Status(http.StatusOK)
	}
	h.Metrics.PutReason(r.reason, metrics.SocketsClosed.Of(1))
	return gateway.Status(http.StatusOK)
}

// reply encodes a frame as route response.
func (c *call) reply(v any) gateway.Response {
	body, err := frame.Encode(v)
	if err != nil || len(body) > protocol.MaxEncodedFrame {
		c.log.Error(logging.DependencyFail, logging.Reason("encode"), slog.Int("bytes", len(body)))
		return gateway.Status(http.StatusInternalServerError)
	}
	return gateway.Frame(body)
}

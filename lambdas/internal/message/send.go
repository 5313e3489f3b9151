package message

import (
	"context"
	"errors"
	"log/slog"
	"time"

	"github.com/portcullis-chat/portcullis/internal/protocol"
	"github.com/portcullis-chat/portcullis/lambdas/internal/frame"
	"github.com/portcullis-chat/portcullis/lambdas/internal/ledger"
	"github.com/portcullis-chat/portcullis/lambdas/internal/logging"
	"github.com/portcullis-chat/portcullis/lambdas/internal/metrics"
	"github.com/portcullis-chat/portcullis/lambdas/internal/push"
	"github.com/portcullis-chat/portcullis/lambdas/internal/room"
	"github.com/portcullis-chat/portcullis/lambdas/internal/store"
	"github.com/portcullis-chat/portcullis/lambdas/internal/text"
)

// fanoutTimeout bounds the posts of one message. Who was not reached by then
// finds the message in the history.
const fanoutTimeout = 5 * time.Second

// errVanished means that a message is stored under an id and yet not there,
// which only an expiry between two requests explains.
var errVanished = errors.New("a stored message is not there")

// send stores a message and passes it on. Whatever fails before it is stored is
// reported to the caller, who may send it again under the same clientId;
// nothing that fails afterwards is.
func (h *Handler) send(ctx context.Context, c *call) (any, error) {
	if !c.caller.MayWrite() {
		return nil, readOnly
	}
	if c.frame.ClientID == "" {
		return nil, noClientID
	}
	message, body, err := h.compose(c)
	if err != nil {
		return nil, err
	}
	// An invalid text costs no call: all of it is known by now.
	key := ledger.KeyOf(message.Room, message.ClientID)
	id, repeated, err := h.Ledger.Charge(ctx, message.Sub, key, message.ID, len(message.HTML))
	if err != nil {
		return nil, err
	}
	if id != message.ID {
		message.ID = id
		if body, err = frame.Encode(message.Wire()); err != nil {
			return nil, err
		}
	}
	err = h.Messages.Put(ctx, message)
	if repeated && errors.Is(err, store.ErrStored) {
		return h.again(ctx, c, message)
	}
	// A new id that is stored already was stored by this very call: its answer
	// was lost and the SDK sent it again.
	if err != nil && !errors.Is(err, store.ErrStored) && (repeated || !h.storedAfterAll(ctx, message)) {
		return nil, err
	}
	stored := time.Now()
	report, fanoutErr := h.passOn(ctx, c, body)
	took := time.Since(stored)

	attrs := []slog.Attr{
		slog.String("id", id.String()),
		slog.Bool("repeated", repeated),
		slog.Int("bytes", len(message.HTML)),
		slog.Int64("delivered", report.Delivered),
		slog.Int64("gone", report.Gone),
		slog.Int64("failed", report.Failed),
		slog.Int64("ended", report.Ended),
		slog.Bool("complete", fanoutErr == nil),
		slog.Duration("storing", stored.Sub(c.start)),
		slog.Duration("passingOn", took),
	}
	counted := []metrics.Value{
		metrics.Messages.Of(1), metrics.MessageBytes.Of(int64(len(message.HTML))), metrics.MessageTime.Took(stored.Sub(c.start)),
		metrics.FanoutTime.Took(took), metrics.FanoutDelivered.Of(report.Delivered),
		metrics.FanoutGone.Of(report.Gone), metrics.FanoutFailures.Of(report.Failed),
	}
	level := slog.LevelInfo
	if fanoutErr != nil {
		// Whom it did not reach finds it in the history.
		level = slog.LevelWarn
		attrs = append(attrs, logging.Cause(fanoutErr))
		counted = append(counted, metrics.FanoutIncomplete.Of(1))
	}
	h.Metrics.Put(counted...)
	c.log.LogAttrs(ctx, level, logging.MessageSent, attrs...)
	return ack(message), nil
}

// storedAfterAll looks whether a write was made whose answer was lost. The caller
// would otherwise send the message again and be told that it is stored, and
// nobody would have passed it on.
func (h *Handler) storedAfterAll(ctx context.Context, message room.Message) bool {
	_, found, err := h.Messages.Get(ctx, message.Room, message.ID)
	return err == nil && found
}

// compose makes the message that would be stored, under a new id, and the frame
// that the others would receive.
func (h *Handler) compose(c *call) (message room.Message, body []byte, err error) {
	if len(c.frame.Text) > h.MaxText {
		return room.Message{}, nil, textTooLarge
	}
	clean := text.Clean(c.frame.Text)
	if len(clean) > h.MaxText { // normalising can make a text longer
		return room.Message{}, nil, textTooLarge
	}
	html, err := h.Format.HTML(clean)
	if err != nil {
		return room.Message{}, nil, err
	}
	message = room.Message{
		ID:       h.NewID(),
		Room:     c.caller.Room,
		Sub:      c.caller.Sub,
		Name:     c.caller.Name,
		ClientID: c.frame.ClientID,
		HTML:     html,
		Policy:   h.Format.Policy(),
	}
	if body, err = frame.Encode(message.Wire()); err != nil {
		return room.Message{}, nil, err
	}
	// Escaping makes a text up to ten times as long. The message must fit not
	// only a frame of its own but also a page of history.
	if emptyPage+len(body) > protocol.MaxEncodedFrame {
		return room.Message{}, nil, textTooLarge
	}
	return message, body, nil
}

// again answers a message that was sent before with the first answer. It was
// passed on then.
func (h *Handler) again(ctx context.Context, c *call, message room.Message) (any, error) {
	first, found, err := h.Messages.Get(ctx, message.Room, message.ID)
	if err != nil {
		return nil, err
	}
	if !found {
		return nil, errVanished
	}
	h.Metrics.Put(metrics.Repeats.Of(1))
	c.log.InfoContext(ctx, logging.MessageSent, slog.String("id", message.ID.String()), slog.Bool("repeated", true), slog.Bool("stored", false))
	return ack(first), nil
}

// passOn sends a frame to everybody in the room but the connection it came
// from.
func (h *Handler) passOn(ctx context.Context, c *call, body []byte) (push.Report, error) {
	ctx, cancel := context.WithTimeout(ctx, fanoutTimeout)
	defer cancel()
	return h.Fanout.Send(ctx, c.caller.Room, body, func(yield func(room.Member) bool) error {
		return h.Members.Members(ctx, c.caller.Room, func(member room.Member) bool {
			return member.ConnectionID == c.ConnectionID || yield(member)
		})
	})
}

func ack(message room.Message) protocol.Ack {
	return protocol.Ack{
		Type:     protocol.TypeAck,
		ClientID: message.ClientID,
		ID:       message.ID.String(),
		SentAt:   room.SentAt(message.ID),
		HTML:     message.HTML,
	}
}

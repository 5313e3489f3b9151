package message

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"time"

	"github.com/portcullis-chat/portcullis/internal/protocol"
	"github.com/portcullis-chat/portcullis/lambdas/internal/frame"
	"github.com/portcullis-chat/portcullis/lambdas/internal/gateway"
	"github.com/portcullis-chat/portcullis/lambdas/internal/ledger"
	"github.com/portcullis-chat/portcullis/lambdas/internal/logging"
	"github.com/portcullis-chat/portcullis/lambdas/internal/markup"
	"github.com/portcullis-chat/portcullis/lambdas/internal/metrics"
)

// refusal is why a frame is not answered as asked. The text says what the
// client can do; it never repeats what the client sent.
type refusal struct {
	code       protocol.Code
	text       string
	event      string // the event that is logged
	reason     string // for the log
	retryAfter time.Duration
	ends       bool // whether the connection is closed
}

func (r refusal) Error() string { return r.reason }

var (
	internal = refusal{
		code: protocol.CodeInternal, event: logging.DependencyFail, reason: "internal",
		text: "Something went wrong on the server. Try again; if it stays, report the request id.",
	}
	foreignEvent = refusal{
		code: protocol.CodeInternal, event: logging.AuthorizeFail, reason: "event_type",
		text: internal.text,
	}
	noIdentity = refusal{
		code: protocol.CodeInternal, event: logging.AuthorizeFail, reason: "identity",
		text: internal.text,
	}
	tokenExpired = refusal{
		code: protocol.CodeTokenExpired, event: logging.SessionExpired, reason: "token_expired", ends: true,
		text: "Your token has expired. Connect again with a new one.",
	}
	unknownAction = refusal{
		code: protocol.CodeUnknownAction, event: logging.InvalidInput, reason: "unknown_action",
		text: "There is no such action. Use sendMessage, history, members or ping.",
	}
	readOnly = refusal{
		code: protocol.CodeForbidden, event: logging.AuthorizeFail, reason: "read_only",
		text: "You may read this room but not write in it.",
	}
	revoked = refusal{
		code: protocol.CodeForbidden, event: logging.AuthorizeFail, reason: "revoked", ends: true,
		text: "You are barred from the chat at present. Ask an operator.",
	}
	tooManyReads = refusal{
		code: protocol.CodeRateLimited, event: logging.RateExceeded, reason: "reads",
		text: "You are asking too often. Wait and ask again.",
	}
	tooManyRefusals = refusal{
		code: protocol.CodeRateLimited, event: logging.RateExceeded, reason: "refusals", ends: true,
		text: "Too many of your frames were refused. Wait, and connect again.",
	}
	textTooLarge = refusal{
		code: protocol.CodeTooLarge, event: logging.InvalidInput, reason: "text_size",
		text: "The text is too long. Send it in shorter parts.",
	}
	emptyMessage = refusal{
		code: protocol.CodeEmptyMessage, event: logging.InvalidInput, reason: "text_empty",
		text: "Nothing visible is left of the text. Send some text.",
	}
	noClientID  = badRequest("client_id", "A message needs a clientId of 1 to 64 letters, digits, _ and -.")
	tooNested   = badRequest("text_nesting", "The markup of the text is nested too deeply. Use less of it.")
	wrongBefore = badRequest("before", "before must be the id of a message.")
	wrongAfter  = badRequest("after", "after must be the id of a user.")
	wrongLimit  = badRequest("limit", "limit must be a whole number from 1 to 100.")
)

func badRequest(reason, text string) refusal {
	return refusal{code: protocol.CodeBadRequest, event: logging.InvalidInput, reason: reason, text: text}
}

// problems are the texts for what is wrong with a frame.
var problems = map[frame.Problem]string{
	frame.NotAnObject:   "The frame is not a JSON object. Send one object in each frame.",
	frame.Malformed:     "The frame is not valid JSON. Send one object, with no member twice, in valid UTF-8.",
	frame.UnknownMember: "The frame has a member that this action does not know. Mind upper and lower case.",
	frame.WrongType:     "A member of the frame has the wrong type. Ids and texts are strings, limit is a number.",
	frame.OutOfRange:    "A member of the frame is out of its range. A clientId has 1 to 64 letters, digits, _ and -; a limit is from 1 to 100.",
}

// refuse turns an error into what the client is told, and logs it: one line for
// each thing refused. Who is refused too often is told so instead, and loses the
// connection.
func (h *Handler) refuse(ctx context.Context, c *call, err error) refusal {
	r := h.refusalOf(err)
	level := slog.LevelWarn
	attrs := []slog.Attr{slog.String("route", route(c.RouteKey)), logging.Reason(r.reason)}
	if r.code == protocol.CodeInternal {
		attrs = append(attrs, logging.Cause(err))
		c.log.LogAttrs(ctx, slog.LevelError, r.event, attrs...)
		h.Metrics.PutReason(r.reason, metrics.Failures.Of(1))
		return r
	}
	counted := []metrics.Value{metrics.Refusals.Of(1)}
	if r.code == protocol.CodeRateLimited {
		counted = append(counted, metrics.RateLimits.Of(1))
	}
	h.Metrics.PutReason(r.reason, counted...)
	if r.ends {
		c.log.LogAttrs(ctx, level, r.event, attrs...)
		return r
	}
	var limit ledger.LimitError
	switch err := h.Counter.Take(ctx, c.caller.Sub, ledger.Refusals); {
	case errors.As(err, &limit):
		c.log.LogAttrs(ctx, level, tooManyRefusals.event, append(attrs, slog.Bool("closing", true))...)
		r = tooManyRefusals
		r.retryAfter = limit.RetryAfter
		return r
	case errors.Is(err, ledger.ErrRevoked):
		r = revoked
	case err != nil:
		// The frame is refused all the same.
		attrs = append(attrs, slog.String("uncounted", "refusals"), logging.Cause(err))
	}
	c.log.LogAttrs(ctx, level, r.event, attrs...)
	return r
}

// route is a route key for the log. API Gateway only calls routes it has, but
// nothing here depends on that.
func route(key string) string {
	switch key {
	case protocol.ActionSendMessage, protocol.ActionHistory, protocol.ActionMembers:
		return key
	}
	return "$default"
}

func (h *Handler) refusalOf(err error) refusal {
	var own refusal
	var problem frame.Problem
	var limit ledger.LimitError
	switch {
	case errors.As(err, &own):
		return own
	case errors.As(err, &problem):
		if problem == frame.TooLarge {
			return refusal{
				code: protocol.CodeTooLarge, event: logging.InvalidInput, reason: string(problem),
				text: fmt.Sprintf("The frame is too long. A frame may have %d bytes.", h.MaxFrame),
			}
		}
		return badRequest(string(problem), problems[problem])
	case errors.As(err, &limit):
		return refusal{
			code: protocol.CodeRateLimited, event: logging.RateExceeded, reason: "messages",
			text: "You are sending too fast. Wait and send it again.", retryAfter: limit.RetryAfter,
		}
	case errors.Is(err, gateway.ErrNoIdentity):
		return noIdentity
	case errors.Is(err, ledger.ErrRevoked):
		return revoked
	case errors.Is(err, markup.ErrEmpty):
		return emptyMessage
	case errors.Is(err, markup.ErrNesting):
		return tooNested
	}
	return internal
}

func (c *call) errorFrame(r refusal) protocol.Error {
	return protocol.Error{
		Type:         protocol.TypeError,
		Code:         r.code,
		Message:      r.text,
		RequestID:    c.RequestID,
		ClientID:     c.frame.ClientID,
		RetryAfterMS: r.retryAfter.Milliseconds(),
	}
}

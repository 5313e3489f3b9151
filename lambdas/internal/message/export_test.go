package message

import (
	"log/slog"

	"github.com/portcullis-chat/portcullis/internal/protocol"
	"github.com/portcullis-chat/portcullis/lambdas/internal/frame"
	"github.com/portcullis-chat/portcullis/lambdas/internal/gateway"
)

// Convert is what happens to a frame between its arrival and its fan-out, but
// for the calls to DynamoDB: it is validated, sanitised, encoded.
func (h *Handler) Convert(caller gateway.Identity, request string) (body []byte, err error) {
	c := &call{caller: caller}
	if c.frame, err = frame.Decode(protocol.ActionSendMessage, request, h.MaxFrame); err != nil {
		return nil, err
	}
	_, body, err = h.compose(c)
	return body, err
}

// EmptyPage is how many bytes a page of history has beside its messages.
var EmptyPage = emptyPage

// Reply makes the response of an answer.
func Reply(log *slog.Logger, answer any) gateway.Response { return (&call{log: log}).reply(answer) }

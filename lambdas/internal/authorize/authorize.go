// Package authorize is the authorizer of the $connect route. It says who a
// caller is and which room the connection belongs to, once and for the whole
// life of the connection: nothing after it looks at a token again.
package authorize

import (
	"context"
	"errors"
	"log/slog"
	"slices"
	"strings"
	"time"

	"github.com/portcullis-chat/portcullis/internal/protocol"
	"github.com/portcullis-chat/portcullis/lambdas/internal/access"
	"github.com/portcullis-chat/portcullis/lambdas/internal/gateway"
	"github.com/portcullis-chat/portcullis/lambdas/internal/logging"
	"github.com/portcullis-chat/portcullis/lambdas/internal/metrics"
	"github.com/portcullis-chat/portcullis/lambdas/internal/origin"
	"github.com/portcullis-chat/portcullis/lambdas/internal/text"
	"github.com/portcullis-chat/portcullis/lambdas/internal/token"
)

// secretHeader is what the CDN in front adds to every request.
const secretHeader = "x-origin-verify"

// nameless is what a user is called whose token has nothing visible to call
// them by.
const nameless = "user"

// Verifier verifies access tokens.
type Verifier interface {
	Verify(ctx context.Context, token string) (token.Claims, error)
}

// Handler authorizes handshakes.
type Handler struct {
	Verifier Verifier
	Origins  origin.Policy
	Secrets  origin.Secrets
	Rooms    access.Rule
	Log      *slog.Logger
	Metrics  *metrics.Recorder
}

// refusal is a reason to answer 401. The client is told nothing else.
type refusal string

func (r refusal) Error() string { return string(r) }

const (
	notAHandshake refusal = "not_a_handshake"
	wrongSecret   refusal = "origin_secret"
	badQuery      refusal = "query_parameters"
	noToken       refusal = "no_token"
	twoTokens     refusal = "two_tokens"
	noSubprotocol refusal = "no_subprotocol"
)

// Handle answers an authorizer request: an Allow, a Deny (403) for a valid
// caller who may not enter, or gateway.ErrUnauthorized (401). It fails closed:
// an error of our own is a 401 as well, and its cause is in the log.
func (h *Handler) Handle(ctx context.Context, request gateway.AuthorizerRequest) (response gateway.AuthorizerResponse, err error) {
	log := h.Log.With(
		slog.String("requestId", request.RequestContext.RequestID),
		slog.String("connectionId", request.RequestContext.ConnectionID),
	)
	defer func() {
		if value := recover(); value != nil {
			logging.Panic(ctx, log, value)
			h.Metrics.PutReason("crash", metrics.Failures.Of(1))
			response, err = gateway.AuthorizerResponse{}, gateway.ErrUnauthorized
		}
	}()
	start := time.Now()
	claims, err := h.authenticate(ctx, request)
	if err != nil {
		log.WarnContext(ctx, logging.LoginFail, logging.Reason(reasonOf(err)))
		h.Metrics.PutReason(reasonOf(err), metrics.Refusals.Of(1))
		return gateway.AuthorizerResponse{}, gateway.ErrUnauthorized
	}
	log = log.With(logging.Subject(claims.Subject))

	deny := func(event, reason string, attrs ...any) (gateway.AuthorizerResponse, error) {
		log.WarnContext(ctx, event, append(attrs, logging.Reason(reason))...)
		h.Metrics.PutReason(reason, metrics.Refusals.Of(1))
		return gateway.Deny(request.MethodArn, claims.Subject), nil
	}

	if origins := request.Headers.Header("Origin"); !h.Origins.Allows(origins) {
		return deny(logging.ForeignOrigin, "origin", slog.Int("origins", len(origins)))
	}
	rooms := request.Query[protocol.RoomParameter]
	if len(rooms) != 1 || !protocol.RoomPattern.MatchString(rooms[0]) {
		return deny(logging.AuthorizeFail, "room")
	}
	granted, err := h.Rooms.Of(claims.Rooms, rooms[0])
	switch {
	case err != nil:
		return deny(logging.AuthorizeFail, "rooms_claim")
	case granted == "":
		return deny(logging.AuthorizeFail, "room_not_granted", slog.String("room", rooms[0]))
	}
	log.InfoContext(ctx, logging.LoginSuccess, slog.String("room", rooms[0]), slog.String("access", granted), slog.Duration("took", time.Since(start)))
	h.Metrics.Put(metrics.Handshakes.Of(1))
	return gateway.Allow(request.MethodArn, gateway.Identity{
		Sub:    claims.Subject,
		Name:   displayName(claims.Names),
		Room:   rooms[0],
		Access: granted,
		Exp:    gateway.Seconds(claims.Expires),
		Jti:    claims.TokenID,
	}), nil
}

// authenticate finds out who calls.
func (h *Handler) authenticate(ctx context.Context, request gateway.AuthorizerRequest) (token.Claims, error) {
	if request.Type != "REQUEST" || request.RequestContext.EventType != gateway.EventConnect ||
		request.RequestContext.RouteKey != gateway.RouteConnect || request.MethodArn == "" {
		return token.Claims{}, notAHandshake
	}
	if !h.Secrets.Match(request.Headers.Header(secretHeader)) {
		return token.Claims{}, wrongSecret
	}
	if !onlyRoom(request) {
		return token.Claims{}, badQuery
	}
	bearer, err := bearerOf(request.Headers)
	if err != nil {
		return token.Claims{}, err
	}
	return h.Verifier.Verify(ctx, bearer)
}

// onlyRoom is true when the URL has no parameter but one room. A URL is written
// to logs on its way, so a token in it is a token lost (OWASP ASVS 5.0 14.2.1);
// refusing every other parameter refuses one of any name.
func onlyRoom(request gateway.AuthorizerRequest) bool {
	for name, values := range request.Query {
		if name != protocol.RoomParameter || len(values) > 1 {
			return false
		}
		for _, value := range values {
			if token.LooksLikeToken(value) {
				return false
			}
		}
	}
	for name := range request.SingleQuery {
		if _, listed := request.Query[name]; !listed {
			return false
		}
	}
	return true
}

// bearerOf returns the one token of a handshake. Browsers can only send it as a
// subprotocol; native clients may use Authorization (RFC 6750 section 2.1).
func bearerOf(headers gateway.Values) (string, error) {
	var found []string
	offers := headers.HeaderTokens("Sec-WebSocket-Protocol")
	for _, offer := range offers {
		if bearer, ok := strings.CutPrefix(offer, protocol.BearerPrefix); ok {
			found = append(found, bearer)
		}
	}
	for _, value := range headers.Header("Authorization") {
		scheme, credentials, _ := strings.Cut(value, " ")
		if !strings.EqualFold(scheme, "Bearer") {
			return "", noToken
		}
		found = append(found, credentials)
	}
	switch {
	case len(found) == 0:
		return "", noToken
	case len(found) > 1:
		return "", twoTokens
	case len(offers) > 0 && !slices.Contains(offers, protocol.Subprotocol):
		// There would be nothing to answer but the token, and without an answer
		// a browser gives the connection up.
		return "", noSubprotocol
	}
	return found[0], nil
}

// displayName returns the first name of which something visible is left.
func displayName(names []string) string {
	for _, name := range names {
		if name = text.Name(name); name != "" {
			return name
		}
	}
	return nameless
}

func reasonOf(err error) string {
	var rejection token.Rejection
	if errors.As(err, &rejection) {
		return string(rejection)
	}
	var own refusal
	if errors.As(err, &own) {
		return string(own)
	}
	return "internal"
}

// Package connect is the handler of the $connect route: it counts a caller in
// and writes what the other functions find a connection by.
package connect

import (
	"context"
	"errors"
	"log/slog"
	"net/http"
	"slices"
	"time"

	"github.com/portcullis-chat/portcullis/internal/protocol"
	"github.com/portcullis-chat/portcullis/lambdas/internal/config"
	"github.com/portcullis-chat/portcullis/lambdas/internal/gateway"
	"github.com/portcullis-chat/portcullis/lambdas/internal/logging"
	"github.com/portcullis-chat/portcullis/lambdas/internal/room"
	"github.com/portcullis-chat/portcullis/lambdas/internal/store"
)

// Settings are the variables of the connect function, beside those of AWS.
type Settings struct {
	Table          string
	MaxConnections int // of one user
	MaxMembers     int // connections in one room
	LogLevel       string
}

// Read reads the settings.
func Read(r *config.Reader) Settings {
	return Settings{
		Table:          r.Table("CONNECTIONS_TABLE"),
		MaxConnections: r.Int("MAX_CONNECTIONS_PER_USER", 1, 50),
		MaxMembers:     r.Int("MAX_MEMBERS", 2, 5000),
		LogLevel:       r.LogLevel(),
	}
}

// Connections is what is stored of connections.
type Connections interface {
	User(ctx context.Context, sub string) (store.User, error)
	Count(ctx context.Context, roomName string, enough int) (int, error)
	TakeSlot(ctx context.Context, sub string, slot int, connectionID, roomName string) error
	FreeSlot(ctx context.Context, sub string, slot int, connectionID, roomName string) error
	Join(ctx context.Context, roomName string, member room.Member) error
}

// Handler opens connections.
type Handler struct {
	Connections    Connections
	MaxConnections int
	MaxMembers     int
	Now            func() time.Time
	Log            *slog.Logger
}

// refused is an answer other than 200 that is no fault of ours.
type refused struct {
	status int
	event  string
	reason string
}

func (r refused) Error() string { return r.reason }

// Handle answers 200 with the subprotocol, or refuses the handshake: 403 for a
// banned user, 429 for one with too many connections, 503 for a full room, 500
// when the tables do not answer. A refusal leaves no row that counts.
func (h *Handler) Handle(ctx context.Context, request gateway.Request) (response gateway.Response, err error) {
	rc := request.RequestContext
	log := h.Log.With(
		slog.String("requestId", rc.RequestID),
		slog.String("connectionId", rc.ConnectionID),
		slog.String("room", rc.Authorizer.Room),
		logging.Subject(rc.Authorizer.Sub),
	)
	defer func() {
		if value := recover(); value != nil {
			logging.Panic(ctx, log, value)
			response, err = gateway.Status(http.StatusInternalServerError), nil
		}
	}()
	start := time.Now()
	slot, err := h.open(ctx, rc)
	var refusal refused
	if errors.As(err, &refusal) {
		log.WarnContext(ctx, refusal.event, logging.Reason(refusal.reason))
		return gateway.Status(refusal.status), nil
	}
	if err != nil {
		log.ErrorContext(ctx, logging.DependencyFail, logging.Reason("connect"), logging.Cause(err))
		return gateway.Status(http.StatusInternalServerError), nil
	}
	log.InfoContext(ctx, logging.SessionCreated, slog.Int("slot", slot), slog.Duration("took", time.Since(start)))
	return accepted(request.Headers), nil
}

// accepted echoes the chat's subprotocol to a client that offered it, and never
// anything else of the offer, which holds the token. A client that offered none
// must get none (RFC 6455 section 4.1).
func accepted(headers gateway.Values) gateway.Response {
	response := gateway.Status(http.StatusOK)
	if slices.Contains(headers.HeaderTokens("Sec-WebSocket-Protocol"), protocol.Subprotocol) {
		response.Headers = map[string]string{"Sec-WebSocket-Protocol": protocol.Subprotocol}
	}
	return response
}

func (h *Handler) open(ctx context.Context, rc gateway.Context) (slot int, err error) {
	caller := rc.Authorizer
	if rc.EventType != gateway.EventConnect || rc.ConnectionID == "" || caller.Check() != nil {
		return 0, refused{http.StatusForbidden, logging.AuthorizeFail, "identity"}
	}
	user, err := h.Connections.User(ctx, caller.Sub)
	if err != nil {
		return 0, err
	}
	if user.RevokedUntil > h.Now().Unix() {
		return 0, refused{http.StatusForbidden, logging.AuthorizeFail, "revoked"}
	}
	if h.fullyConnected(user) {
		return 0, tooManyConnections
	}
	// The room is counted before anything is written, so that a full room
	// leaves nothing behind. Under parallel connects the count is approximate.
	members, err := h.Connections.Count(ctx, caller.Room, h.MaxMembers)
	if err != nil {
		return 0, err
	}
	if members >= h.MaxMembers {
		return 0, refused{http.StatusServiceUnavailable, logging.CapacityReached, "room_full"}
	}
	slot, err = h.takeSlot(ctx, rc, user)
	if err != nil {
		return 0, err
	}
	err = h.Connections.Join(ctx, caller.Room, room.Member{
		ConnectionID: rc.ConnectionID,
		Sub:          caller.Sub,
		Name:         caller.Name,
		Slot:         slot,
		ConnectedAt:  rc.ConnectedAt,
	})
	if err != nil {
		return 0, errors.Join(err, h.Connections.FreeSlot(ctx, caller.Sub, slot, rc.ConnectionID, caller.Room))
	}
	return slot, nil
}

var tooManyConnections = refused{http.StatusTooManyRequests, logging.RateExceeded, "connections_per_user"}

func (h *Handler) fullyConnected(user store.User) bool {
	for slot := range h.MaxConnections {
		if !user.Taken[slot] {
			return false
		}
	}
	return true
}

// takeSlot takes the first free slot. When another connect of the same user is
// faster it takes the next, so that the limit holds exactly.
func (h *Handler) takeSlot(ctx context.Context, rc gateway.Context, user store.User) (int, error) {
	for slot := range h.MaxConnections {
		if user.Taken[slot] {
			continue
		}
		err := h.Connections.TakeSlot(ctx, rc.Authorizer.Sub, slot, rc.ConnectionID, rc.Authorizer.Room)
		if errors.Is(err, store.ErrSlotTaken) {
			continue
		}
		return slot, err
	}
	return 0, tooManyConnections
}

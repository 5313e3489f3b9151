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
	"github.com/portcullis-chat/portcullis/lambdas/internal/metrics"
	"github.com/portcullis-chat/portcullis/lambdas/internal/ratelimit"
	"github.com/portcullis-chat/portcullis/lambdas/internal/room"
	"github.com/portcullis-chat/portcullis/lambdas/internal/store"
)

// Settings are the variables of the connect function, beside those of AWS.
type Settings struct {
	Table          string
	MaxConnections int // of one user
	MaxMembers     int // connections in one room
	MaxRefusals    int // of one user's frames in a minute
	Metrics        metrics.Settings
	LogLevel       string
}

// Read reads the settings.
func Read(r *config.Reader) Settings {
	return Settings{
		Table:          r.Table("CONNECTIONS_TABLE"),
		MaxConnections: r.Int("MAX_CONNECTIONS_PER_USER", 1, 50),
		MaxMembers:     r.Int("MAX_MEMBERS", 2, 5000),
		MaxRefusals:    r.Int("RATE_REFUSALS_PER_MINUTE", 1, 6000),
		Metrics:        metrics.Read(r),
		LogLevel:       r.LogLevel(),
	}
}

// Connections is what is stored of connections.
type Connections interface {
	User(ctx context.Context, sub string) (store.User, error)
	Count(ctx context.Context, roomName string, enough int) (int, error)
	Present(ctx context.Context, roomName, connectionID string) (bool, error)
	TakeSlot(ctx context.Context, sub string, slot int, connectionID, roomName string) error
	FreeSlot(ctx context.Context, sub string, slot int, connectionID, roomName string) error
	Join(ctx context.Context, roomName string, member room.Member) error
}

// Handler opens connections.
type Handler struct {
	Connections    Connections
	MaxConnections int
	MaxMembers     int
	MaxRefusals    int
	Now            func() time.Time
	Log            *slog.Logger
	Metrics        *metrics.Recorder
}

const (
	// margin is how long before Lambda would kill the function its own work
	// ends, so that what it wrote can be taken back.
	margin = 3 * time.Second
	// undoTimeout bounds that.
	undoTimeout = 2 * time.Second
)

// refused is an answer other than 200 that is no fault of ours.
type refused struct {
	status int
	event  string
	reason string
}

func (r refused) Error() string { return r.reason }

// Handle answers 200 with the subprotocol, or refuses the handshake: 403 for a
// banned user, 429 for one with too many connections or refused frames, 503 for a
// full room, 500 when the tables do not answer. A refusal leaves no row that counts.
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
			h.Metrics.PutReason("crash", metrics.Failures.Of(1))
			response, err = gateway.Status(http.StatusInternalServerError), nil
		}
	}()
	start := time.Now()
	ctx, cancel := gateway.Work(ctx, margin)
	defer cancel()
	slot, err := h.open(ctx, rc)
	var refusal refused
	if errors.As(err, &refusal) {
		log.WarnContext(ctx, refusal.event, logging.Reason(refusal.reason))
		h.Metrics.PutReason(refusal.reason, metrics.Refusals.Of(1))
		return gateway.Status(refusal.status), nil
	}
	if err != nil {
		log.ErrorContext(ctx, logging.DependencyFail, logging.Reason("connect"), logging.Cause(err))
		h.Metrics.PutReason("connect", metrics.Failures.Of(1))
		return gateway.Status(http.StatusInternalServerError), nil
	}
	log.InfoContext(ctx, logging.SessionCreated, slog.Int("slot", slot), slog.Duration("took", time.Since(start)))
	h.Metrics.Put(metrics.Connects.Of(1))
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
	// Whose socket was closed for too many refused frames waits as long as the
	// next of them would have to.
	if _, _, wait := ratelimit.Take(user.RefusalsFrom, h.Now(), h.MaxRefusals); wait > 0 {
		return 0, refused{http.StatusTooManyRequests, logging.RateExceeded, "refusals"}
	}
	if h.fullyConnected(user) {
		if err := h.reclaim(ctx, caller.Sub, user); err != nil {
			return 0, err
		}
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
		TokenEnds:    int64(caller.Exp),
	})
	if err != nil {
		return 0, errors.Join(err, h.undo(ctx, rc, slot))
	}
	return slot, nil
}

// undo gives up a slot that may have been taken. The time of the work may be
// over; this has its own.
func (h *Handler) undo(ctx context.Context, rc gateway.Context, slot int) error {
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), undoTimeout)
	defer cancel()
	return h.Connections.FreeSlot(ctx, rc.Authorizer.Sub, slot, rc.ConnectionID, rc.Authorizer.Room)
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

const (
	// abandonedAfter is longer than this function may run: a slot as old whose
	// connection is in no room was never followed by its room row, or outlived
	// it, because a function died or a delete failed.
	abandonedAfter = time.Minute
	// maxReclaims bounds what a connect at the limit costs.
	maxReclaims = 5
)

// reclaim frees the slots of a user that no connection has any more.
func (h *Handler) reclaim(ctx context.Context, sub string, user store.User) error {
	looked := 0
	for slot, holder := range user.Holders {
		if h.Now().Unix()-holder.Since < int64(abandonedAfter/time.Second) {
			continue
		}
		if looked++; looked > maxReclaims {
			return nil
		}
		present, err := h.Connections.Present(ctx, holder.Room, holder.ConnectionID)
		if err != nil {
			return err
		}
		if present {
			continue
		}
		if err := h.Connections.FreeSlot(ctx, sub, slot, holder.ConnectionID, holder.Room); err != nil {
			return err
		}
		delete(user.Taken, slot)
	}
	return nil
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
		if err != nil {
			// The answer may have been lost, and not the write.
			return 0, errors.Join(err, h.undo(ctx, rc, slot))
		}
		return slot, nil
	}
	return 0, tooManyConnections
}

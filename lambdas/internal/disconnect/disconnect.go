// Package disconnect is the handler of the $disconnect route. API Gateway calls
// it once for most connections and never for some, so it is only the fastest of
// three ways to be rid of a row; a post that finds nobody and TTL are the
// others.
package disconnect

import (
	"context"
	"errors"
	"log/slog"
	"net/http"
	"time"

	"github.com/portcullis-chat/portcullis/lambdas/internal/config"
	"github.com/portcullis-chat/portcullis/lambdas/internal/gateway"
	"github.com/portcullis-chat/portcullis/lambdas/internal/logging"
	"github.com/portcullis-chat/portcullis/lambdas/internal/metrics"
	"github.com/portcullis-chat/portcullis/lambdas/internal/room"
)

// Settings are the variables of the disconnect function, beside those of AWS.
type Settings struct {
	Table    string
	Metrics  metrics.Settings
	LogLevel string
}

// Read reads the settings.
func Read(r *config.Reader) Settings {
	return Settings{Table: r.Table("CONNECTIONS_TABLE"), Metrics: metrics.Read(r), LogLevel: r.LogLevel()}
}

// Connections is what is stored of connections.
type Connections interface {
	Leave(ctx context.Context, roomName, connectionID string) (member room.Member, found bool, err error)
	ReleaseSlot(ctx context.Context, sub string, slot int, connectionID string) error
}

// Handler closes connections.
type Handler struct {
	Connections Connections
	Log         *slog.Logger
	Metrics     *metrics.Recorder
}

// margin is how long before Lambda would kill the function its own work ends, so
// that the log says why.
const margin = 500 * time.Millisecond

// What is returned is logged by the Lambda library as it is, so it names no
// cause; our own line does.
var (
	errCrash   = errors.New("the function crashed")
	errNotDone = errors.New("the rows of the connection were not deleted")
)

// Handle deletes a connection's rows. Nobody reads the answer, but an error
// counts in the function's error metric.
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
			response, err = gateway.Status(http.StatusInternalServerError), errCrash
		}
	}()
	if err := rc.Authorizer.Check(); err != nil || rc.EventType != gateway.EventDisconnect {
		log.ErrorContext(ctx, logging.AuthorizeFail, logging.Reason("identity"))
		h.Metrics.PutReason("identity", metrics.Failures.Of(1))
		return gateway.Status(http.StatusForbidden), gateway.ErrNoIdentity
	}
	ctx, cancel := gateway.Work(ctx, margin)
	defer cancel()
	found, err := h.close(ctx, rc)
	if err != nil {
		log.ErrorContext(ctx, logging.DependencyFail, logging.Reason("disconnect"), logging.Cause(err))
		h.Metrics.PutReason("disconnect", metrics.Failures.Of(1))
		return gateway.Status(http.StatusInternalServerError), errNotDone
	}
	log.InfoContext(ctx, logging.SessionEnded, slog.Int("code", rc.DisconnectStatusCode), slog.Bool("found", found))
	h.Metrics.Put(metrics.Ends.Of(1))
	return gateway.Status(http.StatusOK), nil
}

// close deletes the row in the room, which names the slot, and then the slot. A
// room row that is gone was deleted together with its slot.
func (h *Handler) close(ctx context.Context, rc gateway.Context) (found bool, err error) {
	member, found, err := h.Connections.Leave(ctx, rc.Authorizer.Room, rc.ConnectionID)
	if err != nil || !found {
		return found, err
	}
	return true, h.Connections.ReleaseSlot(ctx, rc.Authorizer.Sub, member.Slot, rc.ConnectionID)
}

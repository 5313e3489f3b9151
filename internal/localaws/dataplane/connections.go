package dataplane

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"

	"github.com/portcullis-chat/portcullis/internal/localaws/apigw"
)

// maxCallbackData is the limit of a POST @connections body
// (API Gateway management API model, PostToConnection).
const maxCallbackData = 128 << 10

// serveConnections answers POST, GET and DELETE of /{stage}/@connections/{id}.
func (g *Gateway) serveConnections(w http.ResponseWriter, r *http.Request, stage apigw.Stage, id string) {
	caller := &conn{apiID: stage.APIID, stageName: stage.Name, identity: identity{UserAgent: r.UserAgent(), SourceIP: sourceIP(r)}}
	if idPattern.MatchString(id) {
		caller.id = id
	}
	ctx := g.newRequestContext(caller, r.Method+" /@connections/{connectionId}", connectionAPI)
	w.Header().Set("x-amzn-RequestId", newUUID())
	w.Header().Set("x-amz-apigw-id", ctx.ExtendedRequestID)
	answer := &statusWriter{ResponseWriter: w, status: http.StatusOK}
	g.callback(answer, r, stage, id)
	rec, err := record{context: ctx, status: answer.status}, error(nil)
	if kind := w.Header().Get("x-amzn-errortype"); answer.status >= http.StatusBadRequest {
		err = &refusal{answer.status, http.StatusText(answer.status), errors.New(kind)}
	} else if r.Method == http.MethodPost {
		rec.accepted = true
	}
	g.report(stage, rec, err)
}

// statusWriter remembers the status of a response.
type statusWriter struct {
	http.ResponseWriter
	status int
}

// WriteHeader implements http.ResponseWriter.
func (w *statusWriter) WriteHeader(status int) {
	w.status = status
	w.ResponseWriter.WriteHeader(status)
}

func (g *Gateway) callback(w http.ResponseWriter, r *http.Request, stage apigw.Stage, id string) {
	body, err := io.ReadAll(http.MaxBytesReader(w, r.Body, maxCallbackData+1))
	if err != nil {
		managementError(w, http.StatusRequestEntityTooLarge, "PayloadTooLargeException", "Message too long")
		return
	}
	if denied := g.cfg.Authorize(r, body); denied != nil {
		defer func() { _ = denied.Body.Close() }()
		for _, name := range []string{"Content-Type", "x-amzn-errortype"} {
			if value := denied.Header.Get(name); value != "" {
				w.Header().Set(name, value)
			}
		}
		w.WriteHeader(denied.StatusCode)
		_, _ = io.Copy(w, denied.Body)
		return
	}
	if !g.throttles.takeCallback(stage.Region, g.cfg.Clock()) {
		managementError(w, http.StatusTooManyRequests, "LimitExceededException", "Too Many Requests")
		return
	}
	if !idPattern.MatchString(id) {
		managementError(w, http.StatusBadRequest, "BadRequestException", "Invalid connectionId: "+id)
		return
	}
	if len(body) > maxCallbackData {
		managementError(w, http.StatusRequestEntityTooLarge, "PayloadTooLargeException", "Message too long")
		return
	}
	w.Header().Set("x-amzn-Trace-Id", newTraceID())
	c := g.find(stage, id)
	if c == nil {
		gone(w)
		return
	}
	switch r.Method {
	case http.MethodPost:
		w.Header().Set("Content-Type", "application/json")
		switch err := c.send(body); {
		case errors.Is(err, errSlow):
			managementError(w, http.StatusTooManyRequests, "LimitExceededException", "the client does not read what it is sent")
		case err != nil:
			gone(w)
		default:
			w.WriteHeader(http.StatusOK)
		}
	case http.MethodDelete:
		g.remove(c)
		c.close(closeNormal, "Connection Closed Normally")
		w.WriteHeader(http.StatusNoContent)
	case http.MethodGet:
		w.Header().Set("Content-Type", "application/json")
		_ = json.NewEncoder(w).Encode(map[string]any{
			"identity":     c.identity,
			"connectedAt":  isoMillis(c.connectedAt),
			"lastActiveAt": isoMillis(c.lastActive()),
		})
	default:
		managementError(w, http.StatusForbidden, "ForbiddenException", "Forbidden")
	}
}

// gone answers for a connection that is closed or never was.
func gone(w http.ResponseWriter) {
	w.Header().Set("Content-Type", "application/json")
	w.Header().Set("x-amzn-errortype", "GoneException")
	w.WriteHeader(http.StatusGone)
}

func managementError(w http.ResponseWriter, status int, kind, message string) {
	w.Header().Set("x-amzn-errortype", kind)
	refuse(w, status, message)
}

// variables are the $context variables of a request.
func (c requestContext) variables() map[string]string {
	values := map[string]string{
		"apiId":              c.APIID,
		"connectionId":       c.ConnectionID,
		"domainName":         c.DomainName,
		"eventType":          c.EventType,
		"extendedRequestId":  c.ExtendedRequestID,
		"identity.sourceIp":  c.Identity.SourceIP,
		"identity.userAgent": c.Identity.UserAgent,
		"messageId":          c.MessageID,
		"requestId":          c.RequestID,
		"requestTime":        c.RequestTime,
		"requestTimeEpoch":   fmt.Sprint(c.RequestTimeEpoch),
		"routeKey":           c.RouteKey,
		"stage":              c.Stage,
	}
	if c.ConnectedAt > 0 {
		values["connectedAt"] = fmt.Sprint(c.ConnectedAt)
	}
	for name, value := range c.Authorizer {
		values["authorizer."+name] = fmt.Sprint(value)
	}
	return values
}

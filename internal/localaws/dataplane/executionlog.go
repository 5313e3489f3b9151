package dataplane

import (
	"errors"
	"fmt"
	"net/http"
	"strings"

	"github.com/portcullis-chat/portcullis/internal/localaws/apigw"
)

// maxExecutionLine is where API Gateway cuts an event of its execution log, in
// bytes (developer guide, api-gateway-known-issues).
const maxExecutionLine = 1024

// logExecution writes the execution log of a request: at level ERROR what went
// wrong, at level INFO its course as well. Neither has anything that a client or
// a function sent but the connection's User-Agent: no message, no header, no
// result, no error text, no close reason.
func (g *Gateway) logExecution(stage apigw.Stage, level string, r record, err error) {
	if level != "ERROR" && level != "INFO" {
		return
	}
	group := fmt.Sprintf("API-Gateway-Execution-Logs_%s/%s", stage.APIID, stage.Name)
	write := func(lines ...string) {
		for _, line := range lines {
			line = "(" + r.context.ExtendedRequestID + ") " + line
			if len(line) > maxExecutionLine {
				line = strings.ToValidUTF8(line[:maxExecutionLine], "")
			}
			g.cfg.Logs.PutOwn(stage.Region, group, streamOf(stage), line)
		}
	}
	if level == "INFO" {
		write(r.course()...)
	}
	write(r.faults(err)...)
	if end := r.end(err); level == "INFO" && end != "" {
		write(end)
	}
}

// course is how a request began and where it went.
func (r *record) course() []string {
	c := r.context
	lines := []string{
		"Extended Request Id: " + c.ExtendedRequestID,
		"Starting execution for request: " + c.RequestID,
		fmt.Sprintf("WebSocket Request Route: [%s]", c.RouteKey),
	}
	switch c.EventType {
	case "CONNECT":
		lines = append(lines, fmt.Sprintf("Client [UserAgent: %s, SourceIp: %s] is connecting to WebSocket API [%s].", c.Identity.UserAgent, c.Identity.SourceIP, c.APIID))
	case "MESSAGE":
		lines = append(lines, fmt.Sprintf("WebSocket API [%s] received message from client [Connection Id: %s].", c.APIID, c.ConnectionID))
	}
	if id := r.outcomes["integration.requestId"]; id != "" {
		lines = append(lines, "AWS Integration Endpoint RequestId : "+id)
	}
	return lines
}

// faults is what went wrong.
func (r *record) faults(err error) []string {
	switch {
	case err != nil && r.context.EventType == connectionAPI:
		return []string{"Connection API request failed: " + cause(err).Error()}
	case r.returned >= http.StatusBadRequest:
		return []string{fmt.Sprintf("Integration returned status: %d", r.returned)}
	case err == nil || r.returned != 0:
		return nil
	case errors.Is(err, errIntegrationTimeout):
		return []string{"Execution failed due to a timeout error"}
	case errors.Is(err, errFunction):
		return []string{"Lambda execution failed with status 200 due to customer function error. Lambda request id: " + r.outcomes["integration.requestId"]}
	case r.status < http.StatusInternalServerError:
		message, _ := r.failure(err)
		return []string{fmt.Sprintf("Execution failed: %s: %s", message, cause(err))}
	default:
		return []string{"Execution failed due to configuration error: " + cause(err).Error()}
	}
}

// end is how a request ended; empty when faults have said it.
func (r *record) end(err error) string {
	c := r.context
	switch {
	case c.EventType == connectionAPI && err == nil:
		return fmt.Sprintf("Connection API request completed with status: %d", r.status)
	case c.EventType == "CONNECT" && err == nil:
		return fmt.Sprintf("Client [Connection Id: %s] connected to API [%s] successfully.", c.ConnectionID, c.APIID)
	case c.EventType == "MESSAGE" && r.called:
		return fmt.Sprintf("Message from client [Connection Id: %s] sent to API [%s] with response status code [%d].", c.ConnectionID, c.APIID, r.status)
	case c.EventType == "DISCONNECT":
		return fmt.Sprintf("Client [Connection Id: %s] disconnected from API [%s] with integration response status code [%d]. Close status: [%d]", c.ConnectionID, c.APIID, r.status, *c.DisconnectStatusCode)
	default:
		return ""
	}
}

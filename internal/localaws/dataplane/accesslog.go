package dataplane

import (
	"errors"
	"fmt"
	"maps"
	"net/http"
	"regexp"
	"strconv"
	"strings"
	"time"

	"github.com/portcullis-chat/portcullis/internal/localaws/apigw"
)

// accessEntry is what the access log can say of a request.
type accessEntry struct {
	context requestContext
	status  int
	// outcomes are the variables that tell how authorizer and integration did.
	outcomes map[string]string
}

// authorizer notes how long an authorizer took and what it came to.
func (e *accessEntry) authorizer(latency time.Duration, err error) {
	e.outcome("authorizer", latency, err)
	e.outcomes["authorizer.integrationLatency"] = e.outcomes["authorizer.latency"]
	var refused *refusal
	e.outcomes["authorizer.status"] = strconv.Itoa(http.StatusOK)
	if errors.As(err, &refused) {
		e.outcomes["authorizer.status"] = strconv.Itoa(refused.status)
	}
}

// integration notes how long an integration took and what it came to.
func (e *accessEntry) integration(latency time.Duration, err error) {
	e.outcome("integration", latency, err)
	e.outcomes["integrationLatency"] = e.outcomes["integration.latency"]
	switch {
	case errors.Is(err, errIntegrationTimeout):
		e.status = http.StatusGatewayTimeout
	case err != nil:
		e.status = http.StatusBadGateway
	default:
		e.outcomes["integration.status"] = strconv.Itoa(e.status)
		e.outcomes["integration.integrationStatus"] = strconv.Itoa(http.StatusOK)
	}
}

func (e *accessEntry) outcome(of string, latency time.Duration, err error) {
	if e.outcomes == nil {
		e.outcomes = make(map[string]string)
	}
	e.outcomes[of+".latency"] = strconv.FormatInt(latency.Milliseconds(), 10)
	var refused *refusal
	if errors.As(err, &refused) {
		err = refused.cause
	}
	if err != nil {
		e.outcomes[of+".error"] = strings.ReplaceAll(err.Error(), `"`, "'") // formats are mostly JSON
	}
}

// accessVariable is a variable in an access log format.
var accessVariable = regexp.MustCompile(`\$context\.[A-Za-z0-9_.]*[A-Za-z0-9_]`)

// logAccess writes the access log line of a request, and when it failed the
// line of the execution log at level ERROR.
func (g *Gateway) logAccess(stage apigw.Stage, entry accessEntry, err error) {
	var refused *refusal
	if errors.As(err, &refused) {
		entry.status = refused.status
	}
	if err != nil {
		g.cfg.Logger.Info("request refused", "api", stage.APIID, "stage", stage.Name,
			"route", entry.context.RouteKey, "status", entry.status, "requestId", entry.context.RequestID, "cause", err.Error())
	}
	if stage.AccessLog != nil {
		group := groupOf(stage.AccessLog.DestinationARN)
		g.cfg.Logs.Put(stage.Region, group, stage.APIID+"-"+stage.Name, renderAccess(stage.AccessLog.Format, entry, err))
	}
	if err != nil && stage.DefaultRouteSettings.LoggingLevel != "OFF" && stage.DefaultRouteSettings.LoggingLevel != "" {
		group := fmt.Sprintf("API-Gateway-Execution-Logs_%s/%s", stage.APIID, stage.Name)
		g.cfg.Logs.Put(stage.Region, group, "execution",
			fmt.Sprintf("(%s) Execution failed for route %s: %v", entry.context.ExtendedRequestID, entry.context.RouteKey, err))
	}
}

// renderAccess fills an access log format. A variable without a value is "-".
func renderAccess(format string, entry accessEntry, err error) string {
	values := entry.context.variables()
	maps.Copy(values, entry.outcomes)
	if entry.status != 0 {
		values["status"] = strconv.Itoa(entry.status)
	}
	message := ""
	var refused *refusal
	switch {
	case errors.As(err, &refused):
		message = refused.message
	case errors.Is(err, errIntegrationTimeout):
		message = "Endpoint request timed out"
	case err != nil:
		message = "Internal server error"
	}
	if message != "" {
		values["error.message"] = message
		values["error.messageString"] = strconv.Quote(message)
	}
	return accessVariable.ReplaceAllStringFunc(format, func(variable string) string {
		if value := values[strings.TrimPrefix(variable, "$context.")]; value != "" {
			return value
		}
		return "-"
	})
}

// groupOf returns the name of a log group from its ARN, with or without ":*".
func groupOf(arn string) string {
	parts := strings.SplitN(arn, ":", 7)
	if len(parts) < 7 {
		return arn
	}
	return strings.TrimSuffix(parts[6], ":*")
}

package dataplane

import (
	"errors"
	"net/http"
	"strconv"
	"strings"
	"time"

	"github.com/portcullis-chat/portcullis/internal/localaws/apigw"
	"github.com/portcullis-chat/portcullis/internal/localaws/lambda"
)

// record is what is known of one request when it is over. The access log, the
// execution log and the metrics tell it.
type record struct {
	context requestContext
	status  int
	// outcomes are the $context variables that tell how authorizer and
	// integration did.
	outcomes map[string]string
	// accepted is a request that was neither refused before its route was
	// reached nor without a route.
	accepted bool
	// answers counts the messages to the client.
	answers int
	// called says that a function was called as integration, and returned is
	// the status that it returned.
	called   bool
	latency  time.Duration
	returned int
}

// connectionAPI is the event type of @connections requests, which have a log
// line of their own.
const connectionAPI = "CONNECTION_API"

// report writes what is to be told of a request that is over.
func (g *Gateway) report(stage apigw.Stage, r record, err error) {
	var refused *refusal
	if errors.As(err, &refused) {
		r.status = refused.status
	}
	if err != nil && r.status == 0 {
		r.status = http.StatusInternalServerError
	}
	if err != nil && r.context.EventType != connectionAPI {
		g.cfg.Logger.Info("request refused", "api", stage.APIID, "stage", stage.Name,
			"route", r.context.RouteKey, "status", r.status, "requestId", r.context.RequestID, "cause", err.Error())
	}
	settings, own := stage.RouteSettings[r.context.RouteKey]
	if !own {
		settings = stage.DefaultRouteSettings
	}
	g.logAccess(stage, r, err)
	g.logExecution(stage, settings.LoggingLevel, r, err)
	g.count(stage, settings.DetailedMetricsEnabled, r)
}

// authorizer notes how long an authorizer took and what it came to.
func (r *record) authorizer(latency time.Duration, result *lambda.Result, err error) {
	r.outcome("authorizer", latency, result, err)
	r.outcomes["authorizer.integrationLatency"] = r.outcomes["authorizer.latency"]
	var refused *refusal
	r.outcomes["authorizer.status"] = strconv.Itoa(http.StatusOK)
	if errors.As(err, &refused) {
		r.outcomes["authorizer.status"] = strconv.Itoa(refused.status)
	}
}

// integration notes how long an integration took and what it came to.
func (r *record) integration(latency time.Duration, result *lambda.Result, err error) {
	r.outcome("integration", latency, result, err)
	r.outcomes["integrationLatency"] = r.outcomes["integration.latency"]
	r.latency = latency
	switch {
	case errors.Is(err, errIntegrationTimeout):
		r.status = http.StatusGatewayTimeout
	case err != nil:
		r.status = http.StatusBadGateway
	default:
		r.returned = r.status
		r.outcomes["integration.status"] = strconv.Itoa(r.status)
	}
}

// outcome notes what is the same for authorizers and integrations. The result
// is nil when the function did not run to its end.
func (r *record) outcome(of string, latency time.Duration, result *lambda.Result, err error) {
	if r.outcomes == nil {
		r.outcomes = make(map[string]string)
	}
	r.outcomes[of+".latency"] = strconv.FormatInt(latency.Milliseconds(), 10)
	if result != nil {
		r.outcomes[of+".requestId"] = result.RequestID
		// What Lambda answered, not the function.
		r.outcomes[of+".integrationStatus"] = strconv.Itoa(http.StatusOK)
	}
	if err != nil {
		r.outcomes[of+".error"] = strings.ReplaceAll(cause(err).Error(), `"`, "'") // formats are mostly JSON
	}
}

// cause is the error behind a refusal.
func cause(err error) error {
	var refused *refusal
	if errors.As(err, &refused) {
		return refused.cause
	}
	return err
}

// failure is what API Gateway itself answers to a request: the message and the
// type of the response (developer guide, supported-gateway-response-types, which
// is written for REST APIs). Both are empty when the answer is the integration's.
func (r *record) failure(err error) (message, kind string) {
	var refused *refusal
	switch {
	case err == nil || r.returned != 0 || r.status == http.StatusGone:
		return "", "" // of a connection that is gone, there is nothing but the status
	case r.status == http.StatusTooManyRequests:
		return "Too Many Requests", "THROTTLED"
	case errors.Is(err, errIntegrationTimeout):
		return "Endpoint request timed out", "INTEGRATION_TIMEOUT"
	case r.status == http.StatusUnauthorized:
		return "Unauthorized", "UNAUTHORIZED"
	case r.status == http.StatusForbidden:
		return "Forbidden", "ACCESS_DENIED"
	case errors.As(err, &refused) && r.status < http.StatusInternalServerError:
		return refused.message, "DEFAULT_4XX"
	case r.outcomes["authorizer.error"] != "" && r.outcomes["authorizer.requestId"] != "":
		kind = "AUTHORIZER_FAILURE"
	case r.outcomes["authorizer.error"] != "":
		kind = "AUTHORIZER_CONFIGURATION_ERROR"
	case r.called:
		kind = "INTEGRATION_FAILURE"
	default:
		kind = "API_CONFIGURATION_ERROR"
	}
	return "Internal server error", kind
}

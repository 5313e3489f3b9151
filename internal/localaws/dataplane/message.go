package dataplane

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"net/http"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/portcullis-chat/portcullis/internal/localaws/apigw"
	"github.com/portcullis-chat/portcullis/internal/localaws/lambda"
)

// errFunction says that the function of an integration failed.
var errFunction = errors.New("the function ended with an error")

// errIntegrationTimeout says that an integration took longer than its limit.
var errIntegrationTimeout = errors.New("the integration timed out")

// proxyResult is what a Lambda proxy integration returns.
type proxyResult struct {
	StatusCode statusCode     `json:"statusCode"`
	Headers    map[string]any `json:"headers"`
	Body       string         `json:"body"`
}

// statusCode is a number or, as in AWS's own samples, a string with one.
type statusCode int

// UnmarshalJSON implements json.Unmarshaler.
func (s *statusCode) UnmarshalJSON(data []byte) error {
	code, err := strconv.Atoi(strings.Trim(string(data), `"`))
	// What is below 200 is no final answer (RFC 9110 section 15.2).
	if err != nil || code < 200 || code > 599 {
		return fmt.Errorf("statusCode %s is none of HTTP's", data)
	}
	*s = statusCode(code)
	return nil
}

// invoke runs the Lambda proxy integration of a route.
func (g *Gateway) invoke(ctx context.Context, stage apigw.Stage, route *apigw.Route, ev event, rec *record) (_ *proxyResult, err error) {
	started := time.Now()
	var result *lambda.Result
	defer func() { rec.integration(time.Since(started), result, err) }()
	functionARN, err := apigw.FunctionARN(route.Integration.URI)
	if err != nil {
		return nil, err
	}
	source := fmt.Sprintf("arn:aws:execute-api:%s:%s:%s/%s/%s", stage.Region, stage.AccountID, stage.APIID, stage.Name, route.Key)
	if err := g.mayInvoke(ctx, functionARN, source, stage.AccountID); err != nil {
		return nil, err
	}
	payload, err := encode(ev)
	if err != nil {
		return nil, err
	}
	ctx, cancel := context.WithTimeout(ctx, route.Integration.Timeout)
	defer cancel()
	rec.called = true
	result, err = g.cfg.Functions.Invoke(ctx, functionARN, payload)
	if err != nil {
		if errors.Is(ctx.Err(), context.DeadlineExceeded) {
			return nil, errIntegrationTimeout
		}
		return nil, err
	}
	if result.FunctionError != "" {
		return nil, fmt.Errorf("%w: %s", errFunction, result.FunctionError)
	}
	var parsed proxyResult
	if err := decode(result.Payload, &parsed); err != nil || parsed.StatusCode == 0 {
		return nil, errors.New("the function's result is not that of a proxy integration: an object with a statusCode, and a body that is a string")
	}
	if len(parsed.Body) > maxMessage {
		return nil, fmt.Errorf("the function's body has %d bytes, the limit of a message is %d", len(parsed.Body), maxMessage)
	}
	rec.status = int(parsed.StatusCode)
	return &parsed, nil
}

// message routes one message and sends what its route answers.
func (g *Gateway) message(c *conn, message []byte) {
	// Looked up again for each message: a new deployment is live at once, also
	// for connections that are open.
	stage, err := g.cfg.Stages.Stage(c.apiID, c.stageName)
	if err != nil || stage.Deployment == nil {
		g.sendError(c, "Forbidden", newID())
		return
	}
	route := selectRoute(stage.Deployment, message)
	if route == nil {
		ctx := g.newRequestContext(c, "", "MESSAGE")
		g.report(stage, record{context: ctx}, &refusal{http.StatusForbidden, "Forbidden", errors.New("no route matches the message")})
		g.sendError(c, "Forbidden", ctx.RequestID)
		return
	}
	ev := g.messageEvent(c, stage, route.Key, message)
	rec := record{context: ev.RequestContext}
	if !g.throttles.take(stage, route.Key, g.cfg.Clock()) {
		g.report(stage, rec, tooManyRequests)
		g.sendError(c, tooManyRequests.message, ev.RequestContext.RequestID)
		return
	}
	rec.accepted = true
	answer, err := g.integrate(stage, route, ev, &rec)
	if err == nil && (answer == nil || !answersClient(route)) {
		g.report(stage, rec, nil)
		return
	}
	rec.answers = 1
	g.report(stage, rec, err)
	if err != nil {
		message, _ := rec.failure(err)
		g.sendError(c, message, ev.RequestContext.RequestID)
		return
	}
	_ = c.send(answer)
}

// answersClient tells whether a route is two-way: it has both the selection
// expression and the response (apigateway-websocket-api-route-response).
func answersClient(route *apigw.Route) bool {
	return route.RouteResponseSelectionExpression == "$default" && route.RouteResponses["$default"] != nil
}

// integrate runs the integration of a message and returns what it answers; nil
// when there is nothing.
func (g *Gateway) integrate(stage apigw.Stage, route *apigw.Route, ev event, rec *record) ([]byte, error) {
	if route.Integration == nil {
		return nil, errors.New("the route has no integration")
	}
	if route.Integration.Type == "MOCK" {
		rec.status = http.StatusOK
		return mock(route.Integration, ev.RequestContext)
	}
	result, err := g.invoke(g.ctx, stage, route, ev, rec)
	if err != nil || result.Body == "" {
		return nil, err
	}
	return []byte(result.Body), nil
}

// mock answers as a MOCK integration: its request template names a status, the
// status selects the integration response, whose template is the answer.
func mock(integration *apigw.Integration, ctx requestContext) ([]byte, error) {
	values := ctx.variables()
	request, ok := integration.RequestTemplates[templateKey(integration.TemplateSelectionExpression)]
	if !ok {
		return nil, errors.New("the MOCK integration has no request template for its selection expression")
	}
	var selected struct {
		StatusCode json.Number `json:"statusCode"`
	}
	if err := json.Unmarshal([]byte(apigw.RenderTemplate(request, values)), &selected); err != nil || selected.StatusCode == "" {
		return nil, errors.New("the MOCK integration's request template gives no object with a statusCode")
	}
	response := integration.Responses["$default"]
	for _, key := range slices.Sorted(maps.Keys(integration.Responses)) {
		expression, ok := strings.CutPrefix(key, "/")
		if !ok {
			continue
		}
		pattern, err := regexp.Compile(`\A(?:` + strings.TrimSuffix(expression, "/") + `)\z`)
		if err == nil && pattern.MatchString(selected.StatusCode.String()) {
			response = integration.Responses[key]
			break
		}
	}
	if response == nil {
		return nil, nil
	}
	template, ok := response.ResponseTemplates[templateKey(response.TemplateSelectionExpression)]
	if !ok {
		return nil, nil
	}
	return []byte(apigw.RenderTemplate(template, values)), nil
}

// templateKey is the key that a static template selection expression names.
func templateKey(expression string) string {
	if expression == "" {
		return "$default"
	}
	return strings.TrimPrefix(expression, `\`)
}

// sendError sends API Gateway's own error frame; the spaces are AWS's.
func (g *Gateway) sendError(c *conn, message, requestID string) {
	_ = c.send(fmt.Appendf(nil, `{"message": "%s", "connectionId":"%s", "requestId":"%s"}`, message, c.id, requestID))
}

// disconnect runs the $disconnect integration. Its result is ignored.
func (g *Gateway) disconnect(c *conn, stage apigw.Stage, code int, reason string) {
	if current, err := g.cfg.Stages.Stage(c.apiID, c.stageName); err == nil && current.Deployment != nil {
		stage = current
	} else {
		return // the stage is gone, and its functions with it
	}
	route := stage.Deployment.Routes["$disconnect"]
	if route == nil || route.Integration == nil || route.Integration.Type == "MOCK" {
		return
	}
	if g.cfg.Faults.LoseDisconnect(c.apiID, c.id) {
		return
	}
	ev := g.disconnectEvent(c, stage, code, reason)
	rec := record{context: ev.RequestContext, accepted: true}
	// Not the gateway's context: a connection that ends because the gateway
	// closes still has its $disconnect.
	_, err := g.invoke(context.WithoutCancel(g.ctx), stage, route, ev, &rec)
	g.report(stage, rec, err)
}

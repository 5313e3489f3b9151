package dataplane

import (
	"net"
	"net/http"
	"net/url"
	"strings"
	"time"

	"github.com/portcullis-chat/portcullis/internal/localaws/apigw"
)

// event is a Lambda proxy event of a WebSocket API, or with Type and MethodARN
// the event of a REQUEST authorizer. Which members exist depends on the kind:
// absent ones are left out, never null, as recorded from AWS.
type event struct {
	Type      string `json:"type,omitempty"`
	MethodARN string `json:"methodArn,omitempty"`

	Headers               map[string]string   `json:"headers,omitempty"`
	MultiValueHeaders     map[string][]string `json:"multiValueHeaders,omitempty"`
	QueryString           *map[string]string  `json:"queryStringParameters,omitempty"`
	MultiValueQueryString map[string][]string `json:"multiValueQueryStringParameters,omitzero"`
	StageVariables        map[string]string   `json:"stageVariables,omitzero"`
	RequestContext        requestContext      `json:"requestContext"`
	Body                  *string             `json:"body,omitempty"`
	IsBase64Encoded       *bool               `json:"isBase64Encoded,omitempty"`
}

// requestContext is the part that API Gateway vouches for.
type requestContext struct {
	RouteKey             string         `json:"routeKey"`
	MessageID            string         `json:"messageId,omitempty"`
	DisconnectStatusCode *int           `json:"disconnectStatusCode,omitempty"`
	EventType            string         `json:"eventType"`
	ExtendedRequestID    string         `json:"extendedRequestId"`
	RequestTime          string         `json:"requestTime"`
	MessageDirection     string         `json:"messageDirection"`
	DisconnectReason     *string        `json:"disconnectReason,omitempty"`
	Stage                string         `json:"stage"`
	ConnectedAt          int64          `json:"connectedAt"`
	RequestTimeEpoch     int64          `json:"requestTimeEpoch"`
	Identity             identity       `json:"identity"`
	RequestID            string         `json:"requestId"`
	DomainName           string         `json:"domainName"`
	ConnectionID         string         `json:"connectionId"`
	APIID                string         `json:"apiId"`
	Authorizer           map[string]any `json:"authorizer,omitempty"`
}

type identity struct {
	UserAgent string `json:"userAgent,omitempty"`
	SourceIP  string `json:"sourceIp"`
}

const requestTimeLayout = "02/Jan/2006:15:04:05 -0700"

// newRequestContext fills what all events of a connection have.
func (g *Gateway) newRequestContext(c *conn, routeKey, eventType string) requestContext {
	now := g.cfg.Now()
	id := newID()
	return requestContext{
		RouteKey:          routeKey,
		EventType:         eventType,
		ExtendedRequestID: id,
		RequestTime:       now.UTC().Format(requestTimeLayout),
		MessageDirection:  "IN",
		Stage:             c.stageName,
		ConnectedAt:       c.connectedAt.UnixMilli(),
		RequestTimeEpoch:  now.UnixMilli(),
		Identity:          c.identity,
		RequestID:         id,
		DomainName:        c.domainName,
		ConnectionID:      c.id,
		APIID:             c.apiID,
		Authorizer:        c.authorizer,
	}
}

// hopHeaders are in an authorizer's event and not in that of $connect.
var hopHeaders = map[string]bool{"connection": true, "upgrade": true, "content-length": true}

// addedHeaders are API Gateway's own, whatever the client sent by these names.
var addedHeaders = map[string]bool{"x-forwarded-for": true, "x-forwarded-port": true, "x-forwarded-proto": true, "x-amzn-trace-id": true}

// eventHeaders returns the headers of a handshake as events carry them: by the
// client's own spelling, with those that the gateway adds. All names are in lower
// case behind an API mapping of several levels (developer guide,
// websocket-api-mappings).
func eventHeaders(r *http.Request, c *conn, withHop bool) (map[string]string, map[string][]string) {
	multi := make(map[string][]string, len(r.Header)+6)
	spelled := spellings(r)
	for name, values := range r.Header {
		lower := strings.ToLower(name)
		if hopHeaders[lower] && (!withHop || lower == "content-length") || addedHeaders[lower] {
			continue
		}
		if own := spelled[name]; own != "" {
			name = own
		}
		multi[name] = values
	}
	multi["Host"] = []string{r.Host}
	if withHop {
		multi["content-length"] = []string{"0"}
	}
	forwarded := sourceIP(r)
	if earlier := strings.Join(r.Header.Values("X-Forwarded-For"), ", "); earlier != "" {
		forwarded = earlier + ", " + forwarded
	}
	multi["X-Forwarded-For"] = []string{forwarded}
	multi["X-Forwarded-Port"] = []string{"443"}
	multi["X-Forwarded-Proto"] = []string{"https"}
	multi["X-Amzn-Trace-Id"] = []string{c.traceID}
	if c.lowerNames {
		lower := make(map[string][]string, len(multi))
		for name, values := range multi {
			lower[strings.ToLower(name)] = values
		}
		multi = lower
	}
	single := make(map[string]string, len(multi))
	for name, values := range multi {
		single[name] = values[len(values)-1]
	}
	return single, multi
}

// eventQuery returns the query parameters; both are nil without a query.
func eventQuery(r *http.Request) (map[string]string, map[string][]string) {
	if r.URL.RawQuery == "" {
		return nil, nil
	}
	multi, _ := parseQuery(r.URL.RawQuery) // checkUpgrade has refused what is wrong
	single := make(map[string]string, len(multi))
	for name, values := range multi {
		single[name] = values[len(values)-1]
	}
	return single, multi
}

// parseQuery reads a query string. Unlike url.ParseQuery it loses nothing: a
// parameter that a function is not told of is one that it cannot refuse.
func parseQuery(query string) (map[string][]string, error) {
	multi := map[string][]string{}
	for pair := range strings.SplitSeq(query, "&") {
		if pair == "" {
			continue
		}
		name, value, _ := strings.Cut(pair, "=")
		name, err := url.QueryUnescape(name)
		if err != nil {
			return nil, err
		}
		if value, err = url.QueryUnescape(value); err != nil {
			return nil, err
		}
		multi[name] = append(multi[name], value)
	}
	return multi, nil
}

// authorizerEvent is what a REQUEST authorizer receives
// (developer guide, apigateway-websocket-api-lambda-auth).
func authorizerEvent(r *http.Request, c *conn, stage apigw.Stage, methodARN string, request requestContext) event {
	ev := event{Type: "REQUEST", MethodARN: methodARN, RequestContext: request}
	ev.Headers, ev.MultiValueHeaders = eventHeaders(r, c, true)
	query, multi := eventQuery(r)
	if query == nil {
		query, multi = map[string]string{}, map[string][]string{}
	}
	ev.QueryString, ev.MultiValueQueryString = &query, multi
	ev.StageVariables = stage.Variables
	if ev.StageVariables == nil {
		ev.StageVariables = map[string]string{}
	}
	return ev
}

// connectEvent is what the $connect integration receives.
func (g *Gateway) connectEvent(r *http.Request, c *conn, stage apigw.Stage) event {
	ev := g.proxyEvent(c, stage, "$connect", "CONNECT")
	ev.Headers, ev.MultiValueHeaders = eventHeaders(r, c, false)
	if query, multi := eventQuery(r); query != nil {
		ev.QueryString, ev.MultiValueQueryString = &query, multi
	}
	return ev
}

// messageEvent is what the integration of a message receives.
func (g *Gateway) messageEvent(c *conn, stage apigw.Stage, routeKey string, message []byte) event {
	ev := g.proxyEvent(c, stage, routeKey, "MESSAGE")
	ev.RequestContext.MessageID = newID()
	body := string(message)
	ev.Body = &body
	return ev
}

// disconnectEvent is what the $disconnect integration receives.
func (g *Gateway) disconnectEvent(c *conn, stage apigw.Stage, code int, reason string) event {
	ev := g.proxyEvent(c, stage, "$disconnect", "DISCONNECT")
	ev.RequestContext.DisconnectStatusCode = &code
	ev.RequestContext.DisconnectReason = &reason
	ev.Headers = map[string]string{"Host": c.domainName, "x-api-key": "", "X-Forwarded-For": "", "x-restapi": ""}
	ev.MultiValueHeaders = map[string][]string{"Host": {c.domainName}, "x-api-key": {""}, "X-Forwarded-For": {""}, "x-restapi": {""}}
	return ev
}

func (g *Gateway) proxyEvent(c *conn, stage apigw.Stage, routeKey, eventType string) event {
	no := false
	ev := event{RequestContext: g.newRequestContext(c, routeKey, eventType), IsBase64Encoded: &no}
	if len(stage.Variables) > 0 {
		ev.StageVariables = stage.Variables
	}
	return ev
}

// sourceIP is the address of the peer.
func sourceIP(r *http.Request) string {
	host, _, err := net.SplitHostPort(r.RemoteAddr)
	if err != nil {
		return r.RemoteAddr
	}
	return host
}

// isoMillis is how the @connections API writes times.
func isoMillis(t time.Time) string {
	return t.UTC().Format("2006-01-02T15:04:05.000Z")
}

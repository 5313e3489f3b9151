package dataplane

import (
	"bufio"
	"context"
	"crypto/rand"
	"crypto/sha1" //nolint:gosec // RFC 6455 section 1.3 asks for SHA-1
	"encoding/base64"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"net/http"
	"strings"
	"time"

	"github.com/portcullis-chat/portcullis/internal/localaws/apigw"
	"github.com/portcullis-chat/portcullis/internal/localaws/lambda"
)

// acceptGUID is the constant of RFC 6455 section 1.3.
const acceptGUID = "258EAFA5-E914-47DA-95CA-C5AB0DC85B11"

// webSocketVersion is the only version of the protocol that is spoken.
const webSocketVersion = "13"

// invokePrincipal is who API Gateway is to a function's policy.
const invokePrincipal = "apigateway.amazonaws.com"

// refusal is a handshake that ends with an HTTP status.
type refusal struct {
	status  int
	message string
	cause   error
}

func (r *refusal) Unwrap() error { return r.cause }

func (r *refusal) Error() string { return fmt.Sprintf("%d %s: %v", r.status, r.message, r.cause) }

// serveHandshake takes a client from its upgrade request to an open connection
// and has it served until it ends.
func (g *Gateway) serveHandshake(w http.ResponseWriter, r *http.Request, at place) {
	stage := at.Stage
	if refused := checkUpgrade(r); refused != nil {
		if refused.status == http.StatusUpgradeRequired {
			w.Header().Set("Upgrade", "websocket")
			w.Header().Set("Sec-WebSocket-Version", webSocketVersion)
		}
		w.Header().Set("Connection", "close") // or net/http waits for the body first
		g.refuseHandshake(w, r, at, refused)
		return
	}
	if !g.begin() {
		refuse(w, http.StatusServiceUnavailable, "Service Unavailable")
		return
	}
	defer g.work.Done()
	c := &conn{
		id: newID(), apiID: stage.APIID, stageName: stage.Name, region: stage.Region, accountID: stage.AccountID, domainName: at.domainName, lowerNames: at.manyLevels,
		connectedAt: g.cfg.Now(), opened: g.cfg.Clock(), identity: identity{UserAgent: r.UserAgent(), SourceIP: sourceIP(r)},
		traceID: newTraceID(), now: g.cfg.Now, clock: g.cfg.Clock,
		writeTimeout: g.writeTimeout, closeHandshake: g.closeHandshake,
		inFlight: make(chan struct{}, maxInFlight), closing: make(chan struct{}),
	}
	c.touch()
	subprotocol, err := g.connect(r, c, stage)
	if err != nil {
		var refused *refusal
		if !errors.As(err, &refused) {
			refused = &refusal{http.StatusInternalServerError, "Internal server error", err}
		}
		refuse(w, refused.status, refused.message)
		return
	}
	if err := hijack(w, c); err != nil {
		g.cfg.Logger.Error("a client could not be switched to WebSocket", "error", err)
		refuse(w, http.StatusInternalServerError, "Internal server error")
		return
	}
	response := switchingProtocols(r.Header.Get("Sec-WebSocket-Key"), subprotocol)
	// On its own, so that nothing of net/http and of the handshake is kept as long as
	// the connection lasts: that would be most of its memory.
	g.work.Go(func() { g.serve(c, stage, response) })
}

// checkUpgrade refuses a request that is no opening handshake (RFC 6455 section
// 4.2.1).
func checkUpgrade(r *http.Request) *refusal {
	keys := r.Header.Values("Sec-WebSocket-Key")
	_, badQuery := parseQuery(r.URL.RawQuery)
	switch {
	case !headerHasToken(r.Header, "Connection", "upgrade"), !headerHasToken(r.Header, "Upgrade", "websocket"):
		return &refusal{http.StatusUpgradeRequired, "Upgrade Required", errors.New("the request asks for no WebSocket")}
	case len(r.URL.RequestURI()) > maxURL:
		return &refusal{http.StatusRequestURITooLong, "URI too long", errors.New("the URL is too long")}
	case r.Method != http.MethodGet, !r.ProtoAtLeast(1, 1), len(keys) != 1:
		return &refusal{http.StatusBadRequest, "Bad request", errors.New("method, HTTP version or number of keys is not that of a WebSocket handshake")}
	case r.ContentLength != 0: // what follows would be taken for frames
		return &refusal{http.StatusBadRequest, "Bad request", errors.New("a WebSocket handshake has no body")}
	case badQuery != nil:
		return &refusal{http.StatusBadRequest, "Bad request", fmt.Errorf("the query string: %w", badQuery)}
	case len(r.Header.Values("Sec-WebSocket-Version")) > 1: // section 11.3.5
		return &refusal{http.StatusBadRequest, "Bad request", errors.New("a WebSocket handshake names one version of the protocol")}
	case r.Header.Get("Sec-WebSocket-Version") != webSocketVersion: // section 4.2.2 names this status
		return &refusal{http.StatusUpgradeRequired, "Upgrade Required", errors.New("the version of the protocol is not 13")}
	default:
		if decoded, err := base64.StdEncoding.DecodeString(keys[0]); err != nil || len(decoded) != 16 {
			return &refusal{http.StatusBadRequest, "Bad request", errors.New("the key is not that of a WebSocket handshake")}
		}
		return nil
	}
}

// refuseHandshake answers a request that cannot become a connection.
func (g *Gateway) refuseHandshake(w http.ResponseWriter, r *http.Request, at place, refused *refusal) {
	ctx := g.newRequestContext(&conn{apiID: at.APIID, stageName: at.Name, domainName: at.domainName, identity: identity{UserAgent: r.UserAgent(), SourceIP: sourceIP(r)}}, "$connect", "CONNECT")
	g.report(at.Stage, record{context: ctx}, refused)
	refuse(w, refused.status, refused.message)
}

// connect runs the authorizer and the $connect integration. It returns the
// subprotocol to answer with.
func (g *Gateway) connect(r *http.Request, c *conn, stage apigw.Stage) (subprotocol string, err error) {
	route := stage.Deployment.Routes["$connect"]
	ev := g.connectEvent(r, c, stage)
	rec := record{context: ev.RequestContext}
	defer func() { g.report(stage, rec, err) }()
	if now := g.cfg.Clock(); !g.throttles.takeConnection(stage.Region, now) || !g.throttles.take(stage, "$connect", now) {
		return "", tooManyRequests
	}
	if route == nil {
		rec.accepted, rec.status = true, http.StatusOK
		return "", nil
	}
	if route.APIKeyRequired || route.AuthorizationType == "AWS_IAM" {
		return "", &refusal{http.StatusForbidden, "Forbidden", errors.New("not served by the local stack: API keys and AWS_IAM on $connect")}
	}
	if route.AuthorizationType == "CUSTOM" {
		if err := g.authorize(r, c, stage, route.Authorizer, ev.RequestContext, &rec); err != nil {
			return "", err
		}
		ev.RequestContext.Authorizer = c.authorizer
		rec.context = ev.RequestContext
	}
	rec.accepted = true
	if route.Integration == nil || route.Integration.Type == "MOCK" {
		rec.status = http.StatusOK
		return "", nil
	}
	result, err := g.invoke(r.Context(), stage, route, ev, &rec)
	if err != nil {
		status, message := http.StatusBadGateway, "Internal server error"
		var refused *notPermitted
		switch {
		case errors.Is(err, errIntegrationTimeout):
			status, message = http.StatusGatewayTimeout, "Endpoint request timed out"
		case errors.As(err, &refused): // github.com/terraform-aws-modules/terraform-aws-apigateway-v2 issue 8
			status = http.StatusInternalServerError
		}
		return "", &refusal{status, message, err}
	}
	if status := int(result.StatusCode); status > 299 {
		return "", &refusal{status, http.StatusText(status), errors.New("the $connect integration refused")}
	}
	for name, value := range result.Headers {
		if strings.EqualFold(name, "Sec-WebSocket-Protocol") {
			subprotocol = fmt.Sprint(value)
		}
	}
	return subprotocol, nil
}

// authorize runs a REQUEST authorizer. A nil error means that c.authorizer
// holds what it said.
func (g *Gateway) authorize(r *http.Request, c *conn, stage apigw.Stage, authorizer *apigw.Authorizer, request requestContext, rec *record) (err error) {
	if authorizer == nil {
		return &refusal{http.StatusInternalServerError, "Internal server error", errors.New("the route's authorizer does not exist")}
	}
	for _, source := range authorizer.IdentitySources {
		if !identitySourcePresent(r, stage, source) {
			return &refusal{http.StatusUnauthorized, "Unauthorized", fmt.Errorf("identity source %s is missing or empty", source)}
		}
	}
	started := time.Now()
	var result *lambda.Result
	defer func() { rec.authorizer(time.Since(started), result, err) }()
	fail := func(err error) error {
		return &refusal{http.StatusInternalServerError, "Internal server error", fmt.Errorf("authorizer %s: %w", authorizer.Name, err)}
	}
	functionARN, err := apigw.FunctionARN(authorizer.URI)
	if err != nil {
		return fail(err)
	}
	apiARN := fmt.Sprintf("arn:aws:execute-api:%s:%s:%s", stage.Region, stage.AccountID, stage.APIID)
	if err := g.mayInvoke(r.Context(), functionARN, apiARN+"/authorizers/"+authorizer.ID, stage.AccountID); err != nil {
		return fail(err)
	}
	methodARN := apiARN + "/" + stage.Name + "/$connect"
	payload, err := encode(authorizerEvent(r, c, stage, methodARN, request))
	if err != nil {
		return fail(err)
	}
	ctx, cancel := context.WithTimeout(r.Context(), g.authorizerTimeout)
	defer cancel()
	result, err = g.cfg.Functions.Invoke(ctx, functionARN, payload)
	if err != nil {
		return fail(err)
	}
	if result.FunctionError != "" {
		var failure struct{ ErrorMessage string }
		if err := json.Unmarshal(result.Payload, &failure); err == nil && failure.ErrorMessage == "Unauthorized" {
			return &refusal{http.StatusUnauthorized, "Unauthorized", errors.New("the authorizer said Unauthorized")}
		}
		return fail(errors.New("the function failed"))
	}
	parsed, err := parseAuthorizerResult(result.Payload, methodARN)
	if err != nil {
		return fail(err)
	}
	if !parsed.allowed {
		return &refusal{http.StatusForbidden, "Forbidden", errors.New("the authorizer's policy does not allow the connection")}
	}
	c.authorizer = maps.Clone(parsed.context)
	c.authorizer["principalId"] = parsed.principalID
	return nil
}

// mayInvoke fails unless the function's policy lets API Gateway invoke it for
// sourceARN.
func (g *Gateway) mayInvoke(ctx context.Context, functionARN, sourceARN, account string) error {
	allowed, err := g.cfg.Functions.MayInvoke(ctx, functionARN, invokePrincipal, sourceARN, account)
	if err != nil {
		return err
	}
	if !allowed {
		return &notPermitted{functionARN, sourceARN}
	}
	return nil
}

// notPermitted says that API Gateway may not invoke a function for a source.
type notPermitted struct{ functionARN, sourceARN string }

func (e *notPermitted) Error() string {
	return fmt.Sprintf("the policy of %s does not allow %s to invoke it for %s (aws_lambda_permission)", e.functionARN, invokePrincipal, e.sourceARN)
}

// identitySourcePresent tells whether an identity source has a value. Header
// names match without case, query parameters with it.
func identitySourcePresent(r *http.Request, stage apigw.Stage, source string) bool {
	if name, ok := strings.CutPrefix(source, "route.request.header."); ok {
		if strings.EqualFold(name, "Host") {
			return r.Host != ""
		}
		return r.Header.Get(name) != ""
	}
	if name, ok := strings.CutPrefix(source, "route.request.querystring."); ok {
		query, _ := eventQuery(r)
		return query[name] != ""
	}
	if name, ok := strings.CutPrefix(source, "stageVariables."); ok {
		return stage.Variables[name] != ""
	}
	return false
}

// hijack takes the connection from net/http.
func hijack(w http.ResponseWriter, c *conn) error {
	netConn, rw, err := http.NewResponseController(w).Hijack()
	if err != nil {
		return fmt.Errorf("hijack: %w", err)
	}
	_ = netConn.SetDeadline(time.Time{})
	c.net = &wire{Conn: withoutSpelling(netConn)}
	// What the client sent together with its request is in the old reader.
	c.br = rw.Reader
	if rw.Reader.Buffered() == 0 {
		c.br = bufio.NewReaderSize(netConn, 1<<10)
	}
	return nil
}

// switchingProtocols is the response that completes a handshake. A header that
// the integration returned with a line break in it is left out.
func switchingProtocols(key, subprotocol string) []byte {
	sum := sha1.Sum([]byte(key + acceptGUID)) //nolint:gosec // RFC 6455 section 1.3
	var b strings.Builder
	b.WriteString("HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n")
	fmt.Fprintf(&b, "Sec-WebSocket-Accept: %s\r\n", base64.StdEncoding.EncodeToString(sum[:]))
	if subprotocol != "" && !strings.ContainsAny(subprotocol, "\r\n") {
		fmt.Fprintf(&b, "Sec-WebSocket-Protocol: %s\r\n", subprotocol)
	}
	b.WriteString("\r\n")
	return []byte(b.String())
}

// serve completes the handshake and runs the connection to its end. $connect
// has succeeded by now, so however it ends, $disconnect follows.
func (g *Gateway) serve(c *conn, stage apigw.Stage, response []byte) {
	// Reachable before the client can know that it is connected, but nothing is
	// written before the response.
	err := c.open(response, func() bool { return g.add(c) })
	defer g.remove(c)
	if err != nil {
		_ = c.net.Close()
		g.disconnect(c, stage, closeAbnormal, abnormally)
		return
	}
	code, reason := c.read(func(message []byte) {
		c.inFlight <- struct{}{}
		g.work.Add(1)
		go func() {
			defer g.work.Done()
			defer func() { <-c.inFlight }()
			g.message(c, message)
		}()
	})
	g.remove(c)
	g.disconnect(c, stage, code, reason)
}

// headerHasToken tells whether a comma-separated header has a token.
func headerHasToken(h http.Header, name, token string) bool {
	for _, value := range h.Values(name) {
		for item := range strings.SplitSeq(value, ",") {
			if strings.EqualFold(strings.TrimSpace(item), token) {
				return true
			}
		}
	}
	return false
}

// newTraceID returns an X-Ray trace id header value.
func newTraceID() string {
	var b [12]byte
	_, _ = rand.Read(b[:]) // never fails (crypto/rand)
	return fmt.Sprintf("Root=1-%08x-%s", time.Now().Unix(), hex.EncodeToString(b[:]))
}

package dataplane

import (
	"context"
	"fmt"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/coder/websocket"

	"github.com/portcullis-chat/portcullis/internal/localaws/apigw"
	"github.com/portcullis-chat/portcullis/internal/localaws/lambda"
)

const (
	unauthorized = `{"message":"Unauthorized"}`
	forbidden    = `{"message":"Forbidden"}`
	internal     = `{"message":"Internal server error"}`
)

// policy is an authorizer's result with one statement.
func policy(effect, resource string) string {
	return fmt.Sprintf(`{"principalId":"ann","policyDocument":{"Statement":[{"Action":"execute-api:Invoke","Effect":%q,"Resource":%q}]}}`, effect, resource)
}

func TestAHandshakeIsRefusedWhen(t *testing.T) {
	sources := func(names ...string) func(*world) {
		return func(w *world) {
			w.change(func(s *apigw.Stage) {
				s.Variables = map[string]string{"set": "x"}
				connect := *s.Deployment.Routes["$connect"]
				authorizer := *connect.Authorizer
				authorizer.IdentitySources = names
				connect.Authorizer = &authorizer
				s.Deployment.Routes["$connect"] = &connect
			})
		}
	}
	authorizer := func(f function) func(*world) { return func(w *world) { w.play("authorizer", f) } }
	connect := func(f function) func(*world) { return func(w *world) { w.play("connect", f) } }
	changed := func(edit func(*apigw.Stage)) func(*world) { return func(w *world) { w.change(edit) } }
	for name, c := range map[string]struct {
		prepare func(*world)
		path    string
		status  int
		body    string
		calls   string // functions that may be called: a for the authorizer, c for $connect
	}{
		"the API is unknown":                     {path: PathPrefix + "none/live", status: 403, body: forbidden},
		"the stage is unknown":                   {path: PathPrefix + apiID + "/none", status: 403, body: forbidden},
		"no stage is named":                      {path: PathPrefix + apiID, status: 403, body: forbidden},
		"the path goes on":                       {path: livePath + "/more", status: 403, body: forbidden},
		"the path is of something else":          {path: "/else", status: 403, body: forbidden},
		"the stage has no deployment":            {prepare: changed(func(s *apigw.Stage) { s.Deployment = nil }), status: 403, body: forbidden},
		"the endpoint is disabled":               {prepare: changed(func(s *apigw.Stage) { s.DisableExecuteAPIEndpoint = true }), status: 403, body: forbidden},
		"the URL is too long":                    {path: livePath + "?x=" + strings.Repeat("x", 4096), status: 414, body: `{"message":"URI too long"}`},
		"an identity header is missing":          {prepare: sources("route.request.header.X-Token"), status: 401, body: unauthorized},
		"an identity parameter is missing":       {prepare: sources("route.request.querystring.room"), status: 401, body: unauthorized},
		"an identity parameter is empty":         {prepare: sources("route.request.querystring.room"), path: livePath + "?room=", status: 401, body: unauthorized},
		"an identity parameter differs by case":  {prepare: sources("route.request.querystring.room"), path: livePath + "?Room=x", status: 401, body: unauthorized},
		"one of two identity sources is missing": {prepare: sources("route.request.querystring.room", "route.request.header.X-Token"), path: livePath + "?room=x", status: 401, body: unauthorized},
		"an identity stage variable is missing":  {prepare: sources("stageVariables.unset"), status: 401, body: unauthorized},
		"the authorizer says Unauthorized":       {prepare: authorizer(fails("Unauthorized")), status: 401, body: unauthorized, calls: "a"},
		"the authorizer says unauthorized":       {prepare: authorizer(fails("unauthorized")), status: 500, body: internal, calls: "a"},
		"the authorizer says more than that":     {prepare: authorizer(fails("Unauthorized.")), status: 500, body: internal, calls: "a"},
		"the authorizer fails otherwise":         {prepare: authorizer(fails("boom")), status: 500, body: internal, calls: "a"},
		"the authorizer cannot be run":           {prepare: authorizer(nil), status: 500, body: internal, calls: "a"},
		"the authorizer takes too long": {prepare: func(w *world) {
			w.gateway.authorizerTimeout = 10 * time.Millisecond
			w.play("authorizer", hangs)
		}, status: 500, body: internal, calls: "a"},
		"the authorizer answers null":             {prepare: authorizer(returns(`null`)), status: 500, body: internal, calls: "a"},
		"the authorizer answers a string":         {prepare: authorizer(returns(`"yes"`)), status: 500, body: internal, calls: "a"},
		"the authorizer answers two objects":      {prepare: authorizer(returns(allowAll + `{}`)), status: 500, body: internal, calls: "a"},
		"there is no principalId":                 {prepare: authorizer(returns(strings.Replace(allowAll, "principalId", "principal", 1))), status: 500, body: internal, calls: "a"},
		"principalId is a number":                 {prepare: authorizer(returns(strings.Replace(allowAll, `"ann"`, `1`, 1))), status: 500, body: internal, calls: "a"},
		"the policy's name has another case":      {prepare: authorizer(returns(strings.Replace(allowAll, "policyDocument", "PolicyDocument", 1))), status: 500, body: internal, calls: "a"},
		"there is no policy":                      {prepare: authorizer(returns(`{"principalId":"ann"}`)), status: 500, body: internal, calls: "a"},
		"the context has an object":               {prepare: authorizer(returns(strings.Replace(allowAll, `"level":3`, `"level":{}`, 1))), status: 500, body: internal, calls: "a"},
		"the context has a list":                  {prepare: authorizer(returns(strings.Replace(allowAll, `"level":3`, `"level":[1]`, 1))), status: 500, body: internal, calls: "a"},
		"the result is above 8 KB":                {prepare: authorizer(returns(strings.Replace(allowAll, `lobby`, strings.Repeat("x", 8<<10), 1))), status: 500, body: internal, calls: "a"},
		"API Gateway may not call the authorizer": {prepare: func(w *world) { w.forbidden["authorizer"] = true }, status: 500, body: internal},
		"the route's authorizer is gone": {prepare: changed(func(s *apigw.Stage) {
			s.Deployment.Routes["$connect"] = &apigw.Route{Key: "$connect", AuthorizationType: "CUSTOM"}
		}), status: 500, body: internal},
		"the policy denies":              {prepare: authorizer(returns(policy("Deny", "*"))), status: 403, body: forbidden, calls: "a"},
		"the policy is of another stage": {prepare: authorizer(returns(policy("Allow", apiARN+"/test/$connect"))), status: 403, body: forbidden, calls: "a"},
		"the policy is of a REST API":    {prepare: authorizer(returns(policy("Allow", apiARN+"/live/*/*"))), status: 403, body: forbidden, calls: "a"},
		"$connect wants IAM": {prepare: changed(func(s *apigw.Stage) {
			s.Deployment.Routes["$connect"] = &apigw.Route{Key: "$connect", AuthorizationType: "AWS_IAM"}
		}), status: 403, body: forbidden},
		"$connect answers 400":               {prepare: connect(returns(`{"statusCode":400}`)), status: 400, body: `{"message":"Bad Request"}`, calls: "ac"},
		"$connect answers 401":               {prepare: connect(returns(`{"statusCode":401}`)), status: 401, body: unauthorized, calls: "ac"},
		"$connect answers 429":               {prepare: connect(returns(`{"statusCode":429}`)), status: 429, body: `{"message":"Too Many Requests"}`, calls: "ac"},
		"$connect answers 503":               {prepare: connect(returns(`{"statusCode":"503"}`)), status: 503, body: `{"message":"Service Unavailable"}`, calls: "ac"},
		"$connect fails":                     {prepare: connect(fails("boom")), status: 502, body: internal, calls: "ac"},
		"$connect cannot be run":             {prepare: connect(nil), status: 502, body: internal, calls: "ac"},
		"$connect answers nothing":           {prepare: connect(returns(`null`)), status: 502, body: internal, calls: "ac"},
		"$connect gives no status":           {prepare: connect(returns(`{"body":"x"}`)), status: 502, body: internal, calls: "ac"},
		"$connect's status has another case": {prepare: connect(returns(`{"StatusCode":200}`)), status: 502, body: internal, calls: "ac"},
		"$connect's status is no final one":  {prepare: connect(returns(`{"statusCode":101}`)), status: 502, body: internal, calls: "ac"},
		"$connect's status is no status":     {prepare: connect(returns(`{"statusCode":1000}`)), status: 502, body: internal, calls: "ac"},
		"$connect's body is an object":       {prepare: connect(returns(`{"statusCode":200,"body":{}}`)), status: 502, body: internal, calls: "ac"},
		"API Gateway may not call $connect":  {prepare: func(w *world) { w.forbidden["connect"] = true }, status: 500, body: internal, calls: "a"},
		"$connect takes too long": {prepare: func(w *world) {
			w.play("connect", hangs)
			w.change(func(s *apigw.Stage) {
				route := *s.Deployment.Routes["$connect"]
				integration := *route.Integration
				integration.Timeout = 50 * time.Millisecond
				route.Integration = &integration
				s.Deployment.Routes["$connect"] = &route
			})
		}, status: 504, body: `{"message":"Endpoint request timed out"}`, calls: "ac"},
	} {
		t.Run(name, func(t *testing.T) {
			w := newWorld(t)
			if c.prepare != nil {
				c.prepare(w)
			}
			if c.path == "" {
				c.path = livePath
			}
			status, body := w.refused(c.path, nil)
			equal(t, "status", status, c.status)
			equal(t, "body", body, c.body)
			equal(t, "calls of the authorizer", len(w.called("authorizer")), strings.Count(c.calls, "a"))
			equal(t, "calls of $connect", len(w.called("connect")), strings.Count(c.calls, "c"))
			equal(t, "connections", w.gateway.Connections(), 0)
			equal(t, "calls of $disconnect", len(w.called("disconnect")), 0)
		})
	}
}

func TestAHandshakeThatIsNoneIsRefusedWhen(t *testing.T) {
	for name, c := range map[string]struct {
		header http.Header
		status int
	}{
		"it is plain HTTP":           {http.Header{"Connection": {"keep-alive"}, "Upgrade": nil}, 426},
		"it upgrades to h2c":         {http.Header{"Upgrade": {"h2c"}}, 426},
		"its key is missing":         {http.Header{"Sec-Websocket-Key": nil}, 400},
		"its key is short":           {http.Header{"Sec-Websocket-Key": {"dGhlIA=="}}, 400},
		"its keys are two":           {http.Header{"Sec-Websocket-Key": {"dGhlIHNhbXBsZSBub25jZQ==", "dGhlIHNhbXBsZSBub25jZQ=="}}, 400},
		"its version is an old one":  {http.Header{"Sec-Websocket-Version": {"8"}}, 426},
		"its version is missing":     {http.Header{"Sec-Websocket-Version": nil}, 426},
		"its versions are two":       {http.Header{"Sec-Websocket-Version": {"13", "13"}}, 400},
		"its upgrade is a substring": {http.Header{"Upgrade": {"websockets"}}, 426},
	} {
		t.Run(name, func(t *testing.T) {
			w := newWorld(t)
			status, _ := w.refused(livePath, c.header)
			equal(t, "status", status, c.status)
			equal(t, "calls of the authorizer", len(w.called("authorizer")), 0)
		})
	}
}

func TestAHandshakeOfHTTP10IsRefused(t *testing.T) {
	w := newWorld(t)
	req := w.upgrade(livePath)
	req.ProtoMajor, req.ProtoMinor = 1, 0
	res := httptest.NewRecorder()
	w.gateway.ServeHTTP(res, req)
	equal(t, "status", res.Code, 400)
}

func TestAHandshakeSucceedsWhen(t *testing.T) {
	for name, prepare := range map[string]func(*world){
		"authorizer and $connect agree": func(*world) {},
		"the policy names the route":    func(w *world) { w.play("authorizer", returns(policy("Allow", apiARN+"/live/$connect"))) },
		"the policy names the stage":    func(w *world) { w.play("authorizer", returns(policy("Allow", apiARN+"/live/*"))) },
		"there is no $connect route":    func(w *world) { w.open() },
		"$connect is a MOCK": func(w *world) {
			w.change(func(s *apigw.Stage) {
				s.Deployment.Routes["$connect"] = &apigw.Route{Key: "$connect", AuthorizationType: "NONE", Integration: &apigw.Integration{Type: "MOCK"}}
			})
		},
		"$connect's status is a string": func(w *world) { w.play("connect", returns(`{"statusCode":"200"}`)) },
		"$connect's status is 204":      func(w *world) { w.play("connect", returns(`{"statusCode":204,"body":null}`)) },
		"the result is just below 8 KB": func(w *world) {
			w.play("authorizer", returns(strings.Replace(allowAll, "lobby", strings.Repeat("x", 7<<10), 1)))
		},
		"$connect returns other headers": func(w *world) {
			w.play("connect", returns(`{"statusCode":200,"headers":{"X-Other":"1","Set-Cookie":"a=b"}}`))
		},
	} {
		t.Run(name, func(t *testing.T) {
			w := newWorld(t)
			prepare(w)
			r := w.rawDial("")
			equal(t, "response", r.head, "HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"+
				"Sec-WebSocket-Accept: s3pPLMBiTxaQ9kYGzzhZRbK+xOo=\r\n\r\n") // RFC 6455 section 1.3
			equal(t, "connections", w.gateway.Connections(), 1)
		})
	}
}

func TestTheSubprotocolIsTheOneOfTheIntegration(t *testing.T) {
	for name, c := range map[string]struct{ connect, authorizer, want string }{
		"it echoes one":             {`{"statusCode":200,"headers":{"Sec-WebSocket-Protocol":"chat.v1"}}`, allowAll, "chat.v1"},
		"its name is in lower case": {`{"statusCode":200,"headers":{"sec-websocket-protocol":"chat.v1"}}`, allowAll, "chat.v1"},
		"it echoes none":            {`{"statusCode":200}`, allowAll, ""},
		"it injects a header":       {`{"statusCode":200,"headers":{"Sec-WebSocket-Protocol":"chat.v1\r\nX-Evil: 1"}}`, allowAll, ""},
		"the authorizer tries": {`{"statusCode":200}`, strings.Replace(allowAll, `"context"`,
			`"headers":{"Sec-WebSocket-Protocol":"chat.v1"},"context"`, 1), ""},
	} {
		t.Run(name, func(t *testing.T) {
			w := newWorld(t)
			w.play("connect", returns(c.connect))
			w.play("authorizer", returns(c.authorizer))
			conn := w.dial(&websocket.DialOptions{Subprotocols: []string{"chat.v1", "bearer.secret"}})
			equal(t, "subprotocol", conn.Subprotocol(), c.want)
		})
	}
}

func TestFunctionsAreCalledUnderTheirOwnSource(t *testing.T) {
	w := newWorld(t)
	conn := w.dial(nil)
	w.write(conn, `{"action":"send"}`)
	w.read(conn)
	if err := conn.Close(1000, ""); err != nil {
		t.Fatal(err)
	}
	w.ended()
	w.mu.Lock()
	defer w.mu.Unlock()
	for name, source := range map[string]string{
		"authorizer": apiARN + "/authorizers/auth1", "connect": apiARN + "/live/$connect",
		"message": apiARN + "/live/send", "disconnect": apiARN + "/live/$disconnect",
	} {
		equal(t, name, strings.Join(w.callers[name], "\n"), "apigateway.amazonaws.com "+source+" "+account)
	}
}

func TestTheCallOfAClientThatLeavesDuringTheHandshakeEnds(t *testing.T) {
	w := newWorld(t)
	began, ended := make(chan struct{}), make(chan struct{})
	w.play("connect", func(ctx context.Context, _ string) (*lambda.Result, error) {
		close(began)
		<-ctx.Done()
		close(ended)
		return nil, ctx.Err()
	})
	ctx, cancel := context.WithCancel(t.Context())
	go func() { <-began; cancel() }()
	if _, _, err := websocket.Dial(ctx, w.wsURL(), nil); err == nil {
		t.Fatal("the handshake succeeded")
	}
	select {
	case <-ended:
	case <-time.After(patience):
		t.Fatal("the call goes on")
	}
}

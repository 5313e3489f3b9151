package dataplane

import (
	"bufio"
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"maps"
	"net"
	"net/http"
	"net/http/httptest"
	"regexp"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/coder/websocket"
	"github.com/gobwas/ws"

	"github.com/portcullis-chat/portcullis/internal/localaws/apigw"
	"github.com/portcullis-chat/portcullis/internal/localaws/lambda"
)

const (
	apiID     = "abcd1234"
	account   = "000000000000"
	apiARN    = "arn:aws:execute-api:us-east-1:" + account + ":" + apiID
	livePath  = PathPrefix + apiID + "/live"
	accessARN = "arn:aws:logs:us-east-1:" + account + ":log-group:/aws/apigateway/chat:*"
)

// start is the time at which every world begins.
var start = time.Date(2026, 2, 9, 18, 11, 43, 419_000_000, time.UTC)

// patience bounds every wait of a test; none should come near it.
const patience = 10 * time.Second

// world is a gateway with one deployed API and functions that a test plays.
type world struct {
	*testing.T
	gateway *Gateway
	server  *httptest.Server

	mu        sync.Mutex
	now       time.Time
	ahead     time.Duration          // of the clock
	stages    map[string]apigw.Stage // "<api>/<stage>"
	functions map[string]function    // by name
	calls     map[string][]string    // payloads by name
	callers   map[string][]string    // "<principal> <source> <account>" by name
	forbidden map[string]bool        // functions that API Gateway may not invoke
	lines     map[string][]string    // log lines by group
	points    map[string][]float64   // data points by metric and dimensions
	denied    *http.Response         // what Authorize answers
	lost      map[string]bool        // connections whose $disconnect is lost
}

// function plays a Lambda function.
type function func(ctx context.Context, payload string) (*lambda.Result, error)

func returns(payload string) function {
	return func(context.Context, string) (*lambda.Result, error) {
		return &lambda.Result{Payload: []byte(payload)}, nil
	}
}

func fails(message string) function {
	return func(context.Context, string) (*lambda.Result, error) {
		payload, err := json.Marshal(map[string]string{"errorMessage": message, "errorType": "Error"})
		return &lambda.Result{Payload: payload, FunctionError: "Unhandled"}, err
	}
}

func hangs(ctx context.Context, _ string) (*lambda.Result, error) {
	<-ctx.Done()
	return nil, ctx.Err()
}

const allowAll = `{"principalId":"ann","policyDocument":{"Version":"2012-10-17","Statement":[
	{"Action":"execute-api:Invoke","Effect":"Allow","Resource":"*"}]},"context":{"room":"lobby","level":3,"ok":true}}`

func uri(name string) string {
	return "arn:aws:apigateway:us-east-1:lambda:path/2015-03-31/functions/arn:aws:lambda:us-east-1:" + account + ":function:" + name + ":live/invocations"
}

// oneWay is a route to the function of that name.
func oneWay(key, name string) *apigw.Route {
	return &apigw.Route{Key: key, AuthorizationType: "NONE", Integration: &apigw.Integration{Type: "AWS_PROXY", URI: uri(name), Timeout: 29 * time.Second}}
}

func twoWay(key, name string) *apigw.Route {
	route := oneWay(key, name)
	route.RouteResponseSelectionExpression = "$default"
	route.RouteResponses = map[string]*apigw.RouteResponse{"$default": {Key: "$default"}}
	return route
}

func newWorld(t *testing.T) *world {
	t.Helper()
	w := &world{
		T: t, now: start, stages: map[string]apigw.Stage{},
		functions: map[string]function{
			"authorizer": returns(allowAll), "connect": returns(`{"statusCode":200}`), "disconnect": returns(`{"statusCode":200}`),
			"message": returns(`{"statusCode":200,"body":"answer"}`), "fallback": returns(`{"statusCode":200,"body":"fallback"}`),
		},
		calls: map[string][]string{}, callers: map[string][]string{}, forbidden: map[string]bool{}, lines: map[string][]string{}, points: map[string][]float64{},
	}
	connect := oneWay("$connect", "connect")
	connect.AuthorizationType = "CUSTOM"
	connect.Authorizer = &apigw.Authorizer{ID: "auth1", Name: "token", URI: uri("authorizer")}
	w.stages[apiID+"/live"] = apigw.Stage{
		APIID: apiID, Region: "us-east-1", AccountID: account, Name: "live", DeploymentID: "d1",
		Deployment: &apigw.Deployment{ID: "d1", RouteSelectionExpression: "$request.body.action", Routes: map[string]*apigw.Route{
			"$connect": connect, "$disconnect": oneWay("$disconnect", "disconnect"), "$default": twoWay("$default", "fallback"),
			"send": twoWay("send", "message"), "tell": oneWay("tell", "message"),
		}},
		DefaultRouteSettings: apigw.RouteSettings{
			LoggingLevel: "ERROR", ThrottlingRateLimit: apigw.AccountRateLimit, ThrottlingBurstLimit: apigw.AccountBurstLimit,
		},
	}
	w.gateway = New(Config{
		Stages: w, Functions: w, Logs: w, Metrics: metered{w}, Faults: w, DomainName: "abcd1234.example", Now: w.time, Clock: w.clock,
		Logger: slog.New(slog.NewTextHandler(io.Discard, nil)),
		Authorize: func(*http.Request, []byte) *http.Response {
			w.mu.Lock()
			defer w.mu.Unlock()
			return w.denied
		},
	})
	w.gateway.closeHandshake = time.Second
	w.server = httptest.NewUnstartedServer(w.gateway)
	w.server.Listener = KeepSpelling(w.server.Config, w.server.Listener)
	w.server.Start()
	t.Cleanup(func() {
		ctx, cancel := context.WithTimeout(context.Background(), patience)
		defer cancel()
		w.gateway.Close(ctx)
		w.server.Close()
		if ctx.Err() != nil {
			t.Error("the gateway did not close in time")
		}
	})
	return w
}

func (w *world) time() time.Time {
	w.mu.Lock()
	defer w.mu.Unlock()
	return w.now
}

func (w *world) clock() time.Time {
	w.mu.Lock()
	defer w.mu.Unlock()
	return w.now.Add(w.ahead)
}

// forward moves the clock, and not the time.
func (w *world) forward(d time.Duration) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.ahead += d
}

func (w *world) wait(d time.Duration) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.now = w.now.Add(d)
}

// change edits the stage that is served; the deployment is a copy.
func (w *world) change(edit func(*apigw.Stage)) {
	w.mu.Lock()
	defer w.mu.Unlock()
	stage := w.stages[apiID+"/live"]
	deployment := *stage.Deployment
	deployment.Routes = maps.Clone(deployment.Routes)
	stage.Deployment = &deployment
	edit(&stage)
	w.stages[apiID+"/live"] = stage
}

// open makes $connect a route without authorizer and integration.
func (w *world) open() *world {
	w.change(func(s *apigw.Stage) { delete(s.Deployment.Routes, "$connect") })
	return w
}

func (w *world) play(name string, f function) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.functions[name] = f
}

// StageAt implements Stages: ws.example.com leads to the API below chat.
func (w *world) StageAt(domain, path string) (apigw.Stage, string, error) {
	if domain != "ws.example.com" {
		return apigw.Stage{}, "", apigw.ErrNoDomain
	}
	rest, ok := strings.CutPrefix(path+"/", "/chat/")
	if !ok {
		return apigw.Stage{}, "", apigw.ErrNoStage
	}
	stage, err := w.Stage(apiID, "live")
	return stage, strings.TrimSuffix(rest, "/"), err
}

// Stage implements Stages.
func (w *world) Stage(api, name string) (apigw.Stage, error) {
	w.mu.Lock()
	defer w.mu.Unlock()
	stage, ok := w.stages[api+"/"+name]
	if !ok {
		return apigw.Stage{}, apigw.ErrNoStage
	}
	return stage, nil
}

func nameOf(functionARN string) string { return strings.Split(functionARN, ":")[6] }

// Invoke implements Functions.
func (w *world) Invoke(ctx context.Context, functionARN string, payload []byte) (*lambda.Result, error) {
	name := nameOf(functionARN)
	w.mu.Lock()
	w.calls[name] = append(w.calls[name], string(payload))
	f := w.functions[name]
	w.mu.Unlock()
	if f == nil {
		return nil, errors.New("no such function")
	}
	result, err := f(ctx, string(payload))
	if result != nil && result.RequestID == "" {
		result.RequestID = "run-of-" + name
	}
	return result, err
}

// MayInvoke implements Functions.
func (w *world) MayInvoke(_ context.Context, functionARN, principal, sourceARN, sourceAccount string) (bool, error) {
	name := nameOf(functionARN)
	w.mu.Lock()
	defer w.mu.Unlock()
	w.callers[name] = append(w.callers[name], principal+" "+sourceARN+" "+sourceAccount)
	return !w.forbidden[name], nil
}

// LoseDisconnect implements Faults.
func (w *world) LoseDisconnect(api, connection string) bool {
	w.mu.Lock()
	defer w.mu.Unlock()
	return w.lost[api+"/"+connection]
}

// Put implements Logs.
func (w *world) Put(region, group, stream, line string) {
	w.mu.Lock()
	defer w.mu.Unlock()
	if region != "us-east-1" || !regexp.MustCompile(`\A[0-9a-f]{32}\z`).MatchString(stream) {
		w.Errorf("a line for the stream %s in %s", stream, region)
	}
	w.lines[group] = append(w.lines[group], line)
}

// PutOwn implements Logs.
func (w *world) PutOwn(region, group, stream, line string) {
	if !strings.HasPrefix(group, "API-Gateway-Execution-Logs_") {
		w.Errorf("%s counts as a group of API Gateway's own", group)
	}
	w.Put(region, group, stream, line)
}

// metered implements Metrics.
type metered struct{ *world }

func (w metered) Put(region, namespace, name, unit string, value float64, dimensions map[string]string) {
	key := name + " " + unit
	for _, dimension := range slices.Sorted(maps.Keys(dimensions)) {
		key += " " + dimension + "=" + dimensions[dimension]
	}
	w.mu.Lock()
	defer w.mu.Unlock()
	if region != "us-east-1" || namespace != "AWS/ApiGateway" {
		w.Errorf("a metric of %s in %s", namespace, region)
	}
	w.points[key] = append(w.points[key], value)
}

// metric returns the data points of a metric, all of one dimension set.
func (w *world) metric(key string) []float64 {
	w.mu.Lock()
	defer w.mu.Unlock()
	return slices.Clone(w.points[key])
}

func (w *world) log(group string) []string {
	w.mu.Lock()
	defer w.mu.Unlock()
	return slices.Clone(w.lines[group])
}

// called returns the payloads that a function has had.
func (w *world) called(name string) []string {
	w.mu.Lock()
	defer w.mu.Unlock()
	return slices.Clone(w.calls[name])
}

// eventually waits until the condition holds.
func (w *world) eventually(what string, holds func() bool) {
	w.Helper()
	for deadline := time.Now().Add(patience); !holds(); time.Sleep(time.Millisecond) {
		if time.Now().After(deadline) {
			w.Fatalf("not within %s: %s", patience, what)
		}
	}
}

// payload waits for the nth call of a function and returns its payload.
func (w *world) payload(name string, n int) string {
	w.Helper()
	w.eventually(fmt.Sprintf("call %d of %s", n, name), func() bool { return len(w.called(name)) >= n })
	return w.called(name)[n-1]
}

// onlyConnection returns the id of the one connection that there is.
func (w *world) onlyConnection() string {
	w.Helper()
	w.gateway.mu.Lock()
	defer w.gateway.mu.Unlock()
	if len(w.gateway.conns) != 1 {
		w.Fatalf("%d connections", len(w.gateway.conns))
	}
	for id := range w.gateway.conns {
		return id
	}
	return ""
}

// ended waits for $disconnect and returns the code and reason it was told.
func (w *world) ended() (int, string) {
	w.Helper()
	var ev struct {
		RequestContext struct {
			DisconnectStatusCode int
			DisconnectReason     string
		}
	}
	if err := json.Unmarshal([]byte(w.payload("disconnect", 1)), &ev); err != nil {
		w.Fatal(err)
	}
	return ev.RequestContext.DisconnectStatusCode, ev.RequestContext.DisconnectReason
}

func (w *world) wsURL() string { return "ws" + strings.TrimPrefix(w.server.URL, "http") + livePath }

// dial connects as a usual client does.
func (w *world) dial(opts *websocket.DialOptions) *websocket.Conn {
	w.Helper()
	ctx, cancel := context.WithTimeout(w.Context(), patience)
	defer cancel()
	conn, _, err := websocket.Dial(ctx, w.wsURL(), opts)
	if err != nil {
		w.Fatal(err)
	}
	w.Cleanup(func() { _ = conn.CloseNow() })
	conn.SetReadLimit(1 << 20)
	return conn
}

func (w *world) write(conn *websocket.Conn, message string) {
	w.Helper()
	if err := conn.Write(w.Context(), websocket.MessageText, []byte(message)); err != nil {
		w.Fatal(err)
	}
}

func (w *world) read(conn *websocket.Conn) string {
	w.Helper()
	ctx, cancel := context.WithTimeout(w.Context(), patience)
	defer cancel()
	kind, data, err := conn.Read(ctx)
	if err != nil {
		w.Fatal(err)
	}
	if kind != websocket.MessageText {
		w.Fatalf("got a frame of type %v", kind)
	}
	return string(data)
}

// refused makes a handshake that must fail and returns its status and body.
func (w *world) refused(path string, header http.Header) (int, string) {
	w.Helper()
	req := w.upgrade(path)
	for name, values := range header {
		req.Header[name] = values
	}
	res, err := http.DefaultClient.Do(req)
	if err != nil {
		w.Fatal(err)
	}
	defer func() { _ = res.Body.Close() }()
	if res.StatusCode == http.StatusSwitchingProtocols {
		w.Fatal("the handshake was not refused")
	}
	body, err := io.ReadAll(io.LimitReader(res.Body, 1<<16))
	if err != nil {
		w.Fatal(err)
	}
	return res.StatusCode, string(body)
}

func (w *world) upgrade(path string) *http.Request {
	w.Helper()
	req, err := http.NewRequestWithContext(w.Context(), http.MethodGet, w.server.URL+path, nil)
	if err != nil {
		w.Fatal(err)
	}
	req.Header = http.Header{
		"Connection": {"keep-alive, Upgrade"}, "Upgrade": {"websocket"},
		"Sec-Websocket-Key": {"dGhlIHNhbXBsZSBub25jZQ=="}, "Sec-Websocket-Version": {"13"},
	}
	return req
}

// raw is a client that sends whatever bytes it is told to.
type raw struct {
	w    *world
	net  net.Conn
	br   *bufio.Reader
	head string // of the response
}

// rawDial sends a request by hand; extra are header lines.
func (w *world) rawDial(query string, extra ...string) *raw {
	w.Helper()
	conn, err := net.Dial("tcp", w.server.Listener.Addr().String())
	if err != nil {
		w.Fatal(err)
	}
	w.Cleanup(func() { _ = conn.Close() })
	_ = conn.SetDeadline(time.Now().Add(patience))
	lines := append([]string{
		"GET " + livePath + query + " HTTP/1.1", "Host: chat.example", "Connection: Upgrade", "Upgrade: websocket",
		"Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==", "Sec-WebSocket-Version: 13",
	}, extra...)
	r := &raw{w: w, net: conn, br: bufio.NewReader(conn)}
	r.bytes([]byte(strings.Join(lines, "\r\n") + "\r\n\r\n"))
	for !strings.HasSuffix(r.head, "\r\n\r\n") {
		line, err := r.br.ReadString('\n')
		if err != nil {
			w.Fatalf("after %q: %v", r.head, err)
		}
		r.head += line
	}
	if !strings.HasPrefix(r.head, "HTTP/1.1 101 ") {
		w.Fatalf("the handshake was refused: %s", r.head)
	}
	return r
}

func (r *raw) bytes(b []byte) {
	r.w.Helper()
	if _, err := r.net.Write(b); err != nil {
		r.w.Fatal(err)
	}
}

// masked is a frame as a client has to send it.
func masked(op ws.OpCode, fin bool, payload string) ws.Frame {
	return ws.MaskFrame(ws.NewFrame(op, fin, []byte(payload)))
}

func compiled(frames ...ws.Frame) []byte {
	var b bytes.Buffer
	for _, f := range frames {
		if err := ws.WriteFrame(&b, f); err != nil {
			panic(err) // a buffer takes everything
		}
	}
	return b.Bytes()
}

func (r *raw) frames(frames ...ws.Frame) {
	r.w.Helper()
	r.bytes(compiled(frames...))
}

func (r *raw) next() ws.Frame {
	r.w.Helper()
	f, err := ws.ReadFrame(r.br)
	if err != nil {
		r.w.Fatal(err)
	}
	if f.Header.Masked || f.Header.Rsv != 0 {
		r.w.Fatalf("a server must not send %+v", f.Header)
	}
	return f
}

func (r *raw) wantText(text string) {
	r.w.Helper()
	if f := r.next(); f.Header.OpCode != ws.OpText || string(f.Payload) != text {
		r.w.Fatalf("got %v %q, want the text %q", f.Header.OpCode, f.Payload, text)
	}
}

// wantClose reads a close frame and then the end of the stream.
func (r *raw) wantClose(code int) {
	r.w.Helper()
	f := r.next()
	if f.Header.OpCode != ws.OpClose {
		r.w.Fatalf("got %v %q, want a close frame", f.Header.OpCode, f.Payload)
	}
	got := closeNoStatus
	if len(f.Payload) > 0 {
		status, _ := ws.ParseCloseFrameData(f.Payload)
		got = int(status)
	}
	if got != code {
		r.w.Fatalf("got close code %d, want %d", got, code)
	}
}

func (r *raw) wantEnd() {
	r.w.Helper()
	if b, err := r.br.ReadByte(); !errors.Is(err, io.EOF) {
		r.w.Fatalf("got byte %x and error %v, want the end", b, err)
	}
}

func equal[T comparable](t testing.TB, what string, got, want T) {
	t.Helper()
	if got != want {
		t.Errorf("%s:\n got %v\nwant %v", what, got, want)
	}
}

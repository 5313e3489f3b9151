package dataplane

import (
	"context"
	"fmt"
	"regexp"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/portcullis-chat/portcullis/internal/localaws/apigw"
	"github.com/portcullis-chat/portcullis/internal/localaws/lambda"
)

// errorFrame is AWS's own text, spaces included.
var errorFrame = regexp.MustCompile(`\A\{"message": "([^"]+)", "connectionId":"[A-Za-z0-9_-]{15}=", "requestId":"[A-Za-z0-9_-]{15}="\}\z`)

func wantErrorFrame(t *testing.T, frame, message string) {
	t.Helper()
	match := errorFrame.FindStringSubmatch(frame)
	if match == nil || match[1] != message {
		t.Errorf("got %s, want AWS's frame with %q", frame, message)
	}
}

func TestAMessageIsAnsweredByAnErrorFrameWhen(t *testing.T) {
	for name, c := range map[string]struct {
		prepare func(*world)
		message string
		want    string
	}{
		"no route matches and there is no default": {func(w *world) {
			w.change(func(s *apigw.Stage) { delete(s.Deployment.Routes, "$default") })
		}, `{"action":"none"}`, "Forbidden"},
		"the stage lost its deployment": {func(w *world) { w.change(func(s *apigw.Stage) { s.Deployment = nil }) }, `{}`, "Forbidden"},
		"the stage is gone": {func(w *world) {
			w.mu.Lock()
			defer w.mu.Unlock()
			clear(w.stages)
		}, `{}`, "Forbidden"},
		"the function fails":                    {func(w *world) { w.play("message", fails("boom")) }, `{"action":"send"}`, "Internal server error"},
		"the function of a one-way route fails": {func(w *world) { w.play("message", fails("boom")) }, `{"action":"tell"}`, "Internal server error"},
		"the function cannot be run":            {func(w *world) { w.play("message", nil) }, `{"action":"send"}`, "Internal server error"},
		"the function answers nothing":          {func(w *world) { w.play("message", returns(`null`)) }, `{"action":"send"}`, "Internal server error"},
		"the function's body is an object":      {func(w *world) { w.play("message", returns(`{"statusCode":200,"body":{}}`)) }, `{"action":"send"}`, "Internal server error"},
		"the function's body is above 128 KB": {func(w *world) {
			w.play("message", returns(`{"statusCode":200,"body":"`+strings.Repeat("x", maxMessage+1)+`"}`))
		}, `{"action":"send"}`, "Internal server error"},
		"API Gateway may not invoke the function": {func(w *world) { w.mu.Lock(); w.forbidden["message"] = true; w.mu.Unlock() }, `{"action":"send"}`, "Internal server error"},
		"the route has no integration": {func(w *world) {
			w.change(func(s *apigw.Stage) { s.Deployment.Routes["bare"] = &apigw.Route{Key: "bare"} })
		}, `{"action":"bare"}`, "Internal server error"},
		"a MOCK has no request template":            {mockRoute(nil, nil), `{"action":"ping"}`, "Internal server error"},
		"a MOCK's request template gives no status": {mockRoute(map[string]string{"$default": `{"x":1}`}, nil), `{"action":"ping"}`, "Internal server error"},
		"the integration takes too long": {func(w *world) {
			w.play("message", hangs)
			w.change(func(s *apigw.Stage) {
				route := twoWay("send", "message")
				route.Integration.Timeout = 20 * time.Millisecond
				s.Deployment.Routes["send"] = route
			})
		}, `{"action":"send"}`, "Endpoint request timed out"},
	} {
		t.Run(name, func(t *testing.T) {
			w := newWorld(t).open()
			conn := w.dial(nil)
			before := w.stages[apiID+"/live"]
			c.prepare(w)
			w.write(conn, c.message)
			wantErrorFrame(t, w.read(conn), c.want)

			w.mu.Lock()
			w.stages[apiID+"/live"] = before
			w.functions["message"] = returns(`{"statusCode":200,"body":"still here"}`)
			clear(w.forbidden)
			w.mu.Unlock()
			w.write(conn, `{"action":"send"}`)
			equal(t, "the socket stays open", w.read(conn), "still here")
		})
	}
}

// mockRoute makes ping a two-way MOCK route.
func mockRoute(request map[string]string, responses map[string]*apigw.IntegrationResponse) func(*world) {
	return func(w *world) {
		w.change(func(s *apigw.Stage) {
			route := twoWay("ping", "none")
			route.Integration = &apigw.Integration{Type: "MOCK", RequestTemplates: request, Responses: responses}
			s.Deployment.Routes["ping"] = route
		})
	}
}

func TestAMockAnswers(t *testing.T) {
	response := func(text string) *apigw.IntegrationResponse {
		return &apigw.IntegrationResponse{ResponseTemplates: map[string]string{"$default": text}}
	}
	selected := &apigw.IntegrationResponse{TemplateSelectionExpression: "200", ResponseTemplates: map[string]string{"200": "selected"}}
	for name, c := range map[string]struct {
		request   string
		responses map[string]*apigw.IntegrationResponse
		want      string
	}{
		"by the default response":       {`{"statusCode":200}`, map[string]*apigw.IntegrationResponse{"$default": response(`{"type":"pong"}`)}, `{"type":"pong"}`},
		"by the status":                 {`{"statusCode":"404"}`, map[string]*apigw.IntegrationResponse{"$default": response("any"), `/4\d\d/`: response("missing")}, "missing"},
		"by the whole status":           {`{"statusCode":404}`, map[string]*apigw.IntegrationResponse{"$default": response("any"), `/40/`: response("missing")}, "any"},
		"with a context variable":       {`{"statusCode":200}`, map[string]*apigw.IntegrationResponse{"$default": response("$context.stage/$context.routeKey")}, "live/ping"},
		"by the selected template":      {`{"statusCode":200}`, map[string]*apigw.IntegrationResponse{"$default": selected}, "selected"},
		"nothing without a response":    {`{"statusCode":200}`, nil, ""},
		"nothing without that template": {`{"statusCode":200}`, map[string]*apigw.IntegrationResponse{"$default": {ResponseTemplates: map[string]string{"x": "y"}}}, ""},
	} {
		t.Run(name, func(t *testing.T) {
			w := newWorld(t).open()
			mockRoute(map[string]string{"$default": c.request}, c.responses)(w)
			conn := w.dial(nil)
			w.write(conn, `{"action":"ping"}`)
			if c.want == "" { // then the next answer is the next message's
				w.write(conn, `{"action":"send"}`)
				c.want = "answer"
			}
			equal(t, "answer", w.read(conn), c.want)
		})
	}
}

func TestWhatARouteAnswers(t *testing.T) {
	half := func(edit func(*apigw.Route)) func(*world) {
		return func(w *world) {
			w.change(func(s *apigw.Stage) {
				route := twoWay("send", "message")
				edit(route)
				s.Deployment.Routes["send"] = route
			})
		}
	}
	for name, c := range map[string]struct {
		prepare func(*world)
		message string
		want    string
	}{
		"a two-way route answers the body":             {nil, `{"action":"send"}`, "answer"},
		"also with a status that is no success":        {func(w *world) { w.play("message", returns(`{"statusCode":500,"body":"sorry"}`)) }, `{"action":"send"}`, "sorry"},
		"an empty body is no frame":                    {func(w *world) { w.play("message", returns(`{"statusCode":200,"body":""}`)) }, `{"action":"send"}`, ""},
		"no body is no frame":                          {func(w *world) { w.play("message", returns(`{"statusCode":200}`)) }, `{"action":"send"}`, ""},
		"a one-way route answers nothing":              {nil, `{"action":"tell"}`, ""},
		"a one-way route with a 500 answers nothing":   {func(w *world) { w.play("message", returns(`{"statusCode":500,"body":"x"}`)) }, `{"action":"tell"}`, ""},
		"without the selection expression nothing":     {half(func(r *apigw.Route) { r.RouteResponseSelectionExpression = "" }), `{"action":"send"}`, ""},
		"without the route response nothing":           {half(func(r *apigw.Route) { r.RouteResponses = nil }), `{"action":"send"}`, ""},
		"the $default route answers what matches none": {nil, `{"action":"none"}`, "fallback"},
	} {
		t.Run(name, func(t *testing.T) {
			w := newWorld(t).open()
			if c.prepare != nil {
				c.prepare(w)
			}
			conn := w.dial(nil)
			w.write(conn, c.message)
			if c.want == "" {
				w.eventually("the message is served", func() bool { return len(w.called("message")) == 1 })
				w.write(conn, `{"action":"none"}`)
				c.want = "fallback"
			}
			equal(t, "answer", w.read(conn), c.want)
		})
	}
}

func TestMessagesOfOneConnectionRunAtOnce(t *testing.T) {
	w := newWorld(t).open()
	var running, most atomic.Int32
	all := make(chan struct{})
	w.play("message", func(ctx context.Context, _ string) (*lambda.Result, error) {
		n := running.Add(1)
		defer running.Add(-1)
		most.Store(max(most.Load(), n))
		if n == 8 {
			close(all)
		}
		select {
		case <-all:
		case <-ctx.Done():
		}
		return &lambda.Result{Payload: []byte(`{"statusCode":200,"body":"done"}`)}, nil
	})
	conn := w.dial(nil)
	for i := range 8 {
		w.write(conn, fmt.Sprintf(`{"action":"send","n":%d}`, i))
	}
	for range 8 {
		equal(t, "answer", w.read(conn), "done")
	}
	equal(t, "at once", most.Load(), 8)
}

func TestANewDeploymentIsLiveForOpenConnections(t *testing.T) {
	w := newWorld(t).open()
	conn := w.dial(nil)
	w.change(func(s *apigw.Stage) { s.Deployment.Routes["new"] = twoWay("new", "message") })
	w.write(conn, `{"action":"new"}`)
	equal(t, "answer", w.read(conn), "answer")
}

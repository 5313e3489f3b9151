package dataplane

import (
	"context"
	"runtime"
	"strings"
	"testing"
	"time"

	"github.com/gobwas/ws"

	"github.com/portcullis-chat/portcullis/internal/localaws/apigw"
	"github.com/portcullis-chat/portcullis/internal/localaws/lambda"
)

func TestAConnectionEndsAfterTenIdleMinutes(t *testing.T) {
	w := newWorld(t)
	r := w.rawDial("")
	id := anyConnectionID.FindStringSubmatch(w.payload("connect", 1))[1]
	step := func() {
		w.wait(9 * time.Minute)
		w.gateway.closeOverdue()
	}
	step()
	r.frames(masked(ws.OpText, true, `{"action":"tell"}`)) // the client's message counts
	w.payload("message", 1)
	step()
	w.manage("POST", "/@connections/"+id, "x") // the server's does, too
	r.wantText("x")
	step()
	r.frames(masked(ws.OpPing, true, "x")) // a ping does not; a choice
	if f := r.next(); f.Header.OpCode != ws.OpPong {
		t.Fatalf("got %v", f.Header.OpCode)
	}
	w.wait(time.Minute - time.Millisecond)
	w.gateway.closeOverdue()
	equal(t, "connections before", w.gateway.Connections(), 1)
	w.wait(time.Millisecond)
	w.eventually("the gateway looks itself", func() bool { // once a second
		select {
		case <-closingOf(w, id):
			return true
		default:
			return false
		}
	})
	r.wantClose(1001)
	r.frames(masked(ws.OpClose, true, "\x03\xe9"))
	code, reason := w.ended()
	equal(t, "code", code, 1001)
	equal(t, "reason", reason, "Going away")
}

func closingOf(w *world, id string) chan struct{} {
	w.gateway.mu.Lock()
	defer w.gateway.mu.Unlock()
	if c := w.gateway.conns[id]; c != nil {
		return c.closing
	}
	closed := make(chan struct{})
	close(closed)
	return closed
}

func TestAConnectionEndsAfterTwoHours(t *testing.T) {
	w := newWorld(t)
	r := w.rawDial("")
	for i := range 13 {
		w.wait(9 * time.Minute)
		w.gateway.closeOverdue()
		r.frames(masked(ws.OpText, true, `{"action":"tell"}`))
		w.payload("message", i+1)
	}
	w.wait(3*time.Minute - time.Millisecond)
	w.gateway.closeOverdue()
	equal(t, "connections before", w.gateway.Connections(), 1)
	w.wait(time.Millisecond)
	w.gateway.closeOverdue()
	r.wantClose(1001)
	_ = r.net.Close()
	code, reason := w.ended()
	equal(t, "code", code, 1001)
	equal(t, "reason", reason, "Going away")
}

func TestCloseEndsEverything(t *testing.T) {
	before := runtime.NumGoroutine()
	w := newWorld(t)
	inMessage := make(chan struct{})
	w.play("message", func(ctx context.Context, _ string) (*lambda.Result, error) {
		close(inMessage)
		return hangs(ctx, "")
	})
	var clients []*raw
	for range 5 {
		clients = append(clients, w.rawDial(""))
	}
	clients[0].frames(masked(ws.OpText, true, `{"action":"send"}`))
	<-inMessage
	for _, r := range clients[1:] { // the first does not answer
		go func() {
			if f, err := ws.ReadFrame(r.br); err == nil && f.Header.OpCode == ws.OpClose {
				_, _ = r.net.Write(compiled(masked(ws.OpClose, true, "\x03\xe9")))
			}
		}()
	}
	w.gateway.closeHandshake = 20 * time.Millisecond
	ctx, cancel := context.WithTimeout(context.Background(), patience)
	defer cancel()
	w.gateway.Close(ctx)
	w.gateway.Close(ctx)
	if ctx.Err() != nil {
		t.Fatal("it took too long")
	}
	equal(t, "calls of $disconnect", len(w.called("disconnect")), 5)
	for _, payload := range w.called("disconnect") {
		if !strings.Contains(payload, `"disconnectStatusCode":1001`) {
			t.Error(payload)
		}
	}
	equal(t, "connections", w.gateway.Connections(), 0)
	status, _ := w.refused(livePath, nil)
	equal(t, "status of a new handshake", status, 503)
	w.server.Close()
	for _, r := range clients {
		_ = r.net.Close()
	}
	w.eventually("no goroutine is left", func() bool { return runtime.NumGoroutine() <= before+2 }) // the HTTP client's idle connection
}

func TestCloseWaitsForAHandshakeAndDisconnectsIt(t *testing.T) {
	w := newWorld(t)
	inConnect, goOn := make(chan struct{}), make(chan struct{})
	w.play("connect", func(context.Context, string) (*lambda.Result, error) {
		close(inConnect)
		<-goOn
		return &lambda.Result{Payload: []byte(`{"statusCode":200}`)}, nil
	})
	go func() {
		if res, err := w.server.Client().Do(w.upgrade(livePath)); err == nil {
			_ = res.Body.Close()
		}
	}()
	<-inConnect
	closed := make(chan struct{})
	go func() {
		defer close(closed)
		w.gateway.Close(context.Background())
	}()
	select {
	case <-closed:
		t.Error("Close did not wait")
	case <-time.After(20 * time.Millisecond):
	}
	close(goOn)
	<-closed
	equal(t, "calls of $disconnect", len(w.called("disconnect")), 1)
}

func TestCloseDoesNotWaitForeverForDisconnect(t *testing.T) {
	w := newWorld(t)
	w.change(func(s *apigw.Stage) { // so that it ends at all
		route := oneWay("$disconnect", "disconnect")
		route.Integration.Timeout = 300 * time.Millisecond
		s.Deployment.Routes["$disconnect"] = route
	})
	w.play("disconnect", hangs)
	r := w.rawDial("")
	go func() { _ = r.net.Close() }()
	ctx, cancel := context.WithTimeout(context.Background(), 20*time.Millisecond)
	defer cancel()
	w.gateway.Close(ctx)
	if ctx.Err() == nil {
		t.Error("Close did not wait for $disconnect")
	}
	w.gateway.work.Wait()
}

func TestDisconnectIsNotCalledWithoutARouteOrAStage(t *testing.T) {
	for name, edit := range map[string]func(*apigw.Stage){
		"no route":       func(s *apigw.Stage) { delete(s.Deployment.Routes, "$disconnect") },
		"no integration": func(s *apigw.Stage) { s.Deployment.Routes["$disconnect"] = &apigw.Route{Key: "$disconnect"} },
		"no deployment":  func(s *apigw.Stage) { s.Deployment = nil },
	} {
		t.Run(name, func(t *testing.T) {
			w := newWorld(t)
			r := w.rawDial("")
			w.change(edit)
			r.frames(masked(ws.OpClose, true, ""))
			r.wantClose(1005)
			w.gateway.Close(t.Context())
			equal(t, "calls", len(w.called("disconnect")), 0)
		})
	}
}

package dataplane

import (
	"errors"
	"net"
	"net/http"
	"os"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/gobwas/ws"

	"github.com/portcullis-chat/portcullis/internal/localaws/apigw"
)

// dialed opens a connection and returns its id.
func (w *world) dialed() (*raw, string) {
	w.Helper()
	n := len(w.called("connect"))
	r := w.rawDial("")
	return r, anyConnectionID.FindStringSubmatch(w.payload("connect", n+1))[1]
}

// post posts to a connection and returns the status, 0 when there is no answer.
func (w *world) post(id, body string) int {
	res, err := http.Post(w.server.URL+livePath+"/@connections/"+id, "", strings.NewReader(body))
	if err != nil {
		return 0
	}
	_ = res.Body.Close()
	return res.StatusCode
}

func TestACutConnectionEndsWithoutACloseFrame(t *testing.T) {
	w := newWorld(t)
	r, id := w.dialed()
	other, otherID := w.dialed()
	equal(t, "cut of an unknown id", w.gateway.Cut("", "none"), 0)
	equal(t, "cut of another API", w.gateway.Cut("other", ""), 0)
	equal(t, "cut", w.gateway.Cut("", id), 1)
	r.wantEnd()
	code, reason := w.ended()
	equal(t, "code", code, 1006)
	equal(t, "reason", reason, abnormally)
	res, _ := w.manage("POST", "/@connections/"+id, "x")
	equal(t, "a post afterwards", res.StatusCode, 410)
	equal(t, "who is left", strings.Join(w.gateway.ConnectionIDs(), " "), otherID)
	equal(t, "cut of the API", w.gateway.Cut(apiID, ""), 1)
	other.wantEnd()
}

func TestAClientThatIsMadeToReadNoMoreIsCutOff(t *testing.T) {
	w := newWorld(t)
	w.gateway.writeTimeout = 50 * time.Millisecond
	r, id := w.dialed()
	var held atomic.Int64
	if _, ok := w.gateway.Stall("none", func() {}); ok {
		t.Error("a connection that is not there can be stalled")
	}
	if _, ok := w.gateway.Stall(id, func() { held.Add(1) }); !ok {
		t.Fatal("no connection")
	}
	res, _ := w.manage("POST", "/@connections/"+id, "x")
	equal(t, "status", res.StatusCode, 429)
	equal(t, "error type", res.Header.Get("X-Amzn-Errortype"), "LimitExceededException")
	equal(t, "writes held up", held.Load(), 1)
	r.wantEnd() // and nothing has come before it
	code, _ := w.ended()
	equal(t, "code", code, 1006)
}

func TestAClientThatReadsAgainGetsWhatWaited(t *testing.T) {
	w := newWorld(t)
	r, id := w.dialed()
	held := make(chan struct{}, 8)
	resume, _ := w.gateway.Stall(id, func() { held <- struct{}{} })
	status := make(chan int)
	go func() { status <- w.post(id, "hello") }()
	<-held
	select {
	case got := <-status:
		t.Fatalf("the post ended with %d", got)
	case <-time.After(20 * time.Millisecond):
	}
	resume()
	r.wantText("hello")
	equal(t, "status", <-status, 200)
	resume()
	w.manage("POST", "/@connections/"+id, "again")
	r.wantText("again")
}

func TestAStalledConnectionCanBeClosedAndCut(t *testing.T) {
	for name, end := range map[string]func(w *world, id string){
		"closed": func(w *world, id string) { w.manage("DELETE", "/@connections/"+id, "") },
		"cut":    func(w *world, id string) { w.gateway.Cut("", id) },
	} {
		t.Run(name, func(t *testing.T) {
			w := newWorld(t)
			w.gateway.writeTimeout, w.gateway.closeHandshake = time.Minute, 20*time.Millisecond
			r, id := w.dialed()
			held := make(chan struct{}, 8)
			w.gateway.Stall(id, func() { held <- struct{}{} })
			go w.post(id, "x")
			<-held
			end(w, id)
			r.wantEnd()
			w.payload("disconnect", 1)
		})
	}
}

func TestALostDisconnectIsNotCalled(t *testing.T) {
	w := newWorld(t)
	r, id := w.dialed()
	other, _ := w.dialed()
	w.mu.Lock()
	w.lost = map[string]bool{apiID + "/" + id: true}
	w.mu.Unlock()
	for _, r := range []*raw{r, other} {
		r.frames(masked(ws.OpClose, true, "\x03\xe8"))
		r.wantClose(1000)
	}
	w.gateway.Close(t.Context()) // it waits for what is due
	calls := w.called("disconnect")
	if len(calls) != 1 || strings.Contains(calls[0], id) {
		t.Errorf("calls: %v", calls)
	}
	equal(t, "connections", w.gateway.Connections(), 0)
}

// What is told keeps the real time, what is limited goes by the clock.
func TestAMovedClockReachesLimitsAndNothingElse(t *testing.T) {
	w := newWorld(t)
	w.forward(3 * time.Hour) // more than a lifetime
	r, id := w.dialed()
	w.forward(9 * time.Minute)
	w.manage("POST", "/@connections/"+id, "x")
	r.wantText("x")
	w.forward(9 * time.Minute)
	w.gateway.closeOverdue()
	_, about := w.manage("GET", "/@connections/"+id, "")
	equal(t, "what is told of it", strings.TrimSpace(about),
		`{"connectedAt":"2026-02-09T18:11:43.419Z","identity":{"sourceIp":"127.0.0.1"},"lastActiveAt":"2026-02-09T18:11:43.419Z"}`)
	r.frames(masked(ws.OpText, true, `{"action":"tell"}`))
	if event := w.payload("message", 1); !strings.Contains(event, `"requestTimeEpoch":1770660703419`) || !strings.Contains(event, `"connectedAt":1770660703419`) {
		t.Error(event)
	}
	w.forward(10 * time.Minute)
	w.gateway.closeOverdue()
	r.wantClose(1001)
}

func TestAMovedClockRefillsTheThrottles(t *testing.T) {
	w := newWorld(t)
	w.change(func(s *apigw.Stage) {
		s.RouteSettings = map[string]apigw.RouteSettings{"send": {ThrottlingRateLimit: 0.01, ThrottlingBurstLimit: 1}}
	})
	r, _ := w.dialed()
	send := func() string {
		r.frames(masked(ws.OpText, true, `{"action":"send"}`))
		return string(r.next().Payload)
	}
	equal(t, "first", send(), "answer")
	if got := send(); !strings.Contains(got, "Too Many Requests") {
		t.Errorf("second: %s", got)
	}
	w.forward(100 * time.Second)
	equal(t, "after the move", send(), "answer")
}

func TestAMovedClockReachesTheLifetime(t *testing.T) {
	w := newWorld(t)
	r, id := w.dialed()
	for range 15 {
		w.manage("POST", "/@connections/"+id, "x") // it is never idle for long
		r.wantText("x")
		w.forward(8 * time.Minute)
	}
	w.gateway.closeOverdue()
	r.wantClose(1001)
}

// A client may stop to read between the moment at which a deadline is set and
// that of the write.
func TestADeadlineHoldsForAClientThatStopsToReadAfterwards(t *testing.T) {
	client, server := net.Pipe()
	defer client.Close()
	w := &wire{Conn: server}
	_ = w.SetWriteDeadline(time.Now().Add(time.Millisecond))
	w.stall(func() {})
	if _, err := w.Write([]byte("x")); !errors.Is(err, os.ErrDeadlineExceeded) {
		t.Errorf("got %v", err)
	}
}

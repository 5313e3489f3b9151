package dataplane

import (
	"context"
	"encoding/json"
	"io"
	"net/http"
	"net/url"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/coder/websocket"
	"github.com/gobwas/ws"

	"github.com/portcullis-chat/portcullis/internal/localaws/apigw"
	"github.com/portcullis-chat/portcullis/internal/localaws/lambda"
)

func bodyOf(t *testing.T, payload string) string {
	t.Helper()
	var ev struct{ Body string }
	if err := json.Unmarshal([]byte(payload), &ev); err != nil {
		t.Fatal(err)
	}
	return ev.Body
}

// dialID connects and returns the id of the connection.
func (w *world) dialID() (*websocket.Conn, string) {
	w.Helper()
	n := len(w.called("connect"))
	conn := w.dial(&websocket.DialOptions{HTTPHeader: http.Header{"User-Agent": {"wscat/6"}}})
	return conn, anyConnectionID.FindStringSubmatch(w.payload("connect", n+1))[1]
}

// manage makes an @connections request; path is what follows the stage.
func (w *world) manage(method, path, body string) (*http.Response, string) {
	w.Helper()
	req, err := http.NewRequestWithContext(w.Context(), method, w.server.URL+livePath+path, strings.NewReader(body))
	if err != nil {
		w.Fatal(err)
	}
	res, err := http.DefaultClient.Do(req)
	if err != nil {
		w.Fatal(err)
	}
	defer res.Body.Close()
	answer, err := io.ReadAll(res.Body)
	if err != nil {
		w.Fatal(err)
	}
	return res, string(answer)
}

func TestPostSendsAMessage(t *testing.T) {
	w := newWorld(t)
	conn, id := w.dialID()
	for _, path := range []string{"/@connections/" + id, "/%40connections/" + id, "/%40connections/" + url.QueryEscape(id), "/@connections/" + strings.TrimSuffix(id, "=") + "%3d"} {
		res, body := w.manage("POST", path, `{"text":"<é>"}`)
		equal(t, "status", res.StatusCode, 200)
		equal(t, "body", body, "")
		equal(t, "content type", res.Header.Get("Content-Type"), "application/json")
		equal(t, "has a request id", res.Header.Get("X-Amzn-Requestid") != "", true)
		equal(t, "message", w.read(conn), `{"text":"<é>"}`)
	}
	res, _ := w.manage("POST", "/@connections/"+id, "")
	equal(t, "status of nothing", res.StatusCode, 200)
	equal(t, "nothing", w.read(conn), "")
	res, _ = w.manage("POST", "/@connections/"+id, strings.Repeat("x", maxMessage))
	equal(t, "status of 128 KB", res.StatusCode, 200)
	equal(t, "128 KB", len(w.read(conn)), maxMessage)
}

func TestGetTellsAboutAConnection(t *testing.T) {
	w := newWorld(t)
	conn, id := w.dialID()
	w.wait(1500 * time.Millisecond)
	w.write(conn, `{"action":"send"}`)
	w.read(conn)
	res, body := w.manage("GET", "/@connections/"+id, "")
	equal(t, "status", res.StatusCode, 200)
	equal(t, "body", strings.TrimSpace(body), `{"connectedAt":"2026-02-09T18:11:43.419Z","identity":{"userAgent":"wscat/6","sourceIp":"127.0.0.1"},"lastActiveAt":"2026-02-09T18:11:44.919Z"}`)
}

func TestDeleteClosesAConnection(t *testing.T) {
	w := newWorld(t)
	conn, id := w.dialID()
	closed := make(chan error, 1)
	go func() {
		_, _, err := conn.Read(context.Background())
		closed <- err
	}()
	res, body := w.manage("DELETE", "/@connections/"+id, "")
	equal(t, "status", res.StatusCode, 204)
	equal(t, "body", body, "")
	equal(t, "code for the client", websocket.CloseStatus(<-closed), websocket.StatusNormalClosure)
	code, reason := w.ended()
	equal(t, "code for $disconnect", code, 1000)
	equal(t, "reason for $disconnect", reason, "Connection Closed Normally")
	for _, method := range []string{"POST", "GET", "DELETE"} {
		res, _ := w.manage(method, "/@connections/"+id, "")
		equal(t, method+" afterwards", res.StatusCode, 410)
	}
}

func TestAConnectionsRequestIsRefusedWhen(t *testing.T) {
	const gone = "AAAAAAAAAAAAAAA="
	for name, c := range map[string]struct {
		method, path, body string
		status             int
		kind, answer       string
	}{
		"the connection never was":     {"POST", "/@connections/" + gone, "x", 410, "GoneException", ""},
		"one that never was is read":   {"GET", "/@connections/" + gone, "", 410, "GoneException", ""},
		"one that never was is closed": {"DELETE", "/@connections/" + gone, "", 410, "GoneException", ""},
		"the id is none":               {"POST", "/@connections/X", "x", 400, "BadRequestException", `{"message":"Invalid connectionId: X"}`},
		"the id is a path":             {"POST", "/@connections/a%2Fb", "x", 400, "BadRequestException", `{"message":"Invalid connectionId: a/b"}`},
		"there is no id":               {"POST", "/@connections/", "x", 400, "BadRequestException", `{"message":"Invalid connectionId: "}`},
		"the data is above 128 KB":     {"POST", "/@connections/" + gone, strings.Repeat("x", maxMessage+1), 413, "PayloadTooLargeException", `{"message":"Message too long"}`},
		"the data is far above 128 KB": {"POST", "/@connections/" + gone, strings.Repeat("x", 1<<20), 413, "PayloadTooLargeException", `{"message":"Message too long"}`},
		"the path is incomplete":       {"POST", "/@connections", "x", 403, "", forbidden},
		"the method is another":        {"PUT", "/@connections/" + gone, "x", 410, "GoneException", ""},
	} {
		t.Run(name, func(t *testing.T) {
			w := newWorld(t)
			res, answer := w.manage(c.method, c.path, c.body)
			equal(t, "status", res.StatusCode, c.status)
			equal(t, "error type", res.Header.Get("X-Amzn-Errortype"), c.kind)
			equal(t, "answer", answer, c.answer)
		})
	}
}

func TestAnotherMethodOfAnOpenConnectionIsForbidden(t *testing.T) {
	w := newWorld(t)
	_, id := w.dialID()
	res, answer := w.manage("PUT", "/@connections/"+id, "x")
	equal(t, "status", res.StatusCode, 403)
	equal(t, "answer", answer, forbidden)
}

func TestAStageThatIsNotServedForbidsConnections(t *testing.T) {
	w := newWorld(t)
	w.change(func(s *apigw.Stage) { s.DisableExecuteAPIEndpoint = true })
	res, answer := w.manage("POST", "/@connections/AAAAAAAAAAAAAAA=", "x")
	equal(t, "status", res.StatusCode, 403)
	equal(t, "error type", res.Header.Get("X-Amzn-Errortype"), "ForbiddenException")
	equal(t, "answer", answer, forbidden)
}

func TestAConnectionIsGoneForAnotherStage(t *testing.T) {
	w := newWorld(t)
	conn, id := w.dialID()
	w.mu.Lock()
	other := w.stages[apiID+"/live"]
	other.Name = "test"
	w.stages[apiID+"/test"] = other
	other.Name, other.APIID = "live", "other"
	w.stages["other/live"] = other
	w.mu.Unlock()
	for _, stage := range []string{apiID + "/test", "other/live"} {
		res, err := http.Post(w.server.URL+PathPrefix+stage+"/@connections/"+id, "", strings.NewReader("x"))
		if err != nil {
			t.Fatal(err)
		}
		_ = res.Body.Close()
		equal(t, stage, res.StatusCode, 410)
	}
	w.manage("POST", "/@connections/"+id, "first")
	equal(t, "first message", w.read(conn), "first")
}

func TestWhoMayNotCallIsToldNothing(t *testing.T) {
	w := newWorld(t)
	conn, id := w.dialID()
	deny := func() {
		w.mu.Lock()
		defer w.mu.Unlock()
		w.denied = &http.Response{
			StatusCode: http.StatusForbidden, Header: http.Header{"X-Amzn-Errortype": {"AccessDeniedException"}, "Content-Type": {"application/json"}, "X-Other": {"1"}},
			Body: io.NopCloser(strings.NewReader(`{"Message":"no"}`)),
		}
	}
	for _, path := range []string{"/@connections/" + id, "/@connections/AAAAAAAAAAAAAAA=", "/@connections/X"} {
		deny()
		res, answer := w.manage("POST", path, "secret")
		equal(t, "status", res.StatusCode, 403)
		equal(t, "error type", res.Header.Get("X-Amzn-Errortype"), "AccessDeniedException")
		equal(t, "other header", res.Header.Get("X-Other"), "")
		equal(t, "answer", answer, `{"Message":"no"}`)
	}
	w.mu.Lock()
	w.denied = nil
	w.mu.Unlock()
	w.manage("POST", "/@connections/"+id, "allowed")
	equal(t, "first message", w.read(conn), "allowed")
}

// https://repost.aws/knowledge-center/410-gone-api-gateway: the connection is
// not established before $connect has succeeded.
func TestAConnectionIsGoneInsideItsOwnConnect(t *testing.T) {
	w := newWorld(t)
	status := 0
	w.play("connect", func(_ context.Context, payload string) (*lambda.Result, error) {
		res, _ := w.manage("POST", "/@connections/"+anyConnectionID.FindStringSubmatch(payload)[1], "x")
		status = res.StatusCode
		return &lambda.Result{Payload: []byte(`{"statusCode":200}`)}, nil
	})
	_, id := w.dialID()
	equal(t, "inside", status, 410)
	res, _ := w.manage("POST", "/@connections/"+id, "x")
	equal(t, "afterwards", res.StatusCode, 200)
}

// A client that knows that it is connected can be reached: otherwise whoever
// posts to it at once would take it for gone.
func TestAConnectionCanBeReachedFromItsFirstMoment(t *testing.T) {
	w := newWorld(t)
	for range 50 {
		conn, id := w.dialID()
		if res, _ := w.manage("POST", "/@connections/"+id, "hello"); res.StatusCode != http.StatusOK {
			t.Fatalf("got %d", res.StatusCode)
		}
		equal(t, "message", w.read(conn), "hello")
		_ = conn.CloseNow()
	}
}

func TestPostsOfManyAtOnceArriveWhole(t *testing.T) {
	w := newWorld(t)
	conn, id := w.dialID()
	var posts sync.WaitGroup
	for i := range 20 {
		posts.Go(func() { w.manage("POST", "/@connections/"+id, strings.Repeat(string(rune('a'+i)), 40_000)) })
	}
	for range 20 {
		message := w.read(conn)
		if message != strings.Repeat(message[:1], 40_000) {
			t.Error("two messages are mixed")
		}
	}
	posts.Wait()
}

func TestAClientThatDoesNotReadIsCutOff(t *testing.T) {
	w := newWorld(t)
	w.gateway.writeTimeout = 50 * time.Millisecond
	r := w.rawDial("")
	id := anyConnectionID.FindStringSubmatch(w.payload("connect", 1))[1]
	status, kind := 200, ""
	for i := 0; status == 200 && i < 1000; i++ { // until the buffers of both ends are full
		res, _ := w.manage("POST", "/@connections/"+id, strings.Repeat("x", maxMessage))
		status, kind = res.StatusCode, res.Header.Get("X-Amzn-Errortype")
	}
	equal(t, "status", status, 429)
	equal(t, "error type", kind, "LimitExceededException")
	code, _ := w.ended()
	equal(t, "code", code, 1006)
	res, _ := w.manage("POST", "/@connections/"+id, "x")
	equal(t, "afterwards", res.StatusCode, 410)
	_ = r.net.Close()
}

// DELETE does not wait long behind a post that nobody reads.
func TestAClientThatDoesNotReadCanBeClosed(t *testing.T) {
	w := newWorld(t)
	w.gateway.writeTimeout, w.gateway.closeHandshake = time.Minute, 20*time.Millisecond
	w.rawDial("")
	id := anyConnectionID.FindStringSubmatch(w.payload("connect", 1))[1]
	go func() {
		for status := 200; status == 200; {
			res, err := http.Post(w.server.URL+livePath+"/@connections/"+id, "", strings.NewReader(strings.Repeat("x", maxMessage)))
			if err != nil {
				return
			}
			status = res.StatusCode
			_ = res.Body.Close()
		}
	}()
	stuck := time.Now()
	w.eventually("a post is stuck", func() bool {
		w.gateway.mu.Lock()
		defer w.gateway.mu.Unlock()
		c := w.gateway.conns[id]
		if c.write.TryLock() {
			c.write.Unlock()
			stuck = time.Now()
		}
		return time.Since(stuck) > 20*time.Millisecond
	})
	res, _ := w.manage("DELETE", "/@connections/"+id, "")
	equal(t, "status", res.StatusCode, 204)
	code, _ := w.ended()
	equal(t, "code", code, 1000)
}

func TestAFrameThatIsSentIsNotMixedWithPongs(t *testing.T) {
	w := newWorld(t)
	r := w.rawDial("")
	id := anyConnectionID.FindStringSubmatch(w.payload("connect", 1))[1]
	var posts sync.WaitGroup
	posts.Go(func() {
		for range 20 {
			w.manage("POST", "/@connections/"+id, strings.Repeat("x", 40_000))
		}
	})
	for range 20 {
		r.frames(masked(ws.OpPing, true, "p"))
	}
	pongs, texts := 0, 0
	for pongs < 20 || texts < 20 {
		switch f := r.next(); {
		case f.Header.OpCode == ws.OpPong:
			pongs++
		case f.Header.Fin:
			texts++
		}
	}
	posts.Wait()
}

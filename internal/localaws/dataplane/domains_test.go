package dataplane

import (
	"context"
	"io"
	"net/http"
	"strings"
	"testing"

	"github.com/coder/websocket"

	"github.com/portcullis-chat/portcullis/internal/localaws/apigw"
)

// by makes a request of a path by a name, and returns status and body.
func (w *world) by(name, method, path, body string) (int, string) {
	w.Helper()
	r, err := http.NewRequestWithContext(w.Context(), method, w.server.URL+path, strings.NewReader(body))
	if err != nil {
		w.Fatal(err)
	}
	r.Host = name
	res, err := http.DefaultClient.Do(r)
	if err != nil {
		w.Fatal(err)
	}
	defer res.Body.Close()
	answer, err := io.ReadAll(res.Body)
	if err != nil {
		w.Fatal(err)
	}
	return res.StatusCode, string(answer)
}

// dialBy makes a connection by a name; the status is that of a refusal.
func (w *world) dialBy(name, path string) (*websocket.Conn, int) {
	w.Helper()
	ctx, cancel := context.WithTimeout(w.Context(), patience)
	defer cancel()
	conn, res, err := websocket.Dial(ctx, strings.Replace(w.server.URL, "http:", "ws:", 1)+path, &websocket.DialOptions{Host: name})
	if err != nil && res == nil {
		w.Fatal(err)
	}
	if err != nil {
		return nil, res.StatusCode
	}
	w.Cleanup(func() { _ = conn.CloseNow() })
	return conn, 0
}

func TestACustomDomainNameLeadsToItsStage(t *testing.T) {
	for _, name := range []string{"ws.example.com", "WS.Example.com", "ws.example.com:4566"} {
		t.Run(name, func(t *testing.T) {
			w := newWorld(t)
			w.change(func(s *apigw.Stage) { s.DisableExecuteAPIEndpoint = true })
			conn, refused := w.dialBy(name, "/chat?room=lobby")
			if conn == nil {
				t.Fatalf("status %d", refused)
			}
			for function, want := range map[string]string{"authorizer": `"domainName":"ws.example.com"`, "connect": `"domainName":"ws.example.com"`} {
				if payload := w.payload(function, 1); !strings.Contains(payload, want) || !strings.Contains(payload, `"Host":"`+name+`"`) {
					t.Errorf("%s got %s", function, payload)
				}
			}
			if err := conn.Write(t.Context(), websocket.MessageText, []byte("x")); err != nil {
				t.Fatal(err)
			}
			if payload := w.payload("fallback", 1); !strings.Contains(payload, `"domainName":"ws.example.com"`) {
				t.Errorf("message: %s", payload)
			}
			id := anyConnectionID.FindStringSubmatch(w.payload("connect", 1))[1]
			if status, body := w.by(name, "POST", "/chat/@connections/"+id, "hello"); status != http.StatusOK {
				t.Errorf("a post by the domain name: %d %s", status, body)
			}
			if status, _ := w.by("127.0.0.1", "POST", livePath+"/@connections/"+id, "hello"); status != http.StatusForbidden {
				t.Errorf("a post by the disabled default endpoint: %d", status)
			}
			if status, _ := w.by(name, "DELETE", "/chat/%40connections/"+strings.Replace(id, "=", "%3D", 1), ""); status != http.StatusNoContent {
				t.Errorf("a delete by the domain name: %d", status)
			}
			if payload := w.payload("disconnect", 1); !strings.Contains(payload, `"headers":{"Host":"ws.example.com"`) {
				t.Errorf("disconnect: %s", payload)
			}
			if _, refused := w.dialBy("127.0.0.1", livePath); refused != http.StatusForbidden {
				t.Errorf("the disabled default endpoint: status %d", refused)
			}
		})
	}
}

func TestACustomDomainNameOpensNothingElse(t *testing.T) {
	w := newWorld(t)
	for path, want := range map[string]int{
		"/":                           http.StatusForbidden,
		"/other":                      http.StatusForbidden,
		"/chat/below":                 http.StatusForbidden,
		"/chats":                      http.StatusForbidden,
		livePath:                      http.StatusForbidden,
		"/live/@connections/AAAAAAA=": http.StatusForbidden,
		"/chat":                       http.StatusUpgradeRequired,
	} {
		if status, body := w.by("ws.example.com", "GET", path, ""); status != want {
			t.Errorf("%s: %d %s, want %d", path, status, body, want)
		}
	}
	w.change(func(s *apigw.Stage) { s.Deployment = nil })
	if _, refused := w.dialBy("ws.example.com", "/chat"); refused != http.StatusForbidden {
		t.Errorf("a stage without a deployment: status %d", refused)
	}
}

func TestHostName(t *testing.T) {
	for host, want := range map[string]string{
		"ws.example.com": "ws.example.com", "WS.example.com:80": "ws.example.com", "[::1]:80": "::1", "": "", "127.0.0.1:1": "127.0.0.1",
	} {
		equal(t, host, HostName(host), want)
	}
}

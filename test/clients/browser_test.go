package clients_test

import (
	"context"
	_ "embed"
	"encoding/json"
	"fmt"
	"maps"
	"net/http"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/chromedp/cdproto/network"
	"github.com/chromedp/cdproto/runtime"
	"github.com/chromedp/chromedp"

	"github.com/portcullis-chat/portcullis/internal/protocol"
	"github.com/portcullis-chat/portcullis/test/internal/chromium"
)

//go:embed page.html
var page []byte

// sandboxed is the path at which the page has an opaque origin.
const sandboxed = "/sandboxed"

// pages is a web site with one page, which opens WebSockets as it is told.
var pages = http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
	if r.URL.Path == sandboxed {
		w.Header().Set("Content-Security-Policy", "sandbox allow-scripts")
	}
	w.Header().Set("Content-Type", "text/html; charset=utf-8")
	_, _ = w.Write(page)
})

// tab is a page in Chromium, and what it said to servers.
type tab struct {
	library
	handshakes chan handshake
}

// handshake is one of a page's, as Chromium's developer tools report it.
type handshake struct {
	request  network.Headers
	response *network.WebSocketResponse // nil when there was none
	failure  string
}

// newTab opens a page.
func newTab(t *testing.T, browser context.Context, url string) *tab {
	t.Helper()
	ctx, cancel := chromedp.NewContext(browser)
	t.Cleanup(cancel)
	p := &tab{handshakes: make(chan handshake, 256)}
	open := map[network.RequestID]*handshake{}
	of := func(id network.RequestID) *handshake {
		if open[id] == nil {
			open[id] = &handshake{}
		}
		return open[id]
	}
	err := chromedp.Listen(ctx, func(e any) {
		switch e := e.(type) {
		case *runtime.EventBindingCalled:
			p.heard([]byte(e.Payload))
		case *network.EventWebSocketWillSendHandshakeRequest:
			of(e.RequestID).request = e.Request.Headers
		case *network.EventWebSocketHandshakeResponseReceived:
			of(e.RequestID).response = e.Response
		case *network.EventWebSocketFrameError:
			of(e.RequestID).failure = e.ErrorMessage
		case *network.EventWebSocketClosed:
			p.handshakes <- *of(e.RequestID)
		}
	})
	if err != nil {
		t.Fatal(err)
	}
	if _, err := chromedp.Call(ctx, network.Enable, network.EnableParams{}); err != nil {
		t.Fatal(err)
	}
	if _, err := chromedp.Call(ctx, runtime.AddBinding, runtime.AddBindingParams{Name: "report"}); err != nil {
		t.Fatal(err)
	}
	if err := chromedp.Do(ctx, chromedp.Navigate(url)); err != nil {
		t.Fatal(err)
	}
	p.do = func(t *testing.T, c command) {
		t.Helper()
		data, err := json.Marshal(c)
		if err != nil {
			t.Fatal(err)
		}
		argument, err := json.Marshal(string(data)) // a literal of JavaScript too
		if err != nil {
			t.Fatal(err)
		}
		if err := chromedp.Do(ctx, chromedp.Evaluate[chromedp.Void](fmt.Sprintf("drive(%s)", argument))); err != nil {
			t.Fatal(err)
		}
	}
	return p
}

// refused opens a connection that must not open and returns the handshake.
func (p *tab) refused(t *testing.T, room string, subprotocols ...string) handshake {
	t.Helper()
	// A page is not told why (WHATWG WebSockets, "fail the WebSocket connection").
	if e := p.open(t, room, nil, subprotocols...).next(t, "refused"); e.Code != 1006 || e.Reason != "" {
		t.Fatalf("the page is told %d %q", e.Code, e.Reason)
	}
	return p.handshake(t)
}

// handshake returns the handshake of a connection that has ended.
func (p *tab) handshake(t *testing.T) handshake {
	t.Helper()
	select {
	case h := <-p.handshakes:
		return h
	case <-time.After(wait):
		t.Fatal("no handshake")
	}
	return handshake{}
}

// A page sends no headers of its own: what works in a terminal fails in a browser
// (yai333/React-Chat-App-using-AWS-API-Gateway-Websocket-and-Serverless-Framework
// issue 7), unless the token has another way.
func TestChromium(t *testing.T) {
	browser := chromium.Start(t)
	home := newTab(t, browser, allowed.URL)
	home.conversations(t)

	t.Run("its offer of compression is left out of the answer, and so is the token", func(t *testing.T) {
		for len(home.handshakes) > 0 {
			<-home.handshakes // of the conversations
		}
		c := home.join(t, newRoom(), alice.Access)
		c.tell(t, command{Do: "close", Code: 1000})
		c.closed(t, 1000)
		h := home.handshake(t)
		if h.request["Sec-WebSocket-Extensions"] == nil || h.request["Origin"] != allowed.URL {
			t.Fatalf("Chromium asked with %v", slices.Sorted(maps.Keys(h.request)))
		}
		if h.response.Headers["Sec-WebSocket-Extensions"] != nil || h.response.Headers["Sec-WebSocket-Protocol"] != protocol.Subprotocol {
			t.Errorf("the answer has extensions %v and subprotocol %v", h.response.Headers["Sec-WebSocket-Extensions"], h.response.Headers["Sec-WebSocket-Protocol"])
		}
		for name, value := range h.response.Headers {
			if strings.Contains(fmt.Sprint(value), alice.Access) {
				t.Errorf("the answer has the token in %s", name)
			}
		}
	})

	asAlice := []string{protocol.Subprotocol, protocol.BearerPrefix + alice.Access}
	for name, c := range map[string]struct {
		page    string
		offer   []string
		failure string // in Chromium's words
	}{
		"without a token":                    {allowed.URL, asAlice[:1], "HTTP Authentication failed; no valid credentials available"},
		"of a page of another origin":        {foreign.URL, asAlice, "Unexpected response code: 403"},
		"of a page without an origin":        {allowed.URL + sandboxed, asAlice, "Unexpected response code: 403"},
		"of an allowed page by another name": {strings.Replace(allowed.URL, "127.0.0.1", "localhost", 1), asAlice, "Unexpected response code: 403"},
	} {
		t.Run("a handshake "+name+" is refused", func(t *testing.T) {
			h := newTab(t, browser, c.page).refused(t, newRoom(), c.offer...)
			if !strings.HasSuffix(h.failure, c.failure) {
				t.Errorf("Chromium says %q, want %s", h.failure, c.failure)
			}
		})
	}
}

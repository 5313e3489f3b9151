package web_test

import (
	"context"
	"fmt"
	"net/url"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/portcullis-chat/portcullis/internal/protocol"
	"github.com/portcullis-chat/portcullis/test/internal/chromium"
)

// What pages show.
const (
	connected = `document.querySelector('#state').dataset.state === 'open'`
	texts     = `[...document.querySelectorAll('.message .text')].map((e) => e.textContent)`
)

// enter opens the site in a window of its own, signs in and enters the room ops.
func (w *world) enter(t *testing.T, browser context.Context, user string) *chromium.Page {
	t.Helper()
	w.provider.set(func(p *provider) { p.user = user })
	p := chromium.Open(t, browser, w.site.URL+"/#ops")
	signInFrom(p)
	p.Until(connected)
	return p
}

// signInFrom goes from the first page to the issuer's.
func signInFrom(p *chromium.Page) {
	p.Helper()
	p.Until(`!document.querySelector('#sign-in').hidden`)
	p.Click("#sign-in")
}

// say writes a message and sends it.
func say(p *chromium.Page, text string) {
	p.Helper()
	p.Click("#text")
	p.Type(text + "\r")
}

// shows waits until a page shows a text as the last part of a message.
func shows(p *chromium.Page, text string) {
	p.Helper()
	p.Until(fmt.Sprintf(`%s.includes(%q)`, texts, text))
}

// unharmed fails if the browser has complained about something.
func unharmed(p *chromium.Page) {
	p.Helper()
	// The pool's page to sign in has no icon.
	problems := slices.DeleteFunc(p.Problems(), func(s string) bool { return strings.HasSuffix(s, "/favicon.ico") })
	if len(problems) > 0 {
		p.Errorf("the browser complains:\n%s", strings.Join(problems, "\n"))
	}
}

func TestClient(t *testing.T) {
	t.Parallel()
	browser := chromium.Start(t)

	t.Run("signs in without leaving a trace of the token", func(t *testing.T) {
		w := newWorld(t)
		p := w.enter(t, browser, "alice")
		var authorize url.Values
		var given, rooms []string
		w.provider.set(func(p *provider) { authorize, given = p.asked["/authorize"][0], p.given })
		w.room.with(func() { rooms = w.room.asked })
		for name, want := range map[string]string{"response_type": "code", "code_challenge_method": "S256", "redirect_uri": w.site.URL + "/", "scope": "openid"} {
			if got := authorize.Get(name); got != want {
				t.Errorf("%s is %q, want %q", name, got, want)
			}
		}
		for _, name := range []string{"state", "nonce", "code_challenge"} {
			if len(authorize.Get(name)) != 43 {
				t.Errorf("%s has not 256 bits: %q", name, authorize.Get(name))
			}
		}
		if at := chromium.Eval[string](p, "location.href"); at != w.site.URL+"/#ops" {
			t.Errorf("the address is %s", at)
		}
		kept := chromium.Eval[string](p, "JSON.stringify([Object.entries(sessionStorage), Object.entries(localStorage), document.cookie, history.state])")
		if kept != `[[["portcullis.signed-in",""]],[],"",null]` {
			t.Errorf("kept: %s", kept)
		}
		for _, token := range given {
			for _, address := range p.Requests() {
				if strings.Contains(address, token) {
					t.Errorf("a token is in the address %s", address)
				}
			}
		}
		if !slices.Equal(rooms, []string{"/live?room=ops"}) {
			t.Errorf("the chat was asked for %v", rooms)
		}
		unharmed(p)
	})

	t.Run("believes no answer that it did not ask for", func(t *testing.T) {
		w := newWorld(t)
		p := chromium.Open(t, browser, w.site.URL+"/?code=stolen&state=forged#ops")
		p.Until(`document.querySelector('#start-problem').textContent.includes('not begun here')`)
		if at := chromium.Eval[string](p, "location.href"); strings.Contains(at, "stolen") {
			t.Errorf("the code is still in the address: %s", at)
		}
		// Also in the middle of a sign-in of one's own.
		p.Do(`sessionStorage.setItem('portcullis.trip', JSON.stringify({state: 'mine', nonce: 'n', verifier: 'v', hash: '#ops'}))`)
		p.Go(w.site.URL + "/?code=stolen&state=forged")
		p.Until(`document.querySelector('#start-problem').textContent.includes('not begun here')`)
		if w.provider.times("/token") != 0 {
			t.Error("the code was sent to the issuer")
		}
		w.provider.set(func(p *provider) { p.nonce = "another" })
		p.Click("#sign-in")
		p.Until(`document.querySelector('#start-problem').textContent.includes('does not belong to this sign-in')`)
	})

	t.Run("two windows talk", func(t *testing.T) {
		w := newWorld(t)
		alice, bob := w.enter(t, browser, "alice"), w.enter(t, browser, "bob")
		say(alice, "hello, <b>Bob</b> & co: https://example.com/")
		shows(bob, "hello, <b>Bob</b> & co: https://example.com/")
		shows(alice, "hello, <b>Bob</b> & co: https://example.com/")
		say(bob, "hello, Alice")
		shows(alice, "hello, Alice")
		link := chromium.Eval[[]string](bob, `(([a]) => [a.href, a.rel, a.target, a.referrerPolicy])(document.querySelectorAll('.text a'))`)
		if strings.Join(link, " ") != "https://example.com/ noopener noreferrer nofollow _blank no-referrer" {
			t.Errorf("the link is %v", link)
		}
		if heard := chromium.Eval[string](alice, `document.querySelector('#heard').textContent`); heard != "bob: hello, Alice" {
			t.Errorf("a screen reader hears %q", heard)
		}
		alice.Click("#members-open")
		alice.Until(`document.querySelectorAll('#members-list li').length === 2`)
		alice.Click("#members-close")
		unharmed(alice)
		unharmed(bob)
	})

	t.Run("goes from room to room by the address", func(t *testing.T) {
		w := newWorld(t)
		p := w.enter(t, browser, "alice")
		p.Do(`location.hash = 'dev'`)
		p.Until(connected + ` && document.querySelector('#room-name').textContent === 'dev'`)
		eventually(t, "one socket", func() bool { open, opened := w.room.state(); return open == 1 && opened == 2 })
		p.Click("#leave")
		p.Until(`!document.querySelector('#join').hidden`)
		eventually(t, "no socket", func() bool { open, _ := w.room.state(); return open == 0 })
		p.Type("No Room\r")
		p.Until(`document.querySelector('#start-problem').textContent.includes('small letters')`)
		p.Do(`document.querySelector('#room').value = ''`)
		p.Type("ops\r")
		p.Until(connected + ` && document.querySelector('#room-name').textContent === 'ops'`)
		p.Do(`history.go(-2)`)
		p.Until(connected + ` && document.querySelector('#room-name').textContent === 'dev'`)
		unharmed(p)
	})

	t.Run("renews its token by a second connection", func(t *testing.T) {
		w := newWorld(t)
		w.provider.set(func(p *provider) { p.valid = 8 * time.Second })
		p := w.enter(t, browser, "alice")
		most := 0
		eventually(t, "a second and a third connection", func() bool {
			open, opened := w.room.state()
			most = max(most, open)
			return opened >= 3
		})
		if most < 2 {
			t.Errorf("the old connection was left before the new one was there")
		}
		if state := chromium.Eval[bool](p, connected); !state {
			t.Error("the connection was lost meanwhile")
		}
		say(p, "still here")
		shows(p, "still here")
		unharmed(p)
	})

	t.Run("says so when the sign-in has ended", func(t *testing.T) {
		w := newWorld(t)
		p := w.enter(t, browser, "alice")
		w.provider.set(func(p *provider) { p.refuses = true })
		w.room.with(func() {
			w.room.answer = func(s *socket, _ protocol.SendMessage) bool {
				s.send(protocol.Error{Type: protocol.TypeError, Code: protocol.CodeTokenExpired})
				return true
			}
		})
		say(p, "too late")
		p.Until(`document.querySelector('#banner').textContent.includes('Your sign-in has ended')`)
		p.Until(`document.querySelector('.failed .fate').textContent.includes('It was not sent')`)
		w.room.with(func() { w.room.answer = nil })
		p.Click("#banner button")
		p.Until(connected)
	})

	t.Run("comes back after a cut, and misses nothing", func(t *testing.T) {
		w := newWorld(t)
		p := w.enter(t, browser, "alice")
		say(p, "before")
		shows(p, "before")
		w.room.with(func() {
			for i := range 120 {
				w.room.storeAt(time.Now().Add(time.Duration(i)*time.Millisecond), "bob", "ops", "", fmt.Sprintf("missed %d", i))
			}
		})
		w.room.cut()
		p.Until(texts + `.length === 121`)
		got := chromium.Eval[[]string](p, texts)
		for i, text := range got[1:] {
			if text != fmt.Sprintf("missed %d", i) {
				t.Fatalf("message %d is %q", i+1, text)
			}
		}
		p.Until(connected + ` && document.querySelector('#banner').hidden`)
	})

	t.Run("sends again what was not acknowledged, once", func(t *testing.T) {
		w := newWorld(t)
		p := w.enter(t, browser, "alice")
		w.room.with(func() {
			w.room.answer = func(s *socket, m protocol.SendMessage) bool { // stores it, and dies
				w.room.store(s.user, s.room, m.ClientID, escape(m.Text))
				w.room.answer = nil
				_ = s.conn.CloseNow()
				return true
			}
		})
		say(p, "once only")
		p.Until(connected + ` && document.querySelectorAll('.message').length === 1 && !document.querySelector('.sending')`)
		w.room.mu.Lock()
		stored := len(w.room.messages)
		w.room.mu.Unlock()
		if stored != 1 {
			t.Errorf("stored %d times", stored)
		}
	})

	t.Run("waits when there were too many, and says so", func(t *testing.T) {
		w := newWorld(t)
		p := w.enter(t, browser, "alice")
		w.room.with(func() {
			w.room.answer = func(s *socket, m protocol.SendMessage) bool {
				w.room.answer = nil
				s.send(protocol.Error{Type: protocol.TypeError, Code: protocol.CodeRateLimited, ClientID: m.ClientID, RetryAfterMS: 2000})
				return true
			}
		})
		say(p, "slowly")
		p.Until(`document.querySelector('.waiting .fate').textContent === 'Too many messages at once. It will be sent again.'`)
		p.Until(`document.querySelectorAll('.message').length === 1 && !document.querySelector('.waiting, .sending')`)
		unharmed(p)
	})

	t.Run("keeps what was refused, to be sent again or given up", func(t *testing.T) {
		w := newWorld(t)
		p := w.enter(t, browser, "alice")
		refuse := func(s *socket, m protocol.SendMessage) bool {
			s.send(protocol.Error{Type: protocol.TypeError, Code: protocol.CodeBadRequest, ClientID: m.ClientID})
			return true
		}
		w.room.with(func() { w.room.answer = refuse })
		say(p, "one")
		p.Until(`document.querySelector('.failed .fate').textContent.includes('The server refuses this.')`)
		w.room.with(func() { w.room.answer = nil })
		p.Click(".failed .fate button")
		p.Until(`document.querySelectorAll('.message').length === 1 && !document.querySelector('.failed, .sending')`)
		w.room.with(func() { w.room.answer = refuse })
		say(p, "two")
		p.Until(`document.querySelector('.failed')`)
		p.Click(".failed .fate button:last-of-type")
		p.Until(`document.querySelectorAll('.message').length === 1`)
	})

	t.Run("closes the way to write where one may only read", func(t *testing.T) {
		w := newWorld(t)
		p := w.enter(t, browser, "alice")
		w.room.with(func() {
			w.room.answer = func(s *socket, m protocol.SendMessage) bool {
				s.send(protocol.Error{Type: protocol.TypeError, Code: protocol.CodeForbidden, ClientID: m.ClientID})
				return true
			}
		})
		say(p, "may I?")
		p.Until(`document.querySelector('#text').disabled && document.querySelector('.failed .fate').textContent.includes('You may read in this room, but not write.')`)
	})

	t.Run("reads older messages while one scrolls up, with days between", func(t *testing.T) {
		w := newWorld(t)
		begin := time.Now().Add(-72 * time.Hour)
		w.room.with(func() {
			for i := range 400 {
				w.room.storeAt(begin.Add(time.Duration(i)*10*time.Minute), "bob", "ops", "", fmt.Sprintf("old %d", i))
			}
		})
		p := w.enter(t, browser, "alice")
		shows(p, "old 399")
		if n := chromium.Eval[int](p, texts+".length"); n >= 300 {
			t.Fatalf("%d messages at first", n)
		}
		if !chromium.Eval[bool](p, `(e => e.scrollHeight - e.scrollTop - e.clientHeight < 2)(document.querySelector('#scroll'))`) {
			t.Error("the newest message is not in view")
		}
		for range 20 {
			if chromium.Eval[bool](p, `document.querySelector('#older').textContent === 'The room begins here.'`) {
				break
			}
			before := chromium.Eval[int](p, texts+".length")
			p.Do(`document.querySelector('#scroll').scrollTop = 0`)
			p.Until(fmt.Sprintf(`%s.length > %d || document.querySelector('#older').textContent === 'The room begins here.'`, texts, before))
		}
		got := chromium.Eval[[]string](p, texts)
		if len(got) != 400 {
			t.Fatalf("%d messages", len(got))
		}
		for i, text := range got {
			if text != fmt.Sprintf("old %d", i) {
				t.Fatalf("message %d is %q", i, text)
			}
		}
		days := map[string]bool{}
		for i := range 400 {
			days[begin.Add(time.Duration(i)*10*time.Minute).Format(time.DateOnly)] = true
		}
		if n := chromium.Eval[int](p, `document.querySelectorAll('.day').length`); n != len(days) {
			t.Errorf("%d days, want %d", n, len(days))
		}
		unharmed(p)
	})

	t.Run("marks what is unread, and goes there on a click", func(t *testing.T) {
		w := newWorld(t)
		w.room.with(func() {
			for i := range 60 {
				w.room.storeAt(time.Now().Add(time.Duration(i-60)*time.Second), "bob", "ops", "", fmt.Sprintf("line %d", i))
			}
		})
		alice, bob := w.enter(t, browser, "alice"), w.enter(t, browser, "bob")
		shows(alice, "line 59")
		alice.Do(`document.querySelector('#scroll').scrollTop = 0`)
		say(bob, "news")
		shows(alice, "news")
		alice.Until(`!document.querySelector('#newest').hidden && document.title.startsWith('(1) #ops')`)
		if !chromium.Eval[bool](alice, `document.querySelector('.unread').nextElementSibling.textContent.includes('news')`) {
			t.Error("the mark is elsewhere")
		}
		alice.Click("#newest")
		alice.Until(`document.querySelector('#newest').hidden && document.title.startsWith('#ops')`)
	})

	t.Run("counts bytes, and warns before it is refused", func(t *testing.T) {
		w := newWorld(t)
		p := w.enter(t, browser, "alice")
		p.Click("#text")
		p.Do(`document.execCommand('insertText', false, 'ä'.repeat(2048))`)
		p.Until(`document.querySelector('#counter').textContent === '4096 / 4096 bytes' && !document.querySelector('#send').disabled`)
		p.Do(`document.execCommand('insertText', false, '!')`)
		p.Until(`document.querySelector('#warning').textContent === '1 bytes too long to be sent.' && document.querySelector('#send').disabled`)
		p.Type("\r")
		if n := chromium.Eval[int](p, `document.querySelectorAll('.message').length`); n != 0 {
			t.Error("it was sent")
		}
	})

	t.Run("says what is wrong with the settings", func(t *testing.T) {
		w := newWorld(t)
		for says, change := range map[string]func(c *configuration){
			"url must begin with wss://":        func(c *configuration) { c.URL = "ws://chat.example.com/live" },
			"discovery must begin with https:/": func(c *configuration) { c.Discovery = "http://issuer.example.com/" },
			"another issuer":                    func(c *configuration) { c.Issuer = "https://elsewhere.example.com" },
			"cannot be found":                   func(c *configuration) { c.Discovery = w.room.URL + "/nothing" },
		} {
			c := w.config()
			change(&c)
			w.site.configure(t, c)
			p := chromium.Open(t, browser, w.site.URL)
			p.Until(fmt.Sprintf(`document.querySelector('#start-problem').textContent.includes(%q) && document.querySelector('#sign-in').hidden`, says))
		}
		w.site.config.Store(nil)
		p := chromium.Open(t, browser, w.site.URL)
		p.Until(`document.querySelector('#start-problem').textContent.includes('config.json is missing (404)')`)
	})

	t.Run("signs out, here and at the issuer", func(t *testing.T) {
		w := newWorld(t)
		p := w.enter(t, browser, "alice")
		p.Click("#sign-out")
		p.Until(`!document.querySelector('#sign-in').hidden`)
		eventually(t, "no socket", func() bool { open, _ := w.room.state(); return open == 0 })
		w.provider.mu.Lock()
		defer w.provider.mu.Unlock()
		if len(w.provider.tokens) != 0 || len(w.provider.asked["/logout"]) != 1 {
			t.Errorf("%d refresh tokens are left, logout was asked %d times", len(w.provider.tokens), len(w.provider.asked["/logout"]))
		}
		if kept := chromium.Eval[int](p, "sessionStorage.length"); kept != 0 {
			t.Errorf("%d things are kept", kept)
		}
	})

	t.Run("signs in again after a reload", func(t *testing.T) {
		w := newWorld(t)
		p := w.enter(t, browser, "alice")
		say(p, "kept")
		shows(p, "kept")
		p.Do(`location.reload()`)
		eventually(t, "a second sign-in", func() bool { return w.provider.times("/authorize") == 2 })
		p.Until(connected)
		shows(p, "kept")
	})
}

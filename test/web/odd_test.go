package web_test

import (
	"fmt"
	"net/url"
	"strings"
	"testing"

	"github.com/portcullis-chat/portcullis/test/internal/chromium"
)

// TestOddCircumstances: what issuers answer, browsers refuse and clocks say.
func TestOddCircumstances(t *testing.T) {
	t.Parallel()
	browser := chromium.Start(t)
	// problem waits for words on the first page, from which one can sign in.
	problem := func(p *chromium.Page, words string) {
		p.Helper()
		p.Until(fmt.Sprintf(`document.querySelector('#start-problem')?.textContent.includes(%q) && !document.querySelector('#sign-in').hidden`, words))
	}

	t.Run("an answer of the issuer's that is none is told, and the next one counts", func(t *testing.T) {
		w := newWorld(t)
		p := chromium.Open(t, browser, w.site.URL+"/#ops")
		for _, c := range []struct {
			says    string
			answers url.Values
			also    url.Values
		}{
			{"The sign-in was cancelled.", url.Values{"error": {"access_denied"}, "error_description": {"<b>no</b>"}}, nil},
			{"The sign-in did not work.", url.Values{"error": {"server_error"}}, nil},
			{"not begun here", url.Values{"error": {"access_denied"}, "state": {"another"}}, nil},
			{"Another issuer has answered.", nil, url.Values{"iss": {"https://elsewhere.example"}}},
			{"Your sign-in has ended.", url.Values{"code": {"never given"}}, nil},
			{"not begun here", nil, url.Values{"state": {"another"}}},
		} {
			w.provider.set(func(p *provider) { p.answers, p.also = c.answers, c.also })
			before := w.provider.times("/authorize")
			signInFrom(p)
			eventually(t, "a sign-in", func() bool { return w.provider.times("/authorize") > before })
			problem(p, c.says)
			if at := chromium.Eval[string](p, `location.href + JSON.stringify(Object.keys(sessionStorage))`); strings.Contains(at, "?") || !strings.HasSuffix(at, "[]") {
				t.Errorf("%s: left are %s", c.says, at)
			}
		}
		if open, opened := w.room.state(); open+opened != 0 {
			t.Errorf("%d connections", opened)
		}
		w.provider.set(func(p *provider) { p.also = url.Values{"iss": {p.URL}} })
		p.Do(`location.hash = 'ops'`)
		signInFrom(p)
		p.Until(connected)
		// A code that has been used opens nothing.
		p.Go(w.site.URL + "/?code=used&state=x")
		problem(p, "not begun here")
	})

	t.Run("a browser that stores nothing is asked to", func(t *testing.T) {
		w := newWorld(t)
		p := chromium.Open(t, browser, "about:blank")
		p.Before(`Object.defineProperty(window, 'sessionStorage', {get() { throw new DOMException('denied', 'SecurityError'); }})`)
		p.Go(w.site.URL + "/?code=c&state=s#ops")
		problem(p, "The browser keeps nothing for this site")
		if at := chromium.Eval[string](p, `location.href`); strings.Contains(at, "code") {
			t.Errorf("the code is still in the address %s", at)
		}
		p.Click("#sign-in")
		problem(p, "The browser keeps nothing for this site")
		unharmed(p)
	})

	t.Run("what was kept and is not whole counts for nothing", func(t *testing.T) {
		w := newWorld(t)
		p := chromium.Open(t, browser, w.site.URL+"/")
		p.Until(`!document.querySelector('#sign-in').hidden`)
		for _, kept := range []string{"{", "null", `{"state":"","nonce":"","verifier":""}`} {
			p.Do(fmt.Sprintf(`sessionStorage.setItem('portcullis.trip', %q)`, kept))
			p.Go(w.site.URL + "/?code=stolen&state=")
			problem(p, "not begun here")
			if at := chromium.Eval[string](p, `location.href`); at != w.site.URL+"/" || w.provider.times("/token") != 0 {
				t.Errorf("%s: the address is %s, and the issuer was asked", kept, at)
			}
		}
		unharmed(p)
	})

	t.Run("a clock that is wrong is told, or does no harm", func(t *testing.T) {
		for hours, works := range map[int]bool{-3: true, 3: false} {
			w := newWorld(t)
			p := chromium.Open(t, browser, "about:blank")
			p.Before(fmt.Sprintf(`(() => { const now = Date.now; Date.now = () => now() + %d * 3600e3; })()`, hours))
			p.Go(w.site.URL + "/#ops")
			signInFrom(p)
			if !works {
				problem(p, "by this device's clock")
				continue
			}
			p.Until(connected)
			say(p, "in spite of the clock")
			shows(p, "in spite of the clock")
			p.Until(`document.querySelectorAll('.message').length === 1 && !document.querySelector('.sending')`)
			if n := w.provider.times("/token"); n != 1 {
				t.Errorf("%d tokens were asked for", n)
			}
		}
	})

	t.Run("who comes back by the browser's history is in the room again", func(t *testing.T) {
		w := newWorld(t)
		p := w.enter(t, browser, "alice")
		say(p, "before")
		shows(p, "before")
		p.Go(w.site.URL + "/icon.svg")
		eventually(t, "no socket", func() bool { open, _ := w.room.state(); return open == 0 })
		p.Do(`history.back()`)
		p.Until(`document.querySelector('#state') !== null && ` + connected)
		shows(p, "before")
		p.Do(`location.hash = 'toString'`)
		p.Until(`!document.querySelector('#join').hidden && document.querySelector('#start-problem').textContent.includes('names no room')`)
	})

	t.Run("one user in two tabs reads what the other says", func(t *testing.T) {
		w := newWorld(t)
		a, b := w.enter(t, browser, "alice"), w.enter(t, browser, "alice")
		say(a, "from the one")
		shows(b, "from the one")
		say(b, "from the other")
		shows(a, "from the other")
		if own := chromium.Eval[int](a, `document.querySelectorAll('.message.own').length`); own != 2 {
			t.Errorf("%d of two messages are one's own", own)
		}
		a.Click("#leave")
		b.Until(connected)
		unharmed(b)
	})
}

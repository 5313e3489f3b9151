package web_test

import (
	"fmt"
	"io"
	"log"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/chromedp/cdproto/browser"

	"github.com/portcullis-chat/portcullis/test/internal/chromium"
)

// limitOfFirstPaint bounds all that is received before somebody sees the page, in
// bytes, not compressed.
const limitOfFirstPaint = 60 << 10

// notes makes a page remember when it has asked for permission to notify, whether
// by a gesture, and what it has shown.
const notes = `(() => {
	const real = window.Notification;
	const kept = window.notes = {asked: [], shown: []};
	window.Notification = class extends real {
		constructor(title, options) {
			super(title, options);
			kept.shown.push([title, options.body, options.tag].join(' | '));
		}
		static requestPermission() {
			kept.asked.push(navigator.userActivation.isActive);
			return real.requestPermission();
		}
	};
})()`

// TestThePage looks at what a browser does with the site, and the site with what
// the browser tells it.
func TestThePage(t *testing.T) {
	t.Parallel()
	chrome := chromium.Start(t)

	t.Run("little is received before it is to be seen", func(t *testing.T) {
		w := newWorld(t)
		p := chromium.Open(t, chrome, w.site.URL)
		p.Until(`performance.getEntriesByName('first-contentful-paint').length === 1 && !document.querySelector('#sign-in').hidden`)
		received := p.Received()
		t.Logf("%d bytes before the first page is to be seen: %d requests", received, len(p.Requests()))
		if received > limitOfFirstPaint {
			t.Errorf("it is %d at most", limitOfFirstPaint)
		}
		for _, part := range []string{"/style.css", "/main.js", "/config.json", "openid-configuration"} {
			if !asks(p, part) {
				t.Errorf("%s is not among %v", part, p.Requests())
			}
		}
		for _, later := range []string{"room.js", "session.js", "feed.js", "fragment.js", "timeline.js"} {
			if asks(p, later) {
				t.Errorf("%s is fetched before anybody has signed in", later)
			}
		}
	})

	t.Run("where there is TLS nothing goes without it", func(t *testing.T) {
		w := newWorldBy(t, func(h http.Handler) *httptest.Server {
			s := httptest.NewUnstartedServer(h)
			s.Config.ErrorLog = log.New(io.Discard, "", 0) // of handshakes until the browser trusts the certificate
			s.StartTLS()
			return s
		})
		p := chromium.Open(t, chrome, "about:blank")
		p.TrustAnyCertificate()
		p.Go(w.site.URL + "/#ops")
		signInFrom(p)
		p.Until(connected)
		say(p, "see https://example.com/ and http://example.com/")
		shows(p, "see https://example.com/ and http://example.com/")
		p.Click("#members-open")
		p.Until(`document.querySelectorAll('#members-list li').length === 1`)
		for _, address := range p.Requests() {
			if !strings.HasPrefix(address, "https://") && !strings.HasPrefix(address, "wss://") && !strings.HasPrefix(address, "data:") {
				t.Errorf("it asks for %s", address)
			}
		}
		if !asks(p, "wss://") {
			t.Errorf("the chat is not among %v", p.Requests())
		}
		unharmed(p)

		// It would be seen.
		w.site.policy = ""
		p.Go(w.site.URL + "/icon.svg")
		p.Do(`fetch('http://example.com/').catch(() => 0)`)
		eventually(t, "mixed content", func() bool { return slices.Contains(p.Problems(), "mixed content: http://example.com/") })
	})

	t.Run("who is offline is told, and loses nothing", func(t *testing.T) {
		w := newWorld(t)
		p := w.enter(t, chrome, "alice")
		p.Online(false)
		p.Until(`!document.querySelector('#banner').hidden && document.querySelector('#banner').textContent.startsWith('You are offline.') && document.querySelector('#state').textContent === 'Offline'`)
		eventually(t, "no connection", func() bool { open, _ := w.room.state(); return open == 0 })
		say(p, "from the tunnel")
		p.Until(`document.querySelector('.message.sending')`)
		w.room.with(func() { w.room.store("bob", "ops", "", "said meanwhile") })
		if _, opened := w.room.state(); opened != 1 {
			t.Errorf("%d connections were opened", opened)
		}
		p.Online(true)
		p.Until(connected + ` && document.querySelector('#banner').hidden`)
		shows(p, "said meanwhile")
		p.Until(`document.querySelectorAll('.message').length === 2 && !document.querySelector('.sending')`)
		w.room.with(func() {
			if len(w.room.messages) != 2 {
				t.Errorf("%d messages are stored", len(w.room.messages))
			}
		})
	})

	t.Run("it notifies who asked for it, and nobody else", func(t *testing.T) {
		w := newWorld(t)
		p := chromium.Open(t, chrome, "about:blank")
		p.Before(notes)
		p.Permit(w.site.URL, browser.PermissionSettingDenied)
		p.Go(w.site.URL + "/#ops")
		signInFrom(p)
		p.Until(connected)
		said := 0
		// bob says something, of which the page hears.
		bob := func(html string) {
			t.Helper()
			said++
			w.room.with(func() {
				m := w.room.store("bob", "ops", "", html)
				for _, s := range w.room.sockets {
					s.send(m)
				}
			})
			p.Until(fmt.Sprintf(`document.querySelectorAll('.message').length === %d`, said))
		}
		noted := func(what string, asked []bool, shown ...string) {
			t.Helper()
			if got := chromium.Eval[[]bool](p, `notes.asked`); !slices.Equal(got, asked) {
				t.Errorf("%s: asked %v, want %v", what, got, asked)
			}
			if got := chromium.Eval[[]string](p, `notes.shown`); !slices.Equal(got, shown) {
				t.Errorf("%s: shown %q, want %q", what, got, shown)
			}
		}
		pressed := func(want string) {
			t.Helper()
			p.Until(fmt.Sprintf(`document.querySelector('#notify').getAttribute('aria-pressed') === %q`, want))
		}

		p.Hide()
		bob("unheard")
		noted("nobody has asked for anything", nil)
		p.Show()
		p.Click("#notify")
		p.Until(`document.querySelector('#banner').textContent.includes('does not let this site notify you')`)
		pressed("false")
		p.Do(`location.hash = 'dev'`)
		p.Until(connected + ` && document.querySelector('#room-name').textContent === 'dev'`)
		p.Do(`location.hash = 'ops'`)
		p.Until(connected + ` && document.querySelector('#room-name').textContent === 'ops' && document.querySelectorAll('.message').length === 1`)
		noted("the browser has refused, by a click", []bool{true})

		p.Permit(w.site.URL, browser.PermissionSettingGranted)
		p.Click("#notify")
		pressed("true")
		bob("in view")
		noted("the page is in view, and permission is there", []bool{true})
		p.Hide()
		bob("&lt;b&gt;hello&lt;/b&gt; " + strings.Repeat("x", 300))
		bob("again")
		first := "bob in ops | <b>hello</b> " + strings.Repeat("x", 200-len("<b>hello</b> ")) + " | portcullis-ops"
		noted("the page is hidden", []bool{true}, first, "bob in ops | again | portcullis-ops")

		// What came while there was no connection is not new to anybody's eyes.
		w.room.with(func() { w.room.storeAt(time.Now(), "bob", "ops", "", "missed") })
		said++
		w.room.cut()
		p.Until(connected + fmt.Sprintf(` && document.querySelectorAll('.message').length === %d`, said))
		noted("after a gap", []bool{true}, first, "bob in ops | again | portcullis-ops")
		p.Show()
		p.Click("#notify")
		pressed("false")
		p.Hide()
		bob("not any more")
		noted("it was switched off", []bool{true}, first, "bob in ops | again | portcullis-ops")
	})

	t.Run("what somebody writes does not turn what stands beside it", func(t *testing.T) {
		const override = "\u202e" // from right to left, until it is undone, which nothing does
		w := newWorld(t)
		w.room.with(func() {
			w.room.store("mallory", "ops", "", override+`<a href="https://example.com/" rel="noopener noreferrer nofollow">`+override+`moc.knab</a>`)
			w.room.messages[0].User.Name = override + "nimda"
		})
		p := w.enter(t, chrome, "alice")
		p.Until(`document.querySelectorAll('.message').length === 1`)
		for what, is := range map[string]string{
			"the time stands behind the name":          `document.querySelector('.message .name').getBoundingClientRect().right <= document.querySelector('.message time').getBoundingClientRect().left`,
			"the host of a link is read from the left": `(([node]) => at(node, 0) < at(node, 2) && at(node, 2) < at(node, node.length - 1))(document.querySelector('.message .leads').childNodes)`,
			"the time is read from the left":           `(([node]) => at(node, 0) < at(node, 1))(document.querySelector('.message time').childNodes)`,
		} {
			if !chromium.Eval[bool](p, `((at) => `+is+`)((node, i) => { const r = new Range(); r.setStart(node, i); r.setEnd(node, i + 1); return r.getBoundingClientRect().left; })`) {
				t.Errorf("it is not so: %s", what)
			}
		}
	})
}

package web_test

import (
	"context"
	"encoding/json"
	"fmt"
	"net/http"
	"net/http/httptest"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/portcullis-chat/portcullis/internal/protocol"
	"github.com/portcullis-chat/portcullis/test/internal/chromium"
)

// pictures is where each state of the client is to be seen after the tests.
const pictures = "../../bin/web"

// axe is the source of axe-core.
func axe(t *testing.T) string {
	t.Helper()
	source, err := os.ReadFile("../../web/node_modules/axe-core/axe.min.js")
	if _, missing := exec.LookPath("npm"); err != nil && missing != nil {
		t.Skip("NOT TESTED: accessibility by axe-core, for want of npm")
	}
	if err != nil {
		t.Fatalf("%v: scripts/web installs it", err)
	}
	return string(source)
}

// accessible fails if axe-core finds something in what a page shows.
func accessible(p *chromium.Page, axe, state string) {
	p.Helper()
	if !chromium.Eval[bool](p, `typeof axe === 'object'`) {
		p.Do("(() => {" + axe + "\n})()")
	}
	judged := chromium.Eval[struct {
		Passes     int      `json:"passes"`
		Violations []string `json:"violations"`
	}](p, `axe.run(document, {runOnly: ['wcag2a', 'wcag2aa', 'wcag21a', 'wcag21aa', 'wcag22aa', 'best-practice'], resultTypes: ['violations']})
		.then((r) => ({passes: r.passes.length, violations: r.violations.flatMap((v) => v.nodes.map((n) => v.id + ': ' + n.html.slice(0, 200) + ' ' + n.failureSummary))}))`)
	if judged.Passes <= 5 {
		p.Errorf("%s: axe-core looks at nothing", state)
	}
	for _, violation := range judged.Violations {
		p.Errorf("%s: %s", state, violation)
	}
}

// sizes are those of a phone, of a window at 400 % on a small screen, and of a
// desk.
var sizes = map[string][2]int64{"phone": {360, 740}, "zoomed": {320, 256}, "desk": {1280, 800}}

// look takes pictures of a state in all sizes, light and dark, and puts each
// before axe-core.
func look(p *chromium.Page, axe, state string) {
	p.Helper()
	for size, of := range sizes {
		for _, scheme := range []string{"light", "dark"} {
			p.Look(of[0], of[1], scheme)
			name := fmt.Sprintf("%s-%s-%s", state, size, scheme)
			// A change of colours may take a moment.
			p.Until(fmt.Sprintf(`innerWidth === %d && document.getAnimations().length === 0`, of[0]))
			p.Picture(filepath.Join(pictures, name+".png"))
			accessible(p, axe, name)
			if !chromium.Eval[bool](p, `document.documentElement.scrollWidth <= innerWidth`) {
				p.Errorf("%s: wider than the window", name)
			}
		}
	}
	p.Look(1280, 800, "light")
}

// conversation puts what people say into the room ops.
func (w *world) conversation() {
	begin := time.Now().Add(-26 * time.Hour)
	w.room.with(func() {
		for i, said := range []struct{ user, html string }{
			{"bob", "Good morning. The new gateway is up since six."},
			{"alice", "Thank you! I have read the report: <b>no findings</b>."},
			{"chioma", `It is at <a href="https://example.com/report" rel="noopener noreferrer nofollow">the usual place</a>, and the raw numbers are at https://example.com/raw.`},
			{"noor", "صباح الخير، كل شيء يعمل كما ينبغي"},
			{"bob", "<pre>p50  38 ms\np99 112 ms</pre>"},
			{"bob", "Better than last week."},
			{"alice", "Then we can open it to everybody &#34;at noon&#34;."},
		} {
			w.room.storeAt(begin.Add(time.Duration(i)*4*time.Hour), said.user, "ops", "", said.html)
		}
	})
}

func TestLooks(t *testing.T) {
	t.Parallel()
	source := axe(t)
	if err := os.MkdirAll(pictures, 0o750); err != nil {
		t.Fatal(err)
	}
	browser := chromium.Start(t)

	t.Run("each state is accessible, in all sizes and colours", func(t *testing.T) {
		w := newWorld(t)
		w.conversation()
		p := chromium.Open(t, browser, w.site.URL+"/#ops")
		p.Until(`!document.querySelector('#sign-in').hidden`)
		look(p, source, "sign-in")
		p.Click("#sign-in")
		p.Until(connected + ` && ` + texts + `.length === 7`)
		look(p, source, "room")
		p.Click("#members-open")
		p.Until(`document.querySelectorAll('#members-list li').length === 1`)
		look(p, source, "members")
		p.Click("#members-close")

		w.room.with(func() {
			w.room.answer = func(s *socket, m protocol.SendMessage) bool {
				s.send(protocol.Error{Type: protocol.TypeError, Code: protocol.CodeBadRequest, ClientID: m.ClientID})
				return true
			}
		})
		say(p, "This one is refused.")
		p.Until(`document.querySelector('.failed')`)
		p.Click("#text")
		p.Do(`document.execCommand('insertText', false, 'too long '.repeat(500))`)
		look(p, source, "refused")
		w.provider.set(func(p *provider) { p.refuses = true })
		w.room.with(func() {
			w.room.answer = func(s *socket, _ protocol.SendMessage) bool {
				s.send(protocol.Error{Type: protocol.TypeError, Code: protocol.CodeTokenExpired})
				return true
			}
		})
		p.Do(`document.querySelector('#text').value = ''`)
		say(p, "And this one comes too late.")
		p.Until(`document.querySelector('#banner button')`)
		look(p, source, "ended")
		p.Do(`location.hash = ''`)
		p.Until(`!document.querySelector('#join').hidden`)
		p.Type("No Room\r")
		look(p, source, "join")

		p.Do(`document.documentElement.dir = 'rtl'`)
		look(p, source, "join-rtl")
		p.Go(w.site.URL + "/404.html")
		look(p, source, "not-found")
	})

	t.Run("from right to left", func(t *testing.T) {
		w := newWorld(t)
		w.conversation()
		p := w.enter(t, browser, "alice")
		p.Do(`document.documentElement.dir = 'rtl'`)
		look(p, source, "room-rtl")
		dir := chromium.Eval[string](p, `getComputedStyle([...document.querySelectorAll('.message .text')].find((e) => e.textContent.startsWith('صباح'))).direction`)
		p.Do(`document.documentElement.dir = 'ltr'`)
		if dir != "rtl" {
			t.Errorf("Arabic runs %s", dir)
		}
	})

	t.Run("by keyboard alone", func(t *testing.T) {
		w := newWorld(t)
		w.conversation()
		p := chromium.Open(t, browser, w.site.URL+"/")
		p.Until(`document.activeElement.id === 'sign-in'`)
		p.Type("\r")
		p.Until(`document.activeElement.id === 'room'`)
		p.Type("ops\r")
		p.Until(connected + ` && document.activeElement.id === 'text'`)
		p.Type("typed\r")
		shows(p, "typed")
		p.Do(`(() => { document.activeElement.blur(); getSelection().removeAllRanges(); return true; })()`)
		var order []string
		for range 10 {
			p.Type("\t")
			order = append(order, chromium.Eval[string](p, `document.activeElement.id || document.activeElement.tagName`))
			visible := chromium.Eval[bool](p, `document.activeElement === document.body || getComputedStyle(document.activeElement).outlineStyle !== 'none'`)
			if !visible {
				t.Errorf("it is not to be seen that %s has the focus", order[len(order)-1])
			}
		}
		want := []string{"members-open", "notify", "leave", "sign-out", "scroll", "A", "A", "text"}
		order = slices.DeleteFunc(order, func(id string) bool { return id == "BODY" }) // past the end
		if len(order) < len(want) || !slices.Equal(order[:len(want)], want) {
			t.Errorf("the focus goes %v, want %v", order, want)
		}
		p.Do(`document.querySelector('#members-open').focus()`)
		p.Type("\r")
		p.Until(`document.querySelector('#members').open && document.querySelector('#members').contains(document.activeElement)`)
		p.Type("\x1b")
		p.Until(`!document.querySelector('#members').open && document.activeElement.id === 'members-open'`)
	})
}

// attack is a site that shows another in a frame.
func attack(t *testing.T, target string) *httptest.Server {
	s := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Type", "text/html")
		_, _ = fmt.Fprintf(w, `<!doctype html><title>attack</title><iframe src="%s"></iframe>`, target)
	}))
	t.Cleanup(s.Close)
	return s
}

// staysEmpty fails if another site can show this one in a frame.
func staysEmpty(t *testing.T, browser context.Context, site string) {
	t.Helper()
	p := chromium.Open(t, browser, attack(t, site+"/").URL)
	eventually(t, "a refusal", func() bool {
		return slices.ContainsFunc(p.Problems(), func(s string) bool {
			return strings.Contains(s, "frame-ancestors") || strings.Contains(s, "X-Frame-Options")
		})
	})
	if chromium.Eval[int](p, `window.frames.length`) != 1 || asks(p, "/main.js") {
		t.Error("the frame has been filled")
	}
}

func TestThePolicy(t *testing.T) {
	t.Parallel()
	browser := chromium.Start(t)
	w := newWorld(t)

	t.Run("nothing inline runs, and no text becomes markup", func(t *testing.T) {
		p := w.enter(t, browser, "alice")
		got := chromium.Eval[map[string]string](p, `(() => {
			const found = {};
			const attempt = (name, what) => { try { what(); found[name] = 'done'; } catch (e) { found[name] = e.name; } };
			attempt('innerHTML', () => { document.createElement('div').innerHTML = '<b>x</b>'; });
			attempt('parser', () => new DOMParser().parseFromString('<b>x</b>', 'text/html'));
			attempt('policy', () => trustedTypes.createPolicy('x', {createHTML: (s) => s}));
			attempt('handler', () => { document.createElement('img').setAttribute('onerror', 'window.ran = 1'); });
			attempt('script', () => { document.createElement('script').text = 'window.ran = 1'; });
			return found;
		})()`)
		for _, name := range []string{"innerHTML", "parser", "policy", "handler", "script"} {
			if got[name] != "TypeError" {
				t.Errorf("%s: %s", name, got[name])
			}
		}
		p.Do(`(() => {
			const image = document.createElement('img');
			image.src = 'https://example.com/x.png';
			document.body.append(image);
			fetch('https://example.com/').catch(() => 0);
			const style = document.createElement('style');
			style.append('body { display: none }');
			document.head.append(style);
			return true;
		})()`)
		eventually(t, "violations", func() bool {
			all := strings.Join(p.Problems(), "\n")
			return strings.Contains(all, "img-src") && strings.Contains(all, "connect-src") && strings.Contains(all, "style-src")
		})
		if chromium.Eval[bool](p, `getComputedStyle(document.body).display === 'none'`) {
			t.Error("something inline had an effect")
		}
	})

	t.Run("a frame of another site stays empty", func(t *testing.T) { staysEmpty(t, browser, w.site.URL) })

	t.Run("what another site may not read it does not read", func(t *testing.T) {
		p := chromium.Open(t, browser, attack(t, "about:blank").URL)
		got := chromium.Eval[string](p, fmt.Sprintf(`fetch(%s).then(() => 'read', (e) => e.name)`, quoted(t, w.site.URL+"/config.json")))
		if got != "TypeError" {
			t.Errorf("config.json: %s", got)
		}
	})
}

// quoted is a literal of JavaScript.
func quoted(t *testing.T, s string) string {
	t.Helper()
	data, err := json.Marshal(s)
	if err != nil {
		t.Fatal(err)
	}
	return string(data)
}

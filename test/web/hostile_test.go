package web_test

import (
	"context"
	"encoding/json"
	"fmt"
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

// enough is how many published inputs there must be at least.
const enough = 5000

// hostile are published inputs that have got script past some filter, or confuse
// parsers: those of the functions' tests (lambdas/internal/markup/testdata and
// lambdas/internal/text/testdata say whose), and those of html5lib's tests of
// tree construction (MIT), which come with golang.org/x/net.
func hostile(t *testing.T) []string {
	t.Helper()
	var inputs []string
	for _, file := range []string{"markup/testdata/xss.json", "text/testdata/naughty.json"} {
		data, err := os.ReadFile(filepath.Join("../../lambdas/internal", file))
		if err != nil {
			t.Fatal(err)
		}
		var some []string
		if err := json.Unmarshal(data, &some); err != nil {
			t.Fatal(err)
		}
		inputs = append(inputs, some...)
	}
	folder, err := exec.CommandContext(t.Context(), "go", "list", "-m", "-f", "{{.Dir}}", "golang.org/x/net").Output()
	if err != nil {
		t.Fatal(err)
	}
	files, err := filepath.Glob(filepath.Join(strings.TrimSpace(string(folder)), "html/testdata/html5lib-tests/tree-construction/*.dat"))
	if err != nil {
		t.Fatal(err)
	}
	for _, file := range files {
		data, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		for _, test := range strings.Split("\n"+string(data), "\n#data\n")[1:] {
			input, _, _ := strings.Cut(test, "\n#errors")
			inputs = append(inputs, input)
		}
	}
	inputs = slices.DeleteFunc(inputs, func(s string) bool { return len(s) > protocol.MaxText || strings.TrimSpace(s) == "" })
	slices.Sort(inputs)
	inputs = slices.Compact(inputs)
	if len(inputs) < enough {
		t.Fatalf("%d inputs, want %d at least", len(inputs), enough)
	}
	return inputs
}

// watch makes a page remember what a script could have changed.
const watch = `(() => {
	window.before = new Set(Object.getOwnPropertyNames(window).concat('before', 'named'));
	window.named = Object.getOwnPropertyNames(document).concat(Object.getOwnPropertyNames(document.body)).join();
	return true;
})()`

// harm is what is in the list of messages that must not be, or was done to the
// page by what is.
const harm = `(() => {
	const allowed = new Set('LI DIV P BDI TIME SPAN H2 BUTTON B I EM STRONG CODE PRE BR A'.split(' '));
	const attributes = new Set('class dir title datetime href rel target referrerpolicy type role'.split(' '));
	const found = [];
	for (const e of document.querySelectorAll('#messages *, #heard *')) {
		if (!allowed.has(e.tagName)) found.push(e.outerHTML.slice(0, 200));
		for (const a of e.attributes) if (!attributes.has(a.name)) found.push(a.name + ' of ' + e.outerHTML.slice(0, 200));
		if (e.tagName === 'A' && e.protocol !== 'https:') found.push(e.outerHTML.slice(0, 200));
		if (e.closest('.text') !== null && e.className !== '' && e.className !== 'text' && e.className !== 'leads') found.push('class of ' + e.outerHTML.slice(0, 200));
	}
	if (document.body.children.length !== 4) found.push('the body has other children');
	const named = Object.getOwnPropertyNames(document).concat(Object.getOwnPropertyNames(document.body)).join();
	if (named !== window.named) found.push('document is clobbered');
	for (const name of Object.getOwnPropertyNames(window)) if (!window.before.has(name)) found.push('window.' + name);
	return found.slice(0, 10);
})()`

// unhurt fails if a page with hostile messages has run a script, sent a request
// or been changed.
func unhurt(p *chromium.Page, origins ...string) {
	p.Helper()
	time.Sleep(500 * time.Millisecond) // for what is asynchronous
	for _, found := range chromium.Eval[[]string](p, harm) {
		p.Error(found)
	}
	for _, problem := range p.Problems() {
		p.Error(problem)
	}
	for _, request := range p.Requests() {
		if !slices.ContainsFunc(origins, func(origin string) bool { return strings.HasPrefix(request, origin) }) {
			p.Errorf("a request left: %s", request)
		}
	}
}

// readAll scrolls up until the room begins.
func readAll(p *chromium.Page) {
	p.Helper()
	for range 400 {
		if chromium.Eval[bool](p, `document.querySelector('#older').textContent === 'The room begins here.'`) {
			return
		}
		before := chromium.Eval[int](p, `document.querySelectorAll('.message').length`)
		p.Do(`document.querySelector('#scroll').scrollTop = 0`)
		p.Until(fmt.Sprintf(`document.querySelectorAll('.message').length > %d || document.querySelector('#older').textContent === 'The room begins here.'`, before))
	}
	p.Fatal("the room has no beginning")
}

// careless is a client that believes the server: it shows a fragment as a
// browser's parser reads it.
func careless(t testing.TB) string {
	t.Helper()
	source, err := os.ReadFile(filepath.Join(siteFolder, "fragment.js"))
	if err != nil {
		t.Fatal(err)
	}
	const careful = "append(fragment, parse(html) ?? [{ text: html }], true);"
	if !strings.Contains(string(source), careful) {
		t.Fatal("fragment.js has changed: what makes it careless must too")
	}
	return strings.Replace(string(source), careful, "const all = document.createElement('div'); all.innerHTML = html; fragment.append(...all.childNodes);", 1)
}

// fill puts inputs into a room of the test's own as a server does that escapes
// nothing.
func (w *world) fill(inputs []string) {
	w.room.with(func() {
		begin := time.Now().Add(-time.Hour)
		for i, input := range inputs {
			m := w.room.storeAt(begin.Add(time.Duration(i)*time.Millisecond), "mallory", "ops", "", input)
			at := slices.IndexFunc(w.room.messages, func(other protocol.Message) bool { return other.ID == m.ID })
			w.room.messages[at].User.Name = input
		}
	})
}

func TestHostileMessages(t *testing.T) {
	t.Parallel()
	inputs := hostile(t)
	browser := chromium.Start(t)

	t.Run("the client alone holds, where the server escapes nothing", func(t *testing.T) {
		w := newWorld(t)
		w.fill(inputs)
		p := w.enter(t, browser, "alice")
		p.Do(watch)
		readAll(p)
		if n := chromium.Eval[int](p, texts+".length"); n != len(inputs) {
			t.Errorf("%d messages of %d are shown", n, len(inputs))
		}
		if n := chromium.Eval[int](p, `document.querySelectorAll('.message .text:empty').length`); n != 0 {
			t.Errorf("%d messages show nothing", n)
		}
		unhurt(p, w.site.URL, w.provider.server.URL, "ws"+strings.TrimPrefix(w.room.URL, "http"))
		if heard := chromium.Eval[bool](p, `document.querySelector('#heard').childElementCount <= 20`); !heard {
			t.Error("all is read aloud")
		}
	})

	t.Run("a client that believes such a server does not, and that is seen", func(t *testing.T) {
		w := newWorld(t)
		w.site.instead["/fragment.js"] = careless(t)
		w.site.policy = ""
		w.fill([]string{"<img src=x onerror=alert(1)>"})
		p := w.enter(t, browser, "alice")
		eventually(t, "an alert", func() bool { return slices.Contains(p.Problems(), "dialog: 1") })
	})

	t.Run("the policy holds, where neither server nor client does", func(t *testing.T) {
		w := newWorld(t)
		w.site.instead["/fragment.js"] = careless(t)
		w.fill([]string{"<img src=x onerror=alert(1)>"})
		p := w.enter(t, browser, "alice")
		eventually(t, "a violation", func() bool {
			return slices.ContainsFunc(p.Problems(), func(s string) bool { return strings.Contains(s, "TrustedHTML") })
		})
		if slices.Contains(p.Problems(), "dialog: 1") {
			t.Error("the script ran")
		}
	})

	t.Run("the address names no room but a room", func(t *testing.T) {
		w := newWorld(t)
		p := w.enter(t, browser, "alice")
		p.Do(watch)
		_, before := w.room.state()
		data, err := json.Marshal(slices.DeleteFunc(inputs, protocol.RoomPattern.MatchString))
		if err != nil {
			t.Fatal(err)
		}
		p.Do(fmt.Sprintf(`(async () => {
			const turn = new MessageChannel(); // a timer waits 4 ms at least
			for (const input of %s) {
				location.replace('#' + input); // which leaves no history
				await new Promise((done) => { turn.port1.onmessage = done; turn.port2.postMessage(0); });
			}
			location.hash = '';
			document.body.dataset.been = 'everywhere';
		})()`, data))
		p.Until(`document.body.dataset.been === 'everywhere' && !document.querySelector('#join').hidden && document.querySelector('#start-problem').hidden`)
		if _, opened := w.room.state(); opened != before {
			t.Errorf("%d rooms were entered", opened-before)
		}
		unhurt(p, w.site.URL, w.provider.server.URL, "ws"+strings.TrimPrefix(w.room.URL, "http"))
	})
}

// enterAt is enter with a room of one's own choice.
func (w *world) enterAt(t *testing.T, browser context.Context, user, room string) *chromium.Page {
	t.Helper()
	p := w.enter(t, browser, user)
	move(p, room)
	return p
}

// move goes to another room.
func move(p *chromium.Page, room string) {
	p.Helper()
	p.Do(fmt.Sprintf(`location.hash = %q`, room))
	p.Until(fmt.Sprintf(`document.querySelector('#room-name').textContent === %q && %s`, room, connected))
}

// Package chromium runs Chromium for tests.
package chromium

import (
	"context"
	"fmt"
	"os"
	"os/exec"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/chromedp/cdproto/cdp"
	"github.com/chromedp/cdproto/emulation"
	"github.com/chromedp/cdproto/log"
	"github.com/chromedp/cdproto/network"
	"github.com/chromedp/cdproto/page"
	"github.com/chromedp/cdproto/runtime"
	"github.com/chromedp/chromedp"
)

// Without is the variable that leaves tests out where there is no browser and
// none can be installed.
const Without = "PORTCULLIS_WITHOUT_BROWSER"

// wait bounds every wait for a page.
const wait = 60 * time.Second

// Start starts Chromium, which ends with the test.
func Start(t *testing.T) context.Context {
	t.Helper()
	var path string
	names := []string{"chromium", "chromium-browser", "google-chrome"} // as scripts/browser
	if named := os.Getenv("CHROMIUM"); named != "" {
		names = []string{named}
	}
	for _, name := range names {
		found, err := exec.LookPath(name)
		if err == nil {
			path = found
			break
		}
	}
	if path == "" && os.Getenv(Without) != "" {
		t.Skip("no Chromium here, and " + Without + " is set")
	}
	if path == "" {
		t.Fatal("no Chromium here: `make test-clients` and `make test-web` install one or say how to get it; " + Without + "=1 leaves this test out")
	}
	options := append(chromedp.DefaultExecAllocatorOptions[:], chromedp.ExecPath(path))
	if os.Getuid() == 0 {
		options = append(options, chromedp.NoSandbox) // its sandbox refuses to run as root
	}
	ctx, stop := chromedp.NewExecAllocator(context.WithoutCancel(t.Context()), options...)
	t.Cleanup(stop)
	ctx, cancel := chromedp.NewContext(ctx)
	t.Cleanup(cancel)
	if err := chromedp.Do(ctx); err != nil { // starts it
		t.Fatal(err)
	}
	return ctx
}

// Page is a page in a window of its own, and what it did.
type Page struct {
	*testing.T
	Context context.Context

	mu       sync.Mutex
	requests []string
	problems []string
}

// Open opens a page and notes what it asks of servers and what goes wrong in it.
func Open(t *testing.T, browser context.Context, url string) *Page {
	t.Helper()
	ctx, cancel := chromedp.NewContext(browser)
	t.Cleanup(cancel)
	p := &Page{T: t, Context: ctx}
	if err := chromedp.Listen(ctx, p.heard); err != nil {
		t.Fatal(err)
	}
	for _, enable := range []func() error{
		func() error { _, err := chromedp.Call(ctx, network.Enable, network.EnableParams{}); return err },
		func() error { _, err := chromedp.Call(ctx, log.Enable, cdp.Empty{}); return err },
		func() error { _, err := chromedp.Call(ctx, page.Enable, page.EnableParams{}); return err },
		func() error { _, err := chromedp.Call(ctx, runtime.Enable, cdp.Empty{}); return err },
	} {
		if err := enable(); err != nil {
			t.Fatal(err)
		}
	}
	p.Go(url)
	return p
}

func (p *Page) heard(event any) {
	p.mu.Lock()
	defer p.mu.Unlock()
	switch e := event.(type) {
	case *network.EventRequestWillBeSent:
		p.requests = append(p.requests, e.Request.URL)
	case *network.EventWebSocketCreated:
		p.requests = append(p.requests, e.URL)
	case *log.EventEntryAdded:
		// Violations of the Content-Security-Policy among them.
		p.problems = append(p.problems, fmt.Sprintf("%s: %s %s", e.Entry.Source, e.Entry.Text, e.Entry.URL))
	case *runtime.EventExceptionThrown:
		p.problems = append(p.problems, "exception: "+e.ExceptionDetails.Text)
	case *page.EventJavascriptDialogOpening:
		p.problems = append(p.problems, "dialog: "+e.Message)
		go func() {
			_, _ = chromedp.Call(p.Context, page.HandleJavaScriptDialog, page.HandleJavaScriptDialogParams{})
		}()
	}
}

// Go opens another address in the page.
func (p *Page) Go(url string) {
	p.Helper()
	if err := chromedp.Do(p.Context, chromedp.Navigate(url)); err != nil {
		p.Fatalf("open %s: %v", url, err)
	}
}

// Requests are the addresses that the page has asked since Forget.
func (p *Page) Requests() []string {
	p.mu.Lock()
	defer p.mu.Unlock()
	return append([]string(nil), p.requests...)
}

// Problems are what the browser has complained about since Forget: violations of
// the Content-Security-Policy, exceptions, failed requests; and dialogs, which
// the site never opens.
func (p *Page) Problems() []string {
	p.mu.Lock()
	defer p.mu.Unlock()
	return append([]string(nil), p.problems...)
}

// Forget forgets requests and problems.
func (p *Page) Forget() {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.requests, p.problems = nil, nil
}

// Eval evaluates an expression in a page, also a promise.
func Eval[T any](p *Page, expression string) T {
	p.Helper()
	value, err := chromedp.Run(p.Context, chromedp.Evaluate[T](expression, chromedp.EvalAwaitPromise))
	if err != nil {
		p.Fatalf("%s: %v", expression, err)
	}
	return value
}

// Do evaluates an expression for what it does.
func (p *Page) Do(expression string) {
	p.Helper()
	Eval[bool](p, "void ("+expression+") ?? true")
}

// Until waits until an expression is true. A page that is on its way elsewhere
// is asked again.
func (p *Page) Until(expression string) {
	p.Helper()
	for end := time.Now().Add(wait); ; time.Sleep(50 * time.Millisecond) {
		is, err := chromedp.Run(p.Context, chromedp.Evaluate[bool]("Boolean("+expression+")"))
		if err == nil && is {
			return
		}
		if time.Now().After(end) {
			shown, _ := chromedp.Run(p.Context, chromedp.Evaluate[string]("location.href + '\\n' + document.body.innerText"))
			p.Fatalf("not so: %s (%v)\n%s\n%s", expression, err, shown, strings.Join(p.Problems(), "\n"))
		}
	}
}

// Type types into the element that has the focus.
func (p *Page) Type(keys string) {
	p.Helper()
	if err := chromedp.Do(p.Context, chromedp.KeyEvent(keys)); err != nil {
		p.Fatal(err)
	}
}

// Click clicks an element, as a mouse does.
func (p *Page) Click(selector string) {
	p.Helper()
	ctx, cancel := context.WithTimeout(p.Context, wait)
	defer cancel()
	if err := chromedp.Do(ctx, chromedp.Click(selector)); err != nil {
		p.Fatalf("click %s: %v", selector, err)
	}
}

// Look sets the size of the window in CSS pixels, and light or dark colours.
func (p *Page) Look(width, height int64, scheme string) {
	p.Helper()
	if err := chromedp.Do(p.Context, chromedp.EmulateViewport(width, height)); err != nil {
		p.Fatal(err)
	}
	_, err := chromedp.Call(p.Context, emulation.SetEmulatedMedia, emulation.SetEmulatedMediaParams{Features: []*emulation.MediaFeature{{Name: "prefers-color-scheme", Value: scheme}}})
	if err != nil {
		p.Fatal(err)
	}
}

// Picture writes what the window shows, as PNG.
func (p *Page) Picture(file string) {
	p.Helper()
	picture, err := chromedp.Run(p.Context, chromedp.CaptureScreenshot())
	if err == nil {
		err = os.WriteFile(file, picture, 0o600)
	}
	if err != nil {
		p.Fatal(err)
	}
}

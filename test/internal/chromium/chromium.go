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

	"github.com/chromedp/cdproto/browser"
	"github.com/chromedp/cdproto/cdp"
	"github.com/chromedp/cdproto/emulation"
	"github.com/chromedp/cdproto/log"
	"github.com/chromedp/cdproto/network"
	"github.com/chromedp/cdproto/page"
	"github.com/chromedp/cdproto/runtime"
	"github.com/chromedp/cdproto/security"
	"github.com/chromedp/cdproto/target"
	"github.com/chromedp/chromedp"
)

// Without is the variable that leaves tests out where there is no browser and
// none can be installed.
const Without = "PORTCULLIS_WITHOUT_BROWSER"

// wait bounds every wait for a page.
const wait = 60 * time.Second

// Find returns the path of the browser.
func Find(t *testing.T) string {
	t.Helper()
	names := []string{"chromium", "chromium-browser", "google-chrome"} // as scripts/browser
	if named := os.Getenv("CHROMIUM"); named != "" {
		names = []string{named}
	}
	for _, name := range names {
		if path, err := exec.LookPath(name); err == nil {
			return path
		}
	}
	if os.Getenv(Without) != "" {
		t.Skip("no Chromium here, and " + Without + " is set")
	}
	t.Fatal("no Chromium here: `make test-clients` and `make test-web` install one or say how to get it; " + Without + "=1 leaves this test out")
	return ""
}

// Start starts Chromium, which ends with the test.
func Start(t *testing.T) context.Context {
	t.Helper()
	options := append(chromedp.DefaultExecAllocatorOptions[:], chromedp.ExecPath(Find(t)))
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
	received float64                    // bytes
	loading  map[network.RequestID]bool // what has been asked for and is not whole
}

// Open opens a page in a browser and notes what it asks of servers and what goes wrong in it.
func Open(t *testing.T, in context.Context, url string) *Page {
	t.Helper()
	ctx, cancel := chromedp.NewContext(in)
	t.Cleanup(cancel)
	p := &Page{T: t, Context: ctx, loading: map[network.RequestID]bool{}}
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
		p.loading[e.RequestID] = true
		if kind := e.Request.MixedContentType; kind != "" && kind != security.MixedContentTypeNone {
			p.problems = append(p.problems, "mixed content: "+e.Request.URL)
		}
	case *network.EventLoadingFinished:
		p.received += e.EncodedDataLength
		delete(p.loading, e.RequestID)
	case *network.EventLoadingFailed:
		delete(p.loading, e.RequestID)
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

// Received is how many bytes have come since Forget, headers among them, when all
// that was asked for is there.
func (p *Page) Received() int {
	p.Helper()
	for end := time.Now().Add(wait); ; time.Sleep(20 * time.Millisecond) {
		p.mu.Lock()
		left, received := len(p.loading), p.received
		p.mu.Unlock()
		if left == 0 {
			return int(received)
		}
		if time.Now().After(end) {
			p.Fatalf("%d requests have no end", left)
		}
	}
}

// Problems are what the browser has complained about since Forget: violations of
// the Content-Security-Policy, mixed content, exceptions, failed requests; and
// dialogs, which the site never opens.
func (p *Page) Problems() []string {
	p.mu.Lock()
	defer p.mu.Unlock()
	return append([]string(nil), p.problems...)
}

// Forget forgets requests, problems and what was received.
func (p *Page) Forget() {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.requests, p.problems, p.received = nil, nil, 0
}

// Before has a script evaluated in each document before its own.
func (p *Page) Before(script string) {
	p.Helper()
	call(p, page.AddScriptToEvaluateOnNewDocument, page.AddScriptToEvaluateOnNewDocumentParams{Source: script})
}

// TrustAnyCertificate lets the page take certificates that nobody has signed.
func (p *Page) TrustAnyCertificate() {
	p.Helper()
	call(p, security.SetIgnoreCertificateErrors, security.SetIgnoreCertificateErrorsParams{Ignore: true})
}

// Permit settles whether an origin may notify the user: granted, denied or prompt.
func (p *Page) Permit(origin string, notifications browser.PermissionSetting) {
	p.Helper()
	_, err := chromedp.CallBrowser(p.Context, browser.SetPermission, browser.SetPermissionParams{
		Permission: &browser.PermissionDescriptor{Name: "notifications"}, Setting: notifications, Origin: origin,
	})
	if err != nil {
		p.Fatal(err)
	}
}

// Online takes the network away from the page, or gives it back.
func (p *Page) Online(online bool) {
	p.Helper()
	conditions := []*network.Conditions{}
	if !online {
		conditions = append(conditions, &network.Conditions{Offline: true, DownloadThroughput: -1, UploadThroughput: -1})
	}
	call(p, network.EmulateNetworkConditionsByRule, network.EmulateNetworkConditionsByRuleParams{MatchedNetworkConditions: conditions})
	call(p, network.OverrideNetworkState, network.OverrideNetworkStateParams{Offline: !online, DownloadThroughput: -1, UploadThroughput: -1})
}

// Hide puts another tab before the page, in its window.
func (p *Page) Hide() {
	p.Helper()
	ctx, cancel := chromedp.NewContext(p.Context, chromedp.WithNewWindow(false))
	p.Cleanup(cancel)
	if err := chromedp.Do(ctx); err != nil { // opens it
		p.Fatal(err)
	}
	call(p, target.ActivateTarget, target.ActivateTargetParams{TargetID: chromedp.FromContext(ctx).Target.TargetID})
	p.Until("document.hidden")
}

// Show ends Hide.
func (p *Page) Show() {
	p.Helper()
	call(p, page.BringToFront, cdp.Empty{})
	p.Until("!document.hidden")
}

// call calls a command of the page's.
func call[P, R any](p *Page, command cdp.Command[P, R], params P) {
	p.Helper()
	if _, err := chromedp.Call(p.Context, command, params); err != nil {
		p.Fatal(err)
	}
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
	call(p, emulation.SetEmulatedMedia, emulation.SetEmulatedMediaParams{Features: []*emulation.MediaFeature{{Name: "prefers-color-scheme", Value: scheme}}})
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

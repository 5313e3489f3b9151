package proxy

import (
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net"
	"net/http"
	"net/http/httptest"
	"net/url"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	signer "github.com/aws/aws-sdk-go-v2/aws/signer/v4"

	"github.com/portcullis-chat/portcullis/internal/localaws/dataplane"
	"github.com/portcullis-chat/portcullis/internal/localaws/faults"
	"github.com/portcullis-chat/portcullis/internal/localaws/lambda"
	"github.com/portcullis-chat/portcullis/internal/localaws/verdicts"
)

const (
	signed    = "AWS4-HMAC-SHA256 Credential=test/20260209/us-east-1/%s/aws4_request, SignedHeaders=host;x-amz-date, Signature=00"
	chat      = dataplane.PathPrefix + "abcd1234/live"
	aPost     = chat + "/@connections/AAAAAAAAAAAAAAA="
	escaped   = chat + "/%40connections/AAAAAAAAAAAAAAA%3D"
	elsewhere = "https://evil.example"
)

// caller is somebody whose secret the proxy knows.
var caller = aws.Credentials{AccessKeyID: "ASIACALLER", SecretAccessKey: "secret", SessionToken: "token"}

// front is a proxy whose parts answer with their own name.
type front struct {
	*testing.T
	proxy   *Proxy
	server  *httptest.Server
	address string

	mu       sync.Mutex
	requests []*http.Request // at MiniStack
	bodies   []string
	status   int         // of MiniStack
	header   http.Header // of MiniStack

	taught   []string // custom domain names
	teaching error
}

func named(name string) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		body, _ := io.ReadAll(r.Body)
		fmt.Fprintf(w, "%s %d", name, len(body))
	})
}

// marked says of an answer that its request was taken for an AWS call.
func marked(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("X-Is-A", "call")
		next.ServeHTTP(w, r)
	})
}

func newFront(t *testing.T) *front {
	t.Helper()
	f := &front{T: t, status: http.StatusOK, header: http.Header{}}
	upstream := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		body, _ := io.ReadAll(r.Body)
		f.mu.Lock()
		defer f.mu.Unlock()
		f.requests, f.bodies = append(f.requests, r), append(f.bodies, string(body))
		for name, values := range f.header {
			w.Header()[name] = values
		}
		w.WriteHeader(f.status)
		fmt.Fprint(w, "ministack")
	}))
	t.Cleanup(upstream.Close)
	f.start(upstream.URL)
	return f
}

func (f *front) start(upstream string) {
	f.Helper()
	listener, err := net.Listen("tcp4", "127.0.0.1:0")
	if err != nil {
		f.Fatal(err)
	}
	f.address = listener.Addr().String()
	target, err := url.Parse(upstream)
	if err != nil {
		f.Fatal(err)
	}
	f.proxy, err = New(Config{
		Address: f.address, Upstream: target,
		Lambda:   func(next http.Handler) http.Handler { return next },
		Adapter:  func(next http.Handler) http.Handler { return next },
		IsDomain: func(name string) bool { return name == "ws.example.com" },
		TeachDomain: func(_ context.Context, name string) error {
			f.taught = append(f.taught, name)
			return f.teaching
		},
		Calls:        marked,
		Verdicts:     verdicts.New(func(key string) (aws.Credentials, bool) { return caller, key == caller.AccessKeyID }, time.Now),
		ControlPlane: named("control"), DataPlane: named("data"), Status: named("status"), Code: named("code"), Faults: named("faults"),
		Logger: slog.New(slog.NewTextHandler(io.Discard, nil)),
	})
	if err != nil {
		f.Fatal(err)
	}
	f.server = &httptest.Server{Listener: listener, Config: &http.Server{Handler: f.proxy}}
	f.server.Start()
	f.Cleanup(f.server.Close)
}

// do makes a request; header holds names and values in turn.
func (f *front) do(method, path, body string, header ...string) (*http.Response, string) {
	f.Helper()
	req, err := http.NewRequestWithContext(f.Context(), method, "http://"+f.address+path, strings.NewReader(body))
	if err != nil {
		f.Fatal(err)
	}
	for i := 0; i < len(header); i += 2 {
		if header[i] == "Host" {
			req.Host = header[i+1]
			continue
		}
		req.Header.Add(header[i], header[i+1])
	}
	res, err := http.DefaultTransport.RoundTrip(req)
	if err != nil {
		f.Fatal(err)
	}
	defer res.Body.Close()
	answer, err := io.ReadAll(res.Body)
	if err != nil {
		f.Fatal(err)
	}
	return res, string(answer)
}

// seen is the last request at MiniStack and its body.
func (f *front) seen() (*http.Request, string) {
	f.Helper()
	f.mu.Lock()
	defer f.mu.Unlock()
	if len(f.requests) == 0 {
		f.Fatal("MiniStack saw nothing")
	}
	return f.requests[len(f.requests)-1], f.bodies[len(f.bodies)-1]
}

func (f *front) ministackSays(status int, header ...string) {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.status, f.header = status, http.Header{}
	for i := 0; i < len(header); i += 2 {
		f.header.Set(header[i], header[i+1])
	}
}

func scoped(service string) string { return fmt.Sprintf(signed, service) }

func equal[T comparable](t testing.TB, what string, got, want T) {
	t.Helper()
	if got != want {
		t.Errorf("%s: got %v, want %v", what, got, want)
	}
}

func TestWhoAnswers(t *testing.T) {
	for name, c := range map[string]struct {
		method, path string
		header       []string
		want         string
	}{
		"the stack its own status":                 {"GET", StatusPath, nil, "status 0"},
		"MiniStack a service":                      {"POST", "/", nil, "ministack"},
		"MiniStack Lambda":                         {"GET", "/2015-03-31/functions", nil, "ministack"},
		"MiniStack keys of a pool":                 {"GET", "/us-east-1_abc/.well-known/jwks.json", nil, "ministack"},
		"the control plane for APIs":               {"GET", "/v2/apis", []string{"Authorization", scoped("apigateway")}, "control 0"},
		"the control plane for one":                {"PATCH", "/v2/apis/x/stages/y", []string{"Authorization", scoped("apigateway")}, "control 0"},
		"the control plane for tags":               {"GET", "/v2/tags/arn%3Aaws%3Aapigateway%3Aus-east-1%3A%3A%2Fapis%2Fx", []string{"Authorization", scoped("apigateway")}, "control 0"},
		"the control plane signed in the query":    {"GET", "/v2/apis?X-Amz-Credential=test%2F20260209%2Fus-east-1%2Fapigateway%2Faws4_request", nil, "control 0"},
		"MiniStack a bucket":                       {"GET", "/v2/apis", []string{"Authorization", scoped("s3")}, "ministack"},
		"the control plane for domain names":       {"POST", "/v2/domainnames", []string{"Authorization", scoped("apigateway")}, "control 0"},
		"MiniStack paths that begin alike":         {"GET", "/v2/apisix", nil, "ministack"},
		"MiniStack SESv2":                          {"GET", "/v2/email/identities", []string{"Authorization", scoped("ses")}, "ministack"},
		"the data plane a handshake":               {"GET", chat + "?room=lobby", nil, "data 0"},
		"the data plane @connections":              {"POST", aPost, nil, "data 0"},
		"the stack a page of its own origin":       {"GET", StatusPath, []string{"Origin", "http://HOST", "Sec-Fetch-Site", "same-origin"}, "status 0"},
		"the stack somebody's address bar":         {"GET", StatusPath, []string{"Sec-Fetch-Site", "none"}, "status 0"},
		"the stack its faults":                     {"GET", faults.Path, nil, "faults 0"},
		"the stack one of its faults":              {"DELETE", faults.Path + "/f1", nil, "faults 0"},
		"the stack its functions' code":            {"GET", lambda.CodePath + "x?Signature=x", nil, "code 0"},
		"the stack its clock":                      {"POST", faults.ClockPath, nil, "faults 0"},
		"the data plane a handshake by a domain":   {"GET", "/any/path", []string{"Host", "ws.example.com"}, "data 0"},
		"the data plane such a handshake by port":  {"GET", "/", []string{"Host", "WS.example.com:PORT"}, "data 0"},
		"the data plane a domain's @connections":   {"POST", "/chat/@connections/AAAAAAAAAAAAAAA=", []string{"Host", "ws.example.com"}, "data 0"},
		"the data plane such a handshake's status": {"GET", StatusPath, []string{"Host", "ws.example.com"}, "data 0"},
		"the data plane such a handshake's APIs":   {"GET", "/v2/apis", []string{"Host", "ws.example.com", "Authorization", scoped("apigateway")}, "data 0"},
		"the data plane such a handshake's faults": {"POST", "/_portcullis/faults", []string{"Host", "ws.example.com"}, "data 0"},
		"the stack by the name localhost":          {"GET", StatusPath, []string{"Host", "localhost:PORT"}, "status 0"},
	} {
		t.Run(name, func(t *testing.T) {
			f := newFront(t)
			_, port, _ := net.SplitHostPort(f.address)
			c.header = slices.Clone(c.header)
			for i, value := range c.header {
				c.header[i] = strings.NewReplacer("HOST", f.address, "PORT", port).Replace(value)
			}
			res, answer := f.do(c.method, c.path, "", c.header...)
			equal(t, "status", res.StatusCode, http.StatusOK)
			equal(t, "answer", answer, c.want)
			call := "call"
			if strings.HasPrefix(c.path, "/_portcullis/") || strings.Contains(name, "handshake") {
				call = ""
			}
			equal(t, "taken for", res.Header.Get("X-Is-A"), call)
		})
	}
}

func TestWhoMayNotComeIn(t *testing.T) {
	for name, c := range map[string]struct {
		method, path string
		header       []string
		reason       string
	}{
		"its Host is foreign":                {"GET", "/", []string{"Host", "evil.example"}, "not to the Host"},
		"its Host is foreign with our port":  {"GET", StatusPath, []string{"Host", "evil.example:PORT"}, "not to the Host"},
		"its Host has another port":          {"GET", StatusPath, []string{"Host", "127.0.0.1:1"}, "not to the Host"},
		"its Host has no port":               {"GET", StatusPath, []string{"Host", "127.0.0.1"}, "not to the Host"},
		"its Host is like a custom domain":   {"GET", "/", []string{"Host", "aws.example.com"}, "not to the Host"},
		"its custom domain has another port": {"GET", "/", []string{"Host", "ws.example.com:1"}, "not to the Host"},
		"a page posts to a custom domain":    {"POST", "/@connections/x", []string{"Host", "ws.example.com", "Origin", elsewhere}, "another origin"},
		"a custom domain's own page posts":   {"POST", "/@connections/x", []string{"Host", "ws.example.com", "Origin", "http://ws.example.com:PORT"}, "another origin"},
		"a handshake's Host is foreign":      {"GET", chat, []string{"Host", "evil.example"}, "not to the Host"},
		"a page of another site asks":        {"POST", "/", []string{"Origin", elsewhere}, "another origin"},
		"a page of another port asks":        {"POST", "/", []string{"Origin", "http://127.0.0.1:1"}, "another origin"},
		"a page of another scheme asks":      {"POST", "/", []string{"Origin", "https://HOST"}, "another origin"},
		"a page without an origin asks":      {"POST", "/", []string{"Origin", "null"}, "another origin"},
		"one of two origins is foreign":      {"POST", "/", []string{"Origin", "http://HOST", "Origin", elsewhere}, "another origin"},
		"a page of another site loads":       {"GET", "/bucket/key", []string{"Sec-Fetch-Site", "cross-site"}, "another origin"},
		"a page of the same site loads":      {"GET", StatusPath, []string{"Sec-Fetch-Site", "same-site"}, "another origin"},
		"a preflight asks":                   {"OPTIONS", "/v2/apis", []string{"Origin", elsewhere, "Access-Control-Request-Method", "POST"}, "another origin"},
		"a page asks the control plane":      {"GET", "/v2/apis", []string{"Origin", elsewhere}, "another origin"},
		"a page posts to a connection":       {"POST", aPost, []string{"Origin", elsewhere}, "another origin"},
		"a page posts to an escaped one":     {"POST", escaped, []string{"Origin", elsewhere}, "another origin"},
		"a page hides a connection's path":   {"POST", chat + "/%40connections%2Fid", []string{"Origin", elsewhere}, "another origin"},
		"a page hides it otherwise":          {"POST", chat + "/@connections%2fid", []string{"Origin", elsewhere}, "another origin"},
		"a page adds a fault":                {"POST", faults.Path, []string{"Origin", elsewhere, "Content-Type", "application/json"}, "another origin"},
		"a page loads a function's code":     {"GET", lambda.CodePath + "x", []string{"Sec-Fetch-Site", "cross-site"}, "another origin"},
		"a page gets tokens with a key":      {"POST", "/oauth2/token", []string{"Origin", elsewhere, "Content-Type", form, "Authorization", scoped("cognito-idp")}, "another origin"},
		"a page names an operation":          {"POST", "/oauth2/token", []string{"Origin", elsewhere, "Content-Type", form, "X-Amz-Target", "x.ListUsers"}, "another origin"},
		"a page posts JSON for a token":      {"POST", "/oauth2/token", []string{"Origin", elsewhere, "Content-Type", "application/json"}, "another origin"},
		"a page signs in the query":          {"POST", "/oauth2/token?X-Amz-Credential=test", []string{"Origin", elsewhere, "Content-Type", form}, "another origin"},
		"a page names an action":             {"POST", "/oauth2/revoke?Action=ListUsers", []string{"Origin", elsewhere, "Content-Type", form}, "another origin"},
		"a page asks before it asks":         {"OPTIONS", "/oauth2/token", []string{"Origin", elsewhere}, "another origin"},
		"a page fetches the way in":          {"GET", "/oauth2/authorize?client_id=x", []string{"Origin", elsewhere, "Sec-Fetch-Mode", "cors", "Sec-Fetch-Dest", "empty"}, "another origin"},
		"a page frames the way in":           {"GET", "/oauth2/authorize?client_id=x", []string{"Sec-Fetch-Site", "cross-site", "Sec-Fetch-Mode", "navigate", "Sec-Fetch-Dest", "iframe"}, "another origin"},
		"a page signs a way in":              {"GET", "/oauth2/authorize?x-amz-credential=test", navigation, "another origin"},
		"a page leads to a name and word":    {"POST", "/login", navigation, "another origin"},
		"a page leads elsewhere":             {"GET", "/bucket/key", navigation, "another origin"},
		"a page reads a file like a pool's":  {"GET", "/bucket/.well-known/openid-configuration", []string{"Origin", elsewhere}, "another origin"},
		"a page moves the clock":             {"POST", faults.ClockPath, []string{"Sec-Fetch-Site", "cross-site"}, "another origin"},
		"a name that points here moves it":   {"POST", faults.ClockPath, []string{"Host", "evil.example:PORT"}, "not to the Host"},
		"it is another path of faults":       {"POST", faults.Path + "x", nil, "not served"},
		"it is another path of the clock":    {"POST", faults.ClockPath + "/x", nil, "not served"},
		"it is MiniStack's reset":            {"POST", "/_ministack/reset", nil, "not served by the local stack: /_ministack/reset"},
		"it is MiniStack's health":           {"GET", "/_ministack/health", nil, "not served"},
		"it is MiniStack's escaped":          {"POST", "/%5Fministack/reset", nil, "not served"},
		"it is MiniStack's code download":    {"GET", "/_ministack/lambda-code/x", []string{"Authorization", scoped("lambda")}, "not served"},
		"it is LocalStack's":                 {"GET", "/_localstack/health", nil, "not served"},
		"it is health without a prefix":      {"GET", "/health", nil, "not served"},
		"it is another path of the emulator": {"GET", "/_aws/lambda-url/x/", nil, "not served"},
		"it is another path of the stack":    {"GET", "/_portcullis/", nil, "not served"},
	} {
		t.Run(name, func(t *testing.T) {
			f := newFront(t)
			_, port, _ := net.SplitHostPort(f.address)
			c.header = slices.Clone(c.header)
			for i, value := range c.header {
				c.header[i] = strings.NewReplacer("HOST", f.address, "PORT", port).Replace(value)
			}
			res, answer := f.do(c.method, c.path, "", c.header...)
			equal(t, "status", res.StatusCode, http.StatusForbidden)
			equal(t, "error type", res.Header.Get("X-Amzn-Errortype"), "AccessDenied")
			if !strings.Contains(answer, c.reason) {
				t.Errorf("got %s, want the reason %q", answer, c.reason)
			}
			equal(t, "allowed origin", res.Header.Get("Access-Control-Allow-Origin"), "")
			equal(t, "requests at MiniStack", len(f.requests), 0)
		})
	}
}

const form = "application/x-www-form-urlencoded"

// navigation is what a browser says when a page of another site leads here.
var navigation = []string{"Sec-Fetch-Site", "cross-site", "Sec-Fetch-Mode", "navigate", "Sec-Fetch-Dest", "document"}

// As Cognito does, which has no other clients in browsers than such pages.
func TestAPageMaySignItsUserIn(t *testing.T) {
	for name, c := range map[string]struct {
		method, path string
		header       []string
	}{
		"discovery":       {"GET", "/eu-west-1_AbCdEf123/.well-known/openid-configuration", []string{"Origin", elsewhere, "Sec-Fetch-Site", "cross-site"}},
		"keys":            {"GET", "/eu-west-1_AbCdEf123/.well-known/jwks.json", []string{"Origin", elsewhere, "Sec-Fetch-Site", "cross-site"}},
		"the token":       {"POST", "/oauth2/token", []string{"Origin", elsewhere, "Sec-Fetch-Site", "cross-site", "Content-Type", form + ";charset=UTF-8"}},
		"revocation":      {"POST", "/oauth2/revoke", []string{"Origin", elsewhere, "Sec-Fetch-Site", "same-site", "Content-Type", form}},
		"the way in":      {"GET", "/oauth2/authorize?client_id=x&state=y", navigation},
		"the way out":     {"GET", "/logout?client_id=x", navigation},
		"the page itself": {"POST", "/login", []string{"Origin", "http://HOST", "Sec-Fetch-Site", "same-origin", "Content-Type", form}},
	} {
		t.Run(name, func(t *testing.T) {
			f := newFront(t)
			header := slices.Clone(c.header)
			for i, value := range header {
				header[i] = strings.ReplaceAll(value, "HOST", f.address)
			}
			res, answer := f.do(c.method, c.path, "", header...)
			equal(t, "status", res.StatusCode, http.StatusOK)
			equal(t, "answer", answer, "ministack")
		})
	}
}

// Judging the Origin of a WebSocket is what the deployed authorizer is for.
func TestAWebSocketMayComeFromAnyPage(t *testing.T) {
	f := newFront(t)
	res, answer := f.do("GET", chat+"?room=lobby", "", "Origin", elsewhere, "Sec-Fetch-Site", "cross-site", "Connection", "Upgrade", "Upgrade", "websocket")
	equal(t, "status", res.StatusCode, http.StatusOK)
	equal(t, "answer", answer, "data 0")
}

// Host, path, query and body are signed.
func TestARequestReachesMiniStackUntouched(t *testing.T) {
	f := newFront(t)
	body := "a\x00b" + strings.Repeat("x", 3<<20)
	f.do("PUT", "/bucket/a%2Fb%20c+d/?x=%2B&y=a;b&list-type=2", body,
		"X-Amz-Date", "20260209T000000Z", "Authorization", scoped("s3"), "X-Forwarded-For", "192.0.2.1", "X-Forwarded-Proto", "http", "Accept-Encoding", "identity")
	r, got := f.seen()
	equal(t, "host", r.Host, f.address)
	equal(t, "uri", r.RequestURI, "/bucket/a%2Fb%20c+d/?x=%2B&y=a;b&list-type=2")
	equal(t, "body", got == body, true)
	equal(t, "authorization", r.Header.Get("Authorization"), scoped("s3"))
	equal(t, "date", r.Header.Get("X-Amz-Date"), "20260209T000000Z")
	equal(t, "encoding", r.Header.Get("Accept-Encoding"), "identity")
	equal(t, "proto", strings.Join(r.Header.Values("X-Forwarded-Proto"), ","), "https")
}

func TestTheControlPlaneIsServedToWhoMayAsk(t *testing.T) {
	f := newFront(t)
	for _, status := range []int{200, 201, 400, 404, 409, 500} { // what MiniStack thinks of the request itself
		f.ministackSays(status)
		res, answer := f.do("POST", "/v2/apis", "body", "Authorization", scoped("apigateway"))
		equal(t, "status", res.StatusCode, http.StatusOK)
		equal(t, "answer", answer, "control 4")
		r, body := f.seen()
		equal(t, "host", r.Host, f.address)
		equal(t, "method", r.Method, "POST")
		equal(t, "body", body, "body")
		equal(t, "proto", r.Header.Get("X-Forwarded-Proto"), "https")
	}
	res, answer := f.do("POST", "/v2/apis/x/integrations", strings.Repeat("x", 2<<20), "Authorization", scoped("apigateway"))
	equal(t, "status of 2 MB", res.StatusCode, http.StatusOK)
	equal(t, "answer of 2 MB", answer, fmt.Sprintf("control %d", 2<<20))
}

func TestTheControlPlaneIsDeniedWhen(t *testing.T) {
	for name, c := range map[string]struct {
		ministack     int
		kind          string
		authorization string
		body          string
		status        int
		answer        string
	}{
		"MiniStack says 403":          {403, "AccessDeniedException", scoped("apigateway"), "", 403, "ministack"},
		"MiniStack says 401":          {401, "AuthFailure", scoped("apigateway"), "", 401, "ministack"},
		"the signature is incomplete": {400, "IncompleteSignatureException", scoped("apigateway"), "", 400, "ministack"},
		"it is not signed":            {200, "", "", "", 403, `{"message":"Missing Authentication Token"}`},
		"it has a bearer token":       {200, "", "Bearer x", "", 403, `{"message":"Missing Authentication Token"}`},
		"it is signed for STS":        {200, "", scoped("sts"), "", 403, `{"message":"Credential should be scoped to correct service: 'apigateway'."}`},
		"it is above 8 MB":            {200, "", scoped("apigateway"), strings.Repeat("x", 8<<20+1), 413, `{"__type":"RequestTooLargeException","message":"the request is too large"}`},
	} {
		t.Run(name, func(t *testing.T) {
			f := newFront(t)
			f.ministackSays(c.ministack, "X-Amzn-Errortype", c.kind)
			header := []string{}
			if c.authorization != "" {
				header = append(header, "Authorization", c.authorization)
			}
			res, answer := f.do("POST", "/v2/apis", c.body, header...)
			equal(t, "status", res.StatusCode, c.status)
			equal(t, "answer", answer, c.answer)
			if c.ministack != 200 {
				equal(t, "error type", res.Header.Get("X-Amzn-Errortype"), c.kind)
			}
		})
	}
}

func TestWhoMayUseConnections(t *testing.T) {
	for name, c := range map[string]struct {
		ministack     int
		authorization string
		status        int // 0 for allowed
	}{
		"MiniStack knows no such connection": {410, scoped("execute-api"), 0},
		"MiniStack says 403":                 {403, scoped("execute-api"), 403},
		"MiniStack says 400":                 {400, scoped("execute-api"), 400},
		"MiniStack says 200":                 {200, scoped("execute-api"), 200},
		"MiniStack fails":                    {500, scoped("execute-api"), 500},
		"it is not signed":                   {410, "", 403},
		"it is signed for another service":   {410, scoped("sts"), 403},
	} {
		t.Run(name, func(t *testing.T) {
			f := newFront(t)
			f.ministackSays(c.ministack)
			for _, path := range []string{aPost, escaped} {
				r := httptest.NewRequest(http.MethodPost, "http://"+f.address+path, nil)
				r.Header.Set("Authorization", c.authorization)
				denied := f.proxy.Authorize(r, []byte("data"))
				got := 0
				if denied != nil {
					got = denied.StatusCode
					_ = denied.Body.Close()
				}
				equal(t, "denied", got, c.status)
				if c.status == 0 {
					seen, body := f.seen()
					equal(t, "uri", seen.RequestURI, path)
					equal(t, "host", seen.Host, f.address)
					equal(t, "body", body, "data")
				}
			}
		})
	}
}

// TestMiniStackIsTaughtADomainBeforeItJudges so that it knows the API and the
// stage that a signed path leads to.
func TestMiniStackIsTaughtADomainBeforeItJudges(t *testing.T) {
	f := newFront(t)
	f.ministackSays(http.StatusGone)
	judge := func() *http.Response {
		r := httptest.NewRequest(http.MethodPost, "http://ws.example.com/chat/@connections/AAAAAAAAAAAAAAA=", nil)
		r.Header.Set("Authorization", scoped("execute-api"))
		return f.proxy.Authorize(r, []byte("data"))
	}
	if denied := judge(); denied != nil {
		t.Fatalf("denied with %d", denied.StatusCode)
	}
	seen, _ := f.seen()
	equal(t, "host", seen.Host, "ws.example.com")
	equal(t, "uri", seen.RequestURI, "/chat/@connections/AAAAAAAAAAAAAAA=")
	equal(t, "taught", strings.Join(f.taught, " "), "ws.example.com")

	f.teaching = errors.New("no")
	denied := judge()
	if denied == nil {
		t.Fatal("allowed although MiniStack does not know the domain name")
	}
	defer denied.Body.Close()
	equal(t, "status", denied.StatusCode, http.StatusBadGateway)
}

// TestMiniStackDoesNotLearnTheNameOfADomainThatMayBeRefused: it would keep it.
func TestMiniStackDoesNotLearnTheNameOfADomainThatMayBeRefused(t *testing.T) {
	f := newFront(t)
	body := `{"domainName":"ws.example.com","tags":{"a":"b"}}`
	_, answer := f.do("POST", "/v2/domainnames", body, "Authorization", scoped("apigateway"))
	equal(t, "answer", answer, fmt.Sprintf("control %d", len(body)))
	seen, judged := f.seen()
	if strings.Contains(judged, `"domainName"`) || !strings.Contains(judged, `"tags":{"a":"b"}`) || len(judged) != len(body) {
		t.Errorf("MiniStack judged %s", judged)
	}
	hash := sha256.Sum256([]byte(body))
	equal(t, "signed hash", seen.Header.Get("X-Amz-Content-Sha256"), hex.EncodeToString(hash[:]))
}

func TestAnEmulatorThatIsDownIsA502(t *testing.T) {
	f := &front{T: t}
	f.start("http://127.0.0.1:1")
	for path, service := range map[string]string{"/": "sts", "/v2/apis": "apigateway"} {
		res, answer := f.do("POST", path, "x", "Authorization", scoped(service))
		equal(t, path, res.StatusCode, http.StatusBadGateway)
		if !strings.Contains(answer, "emulator does not answer; its log says why") {
			t.Errorf("%s: got %s", path, answer)
		}
	}
	r := httptest.NewRequest(http.MethodPost, "http://"+f.address+aPost, bytes.NewReader(nil))
	r.Header.Set("Authorization", scoped("execute-api"))
	denied := f.proxy.Authorize(r, nil)
	defer denied.Body.Close()
	equal(t, "@connections", denied.StatusCode, http.StatusBadGateway)
}

func TestAnAddressWithoutAPortIsAnError(t *testing.T) {
	if _, err := New(Config{Address: "127.0.0.1"}); err == nil {
		t.Error("no error")
	}
}

// One question for each member of a room, until something changes in IAM.
func TestIAMIsNotAskedTwiceForTheSameCallback(t *testing.T) {
	f := newFront(t)
	asked := func() int {
		f.mu.Lock()
		defer f.mu.Unlock()
		return len(f.requests)
	}
	post := func() *http.Response {
		t.Helper()
		f.ministackSays(http.StatusGone) // which it says to who may ask
		r := httptest.NewRequest(http.MethodPost, aPost, strings.NewReader("data"))
		r.Host = f.address
		hash := sha256.Sum256([]byte("data"))
		if err := signer.NewSigner().SignHTTP(t.Context(), caller, r, hex.EncodeToString(hash[:]), "execute-api", "us-east-1", time.Now()); err != nil {
			t.Fatal(err)
		}
		return f.proxy.Authorize(r, []byte("data"))
	}
	for range 3 {
		if denied := post(); denied != nil {
			t.Fatalf("denied with status %d", denied.StatusCode)
		}
	}
	equal(t, "questions for three posts", asked(), 1)
	f.ministackSays(http.StatusOK)
	f.do(http.MethodPost, "/", "Action=DeleteRolePolicy", "Authorization", scoped("iam"), "Content-Type", "application/x-www-form-urlencoded")
	before := asked()
	post()
	equal(t, "questions after a change", asked()-before, 1)
}

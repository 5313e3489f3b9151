package proxy

import (
	"bytes"
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"testing"
)

// front is a proxy whose parts say who they are.
type front struct {
	url      string
	upstream *httptest.Server
	// judge is what MiniStack answers; nil answers 200.
	judge http.HandlerFunc
	// seen is the last request that MiniStack got.
	seen     *http.Request
	seenBody string
	log      bytes.Buffer
}

func newFront(t *testing.T) *front {
	t.Helper()
	f := &front{}
	f.upstream = httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		body, _ := io.ReadAll(r.Body)
		f.seen, f.seenBody = r, string(body)
		if f.judge != nil {
			f.judge(w, r)
			return
		}
		_, _ = io.WriteString(w, "ministack")
	}))
	t.Cleanup(f.upstream.Close)
	upstream, err := url.Parse(f.upstream.URL)
	if err != nil {
		t.Fatal(err)
	}
	says := func(name string) http.Handler {
		return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			body, _ := io.ReadAll(r.Body)
			_, _ = io.WriteString(w, name+" "+string(body))
		})
	}
	server := httptest.NewUnstartedServer(nil)
	p, err := New(Config{
		Address: server.Listener.Addr().String(), Upstream: upstream, Lambda: func(next http.Handler) http.Handler { return next },
		ControlPlane: says("control plane"), DataPlane: says("data plane"), Status: says("status"),
		Logger: slog.New(slog.NewJSONHandler(&f.log, nil)),
	})
	if err != nil {
		t.Fatal(err)
	}
	server.Config.Handler = p
	server.Start()
	t.Cleanup(server.Close)
	f.url = server.URL
	return f
}

// ask makes a request and returns status and body.
func (f *front) ask(t *testing.T, method, path, body string, change func(*http.Request)) (int, string) {
	t.Helper()
	req, err := http.NewRequestWithContext(t.Context(), method, f.url+path, strings.NewReader(body))
	if err != nil {
		t.Fatal(err)
	}
	if change != nil {
		change(req)
	}
	res, err := http.DefaultClient.Do(req)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = res.Body.Close() }()
	answer, err := io.ReadAll(res.Body)
	if err != nil {
		t.Fatal(err)
	}
	return res.StatusCode, string(answer)
}

func header(name, value string) func(*http.Request) {
	return func(r *http.Request) { r.Header.Set(name, value) }
}

const signed = "AWS4-HMAC-SHA256 Credential=test/20261122/eu-west-1/apigateway/aws4_request, SignedHeaders=host, Signature=00"

func TestEachPartServesItsOwn(t *testing.T) {
	f := newFront(t)
	for _, c := range []struct{ method, path, auth, want string }{
		{http.MethodGet, "/_aws/execute-api/abc/live?room=x", "", "data plane"},
		{http.MethodPost, "/_aws/execute-api/abc/live/@connections/id=", signed, "data plane"},
		{http.MethodPost, "/_aws/execute-api/abc/live/%40connections/id%3D", signed, "data plane"},
		{http.MethodGet, "/_portcullis/status", "", "status"},
		{http.MethodPost, "/v2/apis", signed, "control plane"},
		{http.MethodGet, "/v2/apis/abc/routes", signed, "control plane"},
		{http.MethodPost, "/v2/tags/arn%3Aaws%3Aapigateway", signed, "control plane"},
		{http.MethodPost, "/v2/domainnames", signed, "control plane"},
		{http.MethodPost, "/", strings.Replace(signed, "apigateway", "dynamodb", 1), "ministack"},
		{http.MethodPut, "/v2/apis/object", strings.Replace(signed, "apigateway", "s3", 1), "ministack"}, // a bucket may be called v2
		{http.MethodGet, "/eu-west-1_abc/.well-known/jwks.json", "", "ministack"},
	} {
		status, body := f.ask(t, c.method, c.path, "", header("Authorization", c.auth))
		if status != http.StatusOK || !strings.HasPrefix(body, c.want) {
			t.Errorf("%s %s: %d %q, want %s", c.method, c.path, status, body, c.want)
		}
	}
}

func TestWhoMayNotComeIn(t *testing.T) {
	f := newFront(t)
	for name, c := range map[string]struct {
		path   string
		change func(*http.Request)
	}{
		"a page of another origin":                  {"/", header("Origin", "https://evil.example.com")},
		"a page of another port":                    {"/", header("Origin", "http://127.0.0.1:1")},
		"a page over https":                         {"/", header("Origin", strings.Replace(f.url, "http:", "https:", 1))},
		"a sandboxed page":                          {"/", header("Origin", "null")},
		"a page whose request has no origin":        {"/", header("Sec-Fetch-Site", "cross-site")},
		"a page of the same site":                   {"/", header("Sec-Fetch-Site", "same-site")},
		"a page that posts to a connection":         {"/_aws/execute-api/abc/live/@connections/id=", header("Origin", "https://evil.example.com")},
		"a page that reads the status":              {"/_portcullis/status", header("Origin", "https://evil.example.com")},
		"a name that was made to point here":        {"/", func(r *http.Request) { r.Host = "evil.example.com" }},
		"such a name on the data plane":             {"/_aws/execute-api/abc/live", func(r *http.Request) { r.Host = "evil.example.com:80" }},
		"an empty name":                             {"/", func(r *http.Request) { r.Host = "-" }},
		"MiniStack's administration":                {"/_ministack/reset", nil},
		"MiniStack's administration, in disguise":   {"/%5fministack/reset", nil},
		"other things MiniStack keeps under a dash": {"/_localstack/health", nil},
	} {
		status, body := f.ask(t, http.MethodPost, c.path, "", c.change)
		if status != http.StatusForbidden || !strings.Contains(body, "local stack") {
			t.Errorf("%s: %d %q, want 403", name, status, body)
		}
		if f.seen != nil {
			t.Errorf("%s: MiniStack got %s", name, f.seen.URL)
		}
	}
	for name, change := range map[string]func(*http.Request){
		"the stack's own page": header("Origin", f.url),
		"its other name":       header("Origin", strings.Replace(f.url, "127.0.0.1", "localhost", 1)),
		"a typed address":      header("Sec-Fetch-Site", "none"),
	} {
		if status, _ := f.ask(t, http.MethodGet, "/", "", change); status != http.StatusOK {
			t.Errorf("%s: %d, want 200", name, status)
		}
	}
	if status, body := f.ask(t, http.MethodGet, "/_aws/execute-api/abc/live", "", header("Origin", "https://evil.example.com")); status != http.StatusOK || !strings.HasPrefix(body, "data plane") {
		t.Errorf("a handshake of any page: %d %q; its origin is for the authorizer to judge", status, body)
	}
}

func TestAConnectionsPathCannotBeHiddenFromTheGuard(t *testing.T) {
	f := newFront(t)
	for _, path := range []string{
		"/_aws/execute-api/abc/live/@connections/id=", "/_aws/execute-api/abc/live/%40connections/id=",
		"/_aws/execute-api/abc/live/%40connections%2Fid", "/_aws/execute-api/abc/live/@connections%2fid",
	} {
		if status, _ := f.ask(t, http.MethodPost, path, "", header("Origin", "https://evil.example.com")); status != http.StatusForbidden {
			t.Errorf("%s: %d, want 403", path, status)
		}
	}
}

func TestMiniStackGetsWhatWasSignedAndThatItCameByTLS(t *testing.T) {
	f := newFront(t)
	f.ask(t, http.MethodPost, "/a%2Fb?x=1&x=2", "the body", func(r *http.Request) {
		r.Header.Set("Authorization", "signature")
		r.Header.Set("X-Forwarded-Proto", "http")
	})
	if f.seen.Host != strings.TrimPrefix(f.url, "http://") {
		t.Errorf("host %q", f.seen.Host)
	}
	if f.seen.RequestURI != "/a%2Fb?x=1&x=2" || f.seenBody != "the body" || f.seen.Header.Get("Authorization") != "signature" {
		t.Errorf("%s %q %v", f.seen.RequestURI, f.seenBody, f.seen.Header)
	}
	if got := f.seen.Header.Values("X-Forwarded-Proto"); len(got) != 1 || got[0] != "https" {
		t.Errorf("X-Forwarded-Proto %v", got)
	}
	if f.seen.Header.Get("Accept-Encoding") != "gzip" {
		// The test's own client asks for gzip; the proxy adds nothing of its own.
		t.Errorf("Accept-Encoding %q", f.seen.Header.Get("Accept-Encoding"))
	}
}

func TestMiniStackJudgesTheControlPlane(t *testing.T) {
	f := newFront(t)
	status, body := f.ask(t, http.MethodPost, "/v2/apis", `{"name":"x"}`, header("Authorization", signed))
	if status != http.StatusOK || body != `control plane {"name":"x"}` {
		t.Errorf("%d %q", status, body)
	}
	if f.seen.Method != http.MethodPost || f.seen.URL.Path != "/v2/apis" || f.seenBody != `{"name":"x"}` || f.seen.Header.Get("Authorization") != signed {
		t.Errorf("MiniStack got %s %s %q", f.seen.Method, f.seen.URL, f.seenBody)
	}
	f.judge = func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(http.StatusNotFound) }
	if status, _ := f.ask(t, http.MethodGet, "/v2/apis/abc", "", nil); status != http.StatusOK {
		t.Errorf("MiniStack does not know the stack's APIs: %d", status)
	}
	f.judge = func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("x-amzn-errortype", "AccessDeniedException")
		w.WriteHeader(http.StatusForbidden)
		_, _ = io.WriteString(w, `{"message":"no"}`)
	}
	if status, body := f.ask(t, http.MethodPost, "/v2/apis", "{}", nil); status != http.StatusForbidden || body != `{"message":"no"}` {
		t.Errorf("%d %q", status, body)
	}
	if status, _ := f.ask(t, http.MethodPost, "/v2/apis", strings.Repeat("x", maxControlBody+1), nil); status != http.StatusRequestEntityTooLarge {
		t.Errorf("a large body: %d", status)
	}
}

func TestAStackWithoutMiniStackSaysSo(t *testing.T) {
	f := newFront(t)
	f.upstream.Close()
	for _, path := range []string{"/", "/v2/apis"} {
		status, body := f.ask(t, http.MethodPost, path, "{}", nil)
		if status != http.StatusBadGateway || !strings.Contains(body, "does not answer") {
			t.Errorf("%s: %d %q", path, status, body)
		}
	}
	if !strings.Contains(f.log.String(), "MiniStack") {
		t.Errorf("log %s", f.log.String())
	}
}

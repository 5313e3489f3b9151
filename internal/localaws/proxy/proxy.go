// Package proxy is the front door of the local stack: the one address that
// AWS_ENDPOINT_URL names. It keeps web pages and foreign names out, and hands
// each request to the part that serves it.
package proxy

import (
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"io"
	"log/slog"
	"net"
	"net/http"
	"net/http/httputil"
	"net/url"
	"regexp"
	"strings"
	"time"

	"github.com/portcullis-chat/portcullis/internal/localaws/awscall"
	"github.com/portcullis-chat/portcullis/internal/localaws/dataplane"
	"github.com/portcullis-chat/portcullis/internal/localaws/faults"
	"github.com/portcullis-chat/portcullis/internal/localaws/lambda"
	"github.com/portcullis-chat/portcullis/internal/localaws/verdicts"
)

// StatusPath answers what the stack is and runs; it is the stack's own.
const StatusPath = "/_portcullis/status"

// ProfilePath answers with a CPU profile where one may be had.
const ProfilePath = "/_portcullis/profile"

// maxControlBody bounds a control plane request of API Gateway: an integration
// with several mapping templates of 300 KB each fits.
const maxControlBody = 8 << 20

// Config is what the proxy hands requests to.
type Config struct {
	// Address is the host and port the proxy listens on, 127.0.0.1:port.
	Address string
	// Upstream is MiniStack's address.
	Upstream *url.URL
	// Lambda wraps the way to MiniStack for Lambda's API.
	Lambda func(next http.Handler) http.Handler
	// Adapter wraps that way for what else MiniStack does not serve as AWS does.
	Adapter func(next http.Handler) http.Handler
	// Verdicts are those of IAM that are remembered.
	Verdicts *verdicts.Verdicts
	// ControlPlane serves API Gateway's control plane for WebSocket APIs.
	ControlPlane http.Handler
	// DataPlane serves connections and @connections.
	DataPlane http.Handler
	// IsDomain tells whether a name is a custom domain name of an API.
	IsDomain func(name string) bool
	// TeachDomain makes MiniStack know where a custom domain name leads, so that
	// it can judge requests that are signed for that name.
	TeachDomain func(ctx context.Context, name string) error
	// Status writes the stack's status.
	Status http.Handler
	// Code answers with the code of functions, below lambda.CodePath.
	Code http.Handler
	// Profile writes a CPU profile; nil serves none.
	Profile http.Handler
	// Faults serves their administration, and Calls lets AWS calls go wrong that
	// there are faults for.
	Faults http.Handler
	Calls  func(next http.Handler) http.Handler
	Logger *slog.Logger
}

// Proxy is an http.Handler for everything that reaches the stack.
type Proxy struct {
	cfg       Config
	upstream  http.Handler
	calls     http.Handler
	transport *http.Transport
	own       map[string]bool
	port      string
}

var _ http.Handler = (*Proxy)(nil)

// New returns the front door for cfg.
func New(cfg Config) (*Proxy, error) {
	_, port, err := net.SplitHostPort(cfg.Address)
	if err != nil {
		return nil, fmt.Errorf("address of the stack: %w", err)
	}
	p := &Proxy{
		cfg: cfg, port: port,
		own: map[string]bool{"127.0.0.1:" + port: true, "localhost:" + port: true},
		transport: &http.Transport{
			DialContext:         (&net.Dialer{Timeout: 5 * time.Second}).DialContext,
			MaxIdleConnsPerHost: 64,
			IdleConnTimeout:     time.Minute,
			DisableCompression:  true, // what the client did not ask for must not come back
		},
	}
	upstream := &httputil.ReverseProxy{
		Rewrite: func(r *httputil.ProxyRequest) {
			r.SetURL(cfg.Upstream)
			// Signed, and so is the query, also what Go cannot parse of it.
			r.Out.Host = r.In.Host
			r.Out.URL.RawQuery = r.In.URL.RawQuery
			// Not signed. Without it aws:SecureTransport is false and every
			// policy that demands TLS locks everybody out.
			r.Out.Header.Set("X-Forwarded-Proto", "https")
		},
		Transport: p.transport,
		ErrorHandler: func(w http.ResponseWriter, r *http.Request, err error) {
			if r.Context().Err() != nil {
				return // the caller has gone
			}
			cfg.Logger.Error("MiniStack did not answer", "method", r.Method, "path", r.URL.Path, "error", err)
			deny(w, http.StatusBadGateway, "ServiceUnavailable", notAnswering)
		},
		ErrorLog: slog.NewLogLogger(cfg.Logger.Handler(), slog.LevelError),
	}
	p.upstream = cfg.Verdicts.Middleware(cfg.Adapter(cfg.Lambda(upstream)))
	p.calls = cfg.Calls(http.HandlerFunc(p.serveCall))
	return p, nil
}

// controlPlanePath is what API Gateway v2's control plane begins with.
var controlPlanePath = regexp.MustCompile(`\A/v2/(apis|tags|domainnames|vpclinks|portals|portalproducts|routingrules)(/|\z)`)

// ServeHTTP guards and routes one request.
func (p *Proxy) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	domain := p.isDomain(r)
	if !p.own[r.Host] && !domain {
		deny(w, http.StatusForbidden, "AccessDenied", "the local stack answers only to its own address, not to the Host of this request")
		return
	}
	connections := strings.Contains(r.URL.Path, "/@connections/")
	if (domain || strings.HasPrefix(r.URL.Path, dataplane.PathPrefix)) && !connections {
		// A browser may open a WebSocket from any page: judging its Origin is
		// what the deployed authorizer is for.
		p.cfg.DataPlane.ServeHTTP(w, r)
		return
	}
	if !p.ownOrigin(r) && (domain || !forPages(r)) {
		deny(w, http.StatusForbidden, "AccessDenied", "the local stack does not answer web pages of another origin")
		return
	}
	switch {
	case domain:
		p.calls.ServeHTTP(w, r)
	case r.URL.Path == StatusPath:
		p.cfg.Status.ServeHTTP(w, r)
	case strings.HasPrefix(r.URL.Path, lambda.CodePath):
		p.cfg.Code.ServeHTTP(w, r)
	case r.URL.Path == ProfilePath && p.cfg.Profile != nil:
		p.cfg.Profile.ServeHTTP(w, r)
	case r.URL.Path == faults.Path, strings.HasPrefix(r.URL.Path, faults.Path+"/"), r.URL.Path == faults.ClockPath:
		p.cfg.Faults.ServeHTTP(w, r)
	default:
		p.calls.ServeHTTP(w, r)
	}
}

// serveCall serves an AWS call.
func (p *Proxy) serveCall(w http.ResponseWriter, r *http.Request) {
	service, _ := awscall.Scope(r)
	switch {
	case p.isDomain(r), strings.HasPrefix(r.URL.Path, dataplane.PathPrefix):
		p.cfg.DataPlane.ServeHTTP(w, r)
	case strings.HasPrefix(r.URL.Path, "/_"), r.URL.Path == "/health":
		// MiniStack's own administration, which asks for no credentials.
		deny(w, http.StatusForbidden, "AccessDenied", "not served by the local stack: "+r.URL.Path)
	case controlPlanePath.MatchString(r.URL.Path) && service != "s3":
		p.controlPlane(w, r)
	default:
		p.upstream.ServeHTTP(w, r)
	}
}

// isDomain tells whether a request came by a custom domain name, with the
// stack's port or without one. Such a name opens the data plane only.
func (p *Proxy) isDomain(r *http.Request) bool {
	if p.own[r.Host] {
		return false
	}
	if _, port, err := net.SplitHostPort(r.Host); err == nil && port != p.port {
		return false
	}
	return p.cfg.IsDomain(dataplane.HostName(r.Host))
}

// ownOrigin tells whether a request comes from no page or from one of the
// stack's own. Browsers send Origin or at least Sec-Fetch-Site with what a page
// asks for.
func (p *Proxy) ownOrigin(r *http.Request) bool {
	for _, origin := range r.Header.Values("Origin") {
		u, err := url.Parse(origin)
		if err != nil || u.Scheme != "http" || !p.own[u.Host] {
			return false
		}
	}
	switch r.Header.Get("Sec-Fetch-Site") {
	case "", "same-origin", "none":
		return true
	default:
		return false
	}
}

// controlPlane lets MiniStack judge a control plane request and serves it here
// when it may be made. MiniStack has no API that this stack made, so apart from
// the judgement its answer means nothing.
func (p *Proxy) controlPlane(w http.ResponseWriter, r *http.Request) {
	body, err := io.ReadAll(http.MaxBytesReader(w, r.Body, maxControlBody))
	if err != nil {
		deny(w, http.StatusRequestEntityTooLarge, "RequestTooLargeException", "the request is too large")
		return
	}
	if denied := p.Authorize(r, body); denied != nil {
		defer func() { _ = denied.Body.Close() }()
		for name, values := range denied.Header {
			w.Header()[name] = values
		}
		w.WriteHeader(denied.StatusCode)
		_, _ = io.Copy(w, denied.Body)
		return
	}
	r.Body = io.NopCloser(bytes.NewReader(body))
	p.cfg.ControlPlane.ServeHTTP(w, r)
}

// Authorize puts a signed request unchanged to MiniStack, which checks the
// signature and the caller's IAM policies. It returns nil when the caller may
// make the request, otherwise the response to give.
func (p *Proxy) Authorize(r *http.Request, body []byte) *http.Response {
	domain := p.isDomain(r)
	connections := domain || strings.HasPrefix(r.URL.Path, dataplane.PathPrefix)
	want := "apigateway"
	if connections {
		want = "execute-api"
	}
	// MiniStack picks the API by the scope: signed for another service, a
	// request would be judged by what that service allows.
	switch service, _ := awscall.Scope(r); service {
	case want:
	case "":
		return refusal(http.StatusForbidden, "MissingAuthenticationTokenException", "Missing Authentication Token")
	default:
		return refusal(http.StatusForbidden, "InvalidSignatureException", "Credential should be scoped to correct service: '"+want+"'.")
	}
	if domain {
		if err := p.cfg.TeachDomain(r.Context(), dataplane.HostName(r.Host)); err != nil {
			p.cfg.Logger.Error("MiniStack could not be told where a custom domain name leads", "host", r.Host, "error", err)
			return refusal(http.StatusBadGateway, "ServiceUnavailable", notAnswering)
		}
	}
	if domain || !connections { // a verdict about a domain name rests on where it leads, too
		return p.ask(r, body, connections)
	}
	// One for each member of a room and message: what IAM has allowed to this
	// caller need not be asked again.
	if p.cfg.Verdicts.Allowed(r, body) {
		return nil
	}
	changes := p.cfg.Verdicts.Changes()
	denied := p.ask(r, body, connections)
	if denied == nil {
		p.cfg.Verdicts.Remember(r, changes)
	}
	return denied
}

// ask puts a request to MiniStack for Authorize.
func (p *Proxy) ask(r *http.Request, body []byte, connections bool) *http.Response {
	out := r.Clone(r.Context())
	target := *p.cfg.Upstream
	target.Path, target.RawPath, target.RawQuery = r.URL.Path, r.URL.RawPath, r.URL.RawQuery
	out.URL = &target
	out.RequestURI = ""
	if r.Method == http.MethodPost && r.URL.Path == "/v2/domainnames" {
		body = nameless(out, body)
	}
	out.Body = io.NopCloser(bytes.NewReader(body))
	out.ContentLength = int64(len(body))
	out.Header.Set("X-Forwarded-Proto", "https")
	res, err := p.transport.RoundTrip(out)
	if err != nil {
		p.cfg.Logger.Error("MiniStack could not judge a request", "method", r.Method, "path", r.URL.Path, "error", err)
		return refusal(http.StatusBadGateway, "ServiceUnavailable", notAnswering)
	}
	// It has no connections, so for who may ask they are all gone. Of the
	// control plane it answers what it likes to who may ask.
	allowed := res.StatusCode == http.StatusGone
	if !connections {
		allowed = res.StatusCode != http.StatusUnauthorized && res.StatusCode != http.StatusForbidden &&
			!strings.HasPrefix(res.Header.Get("X-Amzn-Errortype"), "IncompleteSignature")
	}
	if !allowed {
		return res
	}
	_, _ = io.Copy(io.Discard, res.Body)
	_ = res.Body.Close()
	return nil
}

// nameless takes the name out of a request to make a custom domain name:
// MiniStack would keep the name, also where this stack refuses it, and judge
// @connections requests by it. Without a name it refuses the request itself, but
// only after it has judged the caller. The length of a body is signed, and its
// content is not looked at when the signed hash stands in a header.
func nameless(r *http.Request, body []byte) []byte {
	if r.Header.Get("X-Amz-Content-Sha256") == "" {
		hash := sha256.Sum256(body)
		r.Header.Set("X-Amz-Content-Sha256", hex.EncodeToString(hash[:]))
	}
	return bytes.ReplaceAll(body, []byte(`"domainName"`), []byte(`"-"         `))
}

const notAnswering = "the local stack's emulator does not answer; its log says why"

// refusal is a response in the shape that API Gateway uses for errors.
func refusal(status int, kind, message string) *http.Response {
	body, err := json.Marshal(map[string]string{"message": message})
	if err != nil {
		panic(err) // a map of strings always encodes
	}
	return &http.Response{
		StatusCode: status,
		Header:     http.Header{"Content-Type": {"application/json"}, "X-Amzn-Errortype": {kind}},
		Body:       io.NopCloser(bytes.NewReader(body)),
	}
}

// deny answers in the shape that AWS's JSON protocols use for errors.
func deny(w http.ResponseWriter, status int, kind, message string) {
	body, err := json.Marshal(map[string]string{"__type": kind, "message": message})
	if err != nil {
		panic(err) // a map of strings always encodes
	}
	w.Header().Set("Content-Type", "application/json")
	w.Header().Set("x-amzn-errortype", kind)
	w.WriteHeader(status)
	_, _ = w.Write(body)
}

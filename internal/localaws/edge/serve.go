package edge

import (
	"context"
	"crypto/rand"
	"encoding/base64"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net"
	"net/http"
	"net/http/httputil"
	"net/url"
	"slices"
	"strings"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/cloudfront/types"

	"github.com/portcullis-chat/portcullis/internal/localaws/waf"
)

// CountryHeader says, in a request to a distribution here, which country the
// viewer is in (ISO 3166-1 alpha-2). On AWS the viewer's address says so. It is
// looked at by geographic restrictions and rules, and no origin gets it.
const CountryHeader = "X-Portcullis-Viewer-Country"

// The quotas of CloudFront for a request (CloudFront developer guide,
// cloudfront-limits), in bytes: the URL, and URL and headers together.
const (
	maxURL     = 8192
	maxRequest = 32768
)

// pop is where all requests arrive.
const pop = "LOCAL0-C1"

// exchange is one request of a viewer and what becomes of it.
type exchange struct {
	edge *Edge
	d    *distribution
	in   *http.Request
	id   string
	// path is the one that chooses the behaviour, raw the one that goes to the
	// origin.
	path, raw string
	behaviour *behaviour
	// inserted are headers that rules of the web ACL add.
	inserted http.Header
	// own says that the response is CloudFront's or AWS WAF's own, final that no
	// error page replaces it.
	own, final bool
}

// serve answers one request.
func (e *Edge) serve(d *distribution, w http.ResponseWriter, r *http.Request) {
	raw := r.URL.EscapedPath()
	if raw == "/" && d.defaultRootObject != "" {
		raw += d.defaultRootObject
	}
	x := &exchange{edge: e, d: d, in: r, id: newID(), raw: raw, path: normalized(raw)}
	x.behaviour = d.behaviourFor(x.path)
	given := x.admit() //nolint:bodyclose // the proxy closes it
	proxy := &httputil.ReverseProxy{
		Rewrite: x.rewrite,
		Transport: roundTrip(func(out *http.Request) (*http.Response, error) {
			if given != nil {
				return given, nil
			}
			return x.ask(out, x.behaviour.origin), nil
		}),
		ModifyResponse: x.finish,
		ErrorHandler:   func(w http.ResponseWriter, _ *http.Request, _ error) { w.WriteHeader(http.StatusBadGateway) },
		ErrorLog:       slog.NewLogLogger(e.cfg.Logger.Handler(), slog.LevelWarn),
	}
	proxy.ServeHTTP(w, r)
}

type roundTrip func(*http.Request) (*http.Response, error)

// RoundTrip implements http.RoundTripper.
func (f roundTrip) RoundTrip(r *http.Request) (*http.Response, error) { return f(r) }

// normalized is a path as CloudFront compares it with path patterns: without dot
// segments, and without escapes of characters that need none (RFC 3986 section
// 6.2.2).
func normalized(raw string) string {
	var plain strings.Builder
	for i := 0; i < len(raw); i++ {
		if raw[i] == '%' && i+2 < len(raw) {
			if b, err := hex.DecodeString(raw[i+1 : i+3]); err == nil && unreserved(b[0]) {
				plain.WriteByte(b[0])
				i += 2
				continue
			}
		}
		plain.WriteByte(raw[i])
	}
	return (&url.URL{Path: "/"}).ResolveReference(&url.URL{Path: plain.String()}).Path
}

func unreserved(b byte) bool {
	return 'a' <= b && b <= 'z' || 'A' <= b && b <= 'Z' || '0' <= b && b <= '9' || strings.IndexByte("-._~", b) >= 0
}

// admit returns the refusal of a request that does not reach an origin, or nil.
func (x *exchange) admit() *http.Response {
	x.own = true
	country := x.in.Header.Get(CountryHeader)
	listed := slices.ContainsFunc(x.d.geo.Items, func(item string) bool { return strings.EqualFold(item, country) })
	switch kind := x.d.geo.RestrictionType; {
	case len(x.in.RequestURI) > maxURL, headerBytes(x.in) > maxRequest:
		return generated(http.StatusRequestEntityTooLarge, "The request is too large.")
	case country != "" && (kind == types.GeoRestrictionTypeBlacklist && listed || kind == types.GeoRestrictionTypeWhitelist && !listed):
		return generated(http.StatusForbidden, "The Amazon CloudFront distribution is configured to block access from your country.")
	}
	if x.d.acl != nil {
		verdict := x.d.acl.Judge(waf.Request{Request: x.in, ClientIP: viewerIP(x.in), Country: country, ID: x.id, Source: x.d.id})
		x.inserted = verdict.Inserted
		if response := verdict.Response; response != nil {
			x.final = true
			return answer(response.Status, response.ContentType, response.Body, response.Headers)
		}
		if verdict.Blocked {
			return generated(http.StatusForbidden, "Request blocked.")
		}
	}
	if !slices.Contains(x.behaviour.methods, x.in.Method) {
		return generated(http.StatusForbidden, "This distribution is not configured to allow the HTTP request method that was used for this request.")
	}
	x.own = false
	return nil
}

// headerBytes is about how long a request's first line and headers are.
func headerBytes(r *http.Request) int {
	n := len(r.Method) + len(r.RequestURI) + len(" HTTP/1.1\r\n \r\n") + len("Host: \r\n") + len(r.Host)
	for name, values := range r.Header {
		for _, value := range values {
			n += len(name) + len(": \r\n") + len(value)
		}
	}
	return n
}

// rewrite makes the request to the origin.
func (x *exchange) rewrite(r *httputil.ProxyRequest) {
	x.toOrigin(r.Out, x.raw, x.behaviour)
	if up := r.In.Header.Get("Upgrade"); strings.EqualFold(up, "websocket") && r.In.Method == http.MethodGet {
		r.Out.Header.Set("Connection", "Upgrade")
		r.Out.Header.Set("Upgrade", up)
	}
}

// toOrigin gives a request, of which hop-by-hop headers are gone, the URL and
// the headers that the origin gets.
func (x *exchange) toOrigin(out *http.Request, raw string, b *behaviour) {
	headers := b.forward.headersFor(x.in, out.Header)
	for name, values := range x.inserted {
		headers[name] = values
	}
	headers.Set("Via", viaOf(x.in))
	headers.Set("X-Amz-Cf-Id", x.id)
	for name, value := range b.origin.headers {
		headers.Set(name, value)
	}
	out.Header = headers
	out.Host = b.origin.host
	if b.forward.header("Host") && b.origin.bucket == "" {
		out.Host = x.in.Host
	}
	unescaped, err := url.PathUnescape(b.origin.path + raw)
	if err != nil {
		unescaped = b.origin.path + raw
	}
	out.URL = &url.URL{Scheme: "http", Host: x.edge.cfg.Gateway, Path: unescaped, RawPath: b.origin.path + raw, RawQuery: b.forward.query(x.in.URL.RawQuery)}
}

func viaOf(r *http.Request) string {
	own := "1.1 " + pop + ".cloudfront.net (CloudFront)"
	if earlier := strings.Join(r.Header.Values("Via"), ", "); earlier != "" {
		return earlier + ", " + own
	}
	return own
}

// errLate says that an origin has not answered in time.
var errLate = errors.New("the origin did not answer in time")

// ask puts a request to an origin. What goes wrong becomes CloudFront's error.
func (x *exchange) ask(out *http.Request, o *origin) *http.Response {
	if o.unresolved != "" {
		x.edge.cfg.Logger.Warn("an origin cannot be resolved", "distribution", x.d.id, "reason", o.unresolved)
		x.own = true
		return generated(http.StatusBadGateway, "CloudFront wasn't able to resolve the origin domain name.")
	}
	ctx, cancel := context.WithCancelCause(out.Context())
	timer := time.AfterFunc(o.timeout, func() { cancel(errLate) })
	res, err := x.exchangeWith(out.WithContext(ctx), o)
	timer.Stop()
	switch {
	case err == nil:
		return res
	case errors.Is(context.Cause(ctx), errLate):
		x.own = true
		return generated(http.StatusGatewayTimeout, "CloudFront attempted to establish a connection with the origin, but the origin did not answer in time.")
	default:
		if x.in.Context().Err() == nil {
			x.edge.cfg.Logger.Error("an origin did not answer", "distribution", x.d.id, "error", err)
		}
		x.own = true
		return generated(http.StatusBadGateway, "CloudFront wasn't able to connect to the origin.")
	}
}

func (x *exchange) exchangeWith(out *http.Request, o *origin) (*http.Response, error) {
	if o.bucket != "" {
		return x.edge.fromBucket(out.Context(), x.d, o, out, x.in.Header)
	}
	return x.edge.transport.RoundTrip(out)
}

// finish makes the origin's response the viewer's.
func (x *exchange) finish(res *http.Response) error {
	own := http.Header{"Via": {viaOf(&http.Request{Header: res.Header})}, "X-Amz-Cf-Id": {x.id}, "X-Amz-Cf-Pop": {pop}}
	if res.StatusCode == http.StatusSwitchingProtocols {
		if body, ok := res.Body.(io.ReadWriteCloser); ok {
			res.Body = newIdle(body, x.edge.webSocketIdle)
		}
	} else {
		if !x.final {
			x.errorPage(res)
		}
		if !x.own {
			applyHeaders(x.behaviour.headers, x.in.Header.Get("Origin"), x.in.Method, res.Header)
		}
	}
	if res.Header.Get("X-Cache") == "" {
		cached := "Miss from cloudfront"
		if res.StatusCode >= http.StatusBadRequest {
			cached = "Error from cloudfront"
		}
		own.Set("X-Cache", cached)
	}
	for name, values := range own {
		res.Header[name] = values
	}
	x.count(res.StatusCode)
	return nil
}

// count writes the metrics that every distribution has (CloudFront developer
// guide, viewing-cloudfront-metrics). An error rate is the mean of a hundred for
// each error and 0 for each other response.
func (x *exchange) count(status int) {
	dimensions := map[string]string{"DistributionId": x.d.id, "Region": "Global"}
	put := func(name, unit string, value float64) {
		x.edge.cfg.Metrics.Put(Region, "AWS/CloudFront", name, unit, value, dimensions)
	}
	put("Requests", "None", 1)
	for name, counted := range map[string]bool{"4xxErrorRate": status/100 == 4, "5xxErrorRate": status/100 == 5, "TotalErrorRate": status/100 >= 4} {
		percent := 0.0
		if counted {
			percent = 100
		}
		put(name, "Percent", percent)
	}
}

// errorPage replaces a response by the page that the distribution has for its
// status. Where the page cannot be had, the response stays.
func (x *exchange) errorPage(res *http.Response) {
	custom, ok := x.d.errors[res.StatusCode]
	if !ok || aws.ToString(custom.ResponsePagePath) == "" {
		return
	}
	page := *custom.ResponsePagePath
	b := x.d.behaviourFor(page)
	ctx := x.in.Context()
	request, err := http.NewRequestWithContext(ctx, http.MethodGet, "http://"+x.edge.cfg.Gateway+"/", nil)
	if err != nil {
		return
	}
	viewer := x.in.Clone(ctx)
	for _, name := range append(conditional, "Connection", "Upgrade") {
		viewer.Header.Del(name)
	}
	viewer.URL.RawQuery, viewer.ContentLength = "", 0
	request.Header = viewer.Header
	inner := &exchange{edge: x.edge, d: x.d, in: viewer, id: x.id, raw: page, path: page, behaviour: b}
	inner.toOrigin(request, page, b)
	found := inner.ask(request, b.origin)
	if found.StatusCode != http.StatusOK {
		_ = found.Body.Close()
		return
	}
	_ = res.Body.Close()
	status := res.StatusCode
	if _, err := fmt.Sscan(aws.ToString(custom.ResponseCode), &status); err != nil {
		status = res.StatusCode
	}
	if x.in.Method == http.MethodHead {
		_ = found.Body.Close()
		found.Body = http.NoBody
	}
	found.Header.Set("X-Cache", "Error from cloudfront")
	res.StatusCode, res.Status, res.Header, res.Body, res.ContentLength = status, "", found.Header, found.Body, found.ContentLength
	x.own, x.behaviour = false, b
}

// viewerIP is the address of the peer.
func viewerIP(r *http.Request) string {
	host, _, err := net.SplitHostPort(r.RemoteAddr)
	if err != nil {
		return r.RemoteAddr
	}
	return host
}

// newID returns the id of a request.
func newID() string {
	var b [42]byte
	_, _ = rand.Read(b[:]) // never fails (crypto/rand)
	return base64.URLEncoding.EncodeToString(b[:])
}

// idle ends a WebSocket when nothing has come from the origin for too long.
type idle struct {
	io.ReadWriteCloser
	limit time.Duration
	timer *time.Timer
}

func newIdle(c io.ReadWriteCloser, limit time.Duration) *idle {
	return &idle{ReadWriteCloser: c, limit: limit, timer: time.AfterFunc(limit, func() { _ = c.Close() })}
}

// Read implements io.Reader.
func (c *idle) Read(p []byte) (int, error) {
	n, err := c.ReadWriteCloser.Read(p)
	if n > 0 {
		c.timer.Reset(c.limit)
	}
	return n, err
}

// Close implements io.Closer.
func (c *idle) Close() error {
	c.timer.Stop()
	return c.ReadWriteCloser.Close()
}

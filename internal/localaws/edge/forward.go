package edge

import (
	"net/http"
	"net/url"
	"slices"
	"strings"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/cloudfront/types"
)

// selection says which of the viewer's headers, cookies or query parameters an
// origin gets: those that are named, or all but those.
type selection struct {
	allBut bool
	names  []string
}

func (s selection) has(name string) bool {
	named := slices.ContainsFunc(s.names, func(n string) bool { return strings.EqualFold(n, name) })
	return named != s.allBut
}

func (s selection) hasExactly(name string) bool { return slices.Contains(s.names, name) != s.allBut }

// selected reads a behaviour of a policy. Its words are the same for headers,
// cookies and query strings, but for their case.
func selected(behaviour string, names []string) selection {
	switch strings.ToLower(behaviour) {
	case "all", "allviewer":
		return selection{allBut: true}
	case "allexcept":
		return selection{allBut: true, names: names}
	case "whitelist":
		return selection{names: names}
	default:
		return selection{}
	}
}

// forwarding is what a cache policy and an origin request policy let through to
// the origin: what either of them does.
type forwarding struct {
	headers, cookies, queries []selection
	// added are the headers of CloudFront's own that are asked for.
	added []string
	// encodings are those of Accept-Encoding that the cache policy knows.
	encodings []string
}

func newForwarding(cache *types.CachePolicyConfig, request *types.OriginRequestPolicyConfig) forwarding {
	var f forwarding
	if cache != nil && cache.ParametersInCacheKeyAndForwardedToOrigin != nil {
		p := cache.ParametersInCacheKeyAndForwardedToOrigin
		var headers, cookies, queries []string
		if p.HeadersConfig.Headers != nil {
			headers = p.HeadersConfig.Headers.Items
		}
		if p.CookiesConfig.Cookies != nil {
			cookies = p.CookiesConfig.Cookies.Items
		}
		if p.QueryStringsConfig.QueryStrings != nil {
			queries = p.QueryStringsConfig.QueryStrings.Items
		}
		f.add(string(p.HeadersConfig.HeaderBehavior), headers, string(p.CookiesConfig.CookieBehavior), cookies, string(p.QueryStringsConfig.QueryStringBehavior), queries)
		if aws.ToBool(p.EnableAcceptEncodingBrotli) {
			f.encodings = append(f.encodings, "br")
		}
		if aws.ToBool(p.EnableAcceptEncodingGzip) {
			f.encodings = append(f.encodings, "gzip")
		}
	}
	if request != nil {
		var headers, cookies, queries []string
		if request.HeadersConfig.Headers != nil {
			headers = request.HeadersConfig.Headers.Items
		}
		if request.CookiesConfig.Cookies != nil {
			cookies = request.CookiesConfig.Cookies.Items
		}
		if request.QueryStringsConfig.QueryStrings != nil {
			queries = request.QueryStringsConfig.QueryStrings.Items
		}
		behaviour := string(request.HeadersConfig.HeaderBehavior)
		if request.HeadersConfig.HeaderBehavior == types.OriginRequestPolicyHeaderBehaviorAllViewerAndWhitelistCloudFront {
			behaviour = "allViewer"
		}
		f.add(behaviour, headers, string(request.CookiesConfig.CookieBehavior), cookies, string(request.QueryStringsConfig.QueryStringBehavior), queries)
	}
	return f
}

func (f *forwarding) add(headerBehaviour string, headers []string, cookieBehaviour string, cookies []string, queryBehaviour string, queries []string) {
	f.headers = append(f.headers, selected(headerBehaviour, headers))
	f.cookies = append(f.cookies, selected(cookieBehaviour, cookies))
	f.queries = append(f.queries, selected(queryBehaviour, queries))
	if headerBehaviour == "allExcept" {
		return
	}
	for _, name := range headers {
		if strings.HasPrefix(strings.ToLower(name), "cloudfront-") {
			f.added = append(f.added, http.CanonicalHeaderKey(name))
		}
	}
}

func (f forwarding) header(name string) bool {
	return slices.ContainsFunc(f.headers, func(s selection) bool { return s.has(name) })
}

// neverForwarded are headers that no policy lets through: CloudFront removes or
// writes them itself (CloudFront developer guide,
// RequestAndResponseBehaviorCustomOrigin, request-custom-headers-behavior).
var neverForwarded = map[string]bool{
	"Connection": true, "Content-Length": true, "Cookie": true, "Expect": true, "Host": true, "Keep-Alive": true, "Proxy-Authenticate": true,
	"Proxy-Authorization": true, "Proxy-Connection": true, "Te": true, "Trailer": true, "Transfer-Encoding": true, "Upgrade": true, "Via": true,
	"X-Forwarded-For": true, "X-Forwarded-Proto": true, "X-Http-Method-Override": true, "X-Real-Ip": true,
}

// forwardable tells whether a policy can let a header through.
func forwardable(name string) bool {
	lower := strings.ToLower(name)
	return !neverForwarded[name] && name != CountryHeader &&
		!strings.HasPrefix(lower, "x-edge-") && !strings.HasPrefix(lower, "x-amz-cf-") && !strings.HasPrefix(lower, "cloudfront-")
}

// headersFor are the headers of a request to the origin. In is the viewer's
// request, cleaned what the request without headers that were for one hop.
func (f forwarding) headersFor(in *http.Request, cleaned http.Header) http.Header {
	out := http.Header{}
	for name, values := range cleaned {
		if forwardable(name) && f.header(name) {
			out[name] = slices.Clone(values)
		}
	}
	// What says what a body is goes with it.
	if kind, ok := cleaned["Content-Type"]; ok && in.ContentLength != 0 {
		out["Content-Type"] = kind
	}
	if len(f.encodings) > 0 {
		out.Del("Accept-Encoding")
		if accepted := f.accepted(in.Header); accepted != "" {
			out.Set("Accept-Encoding", accepted)
		}
	}
	if out.Get("User-Agent") == "" {
		out.Set("User-Agent", "Amazon CloudFront")
	}
	if cookies := f.cookie(in.Header.Values("Cookie")); cookies != "" {
		out.Set("Cookie", cookies)
	}
	viewer := viewerIP(in)
	for _, name := range f.added {
		switch name {
		case "Cloudfront-Viewer-Address":
			out.Set(name, in.RemoteAddr)
		case "Cloudfront-Viewer-Country":
			if country := in.Header.Get(CountryHeader); country != "" {
				out.Set(name, country)
			}
		case "Cloudfront-Forwarded-Proto":
			out.Set(name, "https")
		case "Cloudfront-Viewer-Http-Version":
			out.Set(name, "1.1")
		}
	}
	if earlier := strings.Join(in.Header.Values("X-Forwarded-For"), ", "); earlier != "" {
		viewer = earlier + ", " + viewer
	}
	out.Set("X-Forwarded-For", viewer)
	return out
}

// accepted is the viewer's Accept-Encoding as CloudFront writes it anew.
func (f forwarding) accepted(h http.Header) string {
	offered := strings.ToLower(strings.Join(h.Values("Accept-Encoding"), ","))
	var both []string
	for _, encoding := range f.encodings {
		if strings.Contains(offered, encoding) {
			both = append(both, encoding)
		}
	}
	return strings.Join(both, ",")
}

// cookie returns the cookies that the origin gets, as one header.
func (f forwarding) cookie(headers []string) string {
	var kept []string
	for _, header := range headers {
		for pair := range strings.SplitSeq(header, ";") {
			pair = strings.TrimSpace(pair)
			name, _, _ := strings.Cut(pair, "=")
			if pair != "" && slices.ContainsFunc(f.cookies, func(s selection) bool { return s.hasExactly(name) }) {
				kept = append(kept, pair)
			}
		}
	}
	return strings.Join(kept, "; ")
}

// query returns those parameters of a raw query that the origin gets, as they
// were written.
func (f forwarding) query(raw string) string {
	var kept []string
	for pair := range strings.SplitSeq(raw, "&") {
		name, _, _ := strings.Cut(pair, "=")
		if unescaped, err := url.QueryUnescape(name); err == nil {
			name = unescaped
		}
		if pair != "" && slices.ContainsFunc(f.queries, func(s selection) bool { return s.hasExactly(name) }) {
			kept = append(kept, pair)
		}
	}
	return strings.Join(kept, "&")
}

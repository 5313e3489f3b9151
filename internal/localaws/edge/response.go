package edge

import (
	"bytes"
	"html"
	"io"
	"net/http"
	"slices"
	"strconv"
	"strings"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/cloudfront/types"

	"github.com/portcullis-chat/portcullis/internal/localaws/policydoc"
)

// generated is an error of CloudFront's own.
func generated(status int, reason string) *http.Response {
	body := "<!DOCTYPE html>\n<html><head><title>ERROR: The request could not be satisfied</title></head>\n<body><h1>" +
		strconv.Itoa(status) + " ERROR</h1><h2>The request could not be satisfied.</h2><p>" + html.EscapeString(reason) + "</p></body></html>\n"
	return answer(status, "text/html", body, http.Header{"Server": {"CloudFront"}, "X-Cache": {"Error from cloudfront"}})
}

// answer is a response that no origin has given.
func answer(status int, contentType, body string, headers http.Header) *http.Response {
	h := http.Header{"Content-Type": {contentType}, "Content-Length": {strconv.Itoa(len(body))}}
	for name, values := range headers {
		h[name] = values
	}
	return &http.Response{
		StatusCode: status, Proto: "HTTP/1.1", ProtoMajor: 1, ProtoMinor: 1, Header: h,
		Body: io.NopCloser(bytes.NewBufferString(body)), ContentLength: int64(len(body)),
	}
}

// applyHeaders does what a response headers policy says (CloudFront developer
// guide, understanding-response-headers-policies). Headers are removed first.
func applyHeaders(policy *types.ResponseHeadersPolicyConfig, viewerOrigin, method string, h http.Header) {
	if policy == nil {
		return
	}
	if removed := policy.RemoveHeadersConfig; removed != nil {
		for _, header := range removed.Items {
			h.Del(aws.ToString(header.Header))
		}
	}
	applyCORS(policy.CorsConfig, viewerOrigin, method, h)
	set := func(override *bool, name, value string) {
		if aws.ToBool(override) || h.Get(name) == "" {
			h.Set(name, value)
		}
	}
	if s := policy.SecurityHeadersConfig; s != nil {
		if p := s.ContentSecurityPolicy; p != nil {
			set(p.Override, "Content-Security-Policy", aws.ToString(p.ContentSecurityPolicy))
		}
		if p := s.ContentTypeOptions; p != nil {
			set(p.Override, "X-Content-Type-Options", "nosniff")
		}
		if p := s.FrameOptions; p != nil {
			set(p.Override, "X-Frame-Options", string(p.FrameOption))
		}
		if p := s.ReferrerPolicy; p != nil {
			set(p.Override, "Referrer-Policy", string(p.ReferrerPolicy))
		}
		if p := s.StrictTransportSecurity; p != nil {
			set(p.Override, "Strict-Transport-Security", strictTransport(p))
		}
		if p := s.XSSProtection; p != nil {
			set(p.Override, "X-XSS-Protection", xssProtection(p))
		}
	}
	if custom := policy.CustomHeadersConfig; custom != nil {
		for _, header := range custom.Items {
			set(header.Override, aws.ToString(header.Header), aws.ToString(header.Value))
		}
	}
}

func strictTransport(p *types.ResponseHeadersPolicyStrictTransportSecurity) string {
	value := "max-age=" + strconv.Itoa(int(aws.ToInt32(p.AccessControlMaxAgeSec)))
	if aws.ToBool(p.IncludeSubdomains) {
		value += "; includeSubDomains"
	}
	if aws.ToBool(p.Preload) {
		value += "; preload"
	}
	return value
}

func xssProtection(p *types.ResponseHeadersPolicyXSSProtection) string {
	if !aws.ToBool(p.Protection) {
		return "0"
	}
	value := "1"
	if aws.ToBool(p.ModeBlock) {
		value += "; mode=block"
	}
	if uri := aws.ToString(p.ReportUri); uri != "" {
		value += "; report=" + uri
	}
	return value
}

// applyCORS answers requests of other origins. Without OriginOverride, an origin
// that answers them itself is left alone.
func applyCORS(p *types.ResponseHeadersPolicyCorsConfig, viewerOrigin, method string, h http.Header) {
	if p == nil || viewerOrigin == "" {
		return
	}
	var own []string
	for name := range h {
		if strings.HasPrefix(name, "Access-Control-") {
			own = append(own, name)
		}
	}
	if len(own) > 0 && !aws.ToBool(p.OriginOverride) {
		return
	}
	for _, name := range own {
		h.Del(name)
	}
	origins := p.AccessControlAllowOrigins.Items
	switch {
	case slices.Contains(origins, "*"):
		h.Set("Access-Control-Allow-Origin", "*")
	case slices.ContainsFunc(origins, func(allowed string) bool { return originMatches(allowed, viewerOrigin) }):
		h.Set("Access-Control-Allow-Origin", viewerOrigin)
		h.Add("Vary", "Origin")
	default:
		return
	}
	if aws.ToBool(p.AccessControlAllowCredentials) {
		h.Set("Access-Control-Allow-Credentials", "true")
	}
	if exposed := p.AccessControlExposeHeaders; exposed != nil && len(exposed.Items) > 0 {
		h.Set("Access-Control-Expose-Headers", strings.Join(exposed.Items, ", "))
	}
	if method != http.MethodOptions {
		return
	}
	var methods []string
	for _, allowed := range p.AccessControlAllowMethods.Items {
		if allowed == types.ResponseHeadersPolicyAccessControlAllowMethodsValuesAll {
			methods = []string{"GET", "HEAD", "PUT", "POST", "PATCH", "DELETE", "OPTIONS"}
			break
		}
		methods = append(methods, string(allowed))
	}
	h.Set("Access-Control-Allow-Methods", strings.Join(methods, ", "))
	if headers := p.AccessControlAllowHeaders.Items; len(headers) > 0 {
		h.Set("Access-Control-Allow-Headers", strings.Join(headers, ", "))
	}
	if age := p.AccessControlMaxAgeSec; age != nil {
		h.Set("Access-Control-Max-Age", strconv.Itoa(int(*age)))
	}
}

// originMatches compares an allowed origin, which may begin with a wildcard and
// leave out the scheme, with that of a viewer.
func originMatches(allowed, origin string) bool {
	if policydoc.Match(allowed, origin) {
		return true
	}
	_, host, _ := strings.Cut(origin, "://")
	return !strings.Contains(allowed, "://") && policydoc.Match(allowed, host)
}

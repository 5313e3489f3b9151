package edge

import (
	"bufio"
	"encoding/json"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/cloudfront"
	"github.com/aws/aws-sdk-go-v2/service/cloudfront/types"
	"github.com/aws/aws-sdk-go-v2/service/s3"
	"github.com/coder/websocket"
)

func TestAnAPISeesWhatCloudFrontSends(t *testing.T) {
	w := newWorld(t)
	origin := api("api")
	origin.CustomHeaders = customHeaders("x-origin-verify", "the secret")
	config := w.config(origin)
	config.DefaultCacheBehavior.OriginRequestPolicyId = aws.String(allViewerExceptHost)
	config.DefaultCacheBehavior.AllowedMethods = methods("GET", "HEAD", "OPTIONS", "PUT", "PATCH", "POST", "DELETE")
	_, url := w.deploy(config)

	given := w.get(url+"/ws?room=a%20b&x", "X-Origin-Verify", "guessed", "X-Forwarded-For", "192.0.2.1", "X-Real-IP", "192.0.2.2",
		"Connection", "close, X-Hop", "X-Hop", "1", "Proxy-Authorization", "p", "TE", "trailers", "X-Kept", "k", "Authorization", "Bearer t",
		"X-Edge-Location", "e", "X-Amz-Cf-Id", "mine", "CloudFront-Viewer-Country", "XX", CountryHeader, "DE", "Cookie", "a=1; b=2",
		"X-Forwarded-Proto", "http", "X-HTTP-Method-Override", "DELETE", "X-Forwarded-Host", "evil", "Upgrade", "h2c")
	w.want(given, http.StatusOK, "X-Cache", "Miss from cloudfront")
	if given.asked.URI != "/_aws/execute-api/api1/ws?room=a%20b&x" || given.asked.Host != w.cfg.Gateway {
		t.Errorf("asked %+v", given.asked)
	}
	want := map[string]string{
		"X-Origin-Verify": "the secret", "X-Forwarded-For": "192.0.2.1, 127.0.0.1", "X-Kept": "k", "Authorization": "Bearer t", "Cookie": "a=1; b=2",
		"User-Agent": "Go-http-client/1.1",
		"X-Real-Ip":  "", "X-Hop": "", "Proxy-Authorization": "", "Te": "", "X-Edge-Location": "", "Cloudfront-Viewer-Country": "", CountryHeader: "",
		"X-Forwarded-Proto": "", "X-Http-Method-Override": "", "Upgrade": "", "Connection": "",
	}
	for name, value := range want {
		if got := strings.Join(given.asked.Header.Values(name), "|"); got != value {
			t.Errorf("%s: %q, want %q", name, got, value)
		}
	}
	if id := given.asked.Header.Get("X-Amz-Cf-Id"); id == "mine" || id == "" || id != given.header.Get("X-Amz-Cf-Id") {
		t.Errorf("X-Amz-Cf-Id %q and %q", id, given.header.Get("X-Amz-Cf-Id"))
	}
	if !strings.Contains(given.header.Get("Via"), "CloudFront") || !strings.Contains(given.asked.Header.Get("Via"), "CloudFront") {
		t.Errorf("Via %q and %q", given.header.Get("Via"), given.asked.Header.Get("Via"))
	}
	posted := w.send("127.0.0.1", http.MethodPost, url+"/", "body", "Content-Type", "text/x")
	if posted.asked.Body != "body" || posted.asked.Header.Get("Content-Type") != "text/x" || posted.asked.Method != http.MethodPost {
		t.Errorf("posted %+v", posted.asked)
	}
	// The viewer's Host, which an API refuses, only where the policy says so.
	config = w.config(origin)
	config.DefaultCacheBehavior.OriginRequestPolicyId = aws.String(allViewer)
	_, second := w.deploy(config)
	if given := w.get(second + "/"); given.asked.Host != strings.TrimPrefix(second, "http://") {
		t.Errorf("Host %q", given.asked.Host)
	}
}

func TestWithoutPoliciesAnOriginGetsNothingOfTheViewers(t *testing.T) {
	w := newWorld(t)
	config := w.config(api("api"))
	_, url := w.deploy(config)
	given := w.get(url+"/a?b=c", "X-Mine", "1", "Cookie", "a=1", "Authorization", "x", "Accept-Encoding", "gzip")
	if given.asked.URI != "/_aws/execute-api/api1/a" {
		t.Errorf("asked %s", given.asked.URI)
	}
	names := []string{}
	for name := range given.asked.Header {
		names = append(names, name)
	}
	slices.Sort(names)
	if want := []string{"User-Agent", "Via", "X-Amz-Cf-Id", "X-Forwarded-For"}; !slices.Equal(names, want) || given.asked.Header.Get("User-Agent") != "Amazon CloudFront" {
		t.Errorf("headers %v", given.asked.Header)
	}
}

func TestPoliciesOfOnesOwnChooseWhatAnOriginGets(t *testing.T) {
	w := newWorld(t)
	request := must(w.cloudFront.CreateOriginRequestPolicy(t.Context(), &cloudfront.CreateOriginRequestPolicyInput{OriginRequestPolicyConfig: &types.OriginRequestPolicyConfig{
		Name:               aws.String(w.name),
		HeadersConfig:      &types.OriginRequestPolicyHeadersConfig{HeaderBehavior: "whitelist", Headers: &types.Headers{Quantity: aws.Int32(3), Items: []string{"x-one", "CloudFront-Viewer-Address", "CloudFront-Viewer-Country"}}},
		CookiesConfig:      &types.OriginRequestPolicyCookiesConfig{CookieBehavior: "allExcept", Cookies: &types.CookieNames{Quantity: aws.Int32(1), Items: []string{"b"}}},
		QueryStringsConfig: &types.OriginRequestPolicyQueryStringsConfig{QueryStringBehavior: "whitelist", QueryStrings: &types.QueryStringNames{Quantity: aws.Int32(1), Items: []string{"room"}}},
	}})).OriginRequestPolicy
	cache := must(w.cloudFront.CreateCachePolicy(t.Context(), &cloudfront.CreateCachePolicyInput{CachePolicyConfig: &types.CachePolicyConfig{
		Name: aws.String(w.name), MinTTL: aws.Int64(0),
		ParametersInCacheKeyAndForwardedToOrigin: &types.ParametersInCacheKeyAndForwardedToOrigin{
			EnableAcceptEncodingGzip: aws.Bool(true), EnableAcceptEncodingBrotli: aws.Bool(true),
			HeadersConfig:      &types.CachePolicyHeadersConfig{HeaderBehavior: "whitelist", Headers: &types.Headers{Quantity: aws.Int32(1), Items: []string{"Authorization"}}},
			CookiesConfig:      &types.CachePolicyCookiesConfig{CookieBehavior: "none"},
			QueryStringsConfig: &types.CachePolicyQueryStringsConfig{QueryStringBehavior: "whitelist", QueryStrings: &types.QueryStringNames{Quantity: aws.Int32(1), Items: []string{"v"}}},
		},
	}})).CachePolicy
	config := w.config(api("api"))
	config.DefaultCacheBehavior.OriginRequestPolicyId, config.DefaultCacheBehavior.CachePolicyId = request.Id, cache.Id
	_, url := w.deploy(config)
	given := w.get(url+"/?a=1&room=x%2By&v=2&b", "X-One", "1", "X-Two", "2", "Authorization", "t", "Cookie", "a=1; b=2; c=3", "Accept-Encoding", "deflate, gzip;q=0.5, br", CountryHeader, "DE")
	if given.asked.URI != "/_aws/execute-api/api1/?room=x%2By&v=2" {
		t.Errorf("asked %s", given.asked.URI)
	}
	for name, want := range map[string]string{
		"X-One": "1", "X-Two": "", "Authorization": "t", "Cookie": "a=1; c=3", "Accept-Encoding": "br,gzip", "Cloudfront-Viewer-Country": "DE",
	} {
		if got := given.asked.Header.Get(name); got != want {
			t.Errorf("%s: %q, want %q", name, got, want)
		}
	}
	if address := given.asked.Header.Get("Cloudfront-Viewer-Address"); !strings.HasPrefix(address, "127.0.0.1:") {
		t.Errorf("address %q", address)
	}
}

func TestBehavioursAreChosenByPathAndMethod(t *testing.T) {
	w := newWorld(t)
	origin, other := api("api"), api("other")
	other.OriginPath = aws.String("/_aws/execute-api/api1/other")
	config := w.config(origin)
	config.Origins = &types.Origins{Quantity: aws.Int32(2), Items: []types.Origin{origin, other}}
	behaviour := func(pattern string) types.CacheBehavior {
		return types.CacheBehavior{
			PathPattern: &pattern, TargetOriginId: aws.String("other"), ViewerProtocolPolicy: types.ViewerProtocolPolicyHttpsOnly,
			CachePolicyId: aws.String(cachingDisabled), AllowedMethods: methods("GET", "HEAD", "OPTIONS", "PUT", "PATCH", "POST", "DELETE"),
		}
	}
	config.CacheBehaviors = &types.CacheBehaviors{Quantity: aws.Int32(3), Items: []types.CacheBehavior{behaviour("/ws*"), behaviour("img/?.png"), behaviour("*.gif")}}
	_, url := w.deploy(config)
	for path, want := range map[string]string{
		"/ws": "other", "/ws/a": "other", "/WS": "api", "/a/ws": "api", "/img/a.png": "other", "/img/ab.png": "api", "/x/y.gif": "other",
		"/%77s": "other", "/a/../ws": "other", "/ws%2Fa": "other", "//ws": "api",
	} {
		want = map[string]string{"other": "/_aws/execute-api/api1/other", "api": "/_aws/execute-api/api1"}[want] + path
		conn := must(net.Dial("tcp", strings.TrimPrefix(url, "http://")))
		fmt.Fprintf(conn, "GET %s HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n", path) // a client of net/http would clean the path
		answer := string(must(io.ReadAll(conn)))
		if !strings.Contains(answer, `"URI":"`+want+`"`) {
			t.Errorf("%s: want %s in %s", path, want, answer)
		}
		_ = conn.Close()
	}
	w.want(w.send("127.0.0.1", http.MethodPost, url+"/ws", "x"), http.StatusOK, "", "")
	w.want(w.send("127.0.0.1", http.MethodPost, url+"/", "x"), http.StatusForbidden, "X-Cache", "Error from cloudfront")
}

func TestABucketIsReadAsItsPolicyAllows(t *testing.T) {
	w := newWorld(t)
	bucket := w.bucket("", map[string]string{"index.html": "<p>site</p>", "a b+c.txt": "spaced", "secret/x": "no"})
	config := w.config(bucketOrigin(bucket, w.accessControl(types.OriginAccessControlSigningBehaviorsAlways)))
	config.DefaultRootObject, config.DefaultCacheBehavior.AllowedMethods = aws.String("index.html"), methods("GET", "HEAD", "OPTIONS")
	config.DefaultCacheBehavior.CachePolicyId = aws.String(cachingOptimized)
	made, url := w.deploy(config)
	statement := func(effect, principal, action, resource, condition string) string {
		return fmt.Sprintf(`{"Effect":%q,"Principal":%s,"Action":%q,"Resource":%q,"Condition":%s}`, effect, principal, action, resource, condition)
	}
	const service, everybody = `{"Service":"cloudfront.amazonaws.com"}`, `"*"`
	arn := "arn:aws:s3:::" + bucket
	mine := `{"StringEquals":{"aws:SourceArn":"` + *made.ARN + `"}}`
	get := statement("Allow", service, "s3:GetObject", arn+"/*", mine)
	for name, c := range map[string]struct {
		statements []string
		path       string
		status     int
	}{
		"there is no policy":                        {nil, "/", 403},
		"it allows this distribution":               {[]string{get}, "/", 200},
		"the path has to be escaped":                {[]string{get}, "/a%20b%2Bc.txt", 200},
		"a plus is a plus":                          {[]string{get}, "/a%20b+c.txt", 200},
		"it allows another distribution":            {[]string{statement("Allow", service, "s3:GetObject", arn+"/*", `{"StringEquals":{"aws:SourceArn":"arn:aws:cloudfront::000000000000:distribution/EOTHER"}}`)}, "/", 403},
		"it allows all of the account's":            {[]string{statement("Allow", service, "s3:Get*", arn+"/*", `{"ArnLike":{"AWS:SourceArn":"arn:aws:cloudfront::000000000000:distribution/*"},"StringEquals":{"aws:SourceAccount":["000000000000"]}}`)}, "/", 200},
		"it allows another service":                 {[]string{statement("Allow", `{"Service":"logging.s3.amazonaws.com"}`, "s3:GetObject", arn+"/*", `{}`)}, "/", 403},
		"it allows another action":                  {[]string{statement("Allow", service, "s3:PutObject", arn+"/*", mine)}, "/", 403},
		"it allows another path":                    {[]string{statement("Allow", service, "s3:GetObject", arn+"/public/*", mine)}, "/", 403},
		"a Deny for plain HTTP does not concern it": {[]string{get, statement("Deny", everybody, "s3:*", arn+"/*", `{"Bool":{"aws:SecureTransport":"false"}}`)}, "/", 200},
		"a Deny for old TLS does not concern it":    {[]string{get, statement("Deny", everybody, "s3:*", arn+"/*", `{"NumericLessThan":{"s3:TlsVersion":1.2}}`)}, "/", 200},
		"a Deny for everybody else does not":        {[]string{get, statement("Deny", everybody, "s3:*", arn+"/*", `{"StringNotEquals":{"aws:SourceArn":"`+*made.ARN+`"}}`)}, "/", 200},
		"a Deny concerns it":                        {[]string{get, statement("Deny", `{"AWS":"*"}`, "s3:GetObject", arn+"/secret/*", `{}`)}, "/secret/x", 403},
		"a Deny has a condition that is not known":  {[]string{get, statement("Deny", everybody, "s3:*", arn+"/*", `{"StringEquals":{"aws:Unheard":"of"}}`)}, "/", 403},
		"an Allow has one":                          {[]string{statement("Allow", service, "s3:GetObject", arn+"/*", `{"StringNotEquals":{"aws:Unheard":"of"}}`)}, "/", 403},
		"an object is missing":                      {[]string{get}, "/missing", 403},
		"one is missing and it may list":            {[]string{get, statement("Allow", service, "s3:ListBucket", arn, mine)}, "/missing", 404},
		"the path leads out of the bucket":          {[]string{get}, "/..%2f..%2f_ministack/health", 400},
		"it leads out by dots in code":              {[]string{get}, "/%2e%2e/%2e%2e/_ministack/health", 400},
		"by a code of a code it does not":           {[]string{get}, "/%252e%252e/x", 403},
		"it leads to another bucket":                {[]string{get}, "/../other-bucket/index.html", 400},
		"two slashes are another key":               {[]string{get}, "//index.html", 403},
		"a slash after it is another key":           {[]string{get}, "/index.html/", 403},
		"a dot after it is another key":             {[]string{get}, "/index.html.", 403},
		"other letters are another key":             {[]string{get}, "/INDEX.html", 403},
		"the list is not to be had":                 {[]string{get}, "/?list-type=2", 200},
		"nor where it may list":                     {[]string{get, statement("Allow", service, "s3:ListBucket", arn, mine)}, "/?list-type=2&prefix=secret", 200},
		"the query would read settings":             {[]string{get}, "/index.html?policy", 200},
	} {
		t.Run(name, func(t *testing.T) {
			policy := ""
			if len(c.statements) > 0 {
				policy = `{"Version":"2012-10-17","Statement":[` + strings.Join(c.statements, ",") + `]}`
			}
			w.policy(bucket, policy)
			if given := w.get(url + c.path); given.status != c.status {
				t.Errorf("status %d, want %d: %s", given.status, c.status, given.body)
			}
		})
	}

	w.policy(bucket, `{"Version":"2012-10-17","Statement":[`+get+`]}`)
	given := w.get(url+"/", "Origin", "http://evil.example")
	for name, want := range map[string]string{
		"Content-Type": "text/html", "Cache-Control": "max-age=60", "X-Amz-Meta-Of": "test", "Server": "AmazonS3", "Access-Control-Allow-Origin": "",
	} {
		if given.header.Get(name) != want || given.body != "<p>site</p>" {
			t.Errorf("%s: %q, want %q; %s", name, given.header.Get(name), want, given.body)
		}
	}
	w.want(w.get(url+"/", "If-None-Match", given.header.Get("Etag")), http.StatusNotModified, "", "")
	w.want(w.get(url+"/", "Range", "bytes=1-1"), http.StatusPartialContent, "Content-Length", "1")
	w.want(w.send("127.0.0.1", http.MethodOptions, url+"/", ""), http.StatusForbidden, "", "")
	w.want(w.send("127.0.0.1", http.MethodHead, url+"/", ""), http.StatusOK, "Content-Length", "11")
	w.want(w.get(url+"/", "Range", "bytes=99-"), http.StatusRequestedRangeNotSatisfiable, "", "")
	for _, method := range []string{http.MethodPost, http.MethodPut, http.MethodPatch, http.MethodDelete, "PROPFIND", http.MethodTrace} {
		w.want(w.send("127.0.0.1", method, url+"/index.html", ""), http.StatusForbidden, "Server", "CloudFront")
	}
	// An upgrade that a bucket is asked for is a page.
	w.want(w.get(url+"/index.html", "Connection", "Upgrade", "Upgrade", "websocket", "Sec-WebSocket-Key", "dGhlIHNhbXBsZSBub25jZQ==", "Sec-WebSocket-Version", "13"), http.StatusOK, "Content-Type", "text/html")
}

func TestABucketWithoutOriginAccessControlIsReadAsByAnybody(t *testing.T) {
	w := newWorld(t)
	bucket := w.bucket("", map[string]string{"a": "x"})
	config := w.config(bucketOrigin(bucket, ""))
	_, url := w.deploy(config)
	w.want(w.get(url+"/a"), http.StatusForbidden, "", "")
	config = w.config(bucketOrigin(bucket, w.accessControl(types.OriginAccessControlSigningBehaviorsNever)))
	made, never := w.deploy(config)
	w.policy(bucket, `{"Version":"2012-10-17","Statement":{"Effect":"Allow","Principal":{"Service":"cloudfront.amazonaws.com"},"Action":"s3:GetObject","Resource":"arn:aws:s3:::`+bucket+`/*","Condition":{"StringEquals":{"aws:SourceArn":"`+*made.ARN+`"}}}}`)
	w.want(w.get(never+"/a"), http.StatusForbidden, "", "")
	must(w.s3.DeletePublicAccessBlock(t.Context(), &s3.DeletePublicAccessBlockInput{Bucket: &bucket}))
	w.policy(bucket, `{"Version":"2012-10-17","Statement":{"Effect":"Allow","Principal":"*","Action":"s3:GetObject","Resource":"arn:aws:s3:::`+bucket+`/*"}}`)
	w.want(w.get(url+"/a"), http.StatusOK, "", "")
}

func TestAnOriginThatIsNothingOfTheStackIsABadGateway(t *testing.T) {
	w := newWorld(t)
	for name, edit := range map[string]func(*types.Origin){
		"another name":         func(o *types.Origin) { o.DomainName = aws.String("example.com") },
		"the stack itself":     func(o *types.Origin) { o.OriginPath = aws.String("") },
		"another API":          func(o *types.Origin) { o.OriginPath = aws.String("/_aws/execute-api/other") },
		"plain HTTP":           func(o *types.Origin) { o.CustomOriginConfig.OriginProtocolPolicy = types.OriginProtocolPolicyHttpOnly },
		"a distribution, ever": func(o *types.Origin) { o.DomainName = aws.String("d111111abcdef8.cloudfront.net") },
	} {
		t.Run(name, func(t *testing.T) {
			origin := api("api")
			edit(&origin)
			_, url := w.deploy(w.config(origin))
			if given := w.get(url + "/_portcullis/status"); given.status != http.StatusBadGateway {
				t.Errorf("status %d: %s", given.status, given.body)
			}
		})
	}
	origin := api("domain")
	origin.DomainName, origin.OriginPath = aws.String("ws.example.com"), aws.String("")
	_, url := w.deploy(w.config(origin))
	if given := w.get(url + "/chat"); given.asked.Host != "ws.example.com" || given.asked.URI != "/chat" {
		t.Errorf("a custom domain name: %+v", given)
	}
}

func TestAnOriginThatDoesNotAnswerInTimeIsAGatewayTimeout(t *testing.T) {
	w := newWorld(t)
	hanging := httptest.NewServer(http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) { <-r.Context().Done() }))
	defer hanging.Close()
	w.cfg.Gateway = strings.TrimPrefix(hanging.URL, "http://")
	w.open()
	origin := api("api")
	origin.CustomOriginConfig.OriginReadTimeout = aws.Int32(1)
	_, url := w.deploy(w.config(origin))
	w.want(w.get(url), http.StatusGatewayTimeout, "X-Cache", "Error from cloudfront")
}

func TestAResponseHeadersPolicyIsApplied(t *testing.T) {
	w := newWorld(t)
	policy := must(w.cloudFront.CreateResponseHeadersPolicy(t.Context(), &cloudfront.CreateResponseHeadersPolicyInput{ResponseHeadersPolicyConfig: &types.ResponseHeadersPolicyConfig{
		Name: aws.String(w.name),
		CorsConfig: &types.ResponseHeadersPolicyCorsConfig{
			AccessControlAllowCredentials: aws.Bool(true), OriginOverride: aws.Bool(true), AccessControlMaxAgeSec: aws.Int32(60),
			AccessControlAllowHeaders: &types.ResponseHeadersPolicyAccessControlAllowHeaders{Quantity: aws.Int32(1), Items: []string{"x-a"}},
			AccessControlAllowMethods: &types.ResponseHeadersPolicyAccessControlAllowMethods{Quantity: aws.Int32(1), Items: []types.ResponseHeadersPolicyAccessControlAllowMethodsValues{"GET"}},
			AccessControlAllowOrigins: &types.ResponseHeadersPolicyAccessControlAllowOrigins{Quantity: aws.Int32(1), Items: []string{"https://*.example.com"}},
		},
		SecurityHeadersConfig: &types.ResponseHeadersPolicySecurityHeadersConfig{
			ContentSecurityPolicy:   &types.ResponseHeadersPolicyContentSecurityPolicy{ContentSecurityPolicy: aws.String("default-src 'none'"), Override: aws.Bool(true)},
			ContentTypeOptions:      &types.ResponseHeadersPolicyContentTypeOptions{Override: aws.Bool(true)},
			FrameOptions:            &types.ResponseHeadersPolicyFrameOptions{FrameOption: "DENY", Override: aws.Bool(false)},
			ReferrerPolicy:          &types.ResponseHeadersPolicyReferrerPolicy{ReferrerPolicy: "no-referrer", Override: aws.Bool(true)},
			StrictTransportSecurity: &types.ResponseHeadersPolicyStrictTransportSecurity{AccessControlMaxAgeSec: aws.Int32(63072000), IncludeSubdomains: aws.Bool(true), Preload: aws.Bool(true), Override: aws.Bool(true)},
			XSSProtection:           &types.ResponseHeadersPolicyXSSProtection{Protection: aws.Bool(false), Override: aws.Bool(true)},
		},
		CustomHeadersConfig: &types.ResponseHeadersPolicyCustomHeadersConfig{Quantity: aws.Int32(2), Items: []types.ResponseHeadersPolicyCustomHeader{
			{Header: aws.String("Permissions-Policy"), Value: aws.String("camera=()"), Override: aws.Bool(true)},
			{Header: aws.String("Content-Type"), Value: aws.String("text/other"), Override: aws.Bool(false)},
		}},
		RemoveHeadersConfig: &types.ResponseHeadersPolicyRemoveHeadersConfig{Quantity: aws.Int32(1), Items: []types.ResponseHeadersPolicyRemoveHeader{{Header: aws.String("x-powered-by")}}},
	}})).ResponseHeadersPolicy
	config := w.config(api("api"))
	config.DefaultCacheBehavior.ResponseHeadersPolicyId = policy.Id
	config.DefaultCacheBehavior.OriginRequestPolicyId = aws.String(allViewerExceptHost)
	config.DefaultCacheBehavior.AllowedMethods = methods("GET", "HEAD", "OPTIONS")
	_, url := w.deploy(config)
	check := func(given reply, want map[string]string) {
		t.Helper()
		for name, value := range want {
			if got := given.header.Get(name); got != value {
				t.Errorf("%s: %q, want %q", name, got, value)
			}
		}
	}
	check(w.get(url+"/?status=401"), map[string]string{
		"Content-Security-Policy": "default-src 'none'", "X-Content-Type-Options": "nosniff", "X-Frame-Options": "SAMEORIGIN", "Referrer-Policy": "no-referrer",
		"Strict-Transport-Security": "max-age=63072000; includeSubDomains; preload", "X-Xss-Protection": "0", "Permissions-Policy": "camera=()",
		"Content-Type": "application/json", "X-Powered-By": "", "Access-Control-Allow-Origin": "", "X-Cache": "Error from cloudfront",
	})
	check(w.send("127.0.0.1", http.MethodOptions, url+"/", "", "Origin", "https://a.example.com"), map[string]string{
		"Access-Control-Allow-Origin": "https://a.example.com", "Access-Control-Allow-Credentials": "true", "Vary": "Origin",
		"Access-Control-Allow-Methods": "GET", "Access-Control-Allow-Headers": "x-a", "Access-Control-Max-Age": "60",
	})
	check(w.get(url+"/", "Origin", "https://a.example.com"), map[string]string{"Access-Control-Allow-Origin": "https://a.example.com", "Access-Control-Allow-Methods": ""})
	check(w.get(url+"/", "Origin", "https://evil.com"), map[string]string{"Access-Control-Allow-Origin": ""})
	// CloudFront's own answers are not the origin's.
	check(w.send("127.0.0.1", http.MethodPost, url+"/", ""), map[string]string{"Content-Security-Policy": "", "X-Cache": "Error from cloudfront"})
}

func TestErrorsHavePagesOfTheSite(t *testing.T) {
	w := newWorld(t)
	bucket := w.bucket("", map[string]string{"404.html": "not here"})
	config := w.config(bucketOrigin(bucket, w.accessControl(types.OriginAccessControlSigningBehaviorsAlways)))
	config.CustomErrorResponses = &types.CustomErrorResponses{Quantity: aws.Int32(2), Items: []types.CustomErrorResponse{
		{ErrorCode: aws.Int32(403), ResponseCode: aws.String("404"), ResponsePagePath: aws.String("/404.html"), ErrorCachingMinTTL: aws.Int64(0)},
		{ErrorCode: aws.Int32(502), ErrorCachingMinTTL: aws.Int64(0)},
	}}
	config.DefaultCacheBehavior.ResponseHeadersPolicyId = must(w.cloudFront.CreateResponseHeadersPolicy(t.Context(), &cloudfront.CreateResponseHeadersPolicyInput{ResponseHeadersPolicyConfig: &types.ResponseHeadersPolicyConfig{
		Name: aws.String(w.name), SecurityHeadersConfig: &types.ResponseHeadersPolicySecurityHeadersConfig{FrameOptions: &types.ResponseHeadersPolicyFrameOptions{FrameOption: types.FrameOptionsListDeny, Override: aws.Bool(true)}},
	}})).ResponseHeadersPolicy.Id
	made, url := w.deploy(config)
	given := w.get(url + "/missing")
	w.want(given, http.StatusForbidden, "", "") // the page may not be read either
	w.policy(bucket, `{"Version":"2012-10-17","Statement":{"Effect":"Allow","Principal":{"Service":"cloudfront.amazonaws.com"},"Action":"s3:GetObject","Resource":"arn:aws:s3:::`+bucket+`/*","Condition":{"StringEquals":{"aws:SourceArn":"`+*made.ARN+`"}}}}`)
	given = w.get(url+"/missing", "If-None-Match", `"x"`, "Range", "bytes=0-0")
	w.want(given, http.StatusNotFound, "Content-Type", "text/html")
	if given.body != "not here" {
		t.Errorf("body %q", given.body)
	}
	// Also for what CloudFront refuses itself, and as a page of the site.
	if given := w.send("127.0.0.1", http.MethodPost, url+"/", ""); given.status != http.StatusNotFound || given.body != "not here" || given.header.Get("X-Frame-Options") != "DENY" {
		t.Errorf("%+v", given)
	}
}

func TestRequestsAndErrorsAreCounted(t *testing.T) {
	w := newWorld(t)
	config := w.config(api("api"))
	config.DefaultCacheBehavior.OriginRequestPolicyId = aws.String(allViewerExceptHost)
	made, url := w.deploy(config)
	for _, status := range []int{200, 404, 503, 500} {
		w.want(w.get(fmt.Sprintf("%s/?status=%d", url, status)), status, "", "")
	}
	w.want(w.send("127.0.0.1", http.MethodPost, url+"/", ""), http.StatusForbidden, "", "") // which CloudFront answers itself
	w.lines.mu.Lock()
	defer w.lines.mu.Unlock()
	for name, want := range map[string]int{"Requests": 5, "4xxErrorRate": 200, "5xxErrorRate": 200, "TotalErrorRate": 400} {
		if got := w.lines.metrics["us-east-1 AWS/CloudFront "+name+" "+*made.Id+" Global"]; got != want {
			t.Errorf("%s: %d, want %d: %v", name, got, want, w.lines.metrics)
		}
	}
}

func TestCountriesAreRestricted(t *testing.T) {
	w := newWorld(t)
	for kind, want := range map[types.GeoRestrictionType][3]int{types.GeoRestrictionTypeWhitelist: {200, 403, 200}, types.GeoRestrictionTypeBlacklist: {403, 200, 200}} {
		config := w.config(api("api"))
		config.Restrictions = &types.Restrictions{GeoRestriction: &types.GeoRestriction{RestrictionType: kind, Quantity: aws.Int32(1), Items: []string{"DE"}}}
		_, url := w.deploy(config)
		for i, country := range []string{"DE", "FR", ""} {
			if given := w.get(url, CountryHeader, country); given.status != want[i] {
				t.Errorf("%s, country %q: status %d, want %d", kind, country, given.status, want[i])
			}
		}
	}
}

// raw sends a request as it is, which a client of net/http would mend, and returns
// the status line and what the origin was asked; asked is nil where it was not.
func raw(t *testing.T, url, request string) (status int, origin *asked, all string) {
	t.Helper()
	conn := must(net.Dial("tcp", strings.TrimPrefix(url, "http://")))
	defer conn.Close()
	must(io.WriteString(conn, request))
	res, err := http.ReadResponse(bufio.NewReader(conn), nil)
	if err != nil {
		t.Fatalf("%q: %v", request, err)
	}
	defer res.Body.Close()
	body := must(io.ReadAll(res.Body))
	var got asked
	if json.Unmarshal(body, &got) == nil {
		origin = &got
	}
	return res.StatusCode, origin, string(body)
}

// TestARequestThatIsWrittenOddlyGetsNoFurther: what parsers disagree about.
func TestARequestThatIsWrittenOddlyGetsNoFurther(t *testing.T) {
	w := newWorld(t)
	origin := api("api")
	origin.CustomHeaders = customHeaders("x-origin-verify", "the secret")
	config := w.config(origin)
	config.DefaultCacheBehavior.OriginRequestPolicyId = aws.String(allViewerExceptHost)
	_, url := w.deploy(config)
	host := strings.TrimPrefix(url, "http://")
	const end = "Connection: close\r\n\r\n"
	for name, request := range map[string]string{
		"two hosts":                     "GET / HTTP/1.1\r\nHost: " + host + "\r\nHost: evil.example\r\n" + end,
		"no host":                       "GET / HTTP/1.1\r\n" + end,
		"another's host":                "GET / HTTP/1.1\r\nHost: evil.example\r\n" + end,
		"another's name in the target":  "GET http://evil.example/ HTTP/1.1\r\nHost: " + host + "\r\n" + end,
		"a tunnel":                      "CONNECT evil.example:443 HTTP/1.1\r\nHost: evil.example:443\r\n" + end,
		"a space in a header's name":    "GET / HTTP/1.1\r\nHost: " + host + "\r\nX-Origin-Verify : guessed\r\n" + end,
		"a line feed in a target":       "GET /a\nX-Origin-Verify: b HTTP/1.1\r\nHost: " + host + "\r\n" + end,
		"two lengths":                   "GET / HTTP/1.1\r\nHost: " + host + "\r\nContent-Length: 0\r\nContent-Length: 5\r\n" + end + "extra",
		"two ways to say how long":      "POST / HTTP/1.1\r\nHost: " + host + "\r\nContent-Length: 4\r\nTransfer-Encoding: chunked\r\n" + end + "0\r\n\r\n",
		"an encoding that is none":      "GET / HTTP/1.1\r\nHost: " + host + "\r\nTransfer-Encoding: chunked, identity\r\n" + end,
		"a code that is none in a path": "GET /%zz HTTP/1.1\r\nHost: " + host + "\r\n" + end,
	} {
		if status, origin, _ := raw(t, url, request); status/100 != 4 && status != http.StatusNotImplemented || origin != nil {
			t.Errorf("%s: status %d, the origin was asked %+v", name, status, origin)
		}
	}
	for name, lines := range map[string]string{
		"odd letters":        "x-OrIgIn-VeRiFy: guessed\r\n",
		"twice":              "X-Origin-Verify: guessed\r\nX-Origin-Verify: the secret\r\n",
		"an empty one":       "X-Origin-Verify:\r\n",
		"named for one hop":  "Connection: x-origin-verify\r\nX-Origin-Verify: guessed\r\n",
		"hidden from a hop":  "Connection: close, X-Origin-Verify, X-Forwarded-For, Host\r\n",
		"at the end":         "TE: trailers\r\nTrailer: X-Origin-Verify\r\n",
		"with an underscore": "X_Origin_Verify: guessed\r\n",
	} {
		status, origin, all := raw(t, url, "GET /ws HTTP/1.1\r\nHost: "+host+"\r\n"+lines+end)
		if status != http.StatusOK || origin == nil {
			t.Errorf("%s: status %d %s", name, status, all)
			continue
		}
		if got := origin.Header.Values("X-Origin-Verify"); !slices.Equal(got, []string{"the secret"}) || origin.Host != w.cfg.Gateway || origin.Header.Get("X-Forwarded-For") != "127.0.0.1" || origin.Header.Get("Connection") != "" {
			t.Errorf("%s: the origin was sent %v", name, origin.Header)
		}
	}
	// The whole target names this distribution: it is as if the path alone were there.
	if status, origin, all := raw(t, url, "GET "+url+"/ws?a=b HTTP/1.1\r\nHost: "+host+"\r\n"+end); status != http.StatusOK || origin == nil || origin.URI != "/_aws/execute-api/api1/ws?a=b" {
		t.Errorf("status %d, %s", status, all)
	}
}

func TestARequestThatIsTooLargeIsRefused(t *testing.T) {
	w := newWorld(t)
	_, url := w.deploy(w.config(api("api")))
	w.want(w.get(url+"/"+strings.Repeat("a", maxURL)), http.StatusRequestEntityTooLarge, "", "")
	w.want(w.get(url+"/"+strings.Repeat("a", maxURL-2)), http.StatusOK, "", "")
	w.want(w.get(url+"/", "X-Big", strings.Repeat("a", maxRequest)), http.StatusRequestEntityTooLarge, "", "")
	w.want(w.get(url+"/", "X-Big", strings.Repeat("a", maxRequest-300)), http.StatusOK, "", "")
}

func TestADistributionAnswersToItsNamesOnly(t *testing.T) {
	w := newWorld(t)
	config := w.config(api("api"))
	config.Aliases = &types.Aliases{Quantity: aws.Int32(2), Items: []string{"chat.example.com", "*.example.net"}}
	made, url := w.deploy(config)
	_, own, _ := strings.Cut(strings.TrimPrefix(url, "http://"), ":")
	for host, want := range map[string]int{
		"localhost:" + own: 200, *made.DomainName: 200, "chat.example.com": 200, "CHAT.example.com:" + own: 200, "a.example.net": 200,
		"evil.example.com": 403, "example.net": 403, "a.b.example.net": 403, "127.0.0.1:1": 403,
	} {
		if given := w.get(url, "Host", host); given.status != want {
			t.Errorf("%s: status %d, want %d", host, given.status, want)
		}
	}
}

func TestTheFirstDistributionHasTheKeptPortAndEachItsOwn(t *testing.T) {
	w := newWorld(t)
	w.want(w.get(w.edge.URL()), http.StatusNotFound, "", "")
	first, url := w.deploy(w.config(api("api")))
	second, other := w.deploy(w.config(api("api")))
	if url != w.edge.URL() || other == url {
		t.Fatalf("%s and %s, kept is %s", url, other, w.edge.URL())
	}
	w.want(w.get(url), http.StatusOK, "", "")
	w.want(w.get(other), http.StatusOK, "", "")

	w.open() // the stack starts again
	if w.urlOf(*first.Id) != url || w.urlOf(*second.Id) != other {
		t.Errorf("after a restart %s and %s, want %s and %s", w.urlOf(*first.Id), w.urlOf(*second.Id), url, other)
	}
	w.want(w.get(other), http.StatusOK, "", "")

	w.change(*second.Id, func(c *types.DistributionConfig) { c.Enabled = aws.Bool(false) })
	if conn, err := net.DialTimeout("tcp", strings.TrimPrefix(other, "http://"), time.Second); err == nil {
		_ = conn.Close()
		t.Error("a disabled distribution is served")
	}
	w.change(*first.Id, func(c *types.DistributionConfig) { c.Enabled = aws.Bool(false) })
	w.want(w.get(url), http.StatusNotFound, "", "")
	w.change(*second.Id, func(c *types.DistributionConfig) { c.Enabled = aws.Bool(true) })
	if got := w.urlOf(*second.Id); got != other {
		t.Errorf("enabled again at %s, was %s", got, other)
	}
	found := must(w.cloudFront.GetDistributionConfig(t.Context(), &cloudfront.GetDistributionConfigInput{Id: first.Id}))
	w.remove(t.Context(), *first.Id, found.DistributionConfig, found.ETag)
	w.edge.Changed(t.Context(), "cloudfront", "DeleteDistribution")
	if _, third := w.deploy(w.config(api("api"))); third != url {
		t.Errorf("after the first is deleted the next is at %s, want %s", third, url)
	}
}

func TestAChangeTakesEffectAtOnce(t *testing.T) {
	w := newWorld(t)
	origin := api("api")
	origin.CustomHeaders = customHeaders("x-origin-verify", "today")
	made, url := w.deploy(w.config(origin))
	if got := w.get(url).asked.Header.Get("X-Origin-Verify"); got != "today" {
		t.Fatalf("%q", got)
	}
	w.change(*made.Id, func(c *types.DistributionConfig) {
		c.Origins.Items[0].CustomHeaders.Items[0].HeaderValue = aws.String("tomorrow")
	})
	if got := w.get(url).asked.Header.Get("X-Origin-Verify"); got != "tomorrow" {
		t.Errorf("%q", got)
	}
}

// TestAWebSocketIsPassedThrough frame by frame, with its close code, and is cut
// when nothing comes from the origin.
func TestAWebSocketIsPassedThrough(t *testing.T) {
	w := newWorld(t)
	gateway := httptest.NewServer(http.HandlerFunc(func(rw http.ResponseWriter, r *http.Request) {
		conn, err := websocket.Accept(rw, r, &websocket.AcceptOptions{Subprotocols: []string{"chat.v1"}, InsecureSkipVerify: true})
		if err != nil {
			return
		}
		conn.SetReadLimit(1 << 20)
		for {
			kind, message, err := conn.Read(r.Context())
			if err != nil {
				return
			}
			if string(message) == "bye" {
				_ = conn.Close(4321, "so long")
				return
			}
			if string(message) != "silence" {
				_ = conn.Write(r.Context(), kind, append(message, r.Header.Get("X-Origin-Verify")...))
			}
		}
	}))
	defer gateway.Close()
	w.cfg.Gateway = strings.TrimPrefix(gateway.URL, "http://")
	w.open()
	origin := api("api")
	origin.CustomHeaders = customHeaders("x-origin-verify", "!")
	config := w.config(origin)
	config.DefaultCacheBehavior.OriginRequestPolicyId = aws.String(allViewerExceptHost)
	_, url := w.deploy(config)
	dial := func() *websocket.Conn {
		t.Helper()
		conn, _, err := websocket.Dial(t.Context(), url+"/ws", &websocket.DialOptions{Subprotocols: []string{"chat.v1"}})
		if err != nil {
			t.Fatal(err)
		}
		conn.SetReadLimit(1 << 20)
		if conn.Subprotocol() != "chat.v1" {
			t.Errorf("subprotocol %q", conn.Subprotocol())
		}
		return conn
	}
	conn := dial()
	for _, message := range []string{"hello", strings.Repeat("x", 200_000)} {
		if err := conn.Write(t.Context(), websocket.MessageText, []byte(message)); err != nil {
			t.Fatal(err)
		}
		if _, got, err := conn.Read(t.Context()); err != nil || string(got) != message+"!" {
			t.Fatalf("%d bytes, %v", len(got), err)
		}
	}
	_ = conn.Write(t.Context(), websocket.MessageText, []byte("bye"))
	if _, _, err := conn.Read(t.Context()); websocket.CloseStatus(err) != 4321 || !strings.Contains(err.Error(), "so long") {
		t.Errorf("closed with %v", err)
	}

	w.edge.webSocketIdle = 300 * time.Millisecond
	conn = dial()
	_ = conn.Write(t.Context(), websocket.MessageText, []byte("silence"))
	if _, _, err := conn.Read(t.Context()); err == nil || websocket.CloseStatus(err) != -1 {
		t.Errorf("an idle connection: %v", err)
	}
	w.edge.webSocketIdle = time.Minute
	conn = dial()
	w.edge.Close()
	if _, _, err := conn.Read(t.Context()); err == nil {
		t.Error("a connection outlives the stack")
	}
}

// TestWithoutItsHeadersAWebSocketIsNone: the policies choose those as well.
// slow is a connection on which something comes now and then.
type slow struct {
	every  time.Duration
	closed chan struct{}
}

func (s slow) Read(p []byte) (int, error) {
	time.Sleep(s.every)
	return copy(p, "x"), nil
}

func (s slow) Write(p []byte) (int, error) { return len(p), nil }

func (s slow) Close() error {
	close(s.closed)
	return nil
}

func TestAConnectionOnWhichSomethingComesIsNotIdle(t *testing.T) {
	t.Parallel()
	conn := slow{every: 500 * time.Millisecond, closed: make(chan struct{})}
	c := newIdle(conn, 4*time.Second)
	for begin := time.Now(); time.Since(begin) < 5*time.Second; {
		if _, err := c.Read(make([]byte, 1)); err != nil {
			t.Fatal(err)
		}
	}
	select {
	case <-conn.closed:
		t.Fatal("it is closed although something came")
	default:
	}
	<-conn.closed // when nothing comes any more
}

func TestWithoutItsHeadersAWebSocketIsNone(t *testing.T) {
	w := newWorld(t)
	_, url := w.deploy(w.config(api("api")))
	conn := must(net.Dial("tcp", strings.TrimPrefix(url, "http://")))
	defer conn.Close()
	fmt.Fprint(conn, "GET /ws HTTP/1.1\r\nHost: localhost\r\nConnection: Upgrade\r\nUpgrade: websocket\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\nSec-WebSocket-Version: 13\r\n\r\n")
	res := must(http.ReadResponse(bufio.NewReader(conn), nil))
	defer res.Body.Close()
	body := string(must(io.ReadAll(res.Body)))
	if !strings.Contains(body, `"Upgrade":["websocket"]`) || strings.Contains(body, "Sec-W") {
		t.Errorf("the origin got %s", body)
	}
}

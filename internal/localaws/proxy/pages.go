package proxy

import (
	"mime"
	"net/http"
	"regexp"
	"strings"
)

// The documents of a user pool that clients in browsers fetch.
var poolDocument = regexp.MustCompile(`\A/[a-z0-9-]+_[A-Za-z0-9]+/\.well-known/(openid-configuration|jwks\.json)\z`)

// forPages tells whether a request is one with which the page of any web site
// signs its user in at a user pool: a fetch of its documents, a form for the token
// or the revocation endpoint, or the way to the pages themselves, but not into a
// frame. None of them asks for more than what the request itself has, and none
// can be taken for a call of the AWS API.
func forPages(r *http.Request) bool {
	for name := range r.Header {
		if name == "Authorization" || strings.HasPrefix(name, "X-Amz-") {
			return false
		}
	}
	for name := range r.URL.Query() {
		if name := strings.ToLower(name); name == "action" || strings.HasPrefix(name, "x-amz-") {
			return false
		}
	}
	navigates := r.Header.Get("Sec-Fetch-Mode") == "navigate" && r.Header.Get("Sec-Fetch-Dest") == "document"
	switch r.URL.Path {
	case "/oauth2/authorize", "/logout":
		return r.Method == http.MethodGet && navigates
	case "/oauth2/token", "/oauth2/revoke":
		kind, _, _ := mime.ParseMediaType(r.Header.Get("Content-Type"))
		return r.Method == http.MethodPost && kind == "application/x-www-form-urlencoded"
	}
	return r.Method == http.MethodGet && poolDocument.MatchString(r.URL.Path)
}

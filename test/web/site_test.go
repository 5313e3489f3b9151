// Package web_test looks at the web client in Chromium: with servers that do what
// a test wants, and in a deployed chat.
package web_test

import (
	"encoding/json"
	"fmt"
	"maps"
	"net/http"
	"net/http/httptest"
	"net/url"
	"os"
	"path/filepath"
	"strings"
	"sync/atomic"
	"testing"
)

const siteFolder = "../../web/site"

// configuration is what Terraform writes for the site.
type configuration struct {
	URL           string   `json:"url"`
	Issuer        string   `json:"issuer"`
	Discovery     string   `json:"discovery"`
	ClientID      string   `json:"client_id"`
	Scopes        []string `json:"scopes"`
	MessageFormat string   `json:"message_format"`
	MaxTextBytes  int      `json:"max_text_bytes"`
	MaxFrameBytes int      `json:"max_frame_bytes"`
}

// serve starts a server.
type serve func(http.Handler) *httptest.Server

// site serves the web client with the headers of the edge.
type site struct {
	*httptest.Server
	// config is config.json; nil for none.
	config atomic.Pointer[[]byte]
	// policy is the Content-Security-Policy; empty for none.
	policy string
	// instead are files that stand in for those of the site.
	instead map[string]string
}

func newSite(t testing.TB, serve serve) *site {
	s := &site{instead: map[string]string{}}
	files := http.FileServer(http.Dir(siteFolder))
	s.Server = serve(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		maps.Copy(w.Header(), headers)
		if s.policy != "" {
			w.Header().Set("Content-Security-Policy", s.policy)
		}
		if content, ok := s.instead[r.URL.Path]; ok {
			w.Header().Set("Content-Type", "text/javascript")
			_, _ = fmt.Fprint(w, content)
			return
		}
		if config := s.config.Load(); r.URL.Path == "/config.json" && config != nil {
			w.Header().Set("Content-Type", "application/json")
			_, _ = w.Write(*config)
			return
		}
		files.ServeHTTP(w, r)
	}))
	t.Cleanup(s.Close)
	return s
}

// headers are those of the edge's response headers policy, but for HSTS and the
// Content-Security-Policy.
var headers = http.Header{
	"Cache-Control":                {"no-store"}, // tests change the policy
	"X-Content-Type-Options":       {"nosniff"},
	"Referrer-Policy":              {"no-referrer"},
	"Cross-Origin-Opener-Policy":   {"same-origin"},
	"Cross-Origin-Resource-Policy": {"same-origin"},
	"Permissions-Policy":           {"camera=(), geolocation=(), microphone=(), payment=(), usb=()"},
	"X-Frame-Options":              {"DENY"},
}

// configure writes config.json, and the policy that goes with it.
func (s *site) configure(t testing.TB, c configuration) {
	t.Helper()
	data, err := json.Marshal(c)
	if err != nil {
		t.Fatal(err)
	}
	s.config.Store(&data)
	// The issuers of the tests have all their endpoints at one origin.
	s.policy = policy([]string{"'self'", originOf(t, c.URL), originOf(t, c.Discovery)})
}

// policy is the Content-Security-Policy of a site that connects to some origins.
func policy(origins []string) string {
	return "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; font-src 'self'; connect-src " + strings.Join(origins, " ") +
		"; manifest-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'; require-trusted-types-for 'script'; trusted-types 'none'"
}

func originOf(t testing.TB, address string) string {
	t.Helper()
	u, err := url.Parse(address)
	if err != nil {
		t.Fatal(err)
	}
	return u.Scheme + "://" + u.Host
}

func TestTheSiteHasNothingInline(t *testing.T) {
	pages, err := filepath.Glob(filepath.Join(siteFolder, "*.html"))
	if err != nil || len(pages) != 2 {
		t.Fatal(pages, err)
	}
	for _, page := range pages {
		source, err := os.ReadFile(page)
		if err != nil {
			t.Fatal(err)
		}
		for _, never := range []string{"<style", " style=", " onclick=", " onload=", "javascript:", "http://", "https://", "<script>", "<iframe", "<base"} {
			if strings.Contains(string(source), never) {
				t.Errorf("%s has %s", filepath.Base(page), never)
			}
		}
	}
	modules, err := filepath.Glob(filepath.Join(siteFolder, "*.js"))
	if err != nil || len(modules) == 0 {
		t.Fatal(err)
	}
	for _, module := range modules {
		source, err := os.ReadFile(module)
		if err != nil {
			t.Fatal(err)
		}
		for _, sink := range []string{"innerHTML", "outerHTML", "insertAdjacentHTML", "document.write", "DOMParser", "createContextualFragment", "setHTMLUnsafe", "eval(", "new Function", "localStorage", "document.cookie", "console."} {
			if strings.Contains(string(source), sink) {
				t.Errorf("%s has %s", filepath.Base(module), sink)
			}
		}
	}
}

// Package verdicts remembers which signed requests IAM has allowed. A message to
// a room is one signed request a member, and to ask the emulator's IAM each time
// takes longer than everything else that is done for it.
//
// Only what was allowed is remembered, for the same caller, method, path and
// query, and only until IAM changes or maxAge is over. The signature of a request
// is checked each time: here, with AWS's own signer, where the caller's secret
// is known. Whatever is not certain is a matter for IAM itself.
package verdicts

import (
	"crypto/sha256"
	"crypto/subtle"
	"encoding/hex"
	"net/http"
	"net/url"
	"regexp"
	"strings"
	"sync"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	signer "github.com/aws/aws-sdk-go-v2/aws/signer/v4"

	"github.com/portcullis-chat/portcullis/internal/localaws/awscall"
)

const (
	// maxAge bounds how long a verdict holds that rests on something besides
	// IAM's policies, such as the time of day.
	maxAge = time.Minute
	// maxKnown is how many verdicts are remembered: a room of 5,000, twice.
	maxKnown = 10_000
	// maxSkew is how old a signature may be (IAM user guide, "Why requests are
	// signed").
	maxSkew = 5 * time.Minute
)

// Secrets finds the credentials that an access key belongs to, as long as they
// are valid.
type Secrets func(accessKey string) (aws.Credentials, bool)

// Verdicts are those that hold now.
type Verdicts struct {
	secrets Secrets
	now     func() time.Time
	signer  *signer.Signer

	mu       sync.Mutex
	known    map[key]time.Time // when it was allowed
	changing int               // changes of IAM that are under way
	changes  int               // changes of IAM up to now
}

// key is what a verdict is about. The path is that of the request line, and so
// is the query.
type key struct{ accessKey, scope, method, target string }

// New returns an empty memory. now is the time that signatures are dated by.
func New(secrets Secrets, now func() time.Time) *Verdicts {
	return &Verdicts{secrets: secrets, now: now, signer: signer.NewSigner(), known: make(map[key]time.Time)}
}

// authorization is the header of a request that is signed as AWS's SDKs do.
var authorization = regexp.MustCompile(`\AAWS4-HMAC-SHA256 Credential=([^/,\s]+)/(\d{8}/([a-z0-9-]+)/([a-z0-9-]+)/aws4_request), SignedHeaders=([a-z0-9;-]+), Signature=[0-9a-f]{64}\z`)

func keyOf(r *http.Request, accessKey, scope string) key {
	return key{accessKey, scope, r.Method, r.RequestURI}
}

// Allowed reports that IAM has allowed this call to its caller, and that the
// caller has signed this request. When it reports false, nobody knows.
func (v *Verdicts) Allowed(r *http.Request, body []byte) bool {
	m := authorization.FindStringSubmatch(r.Header.Get("Authorization"))
	if m == nil || len(r.Header.Values("Authorization")) > 1 {
		return false
	}
	v.mu.Lock()
	at, ok := v.known[keyOf(r, m[1], m[2])]
	ok = ok && v.now().Sub(at) < maxAge
	v.mu.Unlock()
	return ok && v.signed(r, body, m[1], m[3], m[4], m[5])
}

// signed signs a request anew and compares.
func (v *Verdicts) signed(r *http.Request, body []byte, accessKey, region, service, headers string) bool {
	credentials, ok := v.secrets(accessKey)
	if !ok || credentials.SessionToken != r.Header.Get("X-Amz-Security-Token") {
		return false
	}
	date, err := time.Parse("20060102T150405Z", r.Header.Get("X-Amz-Date"))
	if err != nil || v.now().Sub(date).Abs() > maxSkew {
		return false
	}
	path, query, _ := strings.Cut(r.RequestURI, "?")
	again := &http.Request{
		Method: r.Method, Host: r.Host, Header: make(http.Header), ContentLength: r.ContentLength,
		URL: &url.URL{Scheme: "https", Host: r.Host, Opaque: "//" + r.Host + path, RawQuery: query},
	}
	for name := range strings.SplitSeq(headers, ";") {
		if values := r.Header.Values(name); len(values) > 0 {
			again.Header[http.CanonicalHeaderKey(name)] = values
		}
	}
	hash := sha256.Sum256(body)
	if err := v.signer.SignHTTP(r.Context(), credentials, again, hex.EncodeToString(hash[:]), service, region, date); err != nil {
		return false
	}
	return subtle.ConstantTimeCompare([]byte(again.Header.Get("Authorization")), []byte(r.Header.Get("Authorization"))) == 1
}

// Changes counts the changes of IAM up to now, for Remember.
func (v *Verdicts) Changes() int {
	v.mu.Lock()
	defer v.mu.Unlock()
	return v.changes
}

// Remember takes note that IAM has allowed a request. changes is what Changes
// said before IAM was asked: if it has changed since, the answer may be old and
// is good for this time only.
func (v *Verdicts) Remember(r *http.Request, changes int) {
	m := authorization.FindStringSubmatch(r.Header.Get("Authorization"))
	v.mu.Lock()
	defer v.mu.Unlock()
	if m == nil || v.changing > 0 || v.changes != changes {
		return
	}
	if len(v.known) >= maxKnown {
		clear(v.known)
	}
	v.known[keyOf(r, m[1], m[2])] = v.now()
}

// Middleware forgets everything when a request changes what callers may do. A
// caller that has the answer to its change never meets an older verdict.
func (v *Verdicts) Middleware(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if !changesIAM(awscall.Of(r)) {
			next.ServeHTTP(w, r)
			return
		}
		v.mu.Lock()
		v.changing++
		v.changes++
		clear(v.known)
		v.mu.Unlock()
		defer func() {
			v.mu.Lock()
			defer v.mu.Unlock()
			v.changing--
			v.changes++
		}()
		next.ServeHTTP(w, r)
	})
}

// changesIAM tells whether an operation may change who may do what: any of IAM
// that does not only read, and those of Lambda, whose functions have policies.
func changesIAM(call awscall.Call) bool {
	if call.Service != "iam" && call.Service != "lambda" {
		return false
	}
	for _, reads := range []string{"Get", "List", "Simulate", "Generate", "Invoke"} {
		if strings.HasPrefix(call.Operation, reads) {
			return false
		}
	}
	return true
}

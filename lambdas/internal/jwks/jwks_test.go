package jwks_test

import (
	"bytes"
	"context"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/rsa"
	"encoding/base64"
	"encoding/json"
	"fmt"
	"io"
	"math/big"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/portcullis-chat/portcullis/lambdas/internal/jwks"
	"github.com/portcullis-chat/portcullis/lambdas/internal/logging"
	"github.com/portcullis-chat/portcullis/lambdas/internal/metrics"
)

func must[T any](v T, err error) T {
	if err != nil {
		panic(err)
	}
	return v
}

var (
	rsaKey = must(rsa.GenerateKey(rand.Reader, 2048))
	ecKey  = must(ecdsa.GenerateKey(elliptic.P256(), rand.Reader))
)

func b64(b []byte) string { return base64.RawURLEncoding.EncodeToString(b) }

type jwk map[string]any

func rsaJWK(kid string) jwk {
	return jwk{"kty": "RSA", "kid": kid, "n": b64(rsaKey.N.Bytes()), "e": "AQAB"}
}

func ecJWK(kid string) jwk {
	point := must(ecKey.PublicKey.Bytes())
	return jwk{"kty": "EC", "crv": "P-256", "kid": kid, "x": b64(point[1:33]), "y": b64(point[33:])}
}

func (k jwk) with(name string, value any) jwk {
	k[name] = value
	return k
}

func set(keys ...jwk) string {
	return string(must(json.Marshal(map[string]any{"keys": keys})))
}

// issuer serves key sets and counts how often it was asked.
type issuer struct {
	*httptest.Server
	asked   atomic.Int64
	handler atomic.Value
}

func newIssuer(t *testing.T, body string) *issuer {
	i := &issuer{}
	i.serve(body)
	i.Server = httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		i.asked.Add(1)
		i.handler.Load().(http.HandlerFunc)(w, r)
	}))
	t.Cleanup(i.Close)
	return i
}

func (i *issuer) serve(body string) {
	i.handle(func(w http.ResponseWriter, _ *http.Request) { io.WriteString(w, body) })
}

func (i *issuer) handle(h http.HandlerFunc) { i.handler.Store(h) }

// clock is a clock that tests turn.
type clock struct {
	mu sync.Mutex
	t  time.Time
}

func newClock() *clock { return &clock{t: time.Unix(1_700_000_000, 0)} }

func (c *clock) now() time.Time {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.t
}

func (c *clock) pass(d time.Duration) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.t = c.t.Add(d)
}

// buffer is a log that background requests may write to.
type buffer struct {
	mu sync.Mutex
	b  bytes.Buffer
}

func (b *buffer) Write(p []byte) (int, error) {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.b.Write(p)
}

func (b *buffer) String() string {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.b.String()
}

func newCache(url string) (*jwks.Cache, *clock, *buffer) {
	c, log := newClock(), &buffer{}
	return jwks.NewCache(url, c.now, logging.New(log, "")), c, log
}

var ctx = context.Background()

func known(c *jwks.Cache, kid string) bool {
	_, ok := c.Lookup(ctx, kid)
	return ok
}

func refreshed(c *jwks.Cache, kid string) bool {
	_, ok := c.Refresh(ctx, kid)
	return ok
}

// Baked-in keys are asked for like fetched ones: at once without a request,
// renewed after an hour, and gone after a day without an issuer.
func TestBakedKeysServeUntilTheyAreDue(t *testing.T) {
	i := newIssuer(t, set(rsaJWK("new")))
	c, clock, _ := newCache(i.URL)
	c.Bake(must(jwks.Parse([]byte(set(rsaJWK("baked"))))))
	clock.pass(59 * time.Minute)
	if !known(c, "baked") || i.asked.Load() != 0 {
		t.Fatalf("the issuer was asked %d times for a baked-in key", i.asked.Load())
	}
	if !refreshed(c, "new") || i.asked.Load() != 1 {
		t.Errorf("a new key was not found; the issuer was asked %d times", i.asked.Load())
	}
	if known(c, "baked") {
		t.Error("a key that the issuer withdrew outlived the next set")
	}

	c, clock, _ = newCache(i.URL)
	c.Bake(must(jwks.Parse([]byte(set(rsaJWK("baked"))))))
	clock.pass(time.Hour)
	if known(c, "baked") || !known(c, "new") {
		t.Error("baked-in keys were not renewed after an hour")
	}

	i.handle(func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(http.StatusInternalServerError) })
	var measured buffer
	c, clock, _ = newCache(i.URL)
	c.Metrics = metrics.New(&measured, metrics.Settings{Namespace: "Chat", Function: "authorizer"}, "", clock.now)
	c.Bake(must(jwks.Parse([]byte(set(rsaJWK("baked"))))))
	clock.pass(24*time.Hour - time.Second)
	if !known(c, "baked") {
		t.Error("baked-in keys did not outlast an outage")
	}
	if got := measured.String(); !strings.Contains(got, `"Failures":1`) || !strings.Contains(got, "jwks_fetch") {
		t.Errorf("the metrics are %q", got)
	}
	clock.pass(time.Second)
	if known(c, "baked") {
		t.Error("baked-in keys are believed for ever")
	}
}

func TestTheFirstTokenWaitsForTheKeys(t *testing.T) {
	i := newIssuer(t, set(rsaJWK("a"), ecJWK("b")))
	i.handle(func(w http.ResponseWriter, _ *http.Request) {
		time.Sleep(700 * time.Millisecond) // longer than anybody waits later
		io.WriteString(w, set(rsaJWK("a"), ecJWK("b")))
	})
	c, _, _ := newCache(i.URL)
	if known(c, "a") || i.asked.Load() != 0 {
		t.Fatal("an empty cache knows a key, or asked for one")
	}
	key, ok := c.Refresh(ctx, "a")
	if public, isRSA := key.Public.(*rsa.PublicKey); !ok || !isRSA || !public.Equal(&rsaKey.PublicKey) || key.Algorithm != "RS256" {
		t.Fatalf("got %+v", key)
	}
	key, ok = c.Lookup(ctx, "b")
	if public, isEC := key.Public.(*ecdsa.PublicKey); !ok || !isEC || !public.Equal(&ecKey.PublicKey) || key.Algorithm != "ES256" {
		t.Fatalf("got %+v", key)
	}
	if i.asked.Load() != 1 {
		t.Errorf("asked %d times", i.asked.Load())
	}
}

func TestConcurrentFirstTokensShareOneRequest(t *testing.T) {
	i := newIssuer(t, "")
	i.handle(func(w http.ResponseWriter, _ *http.Request) {
		time.Sleep(100 * time.Millisecond)
		io.WriteString(w, set(rsaJWK("a")))
	})
	c, _, _ := newCache(i.URL)
	var wg sync.WaitGroup
	for range 50 {
		wg.Go(func() {
			if !refreshed(c, "a") {
				t.Error("refused")
			}
		})
	}
	wg.Wait()
	if i.asked.Load() != 1 {
		t.Errorf("asked %d times", i.asked.Load())
	}
}

func TestUnknownKeysCauseOneRequestAMinuteAndDelayNobody(t *testing.T) {
	i := newIssuer(t, set(rsaJWK("a")))
	c, clock, _ := newCache(i.URL)
	refreshed(c, "a")
	i.handle(func(w http.ResponseWriter, r *http.Request) { <-r.Context().Done() })

	clock.pass(59 * time.Second)
	if refreshed(c, "evil"); i.asked.Load() != 1 {
		t.Errorf("asked %d times in the first minute", i.asked.Load())
	}
	clock.pass(time.Second)
	start := time.Now()
	refreshed(c, "evil")
	if took := time.Since(start); took > 1500*time.Millisecond {
		t.Errorf("an unknown key took %s", took)
	}
	var wg sync.WaitGroup
	for n := range 10_000 {
		wg.Go(func() {
			if refreshed(c, fmt.Sprint("evil", n)) {
				t.Error("accepted")
			}
		})
	}
	wg.Wait()
	if took := time.Since(start); took > 20*time.Second { // one after the other they would take hours
		t.Errorf("10,000 unknown keys took %s", took)
	}
	if i.asked.Load() != 2 {
		t.Errorf("asked %d times", i.asked.Load())
	}
	if !known(c, "a") {
		t.Error("the known key is gone")
	}
}

func TestANewKeyIsFoundAtTheFirstTry(t *testing.T) {
	i := newIssuer(t, set(rsaJWK("old")))
	c, clock, _ := newCache(i.URL)
	refreshed(c, "old")
	i.serve(set(rsaJWK("new")))
	clock.pass(time.Minute)
	if !refreshed(c, "new") || known(c, "old") {
		t.Error("the set was not replaced")
	}
}

func TestKeysAreRenewedAfterAnHour(t *testing.T) {
	i := newIssuer(t, set(rsaJWK("a"), ecJWK("b")))
	c, clock, _ := newCache(i.URL)
	refreshed(c, "a")
	i.serve(set(rsaJWK("a")))
	clock.pass(time.Hour - time.Second)
	if !known(c, "b") || i.asked.Load() != 1 {
		t.Error("renewed too early")
	}
	clock.pass(time.Second)
	if known(c, "b") || i.asked.Load() != 2 || !known(c, "a") {
		t.Error("a key that was withdrawn still serves")
	}
}

func TestOldKeysServeForADayAndNoLonger(t *testing.T) {
	i := newIssuer(t, set(rsaJWK("a")))
	c, clock, log := newCache(i.URL)
	refreshed(c, "a")
	i.handle(func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(http.StatusInternalServerError) })
	clock.pass(24*time.Hour - time.Second)
	if !known(c, "a") {
		t.Error("refused within a day")
	}
	if !strings.Contains(log.String(), "status 500") || !strings.Contains(log.String(), `"old_keys":true`) || !strings.Contains(log.String(), `"keys_age":86399`) {
		t.Errorf("the log is %s", log)
	}
	clock.pass(time.Second)
	if known(c, "a") || refreshed(c, "a") {
		t.Error("accepted after a day")
	}
	i.serve(set(rsaJWK("a")))
	clock.pass(time.Minute)
	if !refreshed(c, "a") {
		t.Error("refused after the issuer came back")
	}
}

func TestAFailedRenewalIsNotRepeatedForAMinute(t *testing.T) {
	i := newIssuer(t, set(rsaJWK("a")))
	c, clock, _ := newCache(i.URL)
	refreshed(c, "a")
	i.serve("gone")
	clock.pass(time.Hour)
	for range 10 {
		known(c, "a")
	}
	if i.asked.Load() != 2 {
		t.Errorf("asked %d times", i.asked.Load())
	}
}

func TestWithoutAnyKeysEverybodyIsRefusedAndFewRequestsAreMade(t *testing.T) {
	i := newIssuer(t, "")
	i.handle(func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(http.StatusServiceUnavailable) })
	c, clock, log := newCache(i.URL)
	for range 10 {
		if refreshed(c, "a") {
			t.Error("accepted")
		}
	}
	if i.asked.Load() != 1 || !strings.Contains(log.String(), "status 503") || strings.Contains(log.String(), "keys_age") {
		t.Errorf("asked %d times; the log is %s", i.asked.Load(), log)
	}
	i.serve(set(rsaJWK("a")))
	clock.pass(5 * time.Second)
	if !refreshed(c, "a") {
		t.Error("refused after the issuer came back")
	}
}

// Keys that are a day old are as good as none, and so the issuer is asked as
// often as without any.
func TestAfterADayTheIssuerIsAskedSoonAgain(t *testing.T) {
	for _, age := range []time.Duration{24 * time.Hour, 25 * time.Hour} {
		i := newIssuer(t, set(rsaJWK("a")))
		c, clock, _ := newCache(i.URL)
		refreshed(c, "a")
		i.handle(func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(http.StatusInternalServerError) })
		clock.pass(age - 6*time.Second)
		known(c, "a")
		clock.pass(6 * time.Second)
		if refreshed(c, "a") || i.asked.Load() != 3 {
			t.Errorf("after %s: asked %d times", age, i.asked.Load())
		}
	}
}

// Whoever did not begin a request does not wait for it, nor for the next one.
func TestOnlyTheCallerThatBeginsARequestWaits(t *testing.T) {
	i := newIssuer(t, set(rsaJWK("a")))
	c, clock, _ := newCache(i.URL)
	refreshed(c, "a")
	quick := func(what string) {
		t.Helper()
		start := time.Now()
		for range 8 {
			refreshed(c, "evil")
		}
		if took := time.Since(start); took > 2*time.Second { // waiting, they take four
			t.Errorf("%s eight callers took %s", what, took)
		}
	}
	quick("within the first minute")
	begun := make(chan struct{})
	i.handle(func(_ http.ResponseWriter, r *http.Request) {
		close(begun)
		<-r.Context().Done()
	})
	clock.pass(time.Minute)
	go refreshed(c, "new")
	<-begun
	quick("during a request")
}

// A sandbox may freeze between two requests, and with it any connection that
// is kept.
func TestTheRequestForKeys(t *testing.T) {
	i := newIssuer(t, "")
	var got *http.Request
	body := set(rsaJWK("a"))
	body += strings.Repeat(" ", 64<<10-len(body)) // the longest answer
	i.handle(func(w http.ResponseWriter, r *http.Request) {
		got = r
		io.WriteString(w, body)
	})
	c, _, _ := newCache(i.URL)
	if !refreshed(c, "a") {
		t.Error("refused")
	}
	if got.Method != http.MethodGet || got.Header.Get("Accept") != "application/json" || !got.Close {
		t.Errorf("got %s %v, close %v", got.Method, got.Header, got.Close)
	}
}

func TestACallerThatGivesUpIsNotHeld(t *testing.T) {
	i := newIssuer(t, "")
	i.handle(func(_ http.ResponseWriter, r *http.Request) { <-r.Context().Done() })
	c, _, _ := newCache(i.URL)
	gone, cancel := context.WithCancel(ctx)
	cancel()
	start := time.Now()
	if _, ok := c.Refresh(gone, "a"); ok || time.Since(start) > time.Second {
		t.Errorf("held for %s", time.Since(start))
	}
}

func TestWhatIsNotAKeySetIsAnError(t *testing.T) {
	other := newIssuer(t, set(rsaJWK("a")))
	for name, handler := range map[string]http.HandlerFunc{
		"a redirect": func(w http.ResponseWriter, r *http.Request) { http.Redirect(w, r, other.URL, http.StatusFound) },
		"no content": func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(http.StatusNoContent) },
		"too much": func(w http.ResponseWriter, _ *http.Request) {
			io.WriteString(w, set(rsaJWK("a"))+strings.Repeat(" ", 64<<10))
		},
		"keys under another status": func(w http.ResponseWriter, _ *http.Request) {
			w.WriteHeader(http.StatusPartialContent)
			io.WriteString(w, set(rsaJWK("a")))
		},
		"a web page": func(w http.ResponseWriter, _ *http.Request) { io.WriteString(w, "<html>") },
		"one that never ends": func(w http.ResponseWriter, r *http.Request) {
			io.WriteString(w, `{"keys":[`)
			w.(http.Flusher).Flush()
			<-r.Context().Done()
		},
	} {
		i := newIssuer(t, "")
		i.handle(handler)
		c, _, _ := newCache(i.URL)
		start := time.Now()
		if refreshed(c, "a") || time.Since(start) > 3*time.Second {
			t.Errorf("%s: accepted, or took %s", name, time.Since(start))
		}
	}
	if other.asked.Load() != 0 {
		t.Error("a redirect was followed")
	}
}

func TestWhichKeysAreUsed(t *testing.T) {
	weak := must(rsa.GenerateKey(rand.Reader, 1024))
	bits := func(n uint) string {
		return b64(new(big.Int).Add(new(big.Int).Lsh(big.NewInt(1), n-1), big.NewInt(1)).Bytes())
	}
	for name, c := range map[string]struct {
		key  jwk
		want bool
	}{
		"an RSA key":                        {rsaJWK("k"), true},
		"a P-256 key":                       {ecJWK("k"), true},
		"one for signatures":                {rsaJWK("k").with("use", "sig"), true},
		"one of the right algorithm":        {ecJWK("k").with("alg", "ES256"), true},
		"one that may verify":               {ecJWK("k").with("key_ops", []string{"verify"}), true},
		"one of 4096 bits":                  {rsaJWK("k").with("n", bits(4096)), true},
		"an exponent of 31 bits":            {rsaJWK("k").with("e", b64([]byte{0x40, 0, 0, 1})), true},
		"one whose use is no text":          {rsaJWK("k").with("use", 7), false},
		"a modulus that ends in no base64":  {rsaJWK("k").with("n", bits(4096)+"!"), false},
		"one without an id":                 {rsaJWK(""), false},
		"one for encryption":                {rsaJWK("k").with("use", "enc"), false},
		"one that may only encrypt":         {rsaJWK("k").with("key_ops", []string{"encrypt"}), false},
		"one that may do nothing":           {rsaJWK("k").with("key_ops", []string{}), false},
		"an RSA key for another algorithm":  {rsaJWK("k").with("alg", "RS512"), false},
		"an RSA key said to be for HMAC":    {rsaJWK("k").with("alg", "HS256"), false},
		"a P-256 key for another algorithm": {ecJWK("k").with("alg", "ES384"), false},
		"a symmetric key":                   {jwk{"kty": "oct", "kid": "k", "k": "c2VjcmV0"}, false},
		"an RSA key with its secret":        {rsaJWK("k").with("d", "AQAB"), false},
		"an EC key with its secret":         {ecJWK("k").with("d", "AQAB"), false},
		"a key of a kind to come":           {jwk{"kty": "AKP", "kid": "k", "pub": "x"}, false},
		"one with members of other types":   {jwk{"kty": "AKP", "kid": "k", "k": jwk{"pub": "x"}}, false},
		"a key whose kind is no text":       {jwk{"kty": 1, "kid": "k"}, false},
		"a weak RSA key":                    {rsaJWK("k").with("n", b64(weak.N.Bytes())), false},
		"a huge RSA key":                    {rsaJWK("k").with("n", bits(4097)), false},
		"an exponent of 3":                  {rsaJWK("k").with("e", "Aw"), false},
		"an exponent of 1":                  {rsaJWK("k").with("e", "AQ"), false},
		"an even exponent":                  {rsaJWK("k").with("e", "AQAC"), false},
		"an exponent of 32 bits":            {rsaJWK("k").with("e", b64([]byte{0x80, 0, 0, 1})), false},
		"no exponent":                       {rsaJWK("k").with("e", ""), false},
		"a modulus that is no base64":       {rsaJWK("k").with("n", "!"), false},
		"another curve":                     {ecJWK("k").with("crv", "P-384"), false},
		"a point that is not on the curve":  {ecJWK("k").with("y", b64(make([]byte, 32))), false},
		"a coordinate that is too short":    {ecJWK("k").with("x", b64(make([]byte, 31))), false},
		"a coordinate that is no base64":    {ecJWK("k").with("x", "!"), false},
	} {
		keys, err := jwks.Parse([]byte(set(ecJWK("other"), c.key)))
		if err != nil {
			t.Errorf("%s: %v", name, err)
		}
		if _, got := keys["k"]; got != c.want {
			t.Errorf("%s: got %v", name, got)
		}
	}
}

func TestASetThatIsAmbiguousOrUselessIsRefused(t *testing.T) {
	for name, body := range map[string]string{
		"two keys of one id":         set(rsaJWK("a"), rsaJWK("b"), ecJWK("a")),
		"no keys":                    set(),
		"no usable key":              set(jwk{"kty": "oct", "kid": "k", "k": "c2VjcmV0"}),
		"no object":                  `[]`,
		"null":                       `null`,
		"keys that are no list":      `{"keys":{}}`,
		"two lists of keys":          strings.Replace(set(rsaJWK("a")), "{", `{"keys":[],`, 1),
		"one member twice":           strings.Replace(set(rsaJWK("a")), `"e":"AQAB"`, `"e":"AQAB","e":"AQAB"`, 1),
		"something after it":         set(rsaJWK("a")) + "{}",
		"a member of the wrong type": `{"keys":[{"kty":1}]}`,
	} {
		if _, err := jwks.Parse([]byte(body)); err == nil {
			t.Errorf("%s: accepted", name)
		}
	}
}

func FuzzParse(f *testing.F) {
	f.Add([]byte(set(rsaJWK("a"), ecJWK("b"))))
	f.Add([]byte(`{"keys":[{"kty":"RSA","kid":"a","n":"AQ","e":"AQAB"}]}`))
	f.Fuzz(func(t *testing.T, body []byte) {
		keys, err := jwks.Parse(body)
		if (err == nil) != (len(keys) > 0) {
			t.Errorf("%d keys and %v", len(keys), err)
		}
		for id, key := range keys {
			switch public := key.Public.(type) {
			case *rsa.PublicKey:
				if id == "" || key.Algorithm != "RS256" || public.N.BitLen() < 2048 || public.E < 65537 {
					t.Errorf("%q: %+v", id, key)
				}
			case *ecdsa.PublicKey:
				if id == "" || key.Algorithm != "ES256" || public.Curve != elliptic.P256() {
					t.Errorf("%q: %+v", id, key)
				}
			default:
				t.Errorf("%q: %T", id, public)
			}
		}
	})
}

// Package jwks keeps an issuer's public keys (RFC 7517). A function asks for
// them rarely and never because of a bad token: keys live an hour, an unknown
// key id may cause one request a minute, concurrent needs share one request,
// and when the issuer is down the old keys serve for a day and no longer.
package jwks

import (
	"context"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rsa"
	"crypto/tls"
	"encoding/base64"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"math/big"
	"net/http"
	"slices"
	"sync"
	"time"

	"github.com/go-json-experiment/json"
	"github.com/go-json-experiment/json/jsontext"

	"github.com/portcullis-chat/portcullis/lambdas/internal/logging"
	"github.com/portcullis-chat/portcullis/lambdas/internal/metrics"
	"github.com/portcullis-chat/portcullis/lambdas/internal/token"
)

const (
	fetchTimeout = 2 * time.Second
	maxBody      = 64 << 10 // bytes

	// ttl is the age at which keys are renewed, maxAge the age at which they
	// are no longer used when renewing fails.
	ttl    = time.Hour
	maxAge = 24 * time.Hour

	// retryAfter is the least time between two requests. While there are no
	// keys at all everybody is refused, so then it is shorter.
	retryAfter      = time.Minute
	retryAfterEmpty = 5 * time.Second

	// patience is how long a token with an unknown key id waits for the one
	// request it may have caused. A request in a sandbox that freezes after
	// its answer would not finish, so a token signed by a new key is given the
	// time of a normal answer; a slow issuer delays nobody for longer.
	patience = 500 * time.Millisecond
)

// Cache implements token.Keys.
type Cache struct {
	url    string
	client *http.Client
	now    func() time.Time
	log    *slog.Logger

	// Metrics counts the requests that failed.
	Metrics *metrics.Recorder

	mu       sync.Mutex
	keys     map[string]token.Key
	fetched  time.Time     // when keys were received
	tried    time.Time     // when a request last began
	inflight chan struct{} // closed at the end of the request under way, if any
}

// NewCache returns an empty cache; now is the clock. The URL is not checked
// here: it comes from configuration.
func NewCache(url string, now func() time.Time, log *slog.Logger) *Cache {
	return &Cache{url: url, client: newClient(), now: now, log: log}
}

// Bake puts keys into a cache that were known when the function was deployed, as
// if they had been fetched now: the first caller of a new sandbox does not wait
// for the issuer. They are renewed and grow old like fetched ones.
func (c *Cache) Bake(keys map[string]token.Key) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.keys, c.fetched = keys, c.now()
}

// newClient returns a client that goes to the configured address and nowhere
// else: no redirects, no proxy from the environment, no idle connections that
// would be dead after the sandbox has been frozen.
func newClient() *http.Client {
	return &http.Client{
		Timeout:       fetchTimeout,
		CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
		Transport: &http.Transport{
			DisableKeepAlives:   true,
			TLSClientConfig:     &tls.Config{MinVersion: tls.VersionTLS12},
			TLSHandshakeTimeout: fetchTimeout,
		},
	}
}

// Lookup returns a key the cache knows. It waits for a request only when the
// keys are due for renewal and one may be made.
func (c *Cache) Lookup(ctx context.Context, id string) (token.Key, bool) {
	c.mu.Lock()
	due := c.keys != nil && c.now().Sub(c.fetched) >= ttl
	c.mu.Unlock()
	if due {
		if done, _ := c.begin(retryAfter); done != nil {
			wait(ctx, done, fetchTimeout)
		}
	}
	return c.current(id)
}

// Refresh asks for a key that Lookup did not find. With no keys at all it waits
// for the request under way; otherwise only the caller that begins a request
// waits, and briefly.
func (c *Cache) Refresh(ctx context.Context, id string) (token.Key, bool) {
	if c.usable() {
		if done, begun := c.begin(retryAfter); begun {
			wait(ctx, done, patience)
		}
		return c.current(id)
	}
	if done, _ := c.begin(retryAfterEmpty); done != nil {
		wait(ctx, done, fetchTimeout)
	}
	return c.current(id)
}

func (c *Cache) usable() bool {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.keys != nil && c.now().Sub(c.fetched) < maxAge
}

func (c *Cache) current(id string) (token.Key, bool) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.now().Sub(c.fetched) >= maxAge {
		return token.Key{}, false
	}
	key, ok := c.keys[id]
	return key, ok
}

// begin starts a request unless one is under way or the last one began less
// than a pause ago. The channel is that of the request under way, or nil.
func (c *Cache) begin(pause time.Duration) (done <-chan struct{}, begun bool) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.inflight != nil {
		return c.inflight, false
	}
	if !c.tried.IsZero() && c.now().Sub(c.tried) < pause {
		return nil, false
	}
	c.tried = c.now()
	c.inflight = make(chan struct{})
	go c.fetch(c.inflight)
	return c.inflight, true
}

func wait(ctx context.Context, done <-chan struct{}, most time.Duration) {
	timer := time.NewTimer(most)
	defer timer.Stop()
	select {
	case <-done:
	case <-timer.C:
	case <-ctx.Done():
	}
}

// fetch has no context of a caller: others may wait for the same request. It
// logs before it lets them go, because after their answer the sandbox may
// freeze.
func (c *Cache) fetch(done chan<- struct{}) {
	start := time.Now()
	keys, err := c.get()

	c.mu.Lock()
	if err == nil {
		c.keys, c.fetched = keys, c.now()
	}
	old, age := c.keys != nil, c.now().Sub(c.fetched)
	c.mu.Unlock()
	if err == nil {
		c.log.Info(logging.KeysFetched, slog.Int("keys", len(keys)), slog.Duration("took", time.Since(start)))
	} else {
		attrs := []any{logging.Reason("jwks_fetch"), logging.Cause(err), slog.Bool("old_keys", old)}
		if old {
			attrs = append(attrs, slog.Duration("keys_age", age))
		}
		c.log.Error(logging.DependencyFail, attrs...)
		c.Metrics.PutReason("jwks_fetch", metrics.Failures.Of(1))
	}

	c.mu.Lock()
	c.inflight = nil
	c.mu.Unlock()
	close(done)
}

func (c *Cache) get() (map[string]token.Key, error) {
	// Not the context of the caller that happens to ask first: others wait for
	// the same answer. The client's own timeout bounds it.
	request, err := http.NewRequestWithContext(context.Background(), http.MethodGet, c.url, nil)
	if err != nil {
		return nil, fmt.Errorf("asking for the keys: %w", err)
	}
	request.Header.Set("Accept", "application/json")
	response, err := c.client.Do(request)
	if err != nil {
		return nil, fmt.Errorf("asking for the keys: %w", err)
	}
	defer func() { _ = response.Body.Close() }()
	if response.StatusCode != http.StatusOK {
		return nil, fmt.Errorf("asking for the keys: status %d", response.StatusCode)
	}
	body, err := io.ReadAll(io.LimitReader(response.Body, maxBody+1))
	if err != nil {
		return nil, fmt.Errorf("reading the keys: %w", err)
	}
	if len(body) > maxBody {
		return nil, fmt.Errorf("reading the keys: more than %d bytes", maxBody)
	}
	return Parse(body)
}

// jwk is one key of a set. D and K are the private parts of a key: where one
// is present, somebody published what must not be, and the key is not used.
type jwk struct {
	Kty    string   `json:"kty"`
	Kid    string   `json:"kid"`
	Use    string   `json:"use"`
	Alg    string   `json:"alg"`
	KeyOps []string `json:"key_ops"`
	N      string   `json:"n"`
	E      string   `json:"e"`
	Crv    string   `json:"crv"`
	X      string   `json:"x"`
	Y      string   `json:"y"`
	D      string   `json:"d"`
	K      string   `json:"k"`
}

// Parse reads a key set. Keys that cannot verify an RS256 or ES256 signature
// are skipped, and so are those whose members have other types than ours (RFC
// 7517 section 5): a key of a kind to come must not take the others with it. Two
// usable keys of one id, or none at all, are an error.
func Parse(body []byte) (map[string]token.Key, error) {
	var set struct {
		Keys []jsontext.Value `json:"keys"`
	}
	if err := json.Unmarshal(body, &set); err != nil {
		return nil, errors.New("reading the keys: not a JSON Web Key Set")
	}
	keys := make(map[string]token.Key)
	for _, raw := range set.Keys {
		var k jwk
		if json.Unmarshal(raw, &k) != nil {
			continue
		}
		key, ok := k.key()
		if !ok {
			continue
		}
		if _, twice := keys[k.Kid]; twice {
			return nil, errors.New("reading the keys: two keys with one id")
		}
		keys[k.Kid] = key
	}
	if len(keys) == 0 {
		return nil, errors.New("reading the keys: no RSA or P-256 key for signatures")
	}
	return keys, nil
}

func (k jwk) key() (token.Key, bool) {
	if k.Kid == "" || k.D != "" || k.K != "" || (k.Use != "" && k.Use != "sig") ||
		(k.KeyOps != nil && !slices.Contains(k.KeyOps, "verify")) {
		return token.Key{}, false
	}
	switch k.Kty {
	case "RSA":
		public, ok := k.rsa()
		return token.Key{Algorithm: "RS256", Public: public}, ok && (k.Alg == "" || k.Alg == "RS256")
	case "EC":
		public, ok := k.ecdsa()
		return token.Key{Algorithm: "ES256", Public: public}, ok && (k.Alg == "" || k.Alg == "ES256")
	}
	return token.Key{}, false
}

// rsa accepts moduli of 2048 to 4096 bits (less is weak, more is slow) and odd
// exponents from 65537 that fit a 32-bit integer.
func (k jwk) rsa() (*rsa.PublicKey, bool) {
	n, errN := base64.RawURLEncoding.DecodeString(k.N)
	e, errE := base64.RawURLEncoding.DecodeString(k.E)
	if errN != nil || errE != nil {
		return nil, false
	}
	modulus, exponent := new(big.Int).SetBytes(n), new(big.Int).SetBytes(e)
	bits := modulus.BitLen()
	if bits < 2048 || bits > 4096 || exponent.BitLen() > 31 || exponent.Int64() < 65537 || exponent.Bit(0) == 0 {
		return nil, false
	}
	return &rsa.PublicKey{N: modulus, E: int(exponent.Int64())}, true
}

func (k jwk) ecdsa() (*ecdsa.PublicKey, bool) {
	const size = 32
	x, errX := base64.RawURLEncoding.DecodeString(k.X)
	y, errY := base64.RawURLEncoding.DecodeString(k.Y)
	if k.Crv != "P-256" || errX != nil || errY != nil || len(x) != size || len(y) != size {
		return nil, false
	}
	public, err := ecdsa.ParseUncompressedPublicKey(elliptic.P256(), slices.Concat([]byte{4}, x, y))
	return public, err == nil
}

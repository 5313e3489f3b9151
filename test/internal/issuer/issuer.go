// Package issuer is a small OpenID Connect issuer on loopback that signs
// whatever a test wants, with ES256.
package issuer

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"encoding/base64"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"maps"
	"net/http"
	"net/http/httptest"
	"time"

	"github.com/golang-jwt/jwt/v5"
)

// What tokens of every issuer here say.
const (
	Audience = "portcullis-test"
	keyID    = "test-1"
)

// Issuer signs tokens and serves the keys to check them with.
type Issuer struct {
	// URL is the claim iss. Nothing answers there.
	URL string
	// KeysURL is where the key set is.
	KeysURL string
	// Key is the private key.
	Key *ecdsa.PrivateKey

	server *httptest.Server
}

// New makes a key and serves it until Close.
func New() (*Issuer, error) {
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		return nil, err
	}
	point, err := key.PublicKey.Bytes() // 4, X, Y
	if err != nil {
		return nil, err
	}
	encode := base64.RawURLEncoding.EncodeToString
	set, err := json.Marshal(map[string]any{"keys": []map[string]string{{
		"kty": "EC", "crv": "P-256", "use": "sig", "alg": "ES256", "kid": keyID,
		"x": encode(point[1:33]), "y": encode(point[33:]),
	}}})
	if err != nil {
		return nil, err
	}
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Type", "application/json")
		_, _ = w.Write(set)
	}))
	return &Issuer{URL: "https://issuer.example.com/test", KeysURL: server.URL + "/jwks.json", Key: key, server: server}, nil
}

// Close stops serving the keys.
func (i *Issuer) Close() { i.server.Close() }

// Token signs an access token for a user that is valid for a while; changes
// replace claims, and a nil value removes one.
func (i *Issuer) Token(sub string, valid time.Duration, changes map[string]any) (string, error) {
	var id [8]byte
	_, _ = rand.Read(id[:]) // never fails (crypto/rand)
	now := time.Now()
	claims := jwt.MapClaims{
		"iss": i.URL, "aud": Audience, "sub": sub, "name": sub, "jti": hex.EncodeToString(id[:]),
		"iat": now.Add(-time.Minute).Unix(), "exp": now.Add(valid).Unix(),
	}
	maps.Copy(claims, changes)
	maps.DeleteFunc(claims, func(_ string, value any) bool { return value == nil })
	unsigned := jwt.NewWithClaims(jwt.SigningMethodES256, claims)
	unsigned.Header["kid"] = keyID
	unsigned.Header["typ"] = "at+jwt"
	signed, err := unsigned.SignedString(i.Key)
	if err != nil {
		return "", fmt.Errorf("sign a token: %w", err)
	}
	return signed, nil
}

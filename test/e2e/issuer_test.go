package e2e_test

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/x509"
	"encoding/base64"
	"encoding/json"
	"maps"
	"net/http"
	"net/http/httptest"
	"testing"
	"time"

	"github.com/golang-jwt/jwt/v5"
)

// issuer is a small OIDC issuer on loopback that signs what a test wants with
// ES256.
type issuer struct {
	url  string
	key  *ecdsa.PrivateKey
	keys *httptest.Server
}

const (
	issuerAudience = "portcullis-e2e"
	issuerKeyID    = "e2e-1"
)

func newIssuer(t *testing.T) *issuer {
	t.Helper()
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	point, err := key.PublicKey.Bytes() // 4, X, Y
	if err != nil {
		t.Fatal(err)
	}
	encode := base64.RawURLEncoding.EncodeToString
	set, err := json.Marshal(map[string]any{"keys": []map[string]string{{
		"kty": "EC", "crv": "P-256", "use": "sig", "alg": "ES256", "kid": issuerKeyID,
		"x": encode(point[1:33]), "y": encode(point[33:]),
	}}})
	if err != nil {
		t.Fatal(err)
	}
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Type", "application/json")
		_, _ = w.Write(set)
	}))
	t.Cleanup(server.Close)
	return &issuer{url: "https://issuer.example.com/e2e", key: key, keys: server}
}

// parseKey reads a key that another run has written.
func parseKey(t *testing.T, der []byte) *ecdsa.PrivateKey {
	t.Helper()
	key, err := x509.ParsePKCS8PrivateKey(der)
	if err != nil {
		t.Fatal(err)
	}
	return key.(*ecdsa.PrivateKey)
}

// cast are people with tokens of this issuer.
func (i *issuer) cast(t *testing.T) cast {
	t.Helper()
	named := func(t *testing.T, name string) string { return i.token(t, name+"-"+randomHex(3), time.Hour, nil) }
	return cast{alice: named(t, "alice"), bob: named(t, "bob"), newcomer: func(t *testing.T) string { return named(t, "carol") }}
}

// token signs an access token for a user that is valid for a while; changes
// replace claims, and a nil value removes one.
func (i *issuer) token(t *testing.T, sub string, valid time.Duration, changes map[string]any) string {
	t.Helper()
	now := time.Now()
	claims := jwt.MapClaims{
		"iss": i.url, "aud": issuerAudience, "sub": sub, "name": sub, "jti": randomHex(8),
		"iat": now.Add(-time.Minute).Unix(), "exp": now.Add(valid).Unix(),
	}
	maps.Copy(claims, changes)
	maps.DeleteFunc(claims, func(_ string, value any) bool { return value == nil })
	unsigned := jwt.NewWithClaims(jwt.SigningMethodES256, claims)
	unsigned.Header["kid"] = issuerKeyID
	unsigned.Header["typ"] = "at+jwt"
	signed, err := unsigned.SignedString(i.key)
	if err != nil {
		t.Fatal(err)
	}
	return signed
}

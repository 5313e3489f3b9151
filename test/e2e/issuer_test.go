package e2e_test

import (
	"crypto/ecdsa"
	"crypto/x509"
	"maps"
	"testing"
	"time"

	"github.com/portcullis-chat/portcullis/test/internal/issuer"
)

// ownIssuer is an issuer that signs what a test wants.
type ownIssuer struct{ *issuer.Issuer }

func newIssuer(t *testing.T) ownIssuer {
	t.Helper()
	made, err := issuer.New()
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(made.Close)
	return ownIssuer{made}
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
func (i ownIssuer) cast(t *testing.T) cast {
	t.Helper()
	named := func(t *testing.T, name string) string { return i.token(t, name+"-"+randomHex(3), time.Hour, nil) }
	return cast{alice: named(t, "alice"), bob: named(t, "bob"), newcomer: func(t *testing.T) string { return named(t, "carol") }}
}

// roomsClaim is the claim that lists the rooms a user may enter.
const roomsClaim = "rooms"

// token signs an access token for a user that is valid for a while, and opens
// every room; changes replace claims, and a nil value removes one.
func (i ownIssuer) token(t *testing.T, sub string, valid time.Duration, changes map[string]any) string {
	t.Helper()
	all := map[string]any{roomsClaim: []string{"*"}}
	maps.Copy(all, changes)
	token, err := i.Token(sub, valid, all)
	if err != nil {
		t.Fatal(err)
	}
	return token
}

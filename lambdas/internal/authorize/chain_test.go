package authorize_test

import (
	"context"
	"crypto"
	"crypto/rand"
	"crypto/rsa"
	"crypto/sha256"
	"encoding/base64"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/aws/aws-lambda-go/lambda"

	"github.com/portcullis-chat/portcullis/lambdas/internal/authorize"
	"github.com/portcullis-chat/portcullis/lambdas/internal/gateway"
	"github.com/portcullis-chat/portcullis/lambdas/internal/jwks"
	"github.com/portcullis-chat/portcullis/lambdas/internal/token"
)

// The parts as main puts them together, with an issuer on loopback.
func TestTheWholeChainFromTheEventToThePolicy(t *testing.T) {
	key, err := rsa.GenerateKey(rand.Reader, 2048)
	if err != nil {
		t.Fatal(err)
	}
	b64 := base64.RawURLEncoding.EncodeToString
	issuer := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		fmt.Fprintf(w, `{"keys":[{"kty":"RSA","kid":"k","use":"sig","alg":"RS256","n":"%s","e":"AQAB"}]}`, b64(key.N.Bytes()))
	}))
	sign := func(claims string) string {
		signed := b64([]byte(`{"alg":"RS256","kid":"k"}`)) + "." + b64([]byte(claims))
		sum := sha256.Sum256([]byte(signed))
		signature, err := rsa.SignPKCS1v15(rand.Reader, key, crypto.SHA256, sum[:])
		if err != nil {
			t.Fatal(err)
		}
		return signed + "." + b64(signature)
	}
	claims := func(expires time.Time) string {
		return fmt.Sprintf(`{"iss":"%s","sub":"u1","client_id":"client-1","token_use":"access","username":"ann","exp":%d}`, issuer.URL, expires.Unix())
	}
	h, _, log := handler(t, nil)
	e := variables()
	e["TOKEN_ISSUER"], e["TOKEN_JWKS_URI"] = issuer.URL, issuer.URL+"/jwks.json"
	settings, err := authorize.Read(e.lookup)
	if err != nil {
		t.Fatal(err)
	}
	h.Verifier = token.NewVerifier(settings.Token, jwks.NewCache(settings.JWKSURI, time.Now, h.Log), time.Now)
	function := lambda.NewHandler(h.Handle)

	invoke := func(bearer string) (string, error) {
		event := `{"type":"REQUEST","methodArn":"arn:x/$connect","multiValueHeaders":{"origin":["https://app.example.com"],"sec-websocket-protocol":["chat.v1, bearer.` + bearer + `"]},` +
			`"multiValueQueryStringParameters":{"room":["general"]},"requestContext":{"routeKey":"$connect","eventType":"CONNECT"}}`
		answer, err := function.Invoke(context.Background(), []byte(event))
		return string(answer), err
	}
	expires := time.Now().Add(time.Hour)
	answer, err := invoke(sign(claims(expires)))
	want := fmt.Sprintf(`"context":{"sub":"u1","name":"ann","room":"general","access":"write","exp":%d,"jti":""}`, expires.Unix())
	if err != nil || !strings.Contains(answer, want) || !strings.Contains(answer, `"Effect":"Allow"`) {
		t.Errorf("got %s, %v", answer, err)
	}
	if _, err := invoke(sign(claims(time.Now()))); err == nil || err.Error() != "Unauthorized" {
		t.Errorf("an expired token: got %v", err)
	}

	// An issuer that cannot be reached lets nobody in, and the log says why.
	issuer.Close()
	log.Reset()
	h.Verifier = token.NewVerifier(settings.Token, jwks.NewCache(settings.JWKSURI, time.Now, h.Log), time.Now)
	if _, err := invoke(sign(claims(expires))); !errors.Is(err, gateway.ErrUnauthorized) {
		t.Errorf("without keys: got %v", err)
	}
	lines, _ := io.ReadAll(log)
	if !strings.Contains(string(lines), "jwks_fetch") || !strings.Contains(string(lines), "token_unknown_key") {
		t.Errorf("the log is %s", lines)
	}
}

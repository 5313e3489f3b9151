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

// The three shapes of access tokens, each with its own way to list rooms.
func TestTheChainOpensRoomsByAClaimOfEachShape(t *testing.T) {
	key, err := rsa.GenerateKey(rand.Reader, 2048)
	if err != nil {
		t.Fatal(err)
	}
	h, _, _ := handler(t, nil)
	expires := time.Now().Add(time.Hour).Unix()
	for name, c := range map[string]struct {
		check, claim, prefix string
		header, claims       string
		rooms                map[string]string // and the access to them
	}{
		"Cognito": {
			"token_use", "cognito:groups", "room:",
			`{"alg":"RS256","kid":"k"}`, `"client_id":"client-1","token_use":"access","username":"ann","cognito:groups":["admins","room:team-*","room:news:read"]`,
			map[string]string{"team-a": "write", "news": "read", "admins": "", "general": ""},
		},
		"RFC 9068": {
			"typ", "scope", "chat/",
			`{"alg":"RS256","kid":"k","typ":"at+jwt"}`, `"aud":["api","client-1"],"client_id":"other","scope":"openid chat/general chat/news:read"`,
			map[string]string{"general": "write", "news": "read", "openid": "", "team-a": ""},
		},
		"azp with typ": {
			"typ_claim", "rooms", "",
			`{"alg":"RS256","kid":"k","typ":"JWT"}`, `"azp":"client-1","typ":"Bearer","rooms":["*:read","general"]`,
			map[string]string{"general": "write", "news": "read"},
		},
	} {
		e := variables()
		e["TOKEN_TYPE_CHECK"], e["ROOMS_CLAIM"], e["ROOMS_PREFIX"] = c.check, c.claim, c.prefix
		settings, err := authorize.Read(e.lookup)
		if err != nil {
			t.Fatal(err)
		}
		h.Verifier = token.NewVerifier(settings.Token, oneKey{&key.PublicKey}, time.Now)
		h.Rooms = settings.Rooms
		b64 := base64.RawURLEncoding.EncodeToString
		signed := b64([]byte(c.header)) + "." + b64(fmt.Appendf(nil, `{"iss":"https://issuer.example","sub":"u1","exp":%d,%s}`, expires, c.claims))
		sum := sha256.Sum256([]byte(signed))
		signature, err := rsa.SignPKCS1v15(rand.Reader, key, crypto.SHA256, sum[:])
		if err != nil {
			t.Fatal(err)
		}
		for room, want := range c.rooms {
			r := request(t)
			r.Query["room"], r.SingleQuery["room"] = []string{room}, room
			r.Headers["Sec-WebSocket-Protocol"] = []string{"chat.v1, bearer." + signed + "." + b64(signature)}
			got, err := h.Handle(context.Background(), r)
			if err != nil || (got.Context != nil) != (want != "") || (want != "" && got.Context.Access != want) {
				t.Errorf("%s, %s: got %+v, %v, want %q", name, room, got, err, want)
			}
		}
	}
}

// oneKey has one key under every id.
type oneKey struct{ public crypto.PublicKey }

func (k oneKey) Lookup(context.Context, string) (token.Key, bool) {
	return token.Key{Algorithm: "RS256", Public: k.public}, true
}

func (k oneKey) Refresh(context.Context, string) (token.Key, bool) { return token.Key{}, false }

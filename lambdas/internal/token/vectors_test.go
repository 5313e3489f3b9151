package token_test

import (
	"context"
	"crypto/elliptic"
	"encoding/base64"
	"errors"
	"fmt"
	"io"
	"math/big"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/portcullis-chat/portcullis/lambdas/internal/jwks"
	"github.com/portcullis-chat/portcullis/lambdas/internal/logging"
	"github.com/portcullis-chat/portcullis/lambdas/internal/token"
)

// The examples of RFC 7515, appendix A: a payload, signed with each algorithm.
const (
	rfcPayload = "eyJpc3MiOiJqb2UiLA0KICJleHAiOjEzMDA4MTkzODAsDQogImh0dHA6Ly9leGFtcGxlLmNvbS9pc19yb290Ijp0cnVlfQ"

	// A.1, HS256, and the key that it is signed with.
	rfcHS256 = "eyJ0eXAiOiJKV1QiLA0KICJhbGciOiJIUzI1NiJ9." + rfcPayload + ".dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXk"
	rfcOct   = `{"kty":"oct","kid":"oct","k":"AyM1SysPpbyDfgZld3umj1qzKObwVMkoqQ-EstJQLr_T-1qS0gZH75aKtMN3Yj0iPS4hcgUuTwjAzZr1Z9CAow"}`

	// A.2, RS256.
	rfcRS256 = "eyJhbGciOiJSUzI1NiJ9." + rfcPayload + "." +
		"cC4hiUPoj9Eetdgtv3hF80EGrhuB__dzERat0XF9g2VtQgr9PJbu3XOiZj5RZmh7" +
		"AAuHIm4Bh-0Qc_lF5YKt_O8W2Fp5jujGbds9uJdbF9CUAr7t1dnZcAcQjbKBYNX4" +
		"BAynRFdiuB--f_nZLgrnbyTyWzO75vRK5h6xBArLIARNPvkSjtQBMHlb1L07Qe7K" +
		"0GarZRmB_eSN9383LcOLn6_dO--xi12jzDwusC-eOkHWEsqtFZESc6BfI7noOPqv" +
		"hJ1phCnvWh6IeYI2w9QOYEUipUTI8np6LbgGY9Fs98rqVt5AXLIhWkWywlVmtVrB" +
		"p0igcN_IoypGlUPQGe77Rw"
	rfcRSA = `{"kty":"RSA","kid":"rsa","e":"AQAB","n":"ofgWCuLjybRlzo0tZWJjNiuSfb4p4fAkd_wWJcyQoTbji9k0l8W26mPddx` +
		`HmfHQp-Vaw-4qPCJrcS2mJPMEzP1Pt0Bm4d4QlL-yRT-SFd2lZS-pCgNMsD1W_YpRPEwOWvG6b32690r2jZ47soMZo9wGzjb_7OMg0LOL-bSf63kpaSH` +
		`SXndS5z5rexMdbBYUsLA9e-KXBdQOS-UTo7WTBEMa2R2CapHg665xsmtdVMTBQY4uDZlxvb3qCo5ZwKh9kG4LT6_I5IhlJH7aGhyxXFvUK-DWNmoudF8` +
		`NAco9_h9iaGNj8q2ethFkMLs91kzk2PAcDTW9gb54h4FRWyuXpoQ"}`

	// A.3, ES256.
	rfcES256 = "eyJhbGciOiJFUzI1NiJ9." + rfcPayload + ".DtEhU3ljbEg8L38VWAfUAqOyKAM6-Xx-F4GawxaepmXFCgfTjDxw5djxLa8ISlSApmWQxfKTUJqPP3-Kg6NU1Q"
	rfcEC    = `{"kty":"EC","kid":"ec","crv":"P-256","x":"f83OJ3D2xF1Bg8vub9tLe1gHMzV76e8Tus9uPHvRVEU","y":"x_FEzRu9m36HLN_tue659LNpXW6pCyStikYjKIWI5a0"}`

	// A.5, without a signature.
	rfcNone = "eyJhbGciOiJub25lIn0." + rfcPayload + "."

	// A.6, the JSON serialisation, with the signatures of A.2 and A.3.
	rfcJSON = `{"payload":"` + rfcPayload + `","signatures":[{"protected":"eyJhbGciOiJSUzI1NiJ9","header":{"kid":"2010-12-29"},"signature":"x"}]}`

	// RFC 7519 section 6.1, an unsecured JWT; RFC 7516 appendix A.1 begins an
	// encrypted token like this.
	jwtUnsecured = "eyJhbGciOiJub25lIn0.eyJpc3MiOiJqb2UiLA0KICJleHAiOjEzMDA4MTkzODAsDQogImh0dHA6Ly9leGFtcGxlLmNvbS9pc19yb290Ijp0cnVlfQ."
	jweStart     = "eyJhbGciOiJSU0EtT0FFUCIsImVuYyI6IkEyNTZHQ00ifQ.OKOawDo13gRp2ojaHV7LFpZcgV7T6DVZKTyKOMTYUmKoTCVJRgckCL9kiMT03JGe.48V1_ALb6US04U3b.5eym8TW_c8SuK0ltJ3rpYIzOeDQz7TALvtu6UG9oMo4vpzs9tX_EFShS8iB7j6ji.XFBoMYUZodetZdvTiFvSkQ"
)

func rfcKeys(t *testing.T) map[string]token.Key {
	t.Helper()
	keys, err := jwks.Parse([]byte(`{"keys":[` + rfcOct + `,` + rfcRSA + `,` + rfcEC + `]}`))
	if err != nil {
		t.Fatal(err)
	}
	if len(keys) != 2 {
		t.Fatalf("the keys are %v: a shared secret is no public key", keys)
	}
	return keys
}

func TestThreat05PublishedSignatures(t *testing.T) {
	keys := rfcKeys(t)
	for id, jws := range map[string]string{"rsa": rfcRS256, "ec": rfcES256} {
		dot := strings.LastIndexByte(jws, '.')
		signature, err := base64.RawURLEncoding.DecodeString(jws[dot+1:])
		if err != nil {
			t.Fatal(err)
		}
		key := keys[id]
		verify := func(signed string, signature []byte) error {
			return token.Methods[key.Algorithm].Verify(signed, signature, key.Public)
		}
		if err := verify(jws[:dot], signature); err != nil {
			t.Errorf("%s: %v", key.Algorithm, err)
		}
		// Every bit of the signature and every byte of what is signed counts.
		for i := range len(signature) * 8 {
			changed := append([]byte(nil), signature...)
			changed[i/8] ^= 1 << (i % 8)
			if verify(jws[:dot], changed) == nil {
				t.Errorf("%s: bit %d of the signature may be anything", key.Algorithm, i)
			}
		}
		for i := range dot {
			if verify(jws[:i]+"_"+jws[i+1:dot], signature) == nil && jws[i] != '_' {
				t.Errorf("%s: byte %d of the token may be anything", key.Algorithm, i)
			}
		}
		for _, wrong := range [][]byte{nil, signature[:len(signature)-1], append(signature, 0), append([]byte{0}, signature...)} {
			if verify(jws[:dot], wrong) == nil {
				t.Errorf("%s: a signature of %d bytes", key.Algorithm, len(wrong))
			}
		}
	}
}

// TestThreat06PublishedAttacksOnTheAlgorithm has the examples that must not be
// valid here, though standards or other libraries take them, and the attacks
// that RFC 8725 section 2 describes.
func TestThreat06PublishedAttacksOnTheAlgorithm(t *testing.T) {
	k := &keys{known: rfcKeys(t)}
	long := time.Unix(1_300_819_000, 0) // when the examples are valid
	verifier := token.NewVerifier(token.Settings{Issuer: "joe", Audiences: []string{"x"}, TypeCheck: token.TypeUnchecked}, k, func() time.Time { return long })
	withHeader := func(header, signedBy string) string {
		return b64([]byte(header)) + "." + rfcPayload + signedBy[strings.LastIndexByte(signedBy, '.'):]
	}
	for name, c := range map[string]struct {
		bearer string
		want   token.Rejection
	}{
		"RFC 7515 A.1: a shared secret":                {rfcHS256, token.BadAlgorithm},
		"RFC 7515 A.2: no key id":                      {rfcRS256, token.BadKeyID},
		"RFC 7515 A.3: no key id":                      {rfcES256, token.BadKeyID},
		"RFC 7515 A.5: no signature":                   {rfcNone, token.BadShape},
		"RFC 7515 A.6: the JSON serialisation":         {rfcJSON, token.BadShape},
		"RFC 7519 6.1: an unsecured JWT":               {jwtUnsecured, token.BadShape},
		"RFC 7516 A.1: an encrypted token":             {jweStart, token.BadShape},
		"RFC 8725 2.1: none, with a signature":         {withHeader(`{"alg":"none","kid":"rsa"}`, rfcRS256), token.BadAlgorithm},
		"RFC 8725 2.1: HS256 with the public key's id": {withHeader(`{"alg":"HS256","kid":"rsa"}`, rfcHS256), token.BadAlgorithm},
		"RFC 8725 2.1: the other key's algorithm":      {withHeader(`{"alg":"ES256","kid":"rsa"}`, rfcRS256), token.BadAlgorithm},
		"RFC 8725 2.1: the secret's id":                {withHeader(`{"alg":"RS256","kid":"oct"}`, rfcRS256), token.BadAudience}, // refused before a request for the key
		"RFC 7515 4.1.11: a critical extension":        {withHeader(`{"alg":"RS256","kid":"rsa","crit":["http://example.invalid/UNDEFINED"],"http://example.invalid/UNDEFINED":true}`, rfcRS256), token.UnsupportedForm},
		"RFC 7797: an unencoded payload":               {withHeader(`{"alg":"RS256","kid":"rsa","b64":false,"crit":["b64"]}`, rfcRS256), token.UnsupportedForm},
		"a header that was not signed":                 {withHeader(`{"alg":"RS256","kid":"rsa"}`, rfcRS256), token.BadSignature},
		"CVE-2022-21449: r and s are zero":             {withHeader(`{"alg":"ES256","kid":"ec"}`, "."+b64(make([]byte, 64))), token.BadSignature},
		"CVE-2015-9235: none in other letters":         {withHeader(`{"alg":"nOnE","kid":"rsa"}`, ".AA"), token.BadAlgorithm},
		"CVE-2018-0114: the token's own key":           {withHeader(`{"alg":"RS256","jwk":`+rfcRSA+`}`, rfcRS256), token.BadKeyID},
		"CVE-2025-30204: dots":                         {strings.Repeat(".", 8192), token.BadShape},
		"CVE-2025-27144: dots after a token":           {rfcRS256 + strings.Repeat(".", 4096), token.BadShape},
	} {
		if _, err := verifier.Verify(context.Background(), c.bearer); !errors.Is(err, c.want) {
			t.Errorf("%s: got %v, want %v", name, err, c.want)
		}
	}
	if k.refreshes != 0 {
		t.Errorf("asked for %d keys", k.refreshes)
	}
}

// TestThreat07NothingThatATokenNamesIsFetched has a token that points at a
// server in every way there is, beside an issuer that is asked once.
func TestThreat07NothingThatATokenNamesIsFetched(t *testing.T) {
	var hits, asked atomic.Int64
	attacker := httptest.NewServer(http.HandlerFunc(func(http.ResponseWriter, *http.Request) { hits.Add(1) }))
	defer attacker.Close()
	issuer := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		asked.Add(1)
		fmt.Fprintf(w, `{"keys":[{"kty":"RSA","kid":"rsa","n":"%s","e":"AQAB","x5u":"%s/x5u"}]}`, b64(rsaKey.N.Bytes()), attacker.URL)
	}))
	defer issuer.Close()
	clock := func() time.Time { return now }
	cache := jwks.NewCache(issuer.URL, clock, logging.New(io.Discard, ""))
	verifier := token.NewVerifier(cognito, cache, clock)
	own := fmt.Sprintf(`{"kty":"RSA","kid":"own","n":"%s","e":"AQAB"}`, b64(rsaKey.N.Bytes()))
	for _, kid := range []string{"rsa", "own", attacker.URL + "/kid", "../../../etc/passwd", "' OR 1=1 --"} {
		for _, naming := range []string{
			`"jku":"` + attacker.URL + `/jku"`,
			`"jwk":` + own,
			`"x5u":"` + attacker.URL + `/x5u"`,
			`"x5c":["MIIB"]`,
			`"iss":"` + attacker.URL + `"`,
			`"url":"` + attacker.URL + `","nonce":"x"`,
		} {
			bearer := compact(`{"alg":"RS256","kid":"`+kid+`",`+naming+`}`, claims, signRSA)
			_, err := verifier.Verify(context.Background(), bearer)
			if (err == nil) != (kid == "rsa") {
				t.Errorf("%s of %s: got %v", naming, kid, err)
			}
		}
	}
	if hits.Load() != 0 || asked.Load() != 1 {
		t.Errorf("the attacker's server was asked %d times, the issuer %d times", hits.Load(), asked.Load())
	}
}

// An ECDSA signature (r, s) has a second spelling (r, n−s). Whoever keeps a list
// of tokens that were revoked must not name them by their bytes; bans name the
// user, who is the same in both.
func TestThreat17TheOtherSpellingOfASignatureIsTheSameUser(t *testing.T) {
	header := `{"alg":"ES256","kid":"ec"}`
	first := compact(header, claims, signEC)
	dot := strings.LastIndexByte(first, '.')
	signature := must(base64.RawURLEncoding.DecodeString(first[dot+1:]))
	s := new(big.Int).SetBytes(signature[32:])
	s.Sub(elliptic.P256().Params().N, s).FillBytes(signature[32:])
	second := first[:dot+1] + b64(signature)
	if first == second {
		t.Fatal("the spelling is the same")
	}
	a, err := verify(cognito, first)
	if err != nil {
		t.Fatal(err)
	}
	b, err := verify(cognito, second)
	if err != nil || a.Subject != b.Subject || a.TokenID != b.TokenID {
		t.Errorf("got %+v and %+v, %v", a, b, err)
	}
}

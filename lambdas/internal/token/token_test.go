package token_test

import (
	"context"
	"crypto"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/hmac"
	"crypto/rand"
	"crypto/rsa"
	"crypto/sha256"
	"crypto/x509"
	"encoding/base64"
	"encoding/json"
	"encoding/pem"
	"errors"
	"maps"
	"math/big"
	"reflect"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/portcullis-chat/portcullis/lambdas/internal/token"
	"github.com/portcullis-chat/portcullis/test/ratio"
)

var (
	rsaKey = must(rsa.GenerateKey(rand.Reader, 2048))
	ecKey  = must(ecdsa.GenerateKey(elliptic.P256(), rand.Reader))
	// now is the time of all tests, in the middle of a second.
	now = time.Unix(1_700_000_000, 500_000_000)
)

func must[T any](v T, err error) T {
	if err != nil {
		panic(err)
	}
	return v
}

// keys is a token.Keys that counts how often it is asked to refresh.
type keys struct {
	known     map[string]token.Key
	new       map[string]token.Key // what a refresh brings
	refreshes int
}

func (k *keys) Lookup(_ context.Context, id string) (token.Key, bool) {
	key, ok := k.known[id]
	return key, ok
}

func (k *keys) Refresh(_ context.Context, id string) (token.Key, bool) {
	k.refreshes++
	key, ok := k.new[id]
	return key, ok
}

func issuerKeys() *keys {
	return &keys{known: map[string]token.Key{
		"rsa": {Algorithm: "RS256", Public: &rsaKey.PublicKey},
		"ec":  {Algorithm: "ES256", Public: &ecKey.PublicKey},
	}}
}

var cognito = token.Settings{Issuer: "https://issuer.example/pool", Audiences: []string{"client-1", "client-2"}, TypeCheck: token.TypeByUse}

const (
	header = `{"alg":"RS256","kid":"rsa"}`
	claims = `{"iss":"https://issuer.example/pool","sub":"u1","client_id":"client-1","token_use":"access","exp":1700000001,"jti":"j1"}`
)

func b64(data []byte) string { return base64.RawURLEncoding.EncodeToString(data) }

func signRSA(signed string) []byte {
	sum := sha256.Sum256([]byte(signed))
	return must(rsa.SignPKCS1v15(rand.Reader, rsaKey, crypto.SHA256, sum[:]))
}

func signEC(signed string) []byte {
	sum := sha256.Sum256([]byte(signed))
	r, s, err := ecdsa.Sign(rand.Reader, ecKey, sum[:])
	if err != nil {
		panic(err)
	}
	return append(r.FillBytes(make([]byte, 32)), s.FillBytes(make([]byte, 32))...)
}

func compact(header, claims string, sign func(string) []byte) string {
	signed := b64([]byte(header)) + "." + b64([]byte(claims))
	return signed + "." + b64(sign(signed))
}

// with returns the claims with some of them set; nil removes one.
func with(changes map[string]any) string {
	var all map[string]any
	if err := json.Unmarshal([]byte(claims), &all); err != nil {
		panic(err)
	}
	for name, value := range changes {
		if value == nil {
			delete(all, name)
			continue
		}
		all[name] = value
	}
	return string(must(json.Marshal(all)))
}

func verify(settings token.Settings, bearer string) (token.Claims, error) {
	return token.NewVerifier(settings, issuerKeys(), func() time.Time { return now }).Verify(context.Background(), bearer)
}

func TestAValidTokenOfEitherAlgorithmIsAccepted(t *testing.T) {
	for name, bearer := range map[string]string{
		"RS256": compact(header, claims, signRSA),
		"ES256": compact(`{"alg":"ES256","kid":"ec","typ":"JWT"}`, claims, signEC),
	} {
		got, err := verify(cognito, bearer)
		if err != nil || got.Subject != "u1" || got.Expires != 1700000001 || got.TokenID != "j1" {
			t.Errorf("%s: got %+v, %v", name, got, err)
		}
	}
}

func TestTheShapeIsCheckedFirst(t *testing.T) {
	valid := compact(header, claims, signRSA)
	for name, c := range map[string]struct {
		bearer string
		want   token.Rejection
	}{
		"empty":                  {"", token.BadShape},
		"too long":               {strings.Repeat("a", 8193), token.TooLong},
		"a megabyte of dots":     {strings.Repeat(".", 1<<20), token.TooLong},
		"only dots":              {"..", token.BadShape},
		"two parts":              {"a.b", token.BadShape},
		"four parts":             {valid + ".a", token.BadShape},
		"five parts, encrypted":  {"a.b.c.d.e", token.BadShape},
		"line end after it":      {valid + "\n", token.BadShape},
		"line end in it":         {strings.Replace(valid, ".", "\n.", 1), token.BadShape},
		"space before it":        {" " + valid, token.BadShape},
		"padding":                {valid + "=", token.BadShape},
		"standard base64":        {strings.Replace(valid, ".", "+/.", 1), token.BadShape},
		"JSON serialisation":     {`{"payload":"","signatures":[]}`, token.BadShape},
		"NUL":                    {valid + "\x00", token.BadShape},
		"no signature":           {valid[:strings.LastIndex(valid, ".")+1], token.BadShape},
		"header of bad base64":   {"a." + strings.SplitN(valid, ".", 2)[1], token.BadHeader},
		"loose bits in base64":   {b64([]byte(header)) + "." + "Zh" + ".AA", token.BadShape},
		"loose bits, signature":  {b64([]byte(header)) + "." + b64([]byte(claims)) + ".Zh", token.BadShape},
		"an empty signature bit": {b64([]byte(header)) + "." + b64([]byte(claims)) + ".AA", token.BadSignature},
	} {
		if _, err := verify(cognito, c.bearer); !errors.Is(err, c.want) {
			t.Errorf("%s: got %v, want %v", name, err, c.want)
		}
	}
}

func TestTheHeaderIsReadStrictly(t *testing.T) {
	for h, want := range map[string]token.Rejection{
		`null`:        token.BadHeader,
		`[]`:          token.BadHeader,
		`"x"`:         token.BadHeader,
		``:            token.BadShape,
		`{`:           token.BadHeader,
		header + `{}`: token.BadHeader,
		header + ` x`: token.BadHeader,
		`{"alg":"RS256","alg":"RS256","kid":"rsa"}`:                token.BadHeader,
		`{"alg":"RS256","kid":"rsa","x":{"a":1,"a":2}}`:            token.BadHeader,
		"{\"alg\":\"RS256\",\"kid\":\"rsa\",\"x\":\"\xff\"}":       token.BadHeader,
		`{"alg":"RS256","kid":"rsa","x":"\ud800"}`:                 token.BadHeader,
		`{"alg":1,"kid":"rsa"}`:                                    token.BadHeader,
		`{"alg":"RS256","kid":1}`:                                  token.BadHeader,
		`{"kid":"rsa"}`:                                            token.BadAlgorithm,
		`{"ALG":"RS256","kid":"rsa"}`:                              token.BadAlgorithm,
		`{"alg":"rs256","kid":"rsa"}`:                              token.BadAlgorithm,
		`{"alg":"none","kid":"rsa"}`:                               token.BadAlgorithm,
		`{"alg":"None","kid":"rsa"}`:                               token.BadAlgorithm,
		`{"alg":"NONE","kid":"rsa"}`:                               token.BadAlgorithm,
		`{"alg":"nOnE","kid":"rsa"}`:                               token.BadAlgorithm,
		`{"alg":"","kid":"rsa"}`:                                   token.BadAlgorithm,
		`{"alg":"HS256","kid":"rsa"}`:                              token.BadAlgorithm,
		`{"alg":"PS256","kid":"rsa"}`:                              token.BadAlgorithm,
		`{"alg":"RS512","kid":"rsa"}`:                              token.BadAlgorithm,
		`{"alg":"ES256","kid":"rsa"}`:                              token.BadAlgorithm, // an algorithm that is not the key's
		`{"alg":"RS256","kid":"ec"}`:                               token.BadAlgorithm,
		`{"alg":"RS256","kid":"rsa","crit":["exp"]}`:               token.UnsupportedForm,
		`{"alg":"RS256","kid":"rsa","crit":[]}`:                    token.UnsupportedForm,
		`{"alg":"RS256","kid":"rsa","crit":null}`:                  token.UnsupportedForm,
		`{"alg":"RS256","kid":"rsa","b64":false}`:                  token.UnsupportedForm,
		`{"alg":"RS256","kid":"rsa","b64":true}`:                   token.UnsupportedForm,
		`{"alg":"RS256","kid":"rsa","zip":"DEF"}`:                  token.UnsupportedForm,
		`{"alg":"RS256","kid":"rsa","cty":"JWT"}`:                  token.UnsupportedForm,
		`{"alg":"RS256","kid":"rsa","cty":"jwt"}`:                  token.UnsupportedForm,
		`{"alg":"RS256","kid":"rsa","typ":"dpop+jwt"}`:             token.BadType,
		`{"alg":"RS256","kid":"rsa","typ":"logout+jwt"}`:           token.BadType,
		`{"alg":"RS256"}`:                                          token.BadKeyID,
		`{"alg":"RS256","kid":""}`:                                 token.BadKeyID,
		`{"alg":"RS256","kid":null}`:                               token.BadKeyID,
		`{"alg":"RS256","kid":"` + strings.Repeat("k", 129) + `"}`: token.BadKeyID,
		`{"alg":"RS256","kid":"` + strings.Repeat("k", 128) + `"}`: token.UnknownKey,
		`{"alg":"RS256","kid":"other"}`:                            token.UnknownKey,
		`{"alg":"RS256","kid":"../../rsa"}`:                        token.UnknownKey,
	} {
		if _, err := verify(cognito, compact(h, claims, signRSA)); !errors.Is(err, want) {
			t.Errorf("%s: got %v, want %v", h, err, want)
		}
	}
	for _, h := range []string{
		`{"alg":"RS256","kid":"rsa","typ":"JWT"}`,
		`{"alg":"RS256","kid":"rsa","typ":"jwt"}`,
		`{"alg":"RS256","kid":"rsa","typ":"at+jwt"}`,
		`{"alg":"RS256","kid":"rsa","typ":"application/at+JWT"}`,
		// Keys named by the token are not looked at.
		`{"alg":"RS256","kid":"rsa","jku":"http://127.0.0.1:1/","jwk":{"kty":"oct","k":"AA"},"x5u":"http://127.0.0.1:1/","x5c":["x"]}`,
	} {
		if _, err := verify(cognito, compact(h, claims, signRSA)); err != nil {
			t.Errorf("%s: got %v", h, err)
		}
	}
}

func TestASignatureIsOfTheKeyOfTheIssuer(t *testing.T) {
	other := must(rsa.GenerateKey(rand.Reader, 2048))
	publicPEM := pem.EncodeToMemory(&pem.Block{Type: "PUBLIC KEY", Bytes: must(x509.MarshalPKIXPublicKey(&rsaKey.PublicKey))})
	hs256 := func(secret []byte) func(string) []byte {
		return func(signed string) []byte {
			mac := hmac.New(sha256.New, secret)
			mac.Write([]byte(signed))
			return mac.Sum(nil)
		}
	}
	ecHeader := `{"alg":"ES256","kid":"ec"}`
	for name, bearer := range map[string]string{
		"another key": compact(header, claims, func(s string) []byte {
			sum := sha256.Sum256([]byte(s))
			return must(rsa.SignPKCS1v15(rand.Reader, other, crypto.SHA256, sum[:]))
		}),
		"RSASSA-PSS": compact(header, claims, func(s string) []byte {
			sum := sha256.Sum256([]byte(s))
			return must(rsa.SignPSS(rand.Reader, rsaKey, crypto.SHA256, sum[:], nil))
		}),
		"HMAC with the public key": compact(header, claims, hs256(publicPEM)),
		"HMAC with the modulus":    compact(header, claims, hs256(rsaKey.N.Bytes())),
		"one zero byte":            compact(header, claims, func(string) []byte { return []byte{0} }),
		"all zeros":                compact(ecHeader, claims, func(string) []byte { return make([]byte, 64) }),
		"ASN.1 instead of two halves": compact(ecHeader, claims, func(s string) []byte {
			sum := sha256.Sum256([]byte(s))
			return must(ecdsa.SignASN1(rand.Reader, ecKey, sum[:]))
		}),
		"r and s beyond the order": compact(ecHeader, claims, func(s string) []byte {
			signature := signEC(s)
			n := elliptic.P256().Params().N
			over := new(big.Int).Add(new(big.Int).SetBytes(signature[32:]), n)
			if over.BitLen() > 256 {
				return make([]byte, 64)
			}
			return append(signature[:32], over.FillBytes(make([]byte, 32))...)
		}),
		"a byte too many": compact(ecHeader, claims, func(s string) []byte { return append(signEC(s), 0) }),
	} {
		if _, err := verify(cognito, bearer); !errors.Is(err, token.BadSignature) {
			t.Errorf("%s: got %v", name, err)
		}
	}
	valid := compact(header, claims, signRSA)
	parts := strings.Split(valid, ".")
	forged := parts[0] + "." + b64([]byte(with(map[string]any{"sub": "root"}))) + "." + parts[2]
	if _, err := verify(cognito, forged); !errors.Is(err, token.BadSignature) {
		t.Errorf("changed claims: got %v", err)
	}
}

func TestClaimsAreReadStrictly(t *testing.T) {
	duplicate := strings.Replace(claims, "{", `{"sub":"root",`, 1)
	for c, want := range map[string]token.Rejection{
		`null`:        token.BadClaims,
		`[]`:          token.BadClaims,
		`1`:           token.BadClaims,
		claims + "{}": token.BadClaims,
		duplicate:     token.BadClaims,
		strings.Replace(claims, `"u1"`, "\"u\xff\"", 1):             token.BadClaims,
		strings.Replace(claims, `"u1"`, `"\ud800"`, 1):              token.BadClaims,
		with(map[string]any{"iss": nil}):                            token.BadIssuer,
		with(map[string]any{"iss": ""}):                             token.BadIssuer,
		with(map[string]any{"iss": cognito.Issuer + "/"}):           token.BadIssuer,
		with(map[string]any{"iss": "https://Issuer.example/pool"}):  token.BadIssuer,
		with(map[string]any{"iss": "https://issuer.example/pool2"}): token.BadIssuer,
		with(map[string]any{"iss": "https://issuer.example"}):       token.BadIssuer,
		with(map[string]any{"iss": []string{cognito.Issuer}}):       token.BadClaims,
		with(map[string]any{"client_id": nil}):                      token.BadAudience,
		with(map[string]any{"client_id": ""}):                       token.BadAudience,
		with(map[string]any{"client_id": "client-3"}):               token.BadAudience,
		with(map[string]any{"client_id": "CLIENT-1"}):               token.BadAudience,
		with(map[string]any{"client_id": []string{"client-1"}}):     token.BadClaims,
		// An aud decides alone, whatever client_id says.
		with(map[string]any{"aud": "other"}):                       token.BadAudience,
		with(map[string]any{"aud": []string{}}):                    token.BadAudience,
		with(map[string]any{"aud": []any{"client-1", 1}}):          token.BadAudience,
		with(map[string]any{"aud": map[string]any{"client-1": 1}}): token.BadAudience,
		with(map[string]any{"aud": 1}):                             token.BadAudience,
		strings.Replace(claims, "{", `{"aud":null,`, 1):            token.BadAudience,
		with(map[string]any{"token_use": nil}):                     token.BadUse,
		with(map[string]any{"token_use": "id"}):                    token.BadUse,
		with(map[string]any{"token_use": "Access"}):                token.BadUse,
		with(map[string]any{"sub": nil}):                           token.BadSubject,
		with(map[string]any{"sub": ""}):                            token.BadSubject,
		with(map[string]any{"sub": "a b"}):                         token.BadSubject,
		with(map[string]any{"sub": "a\nb"}):                        token.BadSubject,
		with(map[string]any{"sub": "a\x00"}):                       token.BadSubject,
		with(map[string]any{"sub": "a\u202Eb"}):                    token.BadSubject,
		with(map[string]any{"sub": strings.Repeat("x", 129)}):      token.BadSubject,
		with(map[string]any{"sub": 7}):                             token.BadClaims,
		with(map[string]any{"jti": "a b"}):                         token.BadTokenID,
		with(map[string]any{"jti": strings.Repeat("j", 129)}):      token.BadTokenID,
		with(map[string]any{"jti": 1}):                             token.BadClaims,
		with(map[string]any{"name": []string{"Ann"}}):              token.BadClaims,
		strings.Replace(claims, `"sub"`, `"Sub"`, 1):               token.BadSubject,
		strings.Replace(claims, `"exp"`, `"EXP"`, 1):               token.BadTime,
	} {
		if _, err := verify(cognito, compact(header, c, signRSA)); !errors.Is(err, want) {
			t.Errorf("%s: got %v, want %v", c, err, want)
		}
	}
}

func TestTimes(t *testing.T) {
	for times, want := range map[string]error{
		`"exp":1700000001`:                  nil,
		`"exp":1700000001.9`:                nil,
		`"exp":1.700000001e9`:               nil,
		`"exp":253402300799`:                nil,
		`"exp":1700000000`:                  token.Expired, // now, and no leeway
		`"exp":1700000000.9`:                token.Expired,
		`"exp":1699999999`:                  token.Expired,
		`"exp":0`:                           token.Expired,
		`"exp":-1`:                          token.BadTime,
		`"exp":null`:                        token.BadTime,
		`"exp":"1700000001"`:                token.BadTime,
		`"exp":[1700000001]`:                token.BadTime,
		`"exp":true`:                        token.BadTime,
		`"exp":1e30`:                        token.BadTime,
		`"exp":1e400`:                       token.BadTime,
		`"x":1`:                             token.BadTime,
		`"exp":1,"Exp":1700000001`:          token.Expired,
		`"exp":1700000001,"exp":1700000001`: token.BadClaims,
		`"exp":1700000001,"nbf":1700000060`: nil, // the leeway
		`"exp":1700000001,"nbf":1700000061`: token.NotYetValid,
		`"exp":1700000001,"nbf":"1"`:        token.BadTime,
		`"exp":1700000001,"nbf":null`:       token.BadTime,
		`"exp":1700000001,"iat":1700000060`: nil,
		`"exp":1700000001,"iat":1700000061`: token.NotYetValid,
		`"exp":1700000001,"iat":{}`:         token.BadTime,
		`"exp":1700000001,"iat":1,"nbf":2`:  nil,
	} {
		c := strings.Replace(with(map[string]any{"exp": nil}), "{", "{"+times+",", 1)
		if _, err := verify(cognito, compact(header, c, signRSA)); !errors.Is(err, want) {
			t.Errorf("%s: got %v, want %v", times, err, want)
		}
	}
}

func TestTheShapesOfThreeIssuers(t *testing.T) {
	rfc9068 := token.Settings{Issuer: cognito.Issuer, Audiences: []string{"api"}, TypeCheck: token.TypeByHeader}
	plain := token.Settings{Issuer: cognito.Issuer, Audiences: []string{"api"}, TypeCheck: token.TypeUnchecked}
	withAud := with(map[string]any{"client_id": nil, "token_use": nil, "aud": []string{"other", "api"}})
	keycloak := token.Settings{Issuer: cognito.Issuer, Audiences: []string{"api"}, TypeCheck: token.TypeByClaim}
	withAzp := func(changes map[string]any) string {
		all := map[string]any{"client_id": nil, "token_use": nil, "azp": "api", "typ": "Bearer"}
		maps.Copy(all, changes)
		return with(all)
	}
	for name, c := range map[string]struct {
		settings       token.Settings
		header, claims string
		want           error
	}{
		"Cognito's client_id":               {cognito, header, claims, nil},
		"an aud string":                     {plain, header, with(map[string]any{"aud": "api", "token_use": nil}), nil},
		"an aud list":                       {plain, header, withAud, nil},
		"RFC 9068":                          {rfc9068, `{"alg":"RS256","kid":"rsa","typ":"at+jwt"}`, withAud, nil},
		"RFC 9068 with the whole name":      {rfc9068, `{"alg":"RS256","kid":"rsa","typ":"application/at+jwt"}`, withAud, nil},
		"an ID token where typ is checked":  {rfc9068, `{"alg":"RS256","kid":"rsa","typ":"JWT"}`, withAud, token.BadType},
		"no typ where typ is checked":       {rfc9068, header, withAud, token.BadType},
		"token_use is free where not asked": {plain, header, with(map[string]any{"aud": "api", "token_use": "id"}), nil},

		"azp with typ":                     {keycloak, header, withAzp(nil), nil},
		"azp with typ and an aud":          {keycloak, header, withAzp(map[string]any{"aud": "api"}), nil},
		"azp of another client":            {keycloak, header, withAzp(map[string]any{"azp": "other"}), token.BadAudience},
		"azp, but an aud of somebody else": {keycloak, header, withAzp(map[string]any{"aud": "account"}), token.BadAudience},
		"azp, but another client_id":       {keycloak, header, withAzp(map[string]any{"client_id": "other"}), token.BadAudience},
		"azp that is a list":               {keycloak, header, withAzp(map[string]any{"azp": []string{"api"}}), token.BadClaims},
		"an ID token by its claim typ":     {keycloak, header, withAzp(map[string]any{"typ": "ID"}), token.BadUse},
		"a refresh token":                  {keycloak, header, withAzp(map[string]any{"typ": "Refresh"}), token.BadUse},
		"typ in another case":              {keycloak, header, withAzp(map[string]any{"typ": "bearer"}), token.BadUse},
		"no claim typ where it is checked": {keycloak, header, withAzp(map[string]any{"typ": nil}), token.BadUse},
	} {
		if _, err := verify(c.settings, compact(c.header, c.claims, signRSA)); !errors.Is(err, c.want) {
			t.Errorf("%s: got %v, want %v", name, err, c.want)
		}
	}
}

// The claim is handed on as it is: what it means is not the token's business.
func TestTheClaimOfTheRoomsIsHandedOn(t *testing.T) {
	for name, c := range map[string]struct {
		claim string
		all   map[string]any
		want  string
	}{
		"a list":           {"cognito:groups", map[string]any{"cognito:groups": []string{"a", "b"}}, `["a","b"]`},
		"a string":         {"scope", map[string]any{"scope": "a b"}, `"a b"`},
		"a known claim":    {"sub", nil, `"u1"`},
		"an object":        {"rooms", map[string]any{"rooms": map[string]any{"a": 1}}, `{"a":1}`},
		"none":             {"rooms", nil, ""},
		"another case":     {"rooms", map[string]any{"Rooms": "a"}, ""},
		"inside another":   {"rooms", map[string]any{"x": map[string]any{"rooms": "a"}}, ""},
		"not asked for":    {"", map[string]any{"": "a"}, ""},
		"after an object":  {"rooms", map[string]any{"a": map[string]any{"rooms": "x"}, "rooms": "a"}, `"a"`},
		"a name with dots": {"https://chat.example/rooms", map[string]any{"https://chat.example/rooms": "a"}, `"a"`},
	} {
		settings := cognito
		settings.RoomsClaim = c.claim
		if got, err := verify(settings, compact(header, with(c.all), signRSA)); err != nil || string(got.Rooms) != c.want {
			t.Errorf("%s: got %s, %v, want %s", name, got.Rooms, err, c.want)
		}
	}
	settings := cognito
	settings.RoomsClaim = "rooms"
	twice := strings.Replace(claims, "{", `{"rooms":"a","rooms":"*",`, 1)
	if _, err := verify(settings, compact(header, twice, signRSA)); !errors.Is(err, token.BadClaims) {
		t.Errorf("the claim twice: got %v", err)
	}
}

func TestTheLongestTokenID(t *testing.T) {
	for id, want := range map[string]error{strings.Repeat("~", 128): nil, strings.Repeat("~", 129): token.BadTokenID, "a\x7f": token.BadTokenID} {
		got, err := verify(cognito, compact(header, with(map[string]any{"jti": id}), signRSA))
		if !errors.Is(err, want) || (err == nil && got.TokenID != id) {
			t.Errorf("%q: got %+v, %v", id, got, err)
		}
	}
}

func TestNamesComeBestFirst(t *testing.T) {
	got, err := verify(cognito, compact(header, with(map[string]any{
		"name": "N", "preferred_username": "P", "cognito:username": "C", "username": "U", "jti": nil, "origin_jti": "o1",
	}), signRSA))
	if err != nil || !slices.Equal(got.Names, []string{"N", "P", "C", "U", "u1"}) || got.TokenID != "o1" {
		t.Errorf("got %+v, %v", got, err)
	}
}

func TestOnlyATokenThatWouldBeValidCausesARefresh(t *testing.T) {
	unknown := `{"alg":"RS256","kid":"new"}`
	for name, c := range map[string]struct {
		bearer    string
		refreshes int
		want      error
	}{
		"a valid one":                      {compact(unknown, claims, signRSA), 1, nil},
		"one of another issuer":            {compact(unknown, with(map[string]any{"iss": "x"}), signRSA), 0, token.BadIssuer},
		"an expired one":                   {compact(unknown, with(map[string]any{"exp": 1}), signRSA), 0, token.Expired},
		"one that is no JSON":              {compact(unknown, "x", signRSA), 0, token.BadClaims},
		"a bad signature with a known key": {compact(header, claims, func(string) []byte { return make([]byte, 256) }), 0, token.BadSignature},
		"a bad signature with a new key":   {compact(unknown, claims, func(string) []byte { return make([]byte, 256) }), 1, token.BadSignature},
	} {
		k := issuerKeys()
		k.new = map[string]token.Key{"new": {Algorithm: "RS256", Public: &rsaKey.PublicKey}}
		_, err := token.NewVerifier(cognito, k, func() time.Time { return now }).Verify(context.Background(), c.bearer)
		if !errors.Is(err, c.want) || k.refreshes != c.refreshes {
			t.Errorf("%s: got %v after %d refreshes, want %v after %d", name, err, k.refreshes, c.want, c.refreshes)
		}
	}
}

func TestWhatLooksLikeAToken(t *testing.T) {
	for s, want := range map[string]bool{
		"a.b.c": true, "eyJhbGciOiJub25lIn0.e30.x": true, "room": false, "a.b": false, "a.b.c.d": false, "a.b.": false,
		"a.b." + strings.Repeat("c", 8188): true, "a.b." + strings.Repeat("c", 8189): false,
	} {
		if token.LooksLikeToken(s) != want {
			t.Errorf("%q: want %v", s, want)
		}
	}
}

func FuzzVerify(f *testing.F) {
	f.Add(compact(header, claims, signRSA))
	f.Add("a.b.c")
	f.Add(b64([]byte(`{"alg":"none"}`)) + "." + b64([]byte(claims)) + ".AA")
	f.Add(b64([]byte(`{"alg":"RS256","kid":"rsa","crit":[]}`)) + "." + b64([]byte(claims)) + ".AA")
	// The fuzzer has no private key: whatever it makes must be refused, with a
	// reason.
	other := must(rsa.GenerateKey(rand.Reader, 2048))
	verifier := token.NewVerifier(cognito, &keys{known: map[string]token.Key{"rsa": {Algorithm: "RS256", Public: &other.PublicKey}}}, func() time.Time { return now })
	f.Fuzz(func(t *testing.T, bearer string) {
		var rejection token.Rejection
		if _, err := verifier.Verify(context.Background(), bearer); !errors.As(err, &rejection) {
			t.Errorf("%q: got %v", bearer, err)
		}
	})
}

// FuzzSignedClaims signs whatever it makes: a token with a good signature is
// accepted only if another JSON parser finds in it what the settings ask for.
func FuzzSignedClaims(f *testing.F) {
	for _, c := range []string{
		claims, `{}`, `null`, with(map[string]any{"aud": []string{"client-1"}}), with(map[string]any{"exp": 1e30}), with(map[string]any{"sub": "a b"}),
		strings.Replace(claims, "{", `{"sub":"root",`, 1), strings.Replace(claims, `"exp"`, `"EXP"`, 1), strings.Replace(claims, `"u1"`, `"\ud800"`, 1),
	} {
		f.Add(header, c)
	}
	f.Add(`{"alg":"RS256","kid":"rsa","crit":[]}`, claims)
	f.Add(`{"alg":"RS256","kid":"rsa","typ":"at+jwt","x":{"a":1,"a":2}}`, claims)
	f.Fuzz(func(t *testing.T, h, c string) {
		bearer := compact(h, c, signRSA)
		got, err := verify(cognito, bearer)
		var rejection token.Rejection
		if err != nil {
			if !errors.As(err, &rejection) || !reflect.DeepEqual(got, token.Claims{}) {
				t.Errorf("%s.%s: got %+v, %v", h, c, got, err)
			}
			return
		}
		var head struct{ Alg, Kid string }
		var body struct {
			Iss, Sub, Jti string
			Exp           float64
			TokenUse      string `json:"token_use"`
		}
		if json.Unmarshal([]byte(h), &head) != nil || head.Alg != "RS256" || head.Kid != "rsa" {
			t.Errorf("%s: accepted the header", h)
		}
		if err := json.Unmarshal([]byte(c), &body); err != nil || body.Iss != cognito.Issuer || body.TokenUse != "access" || body.Sub == "" ||
			body.Sub != got.Subject || int64(body.Exp) != got.Expires || got.Expires <= now.Unix() || got.Expires > 253402300799 {
			t.Errorf("%s: accepted %+v, another parser says %+v, %v", c, got, body, err)
		}
	})
}

// BenchmarkVerify compares the check of a token, with its keys known, with the
// verification of its signature alone.
func BenchmarkVerify(b *testing.B) {
	verifier := token.NewVerifier(cognito, issuerKeys(), func() time.Time { return now })
	for name, c := range map[string]struct {
		header string
		sign   func(string) []byte
		alone  func(sum, signature []byte) bool
	}{
		"RS256": {header, signRSA, func(sum, signature []byte) bool {
			return rsa.VerifyPKCS1v15(&rsaKey.PublicKey, crypto.SHA256, sum, signature) == nil
		}},
		"ES256": {`{"alg":"ES256","kid":"ec"}`, signEC, func(sum, signature []byte) bool {
			r, s := new(big.Int).SetBytes(signature[:32]), new(big.Int).SetBytes(signature[32:])
			return ecdsa.Verify(&ecKey.PublicKey, sum, r, s)
		}},
	} {
		b.Run(name, func(b *testing.B) {
			bearer := compact(c.header, claims, c.sign)
			dot := strings.LastIndexByte(bearer, '.')
			signed, signature := []byte(bearer[:dot]), must(base64.RawURLEncoding.DecodeString(bearer[dot+1:]))
			whole := func() {
				if _, err := verifier.Verify(context.Background(), bearer); err != nil {
					b.Fatal(err)
				}
			}
			alone := func() {
				sum := sha256.Sum256(signed)
				if !c.alone(sum[:], signature) {
					b.Fatal("not valid")
				}
			}
			got := ratio.Of(50, whole, alone)
			for b.Loop() {
				whole()
			}
			ratio.Goal(b, "×signature", got, 1.25)
		})
	}
}

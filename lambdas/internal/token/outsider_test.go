package token_test

import (
	"strings"
	"testing"

	"github.com/portcullis-chat/portcullis/lambdas/internal/token"
)

// Spellings of a header and of claims that parsers read differently. All are
// signed by the issuer.
func TestSpellingsThatParsersDisagreeOnAreRefused(t *testing.T) {
	payload := func(extra string) string { return strings.TrimSuffix(claims, "}") + "," + extra + "}" }
	replaced := func(old, new string) string { return strings.Replace(claims, old, new, 1) }
	for name, c := range map[string]struct{ header, claims string }{
		"a claim twice":                         {header, payload(`"sub":"root"`)},
		"a claim twice by an escape":            {header, payload(`"\u0073ub":"root"`)},
		"an expiry twice by an escape":          {header, payload(`"e\u0078p":9999999999`)},
		"an algorithm twice by an escape":       {`{"alg":"RS256","\u0061lg":"none","kid":"rsa"}`, claims},
		"an algorithm in a list":                {`{"alg":["RS256"],"kid":"rsa"}`, claims},
		"an algorithm in small letters":         {`{"alg":"rs256","kid":"rsa"}`, claims},
		"an algorithm with a space":             {`{"alg":"RS256 ","kid":"rsa"}`, claims},
		"an algorithm with NUL":                 {`{"alg":"RS256\u0000","kid":"rsa"}`, claims},
		"a key id that is a path":               {`{"alg":"RS256","kid":"../../dev/null"}`, claims},
		"a key id that is a query":              {`{"alg":"RS256","kid":"rsa' OR 1=1"}`, claims},
		"a key id that is a number":             {`{"alg":"RS256","kid":1}`, claims},
		"a key id that is null":                 {`{"alg":"RS256","kid":null}`, claims},
		"a key id in another case":              {`{"alg":"RS256","kid":"RSA"}`, claims},
		"crit that is empty":                    {`{"alg":"RS256","kid":"rsa","crit":[]}`, claims},
		"crit that is null":                     {`{"alg":"RS256","kid":"rsa","crit":null}`, claims},
		"b64 that is false":                     {`{"alg":"RS256","kid":"rsa","b64":false,"crit":["b64"]}`, claims},
		"typ of an ID token":                    {`{"alg":"RS256","kid":"rsa","typ":"id_token+jwt"}`, claims},
		"typ of a logout token":                 {`{"alg":"RS256","kid":"rsa","typ":"logout+jwt"}`, claims},
		"a header in UTF-16":                    {"\xff\xfe{\x00}\x00", claims},
		"a header after a byte order mark":      {"\xef\xbb\xbf" + header, claims},
		"a header and more":                     {header + `{"alg":"none"}`, claims},
		"claims after a byte order mark":        {header, "\xef\xbb\xbf" + claims},
		"claims and more":                       {header, claims + claims},
		"claims in a list":                      {header, "[" + claims + "]"},
		"claims that are null":                  {header, "null"},
		"a subject in overlong UTF-8":           {header, replaced(`"u1"`, "\"\xc0\xaf\"")},
		"a subject that is half a surrogate":    {header, replaced(`"u1"`, `"\ud800"`)},
		"a subject with NUL":                    {header, replaced(`"u1"`, `"u1\u0000"`)},
		"a subject with a line separator":       {header, replaced(`"u1"`, `"u\u20281"`)},
		"a subject that reads backwards":        {header, replaced(`"u1"`, `"u\u202e1"`)},
		"a subject with tags":                   {header, replaced(`"u1"`, `"u1\udb40\udc61"`)},
		"a subject that is empty":               {header, replaced(`"u1"`, `""`)},
		"a subject that is a list":              {header, replaced(`"u1"`, `["u1"]`)},
		"a subject of 129 characters":           {header, replaced(`"u1"`, `"`+strings.Repeat("u", 129)+`"`)},
		"an expiry in a string":                 {header, replaced("1700000001", `"1700000001"`)},
		"an expiry beyond all years":            {header, replaced("1700000001", "1e300")},
		"an expiry that is too large to read":   {header, replaced("1700000001", "1e999")},
		"an expiry in hexadecimal":              {header, replaced("1700000001", "0x6553F101")},
		"an expiry of this very second":         {header, replaced("1700000001", "1700000000.9")},
		"an expiry below zero":                  {header, replaced("1700000001", "-1")},
		"an expiry that is true":                {header, replaced("1700000001", "true")},
		"an expiry in a list":                   {header, replaced("1700000001", "[1700000001]")},
		"a beginning in two minutes":            {header, payload(`"nbf":1700000120`)},
		"a beginning in a string":               {header, payload(`"nbf":"0"`)},
		"issued in two minutes":                 {header, payload(`"iat":1700000120`)},
		"issued never":                          {header, payload(`"iat":null`)},
		"an issuer with a slash":                {header, replaced("example/pool", "example/pool/")},
		"an issuer in capitals":                 {header, replaced("issuer.example", "ISSUER.example")},
		"an issuer in a list":                   {header, replaced(`"https://issuer.example/pool"`, `["https://issuer.example/pool"]`)},
		"no audience but the client's":          {header, payload(`"aud":null`)},
		"an audience that is an empty list":     {header, payload(`"aud":[]`)},
		"an audience that only begins alike":    {header, payload(`"aud":["client-11","client"]`)},
		"an audience that is an object":         {header, payload(`"aud":{"client-1":true}`)},
		"an audience that is a list of lists":   {header, payload(`"aud":[["client-1"]]`)},
		"audiences in one string":               {header, payload(`"aud":"client-1 client-2"`)},
		"a use in capitals":                     {header, replaced(`"access"`, `"Access"`)},
		"a use in a list":                       {header, replaced(`"access"`, `["access"]`)},
		"a token id with a line end":            {header, replaced(`"j1"`, `"j\n1"`)},
		"a token id of 129 characters":          {header, replaced(`"j1"`, `"`+strings.Repeat("j", 129)+`"`)},
		"claims in another case beside":         {header, strings.Replace(claims, `"exp"`, `"EXP"`, 1)},
		"a subject that is a prototype, and no": {header, strings.Replace(claims, `"sub":"u1"`, `"__proto__":{"sub":"u1"}`, 1)},
	} {
		if got, err := verify(cognito, compact(c.header, c.claims, signRSA)); err == nil {
			t.Errorf("%s: got %+v", name, got)
		}
	}
	// What they are variations of is good, with an unknown claim too.
	for _, c := range []string{claims, payload(`"aud":["other","client-2"]`), payload(`"iat":1700000059.5,"nbf":0,"__proto__":{"sub":"root"}`)} {
		if got, err := verify(cognito, compact(header, c, signRSA)); err != nil || got.Subject != "u1" {
			t.Errorf("%s: got %+v, %v", c, got, err)
		}
	}
	if _, err := verify(token.Settings{Issuer: cognito.Issuer, Audiences: cognito.Audiences, TypeCheck: token.TypeByHeader}, compact(header, claims, signRSA)); err == nil {
		t.Error("a token without typ passed for an access token")
	}
}

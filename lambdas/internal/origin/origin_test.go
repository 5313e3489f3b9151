package origin_test

import (
	"crypto/sha256"
	"encoding/hex"
	"net/url"
	"os"
	"regexp"
	"strconv"
	"strings"
	"testing"

	"github.com/portcullis-chat/portcullis/lambdas/internal/origin"
)

func policy(t *testing.T, allowMissing bool, origins ...string) origin.Policy {
	t.Helper()
	var parsed []origin.Origin
	for _, s := range origins {
		o, err := origin.Parse(s)
		if err != nil {
			t.Fatalf("%q: %v", s, err)
		}
		parsed = append(parsed, o)
	}
	return origin.NewPolicy(parsed, allowMissing)
}

func TestOnlyListedOriginsMayConnect(t *testing.T) {
	p := policy(t, false, "https://app.example.com", "http://127.0.0.1:8080", "https://[::1]:8443")
	for header, want := range map[string]bool{
		"https://app.example.com":              true,
		"https://app.example.com:443":          true,
		"https://APP.example.com":              true,
		"http://127.0.0.1:8080":                true,
		"https://[::1]:8443":                   true,
		"http://app.example.com":               false,
		"https://app.example.com:444":          false,
		"https://app.example.com.":             false,
		"https://app.example.com.evil.com":     false,
		"https://evil.com":                     false,
		"https://evilapp.example.com":          false,
		"https://x.app.example.com":            false,
		"https://app.example.com/":             false,
		"https://app.example.com?":             false,
		"https://app.example.com#":             false,
		"https://app.example.com:":             false,
		"https://user@app.example.com":         false,
		"https://app.example.com@evil.com":     false,
		"https://app.example.com, https://b.c": false,
		"https://app.example.com\n":            false,
		" https://app.example.com":             false,
		"https://app%2eexample.com":            false,
		"https://аpp.example.com":              false, // Cyrillic а
		"HTTPS://app.example.com":              false,
		"//app.example.com":                    false,
		"app.example.com":                      false,
		"http://127.0.0.1":                     false,
		"null":                                 false,
		"":                                     false,
		"*":                                    false,
		"https://*":                            false,
	} {
		if got := p.Allows([]string{header}); got != want {
			t.Errorf("%q: got %v", header, got)
		}
	}
}

func TestAWildcardAndAZoneAreNoOrigin(t *testing.T) {
	for _, s := range []string{"https://*.example.com", "https://*", "https://[fe80::1%25eth0]", "http://[fe80::1%25eth0]:80"} {
		if o, err := origin.Parse(s); err == nil {
			t.Errorf("%q is read as %v", s, o)
		}
	}
}

func TestTwoOriginHeadersAreRefused(t *testing.T) {
	p := policy(t, true, "https://a.example")
	if p.Allows([]string{"https://a.example", "https://a.example"}) {
		t.Error("two headers are allowed")
	}
}

func TestAMissingOriginIsRefusedUnlessAllowed(t *testing.T) {
	if policy(t, false, "https://a.example").Allows(nil) {
		t.Error("a missing origin is allowed")
	}
	if !policy(t, true).Allows(nil) {
		t.Error("a missing origin is refused though allowed")
	}
	if policy(t, true).Allows([]string{""}) || policy(t, true).Allows([]string{"null"}) {
		t.Error("an empty or opaque origin passes for a missing one")
	}
}

func TestWhatIsAnOrigin(t *testing.T) {
	longest := "https://" + strings.Repeat("a", 292)
	for s, want := range map[string]bool{
		"https://a.example": true, "http://a.example:8080": true, "https://a~b.example": true, longest: true, "https://a.example:65535": true, "http://[::1]:1": true,
		"https://a.example:65536": false, "https://a.example:0": false, "https://a.example:0443": false, "https://a.example:-1": false,
		longest + "a": false, "ftp://a.example": false, "https://": false, "https://:443": false, "https://ä.example": false, "https://a\x7f": false, "https://a\x00.example": false, "": false,
	} {
		if _, err := origin.Parse(s); (err == nil) != want {
			t.Errorf("%.40q: got %v", s, err)
		}
	}
}

// What modules/auth lets through as an allowed origin, the authorizer starts with.
func TestWhatTheModuleTakesForAnOriginIsOne(t *testing.T) {
	text, err := os.ReadFile("../../../modules/auth/variables.tf")
	if err != nil {
		t.Fatal(err)
	}
	found := regexp.MustCompile(`for origin in var\.allowed_origins : can\(regex\((".*?"), origin\)\)`).FindSubmatch(text)
	if found == nil {
		t.Fatal("modules/auth/variables.tf has no rule for allowed_origins")
	}
	pattern, err := strconv.Unquote(string(found[1]))
	if err != nil {
		t.Fatal(err)
	}
	rule := regexp.MustCompile(pattern)
	hosts := []string{"a.example", "A.example", "a", "xn--bcher-kva.example", "a.b-c.example", "-a.example", "a..b", "a_b", "127.0.0.1", "127.0.0.999", "localhost", "[::1]", "[2001:db8::1]", "[::1", "a@b.example", "*.example", "ä.example", ""}
	ports := []string{"", ":", ":0", ":1", ":80", ":0443", ":443", ":8443", ":9999", ":10000", ":59999", ":60000", ":64999", ":65499", ":65529", ":65530", ":65535", ":65536", ":65540", ":65600", ":66000", ":70000", ":99999", ":100000", ":x", ":-1"}
	taken := 0
	for _, scheme := range []string{"https://", "http://", "HTTPS://", "ws://", "//", ""} {
		for _, host := range hosts {
			for _, port := range ports {
				for _, rest := range []string{"", "/", "#", "?", "\n"} {
					s := scheme + host + port + rest
					if !rule.MatchString(s) {
						continue
					}
					taken++
					if _, err := origin.Parse(s); err != nil {
						t.Errorf("the module takes %q, the authorizer does not", s)
					}
				}
			}
		}
	}
	if want := (5 + 2 + 3) * 14; taken != want { // https: five names, two addresses; http: three addresses
		t.Errorf("the module takes %d of them, want %d", taken, want)
	}
}

func digest(t *testing.T, secret string) origin.Digest {
	t.Helper()
	sum := sha256.Sum256([]byte(secret))
	d, err := origin.ParseDigest(hex.EncodeToString(sum[:]))
	if err != nil {
		t.Fatal(err)
	}
	return d
}

func TestTheSecretOfTheCDN(t *testing.T) {
	two := origin.Secrets{digest(t, "old"), digest(t, "new")}
	for name, c := range map[string]struct {
		secrets origin.Secrets
		headers []string
		want    bool
	}{
		"is not checked where there is none":  {nil, nil, true},
		"is not checked even when it is sent": {nil, []string{"x"}, true},
		"may be the old one":                  {two, []string{"old"}, true},
		"may be the new one":                  {two, []string{"new"}, true},
		"may not be another":                  {two, []string{"other"}, false},
		"may not be missing":                  {two, nil, false},
		"may not be empty":                    {two, []string{""}, false},
		"may not be sent twice":               {two, []string{"old", "old"}, false},
		"may not be a digest":                 {two, []string{hex.EncodeToString(two[0][:])}, false},
		"may be held twice":                   {origin.Secrets{two[0], two[0]}, []string{"old"}, true},
	} {
		if got := c.secrets.Match(c.headers); got != c.want {
			t.Errorf("the secret %s: got %v", name, got)
		}
	}
}

func TestADigestIs64LowerCaseHexadecimalDigits(t *testing.T) {
	for _, s := range []string{"", "ab", strings.Repeat("A", 64), strings.Repeat("g", 64), strings.Repeat("a", 63), strings.Repeat("a", 66)} {
		if _, err := origin.ParseDigest(s); err == nil {
			t.Errorf("%q is accepted", s)
		}
	}
}

func FuzzParse(f *testing.F) {
	for _, s := range []string{"https://a.example", "http://[::1]:80", "null", "https://a@b", "https://a:", "https://a/b", "https://xn--80ak6aa92e.com"} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, s string) {
		if _, err := origin.Parse(s); err != nil {
			return
		}
		u, err := url.Parse(s)
		if err != nil || u.Scheme+"://"+u.Host != s || u.User != nil || u.Hostname() == "" {
			t.Errorf("%q passes for an origin", s)
		}
	})
}

// FuzzAllows has a policy of one origin, and so a list of all the ways to write
// it.
func FuzzAllows(f *testing.F) {
	for _, s := range []string{
		"https://app.example.com", "https://app.example.com:443", "HTTPS://app.example.com", "https://APP.example.com", "https://app.example.com.", "https://app.example.com:0443",
		"https://app.example.com/", "https://app.example.com.evil.com", "https://evil.com#app.example.com", "https://app.example.com@evil.com", "https://app.example.com\x00", "null", "",
	} {
		f.Add(s)
	}
	o, err := origin.Parse("https://app.example.com")
	if err != nil {
		f.Fatal(err)
	}
	policy := origin.NewPolicy([]origin.Origin{o}, false)
	f.Fuzz(func(t *testing.T, s string) {
		written := strings.EqualFold(s, "https://app.example.com") || strings.EqualFold(s, "https://app.example.com:443")
		if policy.Allows([]string{s}) && !written {
			t.Errorf("%q passes for the allowed origin", s)
		}
		if policy.Allows([]string{s, s}) || policy.Allows(nil) {
			t.Errorf("two headers %q, or none, pass", s)
		}
	})
}

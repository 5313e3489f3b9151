package config_test

import (
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/portcullis-chat/portcullis/lambdas/internal/config"
)

func reader(value string) *config.Reader {
	return config.NewReader(func(name string) (string, bool) {
		if name != "X" {
			return "", false
		}
		return value, true
	})
}

func TestEveryWrongVariableIsNamedAndItsValueIsNot(t *testing.T) {
	r := config.NewReader(func(string) (string, bool) { return "s3cret", true })
	r.Int("ONE", 1, 5)
	r.Bool("TWO")
	err := r.Err()
	if err == nil || !strings.Contains(err.Error(), "ONE: want a whole number from 1 to 5") || !strings.Contains(err.Error(), "TWO: want one of true, false") {
		t.Errorf("got %v", err)
	}
	if strings.Contains(err.Error(), "s3cret") {
		t.Errorf("the value is in %v", err)
	}
}

func TestNumbersHaveBounds(t *testing.T) {
	for value, legal := range map[string]bool{"1": true, "5": true, "0": false, "6": false, "": false, "1.5": false, " 1": false, "x": false, "99999999999999999999": false} {
		r := reader(value)
		r.Int("X", 1, 5)
		if (r.Err() == nil) != legal {
			t.Errorf("%q: got %v", value, r.Err())
		}
	}
}

func TestListsMustBeSet(t *testing.T) {
	r := reader("a, b")
	if got := r.List("X"); !slices.Equal(got, []string{"a", "b"}) || r.Err() != nil {
		t.Errorf("got %q, %v", got, r.Err())
	}
	if got := reader("").List("X"); got != nil {
		t.Errorf("got %q", got)
	}
	for _, value := range []string{",", "a,", "a,,b", " "} {
		r := reader(value)
		if r.List("X"); r.Err() == nil {
			t.Errorf("%q is accepted", value)
		}
	}
	r = reader("a")
	if r.List("UNSET"); r.Err() == nil {
		t.Error("an unset list is accepted")
	}
}

func TestURLsAreHTTPSExceptOnLoopback(t *testing.T) {
	for value, legal := range map[string]bool{
		"https://id.example.com/keys.json":  true,
		"https://id.example.com:8443/a/b":   true,
		"http://127.0.0.1:4566/p/jwks.json": true,
		"http://[::1]:80/":                  true,
		"http://localhost:1/x":              true,
		"http://id.example.com/":            false,
		"http://127.0.0.1.example.com/":     false,
		"http://localhost.example.com/":     false,
		"http://169.254.169.254/":           false,
		"ftp://127.0.0.1/":                  false,
		"https://u:p@id.example.com/":       false,
		"https://id.example.com/?a=b":       false,
		"https://id.example.com/?":          false,
		"https://id.example.com/#":          false,
		"https://":                          false,
		"id.example.com":                    false,
		"":                                  false,
		"https://a b/":                      false,
		"https://id.example.com:65535/":     true,
		"https://id.example.com:65536/":     false,
		"https://id.example.com:99999/":     false,
		"https://id.example.com:0/":         false,
		"https://id.example.com:0443/":      false,
		"https://id.example.com:/":          false,
		"https://id.example.com:x/":         false,
		"https://[2001:db8::1]/":            false, // no certificate of a public issuer names one
		"https://[id.example.com]/":         false,
		"http://[::ffff:127.0.0.1]/":        false,
		"http://127.0.0.1/\n":               false,
		"https://id.example.com/%zz":        false,
		"https://id.example.com/ü":          false,
		"https://id_.example.com/":          false,
		"https://-id.example.com/":          false,
		"https://id..example.com/":          false,
		"https://id.example.com./":          false,
		"HTTPS://id.example.com/":           false,
		"https://ID.example.com/Keys":       true,
	} {
		r := reader(value)
		if r.URL("X"); (r.Err() == nil) != legal {
			t.Errorf("%q: got %v", value, r.Err())
		}
	}
}

func TestNamesOfTables(t *testing.T) {
	for value, legal := range map[string]bool{"chat-connections": true, "a.b_c": true, "ab": false, "": false, "a b c": false, "table\n": false, strings.Repeat("x", 256): false} {
		r := reader(value)
		if r.Table("X"); (r.Err() == nil) != legal {
			t.Errorf("%q: got %v", value, r.Err())
		}
	}
}

func TestOtherValues(t *testing.T) {
	r := reader("true")
	if !r.Bool("X") || !r.Has("X") || r.Has("Y") || r.OneOf("X", "true") != "true" || r.String("X", regexp.MustCompile(`^t`), "t") != "true" || r.Err() != nil {
		t.Error(r.Err())
	}
	if r.LogLevel() != "" {
		t.Error("there is a log level though Lambda set none")
	}
}

package token

import (
	"bytes"
	"cmp"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/go-json-experiment/json"
	"github.com/go-json-experiment/json/jsontext"

	"github.com/portcullis-chat/portcullis/lambdas/internal/text"
)

const (
	// leeway is how far an issuer's clock may be ahead when a token begins. A
	// token's end has none: who needs a later end asks for it in exp.
	leeway = 60 * time.Second
	// maxTokenID is the length of the longest token id, in bytes.
	maxTokenID = 128
	// latest is the last second of the year 9999: a later end is an error of
	// the issuer, and arithmetic on it could overflow.
	latest = 253402300799
)

// Claims are what a valid token says.
type Claims struct {
	Subject string
	Names   []string // what the user may be called, best first; unchecked text
	Expires int64    // Unix seconds
	TokenID string   // may be empty
	// Rooms is the claim that Settings.RoomsClaim names, as it stands in the
	// token; nil when there is none.
	Rooms jsontext.Value
}

// claims is the payload. Names are matched in exact case; a claim of the wrong
// type, twice the same claim, or invalid UTF-8 fails the decoding.
type claims struct {
	Iss      string         `json:"iss"`
	Sub      string         `json:"sub"`
	Aud      jsontext.Value `json:"aud"`
	ClientID string         `json:"client_id"`
	Azp      string         `json:"azp"`
	TokenUse string         `json:"token_use"`
	Typ      string         `json:"typ"`

	Exp jsontext.Value `json:"exp"`
	Nbf jsontext.Value `json:"nbf"`
	Iat jsontext.Value `json:"iat"`

	Jti       string `json:"jti"`
	OriginJti string `json:"origin_jti"`

	Name              string `json:"name"`
	PreferredUsername string `json:"preferred_username"`
	CognitoUsername   string `json:"cognito:username"`
	Username          string `json:"username"`
}

func (v *Verifier) claims(payload []byte) (Claims, error) {
	var c claims
	if !isObject(payload) || json.Unmarshal(payload, &c) != nil {
		return Claims{}, BadClaims
	}
	if c.Iss != v.settings.Issuer {
		return Claims{}, BadIssuer
	}
	if !v.audience(c) {
		return Claims{}, BadAudience
	}
	if v.settings.TypeCheck == TypeByUse && c.TokenUse != "access" {
		return Claims{}, BadUse
	}
	if v.settings.TypeCheck == TypeByClaim && c.Typ != "Bearer" {
		return Claims{}, BadUse
	}
	if !text.ValidUserID(c.Sub) {
		return Claims{}, BadSubject
	}
	expires, err := v.times(c)
	if err != nil {
		return Claims{}, err
	}
	id := c.Jti
	if id == "" {
		id = c.OriginJti
	}
	if len(id) > maxTokenID || strings.ContainsFunc(id, func(r rune) bool { return r <= ' ' || r > '~' }) {
		return Claims{}, BadTokenID
	}
	return Claims{
		Subject: c.Sub,
		Names:   []string{c.Name, c.PreferredUsername, c.CognitoUsername, c.Username, c.Sub},
		Expires: expires,
		TokenID: id,
		Rooms:   member(payload, v.settings.RoomsClaim),
	}, nil
}

// member returns the member of a valid JSON object that has a name in exact
// case.
func member(object []byte, name string) jsontext.Value {
	if name == "" {
		return nil
	}
	d := jsontext.NewDecoder(bytes.NewReader(object))
	if _, err := d.ReadToken(); err != nil {
		return nil
	}
	for d.PeekKind() == '"' {
		key, err := d.ReadToken()
		if err != nil {
			return nil
		}
		found := key.String() == name
		value, err := d.ReadValue()
		if err != nil {
			return nil
		}
		if found {
			return value.Clone()
		}
	}
	return nil
}

// audience accepts a token that names one of the configured audiences. A token
// that has an aud is judged by it alone. Amazon Cognito's access tokens have no
// aud but a client_id; others without an aud name the client they were issued to
// in azp.
func (v *Verifier) audience(c claims) bool {
	if c.Aud == nil {
		return slices.Contains(v.settings.Audiences, cmp.Or(c.ClientID, c.Azp))
	}
	var list []string
	if c.Aud.Kind() == '"' {
		list = make([]string, 1)
		if json.Unmarshal(c.Aud, &list[0]) != nil {
			return false
		}
	} else if c.Aud.Kind() != '[' || json.Unmarshal(c.Aud, &list) != nil {
		return false
	}
	return slices.ContainsFunc(list, func(aud string) bool {
		return slices.Contains(v.settings.Audiences, aud)
	})
}

// times checks exp, nbf and iat and returns exp in whole seconds.
func (v *Verifier) times(c claims) (int64, error) {
	now := v.now()
	exp, ok := numericDate(c.Exp)
	if !ok {
		return 0, BadTime
	}
	if exp <= now.Unix() {
		return 0, Expired
	}
	for _, start := range []jsontext.Value{c.Nbf, c.Iat} {
		if start == nil {
			continue
		}
		at, ok := numericDate(start)
		if !ok {
			return 0, BadTime
		}
		if at > now.Add(leeway).Unix() {
			return 0, NotYetValid
		}
	}
	return exp, nil
}

// numericDate reads a time in seconds (RFC 7519 section 2) that is a JSON
// number, not negative and not after the year 9999. A fraction is cut off.
func numericDate(v jsontext.Value) (int64, bool) {
	if v.Kind() != '0' {
		return 0, false
	}
	f, err := strconv.ParseFloat(string(v), 64)
	if err != nil || f < 0 || f > latest {
		return 0, false
	}
	return int64(f), true
}

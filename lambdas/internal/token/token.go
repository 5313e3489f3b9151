// Package token decides whether an access token (a JWT in JWS compact form, RFC
// 7519 and 7515) is valid here, after the rules of RFC 8725. The shape is
// checked before anything is decoded, the signature before a claim is believed,
// and every check is against configuration, never against what the token says
// of itself.
package token

import (
	"context"
	"crypto"
	"encoding/base64"
	"strings"
	"time"

	"github.com/go-json-experiment/json"
	"github.com/go-json-experiment/json/jsontext"
	"github.com/golang-jwt/jwt/v5"

	"github.com/portcullis-chat/portcullis/internal/protocol"
)

// Rejection is a reason why a token is not valid. It is a stable code for the
// log; a client is told nothing but 401.
type Rejection string

func (r Rejection) Error() string { return "token rejected: " + string(r) }

// The reasons to reject a token.
const (
	TooLong         Rejection = "token_too_long"
	BadShape        Rejection = "token_shape"
	BadHeader       Rejection = "token_header"
	BadAlgorithm    Rejection = "token_algorithm"
	UnsupportedForm Rejection = "token_unsupported_form"
	BadType         Rejection = "token_type"
	BadKeyID        Rejection = "token_key_id"
	UnknownKey      Rejection = "token_unknown_key"
	BadSignature    Rejection = "token_signature"
	BadClaims       Rejection = "token_claims"
	BadIssuer       Rejection = "token_issuer"
	BadAudience     Rejection = "token_audience"
	BadUse          Rejection = "token_use"
	BadSubject      Rejection = "token_subject"
	BadTime         Rejection = "token_time"
	Expired         Rejection = "token_expired"
	NotYetValid     Rejection = "token_not_yet_valid"
	BadTokenID      Rejection = "token_id"
)

// TypeCheck says how an access token is told from other tokens of an issuer.
type TypeCheck string

const (
	// TypeByUse wants the claim token_use to be "access" (Amazon Cognito).
	TypeByUse TypeCheck = "token_use"
	// TypeByHeader wants the header typ to be at+jwt (RFC 9068).
	TypeByHeader TypeCheck = "typ"
	// TypeByClaim wants the claim typ to be "Bearer" (Keycloak).
	TypeByClaim TypeCheck = "typ_claim"
	// TypeUnchecked is for issuers that mark access tokens in none of these ways.
	TypeUnchecked TypeCheck = "none"
)

// TypeChecks are all legal type checks.
var TypeChecks = []string{string(TypeByUse), string(TypeByHeader), string(TypeByClaim), string(TypeUnchecked)}

// maxKeyID is the length of the longest key id that is looked up, in bytes.
const maxKeyID = 128

// Key is a public key and the one algorithm it may be used with.
type Key struct {
	Algorithm string // RS256 or ES256
	Public    crypto.PublicKey
}

// Keys are the issuer's public keys. Lookup never waits for the network except
// to renew keys that are due. Refresh asks the issuer for a key that Lookup
// does not know; whoever implements it bounds how often that happens.
type Keys interface {
	Lookup(ctx context.Context, id string) (Key, bool)
	Refresh(ctx context.Context, id string) (Key, bool)
}

// Settings are what a token is checked against. None of the first three may be
// empty.
type Settings struct {
	Issuer    string
	Audiences []string
	TypeCheck TypeCheck
	// RoomsClaim is the name of a claim that Claims.Rooms returns; it is not
	// checked here. Empty for none.
	RoomsClaim string
}

// Verifier verifies tokens.
type Verifier struct {
	settings Settings
	keys     Keys
	now      func() time.Time
}

// NewVerifier returns a Verifier; now is the clock.
func NewVerifier(settings Settings, keys Keys, now func() time.Time) *Verifier {
	return &Verifier{settings: settings, keys: keys, now: now}
}

var methods = map[string]jwt.SigningMethod{
	"RS256": jwt.SigningMethodRS256,
	"ES256": jwt.SigningMethodES256,
}

// isCompact is true for the JWS compact serialisation: three non-empty
// base64url parts. Go's base64 skips line ends, this does not. A regular
// expression would take as long as a tenth of the signature.
func isCompact(s string) bool {
	dots, length := 0, 0
	for i := range len(s) {
		switch c := s[i]; {
		case 'a' <= c && c <= 'z', 'A' <= c && c <= 'Z', '0' <= c && c <= '9', c == '-', c == '_':
			length++
		case c == '.' && length > 0:
			dots++
			length = 0
		default:
			return false
		}
	}
	return dots == 2 && length > 0
}

// LooksLikeToken says whether a value has the form of a JWT and so may be a
// secret in the wrong place.
func LooksLikeToken(s string) bool {
	return len(s) <= protocol.MaxToken && isCompact(s)
}

// encoding refuses padding and non-zero trailing bits, so that a token has one
// spelling only.
var encoding = base64.RawURLEncoding.Strict()

// Verify returns the claims of a valid token, or a Rejection.
func (v *Verifier) Verify(ctx context.Context, token string) (Claims, error) {
	if len(token) > protocol.MaxToken {
		return Claims{}, TooLong
	}
	if !isCompact(token) {
		return Claims{}, BadShape
	}
	dot := strings.LastIndexByte(token, '.')
	signed, encodedSignature := token[:dot], token[dot+1:]
	encodedHeader, encodedPayload, _ := strings.Cut(signed, ".")

	header, err := v.header(encodedHeader)
	if err != nil {
		return Claims{}, err
	}
	payload, err := encoding.DecodeString(encodedPayload)
	if err != nil {
		return Claims{}, BadShape
	}
	signature, err := encoding.DecodeString(encodedSignature)
	if err != nil {
		return Claims{}, BadShape
	}

	key, known := v.keys.Lookup(ctx, header.Kid)
	if !known {
		// Only a token that would be valid but for its key is worth asking the
		// issuer about. Its claims are not believed yet.
		if _, err := v.claims(payload); err != nil {
			return Claims{}, err
		}
		if key, known = v.keys.Refresh(ctx, header.Kid); !known {
			return Claims{}, UnknownKey
		}
	}
	if key.Algorithm != header.Alg {
		return Claims{}, BadAlgorithm
	}
	if methods[key.Algorithm].Verify(signed, signature, key.Public) != nil {
		return Claims{}, BadSignature
	}
	return v.claims(payload)
}

// header is the JOSE header. Members that name keys (jku, jwk, x5u, x5c) are
// not here: keys come from the configured set only.
type header struct {
	Alg string `json:"alg"`
	Kid string `json:"kid"`
	Typ string `json:"typ"`
	Cty string `json:"cty"`

	Crit jsontext.Value `json:"crit"`
	B64  jsontext.Value `json:"b64"`
	Zip  jsontext.Value `json:"zip"`
}

func (v *Verifier) header(encoded string) (header, error) {
	var h header
	raw, err := encoding.DecodeString(encoded)
	if err != nil || !isObject(raw) || json.Unmarshal(raw, &h) != nil {
		return header{}, BadHeader
	}
	if methods[h.Alg] == nil {
		return header{}, BadAlgorithm
	}
	// An extension marked critical must be understood (RFC 7515 section
	// 4.1.11), and none is; unencoded or compressed payloads and nested tokens
	// are no access tokens.
	if h.Crit != nil || h.B64 != nil || h.Zip != nil || isJWT(h.Cty) {
		return header{}, UnsupportedForm
	}
	accessToken := isAccessToken(h.Typ)
	if !accessToken && h.Typ != "" && !isJWT(h.Typ) {
		return header{}, BadType
	}
	if v.settings.TypeCheck == TypeByHeader && !accessToken {
		return header{}, BadType
	}
	if h.Kid == "" || len(h.Kid) > maxKeyID {
		return header{}, BadKeyID
	}
	return h, nil
}

// Media types are compared without case, and "application/" may be left out
// (RFC 7515 section 4.1.9).
func isJWT(mediaType string) bool {
	return strings.EqualFold(mediaType, "JWT") || strings.EqualFold(mediaType, "application/JWT")
}

func isAccessToken(mediaType string) bool {
	return strings.EqualFold(mediaType, "at+jwt") || strings.EqualFold(mediaType, "application/at+jwt")
}

// isObject is true for JSON that begins as an object. The decoder takes null
// for an empty one.
func isObject(raw []byte) bool {
	return jsontext.Value(raw).Kind() == '{'
}

package chatclient

import (
	"context"
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"regexp"
	"strings"
	"time"

	"github.com/portcullis-chat/portcullis/internal/protocol"
)

// TokenSource gives access tokens. An error that has a method Permanent() bool
// which returns true ends the client; any other is tried again.
type TokenSource interface {
	// Token returns a token. Stale is one that is not to be used any more, or
	// empty. A source that has nothing better returns it again, which ends the
	// client when it expires.
	Token(ctx context.Context, stale string) (string, error)
}

// StaticToken is a source that has one token.
type StaticToken string

// Token implements TokenSource.
func (t StaticToken) Token(context.Context, string) (string, error) {
	return string(t), nil
}

// TokenFile is a source that reads a file each time, so that whatever keeps
// the file fresh keeps the client connected.
type TokenFile string

// Token implements TokenSource.
func (f TokenFile) Token(context.Context, string) (string, error) {
	content, err := os.ReadFile(string(f))
	if err != nil {
		return "", fmt.Errorf("token file: %w", err)
	}
	return strings.TrimSpace(string(content)), nil
}

// tokenPattern is the alphabet of a JWT. All of it may stand in a subprotocol
// (RFC 6455 section 4.1), and nothing in it ends a header line.
var tokenPattern = regexp.MustCompile(`\A[A-Za-z0-9_-]+\.[A-Za-z0-9_-]+\.[A-Za-z0-9_-]*\z`)

// claims are what the client itself needs of a token. It does not verify them:
// that is the server's work.
type claims struct {
	Subject string  `json:"sub"`
	Expiry  float64 `json:"exp"` // seconds since 1970
}

func (c claims) expires() time.Time {
	if c.Expiry <= 0 {
		return time.Time{}
	}
	return time.UnixMilli(int64(c.Expiry * 1000))
}

// readToken checks that a token can be sent, and reads what can be read of it.
// No error names the token.
func readToken(token string) (claims, error) {
	if token == "" {
		return claims{}, errors.New("the token is empty")
	}
	if len(token) > protocol.MaxToken {
		return claims{}, fmt.Errorf("the token is larger than %d bytes", protocol.MaxToken)
	}
	if !tokenPattern.MatchString(token) {
		return claims{}, errors.New("the token is not a JWT (three parts of base64url with dots between)")
	}
	var read claims
	payload, err := base64.RawURLEncoding.DecodeString(strings.Split(token, ".")[1])
	if err != nil || json.Unmarshal(payload, &read) != nil {
		return claims{}, nil
	}
	return read, nil
}

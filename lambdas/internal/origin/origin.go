// Package origin decides from where a handshake may come: from which web page
// (the Origin header, against cross-site WebSocket hijacking, CWE-1385) and
// through which door (the secret header that only the CDN in front knows).
package origin

import (
	"crypto/sha256"
	"crypto/subtle"
	"encoding/hex"
	"errors"
	"net/url"
	"strconv"
	"strings"
)

// maxLength bounds what is parsed; a host name has at most 253 bytes.
const maxLength = 300

var defaultPorts = map[string]string{"http": "80", "https": "443"}

// Origin is a web origin (RFC 6454): scheme, host and port.
type Origin struct{ scheme, host, port string }

// ErrMalformed is returned for text that is not exactly an origin.
var ErrMalformed = errors.New("not an origin of the form scheme://host or scheme://host:port")

// Parse reads an origin as browsers write it. Everything beyond scheme, host
// and port is an error, and so is the opaque origin "null".
func Parse(s string) (Origin, error) {
	if len(s) > maxLength || strings.ContainsFunc(s, func(r rune) bool { return r <= ' ' || r > '~' }) {
		return Origin{}, ErrMalformed
	}
	u, err := url.Parse(s)
	if err != nil {
		return Origin{}, ErrMalformed
	}
	port, known := defaultPorts[u.Scheme]
	if !known || u.Hostname() == "" || u.Scheme+"://"+u.Host != s || strings.ContainsAny(u.Host, "%*") {
		return Origin{}, ErrMalformed
	}
	if strings.HasSuffix(u.Host, ":") {
		return Origin{}, ErrMalformed
	}
	if given := u.Port(); given != "" {
		if _, err := strconv.ParseUint(given, 10, 16); err != nil || given[0] == '0' {
			return Origin{}, ErrMalformed
		}
		port = given
	}
	return Origin{scheme: u.Scheme, host: strings.ToLower(u.Hostname()), port: port}, nil
}

// Policy is which origins may connect.
type Policy struct {
	allowed      map[Origin]bool
	allowMissing bool
}

// NewPolicy returns a policy of exactly the given origins; allowMissing also
// lets in clients that send no Origin header, which browsers always do.
func NewPolicy(origins []Origin, allowMissing bool) Policy {
	allowed := make(map[Origin]bool, len(origins))
	for _, o := range origins {
		allowed[o] = true
	}
	return Policy{allowed: allowed, allowMissing: allowMissing}
}

// Allows judges all values of the Origin header of one handshake.
func (p Policy) Allows(headers []string) bool {
	if len(headers) == 0 {
		return p.allowMissing
	}
	if len(headers) > 1 {
		return false
	}
	o, err := Parse(headers[0])
	return err == nil && p.allowed[o]
}

// Digest is the SHA-256 of a secret: what the function holds is of no use to
// someone who reads its configuration.
type Digest [sha256.Size]byte

// ParseDigest reads a digest in lower-case hexadecimal.
func ParseDigest(s string) (Digest, error) {
	var d Digest
	if len(s) != hex.EncodedLen(len(d)) || strings.ToLower(s) != s {
		return Digest{}, errors.New("not 64 lower-case hexadecimal digits")
	}
	if _, err := hex.Decode(d[:], []byte(s)); err != nil {
		return Digest{}, errors.New("not 64 lower-case hexadecimal digits")
	}
	return d, nil
}

// Secrets are the digests of the secrets the CDN may send: two while one is
// being replaced by the other, none where there is no CDN in front.
type Secrets []Digest

// Match compares all values of the secret's header with every digest, in a
// time that does not depend on which one matches.
func (s Secrets) Match(headers []string) bool {
	if len(s) == 0 {
		return true
	}
	if len(headers) != 1 {
		return false
	}
	sum := sha256.Sum256([]byte(headers[0]))
	match := 0
	for _, digest := range s {
		match |= subtle.ConstantTimeCompare(sum[:], digest[:])
	}
	return match == 1
}

package dataplane

import (
	"crypto/rand"
	"encoding/base64"
	"fmt"
	"regexp"
)

// idPattern is the shape of connection and request ids: about eleven bytes in
// URL-safe base64 with padding, as recorded from AWS.
var idPattern = regexp.MustCompile(`\A[A-Za-z0-9_-]{10,22}={0,2}\z`)

// newID returns an id of that shape.
func newID() string {
	var b [11]byte
	_, _ = rand.Read(b[:]) // never fails (crypto/rand)
	return base64.URLEncoding.EncodeToString(b[:])
}

// newUUID returns a random UUID (RFC 9562 section 5.4), the form of request ids
// of the @connections API.
func newUUID() string {
	var b [16]byte
	_, _ = rand.Read(b[:]) // never fails (crypto/rand)
	b[6], b[8] = b[6]&0x0f|0x40, b[8]&0x3f|0x80
	return fmt.Sprintf("%x-%x-%x-%x-%x", b[:4], b[4:6], b[6:8], b[8:10], b[10:])
}

package dataplane

import (
	"crypto/rand"
	"encoding/base64"
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

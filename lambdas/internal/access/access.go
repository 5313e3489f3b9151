// Package access decides which rooms a token opens. An operator names a claim
// that lists them; each entry of the list is
//
//	<room>          the room of that name, to read and to write
//	<start>*        every room whose name begins so; * alone is every room
//	<either>:read   the same, to read only
//
// A room's name has neither * nor a colon, so an entry has one meaning. The list
// is an array of strings or one string with spaces between entries, as scope is
// (RFC 8693 section 4.2). Where the claim has other uses as well (the groups of
// a user pool), only entries with a prefix count. What is no such entry opens
// nothing, and so does a claim that is missing or of another type.
package access

import (
	"errors"
	"strings"

	"github.com/go-json-experiment/json"
	"github.com/go-json-experiment/json/jsontext"

	"github.com/portcullis-chat/portcullis/lambdas/internal/gateway"
)

const (
	// MaxEntries is how many entries a claim may have. Amazon Cognito puts a
	// user into 100 groups at most.
	MaxEntries = 100

	readOnly = ":read"
	wildcard = "*"
)

// ErrMalformed means that the claim is not there, not a list of strings, or has
// more entries than MaxEntries. It opens no room.
var ErrMalformed = errors.New("the claim is not a list of rooms")

// Rule says where a token lists its rooms. The zero Rule is no rule: every valid
// token opens every room, to read and to write.
type Rule struct {
	Claim  string
	Prefix string // of the entries that count, and no part of their meaning
}

// Of returns the access that a claim's value gives to a room: gateway.AccessWrite,
// gateway.AccessRead, or nothing. Of several entries that match, the one that
// gives more counts.
func (r Rule) Of(claim jsontext.Value, room string) (string, error) {
	if r.Claim == "" {
		return gateway.AccessWrite, nil
	}
	entries, err := list(claim)
	if err != nil {
		return "", err
	}
	granted := ""
	for _, entry := range entries {
		entry, counts := strings.CutPrefix(entry, r.Prefix)
		if !counts {
			continue
		}
		entry, reads := strings.CutSuffix(entry, readOnly)
		if !matches(entry, room) {
			continue
		}
		if !reads {
			return gateway.AccessWrite, nil
		}
		granted = gateway.AccessRead
	}
	return granted, nil
}

// matches compares with a valid name, so that an entry which could not be part
// of one matches nothing.
func matches(entry, room string) bool {
	if start, open := strings.CutSuffix(entry, wildcard); open {
		return strings.HasPrefix(room, start)
	}
	return entry == room
}

func list(claim jsontext.Value) ([]string, error) {
	var entries []string
	switch claim.Kind() {
	case '"':
		var joined string
		if json.Unmarshal(claim, &joined) != nil {
			return nil, ErrMalformed
		}
		for entry := range strings.SplitSeq(joined, " ") {
			if entry != "" {
				entries = append(entries, entry)
			}
		}
	case '[':
		if json.Unmarshal(claim, &entries) != nil {
			return nil, ErrMalformed
		}
	default:
		return nil, ErrMalformed
	}
	if len(entries) > MaxEntries {
		return nil, ErrMalformed
	}
	return entries, nil
}

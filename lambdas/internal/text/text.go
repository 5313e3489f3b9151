// Package text takes out of user text what no reader sees but what deceives or
// breaks a reader: control characters, characters that reorder text (trojan
// source, CVE-2021-42574), tag characters, and towers of combining marks. What
// it returns is valid UTF-8 in Unicode normal form C (UAX #15), and cleaning it
// again changes nothing.
package text

import (
	"strings"
	"unicode"
	"unicode/utf8"

	"golang.org/x/text/unicode/norm"
)

const (
	// maxMarks is how many combining marks in a row stay in a message. The
	// densest living scripts (Tibetan, vocalised Hebrew with accents) need
	// fewer.
	maxMarks = 8
	// maxNameMarks is the same for names, which need no accents of recitation.
	maxNameMarks = 4
	// MaxName is the length of the longest display name, in characters.
	MaxName = 64
)

// Clean returns a message's text as it may be shown. Line ends become LF; tabs
// and spaces stay.
func Clean(s string) string {
	if printable(s) == len(s) {
		return s
	}
	s = contain(s, maxMarks)
	if norm.NFC.IsNormalString(s) {
		return s
	}
	// Some characters are excluded from composition, so that normalising can
	// add marks: contain again.
	return contain(norm.NFC.String(s), maxMarks)
}

// printable is how many bytes at the start of s are printable ASCII with LF and
// tab, which is clean already.
func printable(s string) int {
	for i := range len(s) {
		if c := s[i]; (c < ' ' || c > '~') && c != '\n' && c != '\t' {
			return i
		}
	}
	return len(s)
}

// contain drops and replaces runes. A dropped rune does not end a run of
// marks, and neither does an invisible one: otherwise a joiner between every
// eight marks would build the tower all the same.
func contain(s string, most int) string {
	var b strings.Builder
	b.Grow(len(s))
	marks := 0
	for i := 0; i < len(s); {
		if n := printable(s[i:]); n > 0 { // most of most texts
			b.WriteString(s[i : i+n])
			marks = 0
			i += n
			continue
		}
		r, size := utf8.DecodeRuneInString(s[i:])
		next := i + size
		switch {
		case r == utf8.RuneError && size == 1:
		case r == '\r':
			if !strings.HasPrefix(s[next:], "\n") {
				b.WriteByte('\n')
				marks = 0
			}
		case r == '\u0085' || r == '\u2028' || r == '\u2029':
			b.WriteByte('\n')
			marks = 0
		case dropped(r):
		case r == flag:
			marks = 0
			next = i + flagLength(s[i:])
			b.WriteString(s[i:next])
		case unicode.Is(unicode.M, r):
			if marks++; marks <= most {
				b.WriteRune(r)
			}
		default:
			if !unicode.Is(unicode.Cf, r) {
				marks = 0
			}
			b.WriteRune(r)
		}
		i = next
	}
	return b.String()
}

// dropped is true for what has no place in a chat message, among what is not
// printable.
func dropped(r rune) bool {
	switch {
	case unicode.Is(unicode.Cc, r):
		return true
	case r >= 0x202A && r <= 0x202E: // embeddings and overrides
		return true
	case r >= 0x2065 && r <= 0x206F: // isolates and deprecated format characters
		return true
	case r >= 0xFFF0 && r <= 0xFFFB: // interlinear annotation, and what shows as nothing
		return true
	case r == 0xFEFF: // byte order mark
		return true
	case r >= 0xE0000 && r <= 0xE00FF, r >= 0xE01F0 && r <= 0xE0FFF: // tags outside a flag, and what shows as nothing
		return true
	case r >= 0xFDD0 && r <= 0xFDEF, r&0xFFFE == 0xFFFE: // noncharacters
		return true
	}
	return false
}

// flag is the emoji that tag characters may follow: with them it shows the
// flag of a country's subdivision (UTS #51, ED-14a).
const flag = '\U0001F3F4'

const (
	cancelTag   = '\U000E007F'
	longestTags = 6 // the longest subdivision code of CLDR
)

// flagLength is the length in bytes of the flag at the start of s: with its
// tags where they are well-formed, else without.
func flagLength(s string) int {
	base := utf8.RuneLen(flag)
	end := base
	for tags := 0; ; tags++ {
		r, size := utf8.DecodeRuneInString(s[end:])
		end += size
		if r == cancelTag && tags > 0 {
			return end
		}
		letter := r >= 0xE0061 && r <= 0xE007A
		digit := r >= 0xE0030 && r <= 0xE0039
		if (!letter && !digit) || tags == longestTags {
			return base
		}
	}
}

// Blank says whether a reader would see nothing at all.
func Blank(s string) bool {
	for _, r := range s {
		if !invisible(r) {
			return false
		}
	}
	return true
}

// invisible is true for runes without ink of their own. The fillers, the blank
// Braille pattern and the null notehead are letters and symbols by category only.
func invisible(r rune) bool {
	switch r {
	case '\u2800', '\U0001D159':
		return true
	}
	return unicode.IsSpace(r) || unicode.In(r, unicode.Cf, unicode.Cc, unicode.M, unicode.Other_Default_Ignorable_Code_Point)
}

// TrimMarks drops the combining marks and invisible format characters at the
// start of s, which would attach to whatever stands before it.
func TrimMarks(s string) string {
	return strings.TrimLeftFunc(s, func(r rune) bool { return unicode.In(r, unicode.M, unicode.Cf) })
}

// Name returns a display name by stricter rules: one line, single spaces, no
// format or private-use characters, few marks, at most MaxName characters. It
// is empty when nothing visible is left.
func Name(s string) string {
	s = contain(s, maxNameMarks)
	var b strings.Builder
	gap := false
	for _, r := range norm.NFC.String(s) {
		switch {
		case unicode.IsSpace(r) || (invisible(r) && unicode.In(r, unicode.L, unicode.S)):
			gap = true
		case unicode.In(r, unicode.Cf, unicode.Co):
		default:
			if gap && b.Len() > 0 {
				b.WriteByte(' ')
			}
			gap = false
			b.WriteRune(r)
		}
	}
	s = norm.NFC.String(contain(b.String(), maxNameMarks))
	s = strings.TrimLeftFunc(s, func(r rune) bool { return r == ' ' || unicode.Is(unicode.M, r) })
	s = strings.TrimRight(firstRunes(s, MaxName), " ")
	if Blank(s) {
		return ""
	}
	return s
}

func firstRunes(s string, n int) string {
	for i := range s {
		if n == 0 {
			return s[:i]
		}
		n--
	}
	return s
}

// maxUserID is the length of the longest user id, in characters.
const maxUserID = 128

// ValidUserID says whether a user id is one to 128 characters, none of them
// space, control or format characters: user ids are compared, are part of keys
// and are shown to others.
func ValidUserID(id string) bool {
	n := utf8.RuneCountInString(id)
	if n == 0 || n > maxUserID || !utf8.ValidString(id) {
		return false
	}
	return !strings.ContainsFunc(id, func(r rune) bool {
		return unicode.IsSpace(r) || unicode.In(r, unicode.Cc, unicode.Cf)
	})
}

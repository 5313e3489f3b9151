package chatclient

import (
	"strings"
	"unicode"

	"golang.org/x/net/html"
)

// entities are the six that the server's sanitiser writes, and no others:
// whatever else looks like one was typed by somebody.
var entities = strings.NewReplacer(
	"&lt;", "<", "&gt;", ">", "&amp;", "&", "&#34;", `"`, "&#39;", "'", "&#13;", "\r",
)

// Text turns the html of a message into text for a terminal. Tags are dropped;
// a line break stays one, and a link shows where it leads, since its text may
// claim otherwise.
func Text(fragment string) string {
	var text strings.Builder
	var href string
	var linkStart int
	for tokens := html.NewTokenizer(strings.NewReader(fragment)); ; {
		switch kind := tokens.Next(); kind {
		case html.ErrorToken:
			return strings.TrimRight(clean(text.String(), true), "\n")
		case html.TextToken:
			text.WriteString(entities.Replace(string(tokens.Raw())))
		case html.StartTagToken, html.SelfClosingTagToken, html.EndTagToken:
			name, more := tokens.TagName()
			switch string(name) {
			case "br":
				text.WriteByte('\n')
			case "pre":
				if text.Len() > 0 && !strings.HasSuffix(text.String(), "\n") {
					text.WriteByte('\n')
				}
			case "a":
				if kind == html.EndTagToken {
					if href != "" && href != text.String()[linkStart:] {
						text.WriteString(" (" + href + ")")
					}
					href = ""
					continue
				}
				linkStart = text.Len()
				for more {
					var key, value []byte
					key, value, more = tokens.TagAttr()
					if string(key) == "href" {
						href = string(value)
					}
				}
			}
		}
	}
}

// OneLine makes a name or a phrase of somebody else's fit to be shown on a
// terminal, in one line.
func OneLine(s string) string {
	return strings.TrimSpace(clean(s, false))
}

// Printable makes a text of several lines fit to be shown on a terminal.
func Printable(s string) string {
	return clean(s, true)
}

// clean removes what drives a terminal instead of being shown on it: the
// control characters of ASCII and Latin-1, with which escape sequences begin,
// and those that reverse the direction of what follows.
func clean(s string, lines bool) string {
	s = strings.ReplaceAll(s, "\r\n", "\n")
	return strings.Map(func(r rune) rune {
		switch {
		case r == '\n' && lines:
			return '\n'
		case r == '\n', r == '\t', unicode.In(r, unicode.Zl, unicode.Zp):
			return ' '
		case unicode.IsControl(r), unicode.Is(unicode.Bidi_Control, r), r == '\ufeff':
			return -1
		}
		return r
	}, strings.ToValidUTF8(s, "\ufffd"))
}

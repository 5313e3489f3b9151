// Package markup turns a message's text into the HTML fragment that is stored
// and sent: safe as the content of an element, whatever the text was. All three
// ways go through bluemonday, whose tokenizer decides what is a tag; the text
// is cleaned (package text) before, and again where decoding an entity can
// bring back what cleaning took out.
package markup

import (
	"errors"
	"fmt"
	stdhtml "html"
	"net/url"
	"regexp"
	"strings"

	"github.com/microcosm-cc/bluemonday"
	"golang.org/x/net/html"
	"golang.org/x/net/html/atom"

	"github.com/portcullis-chat/portcullis/lambdas/internal/text"
)

// Mode says what becomes of markup in a text.
type Mode string

const (
	// Text interprets nothing: every character is kept and escaped.
	Text Mode = "text"
	// Strip removes tags, and with them what only looks like one (x<y>z).
	Strip Mode = "strip"
	// Rich keeps b, i, em, strong, code, pre, br and links to https, balanced.
	Rich Mode = "rich"
)

// Modes are all legal modes.
var Modes = []string{string(Text), string(Strip), string(Rich)}

// linkRel is the rel of every link: no access to the opener, no referrer, no
// endorsement.
const linkRel = "noopener noreferrer nofollow"

var (
	// ErrEmpty means that nothing visible is left of a text.
	ErrEmpty = errors.New("nothing visible is left of the text")
	// ErrNesting means that elements are nested deeper than a parser follows.
	ErrNesting = errors.New("the elements of the text are nested too deeply")
)

// Building a policy costs as much as using it, so each is built once.
var (
	strict = bluemonday.StrictPolicy()
	rich   = richPolicy()
)

func richPolicy() *bluemonday.Policy {
	p := bluemonday.NewPolicy()
	p.AllowElements("b", "i", "em", "strong", "code", "pre", "br")
	p.AllowAttrs("href").OnElements("a")
	p.AllowURLSchemeWithCustomPolicy("https", mayLink)
	p.RequireParseableURLs(true)
	p.RequireNoReferrerOnLinks(true)
	p.RequireNoFollowOnLinks(true)
	return p
}

// Policy names the rules a fragment was made by. It is stored with the
// message, so that a later change of the rules can tell old fragments apart.
func (m Mode) Policy() string { return string(m) + "/1" }

// HTML returns the fragment of a cleaned text.
func (m Mode) HTML(clean string) (string, error) {
	switch m {
	case Text:
		return escape(clean)
	case Strip:
		return escape(text.Clean(stdhtml.UnescapeString(strict.Sanitize(clean))))
	case Rich:
		return balance(rich.Sanitize(clean))
	}
	return "", fmt.Errorf("no such mode: %q", string(m))
}

// special are the characters that have a meaning in HTML. bluemonday leaves a
// text without them as it is, and takes it apart for that.
const special = "<>&'\""

// escape is StrictPolicy on escaped text: lossless, and whatever an escaper
// might miss bluemonday still takes out.
func escape(s string) (string, error) {
	if text.Blank(s) {
		return "", ErrEmpty
	}
	if !strings.ContainsAny(s, special) {
		return s, nil
	}
	return strict.Sanitize(stdhtml.EscapeString(s)), nil
}

var container = &html.Node{Type: html.ElementNode, Data: "div", DataAtom: atom.Div}

// balance closes what a token filter leaves open, which would otherwise run on
// into the page around the fragment, and checks the parsed tree against the
// same list of elements.
func balance(fragment string) (string, error) {
	nodes, err := html.ParseFragment(strings.NewReader(fragment), container)
	if err != nil {
		return "", ErrNesting
	}
	var out builder
	for _, node := range nodes {
		out.node(node)
	}
	if !out.visible {
		return "", ErrEmpty
	}
	return out.String(), nil
}

type builder struct {
	strings.Builder
	visible bool
}

func (b *builder) node(n *html.Node) {
	if n.Type == html.TextNode {
		b.text(n.Data)
		return
	}
	if n.Type != html.ElementNode {
		return
	}
	switch n.DataAtom {
	case atom.Br:
		b.WriteString("<br/>")
	case atom.B, atom.I, atom.Em, atom.Strong, atom.Code:
		b.element(n, "")
	case atom.Pre:
		// A parser drops a line end right after <pre>; a second one keeps the
		// first.
		if first := n.FirstChild; first != nil && first.Type == html.TextNode && strings.HasPrefix(first.Data, "\n") {
			b.element(n, "\n")
			return
		}
		b.element(n, "")
	case atom.A:
		href, ok := link(n)
		if !ok {
			b.children(n)
			return
		}
		fmt.Fprintf(b, `<a href="%s" rel="%s">`, stdhtml.EscapeString(href), linkRel)
		b.children(n)
		b.WriteString("</a>")
	default:
		b.children(n)
	}
}

func (b *builder) element(n *html.Node, start string) {
	b.WriteString("<" + n.Data + ">" + start)
	b.children(n)
	b.WriteString("</" + n.Data + ">")
}

func (b *builder) children(n *html.Node) {
	for child := range n.ChildNodes() {
		b.node(child)
	}
}

// text writes a text node. Its leading marks go, because they would stack on
// the end of the node before it.
func (b *builder) text(s string) {
	s = text.TrimMarks(text.Clean(s))
	b.visible = b.visible || !text.Blank(s)
	b.WriteString(stdhtml.EscapeString(s))
}

// link returns the target of a link, which bluemonday has judged before.
func link(n *html.Node) (string, bool) {
	for _, attr := range n.Attr {
		if attr.Namespace != "" || attr.Key != "href" {
			continue
		}
		u, err := url.Parse(attr.Val)
		if err != nil || u.Scheme != "https" || !mayLink(u) {
			return "", false
		}
		return u.String(), true
	}
	return "", false
}

// mayLink is true for a URL with a host in ASCII, so that one alphabet cannot
// pass for another, and without a user part, which could pass for the host. Go
// takes more for a host than browsers do; what only one of them understands is
// no link.
func mayLink(u *url.URL) bool {
	return host.MatchString(u.Host) && u.User == nil && u.Opaque == ""
}

// host is a name, an IPv4 or an IPv6 address, and a port where there is one.
var host = regexp.MustCompile(`\A(?:[A-Za-z0-9](?:[A-Za-z0-9._-]*[A-Za-z0-9])?\.?|\[[0-9A-Fa-f:.]+\])(?::[0-9]{1,5})?\z`)

package markup

import (
	"errors"
	"fmt"
	"net/url"
	"slices"
	"strings"
	"testing"

	"golang.org/x/net/html"

	"github.com/portcullis-chat/portcullis/lambdas/internal/text"
)

const rel = ` rel="noopener noreferrer nofollow"`

func TestFragments(t *testing.T) {
	for _, c := range []struct{ in, text, strip, rich string }{
		{"hello", "hello", "hello", "hello"},
		{"a & b", "a &amp; b", "a &amp; b", "a &amp; b"},
		{"<3", "&lt;3", "&lt;3", "&lt;3"},
		{"&amp;lt;", "&amp;amp;lt;", "&amp;lt;", "&amp;lt;"},
		{"&lt;script&gt;alert(1)&lt;/script&gt;", "&amp;lt;script&amp;gt;alert(1)&amp;lt;/script&amp;gt;", "&lt;script&gt;alert(1)&lt;/script&gt;", "&lt;script&gt;alert(1)&lt;/script&gt;"},
		{`"q" 'a' \`, `&#34;q&#34; &#39;a&#39; \`, `&#34;q&#34; &#39;a&#39; \`, `&#34;q&#34; &#39;a&#39; \`},
		{"%3Cb%3E", "%3Cb%3E", "%3Cb%3E", "%3Cb%3E"},
		{"<script>alert(1)</script>hi", "&lt;script&gt;alert(1)&lt;/script&gt;hi", "hi", "hi"},
		{"<b>x", "&lt;b&gt;x", "x", "<b>x</b>"},
		{"<b onclick=alert(1)>x</b>", "&lt;b onclick=alert(1)&gt;x&lt;/b&gt;", "x", "<b>x</b>"},
		{"<b><i>x</b>y</i>", "&lt;b&gt;&lt;i&gt;x&lt;/b&gt;y&lt;/i&gt;", "xy", "<b><i>x</i></b><i>y</i>"},
		{"x</div></b>y", "x&lt;/div&gt;&lt;/b&gt;y", "xy", "xy"},
		{"<pre>a</pre>", "&lt;pre&gt;a&lt;/pre&gt;", "a", "<pre>a</pre>"},
		{"<pre></pre>a", "&lt;pre&gt;&lt;/pre&gt;a", "a", "<pre></pre>a"},
		{"<pre><b>a</b></pre>", "&lt;pre&gt;&lt;b&gt;a&lt;/b&gt;&lt;/pre&gt;", "a", "<pre><b>a</b></pre>"},
		{"<pre>\n\na</pre>", "&lt;pre&gt;\n\na&lt;/pre&gt;", "\n\na", "<pre>\n\na</pre>"},
		{"a<br>b", "a&lt;br&gt;b", "ab", "a<br/>b"},
		{"<img src=x onerror=alert(1)>z", "&lt;img src=x onerror=alert(1)&gt;z", "z", "z"},
		{"if (a<b && c>d)", "if (a&lt;b &amp;&amp; c&gt;d)", "if (ad)", "if (a<b>d)</b>"},
		{`<a href="https://e.com/?a=1&b=2">l</a>`, `&lt;a href=&#34;https://e.com/?a=1&amp;b=2&#34;&gt;l&lt;/a&gt;`, "l", `<a href="https://e.com/?a=1&amp;b=2"` + rel + `>l</a>`},
		{"a&#x202e;b", "a&amp;#x202e;b", "ab", "ab"},
		{"a&#0;&#13;b", "a&amp;#0;&amp;#13;b", "a\uFFFD\nb", "a\uFFFD\nb"},
		{"e<b>\u0301x</b>", "e&lt;b&gt;\u0301x&lt;/b&gt;", "éx", "e<b>x</b>"},
	} {
		for mode, want := range map[Mode]string{Text: c.text, Strip: c.strip, Rich: c.rich} {
			got, err := mode.HTML(text.Clean(c.in))
			if err != nil || got != want {
				t.Errorf("%s %q: got %q, %v, want %q", mode, c.in, got, err, want)
			}
		}
	}
}

func TestRichLinksAreHTTPSOnly(t *testing.T) {
	for href, want := range map[string]string{
		"https://e.com":                   "https://e.com",
		"https://e.com:8443/a%20b?c=d#e":  "https://e.com:8443/a%20b?c=d#e",
		"https://e.com/ä":                 "https://e.com/%C3%A4",
		"https://e.com/&quot;&gt;":        "https://e.com/%22%3E",
		"HTTPS://e.com":                   "https://e.com",
		"http://e.com":                    "",
		"//e.com":                         "",
		"/path":                           "",
		"javascript:alert(1)":             "",
		"JaVa\tScript:alert(1)":           "",
		"&#106;avascript:alert(1)":        "",
		"data:text/html,x":                "",
		"https:e.com":                     "",
		"https://user@e.com":              "",
		"https://user:pass@e.com":         "",
		"https://":                        "",
		"https://аррӏе.com":               "",
		"https://%61.com":                 "",
		"https://e&lt;b":                  "",
		"https://e.com,evil.com":          "",
		"https://e.com;x":                 "",
		"https://$e.com":                  "",
		"https://-e.com":                  "",
		"https://e.com.:443":              "https://e.com.:443",
		"https://a_b.e.com":               "https://a_b.e.com",
		"https://192.0.2.1:8443":          "https://192.0.2.1:8443",
		"https://[2001:db8::1]/":          "https://[2001:db8::1]/",
		"https://[::1%25eth0]/":           "",
		"https://:443":                    "",
		"https://e.com/\u202E":            "https://e.com/",
		"https://e.com/&#x202E;":          "https://e.com/%E2%80%AE",
		"vbscript:x":                      "",
		"https://e.com\\@evil.com":        "",
		" https://e.com ":                 "https://e.com",
		"https://xn--80ak6aa92e.com/page": "https://xn--80ak6aa92e.com/page",
	} {
		got, err := Rich.HTML(text.Clean(`<a href="` + href + `">l</a>`))
		wanted := "l"
		if want != "" {
			wanted = `<a href="` + want + `"` + rel + `>l</a>`
		}
		if err != nil || got != wanted {
			t.Errorf("%q: got %q, %v, want %q", href, got, err, wanted)
		}
	}
}

func TestRichAttributesAreOursOnly(t *testing.T) {
	got, err := Rich.HTML(`<a href="https://e.com" rel="opener" target=_blank onclick=x id=y class=z style=q>l</a>`)
	if want := `<a href="https://e.com"` + rel + `>l</a>`; err != nil || got != want {
		t.Errorf("got %q, %v", got, err)
	}
}

// bluemonday judges links and elements first; what it let through is judged
// again.
func TestWhatBluemondayLetThroughIsJudgedAgain(t *testing.T) {
	got, err := balance(`<div>a<script>b</script><a href="http://e.com">c</a><a href="https://u@e.com">d</a><!-- e --></div>f`)
	if err != nil || got != "abcdf" {
		t.Errorf("got %q, %v", got, err)
	}
	for _, attrs := range [][]html.Attribute{
		nil,
		{{Key: "src", Val: "https://e.com"}},
		{{Namespace: "xlink", Key: "href", Val: "https://e.com"}},
		{{Key: "href", Val: "https://e.com/%zz"}},
		{{Key: "href", Val: "javascript://e.com/"}},
		{{Key: "href", Val: "http://e.com"}},
		{{Key: "href", Val: "https://u@e.com"}},
		{{Key: "href", Val: "https:e.com"}},
	} {
		if href, ok := link(&html.Node{Attr: attrs}); ok || href != "" {
			t.Errorf("%v: got %q", attrs, href)
		}
	}
	if href, ok := link(&html.Node{Attr: []html.Attribute{{Key: "rel", Val: "x"}, {Key: "href", Val: "https://e.com"}}}); !ok || href != "https://e.com" {
		t.Errorf("got %q, %v", href, ok)
	}
}

func TestNothingVisibleIsAnError(t *testing.T) {
	for _, mode := range []Mode{Text, Strip, Rich} {
		for _, s := range []string{"", " \n\t", "\u200B", "\u2800"} {
			if _, err := mode.HTML(s); !errors.Is(err, ErrEmpty) {
				t.Errorf("%s %q: got %v", mode, s, err)
			}
		}
	}
	for _, mode := range []Mode{Strip, Rich} {
		for _, s := range []string{"<script>x</script>", "<img src=x>", "<b></b>", "<b> </b>&nbsp;", "&#x200b;", "<!-- x -->"} {
			if got, err := mode.HTML(s); !errors.Is(err, ErrEmpty) {
				t.Errorf("%s %q: got %q, %v", mode, s, got, err)
			}
		}
	}
	if _, err := Rich.HTML("<br><br>"); !errors.Is(err, ErrEmpty) {
		t.Errorf("line breaks alone: got %v", err)
	}
}

func TestNestingIsBounded(t *testing.T) {
	if _, err := Rich.HTML(strings.Repeat("<b>", 1300) + "x"); !errors.Is(err, ErrNesting) {
		t.Errorf("got %v", err)
	}
}

func TestAnUnknownModeIsAnError(t *testing.T) {
	if _, err := Mode("markdown").HTML("x"); err == nil {
		t.Error("accepted")
	}
}

func TestThePolicyIsNamed(t *testing.T) {
	if Text.Policy() != "text/1" || Rich.Policy() != "rich/1" {
		t.Error("the name of a policy has changed")
	}
}

// safe fails the test when a fragment has anything beyond text and the allowed
// elements and attributes.
func safe(t *testing.T, mode Mode, in, fragment string) {
	t.Helper()
	for _, problem := range unsafe(mode, fragment) {
		t.Errorf("%s %q: %s in %q", mode, in, problem, fragment)
	}
}

// unsafe parses a fragment as a browser would and returns what it may not have.
func unsafe(mode Mode, fragment string) (problems []string) {
	allowed := map[Mode][]string{Rich: {"b", "i", "em", "strong", "code", "pre", "br", "a"}}[mode]
	nodes, err := html.ParseFragment(strings.NewReader(fragment), container)
	if err != nil {
		return []string{err.Error()}
	}
	var walk func(*html.Node)
	walk = func(n *html.Node) {
		if n.Type != html.TextNode && n.Type != html.ElementNode {
			problems = append(problems, fmt.Sprintf("a node of type %d", n.Type))
		}
		if n.Type == html.ElementNode && (!slices.Contains(allowed, n.Data) || n.Namespace != "") {
			problems = append(problems, "<"+n.Data+">")
		}
		for _, attr := range n.Attr {
			u, err := url.Parse(attr.Val)
			link := n.Data == "a" && attr.Key == "href" && err == nil && u.Scheme == "https" && u.Host != "" && u.User == nil
			if !link && (attr.Key != "rel" || attr.Val != linkRel) {
				problems = append(problems, fmt.Sprintf("%s=%q", attr.Key, attr.Val))
			}
		}
		for child := range n.ChildNodes() {
			walk(child)
		}
	}
	for _, n := range nodes {
		walk(n)
	}
	return problems
}

func FuzzHTML(f *testing.F) {
	for _, s := range []string{
		"x", "<b>x", "<b><i>x</b>y</i>", "<pre>\n\nx</pre>", `<a href="https://e.com">l<a href=https://f.com>m`, "<svg><style><img src=x onerror=1>",
		"<math><mtext><table><mglyph><style><!--</style><img title=\"--&gt;&lt;img src=1 onerror=alert(1)&gt;\">", "&#x202e;", "<noscript><p title=\"</noscript><img src=x>\">",
		"<a href=\"java&#9;script:x\">", "<b\x00>", "<select><option><b>x", "<code><pre></code>x</pre>", "e<b>\u0301", "&#13;\r", "<textarea><b>", "<!--><b>-->",
	} {
		f.Add(s)
	}
	for i, s := range published(f) {
		if i%40 == 0 { // enough to begin with; TestThreat24PublishedInputs has all
			f.Add(s)
		}
	}
	f.Fuzz(verdict)
}

func BenchmarkHTML(b *testing.B) {
	s := strings.Repeat("Look at <b>this</b>: https://e.com/?a=1&b=2 \"quoted\" 漢字 🎉 <3. ", 16)
	b.Run("strict alone", func(b *testing.B) {
		for b.Loop() {
			strict.Sanitize(s)
		}
	})
	for _, mode := range []Mode{Text, Strip, Rich} {
		b.Run(string(mode), func(b *testing.B) {
			for b.Loop() {
				if _, err := mode.HTML(text.Clean(s)); err != nil {
					b.Fatal(err)
				}
			}
		})
	}
}

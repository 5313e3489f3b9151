package markup_test

import (
	"strings"
	"testing"

	"golang.org/x/net/html"
	"golang.org/x/net/html/atom"

	"github.com/portcullis-chat/portcullis/lambdas/internal/markup"
	"github.com/portcullis-chat/portcullis/lambdas/internal/text"
)

// Ways past other sanitizers, most of them through a second parse that reads the
// output differently: in whatever element a page puts the fragment, and however
// often it is read and written again, there is nothing but what the mode allows.
func TestThreat24WaysPastOtherSanitizersEndHere(t *testing.T) {
	allowed := map[markup.Mode]string{markup.Text: "", markup.Strip: "", markup.Rich: "b i em strong code pre br a"}
	for _, source := range []string{
		`<math><mtext><table><mglyph><style><!--</style><img title="--&gt;&lt;img src=1 onerror=alert(1)&gt;">`,
		`<form><math><mtext></form><form><mglyph><style></math><img src onerror=alert(1)>`,
		`<svg></p><style><a id="</style><img src=1 onerror=alert(1)>">`,
		`<svg><desc><noscript></noscript><img src onerror=alert(1)></desc></svg>`,
		`<noscript><p title="</noscript><img src=x onerror=alert(1)>">`,
		`<template><s><template><s><img src=x onerror=alert(1)>@shafigullin</s></template></s></template>`,
		`<svg><foreignObject><body onload=alert(1)></foreignObject></svg>`,
		`<math><annotation-xml encoding="text/html"><style><img src=x onerror=alert(1)></style></annotation-xml></math>`,
		`<select><option><iframe></select><b><script>alert(1)</script>`,
		`<textarea><b></textarea><img src=x onerror=alert(1)></b></textarea>`,
		`<title><b title="</title><img src=x onerror=alert(1)>">`,
		`<xmp><p title="</xmp><img src=x onerror=alert(1)>"></xmp>`,
		`<plaintext><b>x</b><script>alert(1)</script>`,
		`<b/onclick=alert(1)>x</b>`, `<b
onclick=alert(1)>x</b>`, "<b\x0conclick=alert(1)>x</b>", `<b <script>alert(1)</script>>x`,
		`<a href="https://a.example" onclick=alert(1) style=x class=y id=cookie name=body target=_blank>x</a>`,
		`<a href="javascript:alert(1)">x</a>`, `<a href="java&#10;script:alert(1)">x</a>`, `<a href="&#x6A;avascript:alert(1)">x</a>`,
		`<a href=" https://a.example">x</a>`, `<a href="https:a.example">x</a>`, `<a href="https:\\evil.example">x</a>`, `<a href="//evil.example">x</a>`,
		`<a href="https://a.example@evil.example">x</a>`, `<a href="https://а.example">x</a>`, `<a href="https://a.example/&quot; onclick=&quot;alert(1)">x</a>`,
		`<a href="data:text/html;base64,PHNjcmlwdD4=">x</a>`, `<a href="vbscript:x">x</a>`, `<a href="blob:https://a.example/x">x</a>`,
		`<a href='https://a.example'><a href='https://b.example'>nested</a></a>`,
		`<b><i><b><pre><code><a href="https://a.example"><b>x</i></b></pre>`, `<pre><pre>x`, `</b></i></pre>x`, `<i><table><b><tr><i>x</table>`,
		`&lt;script&gt;alert(1)&lt;/script&gt;`, `&amp;lt;img src=x onerror=alert(1)&amp;gt;`, `&#60;img src=x onerror=alert(1)&#62;`, `&#x3c;img&#x3e;`, `&lt&#59;b&gt&#59;`,
		`&#0;&#1;&#x80;&#xD800;&#x110000;&#8238;&#x202e;x`, "x&#8294;y", `&NotEqualTilde;&nvlt;script&nvgt;`, `<img src=x onerror=alert(1)`, `<!--><img src=x onerror=alert(1)>-->`, `<!-- --!><img src=x onerror=alert(1)>`,
		`<![CDATA[<img src=x onerror=alert(1)>]]>`, `<?xml version="1.0"?><img src=x onerror=alert(1)>`, `<!DOCTYPE x [<!ENTITY y "z">]>&y;x`,
		"\uFF1Cscript\uFF1Ealert(1)\uFF1C/script\uFF1E", "<\u200Bscript>x", "<scr\u00ADipt>x", "<b\u0338>x</b>", "<\u0338b>x", "x<\u0338script>", "<b>\u0338</b>x", "\u226E script", "&lt;\u0338b&gt;",
		"<K\u212A>x", "<\u017Fcript>alert(1)</\u017Fcript>x", "<İmg src=x onerror=alert(1)>x",
	} {
		for mode, elements := range allowed {
			fragment, err := mode.HTML(text.Clean(source))
			if err != nil {
				continue // nothing visible was left
			}
			once := judge(t, mode, source, fragment, elements, atom.Div)
			for _, container := range []atom.Atom{atom.P, atom.Span, atom.Td, atom.Select, atom.Template, atom.Noscript, atom.Li} {
				judge(t, mode, source, judge(t, mode, source, fragment, elements, container), elements, container)
			}
			judge(t, mode, source, once, elements, atom.Div)
			if mode == markup.Text && html.UnescapeString(fragment) != text.Clean(source) {
				t.Errorf("text of %q lost something: %q", source, fragment)
			}
		}
	}
}

// judge reads a fragment as the content of an element, fails the test for
// anything that is not allowed, and returns it as a browser would write it.
func judge(t *testing.T, mode markup.Mode, source, fragment, elements string, container atom.Atom) string {
	t.Helper()
	nodes, err := html.ParseFragment(strings.NewReader(fragment), &html.Node{Type: html.ElementNode, Data: container.String(), DataAtom: container})
	if err != nil {
		t.Fatal(err)
	}
	var written strings.Builder
	for _, root := range nodes {
		for n := range descendants(root) {
			switch n.Type {
			case html.TextNode:
			case html.ElementNode:
				if !strings.Contains(" "+elements+" ", " "+n.Data+" ") || n.Namespace != "" {
					t.Errorf("%s of %q has <%s>: %s", mode, source, n.Data, fragment)
				}
				for _, attr := range n.Attr {
					if n.Data != "a" || attr.Key != "href" && attr.Key != "rel" || attr.Key == "href" && !strings.HasPrefix(attr.Val, "https://") || strings.Contains(attr.Val, "evil") {
						t.Errorf("%s of %q has %s=%q: %s", mode, source, attr.Key, attr.Val, fragment)
					}
				}
			default:
				t.Errorf("%s of %q has a node of type %d: %s", mode, source, n.Type, fragment)
			}
		}
		if err := html.Render(&written, root); err != nil {
			t.Fatal(err)
		}
	}
	return written.String()
}

func descendants(root *html.Node) func(func(*html.Node) bool) {
	return func(yield func(*html.Node) bool) {
		if !yield(root) {
			return
		}
		for n := range root.Descendants() {
			if !yield(n) {
				return
			}
		}
	}
}

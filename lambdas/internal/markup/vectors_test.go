package markup

import (
	"encoding/json"
	"errors"
	stdhtml "html"
	"os"
	"slices"
	"strings"
	"testing"
	"unicode/utf8"

	"github.com/portcullis-chat/portcullis/lambdas/internal/text"
)

// longest is how many times as long as its text a fragment may become: a quote
// is five bytes as an entity, and a link has 42 of its own.
const longest = 10

// published are inputs that have got script past some filter
// (testdata/README.md), and shapes that have got it past a parser: published
// bypasses of sanitisers by mutation.
func published(t testing.TB) []string {
	t.Helper()
	data, err := os.ReadFile("testdata/xss.json")
	if err != nil {
		t.Fatal(err)
	}
	var inputs []string
	if err := json.Unmarshal(data, &inputs); err != nil {
		t.Fatal(err)
	}
	return append(inputs,
		// DOMPurify < 2.0.1 (CVE-2019-16728), < 2.0.17 (CVE-2020-26870), < 2.2.3.
		`<svg></p><style><a id="</style><img src=1 onerror=alert(1)>">`,
		`<form><math><mtext></form><form><mglyph><style></math><img src onerror=alert(1)>`,
		`<math><mtext><table><mglyph><style><!--</style><img title="--&gt;&lt;/mglyph&gt;&lt;img&Tab;src=1&Tab;onerror=alert(1)&gt;">`,
		// Nesting depth (DOMPurify < 3.1.3), noscript, comments, CDATA.
		strings.Repeat("<div>", 506)+`<svg><title><style><!--</style><img src=x onerror=alert(1)>`,
		`<noscript><p title="</noscript><img src=x onerror=alert(1)>">`,
		`<svg><![CDATA[><img src=x onerror=alert(1)>]]>`,
		`<!--><img src=x onerror=alert(1)>-->`,
		`<!--!><img src=x onerror=alert(1)>--!>`,
		// bluemonday < 1.0.5 (CVE-2021-29272), < 1.0.16 (CVE-2021-42576).
		`<ſcript>alert(1)</ſcript>`,
		`<select><option><style><script>alert(1)</script></style></option></select>`,
		// x/net/html < 0.38 (CVE-2025-22872): an unquoted value that ends in a slash.
		`<p a=/><math><mi><img src=x onerror=alert(1)>`,
		`<a href="https://e.com"><a href="javascript:alert(1)">x`,
		`<a href=https://e.com/><script>alert(1)</script>`,
		"<b\x00onmouseover=alert(1)>x", "<\x00script>alert(1)</script>", "<scr\u200Bipt>alert(1)</script>",
	)
}

// verdict checks what must hold for every text in every mode.
func verdict(t *testing.T, s string) {
	t.Helper()
	clean := text.Clean(s)
	for _, mode := range []Mode{Text, Strip, Rich} {
		got, err := mode.HTML(clean)
		if err != nil {
			if !errors.Is(err, ErrEmpty) && !errors.Is(err, ErrNesting) {
				t.Errorf("%s %q: %v", mode, s, err)
			}
			continue
		}
		if !utf8.ValidString(got) {
			t.Errorf("%s %q: invalid UTF-8 in %q", mode, s, got)
		}
		if len(got) > longest*len(clean) {
			t.Errorf("%s %q: %d bytes became %d", mode, s, len(clean), len(got))
		}
		safe(t, mode, s, got)
		switch mode {
		case Text:
			if strict.Sanitize(got) != got || stdhtml.UnescapeString(got) != clean {
				t.Errorf("text %q: %q is not the text escaped", s, got)
			}
		case Strip:
			if strict.Sanitize(got) != got {
				t.Errorf("strip %q: %q is not stable", s, got)
			}
		case Rich:
			again, err := Rich.HTML(got)
			if err != nil || again != got {
				t.Errorf("rich %q: %q becomes %q, %v", s, got, again, err)
			}
		}
	}
}

func TestThreat24PublishedInputs(t *testing.T) {
	inputs := published(t)
	if len(inputs) < 4300 {
		t.Fatalf("%d inputs", len(inputs))
	}
	for _, s := range inputs {
		verdict(t, s)
		// Inside of what is allowed, and cut off in the middle.
		verdict(t, `<b><a href="https://e.com">`+s)
		verdict(t, s[:len(s)/2])
	}
}

// The check itself must see what it looks for.
func TestTheCheckOfFragmentsNotices(t *testing.T) {
	for _, fragment := range []string{
		`<script>x</script>`, `<img src=x onerror=y>`, `<b onclick=x>y</b>`, `<a href="javascript:x">y</a>`, `<a href="http://e.com">y</a>`,
		`<svg><b>x</b></svg>`, `<!-- x -->`, `<a href="https://u@e.com">y</a>`, `<a rel="opener" href="https://e.com">y</a>`,
	} {
		if len(unsafe(Rich, fragment)) == 0 {
			t.Errorf("%s passes for safe", fragment)
		}
	}
	if problems := unsafe(Strip, "<b>x</b>"); !slices.Contains(problems, "<b>") {
		t.Errorf("an element passes where there may be none: %q", problems)
	}
}

//go:build parity

// Package parity_test puts fragments before judges of another make: parse5, a
// parser that shares no line with the one bluemonday is built upon, and
// DOMPurify. It needs Node 18 or newer and what `npm ci` installs in this
// folder; `make test-parity` sees to that.
package parity_test

import (
	"bufio"
	"encoding/json"
	"fmt"
	"io"
	"math/rand/v2"
	"os"
	"os/exec"
	"strings"
	"sync"
	"testing"
	"unicode/utf8"

	"github.com/portcullis-chat/portcullis/lambdas/internal/markup"
	"github.com/portcullis-chat/portcullis/lambdas/internal/text"
)

// judge is a running judge.mjs.
type judge struct {
	mu  sync.Mutex
	in  io.Writer
	out *bufio.Reader
}

var start = sync.OnceValues(func() (*judge, error) {
	cmd := exec.Command("node", "judge.mjs") // ends with this process, whose pipe it reads
	cmd.Stderr = os.Stderr
	in, err := cmd.StdinPipe()
	if err != nil {
		return nil, err
	}
	out, err := cmd.StdoutPipe()
	if err != nil {
		return nil, err
	}
	return &judge{in: in, out: bufio.NewReaderSize(out, 1<<20)}, cmd.Start()
})

// problems returns what the judges have against a fragment.
func problems(t testing.TB, mode markup.Mode, fragment string) []string {
	t.Helper()
	j, err := start()
	if err != nil {
		t.Fatal(err)
	}
	j.mu.Lock()
	defer j.mu.Unlock()
	line, err := json.Marshal([]string{string(mode), fragment})
	if err != nil {
		t.Fatal(err)
	}
	if _, err := fmt.Fprintf(j.in, "%s\n", line); err != nil {
		t.Fatal(err)
	}
	answer, err := j.out.ReadBytes('\n')
	if err != nil {
		t.Fatalf("the judge has left: %v", err)
	}
	var list []string
	if err := json.Unmarshal(answer, &list); err != nil {
		t.Fatal(err)
	}
	return list
}

// try makes fragments of a text in every mode and puts them before the judges.
func try(t *testing.T, s string) {
	t.Helper()
	for _, mode := range []markup.Mode{markup.Text, markup.Strip, markup.Rich} {
		fragment, err := mode.HTML(text.Clean(s))
		if err != nil {
			continue
		}
		if !utf8.ValidString(fragment) {
			t.Errorf("%s %q: invalid UTF-8", mode, s)
		}
		for _, problem := range problems(t, mode, fragment) {
			t.Errorf("%s %q: %q: %s", mode, s, fragment, problem)
		}
	}
}

func published(t testing.TB) []string {
	t.Helper()
	data, err := os.ReadFile("../testdata/xss.json")
	if err != nil {
		t.Fatal(err)
	}
	var inputs []string
	if err := json.Unmarshal(data, &inputs); err != nil {
		t.Fatal(err)
	}
	return inputs
}

// own are texts that use what rich allows, which attacks do not.
var own = []string{
	"<b>x", "<b><i>x</b>y</i>", "<pre>\n\nx</pre>", "<pre>\nx", `<a href="https://e.com/?a=1&b=2#c">l</a>`, `<a href="https://e.com">l<a href=https://f.com>m`,
	"<code><pre></code>x</pre>", "e<b>\u0301x</b>", "a<br>b", "<b><a href=https://e.com><i>x</a>y</b>z", "&amp;lt;b&amp;gt; &nbsp;x", "<em><strong>x</em>y", `<a href="https://e.com/ä?ü=%C3%A4">ä`,
}

func TestThreat24ABrowsersParserAndDOMPurifyAgree(t *testing.T) {
	inputs := append(published(t), own...)
	for _, s := range inputs {
		try(t, s)
		try(t, `<b><a href="https://e.com">`+s)
	}
	// Pieces of several inputs in one, the same ones in every run.
	random := rand.New(rand.NewPCG(1, 2))
	for range 3000 {
		var b strings.Builder
		for range 2 + random.IntN(3) {
			s := inputs[random.IntN(len(inputs))]
			if random.IntN(3) == 0 {
				s = own[random.IntN(len(own))]
			}
			from := random.IntN(len(s) + 1)
			b.WriteString(s[from : from+random.IntN(len(s)-from+1)])
		}
		try(t, b.String())
	}
}

func TestTheJudgesNotice(t *testing.T) {
	const link = ` rel="noopener noreferrer nofollow"`
	for _, c := range []struct {
		mode     markup.Mode
		fragment string
		judges   string // who must object
	}{
		{markup.Rich, `<b>x</b><a href="https://e.com"` + link + `>l</a>a<br/>b &amp; &#34;`, ""},
		{markup.Text, `&lt;b&gt;`, ""},
		{markup.Text, `<b>x</b>`, "parse5 DOMPurify"},
		{markup.Strip, `<br/>`, "parse5 DOMPurify"},
		{markup.Rich, `<img src=x>`, "parse5 DOMPurify"},
		{markup.Rich, `<b onclick=x>y</b>`, "parse5 DOMPurify"},
		{markup.Rich, `<b id=x>y</b>`, "parse5 DOMPurify"},
		{markup.Rich, `<a href="javascript:x"` + link + `>l</a>`, "parse5 DOMPurify"},
		{markup.Rich, `<a href="http://e.com"` + link + `>l</a>`, "parse5 DOMPurify"},
		{markup.Rich, `<a href="https://u@e.com"` + link + `>l</a>`, "parse5"},
		{markup.Rich, `<a href="https://e.com" rel="opener">l</a>`, "parse5"},
		{markup.Rich, `<!-- x -->`, "parse5 DOMPurify"},
		{markup.Rich, `<svg><b>x</b></svg>`, "parse5 DOMPurify"},
	} {
		list := strings.Join(problems(t, c.mode, c.fragment), "; ")
		for _, name := range []string{"parse5", "DOMPurify"} {
			if strings.Contains(list, name) != strings.Contains(c.judges, name) {
				t.Errorf("%s %s: %q, want objections of %q", c.mode, c.fragment, list, c.judges)
			}
		}
	}
}

func FuzzJudges(f *testing.F) {
	for i, s := range append(own, published(f)...) {
		if i < len(own) || i%40 == 0 {
			f.Add(s)
		}
	}
	f.Fuzz(try)
}

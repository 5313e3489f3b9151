package chatclient

import "testing"

func TestHTMLBecomesTextThatCannotDriveATerminal(t *testing.T) {
	for html, want := range map[string]string{
		"I &lt;3 &#34;you&#34; &amp; &#39;me&#39; 5 &gt; 4":         `I <3 "you" & 'me' 5 > 4`,
		"&amp;lt;script&amp;gt;":                                    "&lt;script&gt;",
		"&copy; &nbsp; &#x1b; &#27;[2J":                             "&copy; &nbsp; &#x1b; &#27;[2J",
		"<b>bold</b> and <em>so</em><br>on":                         "bold and so\non",
		"see<pre>x := 1\ny := 2</pre>":                              "see\nx := 1\ny := 2",
		`<a href="https://e.com/?a=1&amp;b=2" rel="nofollow">l</a>`: "l (https://e.com/?a=1&b=2)",
		`<a href="https://e.com/">https://e.com/</a>!`:              "https://e.com/!",
		`<a href="https://evil.example/">https://bank.example/</a>`: "https://bank.example/ (https://evil.example/)",
		`<a>no link</a>`:                      "no link",
		"\x1b[31mred\x1b[0m \x1b]0;title\x07": "[31mred[0m ]0;title",
		"\u009b31mred \u0090dcs":              "31mred dcs",
		"a\rb\r\nc\x08\x7f\x00d\te":           "ab\ncd e",
		"line&#13;feed":                       "linefeed",
		"\u202egnp.exe \u2066x\u2069 \u200fy": "gnp.exe x y",
		"\u2028\u2029|\ufeff":                 "  |",
		"\xff\xc3":                            "\ufffd",
		"👩‍💻 🇪🇺 漢字 e\u0301 שלום":              "👩‍💻 🇪🇺 漢字 e\u0301 שלום",
		"text <unclosed":                      "text ",
		"<!-- hidden -->shown":                "shown",
	} {
		if got := Text(html); got != want {
			t.Errorf("%q became %q, want %q", html, got, want)
		}
	}
}

func TestANameStaysOnItsLine(t *testing.T) {
	if got := OneLine(" bob\n12:00 \x1b[2Kalice:\u202e \r\n"); got != "bob 12:00 [2Kalice:" {
		t.Errorf("became %q", got)
	}
}

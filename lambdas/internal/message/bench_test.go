package message_test

import (
	"encoding/json"
	"os"
	"strings"
	"testing"
	"unicode/utf8"

	"github.com/microcosm-cc/bluemonday"

	"github.com/portcullis-chat/portcullis/internal/protocol"
	"github.com/portcullis-chat/portcullis/lambdas/internal/gateway"
	"github.com/portcullis-chat/portcullis/lambdas/internal/markup"
	"github.com/portcullis-chat/portcullis/test/ratio"
)

// mix returns 100 texts of about 1,000 bytes: half plain, a fifth with emoji,
// addresses and <3, and a tenth each of code, of HTML and of inputs for
// cross-site scripting.
func mix(b *testing.B) []string {
	b.Helper()
	data, err := os.ReadFile("../markup/testdata/xss.json")
	if err != nil {
		b.Fatal(err)
	}
	var attacks []string
	if err := json.Unmarshal(data, &attacks); err != nil {
		b.Fatal(err)
	}
	repeat := func(s string) string {
		s = strings.Repeat(s, 1000/len(s)+1)[:1000]
		for !utf8.ValidString(s) {
			s = s[:len(s)-1]
		}
		return s
	}
	var texts []string
	for i := range 10 {
		for range 5 {
			texts = append(texts, repeat("Shall we meet at the gate at nine, or is ten better for all of you? I will bring the maps. "))
		}
		texts = append(texts, repeat("So happy <3 🎉👩‍👩‍👧 see https://example.com/?a=1&b=2 for more, it's great! "),
			repeat("漢字 and العربية, 5 > 3 & 2 < 4, user@example.com 🏴󠁧󠁢󠁥󠁮󠁧󠁿 "),
			repeat("for (int i = 0; i < n && a[i] != '\\0'; i++) { std::vector<int> v; x->y(\"s\"); }\n"),
			repeat(`<p>A <b>bold</b> and <a href="https://e.com/?a=1&b=2">linked</a> <span class="x">word</span>.</p>`),
			repeat(strings.Join(attacks[i*400:i*400+40], " ")))
	}
	return texts
}

// BenchmarkFrame compares all that happens to a frame with what bluemonday's
// strict policy alone does to the same text.
func BenchmarkFrame(b *testing.B) {
	texts := mix(b)
	caller := gateway.Identity{Sub: "3c5a-ann", Name: "Ann", Room: "general", Access: "write", Exp: 1 << 40}
	bodies := make([]string, len(texts))
	for i, text := range texts {
		body, err := json.Marshal(protocol.SendMessage{Action: "sendMessage", ClientID: "c-1", Text: text})
		if err != nil {
			b.Fatal(err)
		}
		bodies[i] = string(body)
	}
	strict := bluemonday.StrictPolicy()
	for _, format := range []markup.Mode{markup.Text, markup.Strip, markup.Rich} {
		b.Run(string(format), func(b *testing.B) {
			handler := newChat().handler
			handler.Format = format
			all := func() {
				for _, body := range bodies {
					if _, err := handler.Convert(caller, body); err != nil && format == markup.Text {
						b.Fatal(err)
					}
				}
			}
			alone := func() {
				for _, text := range texts {
					strict.Sanitize(text)
				}
			}
			got := ratio.Of(3, all, alone)
			allocations := testing.AllocsPerRun(20, all) / float64(len(bodies))
			for i := 0; b.Loop(); i++ {
				_, _ = handler.Convert(caller, bodies[i%len(bodies)])
			}
			b.ReportMetric(allocations, "allocs/frame")
			if format != markup.Text {
				b.ReportMetric(got, "×strict")
				return
			}
			ratio.Goal(b, "×strict", got, 1.6)
			if allocations > 30 {
				b.Errorf("%.1f allocations a frame, allowed are 30", allocations)
			}
		})
	}
}

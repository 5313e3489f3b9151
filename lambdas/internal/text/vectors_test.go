package text_test

import (
	"encoding/json"
	"os"
	"strings"
	"testing"
	"unicode"

	"golang.org/x/text/unicode/norm"

	"github.com/portcullis-chat/portcullis/lambdas/internal/text"
)

// published reads a file of testdata, whose README names the sources.
func published[T any](t testing.TB, name string) T {
	t.Helper()
	data, err := os.ReadFile("testdata/" + name)
	if err != nil {
		t.Fatal(err)
	}
	var v T
	if err := json.Unmarshal(data, &v); err != nil {
		t.Fatal(err)
	}
	return v
}

func TestThreat28EveryEmojiIsKept(t *testing.T) {
	list := published[[]string](t, "emoji.json")
	if len(list) < 5000 {
		t.Fatalf("%d emoji", len(list))
	}
	for _, emoji := range list {
		if got := text.Clean(emoji); got != emoji {
			t.Errorf("%s %+q became %+q", emoji, emoji, got)
		}
		if text.Blank(emoji) {
			t.Errorf("%s %+q passes for blank", emoji, emoji)
		}
	}
	// All of them together: one does not change what becomes of the next.
	if all := strings.Join(list, ""); text.Clean(all) != all {
		t.Error("together they change")
	}
}

func TestThreat28NaughtyStringsAreContained(t *testing.T) {
	list := published[[]string](t, "naughty.json")
	if len(list) < 400 {
		t.Fatalf("%d strings", len(list))
	}
	for _, s := range list {
		check(t, s, text.Clean(s), text.Clean, 8)
		name := text.Name(s)
		check(t, s, name, text.Name, 4)
		if n := len([]rune(name)); n > text.MaxName || strings.ContainsAny(name, "\n\t") {
			t.Errorf("%+q became the name %+q", s, name)
		}
		// What is visible in a string stays visible.
		ink := func(s string) bool {
			return strings.ContainsFunc(s, func(r rune) bool { return unicode.In(r, unicode.L, unicode.N, unicode.P) && r != '\u3164' })
		}
		if ink(s) != ink(text.Clean(s)) {
			t.Errorf("%+q became %+q", s, text.Clean(s))
		}
	}
}

// A character that looks like another is that character to those who write it:
// it is neither folded into the other nor dropped. What protects readers is
// that ids, not names, say who somebody is, and that links have ASCII hosts.
func TestThreat28ConfusablesStayWhatTheyAre(t *testing.T) {
	list := published[map[string]string](t, "confusables.json")
	if len(list) < 6000 {
		t.Fatalf("%d characters", len(list))
	}
	contained := func(r rune) bool { // by a rule of its own, tested elsewhere
		return unicode.In(r, unicode.Cc, unicode.Cf, unicode.M, unicode.Zl, unicode.Zp)
	}
	for confusable, like := range list {
		s := "a" + confusable + "b"
		if strings.ContainsFunc(confusable, contained) {
			check(t, s, text.Clean(s), text.Clean, 8)
			continue
		}
		if got := text.Clean(s); got != norm.NFC.String(s) {
			t.Errorf("%+q, which looks like %+q, became %+q", s, like, got)
		}
	}
}

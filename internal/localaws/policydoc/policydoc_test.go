package policydoc

import (
	"encoding/json"
	"strings"
	"testing"
)

func TestPatternsMatchWholeValues(t *testing.T) {
	for _, c := range []struct {
		pattern, value string
		want           bool
	}{
		{"/chat*", "/chat", true},
		{"/chat*", "/chat/x", true},
		{"/chat*", "/a/chat", false},
		{"*.jpg", "/a/b.jpg", true},
		{"*.jpg", "/a/b.jpgx", false},
		{"/a?c", "/abc", true},
		{"/a?c", "/ac", false},
		{"/a?c", "/abbc", false},
		{"", "", true},
		{"*", "", true},
		{"a*b*c", "aXbYbZc", true},
		{"/A", "/a", false},
	} {
		if Match(c.pattern, c.value) != c.want {
			t.Errorf("%q matches %q: want %v", c.pattern, c.value, c.want)
		}
	}
}

func TestWildcardsAreFast(t *testing.T) {
	if Match(strings.Repeat("*a", 200)+"b", strings.Repeat("a", 1600)) {
		t.Error("matched")
	}
}

func TestAWildcardStaysInItsPartOfAnARN(t *testing.T) {
	arn := "arn:aws:cloudfront::000000000000:distribution/E1"
	for pattern, want := range map[string]bool{
		arn: true, "arn:aws:cloudfront::*:distribution/*": true, "arn:aws:*": false, "arn:aws:cloudfront::000000000000:distribution/E": false,
	} {
		if MatchARN(pattern, arn) != want {
			t.Errorf("%s: want %v", pattern, want)
		}
	}
}

func TestAnElementIsOneValueOrSeveral(t *testing.T) {
	for document, want := range map[string]int{`"a"`: 1, `["a","b"]`: 2, `[]`: 0} {
		var l List[string]
		if err := json.Unmarshal([]byte(document), &l); err != nil || len(l) != want {
			t.Errorf("%s: %v, %v", document, l, err)
		}
	}
}

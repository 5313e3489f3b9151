package text_test

import (
	"strings"
	"testing"
	"unicode"
	"unicode/utf8"

	"golang.org/x/text/unicode/norm"

	"github.com/portcullis-chat/portcullis/lambdas/internal/text"
)

const (
	acute   = "\u0301"
	england = "\U0001F3F4\U000E0067\U000E0062\U000E0065\U000E006E\U000E0067\U000E007F"
)

func TestCleaning(t *testing.T) {
	for name, c := range map[string]struct{ in, want string }{
		"keeps printable ASCII, tabs and line feeds":   {"a\tb\n <3 & \"q\" \\", "a\tb\n <3 & \"q\" \\"},
		"keeps spaces at both ends":                    {"  x  ", "  x  "},
		"turns CRLF and CR into LF":                    {"a\r\nb\rc\r\r\nd", "a\nb\nc\n\nd"},
		"turns Unicode line ends into LF":              {"a\u0085b\u2028c\u2029d", "a\nb\nc\nd"},
		"drops control characters":                     {"a\x00b\x07c\x1b[31m\x7f\u009bd", "abc[31md"},
		"drops overrides and embeddings":               {"a\u202Eb\u202Dc\u202Ad\u202Be\u202Cf", "abcdef"},
		"drops isolates":                               {"a\u2066b\u2067c\u2068d\u2069e", "abcde"},
		"keeps the marks that writing needs":           {"a\u200Eb\u200Fc\u200Dd\u200Ce", "a\u200Eb\u200Fc\u200Dd\u200Ce"},
		"drops deprecated format characters":           {"a\u206Ab\u206Fc\uFFF9d\uFFFBe\uFEFFf", "abcdef"},
		"drops noncharacters":                          {"a\uFFFEb\uFFFFc\uFDD0d\U0001FFFEe\uFDEFf", "abcdef"},
		"keeps the neighbours of noncharacters":        {"\uFDCF\uFDF0\uFFFD\U0001FFFD", "\uFDCF\uFDF0\uFFFD\U0001FFFD"},
		"drops the first and the last tag":             {"a\U000E0000b\U000E0001c\U000E007Fd", "abcd"},
		"begins to count at each line":                 {"x" + strings.Repeat(acute, 8) + "\r" + strings.Repeat(acute, 9) + "\u2028" + strings.Repeat(acute, 9) + "\n" + strings.Repeat(acute, 9), "x" + strings.Repeat(acute, 8) + strings.Repeat("\n"+strings.Repeat(acute, 8), 3)},
		"begins to count at each flag":                 {"x" + strings.Repeat(acute, 8) + england + strings.Repeat(acute, 9), "x" + strings.Repeat(acute, 8) + england + strings.Repeat(acute, 8)},
		"keeps tags that are letters and digits":       {"\U0001F3F4\U000E0061\U000E007A\U000E0030\U000E0039\U000E007F", "\U0001F3F4\U000E0061\U000E007A\U000E0030\U000E0039\U000E007F"},
		"drops tags beside the letters and digits":     {"\U0001F3F4\U000E0060\U000E007F\U0001F3F4\U000E007B\U000E007F\U0001F3F4\U000E002F\U000E007F\U0001F3F4\U000E003A\U000E007F", strings.Repeat("\U0001F3F4", 4)},
		"drops bytes that are no UTF-8":                {"a\xffb\xc3", "ab"},
		"composes":                                     {"e" + acute, "é"},
		"composes across what it drops":                {"e\x00" + acute, "é"},
		"keeps eight marks":                            {"x" + strings.Repeat(acute, 8), "x" + strings.Repeat(acute, 8)},
		"drops the ninth mark":                         {"x" + strings.Repeat(acute, 99) + "y", "x" + strings.Repeat(acute, 8) + "y"},
		"counts marks across joiners":                  {"x" + strings.Repeat(acute+"\u200D", 20), "x" + strings.Repeat(acute+"\u200D", 8) + strings.Repeat("\u200D", 12)},
		"counts marks that normalising adds":           {"x" + strings.Repeat("\u0344", 8), "\u1E8D" + strings.Repeat("\u0301\u0308", 4)},
		"begins to count at each letter":               {strings.Repeat("x"+strings.Repeat(acute, 8), 2), strings.Repeat("x"+strings.Repeat(acute, 8), 2)},
		"keeps the flags of subdivisions":              {"a" + england + "b", "a" + england + "b"},
		"drops tags without a flag":                    {"a\U000E0067\U000E007Fb", "ab"},
		"drops tags that do not end":                   {"\U0001F3F4\U000E0067\U000E0062x", "\U0001F3F4x"},
		"drops tags that are too many":                 {"\U0001F3F4" + strings.Repeat("\U000E0067", 7) + "\U000E007F", "\U0001F3F4"},
		"drops an end of tags alone":                   {"\U0001F3F4\U000E007F", "\U0001F3F4"},
		"drops tags that are no letters or digits":     {"\U0001F3F4\U000E0041\U000E007F", "\U0001F3F4"},
		"drops tags that hide text behind a flag":      {england + "\U000E0068\U000E0069", england},
		"keeps the flag of pirates":                    {"\U0001F3F4\u200D\u2620\uFE0F", "\U0001F3F4\u200D\u2620\uFE0F"},
		"keeps families, skin tones and keycaps":       {"👨‍👩‍👧‍👦 👍🏽 1️⃣ 🇪🇺 ❤️‍🔥", "👨‍👩‍👧‍👦 👍🏽 1️⃣ 🇪🇺 ❤️‍🔥"},
		"keeps scripts that are written right to left": {"שָׁלוֹם مرحبا", norm.NFC.String("שָׁלוֹם مرحبا")},
		"keeps Thai, Hindi, Tibetan and Chinese":       {"ที่นี่ हिन्दी བོད་ཡིག 漢字", "ที่นี่ हिन्दी བོད་ཡིག 漢字"},
	} {
		if got := text.Clean(c.in); got != c.want {
			t.Errorf("cleaning %s: got %+q, want %+q", name, got, c.want)
		}
	}
}

func TestBlank(t *testing.T) {
	for _, s := range []string{"", " \t\n", "\u200B\u200D\u2060", "\u3164\u115F\u1160\uFFA0\u2800", "\u0301", "\u00A0\u3000", "\u00AD", "\uFE0F"} {
		if !text.Blank(s) {
			t.Errorf("%+q passes for visible", s)
		}
	}
	for _, s := range []string{"x", " . ", "🏴", "漢", "\uE000"} {
		if text.Blank(s) {
			t.Errorf("%+q passes for blank", s)
		}
	}
}

func TestNames(t *testing.T) {
	for name, c := range map[string]struct{ in, want string }{
		"are kept":                               {"Ann Bülow", "Ann Bülow"},
		"are one line with single spaces":        {"  Ann\r\n\t  B\u00A0\u3000C \u3164 D ", "Ann B C D"},
		"have no direction and no format":        {"A\u202En\u200Dn\u200E\u00AD", "Ann"},
		"have no private characters":             {"A\uE000nn", "Ann"},
		"have few marks":                         {"x" + strings.Repeat(acute, 9), "x" + strings.Repeat(acute, 4)},
		"do not begin with a mark":               {acute + " " + acute + "Ann", "Ann"},
		"are at most 64 characters":              {strings.Repeat("ä", 70), strings.Repeat("ä", 64)},
		"do not end in the space of a cut":       {strings.Repeat("x", 63) + " y", strings.Repeat("x", 63)},
		"are composed":                           {"e" + acute, "é"},
		"are composed across dropped characters": {"e\u200D" + acute, "é"},
		"are empty when nothing is visible":      {"\u200B\u2800\x00 \u0301", ""},
		"may hold markup, which is not HTML":     {"<b>&", "<b>&"},
		"lose bytes that are no UTF-8":           {"A\xffn\xc3n", "Ann"},
	} {
		if got := text.Name(c.in); got != c.want {
			t.Errorf("names %s: got %+q, want %+q", name, got, c.want)
		}
	}
}

func TestUserIDs(t *testing.T) {
	for id, want := range map[string]bool{
		"u": true, "auth0|507f1f77": true, "ann@example.com": true, "漢字": true, strings.Repeat("ä", 128): true,
		"": false, strings.Repeat("ä", 129): false, "a b": false, "a\nb": false, "a\x00": false, "a\u00A0b": false, "a\u202Eb": false, "a\u200Bb": false, "a\xff": false, "a\u2028": false,
	} {
		if got := text.ValidUserID(id); got != want {
			t.Errorf("%+q: got %v", id, got)
		}
	}
}

var seeds = []string{
	"plain", "é", "x" + strings.Repeat(acute, 99), england, "\U0001F3F4\U000E0067", "a\u202Eb", "\r\n\r", "\xff\xfe",
	strings.Repeat("\u0344", 40), "\u1100\u1161\u11A8", "ᄀ\u200Dᅡ", "\uFB1D\u05B4", "\u0958\u093C", "👨‍👩‍👧‍👦", "\u2126\u212B\u037E",
}

func check(t *testing.T, in, got string, again func(string) string, most int) {
	t.Helper()
	if !utf8.ValidString(got) {
		t.Errorf("%+q became invalid UTF-8 %+q", in, got)
	}
	if !norm.NFC.IsNormalString(got) {
		t.Errorf("%+q became %+q, which is not in normal form", in, got)
	}
	if twice := again(got); twice != got {
		t.Errorf("%+q became %+q and then %+q", in, got, twice)
	}
	marks := 0
	for _, r := range got {
		switch {
		case unicode.Is(unicode.Cc, r) && r != '\n' && r != '\t', r >= 0x202A && r <= 0x202E, r >= 0x2066 && r <= 0x2069:
			t.Errorf("%+q became %+q", in, got)
		case unicode.Is(unicode.M, r):
			if marks++; marks > most {
				t.Errorf("%+q became %+q with more than %d marks", in, got, most)
			}
		default:
			marks = 0
		}
	}
}

func FuzzClean(f *testing.F) {
	for _, s := range seeds {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, s string) { check(t, s, text.Clean(s), text.Clean, 8) })
}

func FuzzName(f *testing.F) {
	for _, s := range seeds {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, s string) {
		name := text.Name(s)
		check(t, s, name, text.Name, 4)
		if utf8.RuneCountInString(name) > text.MaxName || strings.ContainsAny(name, "\n\t") {
			t.Errorf("%+q became the name %+q", s, name)
		}
	})
}

// What Unicode calls ignorable by default shows as nothing where a font does not
// know it, assigned or not.
func TestThreat28WhatShowsAsNothingIsNoTextAndNoName(t *testing.T) {
	for r := rune(1); r <= unicode.MaxRune; r++ {
		if !utf8.ValidRune(r) || !unicode.In(r, unicode.Other_Default_Ignorable_Code_Point, unicode.Variation_Selector, unicode.Cf, unicode.Zs) && r != '\u2800' && r != '\U0001D159' {
			continue
		}
		if clean := text.Clean(string(r)); !text.Blank(clean) {
			t.Errorf("a text of %U is not blank", r)
		}
		if name := text.Name("a" + string(r)); strings.ContainsRune(name, r) && !unicode.In(r, unicode.M, unicode.L, unicode.Zs) {
			t.Errorf("%U is part of a name", r)
		}
		if name := text.Name(string(r)); name != "" {
			t.Errorf("%U alone is a name", r)
		}
		if !unicode.In(r, unicode.Cf, unicode.L, unicode.M, unicode.Z, unicode.So) && text.Clean("a"+string(r)) != "a" {
			t.Errorf("%U stays in a text", r)
		}
	}
}

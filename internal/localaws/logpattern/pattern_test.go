package logpattern

import (
	"errors"
	"fmt"
	"slices"
	"strings"
	"testing"
	"unicode/utf8"
)

// matching returns the messages that a pattern matches.
func matching(t *testing.T, pattern string, messages []string) []string {
	t.Helper()
	p, err := Parse(pattern)
	if err != nil {
		t.Fatalf("%s: %v", pattern, err)
	}
	return slices.DeleteFunc(slices.Clone(messages), func(message string) bool { _, ok := p.Match(message); return !ok })
}

func check(t *testing.T, messages []string, cases map[string][]string) {
	t.Helper()
	for pattern, want := range cases {
		if got := matching(t, pattern, messages); !slices.Equal(got, want) {
			t.Errorf("%s matches %q, want %q", pattern, got, want)
		}
	}
}

// The examples of the user guide, and what is left open there.
func TestTerms(t *testing.T) {
	messages := []string{"ERROR WARN message", "ERROR message", "WARN message", "[ERROR] Caught IllegalArgumentException", "Exiting with ERRORCODE: -1", "error 500", "10.10.0.1"}
	check(t, messages, map[string][]string{
		"":                     messages,
		"  ":                   messages,
		"ERROR":                {messages[0], messages[1], messages[3], messages[4]},
		"?ERROR ?WARN":         {messages[0], messages[1], messages[2], messages[3], messages[4]},
		"ERROR WARN":           {messages[0]},
		"ERROR -WARN":          {messages[1], messages[3], messages[4]},
		`"ERROR" -"Exiting"`:   {messages[0], messages[1], messages[3]},
		"-ERROR":               {messages[2], messages[5], messages[6]},
		`"ERROR message"`:      {messages[1]},
		`"ERRORCODE: -1"`:      {messages[4]},
		"?ERROR error":         {messages[5]}, // alternatives do not count beside other terms
		"?error -WARN":         {messages[1], messages[3], messages[4], messages[5], messages[6]},
		`%error\s[0-9]{3}%`:    {messages[5]},
		`%10\.10\.0\.1%`:       {messages[6]},
		`?%^WARN% ?"10.10"`:    {messages[2], messages[6]},
		"-%^[A-Z]% -%^[0-9.]%": {messages[3], messages[5]},
	})
}

func TestJSONMembers(t *testing.T) {
	null, text, yes, no, one, oneZero, ten := `{"v":null}`, `{"v":"Alpha"}`, `{"v":true}`, `{"v":false}`, `{"v":1}`, `{"v":1.0}`, `{"v":10}`
	quotedOne, empty, list, object, none := `{"v":"1"}`, `{"v":""}`, `{"v":[1,"Alpha",null]}`, `{"v":{}}`, `{}`
	twice, notJSON, array, more := `{"v":2,"v":1}`, `v = 1`, `[{"v":1}]`, `{"v":1} {"v":1}`
	messages := []string{null, text, yes, no, one, oneZero, ten, quotedOne, empty, list, object, none, twice, notJSON, array, more}
	check(t, messages, map[string][]string{
		`{ $.v = "Alpha" }`:            {text},
		`{ $.v = Alpha }`:              {text},
		`{$.v=Al*}`:                    {text},
		`{ $.v = *lph* }`:              {text},
		`{ $.v = "A*a" }`:              {text},
		`{ $.v = "A?pha" || $.v = 1 }`: {one, oneZero, quotedOne, twice},
		`{ $.v = * }`:                  {text, one, oneZero, ten, quotedOne, empty, twice},
		`{ $.v != "Alpha" }`:           {one, oneZero, ten, quotedOne, empty, twice},
		`{ $.v = 1 }`:                  {one, oneZero, quotedOne, twice},
		`{ $.v = "1" }`:                {one, quotedOne, twice},
		`{ $.v != 1 }`:                 {text, ten, empty},
		`{ $.v > 1 }`:                  {ten},
		`{ $.v >= +1 }`:                {one, oneZero, ten, twice},
		`{ $.v < 1e1 }`:                {one, oneZero, twice},
		`{ $.v <= 10.0 }`:              {one, oneZero, ten, twice},
		`{ $.v = 1* }`:                 {one, oneZero, ten, quotedOne, twice},
		`{ $.v IS NULL }`:              {null, list},
		`{ $.v IS TRUE }`:              {yes},
		`{ $.v IS FALSE }`:             {no},
		`{ $.v NOT EXISTS }`:           {none},
		`{ $.v = %^A% }`:               {text},
		`{ $.v != %^A% }`:              {one, oneZero, ten, quotedOne, empty, twice},
		`{ $.v = "" }`:                 {empty},
	})
	if _, err := Parse(`{ $.v = A?pha }`); err == nil {
		t.Error("a question mark needs quotes")
	}
}

func TestJSONPathsAndConjunctions(t *testing.T) {
	const message = `{"user":{"id":1,"email":"John.Stiles@example.com"},"users":[{"id":2,"email":"John.Doe@example.com"},{"id":3,"email":"Jane.Doe@example.com"}],
		"actions":["GET","PUT","DELETE"],"coordinates":[[0,1,2],[4,5,6],[7,8,9]],"cluster.name":"flat","cluster":{"name":"nested"},"a-b_c":7}`
	for pattern, want := range map[string]bool{
		`{ ($.user.id = 1) && ($.users[0].email = "John.Doe@example.com") }`:                                         true,
		`{ ($.user.id = 2 && $.users[0].email = "nonmatch") || $.actions[2] = "GET" }`:                               false,
		`{ $.user.email = "John.Stiles@example.com" || $.coordinates[0][1] = nonmatch && $.actions[2] = nomatch }`:   true,
		`{ ($.user.email = "John.Stiles@example.com" || $.coordinates[0][1] = nonmatch) && $.actions[2] = nomatch }`: false,
		`{ $.users = 1 }`:                                 false,
		`{ $.users != 1 }`:                                false,
		`{ $.users[*].id = 3 }`:                           true,
		`{ $.users[*].id = 4 }`:                           false,
		`{ $.users.*.id = 2 && $.users[*].id = 3 }`:       true,
		`{ $.coordinates[1][*] = 5 }`:                     true,
		`{ $.['cluster.name'] = flat }`:                   true,
		`{ $.["cluster.name"] = nested }`:                 false,
		`{ $.cluster.name = nested }`:                     true,
		`{ $.cluster['name'] = nested }`:                  true,
		`{ $.a-b_c = 7 }`:                                 true,
		`{ $.users[2] NOT EXISTS }`:                       true,
		`{ $.users[1] NOT EXISTS }`:                       false,
		`{ $.actions[*] NOT EXISTS }`:                     false,
		`{ $.user.name NOT EXISTS && $.user NOT EXISTS }`: false,
		`{ $.user[0] NOT EXISTS }`:                        true,
		`{ $.cluster.* = nested }`:                        true,
		`{((($.user.id<2)))}`:                             true,
	} {
		if got := len(matching(t, pattern, []string{message})) == 1; got != want {
			t.Errorf("%s: %t", pattern, got)
		}
	}
}

func TestFields(t *testing.T) {
	lines := []string{
		`127.0.0.1 - frank [10/Oct/2000:13:25:15 -0700] "GET /index.html HTTP/1.0" 404 1534`,
		`127.0.0.2 - jane [10/Oct/2000:13:25:16 -0700] "GET /index.html HTTP/1.0" 410 0`,
		`127.0.0.3 - frank [10/Oct/2000:13:25:17 -0700] "POST /api HTTP/1.0" 500 2048`,
		"127.0.0.6\t-  frank [x] \"GET /index.html HTTP/1.0\" 404 1534 extra",
		`ERROR request failed`,
		`ERROR "not closed`,
		``,
	}
	check(t, lines, map[string][]string{
		`[ip, user, username, timestamp, request, status_code, bytes]`:                                     lines[:4],
		`[ip, user, username, timestamp, request, status_code, bytes > 1000]`:                              {lines[0], lines[2]}, // "1534 extra" is no number
		`[ip, user, username, timestamp, request, status_code = 4*, bytes]`:                                {lines[0], lines[1], lines[3]},
		`[ip, user, username, timestamp, request = *html*, status_code = 4* && status_code != 410, bytes]`: {lines[0], lines[3]},
		`[..., status_code, bytes]`:             lines[:6],
		`[..., status_code = 4*, bytes]`:        {lines[0], lines[1]},
		`[ip, user, username = frank, ...]`:     {lines[0], lines[2], lines[3]},
		`[ip != 127*, ...]`:                     {lines[4], lines[5]},
		`[w1=ERROR || w1=%3$%, ...]`:            {lines[2], lines[4], lines[5]},
		`[(w1=ERROR || w1=WARN) && w1!=X, ...]`: {lines[4], lines[5]},
		`[a, b, c]`:                             lines[:6],
		`[a, b = "\"not", c = closed]`:          {lines[5]},
		`[a, ..., z=failed]`:                    {lines[4]},
		`[]`:                                    lines[:6],
		`[a, b, ..., c, d]`:                     lines[:4],
	})
	if got := split(`a "b c" [d e] "f" "g"h [i] "not closed [x`); fmt.Sprintf("%d %s, %s, %s", len(got), got[1].value, got[2].value, got[4].value) != `9 b c, d e, "g"h` {
		t.Errorf("%d fields: %v", len(got), got)
	}
}

func TestSelectors(t *testing.T) {
	for _, c := range []struct{ pattern, message, selector, want string }{
		{`{ $.latency = * }`, `{"latency":12.5,"a":{"b":["x"]}}`, `$.latency`, "12.5"},
		{`{ $.latency = * }`, `{"latency":12.5,"a":{"b":["x"]}}`, `$.a.b[0]`, "x"},
		{`{ $.latency = * }`, `{"latency":12.5,"a":{"b":["x"]}}`, `$.a.b`, "none"},
		{`{ $.latency = * }`, `{"latency":12.5,"ok":true}`, `$.ok`, "true"},
		{`{ $.latency = * }`, `{"latency":12.5}`, `$.missing`, "none"},
		{`[ip, ..., bytes]`, `1.2.3.4 x y 99`, `$bytes`, "99"},
		{`[ip, ..., bytes]`, `1.2.3.4 x y 99`, `$ip`, "1.2.3.4"},
		{`[ip, ..., bytes]`, `1.2.3.4 x y 99`, `$3`, "y"},
		{`[ip, ..., bytes]`, `1.2.3.4 x y 99`, `$4`, "none"}, // it has a name
		{`[ip, ..., bytes]`, `1.2.3.4 x y 99`, `$none`, "none"},
		{`[a, b]`, `x [y z] rest "of it" `, `$b`, `[y z] rest "of it"`},
	} {
		p, err := Parse(c.pattern)
		if err != nil {
			t.Fatal(err)
		}
		m, ok := p.Match(c.message)
		if !ok {
			t.Fatalf("%s does not match", c.pattern)
		}
		selector, err := p.Selector(c.selector)
		if err != nil {
			t.Fatal(err)
		}
		got, ok := selector.Of(m)
		if !ok {
			got = "none"
		}
		if got != c.want {
			t.Errorf("%s of %s: %s, want %s", c.selector, c.message, got, c.want)
		}
	}
	for pattern, wrong := range map[string][]string{
		`{ $.a = * }`: {"$a", "1", "$.a[*]", "$.a x", "$.", ""},
		`[a, b]`:      {"a", "$", "$.a", "$a b", "$ a"},
		`ERROR`:       {"$a", "$.a"},
	} {
		for _, selector := range wrong {
			p, err := Parse(pattern)
			if err != nil {
				t.Fatal(err)
			}
			if _, err := p.Selector(selector); err == nil {
				t.Errorf("%s takes the selector %q", pattern, selector)
			}
		}
	}
}

func TestWhatIsNoNumberGivesNone(t *testing.T) {
	p, err := Parse(`{ $.v = * }`)
	if err != nil {
		t.Fatal(err)
	}
	selector, err := p.Selector("$.v")
	if err != nil {
		t.Fatal(err)
	}
	for message, want := range map[string]string{
		`{"v":"12"}`: "12 true", `{"v":1e3}`: "1000 true", `{"v":"0x10"}`: "0 false", `{"v":"inf"}`: "0 false", `{"v":"1_000"}`: "0 false", `{"v":""}`: "0 false", `{"v":1e999}`: "0 false",
	} {
		m, _ := p.Match(message)
		value, ok := selector.Number(m)
		if !ok {
			value = 0
		}
		if got := fmt.Sprint(value, ok); got != want {
			t.Errorf("%s: %s, want %s", message, got, want)
		}
	}
}

func TestWrongPatternsAreRefused(t *testing.T) {
	for pattern, want := range map[string]string{
		"ERROR:":             "needs double quotes",
		"a.b":                "needs double quotes",
		"ERROR | WARN":       "at character 7",
		`"not closed`:        "closing quote",
		"- a":                "a term is expected",
		"?":                  "a term is expected",
		"%a":                 "closing percent sign",
		"%a b%":              "no such character",
		"%(a)%":              "no such character",
		`%\p{L}%`:            "no such escape",
		"%a% %b% %c%":        "at most two",
		"%[%":                "invalid",
		"{":                  "selector",
		"{}":                 "selector",
		"{ $.a }":            "operator",
		"{ $.a = }":          "a value is expected",
		"{ $.a = b c }":      "closing brace",
		"{ $.a = null }":     "a value is expected",
		"{ $.a > b }":        "needs a number",
		`{ $.a > "1" }`:      "needs a number",
		"{ $.a EXISTS }":     "operator",
		"{ $.a IS NOTHING }": "NULL, TRUE or FALSE",
		"{ $.a NOT NULL }":   "EXISTS",
		"{ a = 1 }":          "begins with $.",
		"{ $.a = 1":          "closing brace",
		"{ ($.a = 1 }":       "parenthesis",
		"{ $.a[*][*] = 1 }":  "wildcard",
		"{ $.a[-1] = 1 }":    "an index",
		"{ $.a[1 = 1 }":      "closing bracket",
		"{ $.a = 1 } x":      "nothing may follow",
		"{ $.a[*] = 1 || $.b[*] = 1 || $.c[*] = 1 || $.d[*] = 1 }": "wildcard",
		"{ $.a LIKE 1 }":          "operator",
		"[a, a]":                  "two fields",
		"[..., ...]":              "one ellipsis",
		"[a b]":                   "operator",
		"[a = 1":                  "comma",
		"[a = 1 && b = 1]":        "only conditions on field a",
		"[a,]":                    "name of a field",
		"[a] b":                   "nothing may follow",
		strings.Repeat("a", 1025): "1024 characters",
		"\xff":                    "UTF-8",
	} {
		_, err := Parse(pattern)
		var syntax *SyntaxError
		if !errors.As(err, &syntax) || !strings.Contains(err.Error(), want) {
			t.Errorf("%.60s: %v, want %s", pattern, err, want)
		}
	}
	if _, err := Parse(strings.Repeat("a", 1024)); err != nil {
		t.Error(err)
	}
}

func FuzzParse(f *testing.F) {
	for _, seed := range []string{
		`ERROR -"x y" ?%a{,3}%`, `{ ($.a.b[0] = "x*" && $.['c d'] > 1.5) || $.e IS NULL || $.f NOT EXISTS }`,
		`[a, b = 4* && b != 404, ..., (c > 1 || c < 0)]`, `{$.a[*].b=1}`, `[]`, `%[a-z]+%`,
	} {
		f.Add(seed, `{"a":{"b":["x"]},"e":null} 1 "two three" [4]`)
		f.Add(seed, `{"a":[{"b":1}]}`)
	}
	f.Fuzz(func(t *testing.T, pattern, message string) {
		p, err := Parse(pattern)
		if err != nil {
			var syntax *SyntaxError
			if !errors.As(err, &syntax) || syntax.At < 1 || syntax.At > utf8.RuneCountInString(pattern)+1 {
				t.Fatalf("error %v", err)
			}
			return
		}
		m, ok := p.Match(message)
		if !ok {
			return
		}
		for _, selector := range []string{"$.a", "$a", "$1", "$.a.b[0]"} {
			if s, err := p.Selector(selector); err == nil {
				s.Number(m)
			}
		}
		// A pattern means the same with space around it.
		if again, err := Parse(" " + pattern + "\n"); utf8.RuneCountInString(pattern) < maxLength-2 {
			if err != nil {
				t.Fatal(err)
			}
			if _, same := again.Match(message); !same {
				t.Fatal("space around a pattern changes it")
			}
		}
	})
}

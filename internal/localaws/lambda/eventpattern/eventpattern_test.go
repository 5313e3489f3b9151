package eventpattern

import (
	"strings"
	"testing"
)

func TestMatch(t *testing.T) {
	tests := []struct {
		pattern string
		yes, no []string
	}{
		{`{"a":["x"]}`, []string{`{"a":"x"}`, `{"a":"x","b":1}`, `{"a":["y","x"]}`}, []string{`{"a":"X"}`, `{}`, `{"a":null}`, `{"a":{"x":1}}`, `{"A":"x"}`, `"x"`, `[]`, `no JSON`, `{"a":"x"} {}`}},
		{`{"a":[""]}`, []string{`{"a":""}`}, []string{`{"a":" "}`, `{}`, `{"a":null}`}},
		{`{"a":[null]}`, []string{`{"a":null}`}, []string{`{}`, `{"a":""}`, `{"a":0}`}},
		{`{"a":[true]}`, []string{`{"a":true}`}, []string{`{"a":"true"}`, `{"a":false}`}},
		{`{"a":[300]}`, []string{`{"a":300}`}, []string{`{"a":300.0}`, `{"a":3e2}`, `{"a":"300"}`}},
		{`{"a":["x","y",1]}`, []string{`{"a":"y"}`, `{"a":1}`}, []string{`{"a":"z"}`}},
		{`{"a":["x"],"b":["y"]}`, []string{`{"b":"y","a":"x"}`}, []string{`{"a":"x"}`, `{"a":"x","b":"z"}`}},
		{`{"$or":[{"a":["x"]},{"b":[1]}]}`, []string{`{"a":"x"}`, `{"b":1,"a":"z"}`}, []string{`{"a":"y","b":2}`, `{}`}},
		{`{"c":["z"],"$or":[{"a":["x"]},{"b":[1]}]}`, []string{`{"a":"x","c":"z"}`}, []string{`{"a":"x"}`, `{"c":"z"}`}},
		{`{"a":{"$or":[{"b":[1]},{"b":[2]}]}}`, []string{`{"a":{"b":2}}`}, []string{`{"a":{"b":3}}`, `{"b":1}`}},
		{`{"a":[{"anything-but":["x",1]}]}`, []string{`{"a":"y"}`, `{"a":2}`, `{"a":null}`, `{"a":["x","z"]}`}, []string{`{"a":"x"}`, `{"a":1}`, `{}`, `{"a":["x"]}`}},
		{`{"a":[{"anything-but":"x"}]}`, []string{`{"a":"y"}`}, []string{`{"a":"x"}`}},
		{`{"a":[{"numeric":["=",100]}]}`, []string{`{"a":100}`, `{"a":1e2}`, `{"a":100.0}`}, []string{`{"a":"100"}`, `{"a":101}`, `{}`}},
		{`{"a":[{"numeric":[">",10,"<=",20]}]}`, []string{`{"a":10.5}`, `{"a":20}`}, []string{`{"a":10}`, `{"a":20.1}`, `{"a":null}`}},
		{`{"a":[{"numeric":[">=",10,"<",20]}]}`, []string{`{"a":10}`}, []string{`{"a":20}`}},
		{`{"a":[{"numeric":["<",0]}]}`, []string{`{"a":-1}`}, []string{`{"a":0}`}},
		{`{"a":[{"exists":true}]}`, []string{`{"a":1}`, `{"a":null}`, `{"a":[1]}`}, []string{`{}`, `{"a":{"b":1}}`, `{"a":[]}`}},
		{`{"a":[{"exists":false}]}`, []string{`{}`, `{"b":1}`, `{"a":[]}`}, []string{`{"a":null}`, `{"a":1}`}},
		{`{"a":{"b":[{"exists":false}]}}`, []string{`{}`, `{"a":{}}`, `{"a":1}`}, []string{`{"a":{"b":1}}`}},
		{`{"a":[{"prefix":"us-"}]}`, []string{`{"a":"us-1"}`}, []string{`{"a":"eu-1"}`, `{"a":1}`}},
		{`{"a":[{"suffix":".png"}]}`, []string{`{"a":"x.png"}`}, []string{`{"a":"x.PNG"}`, `{}`}},
		{`{"a":[{"equals-ignore-case":"Äb"}]}`, []string{`{"a":"äB"}`}, []string{`{"a":"ab"}`}},
		{`{"a":{"b":{"c":["x"]}}}`, []string{`{"a":{"b":{"c":"x"}}}`, `{"a":[{"b":{"c":"y"}},{"b":[{"c":"x"}]}]}`}, []string{`{"a":{"c":"x"}}`, `{"a":"x"}`}},
		{`{"a":{"b":["x"],"c":["y"]}}`, []string{`{"a":[{"b":"x","c":"y"}]}`}, []string{`{"a":[{"b":"x"},{"c":"y"}]}`}},
	}
	for _, test := range tests {
		p, err := Parse(test.pattern)
		if err != nil {
			t.Errorf("%s: %v", test.pattern, err)
			continue
		}
		for _, event := range test.yes {
			if !p.MatchJSON([]byte(event)) {
				t.Errorf("%s does not match %s", test.pattern, event)
			}
		}
		for _, event := range test.no {
			if p.MatchJSON([]byte(event)) {
				t.Errorf("%s matches %s", test.pattern, event)
			}
		}
	}
}

func TestAPatternIsRefusedWhen(t *testing.T) {
	for name, pattern := range map[string]string{
		"it is no JSON":                          `{"a":[1]`,
		"it is two":                              `{"a":[1]}{"a":[1]}`,
		"it is no object":                        `["a"]`,
		"it is empty":                            `{}`,
		"it has an empty object":                 `{"a":{}}`,
		"it has no rules":                        `{"a":[]}`,
		"a value is in no list":                  `{"a":"x"}`,
		"a rule is a list":                       `{"a":[["x"]]}`,
		"a rule has two operators":               `{"a":[{"prefix":"x","suffix":"y"}]}`,
		"an operator is unknown":                 `{"a":[{"wildcard":"x*"}]}`,
		"an operator is EventBridge's only":      `{"a":[{"cidr":"10.0.0.0/8"}]}`,
		"anything-but has an operator":           `{"a":[{"anything-but":{"prefix":"x"}}]}`,
		"anything-but has nothing":               `{"a":[{"anything-but":[]}]}`,
		"anything-but has null":                  `{"a":[{"anything-but":[null]}]}`,
		"exists is no boolean":                   `{"a":[{"exists":"true"}]}`,
		"a prefix is a number":                   `{"a":[{"prefix":1}]}`,
		"numeric has no list":                    `{"a":[{"numeric":5}]}`,
		"numeric has half a comparison":          `{"a":[{"numeric":["<"]}]}`,
		"numeric compares with a string":         `{"a":[{"numeric":["<","5"]}]}`,
		"numeric has an unknown operator":        `{"a":[{"numeric":["!=",5]}]}`,
		"a range is turned round":                `{"a":[{"numeric":["<",5,">",1]}]}`,
		"a range is empty":                       `{"a":[{"numeric":[">",5,"<",5]}]}`,
		"a range has two lower limits":           `{"a":[{"numeric":[">",1,">",5]}]}`,
		"$or has one alternative":                `{"$or":[{"a":[1]}]}`,
		"$or has an alternative that is invalid": `{"$or":[{"a":[1]},{"a":1}]}`,
		"it is too long":                         `{"a":["` + strings.Repeat("x", MaxLength) + `"]}`,
	} {
		if _, err := Parse(pattern); err == nil {
			t.Errorf("%s: accepted", name)
		}
	}
}

func TestMember(t *testing.T) {
	for pattern, want := range map[string][2]bool{
		`{"body":{"a":[1]}}`:                               {true, true},
		`{"body":["x"]}`:                                   {false, true},
		`{"other":["x"]}`:                                  {false, false},
		`{"body":["x"],"other":["x"]}`:                     {false, false},
		`{"$or":[{"body":[1]},{"a":[]}]}`:                  {},
		`{"body":["x"],"$or":[{"body":[1]},{"body":[2]}]}`: {false, false},
	} {
		p, err := Parse(pattern)
		if err != nil {
			continue
		}
		_, fields, only := p.Member("body")
		if fields != want[0] || only != want[1] {
			t.Errorf("%s: fields %v, only %v", pattern, fields, only)
		}
	}
	p, err := Parse(`{"body":["x",{"prefix":"y"}]}`)
	if err != nil {
		t.Fatal(err)
	}
	body, _, _ := p.Member("body")
	if !body.MatchString("x") || !body.MatchString("yes") || body.MatchString("z") {
		t.Error("strings are matched wrongly")
	}
}

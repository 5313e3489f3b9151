package dataplane

import (
	"encoding/json"
	"strings"
	"testing"

	"github.com/portcullis-chat/portcullis/internal/localaws/apigw"
)

func TestTheRouteOfAMessage(t *testing.T) {
	routes := map[string]*apigw.Route{}
	for _, key := range []string{"$connect", "$disconnect", "$default", "send", "1", "1.0", "true", "[a, b]", "[1, [2, ]]", "join-", "-", "null", "{}", "a b"} {
		routes[key] = &apigw.Route{Key: key}
	}
	for _, c := range []struct{ expression, message, want string }{
		{"", `{"action":"send"}`, "send"},
		{"", ` {"action" : "send"} `, "send"},
		{"", "\ufeff" + `{"action":"send"}`, "$default"}, // a byte order mark is no JSON
		{"", `{"action":"SEND"}`, "$default"},
		{"", `{"Action":"send"}`, "$default"},
		{"", `{"action":"\u0073end"}`, "send"},
		{"", `{"action":"send"} `, "send"},
		{"", `{"action":"send"}}`, "$default"},
		{"", `{"action":"send"}{}`, "$default"},
		{"", `{"action":"send",}`, "$default"},
		{"", `{'action':'send'}`, "$default"},
		{"", `{"action":"none","action":"send"}`, "send"}, // the last one; a choice
		{"", `{"action":"send","action":"none"}`, "$default"},
		{"", `hello`, "$default"},
		{"", ``, "$default"},
		{"", `"send"`, "$default"},
		{"", `1`, "$default"},
		{"", `null`, "$default"},
		{"", `[]`, "$default"},
		{"", `[{"action":"send"}]`, "$default"},
		{"", `{}`, "$default"},
		{"", `{"action":1}`, "1"},
		{"", `{"action":1.0}`, "1.0"},
		{"", `{"action":true}`, "true"},
		{"", `{"action":null}`, "$default"},
		{"", `{"action":""}`, "$default"},
		{"", `{"action":["a","b"]}`, "[a, b]"},
		{"", `{"action":[1,[2,null]]}`, "[1, [2, ]]"},
		{"", `{"action":{}}`, "{}"},
		{"", `{"action":"$connect"}`, "$default"},
		{"", `{"action":"$disconnect"}`, "$default"},
		{"", `{"action":"$default"}`, "$default"},
		{"", `{"action":"\u0024connect"}`, "$default"},
		{"", "{\"action\":\"send\",\"x\":\"\xff\"}", "send"}, // frames with this do not come this far
		{"$request.body.a.b", `{"a":{"b":"send"}}`, "send"},
		{"$request.body.a.b", `{"a":"send"}`, "$default"},
		{"$request.body.a.b", `{"a.b":"send"}`, "$default"},
		{"$request.body.a[1]", `{"a":["x","send"]}`, "send"},
		{"$request.body.a[2]", `{"a":["x","send"]}`, "$default"},
		{"$request.body.a[0][1].b", `{"a":[["x",{"b":"send"}]]}`, "send"},
		{"$request.body.a[99999999999999999999]", `{"a":["send"]}`, "$default"},
		{"${request.body.action}-${request.body.invalidPath}", `{"action":"join"}`, "join-"},
		{"${request.body.action}-${request.body.kind}", `{}`, "-"},
		{"$request.body.action b", `{"action":"a"}`, "a b"},
		{"send", `{}`, "send"},
		{`\$default`, `{"action":"send"}`, "$default"},
		{`\$request.body.action`, `{"action":"send"}`, "$default"},
		{"${request.body.action}", `{"action":"${request.body.x}","x":"send"}`, "$default"}, // once, not again
	} {
		if c.expression == "" {
			c.expression = "$request.body.action"
		}
		got := selectRoute(&apigw.Deployment{RouteSelectionExpression: c.expression, Routes: routes}, []byte(c.message))
		if got.Key != c.want {
			t.Errorf("%s of %s: got %s, want %s", c.expression, c.message, got.Key, c.want)
		}
	}
	if got := selectRoute(&apigw.Deployment{RouteSelectionExpression: "$request.body.action"}, []byte(`{}`)); got != nil {
		t.Errorf("without $default: got %s", got.Key)
	}
}

// No message, whatever it is, reaches $connect or $disconnect.
func FuzzSelection(f *testing.F) {
	f.Add("$request.body.action", []byte(`{"action":"$connect"}`))
	f.Add("${request.body.a[0]}x", []byte(`{"a":["send"]}`))
	f.Add(`\$connect`, []byte(`{}`))
	routes := map[string]*apigw.Route{"$connect": {Key: "$connect"}, "$disconnect": {Key: "$disconnect"}, "send": {Key: "send"}}
	f.Fuzz(func(t *testing.T, expression string, message []byte) {
		route := selectRoute(&apigw.Deployment{RouteSelectionExpression: expression, Routes: routes}, message)
		if route != nil && route.Key != "send" {
			t.Errorf("%q of %q reached %s", expression, message, route.Key)
		}
		if _, ok := evaluateSelection(expression, message); ok != json.Valid(message) {
			t.Errorf("%q: evaluated %t", message, ok)
		}
		if got, ok := evaluateSelection(expression, message); ok && !strings.Contains(expression, "$") && got != expression {
			t.Errorf("static %q became %q", expression, got)
		}
	})
}

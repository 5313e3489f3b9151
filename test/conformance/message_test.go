package conformance_test

import (
	"fmt"
	"net/http"
	"regexp"
	"strings"
	"time"

	"github.com/portcullis-chat/portcullis/test/conformance/script"
)

// errorFrame is AWS's own text, spaces included.
var errorFrame = regexp.MustCompile(`\A\{"message": "([^"]+)", "connectionId":"([A-Za-z0-9_-]+=*)", "requestId":"[A-Za-z0-9_-]+=*"\}\z`)

func wantErrorFrame(t *T, frame, message string) {
	t.Helper()
	match := errorFrame.FindStringSubmatch(frame)
	if match == nil || match[1] != message {
		t.Errorf("got %.300s, want AWS's frame with %q", frame, message)
	}
}

// nested is JSON of so many objects in one another.
func nested(depth int) string {
	return strings.Repeat(`{"a":`, depth) + "1" + strings.Repeat("}", depth)
}

func selectionCases() []testCase {
	page := docs("websocket-api-develop-routes")
	var cases []testCase
	// $request.body.action on an API with $default and send.
	for _, c := range []struct {
		name, message string
		source        source
		want          string
	}{
		{"the route whose key is the value is selected", `{"action":"send"}`, page, "send"},
		{"white space around the JSON is no harm", " \r\n\t{ \"action\" : \"send\" }\n ", page, "send"},
		{"escapes in the value count as what they stand for", `{"action":"\u0073end"}`, page, "send"},
		{"escapes in the name count as what they stand for", `{"\u0061ction":"send"}`, page, "send"},
		{"other members are no harm", `{"x":{"action":"tell"},"action":"send","y":[1,2]}`, page, "send"},
		{"a value that is no route's key selects $default", `{"action":"none"}`, page, "$default"},
		{"a value of another case selects $default", `{"action":"Send"}`, page, "$default"},
		{"a value with white space selects $default", `{"action":"send "}`, page, "$default"},
		{"a name of another case is another name", `{"Action":"send"}`, page, "$default"},
		{"no such member selects $default", `{"type":"send"}`, page, "$default"},
		{"an empty value selects $default", `{"action":""}`, page, "$default"},
		{"what is not JSON selects $default", `send`, page, "$default"},
		{"broken JSON selects $default", `{"action":"send"`, page, "$default"},
		{"JSON and more selects $default", `{"action":"send"}{"action":"send"}`, page, "$default"},
		{"single quotes are not JSON", `{'action':'send'}`, page, "$default"},
		{"NaN is not JSON", `{"action":"send","n":NaN}`, page, "$default"},
		{"a raw control character is not JSON", "{\"action\":\"send\",\"x\":\"\x01\"}", page, "$default"},
		{"an empty message selects $default", ``, choice, "$default"},
		{"a byte order mark is not JSON", "\ufeff" + `{"action":"send"}`, choice, "$default"},
		{"a list selects $default", `[{"action":"send"}]`, choice, "$default"},
		{"an empty list selects $default", `[]`, choice, "$default"},
		{"a number selects $default", `1`, choice, "$default"},
		{"a string selects $default", `"send"`, choice, "$default"},
		{"null selects $default", `null`, choice, "$default"},
		{"true selects $default", `true`, choice, "$default"},
		{"null as the value selects $default", `{"action":null}`, choice, "$default"},
		{"an object as the value selects $default", `{"action":{"send":1}}`, choice, "$default"},
		{"a member named by the path with its dots is not followed", `{"request.body.action":"send"}`, page, "$default"},
		{"an action $connect reaches $default, never $connect", `{"action":"$connect"}`, choice, "$default"},
		{"an action $disconnect reaches $default, never $disconnect", `{"action":"$disconnect"}`, choice, "$default"},
		{"an action $default reaches $default", `{"action":"$default"}`, choice, "$default"},
		{"of a member that comes twice the last selects: send", `{"action":"none","action":"send"}`, choice, "send"},
		{"of a member that comes twice the last selects: $default", `{"action":"send","action":"none"}`, choice, "$default"},
		{"deeply nested JSON is no harm", `{"action":"send","deep":` + nested(500) + `}`, choice, "send"},
	} {
		cases = append(cases, testCase{section: "3.3", name: c.name, source: c.source, run: func(t *T) {
			conn := t.dial(t.Open, offer{})
			conn.say(c.message)
			ev := conn.hearsEvent()
			equal(t, "route", ev.context("routeKey"), c.want)
			equal(t, "event type", ev.context("eventType"), "MESSAGE")
			equal(t, "body", ev.string("body"), c.message)
		}})
	}
	// Values that are no strings, on an API with such keys.
	cases = append(cases, testCase{section: "3.3", name: "numbers, booleans and lists become text: 1, 1.0, true, [a, b], []", source: page.and(choice), run: func(t *T) {
		keys := map[string]string{"1": `1`, "1.0": `1.0`, "-2.5e3": `-2.5e3`, "true": `true`, "false": `false`, "[a, b]": `["a","b"]`, "[1, true]": `[1,true]`, "[]": `[]`}
		routes := []route{twoWay("$default")}
		for key := range keys {
			routes = append(routes, twoWay(key))
		}
		c := t.dial(t.newAPI(spec{routes: routes, stages: []stage{{name: "live"}}}), offer{bare: true})
		for key, value := range keys {
			c.say(`{"action":` + value + `}`)
			equal(t, "route of "+value, c.hearsEvent().context("routeKey"), key)
		}
	}})
	for _, c := range []struct{ name, message, want string }{
		{"a path that leads nowhere is empty text: join-", `{"action":"join"}`, "join-"},
		{"several variables make one key", `{"action":"join","sub":"x"}`, "join-x"},
		{"of variables that all lead nowhere the static text remains", `{}`, "-"},
		{"the value is not evaluated again", `{"action":"a","sub":"$request.body.sub"}`, "a-$request.body.sub"},
		{"what is not JSON selects $default, whatever the text around the variables", `-`, "$default"},
	} {
		cases = append(cases, testCase{section: "3.3", name: "${request.body.action}-${request.body.sub}: " + c.name, source: page, run: func(t *T) {
			conn := t.dial(t.Composed, offer{bare: true})
			conn.say(c.message)
			equal(t, "route", conn.hearsEvent().context("routeKey"), c.want)
		}})
	}
	for _, c := range []struct{ name, message, want string }{
		{"the path is followed", `{"to":{"list":["x","hit"]}}`, "hit"},
		{"an index beyond the list leads nowhere", `{"to":{"list":["hit"]}}`, "$default"},
		{"an object in the list's place leads nowhere", `{"to":{"list":{"1":"hit"}}}`, "$default"},
		{"a string on the way leads nowhere", `{"to":"hit"}`, "$default"},
	} {
		cases = append(cases, testCase{section: "3.3", name: "$request.body.to.list[1]: " + c.name, source: page, run: func(t *T) {
			conn := t.dial(t.Nested, offer{bare: true})
			conn.say(c.message)
			equal(t, "route", conn.hearsEvent().context("routeKey"), c.want)
		}})
	}
	return append(cases, testCase{section: "3.3", name: "API Gateway's own routes are reached by no message, also when there is no $default", source: choice, run: func(t *T) {
		c := t.dial(t.NoDefault, offer{})
		for _, action := range []string{"$connect", "$disconnect", "$default"} {
			c.say(`{"action":"` + action + `"}`)
			wantErrorFrame(t, c.hear(), "Forbidden")
		}
		_, connect := c.calls()
		equal(t, "calls of $connect", connect, 1)
	}})
}

func messageCases() []testCase {
	chatApp := func(n int) source { return seen(fmt.Sprintf("aws-samples/simple-websockets-chat-app#%d", n)) }
	oneWayPage, twoWayPage := docs("apigateway-websocket-api-routes-integrations"), docs("apigateway-websocket-api-route-response")
	timeout := seen("Kludex/mangum#128").and(seen("aws/chalice#1406"))
	// fails sends a message and checks the frame that comes, that it names the
	// connection, and that the socket stays open.
	fails := func(action string, s script.Script, message string) func(*T) {
		return func(t *T) {
			c := t.dial(t.Guarded, offer{})
			c.do(action, s)
			frame := c.hear()
			wantErrorFrame(t, frame, message)
			if !strings.Contains(frame, `"connectionId":"`+c.connectionID()+`"`) {
				t.Errorf("the frame is not of the connection %s: %s", c.connectionID(), frame)
			}
			c.hearsNothing()
		}
	}
	// silent sends a message to which nothing may come.
	silent := func(action string, s script.Script) func(*T) {
		return func(t *T) {
			c := t.dial(t.Guarded, offer{})
			c.do(action, s)
			t.event(script.ConnectionKey(c.connectionID()), "MESSAGE")
			c.hearsNothing()
		}
	}
	answered := func(s script.Script, want string) func(*T) {
		return func(t *T) {
			c := t.dial(t.Guarded, offer{})
			c.do("send", s)
			c.hears(want)
			c.hearsNothing()
		}
	}
	returning := func(result string) script.Script { return script.Script{Result: result} }
	const internal = "Internal server error"
	return []testCase{
		{section: "3.4", name: "no route and no $default: the frame “Forbidden” in AWS's exact form", source: chatApp(24), run: func(t *T) {
			c := t.dial(t.NoDefault, offer{})
			for _, message := range []string{`{"action":"none"}`, `{}`, `not JSON`, ``} {
				c.say(message)
				frame := c.hear()
				wantErrorFrame(t, frame, "Forbidden")
				if !strings.Contains(frame, `"connectionId":"`+c.connectionID()+`"`) {
					t.Errorf("the frame is not of the connection %s: %s", c.connectionID(), frame)
				}
			}
			c.say(`{"action":"send"}`)
			equal(t, "the socket stays open: route", c.hearsEvent().context("routeKey"), "send")
		}},
		{section: "3.4", name: "an error of the function: the frame “Internal server error” in AWS's exact form", source: chatApp(42), run: fails("send", script.Script{Error: "boom"}, internal)},
		{section: "3.4", name: "a crash of the function: Internal server error", source: chatApp(46), run: fails("send", script.Script{Exit: true}, internal)},
		{section: "3.4", name: "an error on a one-way route: Internal server error all the same", source: chatApp(42), run: fails("tell", script.Script{Error: "boom"}, internal)},
		{section: "3.4", name: "a result without statusCode: Internal server error", source: choice, run: fails("send", returning(`{"body":"x"}`), internal)},
		{section: "3.4", name: "a result that is null: Internal server error", source: choice, run: fails("send", returning(`null`), internal)},
		{section: "3.4", name: "a result that is no JSON: Internal server error", source: choice, run: fails("send", returning(`{`), internal)},
		{section: "3.4", name: "a body that is no string: Internal server error", source: choice, run: fails("send", returning(`{"statusCode":200,"body":{"a":1}}`), internal)},
		{section: "3.4", name: "an integration's own timeout: the frame “Endpoint request timed out”", source: timeout, run: fails("slow", script.Script{SleepMillis: 3000}, "Endpoint request timed out")},
		{section: "3.4", name: "a timeout on a one-way route: Endpoint request timed out all the same", source: timeout, run: fails("slow one-way", script.Script{SleepMillis: 3000}, "Endpoint request timed out")},
		{section: "3.4", name: "a route without integration: Internal server error", source: choice, notOnAWS: "whether such a route can be deployed is not documented", run: func(t *T) {
			c := t.dial(t.newAPI(spec{routes: []route{{key: "bare", bare: true}}, stages: []stage{{name: "live"}}}), offer{bare: true})
			c.say(`{"action":"bare"}`)
			wantErrorFrame(t, c.hear(), internal)
		}},
		{section: "3.4", name: "a two-way route answers with the function's body", source: twoWayPage, run: answered(returning(`{"statusCode":200,"body":"answer \u00e9 <&>"}`), "answer é <&>")},
		{section: "3.4", name: "the answer has neither statusCode nor headers", source: twoWayPage, run: answered(returning(`{"statusCode":201,"headers":{"x":"y"},"body":"only this"}`), "only this")},
		{section: "3.4", name: "a status that is no success does not keep a body back", source: choice, run: answered(returning(`{"statusCode":500,"body":"still this"}`), "still this")},
		{section: "3.4", name: "isBase64Encoded does not change the body", source: choice, run: answered(returning(`{"statusCode":200,"isBase64Encoded":true,"body":"eA=="}`), "eA==")},
		{section: "3.4", name: "an empty body is no message", source: choice, run: silent("send", returning(`{"statusCode":200,"body":""}`))},
		{section: "3.4", name: "no body is no message", source: choice, run: silent("send", returning(`{"statusCode":200}`))},
		{section: "3.4", name: "a one-way route answers nothing", source: oneWayPage, run: silent("tell", returning(`{"statusCode":200,"body":"x"}`))},
		{section: "3.4", name: "a one-way route answers nothing, whatever the status", source: oneWayPage, run: silent("tell", returning(`{"statusCode":500,"body":"x"}`))},
		{section: "3.4", name: "with the selection expression alone a route answers nothing", source: twoWayPage, run: silent("selects", script.Script{})},
		{section: "3.4", name: "with the route response alone a route answers nothing", source: twoWayPage, run: silent("responds", script.Script{})},
		{section: "3.4", name: "$default may be two-way too", source: twoWayPage, run: func(t *T) { t.dial(t.Guarded, offer{}).hearsNothing() }},
		{section: "3.4", name: "a MOCK integration answers by its template", source: docs("websocket-api-data-mapping"), run: func(t *T) {
			c := t.dial(t.Guarded, offer{})
			c.say(`{"action":"mock"}`)
			c.hears(`{"pong":"` + c.connectionID() + `","who":"probe","level":""}`)
			c.hearsNothing()
		}},
		{section: "3.4", name: "messages of one connection run at once, and answers come as they are ready", source: twoWayPage, run: func(t *T) {
			c := t.dial(t.Guarded, offer{})
			c.do("send", script.Script{SleepMillis: 4000, Result: `{"statusCode":200,"body":"slow"}`})
			c.do("send", script.Script{Result: `{"statusCode":200,"body":"fast"}`})
			c.hears("fast")
			c.hears("slow")
		}},
		{section: "3.4", name: "eight messages that each take 3 s are answered together", source: twoWayPage, run: func(t *T) {
			c := t.dial(t.Guarded, offer{})
			started := time.Now()
			for range 8 {
				c.do("send", script.Script{SleepMillis: 3000, Result: `{"statusCode":200,"body":"done"}`})
			}
			for range 8 {
				c.hears("done")
			}
			if took := time.Since(started); took > 20*time.Second {
				t.Errorf("one after the other they would take 24 s, they took %v", took)
			}
		}},
		{section: "3.4", name: "an integration may post to its own connection", source: management("PostToConnection"), run: func(t *T) {
			c := t.dial(t.Guarded, offer{})
			c.do("tell", script.Script{Posts: []script.Post{{Method: "POST", Data: "by the back door"}}})
			c.hears("by the back door")
			equal(t, "status", t.posts(script.ConnectionKey(c.connectionID())), "[200]")
		}},
		{section: "3.4", name: "an integration may post to another connection", source: management("PostToConnection"), run: func(t *T) {
			c, other := t.dial(t.Guarded, offer{}), t.dial(t.Guarded, offer{})
			c.do("tell", script.Script{Posts: []script.Post{{Method: "POST", To: other.connectionID(), Data: "for you"}}})
			other.hears("for you")
			c.hearsNothing()
		}},
		{section: "3.4", name: "what is posted before the answer comes before the answer", source: choice, run: func(t *T) {
			c := t.dial(t.Guarded, offer{})
			c.do("send", script.Script{Posts: []script.Post{{Method: "POST", Data: "first"}}, Result: `{"statusCode":200,"body":"second"}`})
			c.hears("first")
			c.hears("second")
		}},
		{section: "3.4", name: "the answer to a connection that has closed is dropped", source: choice, run: func(t *T) {
			c := t.dial(t.Guarded, offer{})
			c.do("send", script.Script{SleepMillis: 1500, Posts: []script.Post{{Method: "POST", Data: "x"}}})
			t.event(script.ConnectionKey(c.connectionID()), "MESSAGE")
			c.send(closing(1000, ""))
			c.closesWith(1000)
			equal(t, "a post meanwhile", t.posts(script.ConnectionKey(c.connectionID())), "[410]")
		}},
		{section: "3.4", name: "messages that cross the server's close are dropped", source: choice, run: func(t *T) {
			c := t.dial(t.Guarded, offer{})
			equal(t, "status", c.manage(t.cfg, http.MethodDelete, "").status, http.StatusNoContent)
			c.do("send", script.Script{})
			c.closesWith(1000)
			c.disconnected()
			equal(t, "events", len(t.events(script.ConnectionKey(c.connectionID()))), 1)
		}},
	}
}

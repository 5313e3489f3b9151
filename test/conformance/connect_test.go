package conformance_test

import (
	"fmt"
	"net/http"
	"strings"
	"time"

	"github.com/portcullis-chat/portcullis/test/conformance/script"
)

func connectCases() []testCase {
	routeKeys := docs("apigateway-websocket-api-route-keys-connect-disconnect")
	offline := seen("dherault/serverless-offline#1301")
	// answers is the case of a result of $connect that ends in a status.
	answers := func(s script.Script, status int) func(*T) {
		return func(t *T) {
			c := t.refused(t.Open, offer{connect: s}, status)
			if status == http.StatusSwitchingProtocols {
				c.hearsNothing()
			}
		}
	}
	returns := func(result string, status int) func(*T) { return answers(script.Script{Result: result}, status) }
	statusIs := func(status int, source source) testCase {
		return testCase{
			section: "3.1", name: fmt.Sprintf("$connect answers %d: the handshake is refused with %d", status, status), source: source,
			run: returns(fmt.Sprintf(`{"statusCode":%d}`, status), status),
		}
	}
	cases := []testCase{
		{section: "3.1", name: "the handshake waits for $connect to end", source: routeKeys, run: func(t *T) {
			started := time.Now()
			t.dial(t.Open, offer{connect: script.Script{SleepMillis: 700}})
			if took := time.Since(started); took < 700*time.Millisecond {
				t.Errorf("open after %v", took)
			}
		}},
		{section: "3.1", name: "$connect answers 200: the connection opens", source: routeKeys, run: returns(`{"statusCode":200}`, 101)},
		{section: "3.1", name: "$connect answers 204: the connection opens", source: routeKeys, run: returns(`{"statusCode":204}`, 101)},
		{section: "3.1", name: "$connect answers 299: the connection opens", source: routeKeys, run: returns(`{"statusCode":299}`, 101)},
		statusIs(301, offline),
		statusIs(400, docs("websocket-connect-route-subprotocol")),
		statusIs(401, offline),
		statusIs(403, choice),
		statusIs(429, choice),
		statusIs(500, choice),
		statusIs(501, offline),
		statusIs(503, choice),
		{section: "3.1", name: "a statusCode in a string counts", source: choice, run: returns(`{"statusCode":"403"}`, 403)},
		{section: "3.1", name: "an error in $connect is 502", source: offline, run: answers(script.Script{Error: "boom"}, 502)},
		{section: "3.1", name: "a crash in $connect is 502", source: offline, run: answers(script.Script{Exit: true}, 502)},
		{section: "3.1", name: "a result without statusCode is 502", source: choice, run: returns(`{"body":"x"}`, 502)},
		{section: "3.1", name: "a result that is null is 502", source: choice, run: returns(`null`, 502)},
		{section: "3.1", name: "a result that is a list is 502", source: choice, run: returns(`[200]`, 502)},
		{section: "3.1", name: "a result whose body is an object is 502", source: choice, run: returns(`{"statusCode":200,"body":{}}`, 502)},
		{section: "3.1", name: "a statusCode that is no final status of HTTP is 502", source: choice, run: func(t *T) {
			for _, status := range []string{"0", "101", "199", "600", "1000", `"ok"`, "true", "200.5"} {
				returns(`{"statusCode":`+status+`}`, 502)(t)
			}
		}},
		{section: "3.1", name: "a statusCode of another case is none: 502", source: choice, run: returns(`{"StatusCode":200}`, 502)},
		{section: "3.1", name: "an integration timeout of $connect is 504", source: choice, run: func(t *T) {
			a := t.newAPI(spec{routes: []route{{key: "$connect", timeout: 300}}, stages: []stage{{name: "live"}}})
			t.refused(a, offer{connect: script.Script{SleepMillis: 5_000}}, http.StatusGatewayTimeout)
		}},
		{section: "3.1", name: "$connect needs no integration", source: routeKeys, notOnAWS: "whether such a route can be deployed is not documented", run: func(t *T) {
			a := t.newAPI(spec{routes: []route{{key: "$connect", bare: true}, twoWay("$default")}, stages: []stage{{name: "live"}}})
			t.dial(a, offer{}).hearsNothing()
		}},
		{section: "3.1", name: "an API needs no $connect", source: routeKeys, run: func(t *T) { t.dial(t.Echo, offer{}) }},
		{section: "3.1", name: "a request without upgrade is 426", source: offline, run: func(t *T) {
			target, caseID := t.target(t.Open, offer{})
			c := t.request(t.Open, []string{"GET " + target + " HTTP/1.1", "Host: " + t.Open.url.Host, "Connection: close"})
			c.caseID = caseID
			equal(t, "status", c.answer.status, http.StatusUpgradeRequired)
			_, connect := c.calls()
			equal(t, "calls of $connect", connect, 0)
		}},
		{section: "3.1", name: "a stage without deployment is 403", source: seen("hashicorp/terraform-provider-aws#17955"), run: func(t *T) {
			t.refused(t.Guarded, offer{stage: "undeployed"}, http.StatusForbidden)
		}},
		{section: "3.1", name: "a stage that does not exist is 403", source: choice, run: func(t *T) {
			c := t.refused(t.Guarded, offer{stage: "none"}, http.StatusForbidden)
			equal(t, "body", c.answer.body, `{"message":"Forbidden"}`)
		}},
		{section: "3.1", name: "a path below the stage is 403", source: choice, run: func(t *T) {
			t.refused(t.Open, offer{path: "/more"}, http.StatusForbidden)
		}},
		{section: "3.1", name: "an API that does not exist is 403", source: choice, notOnAWS: "its name does not resolve", run: func(t *T) {
			none := *t.Open
			none.url = mustParse(strings.Replace(t.Open.Endpoint, t.Open.ID, "none123456", 1))
			t.refused(&none, offer{}, http.StatusForbidden)
		}},
		{section: "3.1", name: "PostToConnection inside its own $connect is 410", source: source("[D](https://repost.aws/knowledge-center/410-gone-api-gateway)"), run: func(t *T) {
			c := t.dial(t.Open, offer{connect: script.Script{Posts: []script.Post{{Method: "POST", Data: "early"}, {Method: "GET"}}}})
			equal(t, "inside", t.posts(script.CaseKey(c.caseID)), "[410,410]")
			equal(t, "afterwards", c.manage(t.cfg, http.MethodPost, "late").status, http.StatusOK)
			c.hears("late")
		}},
		{section: "3.1", name: "a connection can be posted to from its first moment", source: choice, run: func(t *T) {
			for range 10 {
				c := t.dial(t.Open, offer{})
				equal(t, "status", c.manage(t.cfg, http.MethodPost, "hello").status, http.StatusOK)
				c.hears("hello")
			}
		}},
		{section: "3.1", name: "a connection that $connect refused is gone and has no $disconnect", source: choice, run: func(t *T) {
			c := t.refused(t.Open, offer{connect: script.Script{Result: `{"statusCode":403}`}}, http.StatusForbidden)
			equal(t, "status", c.manage(t.cfg, http.MethodPost, "x").status, http.StatusGone)
			later := t.dial(t.Open, offer{})
			later.send(closing(1000, ""))
			later.disconnected()
			equal(t, "events", len(t.events(script.ConnectionKey(c.connectionID()))), 0)
		}},
	}
	return cases
}

func subprotocolCases() []testCase {
	page := docs("websocket-connect-route-subprotocol")
	// offered makes a handshake that offers two subprotocols.
	offered := func(t *T, a *api, authorize, connect script.Script) *conn {
		return t.dial(a, offer{headers: []string{"Sec-WebSocket-Protocol: chat.v1, bearer.secret"}, authorize: authorize, connect: connect})
	}
	// echoing is a result of $connect with a header.
	echoing := func(name, value string) script.Script {
		return script.Script{Result: `{"statusCode":200,"headers":{` + encode(name) + ":" + encode(value) + "}}"}
	}
	subprotocol := func(connect script.Script, want string) func(*T) {
		return func(t *T) {
			c := offered(t, t.Open, script.Script{}, connect)
			equal(t, "subprotocol", strings.Join(c.answer.header.Values("Sec-WebSocket-Protocol"), "|"), want)
		}
	}
	return []testCase{
		{section: "3.2", name: "the subprotocol that $connect returns is in the response", source: page, run: subprotocol(echoing("Sec-WebSocket-Protocol", "chat.v1"), "chat.v1")},
		{section: "3.2", name: "the header's name may be written in any case", source: choice, run: subprotocol(echoing("sec-websocket-protocol", "chat.v1"), "chat.v1")},
		{section: "3.2", name: "without it the response has no subprotocol", source: page.and(seen("localstack/localstack#6521")), run: subprotocol(script.Script{}, "")},
		{section: "3.2", name: "a subprotocol with a line break is dropped", source: choice, run: func(t *T) {
			c := offered(t, t.Open, script.Script{}, echoing("Sec-WebSocket-Protocol", "chat.v1\r\nX-Evil: 1"))
			equal(t, "subprotocol", c.answer.header.Get("Sec-WebSocket-Protocol"), "")
			equal(t, "smuggled header", c.answer.header.Get("X-Evil"), "")
		}},
		{section: "3.2", name: "a subprotocol that was not offered is passed on", source: choice, run: subprotocol(echoing("Sec-WebSocket-Protocol", "other"), "other")},
		{section: "3.2", name: "other headers that $connect returns are dropped", source: choice, run: func(t *T) {
			c := t.dial(t.Open, offer{connect: script.Script{Result: `{"statusCode":200,"headers":{"X-Other":"1","Set-Cookie":"a=b"}}`}})
			equal(t, "X-Other", c.answer.header.Get("X-Other"), "")
			equal(t, "Set-Cookie", c.answer.header.Get("Set-Cookie"), "")
		}},
		{section: "3.2", name: "the authorizer cannot set the subprotocol", source: page, run: func(t *T) {
			c := offered(t, t.Guarded, script.Script{Result: result(statement("Allow", `"{methodArn}"`), `,"headers":{"Sec-WebSocket-Protocol":"chat.v1"}`)}, script.Script{})
			equal(t, "subprotocol", c.answer.header.Get("Sec-WebSocket-Protocol"), "")
		}},
		{section: "3.2", name: "authorizer and $connect see what the client offers", source: page, run: func(t *T) {
			c := offered(t, t.Guarded, script.Script{}, script.Script{})
			for _, ev := range []event{c.authorized(), c.connected()} {
				equal(t, ev.kind(), ev.string("headers", "Sec-WebSocket-Protocol"), "chat.v1, bearer.secret")
			}
		}},
		{section: "3.2", name: "compression is not negotiated", source: choice, run: func(t *T) {
			c := t.dial(t.Open, offer{headers: []string{"Sec-WebSocket-Extensions: permessage-deflate; client_max_window_bits"}})
			equal(t, "extensions", c.answer.header.Get("Sec-WebSocket-Extensions"), "")
			equal(t, "in the event", c.connected().string("headers", "Sec-WebSocket-Extensions"), "permessage-deflate; client_max_window_bits")
		}},
	}
}

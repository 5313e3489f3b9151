package conformance_test

import (
	"encoding/json"
	"fmt"
	"net/http"
	"strconv"
	"strings"

	"github.com/portcullis-chat/portcullis/test/conformance/script"
)

// statement is a statement of an authorizer's policy; resource is JSON.
func statement(effect, resource string) string {
	return fmt.Sprintf(`{"Action":"execute-api:Invoke","Effect":%q,"Resource":%s}`, effect, resource)
}

// result is an authorizer's result with a list of statements, and more members.
func result(statements, more string) string {
	return `{"principalId":"probe","policyDocument":{"Version":"2012-10-17","Statement":[` + statements + `]}` + more + `}`
}

// allowing is a result that allows the connection and has a context.
func allowing(context string) script.Script {
	return script.Script{Result: result(statement("Allow", `"{methodArn}"`), `,"context":`+context)}
}

// isRefused is the case of an authorizer's answer that ends in a refusal.
func isRefused(authorize script.Script, status int) func(*T) {
	return func(t *T) {
		c := t.refused(t.Guarded, offer{authorize: authorize}, status)
		authorizer, connect := c.calls()
		equal(t, "calls of the authorizer", authorizer, 1)
		equal(t, "calls of $connect", connect, 0)
	}
}

// isLetIn is the case of an authorizer's answer that is good.
func isLetIn(authorize script.Script) func(*T) {
	return func(t *T) {
		c := t.dial(t.Guarded, offer{authorize: authorize})
		authorizer, connect := c.calls()
		equal(t, "calls of the authorizer", authorizer, 1)
		equal(t, "calls of $connect", connect, 1)
	}
}

func authorizationCases() []testCase {
	// calls makes a handshake with the Sources API, which must be refused
	// without a call, or with status 101 after one.
	identity := func(o offer, status int) func(*T) {
		return func(t *T) {
			c := t.refused(t.Sources, o, status)
			want := 0
			if status == http.StatusSwitchingProtocols {
				want = 1
			}
			authorizer, connect := c.calls()
			equal(t, "calls of the authorizer", authorizer, want)
			equal(t, "calls of $connect", connect, want)
		}
	}
	create, gateway := reference("CreateAuthorizer"), docs("supported-gateway-response-types")
	output := docs("api-gateway-lambda-authorizer-output")
	const token = "X-Token: t"
	return []testCase{
		{section: "2.1", name: "the authorizer is called for $connect, and neither for messages nor for $disconnect", source: docs("apigateway-websocket-api-route-keys-connect-disconnect").and(seen("localstack/localstack#10059")), run: func(t *T) {
			c := t.dial(t.Guarded, offer{})
			for range 3 {
				c.do("send", script.Script{})
				c.hear()
			}
			c.send(closing(1000, ""))
			c.disconnected()
			authorizer, _ := c.calls()
			equal(t, "calls of the authorizer", authorizer, 1)
			for _, ev := range t.events(script.ConnectionKey(c.connectionID())) {
				if ev.kind() == "REQUEST" {
					t.Error("the authorizer was called again")
				}
			}
		}},
		{section: "2.2", name: "all identity sources present: the authorizer is called", source: create, run: identity(offer{query: "room=r", headers: []string{token}}, 101)},
		{section: "2.2", name: "missing identity header is 401 without a call", source: create, run: identity(offer{query: "room=r"}, 401)},
		{section: "2.2", name: "empty identity header is 401 without a call", source: create, run: identity(offer{query: "room=r", headers: []string{"X-Token:"}}, 401)},
		{section: "2.2", name: "missing identity parameter is 401 without a call", source: create, run: identity(offer{headers: []string{token}}, 401)},
		{section: "2.2", name: "empty identity source is 401 without a call", source: create, run: identity(offer{query: "room=", headers: []string{token}}, 401)},
		{section: "2.2", name: "identity parameter without a value is 401 without a call", source: create, run: identity(offer{query: "room", headers: []string{token}}, 401)},
		{section: "2.2", name: "missing identity stage variable is 401 without a call", source: create, run: identity(offer{stage: "unset", query: "room=r", headers: []string{token}}, 401)},
		{section: "2.2", name: "an identity header may be written in any case", source: choice, run: identity(offer{query: "room=r", headers: []string{"x-toKEN: t"}}, 101)},
		{section: "2.2", name: "an identity parameter of another case is missing", source: choice, run: identity(offer{query: "Room=r", headers: []string{token}}, 401)},
		{section: "2.2", name: "an authorizer without identity sources is always called", source: create, run: isLetIn(script.Script{})},
		{section: "2.4", name: "nothing is cached: each handshake calls the authorizer", source: create.and(seen("hashicorp/terraform-provider-aws#15232")), run: func(t *T) {
			// Both handshakes have the same headers and query.
			target, caseID := t.target(t.Sources, offer{query: "room=same"})
			for range 2 {
				t.request(t.Sources, handshake(t.Sources, target, token))
			}
			c := &conn{t: t, caseID: caseID}
			authorizer, _ := c.calls()
			equal(t, "calls of the authorizer", authorizer, 2)
		}},

		{section: "2.6", name: "an error that says exactly Unauthorized is 401", source: docs("apigateway-use-lambda-authorizer").and(seen("localstack/localstack#6368")), run: isRefused(script.Script{Error: "Unauthorized"}, 401)},
		{section: "2.6", name: "an error that says unauthorized is 500", source: gateway, run: isRefused(script.Script{Error: "unauthorized"}, 500)},
		{section: "2.6", name: "an error that says more than Unauthorized is 500", source: gateway, run: isRefused(script.Script{Error: "Unauthorized."}, 500)},
		{section: "2.6", name: "any other error is 500", source: gateway.and(seen("serverless/examples#557")), run: isRefused(script.Script{Error: "boom"}, 500)},
		{section: "2.6", name: "a crash is 500", source: gateway, run: isRefused(script.Script{Exit: true}, 500)},
		{section: "2.6", name: "an authorizer that takes more than 10 s is 500", source: choice, notOnAWS: "the time that AWS gives is not documented", run: isRefused(script.Script{SleepMillis: 15_000}, 500)},
		{section: "2.6", name: "a Deny is 403", source: docs("apigateway-websocket-api-route-keys-connect-disconnect"), run: isRefused(script.Script{Result: result(statement("Deny", `"*"`), "")}, 403)},
		{section: "2.6", name: "null is 500", source: gateway, run: isRefused(script.Script{Result: `null`}, 500)},
		{section: "2.6", name: "a string is 500", source: gateway, run: isRefused(script.Script{Result: `"Allow"`}, 500)},
		{section: "2.6", name: "an HTTP API's simple answer is 500", source: gateway, run: isRefused(script.Script{Result: `{"isAuthorized":true}`}, 500)},
		{section: "2.6", name: "an answer without principalId is 500", source: output, run: isRefused(script.Script{Result: `{"policyDocument":{"Version":"2012-10-17","Statement":[` + statement("Allow", `"*"`) + `]}}`}, 500)},
		{section: "2.6", name: "an answer without policyDocument is 500", source: output, run: isRefused(script.Script{Result: `{"principalId":"probe"}`}, 500)},
		{section: "2.6", name: "an answer whose names have another case is 500", source: gateway, run: isRefused(script.Script{Result: strings.Replace(result(statement("Allow", `"*"`), ""), "policyDocument", "PolicyDocument", 1)}, 500)},
		{section: "2.6", name: "an object in the context is 500", source: output, run: isRefused(allowing(`{"a":{"b":"c"}}`), 500)},
		{section: "2.6", name: "a list in the context is 500", source: output, run: isRefused(allowing(`{"a":["b"]}`), 500)},
		{section: "2.6", name: "null in the context is 500", source: choice, run: isRefused(allowing(`{"a":null}`), 500)},
		{section: "2.6", name: "a context that is no object is 500", source: output, run: isRefused(allowing(`"a"`), 500)},
		{section: "2.6", name: "a usageIdentifierKey that nobody asked for is no harm", source: output, run: isLetIn(script.Script{Result: result(statement("Allow", `"{methodArn}"`), `,"usageIdentifierKey":"k"`)})},
		{section: "2.6", name: "a refused handshake has no $disconnect", source: choice, run: func(t *T) {
			c := t.refused(t.Guarded, offer{authorize: script.Script{Result: result(statement("Deny", `"*"`), "")}}, 403)
			id := c.authorized().context("connectionId")
			// $disconnect of a later connection comes after that of an earlier one would.
			later := t.dial(t.Guarded, offer{})
			later.send(closing(1000, ""))
			later.disconnected()
			equal(t, "events of the refused one", len(t.events(script.ConnectionKey(id))), 0)
		}},
		{section: "2.6", name: "a refused handshake says Unauthorized, Forbidden or Internal server error in JSON", source: choice, run: func(t *T) {
			for status, message := range map[int]string{401: "Unauthorized", 403: "Forbidden", 500: "Internal server error"} {
				s := map[int]script.Script{401: {Error: "Unauthorized"}, 403: {Result: result(statement("Deny", `"*"`), "")}, 500: {Error: "x"}}[status]
				c := t.refused(t.Guarded, offer{authorize: s}, status)
				equal(t, "type", c.answer.header.Get("Content-Type"), "application/json")
				var body map[string]string
				if err := json.Unmarshal([]byte(c.answer.body), &body); err != nil || len(body) != 1 {
					t.Errorf("body of %d: %q", status, c.answer.body)
				}
				equal(t, "message", body["message"], message)
			}
		}},

		{section: "2.7", name: "principalId and context are in the events of $connect, messages and $disconnect", source: output.and(seen("dherault/serverless-offline#1360")), run: func(t *T) {
			c := t.dial(t.Guarded, offer{authorize: allowing(`{"tenant":"t1"}`)})
			c.do("send", script.Script{})
			message := c.hearsEvent()
			c.send(closing(1000, ""))
			for _, ev := range []event{c.connected(), message, c.disconnected()} {
				equal(t, "principalId in "+ev.kind(), ev.string("requestContext", "authorizer", "principalId"), "probe")
				equal(t, "tenant in "+ev.kind(), ev.string("requestContext", "authorizer", "tenant"), "t1")
			}
		}},
		{section: "2.7", name: "numbers and booleans of the context keep their type and digits", source: choice, run: func(t *T) {
			c := t.dial(t.Guarded, offer{authorize: allowing(`{"n":17706607034190001,"f":1.50,"b":true,"s":"3"}`)})
			equal(t, "authorizer", encode(c.connected().at("requestContext", "authorizer")), `{"b":true,"f":1.50,"n":17706607034190001,"principalId":"probe","s":"3"}`)
		}},
		{section: "2.7", name: "a key principalId in the context does not replace the principal", source: choice, run: func(t *T) {
			c := t.dial(t.Guarded, offer{authorize: allowing(`{"principalId":"eve"}`)})
			equal(t, "principalId", c.connected().string("requestContext", "authorizer", "principalId"), "probe")
		}},
		{section: "2.7", name: "$context.authorizer is text in templates", source: docs("apigateway-websocket-api-mapping-template-reference"), run: func(t *T) {
			c := t.dial(t.Guarded, offer{authorize: allowing(`{"level":3}`)})
			c.say(`{"action":"mock"}`)
			c.hears(`{"pong":"` + c.connectionID() + `","who":"probe","level":"3"}`)
		}},
	}
}

func policyCases() []testCase {
	output, iam := docs("api-gateway-lambda-authorizer-output"), docs("apigateway-websocket-control-access-iam")
	powertools := seen("aws-powertools/powertools-lambda-python#5800")
	// evaluated is the case of a policy with statements made for the API.
	evaluated := func(statements func(arn func(suffix string) string) string, allowed bool) func(*T) {
		return func(t *T) {
			s := script.Script{Result: result(statements(func(suffix string) string { return t.arn(t.Guarded, suffix) }), "")}
			if allowed {
				isLetIn(s)(t)
			} else {
				isRefused(s, http.StatusForbidden)(t)
			}
		}
	}
	allowing := func(suffix string) func(func(string) string) string {
		return func(arn func(string) string) string { return statement("Allow", strconv.Quote(arn(suffix))) }
	}
	text := func(statements string) func(func(string) string) string {
		return func(func(string) string) string { return statements }
	}
	allowOther := `{"Action":"execute-api:Invoke","Effect":"Allow","Resource":"arn:aws:execute-api:*:*:other/*"}`
	var cases []testCase
	for _, c := range []struct {
		name       string
		source     source
		statements func(arn func(string) string) string
		allowed    bool
	}{
		{"a policy for stage and $connect allows", output, allowing("live/$connect"), true},
		{"a policy for the stage with * allows", iam, allowing("live/*"), true},
		{"a policy for every resource allows", output, text(statement("Allow", `"*"`)), true},
		{"? stands for one character", output, allowing("liv?/$connec?"), true},
		{"? stands for no less than one character", output, allowing("live?/$connect"), false},
		{"* stands for any characters, slashes too", output, allowing("*connect"), true},
		{"a policy for a REST API's method path refuses with 403", powertools, allowing("live/*/*"), false},
		{"a policy for another stage refuses with 403", output, allowing("test/$connect"), false},
		{"a policy for another API refuses with 403", output, text(allowOther), false},
		{"a policy for another route refuses with 403", output, allowing("live/$default"), false},
		{"a resource matches with its case", output, allowing("LIVE/$connect"), false},
		{"a Deny wins over an Allow after it", output, text(statement("Deny", `"*"`) + "," + statement("Allow", `"*"`)), false},
		{"a Deny wins over an Allow before it", output, text(statement("Allow", `"*"`) + "," + statement("Deny", `"*"`)), false},
		{"a Deny of something else is no harm", output, func(arn func(string) string) string {
			return statement("Deny", strconv.Quote(arn("test/*"))) + "," + statement("Allow", `"*"`)
		}, true},
		{"every statement is evaluated, not only the first", output, text(allowOther + "," + statement("Allow", `"{methodArn}"`)), true},
		{"the first statement's Effect alone allows nothing", output, text(allowOther), false},
		{"Resource may be a list", output, text(statement("Allow", `["arn:aws:execute-api:*:*:other/*","{methodArn}"]`)), true},
		{"Action may be a list", output, text(`{"Action":["execute-api:ManageConnections","execute-api:Invoke"],"Effect":"Allow","Resource":"*"}`), true},
		{"Action may have wildcards", output, text(`{"Action":"execute-api:*","Effect":"Allow","Resource":"*"}`), true},
		{"Action matches without case", output, text(`{"Action":"Execute-API:invoke","Effect":"Allow","Resource":"*"}`), true},
		{"another action refuses with 403", output, text(`{"Action":"execute-api:ManageConnections","Effect":"Allow","Resource":"*"}`), false},
	} {
		cases = append(cases, testCase{section: "2.5", name: c.name, source: c.source, run: evaluated(c.statements, c.allowed)})
	}
	return append(cases,
		testCase{section: "2.5", name: "Statement may be one object", source: output, run: isLetIn(script.Script{
			Result: `{"principalId":"probe","policyDocument":{"Version":"2012-10-17","Statement":` + statement("Allow", `"{methodArn}"`) + `}}`,
		})},
		testCase{section: "2.5", name: "a policy without statements is 500", source: choice, run: isRefused(script.Script{Result: result("", "")}, 500)},
		testCase{section: "2.5", name: "an Effect that is neither Allow nor Deny is 500", source: choice, run: isRefused(script.Script{Result: result(statement("Permit", `"*"`), "")}, 500)},
		testCase{section: "2.5", name: "a resource above 512 characters is 500", source: output, run: isRefused(script.Script{
			Result: result(statement("Allow", `["*","arn:aws:execute-api:*:*:*/live/`+strings.Repeat("x", 512)+`"]`), ""),
		}, 500)},
	)
}

func permissionCases() []testCase {
	arnFormat := docs("arn-format-reference")
	moduleIssue := seen("terraform-aws-modules/terraform-aws-apigateway-v2#8")
	open := []route{twoWay("$default"), twoWay("send")}
	live := []stage{{name: "live"}}
	// message sends a message for a route of an API and checks the answer: an
	// event, or the frame of an error.
	message := func(s spec, allowed bool) func(*T) {
		return func(t *T) {
			a := t.newAPI(s)
			c := t.dial(a, offer{bare: true})
			c.say(`{"action":"send"}`)
			answer := c.hear()
			if !allowed {
				wantErrorFrame(t, answer, "Internal server error")
				return
			}
			equal(t, "route", parseEvent(t, answer).context("routeKey"), "send")
		}
	}
	return []testCase{
		{section: "2.9", name: "a permission for the stage and the route lets its messages through", source: arnFormat, run: message(spec{routes: open, stages: live, permissions: []string{"live/send"}}, true)},
		{section: "2.9", name: "a permission for every stage and route lets messages through", source: arnFormat, run: message(spec{routes: open, stages: live, permissions: []string{"*/*"}}, true)},
		{section: "2.9", name: "a permission for another route does not: Internal server error", source: arnFormat, run: message(spec{routes: open, stages: live, permissions: []string{"live/$default"}}, false)},
		{section: "2.9", name: "a permission for another stage does not: Internal server error", source: arnFormat, run: message(spec{routes: open, stages: live, permissions: []string{"test/send"}}, false)},
		{section: "2.9", name: "without a permission a message gets Internal server error", source: seen("aws-samples/simple-websockets-chat-app#42"), run: message(spec{routes: open, stages: live, permissions: []string{}}, false)},
		{section: "2.9", name: "a permission for the API's source but another account does not: Internal server error", source: docs("api-gateway-control-access-policy-language-overview"), run: func(t *T) {
			a := t.newAPI(spec{routes: open, stages: live, permissions: []string{}})
			revoke, err := t.permit(t.Context(), t.arn(a, "*"), "111122223333")
			if err != nil {
				t.Fatal(err)
			}
			defer func() { _ = revoke(t.Context()) }()
			c := t.dial(a, offer{bare: true})
			c.say(`{"action":"send"}`)
			wantErrorFrame(t, c.hear(), "Internal server error")
		}},
		{section: "2.9", name: "$connect is not called without its permission, and the handshake is 500", source: moduleIssue, run: func(t *T) {
			a := t.newAPI(spec{routes: []route{oneWay("$connect"), twoWay("$default")}, stages: live, permissions: []string{"live/$default"}})
			c := t.refused(a, offer{}, http.StatusInternalServerError)
			_, connect := c.calls()
			equal(t, "calls of $connect", connect, 0)
		}},
		{section: "2.9", name: "$disconnect is not called without its permission", source: arnFormat, run: func(t *T) {
			a := t.newAPI(spec{routes: []route{oneWay("$connect"), oneWay("$disconnect"), twoWay("$default")}, stages: live, permissions: []string{"live/$connect", "live/$default"}})
			c := t.dial(a, offer{})
			c.send(closing(1000, ""))
			c.closesWith(1000)
			id := c.connectionID()
			later := t.dial(t.Open, offer{})
			later.send(closing(1000, ""))
			later.disconnected()
			equal(t, "events", len(t.events(script.ConnectionKey(id))), 0)
		}},
		{section: "2.9", name: "the authorizer's permission names the authorizer", source: arnFormat, run: func(t *T) {
			a := t.newAPI(spec{sources: []string{}, routes: []route{{key: "$connect", bare: false}, twoWay("$default")}, stages: live, permissions: []string{"authorizers/*", "live/$connect"}})
			t.dial(a, offer{})
		}},
		{section: "2.9", name: "a permission for the routes does not let the authorizer be called: 500", source: arnFormat.and(moduleIssue), run: func(t *T) {
			a := t.newAPI(spec{sources: []string{}, routes: []route{oneWay("$connect"), twoWay("$default")}, stages: live, permissions: []string{"live/*"}})
			c := t.refused(a, offer{}, http.StatusInternalServerError)
			authorizer, connect := c.calls()
			equal(t, "calls", authorizer+connect, 0)
		}},
	}
}

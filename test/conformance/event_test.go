package conformance_test

import (
	"encoding/json"
	"fmt"
	"net"
	"regexp"
	"strconv"
	"strings"
	"time"

	"github.com/aws/aws-lambda-go/events"

	"github.com/portcullis-chat/portcullis/test/conformance/script"
)

// idForm is what connection and request ids look like: base64 of about eleven
// bytes, in the alphabet for URLs.
var idForm = regexp.MustCompile(`\A[A-Za-z0-9_-]{10,22}={0,2}\z`)

// common is what every requestContext has, in order.
const common = "apiId connectedAt connectionId domainName eventType extendedRequestId identity messageDirection requestId requestTime requestTimeEpoch routeKey stage"

// with adds names to a list of names and sorts it.
func with(names string, more ...string) string {
	members := make(map[string]any)
	for _, name := range append(strings.Fields(names), more...) {
		members[name] = true
	}
	return event(members).keys()
}

// wantContext checks what every requestContext has.
func wantContext(t *T, c *conn, a *api, ev event, routeKey, eventType string) {
	t.Helper()
	what := eventType + ": "
	equal(t, what+"routeKey", ev.context("routeKey"), routeKey)
	equal(t, what+"eventType", ev.context("eventType"), eventType)
	equal(t, what+"messageDirection", ev.context("messageDirection"), "IN")
	equal(t, what+"stage", ev.context("stage"), "live")
	equal(t, what+"apiId", ev.context("apiId"), a.ID)
	equal(t, what+"connectionId", ev.context("connectionId"), c.connectionID())
	equal(t, what+"domainName", ev.context("domainName"), a.url.Host)
	equal(t, what+"extendedRequestId", ev.context("extendedRequestId"), ev.context("requestId"))
	for _, name := range []string{"requestId", "connectionId"} {
		if !idForm.MatchString(ev.context(name)) {
			t.Errorf("%s%s has not the form of an id: %s", what, name, ev.context(name))
		}
	}
	epoch, err := strconv.ParseInt(ev.context("requestTimeEpoch"), 10, 64)
	if err != nil {
		t.Fatalf("%srequestTimeEpoch: %v", what, err)
	}
	at := time.UnixMilli(epoch).UTC()
	equal(t, what+"requestTime", ev.context("requestTime"), at.Format("02/Jan/2006:15:04:05 +0000"))
	connected, err := strconv.ParseInt(ev.context("connectedAt"), 10, 64)
	if err != nil || connected > epoch || epoch-connected > int64(10*patience/time.Millisecond) {
		t.Errorf("%sconnectedAt %s, requestTimeEpoch %d, in milliseconds", what, ev.context("connectedAt"), epoch)
	}
	if ip := net.ParseIP(ev.string("requestContext", "identity", "sourceIp")); ip == nil {
		t.Errorf("%sidentity: %v", what, ev.at("requestContext", "identity"))
	}
}

// wantNoNull fails when an event has a member that is null.
func wantNoNull(t *T, path string, value any) {
	t.Helper()
	switch v := value.(type) {
	case nil:
		t.Errorf("%s is null", path)
	case event:
		wantNoNull(t, path, map[string]any(v))
	case map[string]any:
		for name, member := range v {
			wantNoNull(t, path+"."+name, member)
		}
	}
}

// wantMulti checks that the multi-value form of a map has the last value of each
// name in the single-value form, and the same names.
func wantMulti(t *T, ev event, single, multi string) {
	t.Helper()
	equal(t, multi, ev.keys(multi), ev.keys(single))
	values, _ := ev.at(multi).(map[string]any)
	for name, list := range values {
		all, _ := list.([]any)
		if len(all) == 0 {
			t.Fatalf("%s %s is %v", multi, name, list)
		}
		equal(t, single+" "+name, ev.string(single, name), fmt.Sprint(all[len(all)-1]))
	}
}

// wantKept checks that everything in sent is in kept.
func wantKept(t *T, path string, sent, kept any) {
	t.Helper()
	object, ok := sent.(map[string]any)
	if !ok {
		equal(t, path, encode(kept), encode(sent))
		return
	}
	other, _ := kept.(map[string]any)
	for key, value := range object {
		wantKept(t, path+"."+key, value, other[key])
	}
}

func eventCases() []testCase {
	integration := docs("apigateway-websocket-api-integration-requests")
	lambdaAuth := docs("apigateway-websocket-api-lambda-auth")
	message, disconnect := fixture("apigw-websocket-request-send-message"), fixture("apigw-websocket-request-disconnect")
	const agent = "User-Agent: conformance/1"
	// sent is what every handshake of the suite has for headers, with those
	// that API Gateway adds.
	const sent = "Host Sec-WebSocket-Key Sec-WebSocket-Version X-Amzn-Trace-Id X-Forwarded-For X-Forwarded-Port X-Forwarded-Proto"
	return []testCase{
		{section: "4", name: "CONNECT has exactly the members of AWS's", source: integration, run: func(t *T) {
			c := t.dial(t.Guarded, offer{headers: []string{agent}, authorize: allowing(`{"tenant":"t1"}`)})
			ev := c.connected()
			equal(t, "members", ev.keys(), "headers isBase64Encoded multiValueHeaders multiValueQueryStringParameters queryStringParameters requestContext stageVariables")
			equal(t, "requestContext", ev.keys("requestContext"), with(common, "authorizer"))
			equal(t, "identity", ev.keys("requestContext", "identity"), "sourceIp userAgent")
			equal(t, "userAgent", ev.string("requestContext", "identity", "userAgent"), "conformance/1")
			equal(t, "authorizer", ev.keys("requestContext", "authorizer"), "principalId tenant")
			equal(t, "isBase64Encoded", ev.string("isBase64Encoded"), "false")
			equal(t, "stageVariables", encode(ev.at("stageVariables")), `{"k":"v"}`)
			wantContext(t, c, t.Guarded, ev, "$connect", "CONNECT")
			wantMulti(t, ev, "headers", "multiValueHeaders")
			wantMulti(t, ev, "queryStringParameters", "multiValueQueryStringParameters")
			wantNoNull(t, "event", ev)
		}},
		{section: "4", name: "CONNECT leaves out what is absent: query, stage variables, user agent, authorizer", source: integration, run: func(t *T) {
			// Without a query there is no case id, so the event is found by the connection.
			c := t.dial(t.Open, offer{bare: true})
			c.say("who am I?")
			c.id = c.hearsEvent().context("connectionId")
			ev := t.event(script.ConnectionKey(c.id), "CONNECT")
			equal(t, "members", ev.keys(), "headers isBase64Encoded multiValueHeaders requestContext")
			equal(t, "requestContext", ev.keys("requestContext"), common)
			equal(t, "identity", ev.keys("requestContext", "identity"), "sourceIp")
			wantNoNull(t, "event", ev)
		}},
		{section: "4", name: "CONNECT has the client's headers and API Gateway's, not those of the hop", source: integration, run: func(t *T) {
			ev := t.dial(t.Open, offer{headers: []string{"Origin: https://app.example.com", "Content-Length: 0"}}).connected()
			equal(t, "headers", ev.keys("headers"), with(sent, "Origin"))
			equal(t, "Host", ev.string("headers", "Host"), t.Open.url.Host)
			equal(t, "Sec-WebSocket-Key", ev.string("headers", "Sec-WebSocket-Key"), key)
			equal(t, "Sec-WebSocket-Version", ev.string("headers", "Sec-WebSocket-Version"), "13")
			equal(t, "X-Forwarded-Port", ev.string("headers", "X-Forwarded-Port"), "443")
			equal(t, "X-Forwarded-Proto", ev.string("headers", "X-Forwarded-Proto"), "https")
			equal(t, "X-Forwarded-For", ev.string("headers", "X-Forwarded-For"), ev.string("requestContext", "identity", "sourceIp"))
			if trace := ev.string("headers", "X-Amzn-Trace-Id"); !regexp.MustCompile(`\ARoot=1-[0-9a-f]{8}-[0-9a-f]{24}`).MatchString(trace) {
				t.Errorf("X-Amzn-Trace-Id: %s", trace)
			}
		}},
		{section: "4", name: "names of headers keep the client's case", source: integration.and(seen("anomalyco/sst#3327")), run: func(t *T) {
			ev := t.dial(t.Guarded, offer{headers: []string{"x-lower: 1", "X-UPPER: 2", "x-MiXed: 3", "authorization: Bearer x"}})
			for _, e := range []event{ev.connected(), ev.authorized()} {
				for name, want := range map[string]string{"x-lower": "1", "X-UPPER": "2", "x-MiXed": "3", "authorization": "Bearer x", "X-Lower": "<nil>"} {
					equal(t, e.kind()+" "+name, e.string("headers", name), want)
				}
				wantMulti(t, e, "headers", "multiValueHeaders")
			}
		}},
		{section: "4", name: "of repeated headers the last is in headers, all are in multiValueHeaders", source: choice, run: func(t *T) {
			ev := t.dial(t.Open, offer{headers: []string{"X-Twice: 1", "X-Twice: 2"}}).connected()
			equal(t, "single", ev.string("headers", "X-Twice"), "2")
			equal(t, "multi", encode(ev.at("multiValueHeaders", "X-Twice")), `["1","2"]`)
		}},
		{section: "4", name: "of repeated query parameters the last is in queryStringParameters, all are in the multi-value map", source: choice, run: func(t *T) {
			ev := t.dial(t.Open, offer{query: "a=1&a=%3D2&b&c=x+y&%C3%A9=%C3%A9"}).connected()
			for name, want := range map[string]string{"a": "=2", "b": "", "c": "x y", "é": "é"} {
				equal(t, name, ev.string("queryStringParameters", name), want)
			}
			equal(t, "multi", encode(ev.at("multiValueQueryStringParameters", "a")), `["1","=2"]`)
		}},
		{section: "4", name: "every query parameter is in the event, as it was sent", source: choice, run: func(t *T) {
			ev := t.dial(t.Open, offer{query: "a;b=1;c=2&=x&d=1=2&e%26=%26&&f[]=?"}).connected()
			for name, want := range map[string]string{"a;b": "1;c=2", "": "x", "d": "1=2", "e&": "&", "f[]": "?"} {
				equal(t, name, ev.string("queryStringParameters", name), want)
			}
		}},
		{section: "4", name: "a query that is not percent-encoded well is 400", source: choice, run: func(t *T) {
			for _, query := range []string{"a=%zz", "%=1", "a=1&b=%4"} {
				t.refused(t.Open, offer{query: query}, 400)
			}
		}},
		{section: "4", name: "X-Forwarded-For of the client is kept, and the peer is appended", source: choice, run: func(t *T) {
			ev := t.dial(t.Open, offer{headers: []string{"X-Forwarded-For: 192.0.2.7", "X-Forwarded-Proto: http", "X-Forwarded-Port: 1"}}).connected()
			peer := ev.string("requestContext", "identity", "sourceIp")
			equal(t, "X-Forwarded-For", ev.string("headers", "X-Forwarded-For"), "192.0.2.7, "+peer)
			equal(t, "X-Forwarded-Proto", ev.string("headers", "X-Forwarded-Proto"), "https")
			equal(t, "X-Forwarded-Port", ev.string("headers", "X-Forwarded-Port"), "443")
		}},
		{section: "4", name: "the authorizer's event has exactly the members of AWS's", source: lambdaAuth, run: func(t *T) {
			c := t.dial(t.Guarded, offer{headers: []string{agent}})
			ev := c.authorized()
			equal(t, "members", ev.keys(), "headers methodArn multiValueHeaders multiValueQueryStringParameters queryStringParameters requestContext stageVariables type")
			equal(t, "type", ev.string("type"), "REQUEST")
			equal(t, "methodArn", ev.string("methodArn"), t.arn(t.Guarded, "live/$connect"))
			equal(t, "requestContext", ev.keys("requestContext"), common)
			equal(t, "headers", ev.keys("headers"), with(sent, "Connection", "Upgrade", "User-Agent", "content-length"))
			equal(t, "content-length", ev.string("headers", "content-length"), "0")
			equal(t, "Upgrade", ev.string("headers", "Upgrade"), "websocket")
			equal(t, "stageVariables", encode(ev.at("stageVariables")), `{"k":"v"}`)
			wantContext(t, c, t.Guarded, ev, "$connect", "CONNECT")
			wantMulti(t, ev, "headers", "multiValueHeaders")
			wantMulti(t, ev, "queryStringParameters", "multiValueQueryStringParameters")
			wantNoNull(t, "event", ev)
		}},
		{section: "4", name: "the authorizer's event has query and stage variables, also when there are none", source: lambdaAuth, run: func(t *T) {
			c := t.dial(t.Guarded, offer{stage: "other", bare: true})
			c.say("who am I?")
			ev := t.event(script.ConnectionKey(c.hearsEvent().context("connectionId")), "REQUEST")
			for _, name := range []string{"queryStringParameters", "multiValueQueryStringParameters", "stageVariables"} {
				equal(t, name, encode(ev.at(name)), "{}")
			}
		}},
		{section: "4", name: "authorizer and $connect have the same connectionId", source: lambdaAuth.and(seen("localstack/localstack#8893")), run: func(t *T) {
			c := t.dial(t.Guarded, offer{})
			equal(t, "connectionId", c.authorized().context("connectionId"), c.connected().context("connectionId"))
		}},
		{section: "4", name: "authorizer and $connect have the same requestId", source: choice, run: func(t *T) {
			c := t.dial(t.Guarded, offer{})
			equal(t, "requestId", c.authorized().context("requestId"), c.connected().context("requestId"))
		}},
		{section: "4", name: "MESSAGE has exactly the members of AWS's: no headers, no query", source: message, run: func(t *T) {
			c := t.dial(t.Open, offer{headers: []string{agent, "Origin: https://app.example.com"}, query: "a=b"})
			c.say("x")
			ev := c.hearsEvent()
			equal(t, "members", ev.keys(), "body isBase64Encoded requestContext")
			equal(t, "requestContext", ev.keys("requestContext"), with(common, "messageId"))
			equal(t, "identity", ev.keys("requestContext", "identity"), "sourceIp userAgent")
			wantContext(t, c, t.Open, ev, "$default", "MESSAGE")
			if id := ev.context("messageId"); !idForm.MatchString(id) || id == ev.context("requestId") || id == c.connectionID() {
				t.Errorf("messageId: %s", id)
			}
			wantNoNull(t, "event", ev)
		}},
		{section: "4", name: "MESSAGE has stage variables and authorizer where there are", source: message, run: func(t *T) {
			c := t.dial(t.Guarded, offer{})
			c.say("x")
			ev := c.hearsEvent()
			equal(t, "members", ev.keys(), "body isBase64Encoded requestContext stageVariables")
			equal(t, "requestContext", ev.keys("requestContext"), with(common, "messageId", "authorizer"))
		}},
		{section: "4", name: "a message's body is what was sent, byte for byte", source: message, run: func(t *T) {
			body := "{\r\n\t\"a\": \"<&>\u2028\u00e9\U0001f600\\u0041\x7f\"\r\n}\x00"
			c := t.dial(t.Open, offer{})
			c.say(body)
			equal(t, "body", c.hearsEvent().string("body"), body)
		}},
		{section: "4", name: "each message has ids of its own and the connection's connectedAt", source: message, run: func(t *T) {
			c := t.dial(t.Open, offer{})
			seen := map[string]bool{c.connected().context("requestId"): true}
			for range 5 {
				c.say("x")
				ev := c.hearsEvent()
				equal(t, "connectedAt", ev.context("connectedAt"), c.connected().context("connectedAt"))
				for _, id := range []string{ev.context("requestId"), ev.context("messageId")} {
					if seen[id] {
						t.Errorf("%s comes twice", id)
					}
					seen[id] = true
				}
			}
		}},
		{section: "4", name: "DISCONNECT has exactly the members of AWS's, with four stub headers", source: disconnect, run: func(t *T) {
			c := t.dial(t.Open, offer{headers: []string{agent, "Origin: https://app.example.com"}})
			c.send(closing(1001, ""))
			ev := c.disconnected()
			equal(t, "members", ev.keys(), "headers isBase64Encoded multiValueHeaders requestContext")
			equal(t, "requestContext", ev.keys("requestContext"), with(common, "disconnectReason", "disconnectStatusCode"))
			equal(t, "headers", encode(ev.at("headers")), `{"Host":`+encode(t.Open.url.Host)+`,"X-Forwarded-For":"","x-api-key":"","x-restapi":""}`)
			equal(t, "userAgent", ev.string("requestContext", "identity", "userAgent"), "conformance/1")
			if _, ok := ev.at("requestContext", "disconnectStatusCode").(json.Number); !ok {
				t.Errorf("disconnectStatusCode is no number: %v", ev.context("disconnectStatusCode"))
			}
			wantContext(t, c, t.Open, ev, "$disconnect", "DISCONNECT")
			wantMulti(t, ev, "headers", "multiValueHeaders")
			wantNoNull(t, "event", ev)
		}},
		{section: "4", name: "events survive aws-lambda-go's types", source: message.and(disconnect), run: func(t *T) {
			c := t.dial(t.Guarded, offer{headers: []string{agent}})
			c.say("x")
			c.hear()
			c.send(closing(1001, "bye"))
			c.disconnected()
			for _, raw := range append(t.records(script.CaseKey(c.caseID), script.Event), t.records(script.ConnectionKey(c.connectionID()), script.Event)...) {
				if parseEvent(t, raw).kind() == "REQUEST" {
					continue // that type is made for HTTP APIs and lacks some members
				}
				var typed events.APIGatewayWebsocketProxyRequest
				if err := json.Unmarshal([]byte(raw), &typed); err != nil {
					t.Fatal(err)
				}
				wantKept(t, "event", map[string]any(parseEvent(t, raw)), map[string]any(parseEvent(t, encode(typed))))
			}
		}},
	}
}

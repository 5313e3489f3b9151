package dataplane

import (
	"bytes"
	"encoding/json"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/aws/aws-lambda-go/events"
	"github.com/gobwas/ws"

	"github.com/portcullis-chat/portcullis/internal/localaws/apigw"
)

// What differs from run to run in an event.
var (
	anyRequestID    = regexp.MustCompile(`"(extendedRequestId|requestId)":"([^"]+)"`)
	anyMessageID    = regexp.MustCompile(`"messageId":"([^"]+)"`)
	anyConnectionID = regexp.MustCompile(`"connectionId":"([^"]+)"`)
	anyTraceID      = regexp.MustCompile(`Root=1-[0-9a-f]{8}-[0-9a-f]{24}`)
)

// wantEvent compares an event byte for byte with what AWS sends, apart from
// ids, and whitespace in want.
func wantEvent(t *testing.T, got, want string) {
	t.Helper()
	requests := anyRequestID.FindAllStringSubmatch(got, -1)
	if len(requests) != 2 || requests[0][2] != requests[1][2] {
		t.Fatalf("requestId and extendedRequestId are not the same: %v", requests)
	}
	connection := anyConnectionID.FindStringSubmatch(got)
	for _, id := range []string{requests[0][2], connection[1]} {
		if len(id) != 16 || !idPattern.MatchString(id) || !strings.HasSuffix(id, "=") {
			t.Errorf("%q has not the form of an id", id)
		}
	}
	got = strings.ReplaceAll(got, requests[0][2], "REQUEST=")
	got = strings.ReplaceAll(got, connection[1], "CONNECTION=")
	got = anyMessageID.ReplaceAllString(got, `"messageId":"MESSAGE="`)
	got = anyTraceID.ReplaceAllString(got, "Root=1-65c65f4f-0")
	var compact bytes.Buffer
	if err := json.Compact(&compact, []byte(want)); err != nil {
		t.Fatal(err)
	}
	equal(t, "event", got, compact.String())
}

const connectContext = `"requestContext":{"routeKey":"$connect","eventType":"CONNECT","extendedRequestId":"REQUEST=",
	"requestTime":"09/Feb/2026:18:11:43 +0000","messageDirection":"IN","stage":"live",
	"connectedAt":1770660703419,"requestTimeEpoch":1770660703419,
	"identity":{"userAgent":"wscat/6","sourceIp":"127.0.0.1"},
	"requestId":"REQUEST=","domainName":"abcd1234.example","connectionId":"CONNECTION=","apiId":"abcd1234"`

func TestTheEventOfConnect(t *testing.T) {
	w := newWorld(t)
	w.change(func(s *apigw.Stage) { s.Variables = map[string]string{"k": "v"} })
	w.rawDial("?name=me&name=you&x=%3D", "Origin: https://app.example.com", "User-Agent: wscat/6", "Content-Length: 0",
		"Sec-WebSocket-Protocol: chat.v1, bearer.x", "Sec-WebSocket-Extensions: permessage-deflate; client_max_window_bits",
		"x-forwarded-for: 192.0.2.1", "X-Forwarded-Proto: http", "X-CusTom: 1", "X-Custom: 2", "authorization: none")
	wantEvent(t, w.payload("connect", 1), `{
		"headers":{"Host":"chat.example","Origin":"https://app.example.com",
			"Sec-WebSocket-Extensions":"permessage-deflate; client_max_window_bits","Sec-WebSocket-Key":"dGhlIHNhbXBsZSBub25jZQ==",
			"Sec-WebSocket-Protocol":"chat.v1, bearer.x","Sec-WebSocket-Version":"13","User-Agent":"wscat/6",
			"X-Amzn-Trace-Id":"Root=1-65c65f4f-0","X-CusTom":"2",
			"X-Forwarded-For":"192.0.2.1, 127.0.0.1","X-Forwarded-Port":"443","X-Forwarded-Proto":"https","authorization":"none"},
		"multiValueHeaders":{"Host":["chat.example"],"Origin":["https://app.example.com"],
			"Sec-WebSocket-Extensions":["permessage-deflate; client_max_window_bits"],"Sec-WebSocket-Key":["dGhlIHNhbXBsZSBub25jZQ=="],
			"Sec-WebSocket-Protocol":["chat.v1, bearer.x"],"Sec-WebSocket-Version":["13"],"User-Agent":["wscat/6"],
			"X-Amzn-Trace-Id":["Root=1-65c65f4f-0"],"X-CusTom":["1","2"],
			"X-Forwarded-For":["192.0.2.1, 127.0.0.1"],"X-Forwarded-Port":["443"],"X-Forwarded-Proto":["https"],"authorization":["none"]},
		"queryStringParameters":{"name":"you","x":"="},
		"multiValueQueryStringParameters":{"name":["me","you"],"x":["="]},
		"stageVariables":{"k":"v"},`+connectContext+`,
			"authorizer":{"level":3,"ok":true,"principalId":"ann","room":"lobby"}},
		"isBase64Encoded":false}`)
}

func TestTheEventOfConnectLeavesOutWhatIsAbsent(t *testing.T) {
	w := newWorld(t)
	connect := *w.stages[apiID+"/live"].Deployment.Routes["$connect"]
	connect.AuthorizationType = "NONE"
	w.change(func(s *apigw.Stage) { s.Deployment.Routes["$connect"] = &connect })
	w.rawDial("")
	got := w.payload("connect", 1)
	for _, absent := range []string{"queryString", "multiValueQuery", "stageVariables", "userAgent", "authorizer", "body", "null", "type", "methodArn"} {
		if strings.Contains(got, `"`+absent) || absent == "null" && strings.Contains(got, "null") {
			t.Errorf("%s is in %s", absent, got)
		}
	}
}

func TestTheEventOfTheAuthorizer(t *testing.T) {
	w := newWorld(t)
	w.rawDial("", "User-Agent: wscat/6", "Content-Length: 0")
	wantEvent(t, w.payload("authorizer", 1), `{"type":"REQUEST","methodArn":"arn:aws:execute-api:us-east-1:000000000000:abcd1234/live/$connect",
		"headers":{"Connection":"Upgrade","Host":"chat.example","Sec-WebSocket-Key":"dGhlIHNhbXBsZSBub25jZQ==","Sec-WebSocket-Version":"13",
			"Upgrade":"websocket","User-Agent":"wscat/6","X-Amzn-Trace-Id":"Root=1-65c65f4f-0","X-Forwarded-For":"127.0.0.1",
			"X-Forwarded-Port":"443","X-Forwarded-Proto":"https","content-length":"0"},
		"multiValueHeaders":{"Connection":["Upgrade"],"Host":["chat.example"],"Sec-WebSocket-Key":["dGhlIHNhbXBsZSBub25jZQ=="],
			"Sec-WebSocket-Version":["13"],"Upgrade":["websocket"],"User-Agent":["wscat/6"],"X-Amzn-Trace-Id":["Root=1-65c65f4f-0"],
			"X-Forwarded-For":["127.0.0.1"],"X-Forwarded-Port":["443"],"X-Forwarded-Proto":["https"],"content-length":["0"]},
		"queryStringParameters":{},"multiValueQueryStringParameters":{},"stageVariables":{},`+connectContext+`}}`)
	requestID := func(payload string) string { return anyRequestID.FindStringSubmatch(payload)[2] }
	equal(t, "request id of the handshake", requestID(w.payload("authorizer", 1)), requestID(w.payload("connect", 1)))
}

func TestTheEventOfAMessage(t *testing.T) {
	w := newWorld(t)
	r := w.rawDial("?room=lobby", "User-Agent: wscat/6", "Origin: https://app.example.com")
	w.wait(3034 * time.Millisecond)
	r.frames(masked(ws.OpText, true, "{\r\n\t\"a\": \"<é&\u2028>\"\r\n}"))
	wantEvent(t, w.payload("fallback", 1), `{
		"requestContext":{"routeKey":"$default","messageId":"MESSAGE=","eventType":"MESSAGE","extendedRequestId":"REQUEST=",
			"requestTime":"09/Feb/2026:18:11:46 +0000","messageDirection":"IN","stage":"live",
			"connectedAt":1770660703419,"requestTimeEpoch":1770660706453,
			"identity":{"userAgent":"wscat/6","sourceIp":"127.0.0.1"},"requestId":"REQUEST=","domainName":"abcd1234.example",
			"connectionId":"CONNECTION=","apiId":"abcd1234",
			"authorizer":{"level":3,"ok":true,"principalId":"ann","room":"lobby"}},
		"body":"{\r\n\t\"a\": \"<é&\u2028>\"\r\n}","isBase64Encoded":false}`)
}

func TestTheEventOfDisconnect(t *testing.T) {
	w := newWorld(t)
	r := w.rawDial("?room=lobby", "User-Agent: wscat/6")
	w.wait(time.Second)
	r.frames(masked(ws.OpClose, true, "\x03\xe9"))
	wantEvent(t, w.payload("disconnect", 1), `{
		"headers":{"Host":"abcd1234.example","X-Forwarded-For":"","x-api-key":"","x-restapi":""},
		"multiValueHeaders":{"Host":["abcd1234.example"],"X-Forwarded-For":[""],"x-api-key":[""],"x-restapi":[""]},
		"requestContext":{"routeKey":"$disconnect","disconnectStatusCode":1001,"eventType":"DISCONNECT","extendedRequestId":"REQUEST=",
			"requestTime":"09/Feb/2026:18:11:44 +0000","messageDirection":"IN","disconnectReason":"","stage":"live",
			"connectedAt":1770660703419,"requestTimeEpoch":1770660704419,
			"identity":{"userAgent":"wscat/6","sourceIp":"127.0.0.1"},"requestId":"REQUEST=","domainName":"abcd1234.example",
			"connectionId":"CONNECTION=","apiId":"abcd1234",
			"authorizer":{"level":3,"ok":true,"principalId":"ann","room":"lobby"}},
		"isBase64Encoded":false}`)
}

func TestNumbersOfTheContextKeepTheirDigitsAndPrincipalIdIsThePrincipal(t *testing.T) {
	w := newWorld(t)
	w.play("authorizer", returns(strings.Replace(allowAll, `"level":3`, `"exp":17706607034190001,"f":1.50,"principalId":"eve"`, 1)))
	w.rawDial("")
	if got := w.payload("connect", 1); !strings.Contains(got, `"authorizer":{"exp":17706607034190001,"f":1.50,"ok":true,"principalId":"ann","room":"lobby"}`) {
		t.Error(got)
	}
}

// The events are read by functions with these types.
func TestEventsRoundTripThroughTheTypesOfAWSLambdaGo(t *testing.T) {
	w := newWorld(t)
	r := w.rawDial("?room=lobby", "User-Agent: wscat/6")
	r.frames(masked(ws.OpText, true, `{"action":"send"}`))
	r.wantText("answer")
	r.frames(masked(ws.OpClose, true, ""))
	for name, into := range map[string]any{
		"authorizer": &events.APIGatewayV2CustomAuthorizerV1Request{},
		"connect":    &events.APIGatewayWebsocketProxyRequest{},
		"message":    &events.APIGatewayWebsocketProxyRequest{},
		"disconnect": &events.APIGatewayWebsocketProxyRequest{},
	} {
		payload := w.payload(name, 1)
		if err := json.Unmarshal([]byte(payload), into); err != nil {
			t.Errorf("%s: %v", name, err)
			continue
		}
		back, err := json.Marshal(into)
		if err != nil {
			t.Fatal(err)
		}
		var sent, kept any
		if json.Unmarshal([]byte(payload), &sent) != nil || json.Unmarshal(back, &kept) != nil {
			t.Fatal("no JSON")
		}
		if name == "authorizer" {
			continue // the type is of HTTP APIs and lacks some members
		}
		wantKept(t, name, sent, kept)
	}
}

// wantKept checks that everything in sent is in kept.
func wantKept(t *testing.T, path string, sent, kept any) {
	t.Helper()
	object, ok := sent.(map[string]any)
	if !ok {
		a, _ := json.Marshal(sent)
		b, _ := json.Marshal(kept)
		equal(t, path, string(b), string(a))
		return
	}
	other, _ := kept.(map[string]any)
	for key, value := range object {
		wantKept(t, path+"."+key, value, other[key])
	}
}
